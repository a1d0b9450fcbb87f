"""The search for the defaults of M3L-Contrast, and what the defaults reach.

    python -m benchmarks.search_defaults gimp-help
    python -m benchmarks.search_defaults multi30k --data FOLDER --rows 6000
    python -m benchmarks.search_defaults gimp-help --test --seeds 0 1 2

GIMP manual with pictures: 50 topics, a quarter of the training pages held out;
Multi30k: 100 topics, judged on `val`. Only `--test` touches the test parts, and runs
nothing but the defaults, PolylingualLDA, and clusters. Results are stored after each
fit in ``benchmarks/results/defaults``, so that a search that is started again
continues, and written as a table beside them.

"MRR" is from English to German, "UAP" from a text to pictures, each view inferred
alone. "doc" and "win" are NPMI in whole training documents and in windows of 10
tokens, "cross" is cross-lingual NPMI. "topics" is exp(entropy) of an average document,
"gain" the log-likelihood per word above a unigram model, the words of each language
being predicted from the text in the other. "k-means and c-TF-IDF" is k-means of the
standardized embeddings of both texts side by side, and the words that tell a cluster
from the others: topics, but no topic model.
"""

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np
from scipy.stats import entropy
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from benchmarks.corpora import TOKEN_PATTERN, load_multi30k
from benchmarks.provenance import record
from benchmarks.quality import load
from benchmarks.reproduce.windows import make_windows, window_coherence
from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import (
    cross_lingual_npmi,
    evaluate_alignment,
    npmi_coherence,
)
from sklearn_m3l.models._start import GIBBS, word_shares

FOLDER = Path(__file__).parent / "results" / "defaults"
VIEWS, ATTRIBUTES = ["en", "de"], ["counts", "vocabulary"]
CLUSTERS = "k-means and c-TF-IDF"
PAPER_START = {
    "decoder": "product",
    "init": "random",
    "bias": False,
    "scale": 1.0,
    "contrastive_weight": 50.0,
    "contrast_warmup": 0.0,
    "similarity": "cosine",
    "temperature": 0.03,
}


def start(**changes):
    """Return a start like "gibbs" has it of 50 topics, but for some parameters."""
    parameters = GIBBS | {"background_share": 50 / 70} | changes
    return PolylingualLDA(max_iter=200, **parameters)


# By name: parameters other than the defaults.
SEARCH = {
    "defaults": {},
    "scale=1": {"scale": 1.0},
    "scale=2.5": {"scale": 2.5},
    "contrast_warmup=0": {"contrast_warmup": 0.0},
    "cosine": {"similarity": "cosine"},
    "use_words=False": {"use_words": False},
    "temperature=0.015": {"temperature": 0.015},
    "batch_size=64": {"batch_size": 64},
    "contrastive_weight=50": {"contrastive_weight": 50.0},
    "contrastive_weight=200": {"contrastive_weight": 200.0},
    "temperature=0.03": {"temperature": 0.03},
    "background_share=0": {"init": start(background_share=0.0)},
    "background_share=0.9": {"init": start(background_share=0.9)},
    "cluster_weight=20": {"init": start(cluster_weight=20.0)},
    "product, random": PAPER_START,
}


def read_windows(corpus, train, data):
    """Return the windows of the training texts."""
    rows = train.data.index
    if corpus == "gimp-help":
        frame = load_gimp_help("train").frame.loc[rows]
        texts = {name: frame[name].tolist() for name in VIEWS}
        split = re.compile(r"[^\W\d_]{2,}").findall
    else:
        documents = load_multi30k(data, ["train"]).texts["train"]
        texts = {name: documents[name][: len(rows)] for name in VIEWS}
        split = re.compile(TOKEN_PATTERN).findall
    return {
        name: make_windows(texts[name], train.data[name].vocabulary, split)
        for name in VIEWS
    }


def first_rows(X):
    """Return the first row of each article."""
    if X.groups is None:
        return X
    return X[np.sort(np.unique(X.groups, return_index=True)[1])]


def measure(model, train, held_out, windows):
    """Return what is measured of a fitted model."""
    taken = held_out[model.usable_views(held_out, unknown="ignore")]
    scores = evaluate_alignment(model, taken, X_train=train)
    kinds = ("MRR", "UAP", "NPMI", "Cross-NPMI")
    result = {
        name.replace("Cross-NPMI", "cross").replace("NPMI", "doc"): float(score.value)
        for name, score in scores.items()
        if name.split()[0] in kinds
    }
    pages, learned_from = first_rows(held_out), first_rows(train)
    gain = sizes = n_topics = 0.0
    for source, name in zip(reversed(VIEWS), VIEWS, strict=True):
        words = model.top_words(name, 10)
        result[f"win {name}"] = window_coherence(
            words, windows[name], train[name].vocabulary
        )
        theta = model.transform(pages[[source]])
        n_topics += np.exp(entropy(theta, axis=1)).mean() / len(VIEWS)
        cells = pages[name].counts.tocoo()
        log_p = model._decode(name, theta) - np.log(word_shares(learned_from[name]))
        gain += cells.data @ log_p[cells.row, cells.col]
        sizes += cells.data.sum()
    result["topics"] = float(n_topics)
    result["gain"] = float(gain / sizes)
    return result


def measure_clusters(X, windows, n_topics, seed):
    """Return what is measured of the words of clusters, by c-TF-IDF as in BERTopic."""
    vectors = [StandardScaler().fit_transform(X[n].read(slice(None))) for n in VIEWS]
    kmeans = KMeans(n_topics, n_init=1, random_state=seed)
    labels = kmeans.fit_predict(np.hstack(vectors))
    of_cluster = np.eye(n_topics)[labels].T
    words, result = {}, {}
    for name in VIEWS:
        counts = of_cluster @ X[name].counts
        idf = np.log1p(counts.sum() / n_topics / np.maximum(counts.sum(axis=0), 1))
        weights = counts / counts.sum(axis=1, keepdims=True) * idf
        vocabulary = np.asarray(X[name].vocabulary)
        words[name] = vocabulary[np.argsort(-weights, kind="stable")[:, :10]].tolist()
        texts = X[name].counts, X[name].vocabulary
        result[f"doc {name}"] = npmi_coherence(words[name], *texts)
        result[f"win {name}"] = window_coherence(words[name], windows[name], texts[1])
    counts, vocabularies = ([getattr(X[n], of) for n in VIEWS] for of in ATTRIBUTES)
    result["cross en-de"] = cross_lingual_npmi(*words.values(), *counts, *vocabularies)
    return result


def fit(setting, train, seed, **parameters):
    """Return a fitted model, and the processor seconds that it took."""
    texts = first_rows(train)[VIEWS]
    begin = time.process_time()
    if setting == "PolylingualLDA":
        model = PolylingualLDA(random_state=seed, n_components=parameters["n_topics"])
        return model.fit(texts), time.process_time() - begin
    model = M3LContrastTopicModel(
        parameters["n_topics"], max_iter=parameters["max_iter"], random_state=seed
    ).set_params(**SEARCH[setting])
    if isinstance(model.init, PolylingualLDA):
        topics = clone(model.init).set_params(
            n_components=model.n_components, random_state=seed
        )
        model.init = FrozenEstimator(topics.fit(texts))
    return model.fit(train), time.process_time() - begin


def write_table(path, results):
    """Write medians over the seeds as a table."""
    columns = list(
        dict.fromkeys(
            key for runs in results.values() for r in runs.values() for key in r
        )
    )
    lines = [
        "| setting | seeds | " + " | ".join(columns) + " |",
        "|---|" + "---|" * (len(columns) + 1),
    ]
    for setting, runs in results.items():
        cells = []
        for column in columns:
            values = [run[column] for run in runs.values() if column in run]
            digits = 1 if column == "topics" else 0 if column == "seconds" else 3
            cells.append(f"{np.median(values):.{digits}f}" if values else "")
        lines.append(f"| {setting} | {len(runs)} | " + " | ".join(cells) + " |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def store(path, results, finished=False):
    """Write results and their table."""
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write_table(path.with_suffix(".md"), results)
    record(path, continues=True, finished=finished)


def main():
    """Fit and measure what is not stored yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=["gimp-help", "multi30k"])
    parser.add_argument("--data", help="folder of Multi30k")
    parser.add_argument("--rows", type=int, help="training rows; by default all")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--test", action="store_true", help="measure on the test part")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--settings", nargs="+", help="some of the search's alone")
    arguments = parser.parse_args()
    train, held_out, parameters = load(
        arguments.corpus, arguments.data, not arguments.test
    )
    if arguments.rows:
        train.data = train.data[: arguments.rows]
    windows = read_windows(arguments.corpus, train, arguments.data)
    part = "test" if arguments.test else "validation"
    name = f"{arguments.corpus}_{part}_{len(train.data)}_rows_{arguments.epochs}_epochs"
    FOLDER.mkdir(parents=True, exist_ok=True)
    stored = FOLDER / f"{name}.json"
    results = json.loads(stored.read_text()) if stored.exists() else {}
    settings = ["PolylingualLDA", *(["defaults"] if arguments.test else SEARCH)]
    settings.append(CLUSTERS)
    for seed in arguments.seeds:
        for setting in arguments.settings or settings:
            runs = results.setdefault(setting, {})
            if str(seed) in runs:
                continue
            if setting == CLUSTERS:
                texts = first_rows(train.data)[VIEWS]
                n_topics = parameters["n_components"]
                runs[str(seed)] = measure_clusters(texts, windows, n_topics, seed)
                store(stored, results)
                continue
            model, seconds = fit(
                setting,
                train.data,
                seed,
                n_topics=parameters["n_components"],
                max_iter=arguments.epochs,
            )
            runs[str(seed)] = measure(model, train.data, held_out.data, windows)
            runs[str(seed)]["seconds"] = seconds
            store(stored, results)
            shown = "  ".join(f"{k} {v:.3f}" for k, v in runs[str(seed)].items())
            print(f"{setting} seed {seed}: {shown}", flush=True)
    store(stored, results, finished=not arguments.settings)


if __name__ == "__main__":
    main()

"""What is lost when the pairing of a corpus is hidden, and mined from its embeddings.

    python -m benchmarks.hidden_pairs gimp-help
    python -m benchmarks.hidden_pairs multi30k --data FOLDER

Each page or picture is one document per language, and each language is shuffled on its
own. Without a counterpart are 0, 10, 50 or 90 % of the documents of each language:
whole documents are left out of the other one, at random. "precision" and "recall" are
those of mined pairs, against the pages that both languages have. "at .5" is the
precision of the surest pairs at a recall of 0.5. The models are judged on test tuples
(MRR both ways, cross-lingual NPMI) and, for all of them, against the true training
tuples. "factor" is the greatest ratio of the prevalence of a topic in the two
languages, over topics with an average share of at least 1 / (2 K). The figures of each
seed, and a table of their medians, are stored in `benchmarks/results/hidden_pairs`.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.provenance import record
from benchmarks.quality import load
from sklearn_m3l import (
    M3LContrastTopicModel,
    MultiView,
    ZeroShotTopicModel,
    mine_tuples,
)
from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.models._start import select_training_tuples

VIEWS = ["en", "de"]
ALONE = [0.0, 0.1, 0.5, 0.9]
COUNTS = ["documents", "mined"]
RESULTS = Path(__file__).parent / "results" / "hidden_pairs"


def distinct(X):
    """Return each page or picture once, in the views to compare."""
    X = X[select_training_tuples(X, np.inf, 0)][VIEWS]
    return MultiView(X.views)


def hide(X, alone, seed):
    """Return shuffled documents of one language each, and the page of each.

    Of each language, a share `alone` of the documents has no counterpart.
    """
    random_state = np.random.RandomState(seed)
    order = random_state.permutation(len(X))
    # Of n pages, c are in both languages and (n - c) / 2 in each one alone.
    n_both = round(len(X) * (1 - alone) / (1 + alone))
    both, rest = order[:n_both], order[n_both:]
    parts, pages = [], []
    for name, own in zip(VIEWS, np.array_split(rest, 2), strict=True):
        rows = random_state.permutation(np.concatenate([both, own]))
        parts.append(MultiView(X[rows][[name]].views))
        pages.append(rows)
    return MultiView.concat(parts), np.concatenate(pages), both


def measure_pairs(tuples, pages, both):
    """Return precision and recall of mined pairs."""
    a, b = (tuples.rows[name] for name in VIEWS)
    joined = (a >= 0) & (b >= 0)
    right = pages[a[joined]] == pages[b[joined]]
    surest = np.cumsum(right[np.argsort(-tuples.margins[joined], kind="stable")])
    half = np.searchsorted(surest, len(both) / 2)
    figures = {
        "mined": int(joined.sum()),
        "precision": right.mean(),
        "recall": right.sum() / len(both),
    }
    if half < len(surest):
        figures["precision at .5"] = surest[half] / (half + 1)
    return figures


def measure_model(model, test, train):
    """Return the figures of a fitted model."""
    scores = evaluate_alignment(model, test, X_train=train)
    return {name: score.value for name, score in scores.items()}


def prevalence_factor(model, X):
    """Return how far apart the prevalence of a topic is in two languages, at most."""
    shares = [model.transform(X[X[n].present][[n]]).mean(axis=0) for n in VIEWS]
    common = np.mean(shares, axis=0) >= 0.5 / len(shares[0])
    ratio = shares[0][common] / shares[1][common]
    return float(np.maximum(ratio, 1 / ratio).max())


def table(runs):
    """Return a table in Markdown of medians over seeds, one column per run."""
    names = list(dict.fromkeys(name for of_seed in runs.values() for name in of_seed))
    median = {}
    for name in names:
        frame = pd.DataFrame([of_seed[name] for of_seed in runs.values()])
        median[name] = frame.median().to_dict()
    rows = list(dict.fromkeys(key for figures in median.values() for key in figures))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        values = [figures.get(row, "") for figures in median.values()]
        if row in COUNTS:
            values = [value if value == "" else f"{value:.0f}" for value in values]
        cells = [f"{v:.3f}" if isinstance(v, float) else v for v in values]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def store(runs, name, finished):
    """Write figures by seed as JSON, and their medians as a table."""
    RESULTS.mkdir(exist_ok=True)
    content = json.dumps(runs, indent=2, default=float) + "\n"
    (RESULTS / f"{name}.json").write_text(content, encoding="utf-8")
    record(RESULTS / f"{name}.json", finished=finished)
    (RESULTS / f"{name}.md").write_text(table(runs), encoding="utf-8")


def measure(train, test, settings, alone, seed):
    """Return the figures of all runs with a seed."""
    figures = {}

    def add(run_name, values):
        figures[run_name] = figures.get(run_name, {}) | values
        print(seed, run_name, values, flush=True)

    settings = settings | {"random_state": seed}
    paired = M3LContrastTopicModel(**settings).fit(train)
    values = measure_model(paired, test, train)
    add("paired", values | {"factor": prevalence_factor(paired, train)})
    for share in alone:
        corpus, pages, both = hide(train, share, seed)
        start = time.process_time()
        tuples = mine_tuples(corpus)  # as `fit` does
        values = {"documents": len(corpus), "seconds": time.process_time() - start}
        run_name = f"mined, {share:.0%} alone"
        add(run_name, values | measure_pairs(tuples, pages, both))
        model = M3LContrastTopicModel(**settings)
        model.fit(tuples.data, pair_weight=tuples.weights)
        values = measure_model(model, test, train)
        add(run_name, values | {"factor": prevalence_factor(model, corpus)})
    zero_shot = ZeroShotTopicModel(**settings, view=VIEWS[0]).fit(train)
    add("zero-shot", measure_model(zero_shot, test, train))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=["gimp-help", "multi30k"])
    parser.add_argument("--data", help="folder of Multi30k")
    parser.add_argument("--rows", type=int, help="train on this many tuples only")
    parser.add_argument("--alone", type=float, nargs="*", default=ALONE)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    train, test, settings = load(arguments.corpus, arguments.data, validation=False)
    train, test = distinct(train.data)[: arguments.rows], distinct(test.data)
    settings["max_iter"] = arguments.epochs
    name = f"{arguments.corpus}_{len(train)}_tuples_{arguments.epochs}_epochs"
    runs = {}
    for seed in arguments.seeds:
        runs[seed] = measure(train, test, settings, arguments.alone, seed)
        store(runs, name, finished=seed == arguments.seeds[-1])


if __name__ == "__main__":
    main()

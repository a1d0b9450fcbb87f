"""Gibbs sampling beside samplers of other packages: time and quality at equal sweeps.

    python -m benchmarks.sampling --data MULTI30K --folder FOLDER
    python -m benchmarks.sampling --show

The first measures and stores the result; FOLDER is where `python -m benchmarks.peers
install` made the environments of topica and tomotopy. Both write the table of
`benchmarks/README.md` and a sentence of the docs.

All samplers learn from the same tokens with the same fixed priors. A turn has a fit of
each sampler, with the seed of the turn, so that whatever else the machine does slows
all of them. Seconds are those of the processor.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.corpora import load_multi30k
from benchmarks.leaderboard.corpora import first_rows
from benchmarks.peers.environments import python_of
from benchmarks.peers.samplers import SAMPLERS, processor_seconds
from benchmarks.provenance import RESULTS, ROOT, record
from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.gibbs import fold_in

RESULT = RESULTS / "sampling" / "sampling.json"
SWEEPS = 200
TURNS = 5
ROWS = 6000
BETA = 0.01
LANGUAGES = ("en", "de")
# By number of languages: our numbers of threads, and the samplers of other packages.
SAMPLERS_BY_LANGUAGES = {
    2: ((1, 2), ("topica PolylingualLDA",)),
    1: ((1,), ("tomotopy LDAModel", "topica LDA")),
}

TopicWord = Mapping[str, np.ndarray]


def read_gimp_help() -> tuple[MultiView, MultiView]:
    """Return the training and test articles of the GIMP manual."""
    parts = [load_gimp_help(part).data for part in ("train", "test")]
    train, test = (X[first_rows(X)] for X in parts)
    return train, test


def read_multi30k(folder: str) -> tuple[MultiView, MultiView]:
    """Return the first training rows of Multi30k, and its test rows of 2016."""
    corpus = load_multi30k(folder, ["train", "test_2016"])
    return corpus.train[:ROWS], corpus.test_2016


def known_words(train: MultiView, test: MultiView) -> list[MultiView]:
    """Return the counts alone, of words that a training row has."""
    words = {v: np.flatnonzero(train[v].counts.sum(axis=0)) for v in LANGUAGES}
    return [
        MultiView.from_arrays(
            counts={view: X[view].counts[:, own] for view, own in words.items()},
            vocabularies={view: X[view].vocabulary[own] for view, own in words.items()},
        )
        for X in (train, test)
    ]


def held_out(X: MultiView, topic_word: TopicWord, alpha: np.ndarray) -> float:
    """Return the mean log-likelihood of a word, given other words of its tuple.

    Each token is given or held out, at random but always alike. Topics are inferred
    from those given, in all languages of `topic_word`, by one sampler for all models.
    """
    rng = np.random.default_rng(0)
    given, hidden = [], []
    for view in topic_word:
        half = sparse.csr_array(X[view].counts)
        half.data = rng.binomial(half.data.astype(int), 0.5).astype(float)
        given.append(half)
        hidden.append((sparse.csr_array(X[view].counts) - half).tocoo())
    topics = list(topic_word.values())
    theta = fold_in(given, topics, alpha, max_iter=100, burn_in=20)
    total = sum(
        counts.data
        @ np.log(np.einsum("ij,ji->i", theta[counts.row], own[:, counts.col]))
        for counts, own in zip(hidden, topics, strict=True)
    )
    return float(total / sum(counts.data.sum() for counts in hidden))


def unigram(X: MultiView) -> TopicWord:
    """Return a single topic for each language: how frequent words are."""
    sums = {view: X[view].counts.sum(axis=0)[np.newaxis] for view in X.views}
    return {view: frequency / frequency.sum() for view, frequency in sums.items()}


def fit_ours(X: MultiView, n_topics: int, n_jobs: int, seed: int, sweeps: int):
    """Return a fitted PolylingualLDA."""
    return PolylingualLDA(
        n_topics,
        doc_topic_prior=5 / n_topics,
        topic_word_prior=BETA,
        optimize_interval=0,
        max_iter=sweeps,
        n_jobs=n_jobs,
        random_state=seed,
    ).fit(X)


def last_sweep(model: PolylingualLDA) -> TopicWord:
    """Return the word distributions of the last sweep alone, as others have them."""
    sums = {view: n + BETA for view, n in model.topic_word_counts_.items()}
    return {view: n / n.sum(axis=1, keepdims=True) for view, n in sums.items()}


def time_ours(
    X: MultiView, score: Callable, n_topics: int, n_jobs: int, seed: int
) -> dict[str, Any]:
    """Fit PolylingualLDA; return its seconds and scores."""
    fit = partial(fit_ours, X, n_topics, n_jobs, seed)
    _, first = processor_seconds(partial(fit, 1))
    model, whole = processor_seconds(partial(fit, SWEEPS))
    return {
        "seconds": [first, whole],
        "held out": score(last_sweep(model)),
        "held out, averaged": score(model.topic_word_),
    }


def time_other(
    name: str,
    X: MultiView,
    score: Callable,
    n_topics: int,
    environments: Path,
    seed: int,
) -> dict[str, Any]:
    """Fit a sampler of another package; return its seconds and score."""
    job = {
        "sampler": name,
        "documents": {view: documents_of(X, view) for view in X.views},
        "vocabularies": {view: X[view].vocabulary.tolist() for view in X.views},
        "n_topics": n_topics,
        "alpha": 5 / n_topics,
        "beta": BETA,
        "sweeps": SWEEPS,
        "seed": seed,
    }
    package, _ = SAMPLERS[name]
    with tempfile.TemporaryDirectory() as folder:
        job_file, result = Path(folder, "job.json"), Path(folder, "result.npz")
        job_file.write_text(json.dumps(job), encoding="utf-8")
        module = ["-m", "benchmarks.peers.samplers"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        python = os.path.abspath(python_of(package, environments))
        subprocess.run(
            [python, *module, job_file, result], cwd=ROOT, env=environment, check=True
        )
        with np.load(result) as found:
            return {
                "seconds": found["seconds"].tolist(),
                "held out": score({view: found[view] for view in X.views}),
                "version": str(found["version"]),
            }


def documents_of(X: MultiView, view: str) -> list[list[str]]:
    """Return the counted words of each row."""
    counts, vocabulary = X[view].counts, X[view].vocabulary
    return [
        np.repeat(
            vocabulary[counts.indices[start:stop]],
            counts.data[start:stop].astype(int),
        ).tolist()
        for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    ]


def list_ways(
    X: MultiView, score: Callable, n_topics: int, environments: Path
) -> dict[str, Callable[..., dict[str, Any]]]:
    """Return ways to learn from all languages of X: functions of a seed, by name."""
    threads, others = SAMPLERS_BY_LANGUAGES[len(X.views)]
    ours = {
        f"PolylingualLDA, n_jobs={n_jobs}": partial(
            time_ours, X, score, n_topics, n_jobs
        )
        for n_jobs in threads
    }
    return ours | {
        name: partial(time_other, name, X, score, n_topics, environments)
        for name in others
    }


def compare(
    train: MultiView, test: MultiView, n_topics: int, environments: Path
) -> dict[str, Any]:
    """Return what all samplers need and reach, with two languages and with one."""
    train, test = known_words(train, test)
    score = partial(held_out, test, alpha=np.full(n_topics, 5 / n_topics))
    ways, languages = {}, {}
    for n_languages in SAMPLERS_BY_LANGUAGES:
        views = list(LANGUAGES[:n_languages])
        X, key = train[views], " and ".join(views)
        ways[key] = list_ways(X, score, n_topics, environments)
        languages[key] = {
            "tokens": sum(int(X[view].counts.sum()) for view in views),
            "unigram": held_out(test, unigram(X), np.ones(1)),
            "samplers": {name: [] for name in ways[key]},
        }
    load = []
    for turn in range(TURNS):
        for key, samplers in ways.items():
            for name, way in samplers.items():
                found = way(seed=turn)
                languages[key]["samplers"][name].append(found)
                print(f"turn {turn}, {key}, {name}: {found}", flush=True)
        load.append(round(os.getloadavg()[0], 1))
    return {
        "tuples": len(train),
        "n_topics": n_topics,
        "languages": languages,
        "load after each turn": load,
    }


def measure(folder: str, environments: Path) -> dict[str, Any]:
    """Return everything that is measured."""
    manual, descriptions = read_gimp_help(), read_multi30k(folder)
    for n_jobs in SAMPLERS_BY_LANGUAGES[2][0]:  # compiles
        fit_ours(known_words(*manual)[1], 2, n_jobs, 0, 1)
    return {
        "sweeps": SWEEPS,
        "corpora": {
            "gimp-help": compare(*manual, 50, environments),
            "multi30k": compare(*descriptions, 100, environments),
        },
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, if there are folders, and write what is shown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="MULTI30K", help="folder of Multi30k")
    parser.add_argument("--folder", type=Path, help="environments of other packages")
    parser.add_argument(
        "--show", action="store_true", help="only show the stored result"
    )
    arguments = parser.parse_args(argv)
    if not arguments.show:
        if not (arguments.data and arguments.folder):
            parser.error("give --data and --folder, or --show")
        result = json.dumps(measure(arguments.data, arguments.folder), indent=1)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(result + "\n", encoding="utf-8")
        record(RESULT)
    # No figure rests on how it is shown.
    from benchmarks.sampling_page import write_pages

    write_pages()


if __name__ == "__main__":
    main()

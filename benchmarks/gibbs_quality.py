"""Coherence and retrieval of PolylingualLDA on the bundled corpus, beside a dense run.

    python -m benchmarks.gibbs_quality

The dense sampler, plain collapsed Gibbs without any tuning, takes 1,000 sweeps;
PolylingualLDA takes its defaults. Both are judged alike: a tuple is a page.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.gibbs import fold_in
from sklearn_m3l.metrics import (
    mean_reciprocal_rank,
    npmi_coherence,
    pairwise_jensen_shannon,
)

sys.path.append(str(Path(__file__).parents[1] / "tests" / "gibbs"))
from dense_gibbs import DenseGibbs  # noqa: E402 (tests is not a package)

LANGUAGES = ("en", "de")


def pages(subset):
    """Return the texts of the corpus, each page once."""
    corpus = load_gimp_help(subset)
    _, rows = np.unique(corpus.data.groups, return_index=True)
    return corpus.data[np.sort(rows)][list(LANGUAGES)]


def judge(topic_word, alpha, train, test):
    """Return NPMI of each language, and MRR between them on held-out pages."""
    npmi, topics = [], []
    for name, phi in zip(LANGUAGES, topic_word, strict=True):
        view = train[name]
        best = np.argsort(-phi, axis=1, kind="stable")[:, :10]
        words = [[view.vocabulary[word] for word in row] for row in best]
        npmi.append(npmi_coherence(words, view.counts, view.vocabulary))
        topics.append(fold_in([test[name].counts], [phi], alpha))
    return *npmi, mean_reciprocal_rank(pairwise_jensen_shannon(*topics))


def run_dense(train, n_topics, seed, n_sweeps=1000):
    """Return the topic-word distributions of the plain sampler, and its prior."""
    counts = [train[name].counts for name in LANGUAGES]
    beta = PolylingualLDA().topic_word_prior
    sampler = DenseGibbs(counts, n_topics, 50 / n_topics, beta, seed)
    for _ in range(n_sweeps):
        sampler.sweep()
    smooth = [n + beta for n in sampler.topic_word_counts]
    topic_word = [n / n.sum(axis=1, keepdims=True) for n in smooth]
    return topic_word, np.full(n_topics, 50 / n_topics)


def run_ours(train, n_topics, seed):
    """Return those of PolylingualLDA."""
    model = PolylingualLDA(n_topics, random_state=seed).fit(train)
    return [model.topic_word_[name] for name in LANGUAGES], model.doc_topic_prior_


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    train, test = pages("train"), pages("test")
    print("                 seed  NPMI en  NPMI de  MRR en-de  seconds")
    ways = {"PolylingualLDA": run_ours, "dense, 1,000": run_dense}
    results = {name: [] for name in ways}
    for seed in arguments.seeds:
        for name, way in ways.items():
            start = time.perf_counter()
            fitted = way(train, arguments.topics, seed)
            seconds = time.perf_counter() - start
            figures = judge(*fitted, train, test)
            results[name].append(figures)
            shown = "".join(f"{figure:9.3f}" for figure in figures)
            print(f"{name:16} {seed:4} {shown}  {seconds:7.1f}", flush=True)
    for name, figures in results.items():
        shown = "".join(f"{figure:9.3f}" for figure in np.median(figures, axis=0))
        print(f"{name:16}  median {shown[2:]}")


if __name__ == "__main__":
    main()

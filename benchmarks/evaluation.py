"""Time and memory of evaluating in blocks, beside whole matrices of distances.

Run from the root of the repository: ``python -m benchmarks.evaluation``. It draws
topics of two views and scores them in blocks, as `evaluate_alignment` does, and, up to
`--whole` rows, from one matrix of distances, as a user does with the metrics of arrays.
Both sides take turns. Memory is what numpy allocates beyond the topics.
"""

import argparse
import tracemalloc
from statistics import median
from time import perf_counter

import numpy as np

from sklearn_m3l import MultiView, View
from sklearn_m3l.metrics import (
    evaluate_alignment,
    mean_jensen_shannon,
    mean_reciprocal_rank,
    pairwise_jensen_shannon,
    uninterpolated_average_precision,
)

METRICS = {
    "mrr": ("MRR", mean_reciprocal_rank),
    "uap": ("UAP", uninterpolated_average_precision),
}


class Topics:
    """A fitted model whose topics are the embeddings."""

    vocabularies_ = {}  # noqa: RUF012

    def usable_views(self, X):
        """Return the names of all views."""
        return X.view_names

    def transform(self, X):
        """Return the topics of one view."""
        (view,) = X.views.values()
        return view.embedding

    def top_words(self, view, n_words):
        """Return the words of no topic."""
        raise ValueError("there are no words")


def in_blocks(X, metrics):
    """Return the scores of evaluate_alignment."""
    pair = X.view_names
    scores = evaluate_alignment(Topics(), X, metrics=metrics, pairs=[pair], n_jobs=1)
    return {name.split()[0]: score.value for name, score in scores.items()}


def whole(X, metrics):
    """Return the same from one matrix of distances."""
    first, second = (view.embedding for view in X.views.values())
    scores = {}
    if set(metrics) & set(METRICS):
        distances = pairwise_jensen_shannon(first, second, n_jobs=1)
        for metric in set(metrics) & set(METRICS):
            name, function = METRICS[metric]
            scores[name] = function(distances, X.groups, X.groups)
    if "jsd" in metrics:
        scores["JSD"] = mean_jensen_shannon(first, second, X.groups)
    return scores


def draw(n_rows, n_topics):
    """Return two views whose topics agree in part, two rows per article."""
    rng = np.random.default_rng(0)
    theta, noise = (rng.dirichlet(np.full(n_topics, 0.1), n_rows) for _ in range(2))
    views = {"en": View(theta), "de": View((theta + noise) / 2)}
    return MultiView(views, groups=np.arange(n_rows) // 2)


def measure(way, X, metrics):
    """Return the scores, the seconds, and the most memory in MiB besides the topics."""
    tracemalloc.start()
    start = perf_counter()
    scores = way(X, metrics)
    seconds = perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return scores, seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 4000, 20_000])
    parser.add_argument("--whole", type=int, default=4000, metavar="ROWS")
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--metrics", nargs="+", default=["mrr", "jsd"])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    for n_rows in args.rows:
        X = draw(n_rows, args.topics)
        ways = {"in blocks": in_blocks}
        if n_rows <= args.whole:
            ways["whole matrix"] = whole
        repeats = args.repeats if len(ways) > 1 else 1
        seconds = {name: [] for name in ways}
        results, peaks = {}, {}
        for _ in range(repeats):
            for name, way in ways.items():
                results[name], took, peaks[name] = measure(way, X, args.metrics)
                seconds[name].append(took)
        print(f"{n_rows:,} rows, {args.topics} topics, {', '.join(args.metrics)}")
        for name, times in seconds.items():
            print(f"  {name:<13} {median(times):7.2f} s  {peaks[name]:7.0f} MiB")
        if len(ways) > 1:
            ratio = median(seconds["in blocks"]) / median(seconds["whole matrix"])
            same = results["in blocks"] == results["whole matrix"]
            print(f"  ratio {ratio:.2f}; results are {'' if same else 'not '}the same")


if __name__ == "__main__":
    main()

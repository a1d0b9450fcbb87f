"""Speed of `pairwise_jensen_shannon` beside scipy's `cdist`.

Run from the root of the repository: ``python -m benchmarks.jensen_shannon``. Both sides
take turns, so that a busy machine slows both. `cdist` has one thread.
"""

import argparse
from statistics import median
from time import perf_counter

import numpy as np
from scipy.spatial.distance import cdist

from sklearn_m3l.metrics import pairwise_jensen_shannon


def measure(n_queries, n_items, n_topics, concentration, repeats, n_jobs):
    """Return the seconds of each repetition and the distances, by what computes them.

    The first is scipy's `cdist`.
    """
    rng = np.random.default_rng(0)
    alpha = np.full(n_topics, concentration)
    X, Y = rng.dirichlet(alpha, n_queries), rng.dirichlet(alpha, n_items)
    ways = {"scipy's cdist": lambda: cdist(X, Y, "jensenshannon") ** 2}
    for n in n_jobs:
        ways[f"sklearn_m3l, n_jobs={n}"] = lambda n=n: pairwise_jensen_shannon(
            X, Y, n_jobs=n
        )
    seconds = {name: [] for name in ways}
    results = {}
    for _ in range(repeats):
        for name, way in ways.items():
            start = perf_counter()
            results[name] = way()
            seconds[name].append(perf_counter() - start)
    return seconds, results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--items", type=int, default=3278)
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--concentration", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()

    sizes = args.queries, args.items, args.topics, args.concentration
    seconds, results = measure(*sizes, args.repeats, args.n_jobs)
    print(f"{args.queries} x {args.items} pairs of {args.topics} topics")
    (base, reference), *_ = results.items()
    for name, times in seconds.items():
        ratio = median(seconds[base]) / median(times)
        error = np.abs(results[name] - reference).max()
        print(
            f"{name:24s} median {median(times):.3f} s ({min(times):.3f} to "
            f"{max(times):.3f}), {ratio:.1f} times as fast as cdist, largest "
            f"difference {error:.1e}"
        )


if __name__ == "__main__":
    main()

"""Speed of ``pairwise_jensen_shannon`` against a scipy loop over the queries.

Run from the root of the repository: ``python -m benchmarks.jensen_shannon``. Both
sides take turns, so that a busy machine slows both.
"""

import argparse
from statistics import median
from time import perf_counter

import numpy as np
from scipy.spatial.distance import jensenshannon

from sklearn_m3l.metrics import pairwise_jensen_shannon


def scipy_loop(X, Y):
    """Square of scipy's distance, one vectorized call a query."""
    return np.stack([jensenshannon(query[np.newaxis], Y, axis=1) ** 2 for query in X])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--items", type=int, default=3278)
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--concentration", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=-1)
    args = parser.parse_args()

    rng = np.random.default_rng(0)
    alpha = np.full(args.topics, args.concentration)
    X, Y = rng.dirichlet(alpha, args.queries), rng.dirichlet(alpha, args.items)
    ways = {
        "scipy loop": lambda: scipy_loop(X, Y),
        "sklearn_m3l": lambda: pairwise_jensen_shannon(X, Y, n_jobs=args.n_jobs),
    }
    seconds = {name: [] for name in ways}
    results = {}
    for _ in range(args.repeats):
        for name, way in ways.items():
            start = perf_counter()
            results[name] = way()
            seconds[name].append(perf_counter() - start)

    error = np.abs(results["scipy loop"] - results["sklearn_m3l"]).max()
    print(f"{args.queries} x {args.items} pairs of {args.topics} topics")
    for name, times in seconds.items():
        print(
            f"{name:12s} median {median(times):.3f} s "
            f"(from {min(times):.3f} to {max(times):.3f}, {len(times)} repeats)"
        )
    slow, fast = map(median, seconds.values())
    print(f"ratio of medians {slow / fast:.1f}; largest difference {error:.1e}")


if __name__ == "__main__":
    main()

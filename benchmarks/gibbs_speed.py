"""Nanoseconds that PolylingualLDA's sampler takes a token and sweep, and its retrieval.

Run as `python -m benchmarks.gibbs_speed --data FOLDER` with Multi30k in FOLDER: 20,000
tuples of an English and a German text, alpha 50 / K, beta 0.01. Sweeps are timed after
20 that are not; `--retrieval` also fits 300 sweeps at 100 topics and reports the MRR
from English to German on test_2016.
"""

import argparse
import resource
import statistics
import time

import numpy as np

from benchmarks.corpora import load_multi30k
from sklearn_m3l import PolylingualLDA
from sklearn_m3l.gibbs import PolylingualGibbs
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon


def seconds_a_sweep(counts, n_topics, n_jobs, n_sweeps):
    """Return wall and processor seconds, the medians of some sweeps."""
    sampler = PolylingualGibbs(
        [matrix.shape[1] for matrix in counts],
        np.full(n_topics, 50 / n_topics),
        0.01,
        n_jobs=n_jobs,
    )
    sampler.add_documents(counts)
    for _ in range(20):
        sampler.sweep()
    wall, processor = [], []
    for _ in range(n_sweeps):
        start = time.perf_counter(), time.process_time()
        sampler.sweep()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return statistics.median(wall), statistics.median(processor)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Multi30k")
    parser.add_argument("--sweeps", type=int, default=30)
    parser.add_argument("--retrieval", action="store_true")
    arguments = parser.parse_args()
    corpus = load_multi30k(arguments.data, ["train", "test_2016"])
    counts = [corpus.train[name].counts for name in ("en", "de")]
    n_tokens = sum(matrix.sum() for matrix in counts)
    print(f"{len(corpus.train):,} tuples, {n_tokens:,.0f} tokens")
    for n_topics in (50, 100, 400):
        for n_jobs in (1, 2):
            wall, processor = (
                seconds / n_tokens * 1e9
                for seconds in seconds_a_sweep(
                    counts, n_topics, n_jobs, arguments.sweeps
                )
            )
            print(
                f"K={n_topics:<4} n_jobs={n_jobs}  {wall:5.1f} ns a token (wall)  "
                f"{processor:5.1f} (processor)",
                flush=True,
            )
    if arguments.retrieval:
        start = time.perf_counter()
        model = PolylingualLDA(100, n_jobs=2, random_state=0).fit(corpus.train)
        seconds = time.perf_counter() - start
        theta = [model.transform(corpus.test_2016[[name]]) for name in ("en", "de")]
        mrr = mean_reciprocal_rank(pairwise_jensen_shannon(*theta))
        print(f"300 sweeps in {seconds:.0f} s; MRR en-de on test_2016 {mrr:.3f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of the process: {peak:.2f} GiB")


if __name__ == "__main__":
    main()

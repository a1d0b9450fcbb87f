"""Speed, quality and memory of the Gibbs sampler next to a plain dense one.

    python -m benchmarks.gibbs_speed --data FOLDER
    python -m benchmarks.gibbs_speed --data FOLDER --start

FOLDER holds the files of Multi30K task 2. Tokens are lower-cased words of two letters
or more, no stop words, the 2,000 most frequent of each language. `--start` times what a
neural model with ``init="gibbs"`` samples before it trains.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from stopwordsiso import stopwords

from benchmarks.corpora import load_multi30k, read_documents
from sklearn_m3l import PolylingualLDA
from sklearn_m3l.gibbs import PolylingualGibbs, fold_in
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon
from sklearn_m3l.models._start import GIBBS

sys.path.append(str(Path(__file__).parents[1] / "tests" / "gibbs"))
from dense_gibbs import DenseGibbs  # noqa: E402 (tests is not a package)

LANGUAGES = ("en", "de")
BETA = 0.01


def read_counts(folder):
    """Return the counts of each language in the training and in the test tuples."""
    counts = {"train": [], "test_2016": []}
    for language in LANGUAGES:
        vectorizer = CountVectorizer(
            max_features=2000,
            stop_words=sorted(stopwords(language)),
            token_pattern=r"(?u)\b\w\w+\b",
        )
        vectorizer.fit(read_documents(folder, "train", language))
        for split, matrices in counts.items():
            matrices.append(
                vectorizer.transform(read_documents(folder, split, language))
            )
    return counts


def evaluate(topic_word_counts, alpha, counts):
    """Return the MRR from English to German, and log p a German word given English."""
    topic_word = [n + BETA for n in topic_word_counts]
    topic_word = [n / n.sum(axis=1, keepdims=True) for n in topic_word]
    english, german = (
        fold_in([matrix], [phi], alpha)
        for matrix, phi in zip(counts, topic_word, strict=True)
    )
    mrr = mean_reciprocal_rank(pairwise_jensen_shannon(english, german))
    log_p = counts[1].multiply(np.log(english @ topic_word[1])).sum()
    return mrr, log_p / counts[1].sum()


def time_sweeps(sampler, n_sweeps, n_tokens):
    """Sweep; after each, yield all nanoseconds per token: wall, and processor."""
    wall, cpu = [], []
    for _ in range(n_sweeps):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        sampler.sweep()
        wall.append((time.perf_counter() - wall_start) / n_tokens * 1e9)
        cpu.append((time.process_time() - cpu_start) / n_tokens * 1e9)
        yield wall, cpu


def run(sampler, n_topics, n_sweeps, n_tokens, counts, name):
    """Sweep; print time and quality along the way."""
    alpha = np.full(n_topics, 50 / n_topics)
    for wall, cpu in time_sweeps(sampler, n_sweeps, n_tokens):
        sweep = len(wall)
        if sweep in (20, 50, 100, 200, n_sweeps):
            mrr, log_p = evaluate(sampler.topic_word_counts, alpha, counts)
            print(
                f"{name:>15} {n_topics:6} {sweep:6} {np.mean(wall):9.1f} "
                f"{np.median(wall[-50:]):9.1f} {np.mean(cpu):9.1f} "
                f"{np.median(cpu[-50:]):9.1f} "
                f"{sampler.log_likelihood() / n_tokens:9.4f} {log_p:9.4f} {mrr:6.3f} "
                f"{os.getloadavg()[0]:5.1f}",
                flush=True,
            )


def compare(folder, topics, jobs, n_sweeps, dense):
    """Print speed and quality for each number of topics and of threads."""
    counts = read_counts(folder)
    n_tokens = sum(matrix.sum() for matrix in counts["train"])
    print(f"{counts['train'][0].shape[0]} tuples, {n_tokens} tokens")
    print("ns a token: mean of all sweeps, and median of the last 50")
    print(
        "        sampler topics sweeps mean wall last wall  mean CPU  last CPU"
        "   joint/n  held out    MRR  load"
    )
    for n_topics in topics:
        alpha = np.full(n_topics, 50 / n_topics)
        for n_jobs in jobs:
            sampler = PolylingualGibbs([2000, 2000], alpha, BETA, n_jobs=n_jobs)
            sampler.add_documents(counts["train"])
            name = f"jobs={n_jobs}"
            run(sampler, n_topics, n_sweeps, n_tokens, counts["test_2016"], name)
        if dense:
            sampler = DenseGibbs(counts["train"], n_topics, 50 / n_topics, BETA, 0)
            run(sampler, n_topics, n_sweeps, n_tokens, counts["test_2016"], "dense")


def measure_fold_in(folder, n_topics, jobs):
    """Print how long folding in the training tuples takes."""
    counts = read_counts(folder)["train"]
    alpha = np.full(n_topics, 50 / n_topics)
    sampler = PolylingualGibbs([2000, 2000], alpha, BETA, n_jobs=max(jobs))
    sampler.add_documents(counts)
    for _ in range(50):
        sampler.sweep()
    topic_word = [n + BETA for n in sampler.topic_word_counts]
    topic_word = [n / n.sum(axis=1, keepdims=True) for n in topic_word]
    for n_jobs in jobs:
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        fold_in(counts, topic_word, alpha, n_jobs=n_jobs)
        print(
            f"fold_in of {counts[0].shape[0]} tuples, {n_jobs} jobs: "
            f"{time.perf_counter() - wall_start:.2f} s wall, "
            f"{time.process_time() - cpu_start:.2f} s CPU"
        )


def measure_start(folder, n_topics, n_sweeps):
    """Print how long the start of a neural model takes on the training tuples."""
    X = load_multi30k(folder, ["train"])["train"]
    PolylingualLDA(2, max_iter=1).fit(X[:50])  # compiles
    for n_jobs in (1, 2):
        model = PolylingualLDA(
            n_topics,
            max_iter=n_sweeps,
            n_jobs=n_jobs,
            random_state=0,
            **GIBBS,
        )
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        model.fit(X)
        print(
            f"start of {len(X)} tuples, {n_topics} topics, {n_sweeps} sweeps, "
            f"{n_jobs} jobs: {time.perf_counter() - wall_start:.1f} s wall, "
            f"{time.process_time() - cpu_start:.1f} s CPU, "
            f"load {os.getloadavg()[0]:.1f}"
        )


def measure_memory(n_tokens, n_topics, n_jobs, n_sweeps):
    """Return the peak memory of sweeps over synthetic tuples of about 100 tokens."""
    rng = np.random.default_rng(0)
    n_rows, n_words = n_tokens // 100, 50_000
    counts = []
    for _ in LANGUAGES:
        words = np.minimum(rng.zipf(1.2, n_tokens // 2) - 1, n_words - 1)
        rows = rng.integers(0, n_rows, n_tokens // 2)
        cells = (np.ones(n_tokens // 2, np.float32), (rows, words))
        counts.append(sparse.coo_array(cells, (n_rows, n_words)).tocsr())
    alpha = np.full(n_topics, 50 / n_topics)
    print(f"before sampling: {peak_memory():.2f} GB at most")
    sampler = PolylingualGibbs([n_words, n_words], alpha, BETA, n_jobs=n_jobs)
    sampler.add_documents(counts)
    for sweep in range(1, n_sweeps + 1):
        start = time.perf_counter()
        sampler.sweep()
        sampler.log_likelihood()
        if sweep in (1, 2, 5, 10, 20, 50, n_sweeps):
            print(
                f"sweep {sweep} of {n_tokens} tokens: "
                f"{time.perf_counter() - start:.2f} s, {peak_memory():.2f} GB at most",
                flush=True,
            )
    return peak_memory()


def measure_sweeps(folder, n_topics, n_sweeps, jobs):
    """Return the nanoseconds of a token in the last sweeps, by number of threads."""
    counts = read_counts(folder)["train"]
    n_tokens = sum(matrix.sum() for matrix in counts)
    alpha, found = np.full(n_topics, 50 / n_topics), {}
    for n_jobs in jobs:
        sampler = PolylingualGibbs([2000, 2000], alpha, BETA, n_jobs=n_jobs)
        sampler.add_documents(counts)
        *_, (wall, _) = time_sweeps(sampler, n_sweeps, n_tokens)
        found[n_jobs] = float(np.median(wall[-50:]))
    return found


def peak_memory():
    """Return the most memory that the process has ever held, in GB (on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of Multi30K task 2")
    parser.add_argument("--topics", type=int, nargs="+", default=[50, 100, 400])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sweeps", type=int, default=300)
    parser.add_argument("--dense", action="store_true", help="run the dense one too")
    parser.add_argument(
        "--memory", type=int, metavar="TOKENS", help="measure memory alone"
    )
    parser.add_argument(
        "--start", action="store_true", help="time the start of a neural model alone"
    )
    args = parser.parse_args()
    if args.start:
        measure_start(args.data, 100, 100)
    elif args.memory:
        measure_memory(args.memory, args.topics[-1], args.jobs[-1], args.sweeps)
    else:
        compare(args.data, args.topics, args.jobs, args.sweeps, args.dense)
        measure_fold_in(args.data, args.topics[0], args.jobs)


if __name__ == "__main__":
    main()

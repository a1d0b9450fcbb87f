"""How long `mine_pairs` takes, what memory, and how many pairs are right.

    python -m benchmarks.mining_speed --rows 20000 --width 384
    python -m benchmarks.mining_speed --rows 100000 --algorithm approximate

Each language has as many documents, in clusters, and half of them have a counterpart in
the other one. Memory is what the process takes at most beyond the arrays. The figures
are stored in `benchmarks/results/mining_speed`.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.provenance import record
from sklearn_m3l import mine_pairs

RESULTS = Path(__file__).parent / "results" / "mining_speed"
N_CLUSTERS = 200


def make_corpora(n_rows, width, seed):
    """Return embeddings of two languages; the first half of the rows are pairs."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(N_CLUSTERS, width)).astype(np.float32)

    def documents(n):
        noise = rng.normal(size=(n, width)).astype(np.float32)
        return centers[rng.integers(N_CLUSTERS, size=n)] + noise

    common = documents(n_rows // 2)
    parts = [
        np.concatenate([common, documents(n_rows - len(common))]) for _ in range(2)
    ]
    for part in parts:
        part += 0.7 * rng.normal(size=part.shape).astype(np.float32)
    return parts


def peak():
    """Return the most memory that the process has taken, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--algorithm", default="exact")
    arguments = parser.parse_args()
    mine_pairs(*make_corpora(100, arguments.width, 1))  # import and load
    a, b = make_corpora(arguments.rows, arguments.width, 0)
    before, start, spent = peak(), time.perf_counter(), time.process_time()
    pairs, _ = mine_pairs(a, b, algorithm=arguments.algorithm)
    n_common = arguments.rows // 2
    right = (pairs[:, 0] == pairs[:, 1]) & (pairs[:, 0] < n_common)
    figures = {
        "seconds": time.perf_counter() - start,
        "processor seconds": time.process_time() - spent,
        "GiB": peak() - before,
        "pairs": len(pairs),
        "precision": right.mean(),
        "recall": right.sum() / n_common,
    }
    print(figures)
    RESULTS.mkdir(exist_ok=True)
    name = f"{arguments.algorithm}_{arguments.rows}_rows_{arguments.width}_wide.json"
    content = json.dumps(figures, indent=2, default=float) + "\n"
    (RESULTS / name).write_text(content, encoding="utf-8")
    record(RESULTS / name)


if __name__ == "__main__":
    main()

"""Memory that a million tuples take: one epoch of training, and transform.

    python -m benchmarks.large --rows 1000000

writes two views of tuples with planted topics to a temporary folder, float16 embeddings
of width 384 as memmaps and word counts as CSR, trains M3L-Contrast for an epoch on them
and transforms them. Peaks are of the process that trains, as Linux counts them: all
pages that are resident, those of the memmaps too.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks.processes import end_with_parent, ending_children
from sklearn_m3l import M3LContrastTopicModel, MultiView

VIEWS = ("en", "de")
WIDTH, N_WORDS, N_TOPICS, N_TOKENS = 384, 2000, 50, 20
CHUNK = 20_000


def generate(folder: Path, n_rows: int) -> None:
    """Write tuples whose views are about the same planted topics."""
    end_with_parent()
    rng = np.random.default_rng(0)
    words_a_topic = N_WORDS // N_TOPICS
    for seed, name in enumerate(VIEWS, start=1):
        topics = np.random.default_rng(0).integers(N_TOPICS, size=(n_rows, 2))
        noise = np.random.default_rng(seed)
        directions = noise.normal(size=(N_TOPICS, WIDTH)).astype(np.float32)
        vectors = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", np.float16, (n_rows, WIDTH)
        )
        parts = []
        for start in range(0, n_rows, CHUNK):
            chosen = topics[start : start + CHUNK]
            shape = (len(chosen), WIDTH)
            drawn = noise.standard_normal(shape, dtype=np.float32)
            vectors[start : start + CHUNK] = directions[chosen].sum(axis=1) + drawn
            of_tokens = chosen[:, rng.integers(2, size=N_TOKENS)]
            words = of_tokens * words_a_topic + noise.integers(
                words_a_topic, size=of_tokens.shape
            )
            rows = np.repeat(np.arange(len(chosen)), N_TOKENS)
            ones = np.ones(words.size, dtype=np.float32)
            parts.append(
                sparse.csr_array((ones, (rows, words.ravel())), (len(chosen), N_WORDS))
            )
        vectors.flush()
        sparse.save_npz(
            folder / f"{name}.npz", sparse.vstack(parts, "csr"), compressed=False
        )


def load(folder: Path) -> MultiView:
    """Return the tuples, their embeddings on disk."""
    return MultiView.from_arrays(
        {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in VIEWS},
        {name: sparse.load_npz(folder / f"{name}.npz") for name in VIEWS},
    )


def resident(field: str) -> float:
    """Return a figure of this process's memory in GB, such as its peak, VmHWM."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return round(int(line.split()[1]) / 1e6, 2)
    raise KeyError(field)


def measure(folder: Path, batch_size: int) -> dict[str, float]:
    """Train for an epoch and transform; return seconds, and peaks in GB."""
    figures = {"imports_gb": resident("VmHWM")}
    start = time.perf_counter()
    X = load(folder)
    figures |= {
        "rows": len(X),
        "load_s": round(time.perf_counter() - start, 1),
        "load_peak_gb": resident("VmHWM"),
    }
    model = M3LContrastTopicModel(
        N_TOPICS, max_iter=1, batch_size=batch_size, random_state=0
    )
    start = time.perf_counter()
    model.fit(X)
    figures |= {
        "fit_s": round(time.perf_counter() - start, 1),
        "fit_peak_gb": resident("VmHWM"),
        "fit_own_gb": resident("RssAnon"),
    }
    start = time.perf_counter()
    theta = model.transform(X)
    figures |= {
        "transform_s": round(time.perf_counter() - start, 1),
        "transform_peak_gb": resident("VmHWM"),
        "transform_own_gb": resident("RssAnon"),
        "topics_gb": round(theta.nbytes / 1e9, 2),
    }
    if not np.allclose(theta.sum(axis=1), 1, atol=1e-4):
        raise AssertionError("some rows of topics are not distributions")
    return figures


def main() -> None:
    """Generate in one process, so that its memory does not count, and measure here."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--limit", type=float, default=3.0, help="GB that may be taken")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        arguments = (Path(name), options.rows)
        process = multiprocessing.get_context("spawn").Process(
            target=generate, args=arguments, daemon=True
        )
        with ending_children():
            process.start()
            process.join()
        if process.exitcode:
            raise SystemExit("the tuples could not be written")
        figures = measure(Path(name), options.batch_size)
    print(json.dumps(figures, indent=1))
    if figures["transform_peak_gb"] > options.limit:
        raise SystemExit(f"more than {options.limit} GB were resident")


if __name__ == "__main__":
    main()

"""Memory that a million tuples take: one epoch of training, and transform.

    python -m benchmarks.large --rows 1000000

stores two views of tuples with planted topics in ten parts of a temporary folder,
float16 embeddings of width 384 and word counts, opens them as one, trains M3L-Contrast
for an epoch on them and transforms them. Peaks are of the process that trains, as Linux
counts them: all pages that are resident, those of the files too.
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
from benchmarks.provenance import record
from sklearn_m3l import M3LContrastTopicModel, MultiView, View

VIEWS = ("en", "de")
WIDTH, N_WORDS, N_TOPICS, N_TOKENS = 384, 2000, 50, 20
N_PARTS = 10


def generate(folder: Path, n_rows: int) -> None:
    """Store tuples whose views are about the same planted topics, part by part."""
    end_with_parent()
    rng = np.random.default_rng(0)
    words_a_topic = N_WORDS // N_TOPICS
    directions = {
        name: rng.normal(size=(N_TOPICS, WIDTH)).astype(np.float32) for name in VIEWS
    }
    bounds = np.linspace(0, n_rows, N_PARTS + 1).astype(int)
    for part, size in enumerate(np.diff(bounds)):
        chosen = rng.integers(N_TOPICS, size=(size, 2))
        views = {}
        for name in VIEWS:
            vectors = rng.standard_normal((size, WIDTH), dtype=np.float32)
            vectors += directions[name][chosen].sum(axis=1)
            of_tokens = chosen[:, rng.integers(2, size=N_TOKENS)]
            words = of_tokens * words_a_topic + rng.integers(
                words_a_topic, size=of_tokens.shape
            )
            rows = np.repeat(np.arange(size), N_TOKENS)
            ones = np.ones(words.size, dtype=np.float32)
            counts = sparse.csr_array((ones, (rows, words.ravel())), (size, N_WORDS))
            views[name] = View(vectors.astype(np.float16), counts)
        index = np.arange(*bounds[part : part + 2])
        MultiView(views, index=index).save(folder / f"part-{part}")


def size_of(folder: Path) -> float:
    """Return the bytes in a folder, in GB."""
    return round(sum(p.stat().st_size for p in folder.rglob("*.*")) / 1e9, 3)


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
    X = MultiView.open(sorted(folder.iterdir()))
    figures |= {
        "rows": len(X),
        "disk_gb": size_of(folder),
        "open_s": round(time.perf_counter() - start, 3),
        "open_peak_gb": resident("VmHWM"),
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
    parser.add_argument("--output", type=Path, help="a JSON file to write")
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
    text = json.dumps(figures, indent=1)
    print(text)
    if options.output is not None:
        options.output.write_text(text + "\n", encoding="utf-8")
        record(options.output)
    if figures["transform_peak_gb"] > options.limit:
        raise SystemExit(f"more than {options.limit} GB were resident")


if __name__ == "__main__":
    main()

"""A GPU beside the CPU: training, inference, memory, and whether they agree.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --rows 1000000

trains M3L-Contrast at the paper's size (three views, the networks of its authors) and
prints a table to paste, with the name of the GPU. `--compile` times the network under
`torch.compile`, too, whose first steps take a minute. Without a GPU, it says so.
"""

import argparse
import time

import numpy as np
import torch

from benchmarks.configurations import PAPER
from sklearn_m3l import M3LContrastTopicModel, MultiView, View

VIEWS = ("en", "de", "image")
WIDTH, N_WORDS, N_TOKENS = 512, 5000, 50
# Steps of the paper's run.
PAPER_STEPS = 62_500


def make_tuples(n_rows: int) -> MultiView:
    """Return tuples with planted topics."""
    rng = np.random.default_rng(0)
    topics = rng.integers(50, size=n_rows)
    views = {}
    for name in VIEWS:
        directions = rng.normal(size=(50, WIDTH)).astype(np.float32)
        vectors = rng.standard_normal((n_rows, WIDTH), dtype=np.float32)
        vectors += directions[topics]
        counts = None
        if name != "image":
            counts = make_counts(rng, topics)
        views[name] = View(vectors.astype(np.float16), counts)
    return MultiView(views)


def make_counts(rng, topics):
    """Return word counts; every topic has a hundred words of its own."""
    from scipy import sparse

    words = topics[:, None] * 100 + rng.integers(100, size=(len(topics), N_TOKENS))
    rows = np.repeat(np.arange(len(topics)), N_TOKENS)
    ones = np.ones(words.size, dtype=np.float32)
    return sparse.csr_array((ones, (rows, words.ravel())), (len(topics), N_WORDS))


def run(X: MultiView, device: str, epochs: int, **changes) -> dict:
    """Train and infer on a device; return times, memory and topics."""
    settings = PAPER["M3LContrastTopicModel"] | changes
    model = M3LContrastTopicModel(
        **settings | {"max_iter": epochs, "device": device, "random_state": 0}
    )
    on_gpu = device == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    model.fit(X)
    if on_gpu:
        torch.cuda.synchronize()
    training = time.perf_counter() - start
    n_steps = epochs * -(-len(X) // model.net_.batch_size)
    start = time.perf_counter()
    theta = model.transform(X)
    return {
        "ms per step": 1000 * training / n_steps,
        f"{PAPER_STEPS:,} steps, s": training / n_steps * PAPER_STEPS,
        "transform, s": time.perf_counter() - start,
        "peak, GB": torch.cuda.max_memory_allocated() / 1e9 if on_gpu else np.nan,
        "loss": model.loss_curve_[-1],
        "topics": theta,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(
            "PyTorch finds no GPU here; run this where torch.cuda.is_available()"
        )
    X = make_tuples(options.rows)
    run(X[:2000], "cuda", 1)  # what is done once only
    runs = {
        f"CPU, {torch.get_num_threads()} threads": run(X, "cpu", options.epochs),
        torch.cuda.get_device_name(): run(X, "cuda", options.epochs),
    }
    if options.compile:
        from sklearn_m3l.network import TopicNetwork

        plain = TopicNetwork.forward
        TopicNetwork.forward = torch.compile(plain, dynamic=True)
        runs["the same, compiled"] = run(X, "cuda", options.epochs)
        TopicNetwork.forward = plain
    first = next(iter(runs.values()))["topics"]
    names = [name for name in next(iter(runs.values())) if name != "topics"]
    print(f"| {options.rows:,} tuples | {' | '.join(names)} | topics differ by |")
    print("|---" * (len(names) + 2) + "|")
    for name, found in runs.items():
        cells = [f"{found[key]:.3g}" for key in names]
        difference = np.abs(found["topics"] - first).mean()
        print(f"| {name} | {' | '.join(cells)} | {difference:.2g} |")


if __name__ == "__main__":
    main()

"""How processor time grows with tuples (n), topics (K), and words (V).

    python -m benchmarks.growth
    python -m benchmarks.growth --show

The first command varies one of the three at a time, with the others at their smallest,
and stores the seconds of each operation and their slopes. If it is stopped, it
continues after the last operation that was complete. The corpora are those of
`benchmarks.large` and `benchmarks.mining_speed`. `--show` writes the table and the
figure of the user guide from the stored result. Everything runs on one thread. A point
is the median of three runs, which take turns with those of the other sizes, after one
that does not count: it compiles, and fills caches.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse
from skorch.callbacks import Callback
from threadpoolctl import threadpool_limits

from benchmarks import large
from benchmarks.evaluation import in_blocks
from benchmarks.mining_speed import make_corpora
from benchmarks.provenance import changed_sources, record, run_file
from sklearn_m3l import (
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    mine_pairs,
)
from sklearn_m3l.gibbs import PolylingualGibbs
from sklearn_m3l.metrics import npmi_coherence

RESULT = Path(__file__).parent / "results" / "growth" / "growth.json"
TOPICS = (50, 200, 800, 3200)
WORDS = (2000, 8000, 32_000, 128_000)
N_RUNS = 3
# A slope is that of so many of the largest sizes, where constant costs matter least.
N_UPPER = 3
BURN_IN, N_SWEEPS = 20, 10


class Size(NamedTuple):
    """Tuples, topics, and words of each language."""

    n: int
    K: int
    V: int


class Clock(Callback):
    """Takes the processor time of each epoch."""

    def on_train_begin(self, net, **kwargs):
        """Forget earlier epochs."""
        self.seconds = []

    def on_epoch_begin(self, net, **kwargs):
        """Start the clock."""
        self.start = time.process_time()

    def on_epoch_end(self, net, **kwargs):
        """Stop the clock."""
        self.seconds.append(time.process_time() - self.start)


def seconds_of(task: Callable[[], Any]) -> float:
    """Return the processor seconds that a task takes."""
    start = time.process_time()
    task()
    return time.process_time() - start


def neural_model(n_topics: int, **settings) -> M3LContrastTopicModel:
    """Return a model without a sampled start, and with batches of one size."""
    settings = {"init": "random", "batch_size": 256, "random_state": 0} | settings
    return M3LContrastTopicModel(n_topics, **settings)


def prepare_epoch(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of the second epoch."""
    clock = Clock()
    model = neural_model(n_topics, max_iter=2, callbacks=[clock])

    def run() -> float:
        model.fit(X)
        return clock.seconds[-1]

    return run


def prepare_transform(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of `M3LContrastTopicModel.transform`."""
    model = neural_model(n_topics, max_iter=1).fit(X)
    return partial(seconds_of, partial(model.transform, X))


def prepare_sweep(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the mean time of some sweeps of `PolylingualLDA`."""
    counts = [view.counts for view in X.views.values()]
    prior = np.full(n_topics, 5 / n_topics)
    sampler = PolylingualGibbs([of_view.shape[1] for of_view in counts], prior, 0.01)
    sampler.add_documents(counts)
    for _ in range(BURN_IN):
        sampler.sweep()

    def run() -> float:
        return sum(seconds_of(sampler.sweep) for _ in range(N_SWEEPS)) / N_SWEEPS

    return run


def prepare_fold_in(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of `PolylingualLDA.transform`."""
    model = PolylingualLDA(n_topics, max_iter=BURN_IN, random_state=0).fit(X)
    return partial(seconds_of, partial(model.transform, X))


def prepare_alignment(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of `evaluate_alignment`, without that of a model."""
    rng = np.random.default_rng(0)
    theta, other = (rng.dirichlet(np.full(n_topics, 0.1), len(X)) for _ in range(2))
    topics = MultiView({"en": View(theta), "de": View((theta + other) / 2)})
    return partial(seconds_of, partial(in_blocks, topics, ["mrr", "jsd"]))


def prepare_coherence(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of `npmi_coherence` of ten words per topic."""
    rng = np.random.default_rng(0)
    counts = X["en"].counts
    vocabulary = np.array([f"word{number}" for number in range(counts.shape[1])])
    topics = [list(rng.choice(vocabulary, 10, replace=False)) for _ in range(n_topics)]
    return partial(seconds_of, partial(npmi_coherence, topics, counts, vocabulary))


def prepare_mining(X: MultiView, n_topics: int) -> Callable[[], float]:
    """Return what takes the time of an exact `mine_pairs` of as many embeddings."""
    a, b = make_corpora(len(X), large.WIDTH, 0)
    return partial(seconds_of, partial(mine_pairs, a, b))


class Operation(NamedTuple):
    """What is timed.

    Parameters
    ----------
    prepare : callable
        Takes tuples and a number of topics; returns a function that runs once and
        returns the processor seconds of what counts.
    rows : tuple of int
        The numbers of tuples, the smallest first.
    variables : str
        Those of n, K, and V that it depends on.
    """

    prepare: Callable[[MultiView, int], Callable[[], float]]
    rows: tuple[int, ...]
    variables: str = "nKV"

    def sizes(self) -> dict[str, list[Size]]:
        """Return the sizes along each variable; the other two are at their smallest."""
        values = {"n": self.rows, "K": TOPICS, "V": WORDS}
        smallest = Size(*(along[0] for along in values.values()))
        return {
            name: [smallest._replace(**{name: value}) for value in values[name]]
            for name in self.variables
        }


OPERATIONS = {
    "M3L-Contrast, an epoch": Operation(prepare_epoch, (2000, 4000, 8000, 16_000)),
    "M3L-Contrast, transform": Operation(
        prepare_transform, (4000, 8000, 16_000, 32_000)
    ),
    "PolylingualLDA, a sweep": Operation(
        prepare_sweep, (16_000, 32_000, 64_000, 128_000)
    ),
    "PolylingualLDA, transform": Operation(
        prepare_fold_in, (4000, 8000, 16_000, 32_000)
    ),
    "MRR and JSD": Operation(prepare_alignment, (1000, 2000, 4000, 8000), "nK"),
    "NPMI": Operation(prepare_coherence, (16_000, 32_000, 64_000, 128_000)),
    "mine_pairs, exact": Operation(prepare_mining, (1000, 2000, 4000, 8000), "n"),
}


def draw_tuples(n_rows: int) -> MultiView:
    """Return tuples of `benchmarks.large`, in memory."""
    with TemporaryDirectory() as name:
        large.generate(Path(name), n_rows)
        stored = MultiView.open(sorted(Path(name).iterdir()))
        views = {
            name: View(np.asarray(view.embedding[:]), view.counts[:])
            for name, view in stored.views.items()
        }
    return MultiView(views)


def resize(X: MultiView, size: Size) -> MultiView:
    """Return the first tuples, with each word divided into as many as there must be.

    The number of tokens does not change: each cell of the counts moves to one of the
    words that its word became.
    """
    rng, share = np.random.default_rng(0), size.V // large.N_WORDS
    views = {}
    for name, view in X.views.items():
        counts = sparse.csr_array(view.counts[: size.n])
        words = counts.indices * share + rng.integers(share, size=counts.nnz)
        cells = (counts.data, words, counts.indptr)
        views[name] = View(
            view.embedding[: size.n], sparse.csr_array(cells, (size.n, size.V))
        )
    return MultiView(views)


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of the least-squares line through the largest, in log-log."""
    x, y = (np.log(values[-N_UPPER:]) for values in (sizes, seconds))
    return float(np.polyfit(x, y, 1)[0])


def measure(operation: Operation) -> dict[str, dict]:
    """Return sizes, seconds, and their slope along each variable."""
    along = operation.sizes()
    X = draw_tuples(max(operation.rows))
    distinct = dict.fromkeys(size for sizes in along.values() for size in sizes)
    runs = {size: operation.prepare(resize(X, size), size.K) for size in distinct}
    seconds: dict[Size, list[float]] = {size: [] for size in runs}
    for _ in range(1 + N_RUNS):
        for size, run in runs.items():
            seconds[size].append(run())
    found = {}
    for name, sizes in along.items():
        values = [getattr(size, name) for size in sizes]
        medians = [median(seconds[size][1:]) for size in sizes]
        found[name] = {
            "sizes": values,
            "seconds": [round(value, 6) for value in medians],
            "slope": round(slope(values, medians), 3),
        }
    return found


def read_result() -> dict[str, dict]:
    """Return what is stored and up to date; forget the rest."""
    if RESULT.exists() and changed_sources(RESULT) == []:
        return json.loads(RESULT.read_text(encoding="utf-8"))
    run_file(RESULT).unlink(missing_ok=True)
    return {}


def measure_all() -> None:
    """Measure what is not stored yet, and store it after each operation."""
    torch.set_num_threads(1)
    found = read_result()
    RESULT.parent.mkdir(exist_ok=True)
    for name, operation in OPERATIONS.items():
        if name in found:
            continue
        with threadpool_limits(1):
            found[name] = measure(operation)
        for variable, of_variable in found[name].items():
            print(name, variable, of_variable, flush=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        record(RESULT, continues=True, finished=len(found) == len(OPERATIONS))


def main() -> None:
    """Measure, or write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--show", action="store_true", help="write the table and the figure of the docs"
    )
    if parser.parse_args().show:
        # No time rests on how it is shown.
        from benchmarks.growth_page import write_page

        write_page()
    else:
        measure_all()


if __name__ == "__main__":
    main()

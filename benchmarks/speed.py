"""Speed and memory in one run, with a plain way to do the same next to each.

    python -m benchmarks.speed --data FOLDER
    python -m benchmarks.speed --show

The first measures, with Multi30k in FOLDER, and stores the result; both write the table
of `benchmarks/README.md`. A machine that does other things slows what is timed alone;
ratios are of turns, so that it slows both sides.
"""

import argparse
import json
import multiprocessing
import re
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import numpy as np

from benchmarks.provenance import RESULTS, ROOT, changed_sources, record

RESULT = RESULTS / "speed" / "speed.json"
N_TOKENS = 5_000_000
N_ROWS = 20_000


def measure(folder: str) -> dict:
    """Return everything that is measured."""
    import torch

    from benchmarks import gibbs_speed, jensen_shannon, training_speed

    torch.set_num_threads(1)
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with pool:  # the memory of this process is that of what it did before
        task = pool.submit(gibbs_speed.measure_memory, N_TOKENS, 100, 1, 5)
        peak = task.result()
    seconds, _ = jensen_shannon.measure(1000, 3278, 100, 0.1, 5, [1])
    scipy, ours = seconds.values()
    return {
        "training": training_speed.measure(folder, 4, 1),
        "ns per token": gibbs_speed.measure_sweeps(folder, 100, 100, [1, 2]),
        "GB of 5 million tokens": peak,
        "Jensen-Shannon ratio": median(np.divide(scipy, ours).tolist()),
        "MiB of evaluation": _evaluation_mib(),
    }


def _evaluation_mib() -> float:
    """Return the most memory that MRR and JSD take besides the topics."""
    from benchmarks.evaluation import in_blocks
    from sklearn_m3l import MultiView, View

    rng = np.random.default_rng(0)
    alpha = np.full(50, 0.1)
    views = {name: View(rng.dirichlet(alpha, N_ROWS)) for name in ("en", "de")}
    X = MultiView(views, groups=np.arange(N_ROWS) // 2)
    tracemalloc.start()
    in_blocks(X, ["mrr", "jsd"])
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak


def table(stale: bool = False) -> str:
    """Return the table in Markdown; a stale result is not shown."""
    if not stale and changed_sources(RESULT) != []:
        return "| The code has changed since this was measured. |\n|---|"
    found = json.loads(RESULT.read_text(encoding="utf-8"))
    training, sweep = found["training"], found["ns per token"]

    def epoch(settings: str) -> str:
        own = training[settings]
        return (
            f"{own['ours']:.1f} s; a plain PyTorch loop with the product decoder "
            f"{own['plain']:.1f} s (ratio of turns {own['ratio']:.2f})"
        )

    rows = {
        "an epoch of M3L-Contrast on Multi30k, defaults, one thread": epoch("defaults"),
        "the same, the paper's model, batches of 32": epoch("paper"),
        f"`transform` of {N_ROWS:,} rows of two views, one thread": (
            f"{training['transform']:.1f} s"
        ),
        "`PolylingualLDA`, a token and sweep, 100 topics": (
            f"{sweep['1']:.0f} ns; {sweep['2']:.0f} ns with `n_jobs=2`"
        ),
        f"`PolylingualLDA`, {N_TOKENS:,} tokens": (
            f"{found['GB of 5 million tokens']:.2f} GB at most"
        ),
        "`pairwise_jensen_shannon`, 1,000 x 3,278 rows of 100 topics, one thread": (
            f"{found['Jensen-Shannon ratio']:.1f} times as fast as scipy's `cdist`"
        ),
        f"`evaluate_alignment`, MRR and JSD of {N_ROWS:,} rows, 50 topics": (
            f"{found['MiB of evaluation']:.0f} MiB at most, besides the topics"
        ),
    }
    lines = [f"| {what} | {value} |" for what, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def show() -> None:
    """Replace the table below its heading in `benchmarks/README.md`."""
    path = ROOT / "benchmarks" / "README.md"
    heading = "## Speed and memory"
    before, _, after = path.read_text(encoding="utf-8").partition(heading)
    rows = re.compile(r"(^\|.*\|\n)+", re.MULTILINE)
    filled = rows.sub(lambda _: table() + "\n", after, count=1)
    path.write_text(before + heading + filled, encoding="utf-8")


def main() -> None:
    """Measure, if there is a folder, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--data", metavar="FOLDER", help="folder of Multi30k")
    group.add_argument(
        "--show", action="store_true", help="write the table of the stored result"
    )
    arguments = parser.parse_args()
    if arguments.data:
        RESULT.parent.mkdir(exist_ok=True)
        result = json.dumps(measure(arguments.data), indent=1)
        RESULT.write_text(result + "\n", encoding="utf-8")
        record(RESULT)
    show()


if __name__ == "__main__":
    main()

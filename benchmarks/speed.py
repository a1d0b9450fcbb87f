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
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import numpy as np

from benchmarks.provenance import RESULTS, record

RESULT = RESULTS / "speed" / "speed.json"
N_TOKENS = 5_000_000
N_ROWS = 20_000


def measure(folder: str) -> dict:
    """Return everything that is measured."""
    import torch

    from benchmarks import evaluation, gibbs_speed, jensen_shannon, training_speed

    torch.set_num_threads(1)
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with pool:  # the memory of this process is that of what it did before
        task = pool.submit(gibbs_speed.measure_memory, N_TOKENS, 100, 1, 5)
        peak = task.result()
    seconds, _ = jensen_shannon.measure(1000, 3278, 100, 0.1, 5, [1])
    scipy, ours = seconds.values()
    topics = evaluation.draw(N_ROWS, 50)
    *_, mib = evaluation.measure(evaluation.in_blocks, topics, ["mrr", "jsd"])
    return {
        "training": training_speed.measure(folder, 4, 1),
        "ns per token": gibbs_speed.measure_sweeps(folder, 100, 100, [1, 2]),
        "GB of 5 million tokens": peak,
        "Jensen-Shannon ratio": median(np.divide(scipy, ours).tolist()),
        "MiB of evaluation": mib,
    }


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
    # No figure rests on how it is shown.
    from benchmarks.speed_page import write_page

    write_page()


if __name__ == "__main__":
    main()

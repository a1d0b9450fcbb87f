"""The command line of the comparison."""

import argparse
import os
from pathlib import Path

import torch

from benchmarks.peers import ctm, lda

COMPARISONS = {"ctm": ctm, "lda": lda}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description="Compare speed and quality with other topic models.",
    )
    parser.add_argument(
        "peers", nargs="?", choices=[*COMPARISONS, "all"], default="all"
    )
    parser.add_argument("--data", required=True, help="folder of Multi30k")
    parser.add_argument("--quick", action="store_true", help="small; proves nothing")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--results", type=Path, default=Path("benchmarks/results/peers")
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name, comparison in COMPARISONS.items():
        if arguments.peers in (name, "all"):
            comparison.run(arguments.data, arguments.results, arguments.quick)


if __name__ == "__main__":
    main()

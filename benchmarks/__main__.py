"""Benchmarks with a command each: ``python -m benchmarks reproduce --help``."""

import argparse

from benchmarks import compare
from benchmarks.reproduce import command


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Benchmarks of sklearn-m3l."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command.add_parser(commands)
    compare.add_parser(commands)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    main()

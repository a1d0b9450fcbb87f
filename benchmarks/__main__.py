"""Benchmarks with a command each: ``python -m benchmarks reproduce --help``."""

import argparse

from benchmarks import compare, everything, provenance
from benchmarks.reproduce import claims, command
from sklearn_m3l.cli._signals import EndingSignals


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Benchmarks of sklearn-m3l."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command.add_parser(commands)
    claims.add_parser(commands)
    compare.add_parser(commands)
    provenance.add_parser(commands)
    everything.add_parser(commands)
    arguments = parser.parse_args(argv)
    with EndingSignals() as signals:
        try:
            arguments.run(arguments)
        except KeyboardInterrupt as interrupt:
            raise SystemExit(signals.exit_code or 130) from interrupt


if __name__ == "__main__":
    main()

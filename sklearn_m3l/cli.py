"""The command line: python -m sklearn_m3l."""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__
from sklearn_m3l._files import check_writable


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process. If they do not begin with a
        command, they are those of ``demo``.

    Returns
    -------
    int
        The exit code, 0.

    Raises
    ------
    SystemExit
        With code 2 where arguments are invalid, 1 and a message where a model's
        process was ended, and 0 after the help.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    names_command = argv and not argv[0].startswith("-")
    if not names_command and argv[:1] not in (["-h"], ["--help"], ["--version"]):
        argv = ["demo", *argv]
    arguments = _build_parser().parse_args(argv)
    arguments.run(arguments)
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_m3l",
        description="Multilingual and multimodal topic models for scikit-learn.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, help="see COMMAND --help"
    )
    demo = _add_demo(commands)
    _add_compare(commands)
    parser.epilog = (
        "Without a command, demo is run; its options may be given right away.\n"
        + demo.format_usage()
    )
    return parser


def _add_demo(commands) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "demo",
        help="learn topics of the GIMP manual and show them on a page (the default)",
        description="Train M3LContrastTopicModel on the bundled corpus, the GIMP "
        "manual in English, German and pictures; print its topics, what it says about "
        "pictures that it has never seen, and its scores; and write one HTML page that "
        "shows all of it. Nothing is downloaded. The defaults take a minute or two on "
        "one core.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_training_options(parser)
    parser.add_argument(
        "--output",
        type=_output_file,
        default="gimp_help_topics.html",
        metavar="FILE",
        help="the page to write; an older one is replaced",
    )
    parser.set_defaults(run=_demo)
    return parser


def _add_compare(commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="measure all models side by side on the GIMP manual",
        description="Train PolylingualLDA, ZeroShotTopicModel, DistilledTopicModel and "
        "M3LContrastTopicModel on the bundled corpus, each in a process of its own, "
        "and print one table: how well they align the two languages and the pictures "
        "of held-out pages, how coherent their topics are, and what training costs in "
        "time and memory. Nothing is downloaded. The defaults take a few minutes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_training_options(parser)
    parser.add_argument(
        "--output",
        type=_output_file,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="write the results as JSON, too; an older file is replaced",
    )
    parser.set_defaults(run=_compare)


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--n-components",
        type=_whole_number(at_least=2),
        default=50,
        metavar="K",
        help="number of topics",
    )
    parser.add_argument(
        "--max-iter",
        type=_whole_number(at_least=1),
        default=argparse.SUPPRESS,
        metavar="N",
        help="training epochs of neural models (default: the model's own)",
    )
    parser.add_argument(
        "--random-state",
        type=_whole_number(at_least=0, at_most=2**32 - 1),
        default=0,
        metavar="SEED",
        help="seed of everything random",
    )


def _demo(arguments: argparse.Namespace) -> None:
    from sklearn_m3l._demo import run_demo

    run_demo(**_parameters(arguments))


def _compare(arguments: argparse.Namespace) -> None:
    from sklearn_m3l._compare import run_comparison

    try:
        run_comparison(**_parameters(arguments))
    except BrokenProcessPool as error:
        raise SystemExit(f"\nerror: {error}") from error


def _parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    parameters = vars(arguments).copy()
    del parameters["run"]
    return parameters


def _whole_number(*, at_least: int, at_most: int | None = None) -> Callable[[str], int]:
    """Return an argument type: an integer in a range."""
    bounds = f"of at least {at_least}"
    if at_most is not None:
        bounds = f"from {at_least} to {at_most}"

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is None or number < at_least or number > (at_most or number):
            raise argparse.ArgumentTypeError(
                f"must be a whole number {bounds}, not {value!r}"
            )
        return number

    return parse


def _output_file(value: str) -> Path:
    """Return the path of a file that can be written; an argument type."""
    path = Path(value)
    try:
        check_writable(path)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot write {value!r}: {error.strerror or error}"
        ) from error
    return path

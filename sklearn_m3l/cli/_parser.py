"""The command line: python -m sklearn_m3l."""

import argparse
import ast
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__
from sklearn_m3l.utils._files import check_writable


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
        With code 2 where arguments are invalid, 1 and a message where a file cannot
        be used or a model's process was ended, and 0 after the help.
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
    _add_fit(commands)
    _add_topics(commands)
    _add_transform(commands)
    _add_evaluate(commands)
    _add_report(commands)
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
    )
    _add_training_options(parser)
    parser.add_argument(
        "--output",
        type=_output_file,
        default="gimp_help_topics.html",
        metavar="FILE",
        help="the page to write; an older one is replaced (default: %(default)s)",
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


def _add_fit(commands) -> None:
    parser = _add_table_command(
        commands,
        "fit",
        help="learn topics of a table of your own",
        description="Train M3LContrastTopicModel on the columns of a CSV or TSV file "
        "and store it. Each column is a view: texts in one language, or paths of "
        "pictures. Cells may be empty. Nothing is downloaded but the model that "
        "--sentence-transformer names.",
    )
    _add_table(parser)
    parser.add_argument(
        "--text",
        dest="texts",
        action="append",
        type=_text_column,
        required=True,
        metavar="COLUMN[:LANGUAGE]",
        help="a column of texts; give one --text for each. The code of the language, "
        "such as de, says which stop words to leave out; it may be left out where it "
        "is the name of the column",
    )
    parser.add_argument(
        "--image",
        dest="images",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of paths of pictures, relative to the folder of TABLE",
    )
    parser.add_argument(
        "--sentence-transformer",
        default=None,
        metavar="MODEL",
        help="embed texts by a model of sentence-transformers, such as "
        "paraphrase-multilingual-MiniLM-L12-v2: its name on the Hugging Face hub, or "
        "a folder below this one (default: LSA, which downloads nothing)",
    )
    _add_group(parser)
    _add_training_options(parser)
    parser.add_argument(
        "--set",
        dest="settings",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a further parameter of M3LContrastTopicModel, such as batch_size=16; "
        "give one --set for each",
    )
    _add_output(parser, "the model to write")


def _add_topics(commands) -> None:
    parser = _add_table_command(
        commands,
        "topics",
        help="print the topics of a model that fit wrote",
        description="Print the foremost words of each topic in every language.",
    )
    _add_model(parser)


def _add_transform(commands) -> None:
    parser = _add_table_command(
        commands,
        "transform",
        help="infer the topics of another table",
        description="Infer topics of the rows of a table from those columns of the "
        "model that it has, and write one row of topics for each.",
    )
    _add_model(parser)
    _add_table(parser)
    _add_output(parser, "the table to write: .csv or .tsv, which .gz compresses")


def _add_evaluate(commands) -> None:
    parser = _add_table_command(
        commands,
        "evaluate",
        help="measure a model on another table",
        description="Print how well a model aligns the columns of a table that it was "
        "not trained on, and how well it predicts their words.",
    )
    _add_model(parser)
    _add_table(parser)
    _add_group(parser)


def _add_report(commands) -> None:
    parser = _add_table_command(
        commands,
        "report",
        help="write a page of the topics of a model",
        description="Write one HTML page to read, search and hand on: all topics, a "
        "map of them, and rows of a table with the topics of each of their columns. "
        "The page works offline and holds everything that it shows.",
    )
    _add_model(parser)
    _add_table(parser)
    parser.add_argument(
        "--max-rows",
        type=_whole_number(at_least=2),
        default=20_000,
        metavar="N",
        help="show as many rows, picked at random (default: %(default)s)",
    )
    _add_random_state(parser)
    _add_output(parser, "the page to write; an older one is replaced")


def _add_table_command(commands, name: str, **texts: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, **texts)
    parser.set_defaults(run=_run_on_table, command=name)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a file that fit wrote",
    )


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "table",
        type=Path,
        metavar="TABLE",
        help="a CSV or TSV file with a header, in UTF-8; it may be compressed (.gz), "
        "and semicolons may separate the columns",
    )


def _add_group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--group",
        default=None,
        metavar="COLUMN",
        help="a column of article ids, where several rows are of one article",
    )


def _add_output(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument(
        "-o", "--output", type=_output_file, required=True, metavar="FILE", help=text
    )


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--n-components",
        "-k",
        type=_whole_number(at_least=2),
        default=50,
        metavar="K",
        help="number of topics (default: %(default)s)",
    )
    parser.add_argument(
        "--max-iter",
        type=_whole_number(at_least=1),
        default=argparse.SUPPRESS,
        metavar="N",
        help="training epochs of neural models (default: the model's own)",
    )
    _add_random_state(parser)


def _add_random_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--random-state",
        type=_whole_number(at_least=0, at_most=2**32 - 1),
        default=0,
        metavar="SEED",
        help="seed of everything random (default: %(default)s)",
    )


def _demo(arguments: argparse.Namespace) -> None:
    from sklearn_m3l.cli._demo import run_demo

    run_demo(**_parameters(arguments))


def _compare(arguments: argparse.Namespace) -> None:
    from sklearn_m3l.cli._compare import run_comparison

    try:
        run_comparison(**_parameters(arguments))
    except BrokenProcessPool as error:
        raise SystemExit(f"\nerror: {error}") from error


def _run_on_table(arguments: argparse.Namespace) -> None:
    """Run a command of `_commands`; an error or a warning of it is one line."""
    from sklearn_m3l.cli import _commands

    parameters = _parameters(arguments)
    run = getattr(_commands, parameters.pop("command"))
    sources = [parameters[name] for name in ("model", "table") if name in parameters]
    output = parameters.get("output")
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _print_warning
        try:
            if output and output.resolve() in [path.resolve() for path in sources]:
                raise ValueError(f"{output} is read from; write to another file")
            run(**parameters)
            sys.stdout.flush()
        except BrokenPipeError:
            # Such as by "| head": nobody reads on, which is no error of ours.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt as interrupt:
            raise SystemExit(130) from interrupt
        except (OSError, ValueError, ImportError) as error:
            raise SystemExit(_one_line("error", error)) from error


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(_one_line("warning", message), file=sys.stderr)


def _one_line(kind: str, message: Any) -> str:
    if isinstance(message, OSError) and message.filename:
        message = f"{message.filename}: {message.strerror}"
    return f"{kind}: {' '.join(str(message).split())}"


def _parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    parameters = vars(arguments).copy()
    del parameters["run"]
    return parameters


def _setting(text: str) -> tuple[str, Any]:
    """Return name and value of a parameter; what is no literal of Python is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


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


def _text_column(value: str) -> tuple[str, str | None]:
    """Return the name of a column and the language that follows it, if any."""
    from sklearn_m3l.embedding._vectorizer import has_stop_words

    column, _, language = value.rpartition(":")
    return (column, language) if column and has_stop_words(language) else (value, None)


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

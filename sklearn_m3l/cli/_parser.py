"""The arguments of the commands."""

import argparse
import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__
from sklearn_m3l.utils._files import check_writable

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", "")
_PACKED_SUFFIXES = (".gz", ".bz2", ".xz")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; its result names the function to ``run``."""
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
        "Without a command, demo runs; its options can be given right away.\n"
        + demo.format_usage()
    )
    return parser


def _add_demo(commands) -> argparse.ArgumentParser:
    parser = _add_command(
        commands,
        "demo",
        "_demo.run_demo",
        help="learn topics from the GIMP manual and show them on a page (the default)",
        description="Train M3LContrastTopicModel on the bundled corpus, the GIMP "
        "manual in English, German and pictures. Print its topics, its descriptions "
        "of pictures that it has never seen, and its scores, and write one HTML page "
        "that shows all of it. Nothing is downloaded. With the defaults this takes a "
        "minute or two on one core.",
    )
    _add_training_options(parser)
    parser.add_argument(
        "--output",
        "-o",
        type=_output_file,
        default="gimp_help_topics.html",
        metavar="FILE",
        help="the page to write; an existing file is replaced (default: %(default)s)",
    )
    return parser


def _add_compare(commands) -> None:
    parser = _add_command(
        commands,
        "compare",
        "_compare.run_comparison",
        help="measure all models side by side on the GIMP manual",
        description="Train PolylingualLDA, ZeroShotTopicModel, DistilledTopicModel and "
        "M3LContrastTopicModel on the bundled corpus, one after the other, and print "
        "one table: how well they align the two languages and the pictures of held-out "
        "pages, and how coherent their topics are. Nothing is downloaded. With the "
        "defaults this takes a few minutes.",
    )
    _add_training_options(parser)


def _add_fit(commands) -> None:
    parser = _add_command(
        commands,
        "fit",
        "_commands.fit",
        help="learn topics from your own table",
        description="Train M3LContrastTopicModel on the columns of a CSV or TSV file "
        "and store it. Each column is a view: texts in one language, or paths of "
        "pictures. Cells can be empty. Nothing is downloaded except the model that "
        "--sentence-transformer names.",
    )
    _add_table(parser)
    parser.add_argument(
        "--text",
        dest="texts",
        action="append",
        required=True,
        metavar="COLUMN[:LANGUAGE]",
        help="a column of texts; repeat --text for each. LANGUAGE, a code such as de, "
        "chooses the stop words; it can be left out if the column is named by it. For "
        "a column whose name ends like a language, such as a:de, write a:de:",
    )
    parser.add_argument(
        "--image",
        dest="images",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of paths of pictures; repeat --image for each",
    )
    _add_image_folder(parser)
    parser.add_argument(
        "--sentence-transformer",
        default=None,
        metavar="MODEL",
        help="embed texts with a model of sentence-transformers, such as "
        "paraphrase-multilingual-MiniLM-L12-v2: its name on the Hugging Face hub, or "
        "a folder below that of --output (default: LSA, which downloads nothing)",
    )
    _add_groups(parser)
    _add_training_options(parser)
    parser.add_argument(
        "--set",
        dest="settings",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another parameter of M3LContrastTopicModel, such as batch_size=16; "
        "repeat --set for each",
    )
    _add_output(parser, "the model to write")


def _add_topics(commands) -> None:
    parser = _add_command(
        commands,
        "topics",
        "_commands.topics",
        help="print the topics of a model that fit wrote",
        description="Print the top words of each topic in every language.",
    )
    _add_model(parser)


def _add_transform(commands) -> None:
    parser = _add_command(
        commands,
        "transform",
        "_commands.transform",
        help="infer the topics of another table",
        description="Infer topics from those columns of the model that a table has, "
        "and write one row of topics per row of the table.",
    )
    _add_model(parser)
    _add_table(parser)
    _add_image_folder(parser)
    _add_output(
        parser,
        "the table to write: .csv or .tsv, compressed if .gz, .bz2 or .xz follows",
        _table_file,
    )


def _add_evaluate(commands) -> None:
    parser = _add_command(
        commands,
        "evaluate",
        "_commands.evaluate",
        help="measure a model on another table",
        description="Print how well a model aligns the columns of a table that it was "
        "not trained on, and how well it predicts their words.",
    )
    _add_model(parser)
    _add_table(parser)
    _add_image_folder(parser)
    _add_groups(parser)


def _add_report(commands) -> None:
    parser = _add_command(
        commands,
        "report",
        "_commands.report",
        help="write a page of the topics of a model",
        description="Write one HTML page to read, search and share: all topics, a map "
        "of them, and rows of a table with the topics of each of their columns. The "
        "page works offline and contains everything that it shows.",
    )
    _add_model(parser)
    _add_table(parser)
    _add_image_folder(parser)
    parser.add_argument(
        "--max-rows",
        type=_whole_number(at_least=2),
        default=20_000,
        metavar="N",
        help="show at most this many rows, picked at random (default: %(default)s)",
    )
    _add_random_state(parser)
    _add_output(parser, "the page to write; an existing file is replaced")


def _add_command(commands, name: str, function: str, **texts: str):
    """Add a command that runs a function of a module of this package."""
    parser = commands.add_parser(name, **texts)
    parser.set_defaults(run=_Command(*function.split(".")))
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )
    return parser


class _Command:
    """A function that is imported, with all that it needs, when it is called."""

    def __init__(self, module: str, function: str):
        self.module = module
        self.function = function

    def __call__(self, **arguments: Any) -> None:
        module = import_module(f"sklearn_m3l.cli.{self.module}")
        getattr(module, self.function)(**arguments)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a file that fit wrote"
    )


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "table",
        type=Path,
        metavar="TABLE",
        help="a CSV or TSV file with a header; it can be compressed by gzip or bzip2",
    )
    parser.add_argument(
        "--separator",
        type=_separator,
        default=None,
        metavar="CHARACTER",
        help="what separates cells, or the word tab (default: a tab in .tsv files, "
        "otherwise the tab, semicolon or comma that the header has most of)",
    )
    parser.add_argument(
        "--quoting",
        choices=["auto", "double", "none"],
        default="auto",
        help='double: cells can be enclosed in "quotation marks", also over several '
        "lines; none: quotation marks are ordinary characters; auto: like double, but "
        "a table separated by tabs whose quotation marks seem to swallow rows is an "
        "error (default: %(default)s)",
    )
    parser.add_argument(
        "--encoding",
        type=_encoding,
        default="utf-8",
        metavar="NAME",
        help="such as cp1252, latin-1 or utf-16 (default: %(default)s)",
    )


def _add_image_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image-folder",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="the folder that paths of pictures are relative to; all pictures must be "
        "inside (default: the folder of TABLE)",
    )


def _add_groups(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--groups",
        default=None,
        metavar="COLUMN",
        help="a column of article ids, if several rows belong to one article",
    )


def _add_output(
    parser: argparse.ArgumentParser, text: str, kind: Callable | None = None
) -> None:
    parser.add_argument(
        "--output",
        "-o",
        type=kind or _output_file,
        required=True,
        metavar="FILE",
        help=text,
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


def _setting(text: str) -> tuple[str, Any]:
    """Return name and value of a parameter; a value that is not a literal is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
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


def _separator(value: str) -> str:
    """Return a character that can separate cells; an argument type."""
    character = "\t" if value in ("tab", "\\t") else value
    if len(character) != 1 or character in '"\n\r':
        raise argparse.ArgumentTypeError(
            f"must be one character or the word tab, not {value!r}"
        )
    return character


def _encoding(value: str) -> str:
    """Return the plain name of an encoding; an argument type."""
    import codecs

    try:
        "".encode(value)  # refuses codecs that are not encodings of text
        return codecs.lookup(value).name
    except (LookupError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"must be an encoding that Python knows, such as utf-8, not {value!r}"
        ) from error


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


def _table_file(value: str) -> Path:
    """Return the path of a table that can be written; an argument type."""
    path = Path(value)
    suffix = path.suffix.lower()
    if suffix in _PACKED_SUFFIXES:
        suffix = path.with_suffix("").suffix.lower()
    if suffix not in _TABLE_SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"cannot write {suffix} files: {value!r} must end with .csv or .tsv, and "
            f"optionally one of {', '.join(_PACKED_SUFFIXES)}"
        )
    return _output_file(value)

"""Types of argument values."""

import argparse
import ast
import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sklearn_m3l.utils._files import check_writable

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", "")
_PACKED_SUFFIXES = (".gz", ".bz2", ".xz")


def setting(text: str) -> tuple[str, Any]:
    """Return name and value of a parameter; a value that is not a literal is text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return name, value


def topic_name(text: str) -> tuple[int, str]:
    """Return number and name of a topic; an argument type."""
    number, equals, name = text.partition("=")
    if not equals or not number.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not TOPIC=NAME, such as 3=sea")
    return int(number), name


def topic_numbers(text: str) -> list[int]:
    """Return numbers of topics between commas; an argument type."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of a topic, or several such as 3,7"
        )
    return list(map(int, parts))


def share(value: str) -> float:
    """Return a number from 0 to 1; an argument type."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {value!r}")
    return number


def positive(value: str) -> float:
    """Return a finite number above zero; an argument type."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {value!r}")
    return number


def number_or_share(value: str) -> int | float:
    """Return a number of texts, or a share of them; an argument type."""
    try:
        number = int(value) if value.isdecimal() else float(value)
    except ValueError:
        number = -1
    if not (number >= 1 if isinstance(number, int) else 0 <= number <= 1):
        raise argparse.ArgumentTypeError(
            "must be a whole number of at least 1, or a share from 0.0 to 1.0, not "
            f"{value!r}"
        )
    return number


def whole_number(*, at_least: int, at_most: int | None = None) -> Callable[[str], int]:
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


def corpus(value: str) -> str:
    """Return LANGUAGE=FILE; an argument type."""
    language, equals, file = value.partition("=")
    if not (language and equals and file):
        raise argparse.ArgumentTypeError(f"{value!r} is not LANGUAGE=FILE")
    return value


def separator(value: str) -> str:
    """Return a character that can separate cells; an argument type."""
    character = "\t" if value in ("tab", "\\t") else value
    if len(character) != 1 or character in '"\n\r':
        raise argparse.ArgumentTypeError(
            f"must be one character or the word tab, not {value!r}"
        )
    return character


def encoding(value: str) -> str:
    """Return the plain name of an encoding; an argument type."""
    import codecs

    try:
        "".encode(value)  # fails for codecs that are not encodings of text
        return codecs.lookup(value).name
    except (LookupError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"must be an encoding that Python knows, such as utf-8, not {value!r}"
        ) from error


def output_file(value: str) -> Path:
    """Return the path of a file that can be written; an argument type."""
    path = Path(value)
    try:
        check_writable(path)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot write {value!r}: {error.strerror or error}"
        ) from error
    return path


def bins(value: str) -> int | str:
    """Return a number of bins, or a frequency; an argument type."""
    return whole_number(at_least=1)(value) if value.isdecimal() else value


def column_and_bins(text: str) -> tuple[str, int | str | None]:
    """Return a column, and how its values become levels; an argument type."""
    name, equals, given = text.rpartition("=")
    return (name, bins(given)) if equals else (text, None)


def figure_file(value: str) -> Path:
    """Return the path of a figure that can be written; an argument type."""
    if Path(value).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise argparse.ArgumentTypeError(
            f"must end with .png, .svg or .pdf, not {value!r}"
        )
    return output_file(value)


def documents_file(value: str) -> Path:
    """Return the path of a table or workbook that can be written; an argument type."""
    if Path(value).suffix.lower() != ".xlsx":
        return table_file(value)
    if find_spec("openpyxl") is None:
        raise argparse.ArgumentTypeError(
            "writing a workbook needs the package openpyxl; run: pip install "
            "'sklearn-m3l[workbook]'"
        )
    return output_file(value)


def table_file(value: str) -> Path:
    """Return the path of a table that can be written; an argument type."""
    path = Path(value)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _check_parquet()
        return output_file(value)
    if suffix in _PACKED_SUFFIXES:
        suffix = path.with_suffix("").suffix.lower()
    if suffix not in _TABLE_SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"cannot write {suffix} files: {value!r} must end with .parquet, or .csv "
            f"or .tsv and optionally one of {', '.join(_PACKED_SUFFIXES)}"
        )
    return output_file(value)


def _check_parquet() -> None:
    if find_spec("pyarrow") is None:
        raise argparse.ArgumentTypeError(
            "writing Parquet files needs the package pyarrow; run: pip install "
            "'sklearn-m3l[parquet]'"
        )

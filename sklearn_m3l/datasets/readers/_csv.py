"""Reader of tables with a header: CSV, TSV and Parquet files with any columns."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sklearn_m3l.datasets.readers._parquet import is_parquet, read_parquet
from sklearn_m3l.datasets.readers._streams import Source, reading

QUOTINGS = ("auto", "double", "none")
# Rarer characters in texts first: they win ties in a header.
_SEPARATORS = "\t;,"
_QUOTED = re.compile(r'"(?:[^"]|"")*(?:"|$)')


class Format(NamedTuple):
    """The format of a table.

    Parameters
    ----------
    separator : str or None
        The character between cells. By default a tab in ``.tsv`` files, and otherwise
        the most frequent of tab, semicolon and comma outside quotes in the header. A
        header with none of them means a single column, whose texts may contain commas.
    quoting : {"auto", "double", "none"}
        "double": cells may be enclosed in quotation marks, and then contain separators
        and line breaks. "auto": the same, but if tabs separate cells, a quoted cell
        with both a tab and a line break is an error, because it is most likely several
        rows with stray quotation marks. "none": quotation marks are ordinary
        characters.
    encoding : str
        The encoding of the text; "utf-8" includes files with a byte order mark.
    """

    separator: str | None = None
    quoting: str = "auto"
    encoding: str = "utf-8"


class Table(NamedTuple):
    """Columns of a table.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Strings, None for empty cells. The index counts rows from 1.
    lines : list of int of length n_rows
        The line of the file in which each row begins, counted from 1; in a Parquet
        file, the number of the row.
    n_lines : int
        The lines of the file, including the header; in a Parquet file, the rows.
    unit : {"line", "row"}
        The unit of `lines`.
    """

    frame: pd.DataFrame
    lines: Sequence[int]
    n_lines: int
    unit: str = "line"


def read_table(
    path: Path,
    select: Callable[[list[str]], Sequence[str]],
    form: Format = Format(),  # noqa: B008 (immutable)
) -> Table:
    """Read columns of a CSV or TSV file with a header, plain or compressed.

    A folder, or a file that ends with ``.parquet``, is read as Parquet. Only selected
    columns are kept, so the file need not fit in memory.

    Every row of the file becomes one row of the result. In a table with one column, a
    blank line is a row with an empty cell.

    Parameters
    ----------
    path : Path
        The file.
    select : callable
        Takes the names of all columns, in Unicode normal form C, and returns those to
        read.
    form : Format
        The format of the file.

    Returns
    -------
    Table
        The selected columns, in the order of `select`.

    Raises
    ------
    ValueError
        If a selected column is missing or repeated, if there are no rows, or if
        anything is ambiguous or damaged: a row with more or fewer cells than the
        header, text after a closing quote, an unclosed quote, damaged compression, or
        another encoding. The message names the file and the line.
    OSError
        If the file cannot be opened.
    """
    if is_parquet(path):
        names, cells = read_parquet(path, select)
        return Table(_frame(cells, names), range(1, len(cells) + 1), len(cells), "row")
    separator = form.separator or _SEPARATORS[0]
    try:
        if form.separator is None:
            with reading([path], encoding=form.encoding) as (source,):
                separator = _find_separator(source)
        with reading([path], encoding=form.encoding) as (source,):
            rows = source.table(separator, quoting=form.quoting != "none")
            header = next(rows)[1]
            if form.quoting == "auto" and separator == "\t":
                rows = _without_swallowed_rows(source, rows)
            header = [unicodedata.normalize("NFC", name) for name in header]
            names = list(select(header))
            places = [_find_column(path, header, name) for name in names]
            cells, lines = [], []
            for line, row in rows:
                cells.append([row[place] or None for place in places])
                lines.append(line)
        if not cells:
            raise ValueError(f"{path} has no rows below its header")
    except ValueError as error:
        raise ValueError(
            f"{error} (read with separator {separator!r}, quoting {form.quoting!r} and "
            f"encoding {form.encoding!r}; set these if the file has another format)"
        ) from error
    return Table(_frame(cells, names), lines, source.n_lines)


def _frame(cells: list, names: list[str]) -> pd.DataFrame:
    index = pd.RangeIndex(1, len(cells) + 1)
    return pd.DataFrame(cells, index, names, dtype=object)


def _find_separator(source: Source) -> str:
    """Return the most frequent separator outside quotes in the first line."""
    if ".tsv" in [suffix.lower() for suffix in source.path.suffixes]:
        return "\t"
    lines = source.lines()
    _, header = next(lines, (1, ""))
    lines.close()
    return max(_SEPARATORS, key=_QUOTED.sub("", header or "").count)


def _without_swallowed_rows(source: Source, rows: Iterator) -> Iterator:
    """Refuse quoted cells that seem to be several rows with stray quotation marks."""
    for line, row in rows:
        for cell in row:
            if "\n" in cell and "\t" in cell:
                source.report(
                    line,
                    f"a quoted cell of {cell.count(chr(10)) + 1} lines holds tabs, so "
                    "it is most likely several rows; quoting 'none' reads quotation "
                    "marks as ordinary characters, quoting 'double' accepts the cell",
                )
        yield line, row


def _find_column(path: Path, header: list[str], name: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    count = "several columns" if name in header else "no column"
    raise ValueError(
        f"{path} has {count} {name!r}; its columns are {', '.join(header)}"
    )

"""Read mutated tables as the command line does: rows in must be rows out.

    python -m benchmarks.fuzz_tables --cases 20000 --jobs 2

Every file is a mutation of a small CSV or TSV file, plain or compressed. Those that
are read must have the lines, rows and cells that a second reader finds, which was
written for this alone. All others are refused with the file and a line, or with what is
wrong with the file as a whole. `benchmarks.fuzzing` tells what else counts as a
failure.
"""

import bz2
import gzip
import random
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.fuzz_readers import COMPRESS, mutate
from benchmarks.fuzzing import main, write
from sklearn_m3l.datasets.readers._csv import Format, Table, read_table

# Names of files say how the table is read: its quotation marks, and what is between
# cells. A table of one column has something else than what is between cells.
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "one": ";"}
_QUOTINGS = ("auto", "double", "none")
_SUFFIXES = (".csv", ".tsv")

# Millions of rows of few characters take longer than a file may.
_MOST_BYTES = 5 * 10**6

_LINE = re.compile(r", line \d+: ")
_OF_THE_FILE = re.compile("has no rows below its header|has several columns")

_ROWS = [
    ["en", "de", "Text, long"],
    ["a brush", "ein Pinsel", 'the "big" one'],
    ['"quoted"', "", "two\nlines; and, more"],
    ["ink|pen", "Tinte\tblau", "x"],
    ["", "", ""],
    ["last", 'ein " allein', "NA"],
]


def make_table(width: int, separator: str) -> bytes:
    """Return a table; some cells are quoted though they need not be."""
    lines = []
    for number, row in enumerate(_ROWS):
        cells = [
            '"' + cell.replace('"', '""') + '"'
            if (number + place) % 2 or set(cell) & {separator, '"', "\n"}
            else cell
            for place, cell in enumerate(row[:width])
        ]
        lines.append(separator.join(cells) + "\n")
    return "".join(lines).encode()


def parse(text: str, separator: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Iterate over the lines and cells of rows that are known to be without fault."""
    row: list[str] = []
    cell, is_inside, is_begun, line, start, place = "", False, False, 1, 1, 0
    while place < len(text):
        character, following = text[place], text[place + 1 : place + 2]
        place += 1
        line += character == "\n"
        if is_inside and character == '"' and following == '"':
            cell, place = cell + '"', place + 1
        elif is_inside and character == '"':
            is_inside = False
        elif is_inside:
            cell += character
        elif quoted and character == '"' and not is_begun:
            is_inside = is_begun = True
        elif character == separator:
            row, cell, is_begun = [*row, cell], "", False
        elif character == "\n":
            yield start, [*row, cell]
            row, cell, is_begun, start = [], "", False, line
        elif character != "\r" or following not in ("\n", ""):
            cell, is_begun = cell + character, True
    if row or is_begun:
        yield start, [*row, cell]


class TableFiles:
    """Mutations of small tables."""

    refusal = ValueError

    def __init__(self):
        self.tables = {
            kind: make_table(1 if kind == "one" else 3, separator)
            for kind, separator in _SEPARATORS.items()
        }

    def begin(self, folder: Path) -> None:
        """Check the second reader, and read the tables in every compression."""
        for kind, data in self.tables.items():
            rows = [row for _, row in parse(data.decode(), _SEPARATORS[kind], True)]
            assert rows == [row[: len(rows[0])] for row in _ROWS]
            for suffix, compress in COMPRESS.items():
                write({f"double.{kind}.csv{suffix}": compress(data)}, folder)
                assert len(self.read(folder).frame) == len(_ROWS) - 1

    def mutate(self, rng: random.Random) -> dict[str, bytes]:
        """Return one of the tables, changed before or after it is compressed."""
        kind, suffix = rng.choice(list(_SEPARATORS)), rng.choice(list(COMPRESS))
        data, others = self.tables[kind], list(self.tables.values())
        is_before = suffix == "" or rng.random() < 0.8
        for _ in range(rng.choice([1, 1, 2, 5]) if is_before else 0):
            data = mutate(data, others, rng)[:_MOST_BYTES]
        data = COMPRESS[suffix](data)
        if not is_before:
            data = mutate(data, others, rng)
        way = f"{rng.choice(_QUOTINGS)}.{kind}{rng.choice(_SUFFIXES)}"
        return {f"{way}{suffix}": data}

    def read(self, folder: Path) -> Table:
        """Read a table; a refusal names the file and the line."""
        (path,) = folder.iterdir()
        quoting, kind = path.name.split(".")[:2]
        separator = _SEPARATORS[kind]
        try:
            table = read_table(path, lambda names: names, Format(separator, quoting))
        except ValueError as error:
            told = str(error)
            assert str(path) in told, f"no file in: {told}"
            assert _LINE.search(told) or _OF_THE_FILE.search(told), f"no line: {told}"
            raise
        _compare(table, _unpack(path.read_bytes()), separator, quoting != "none")
        return table

    def use(self, result: Any) -> None:
        """Do nothing: all is read."""


def _unpack(data: bytes) -> str:
    for head, unpack in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress)):
        if data.startswith(head):
            data = unpack(data)
            break
    return data.decode("utf-8-sig")


def _compare(table: Table, text: str, separator: str, quoted: bool) -> None:
    """Compare a table with what the second reader finds, unless that takes long."""
    if len(text) > 10**6:
        return
    (_, header), *rows = parse(text, separator, quoted)
    while len(header) > 1 and rows and rows[-1][1] == [""]:
        rows.pop()  # the end of the file is not a row
    assert list(table.frame) == [unicodedata.normalize("NFC", n) for n in header]
    assert len(table.frame) == len(rows), f"{len(table.frame)} rows, not {len(rows)}"
    assert table.lines == [line for line, _ in rows], "other lines"
    cells = [["" if pd.isna(c) else c for c in row] for row in table.frame.to_numpy()]
    assert cells == [row for _, row in rows], "other cells"
    assert table.n_lines == text.count("\n") + (not text.endswith("\n"))


if __name__ == "__main__":
    sys.exit(main(TableFiles(), __doc__.split("\n")[0]))

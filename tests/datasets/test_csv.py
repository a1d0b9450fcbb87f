"""Tests of the reader of tables: rows in are rows out, or an error names the line."""

import bz2
import csv
import gzip
import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_m3l.datasets.readers._csv import Format, read_table


@pytest.fixture
def read(tmp_path):
    """Return a function that reads all columns of a file with this content."""

    def read(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, lambda columns: columns, Format(**options))

    return read


def cells(table):
    return table.frame.to_numpy().tolist()


CELLS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


@settings(deadline=None, max_examples=100)
@given(
    rows=st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1)
    ),
    separator=st.sampled_from(",;\t|"),
)
def test_what_was_written_is_read(tmp_path_factory, rows, separator):
    text = io.StringIO(newline="")
    header = ["first", "second", "third"][: len(rows[0])]
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([header, *rows])
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_bytes(text.getvalue().encode())
    table = read_table(path, lambda names: names, Format(separator, "double"))
    assert cells(table) == [[cell or None for cell in row] for row in rows]
    assert list(table.frame) == header
    assert table.frame.index.tolist() == list(range(1, len(rows) + 1))
    assert table.n_lines == text.getvalue().count("\n")


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1))
def test_without_quoting_a_line_is_a_row(tmp_path_factory, rows):
    rows = [[cell.translate({9: " ", 10: " "}) for cell in row] for row in rows]
    lines = ["en\tde", *map("\t".join, rows)]
    path = tmp_path_factory.getbasetemp() / "unquoted.tsv"
    path.write_bytes("\n".join(lines).encode())
    table = read_table(path, lambda names: names, Format(quoting="none"))
    assert cells(table) == [[cell or None for cell in row] for row in rows]
    assert table.lines == list(range(2, len(rows) + 2))


def many_rows(**changed):
    """Return the lines of a TSV of 60 rows, some of them changed by their line."""
    lines = ["en\tde", *(f"text {row}\tText {row}" for row in range(60))]
    for line, text in changed.items():
        lines[int(line.removeprefix("line")) - 1] = text
    return "\n".join(lines) + "\n"


SWALLOWED = {
    "quotes begin two cells": (
        {"line10": '"Gone with the wind\tVerweht', "line30": '"Psycho\tPsycho'},
        "line 10: not a row: text after the closing quote",
    ),
    "quotes around ten rows": (
        {"line10": '"Gone with\tVerweht', "line20": 'the wind"\tPsycho'},
        "line 10: a quoted cell of 11 lines holds tabs",
    ),
    "a quote that is never closed": (
        {"line50": '"Gone\tVerweht'},
        "line 50: not a row: a quoted cell that is never closed",
    ),
    "a quote in the last cell": (
        {"line10": 'Gone\t"Verweht', "line20": 'Psycho\tPsycho"'},
        "line 10: a quoted cell of 11 lines holds tabs",
    ),
}


@pytest.mark.parametrize("case", SWALLOWED)
def test_quotes_swallow_no_rows(read, case):
    changed, message = SWALLOWED[case]
    content = many_rows(**changed)
    with pytest.raises(ValueError, match=rf"table\.tsv, {message}.*quoting 'auto'"):
        read(content, "table.tsv")
    table = read(content, "table.tsv", quoting="none")
    assert len(table.frame) == 60
    first = int(next(iter(changed)).removeprefix("line"))
    assert table.frame["en"][first - 1] == changed[f"line{first}"].split("\t")[0]


def test_quotes_can_be_trusted(read):
    content = 'en\tde\n"a\tb\nc"\td\n'
    assert cells(read(content, "x.tsv", quoting="double")) == [["a\tb\nc", "d"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('en,de\na,b\n"b\\"c",d\n', "line 3: not a row: text after the closing quote"),
        ("en,de\na,b\nc\n", "line 3: 1 columns instead of 2"),
        ("en,de\na,b,c\nd,e,f\n", "line 2: 3 columns instead of 2"),
        ('en,de\n"a\nb",c\nd,e,f\n', "line 4: 3 columns instead of 2"),
        ("en,de\n\na,b\n", "line 2: a blank line instead of 2 columns"),
        ("en,de\na,b\n\r\nc,d\n", "line 3: a blank line instead of 2 columns"),
        ("en,de\r1,2\r", "line 1: not a row: a carriage return that ends no line"),
        (b"en,de\na,b\nf\xfcr,c\n", "line 3: not UTF-8: byte 0xfc"),
        ("en,de\na,b\n".encode("utf-16"), "line 1: not UTF-8 but UTF-16"),
        (b"PK\3\4" + bytes(99), "line 1: not a text but a workbook"),
        (b"PAR1" + bytes(99), "line 1: not a text but a Parquet file"),
        ("", "line 1: there is no header"),
        ("\na,b\n", "line 1: there is no header"),
        ("en,de\n", " has no rows below its header"),
        (
            gzip.compress(b"en,de\n" + b"a,b\n" * 999, mtime=0)[:-9],
            "line .*damaged or cut off",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(read, content, message):
    with pytest.raises(ValueError, match=rf"table\.csv,? ?{message}"):
        read(content)


def test_errors_say_how_the_file_was_read(read):
    with pytest.raises(ValueError, match="separator ';', quoting 'auto' and .*'utf-8'"):
        read("en;de\na,b\n")
    with pytest.raises(ValueError, match="quoting 'none' and encoding 'cp1252'"):
        read("en;de\na;b;c\n", quoting="none", encoding="cp1252")


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n\r\n"])
def test_blank_lines_are_rows_of_one_column(read, end):
    table = read(f"text\na\n\nb{end}")
    expected = [["a"], [None], ["b"], *[[None]] * (end.count("\n") > 1)]
    assert cells(table) == expected
    assert table.lines == [2, 3, 4, 5][: len(expected)]


def test_blank_lines_may_end_a_table_of_several_columns(read):
    assert cells(read("en,de\na,b\n\n\r\n")) == [["a", "b"]]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ('"Text, English";"Text, German"', ["Text, English", "Text, German"]),
        ('"a;b;c",d', ["a;b;c", "d"]),
        ('"say ""a,b,c""";x', ['say "a,b,c"', "x"]),
        ("en\tde, fr", ["en", "de, fr"]),
        ("a\u0308", ["ä"]),
    ],
)
def test_headers(read, header, columns):
    assert list(read(f"{header}\n{header}\n").frame) == columns


def test_texts_of_one_column_may_have_commas(read):
    assert cells(read("text\nfirst, then; x\n")) == [["first, then; x"]]


def test_chosen_separator(read):
    assert cells(read("en|de\na,b|c\n", separator="|")) == [["a,b", "c"]]
    assert cells(read("en,de\na,b\n", "x.tsv", separator=",")) == [["a", "b"]]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "shift_jis"])
def test_encodings(read, encoding):
    text = "en,de\nü,é\n".replace("ü,é", "表,ソ" if encoding == "shift_jis" else "ü,é")
    content = text.encode(encoding)
    assert cells(read(content, encoding=encoding)) == [text[6:-1].split(",")]
    if encoding != "cp1252":
        with pytest.raises(ValueError, match=rf"line \d: not {encoding}"):
            read(content + b"\x81\xff\xff", encoding=encoding)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.GZ", "table"])
def test_compression_is_told_by_content(read, pack, name):
    assert cells(read(pack(b"en,de\na,b\n"), name)) == [["a", "b"]]


@pytest.mark.parametrize(("names", "count"), [(["fr"], "no"), (["de"], "several")])
def test_columns_that_are_not_there_once(tmp_path, names, count):
    path = tmp_path / "table.csv"
    path.write_text("en,de,de\na,b,c\n")
    message = rf"{count} columns? '{names[0]}'; its columns are en, de, de"
    with pytest.raises(ValueError, match=message):
        read_table(path, lambda columns: names)


@pytest.mark.parametrize("content", ['a\tb\n"x\ty\nz"\tw\n' * 2, "a\tb\n1\t2\n"])
def test_files_are_closed_where_reading_ends_early(tmp_path, content):
    def select(columns):
        if content.endswith("2\n"):
            raise ValueError("no such column")
        return columns

    path = tmp_path / "table.tsv"
    path.write_text(content)
    with pytest.raises(ValueError) as error:
        read_table(path, select)
    # The traceback holds the iterators, but not an open file.
    assert error.tb is not None
    opened = [
        os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
    ]
    assert str(path) not in opened


def test_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ValueError, match=r"pipe\.csv is not a regular file"):
        read_table(tmp_path / "pipe.csv", lambda columns: columns)

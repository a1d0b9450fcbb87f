"""Read mutated corpus files: each must be read or be refused, and nothing else.

    python -m benchmarks.fuzz_readers --cases 20000 --jobs 2

Every file is a mutation of a small corpus in the format of one of the readers of
`sklearn_m3l.datasets`, or a table as the command line takes them, plain or compressed:
bits and bytes anywhere, before and after the compression, and pieces that the formats
give a meaning to. A refusal is a ValueError that names the file. Each file is read
twice, whole and by chunks with damage skipped; where it is whole, both must agree.
`benchmarks.fuzzing` tells what else counts as a failure.
"""

import bz2
import csv
import gzip
import io
import json
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pandas as pd

from benchmarks.fuzzing import main, write
from sklearn_m3l.datasets import (
    load_gimp_help,
    read_m3l_csv,
    read_mallet,
    read_octis,
    read_wikipedia_comparable,
    read_wit,
)
from sklearn_m3l.datasets.readers._csv import Format, read_table
from sklearn_m3l.datasets.readers._tables import _WIT_COLUMNS

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, 1),
    ".bz2": lambda data: bz2.compress(data, 1),
}
# What some format gives a meaning to, or a decoder may stumble on.
_PIECES = [
    *(
        b'"',
        b'""',
        b"'",
        b"\t",
        b",",
        b";",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b" ",
        b"\0",
    ),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1a", b"\x0b", b"\x0c"),
    *("\x85".encode(), "\u2028".encode(), "\u0663".encode(), "\U0010ffff".encode()),
    *(b"<", b">", b"&", b"&amp;", b"&lt", b"&x;", b"&#0;", b"&#xD800;", b"&#65;"),
    *(b"<!DOCTYPE a [<!ENTITY x 'xx'>]>", b"<![CDATA[", b"]]>", b"<!--", b"<?a b?>"),
    *(b"<articlePair id='7'>", b"</articlePair>", b"</wikipediaComparable>", b"<p/>"),
    *(b"<content>", b"</content>", b"<article>", b"<table>", b"xmlns:a='b' ", b"a:"),
    *(b"-1", b"0", b"1e999", b"NaN", b"null", b"9" * 5000, b"[" * 10**5, b"{}", b"[]"),
    *(b"<p>" * 10**5, b"x" * 10**5, b"train", b"val", b"en", b"image_url", b"\\N"),
]


def _cells(frame: pd.DataFrame) -> list[list]:
    """Return the cells, with None for all that is missing."""
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in frame.values]
    assert all(cell is None or isinstance(cell, str) for row in rows for cell in row)
    return [
        list(row) for row in zip(frame.index, *zip(*rows, strict=True), strict=True)
    ]


def _read_command_table(path: Path, **options: Any) -> Any:
    """Read a table as the command line does; rows in must be rows out.

    The command line skips nothing and reads tables whole.
    """
    quoting = "none" if path.name.startswith("table-none") else "auto"
    table = read_table(path, lambda columns: columns, Format(quoting=quoting))
    ends = [*table.lines[1:], table.n_lines + 1]
    spans = [end - line for line, end in zip(table.lines, ends, strict=True)]
    assert table.lines[0] > 1 and min(spans) > 0, "rows overlap"
    if quoting == "none":
        # A line is a row, but for blank ones that end a table of several columns.
        n_blank = table.n_lines - 1 - len(table.frame)
        assert n_blank == 0 or (n_blank > 0 and table.frame.shape[1] > 1), "rows lost"
        assert set(spans[:-1]) <= {1}, "a row of several lines"
    return [table.frame] if options else table.frame


def _read(folder: Path, **options: Any) -> Any:
    """Read the files of a folder by the reader of their format."""
    paths = sorted(folder.iterdir())
    match paths[0].name.split(".")[0]:
        case "corpus":
            return read_octis(folder, **options, return_info=True)[0]
        case "de":
            return read_mallet({"en": paths[1], "de": paths[0]}, **options)
        case "m3l":
            return read_m3l_csv(paths[0], **options)
        case "table" | "table-none":
            return _read_command_table(paths[0], **options)
        case "wit":
            return read_wit(paths, ["en", "de"], columns=["mime_type"], **options)
        case _:
            return read_wikipedia_comparable(paths[0], **options)


def corpora() -> list[dict[str, bytes]]:
    """Return a small corpus in every format, as files by name."""
    pages = load_gimp_help("test").frame[["en", "de"]].drop_duplicates()[:6]
    texts = [(en[:300], de[:300]) for en, de in pages.to_numpy()]
    lines = [(" ".join(en.split()), " ".join(de.split())) for en, de in texts]
    names = [page.replace("/", "-") for page in pages.index]
    addresses = [f"https://a.org/{name}.jpg" for name in names]
    words = sorted({word for en, _ in lines for word in en.split()})
    wit = [
        [language if column == "language" else name if column == "page_title" else
         address if column == "image_url" else column for column in _WIT_COLUMNS]
        for name, address in zip(names, addresses, strict=True)
        for language in ("en", "de")
    ]  # fmt: skip
    splits = ["train", "val", "test"] * 2
    head = ["de_title", "en_title", "de_text", "en_text", "image_url"]
    return [
        {"wikicomp.xml": _wikicomp(names, texts)},
        {
            "m3l.csv": _table(
                [head]
                + [
                    [name, name, de, en, address]
                    for name, address, (en, de) in zip(
                        names, addresses, texts, strict=True
                    )
                ],
                ",",
            )
        },
        {"wit.tsv": _table([list(_WIT_COLUMNS), *wit], "\t")},
        {"table.csv": _table([["en", "de"], *map(list, texts)], ",")},
        {"table.tsv": _table([["en", "de"], *map(list, lines)], "\t")},
        {"table-none.tsv": _table([["en", "de"], *map(list, lines)], "\t")},
        {
            f"{language}.txt": "".join(
                f"{name}\t{language}\t{line[place]}\n"
                for name, line in zip(names, lines, strict=True)
            ).encode()
            for place, language in enumerate(["en", "de"])
        },
        {
            "corpus.tsv": _table(
                [
                    [en.replace('"', ""), split, "page"]
                    for (en, _), split in zip(lines, splits, strict=True)
                ],
                "\t",
            ),
            "vocabulary.txt": "\n".join(words).encode(),
            "indexes.txt": "\n".join(names).encode(),
            "metadata.json": json.dumps({"total_documents": 6, "words": 9}).encode(),
        },
    ]


def _table(rows: list[list[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _wikicomp(names, texts) -> bytes:
    pairs = "".join(
        f'<articlePair id="{number}">\n'
        + "".join(
            f'<article lang="{language}" name={quoteattr(name)}>'
            f'<categories name="GIMP"/>\n<content><h>{escape(name)}</h>'
            f"<p>{escape(text)}</p><table><cell>1</cell></table></content></article>\n"
            for language, text in zip(["en", "de"], pair, strict=True)
        )
        + "</articlePair>\n"
        for number, (name, pair) in enumerate(zip(names, texts, strict=True))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wikipediaComparable name="de-en">\n'
        '<header><wikipediaSource language="de" name="dewiki.xml"/>\n'
        '<wikipediaSource language="en" name="enwiki.xml"/></header>\n'
        f"{pairs}</wikipediaComparable>\n"
    ).encode()


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return bytes with a change."""
    start, end = sorted(rng.choices(range(len(data) + 1), k=2))
    match rng.choices(range(8), [6, 2, 3, 10, 4, 4, 4, 0.05])[0]:
        case 0:
            flipped = bytearray(data)
            for _ in range(rng.choice([1, 1, 2, 8]) if data else 0):
                flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(flipped)
        case 1:
            return data[:start]
        case 2:
            return data[:start] + data[min(end, start + 200) :]
        case 3:
            return data[:start] + rng.choice(_PIECES) + data[start:]
        case 4:
            return data[:start] + rng.choice(_PIECES) + data[start + 1 :]
        case 5:  # lines, fields and elements are there again, or moved
            place = rng.randrange(len(data) + 1)
            return data[:place] + data[start:end] + data[place:]
        case 6:
            other = rng.choice(others)
            place = rng.randrange(len(other) + 1)
            return data[:start] + other[place : place + rng.choice([9, 99, 9999])]
        case _:  # much more than it says
            piece = data[start:end] + rng.choice(_PIECES)
            return data[:start] + piece * (5 * 10**7 // len(piece)) + data[start:]


class CorpusFiles:
    """Mutations of a small corpus in every format."""

    refusal = ValueError

    def __init__(self):
        self.corpora = corpora()
        self.parts = [data for files in self.corpora for data in files.values()]

    def begin(self, folder: Path) -> None:
        """Read the corpora themselves, in every compression."""
        for files in self._all():
            write(files, folder)
            assert len(_read(folder)) >= 6
            self.read(folder)

    def _all(self) -> Iterator[dict[str, bytes]]:
        for files in self.corpora:
            for suffix in _suffixes(files):
                yield _compressed(files, suffix)

    def mutate(self, rng: random.Random) -> dict[str, bytes]:
        """Return the files of a corpus, one of them changed."""
        files = dict(rng.choice(self.corpora))
        suffix = rng.choice(_suffixes(files))
        name = rng.choice(list(files))
        is_before = suffix == "" or rng.random() < 0.5
        for _ in range(rng.choice([1, 1, 2, 5]) if is_before else 0):
            files[name] = mutate(files[name], self.parts, rng)[: 10**8]
        files = _compressed(files, suffix)
        if not is_before:
            name += suffix
            files[name] = mutate(files[name], self.parts, rng)
        return files

    def read(self, folder: Path) -> Any:
        """Read a corpus whole, then by chunks without what is damaged."""
        refused = None
        try:
            whole = _cells(_read(folder))
        except ValueError as error:
            refused = error
            assert str(folder) in str(error), f"no file in: {error}"
        with warnings.catch_warnings():
            if refused is not None:
                warnings.filterwarnings("ignore", "skipped ", UserWarning)
            size = sum(path.stat().st_size for path in folder.iterdir())
            try:
                # Tables of two rows meet every border, and take long where it is far.
                chunks = _read(
                    folder, on_error="skip", chunksize=2 if size < 10**5 else 10**4
                )
                parts = [row for chunk in chunks for row in _cells(chunk)]
            except ValueError as error:
                assert refused is not None, f"refused where damage is skipped: {error}"
                assert str(folder) in str(error), f"no file in: {error}"
        if refused is not None:
            raise refused
        assert parts == whole, "chunks are not the whole"

    def use(self, result: Any) -> None:
        """Do nothing: all is read."""


def _suffixes(files: dict[str, bytes]) -> list[str]:
    """Return the compressions that a reader takes."""
    if "corpus.tsv" in files:
        return [""]
    return list(COMPRESS)


def _compressed(files: dict[str, bytes], suffix: str) -> dict[str, bytes]:
    return {name + suffix: COMPRESS[suffix](data) for name, data in files.items()}


if __name__ == "__main__":
    sys.exit(main(CorpusFiles(), __doc__.split("\n")[0]))

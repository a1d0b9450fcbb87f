"""Shared parts of readers of corpora: files, progress, damage and frames."""

import bz2
import csv
import gzip
import io
import numbers
import os
import warnings
import zlib
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from sklearn.utils import check_scalar
from tqdm.auto import tqdm

PathLike: TypeAlias = str | os.PathLike[str]
# The names of the columns, then the values of each row.
Rows: TypeAlias = Generator[Sequence[Any], None, None]

# Longer lines or rows count as damage, to bound the memory of a reader.
LONGEST = 2**24
# The first bytes of compressed files, and of files that are not text.
_COMPRESSED = {
    b"\x1f\x8b": ".gz",
    **{b"BZh%d1AY&SY" % level: ".bz2" for level in range(1, 10)},
}
_FOREIGN = {
    b"PK\x03\x04": "a workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
}
# Messages of the csv module in plain words.
_CSV_ERRORS = {
    "unexpected end of data": "a quoted cell that is never closed",
    "expected after": "text after the closing quote of a cell",
    "new-line character seen": "a carriage return that ends no line",
}
_BLOCK = 2**18
_N_TOLD = 5


class Source:
    """A corpus file, plain or compressed, that reports damage by line.

    Parameters
    ----------
    path : str or path-like
        The file. Its first bytes determine its compression.
    damage : _Damage
        Collects damage.
    bar : tqdm
        Shows the number of bytes read.
    encoding : str, default="utf-8"
        Encoding of the text.

    Attributes
    ----------
    n_lines : int
        Number of lines read so far.
    """

    def __init__(
        self, path: PathLike, damage: "_Damage", bar: tqdm, encoding: str = "utf-8"
    ):
        self.path = Path(path)
        self.n_lines = 0
        self._encoding = encoding
        self._damage = damage
        self._bar = bar
        self._undecodable = (0, "")
        self._n_of_row = 0
        self._first_lines: dict[Hashable, int] = {}
        self._raw: io.IOBase | None = None

    def close(self) -> None:
        """Close the file, which an unfinished iterator leaves open."""
        if self._raw is not None:
            self._raw.close()

    def report(self, line: int, what: str) -> None:
        """Raise ValueError for a line, or count it as skipped."""
        self._damage.report(f"{self.path}, line {line}: {what}")

    def is_new(self, line: int, key: Hashable, what: str) -> bool:
        """Return whether a key is new in the file; report a repeated key."""
        if key in self._first_lines:
            self.report(line, f"{what} is already in line {self._first_lines[key]}")
            return False
        self._first_lines[key] = line
        return True

    def fail(self, line: int, what: str) -> ValueError:
        """Return the error for an unreadable file."""
        return ValueError(f"{self.path}, line {line}: {what}")

    def blocks(self) -> Iterator[bytes]:
        """Yield the readable content in pieces."""
        n_lines = 1
        with self._open() as stream:
            try:
                while block := stream.read1(_BLOCK):
                    yield block
                    n_lines += block.count(b"\n")
            except (EOFError, OSError, zlib.error) as error:
                self._report_unreadable(n_lines, error)

    def lines(self) -> Generator[tuple[int, str | None], None, None]:
        """Yield the number and the text of each line; None if it is not UTF-8."""
        for number, line in enumerate(self._texts(), start=1):
            bad, why = self._undecodable
            if bad == number:
                self.report(number, why)
                yield number, None
            else:
                yield number, line.rstrip("\r\n")

    def rows(
        self, delimiter: str, *, quoting: bool = True
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the fields of each row.

        A blank line is a row with one empty field.
        """
        # The limit is shared by the process; the default is less than a long article.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
        reader = csv.reader(
            self._texts_of_rows(),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
            strict=True,
        )
        while True:
            line = reader.line_num + 1
            self._n_of_row = 0
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.report(line, f"not a row: {_explain(error)}")
                continue
            bad, why = self._undecodable
            if line <= bad <= reader.line_num:
                self.report(bad, why)
            else:
                yield line, row or [""]

    def table(
        self, delimiter: str, *, quoting: bool = True
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield the header, then the rows with equally many fields."""
        rows = self.rows(delimiter, quoting=quoting)
        line, header = next(rows, (1, [""]))
        if not any(header):
            raise self.fail(line, "there is no header")
        yield line, header
        yield from self.even(rows, len(header))

    def even(
        self, rows: Iterable[tuple[int, list[str]]], width: int
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows with this many fields, and report all others.

        In a table with several columns, blank lines are not rows: files may end with
        them.
        """
        blank = None
        for line, row in rows:
            if row == [""] and width > 1:
                blank = blank or line
                continue
            if blank is not None:
                self.report(blank, f"a blank line instead of {width} columns")
                blank = None
            if len(row) == width:
                yield line, row
            else:
                self.report(line, f"{len(row)} columns instead of {width}")

    @contextmanager
    def _open(self) -> Iterator[Any]:
        if self.path.exists() and not (self.path.is_file() or self.path.is_dir()):
            raise ValueError(f"{self.path} is not a regular file")
        with io.BufferedReader(_File(self.path, self._bar), _BLOCK) as raw:
            self._raw = raw
            head = raw.peek(8)
            for mark, kind in _FOREIGN.items():
                if head.startswith(mark):
                    raise self.fail(
                        1, f"not a text but {kind}; unpack it, or save it as text"
                    )
            found = [
                kind for mark, kind in _COMPRESSED.items() if head.startswith(mark)
            ]
            match (found or [self.path.suffix.lower()])[0]:
                case ".gz":
                    with gzip.GzipFile(fileobj=raw) as stream:
                        yield stream
                case ".bz2":
                    with bz2.BZ2File(raw) as stream:
                        yield stream
                case _:
                    yield raw

    def _texts(self) -> Iterator[str]:
        """Yield each line; replace and record characters that cannot be decoded."""
        with self._open() as stream:
            # In most encodings, lines end with the byte of ASCII's line feed.
            is_wide = "\n".encode(self._encoding) != b"\n"
            if is_wide:
                stream = io.TextIOWrapper(stream, self._encoding, newline="\n")
            try:
                while line := stream.readline(LONGEST + 1):
                    self.n_lines += 1
                    if len(line) > LONGEST:
                        self.report(self.n_lines, f"longer than {LONGEST:,} bytes")
                        return
                    yield line if is_wide else self._decode(self.n_lines, line)
            except UnicodeError as error:
                self.report(
                    self.n_lines + 1, f"not {self._encoding} from here: {error}"
                )
            except (EOFError, OSError, zlib.error) as error:
                self._report_unreadable(self.n_lines + 1, error)

    def _texts_of_rows(self) -> Iterator[str]:
        """Yield lines until a quoted row of many lines is too long."""
        for number, text in enumerate(self._texts(), start=1):
            self._n_of_row += len(text)
            if self._n_of_row > LONGEST:
                self.report(number, f"a row longer than {LONGEST:,} characters")
                return
            yield text

    def _decode(self, number: int, line: bytes) -> str:
        is_utf8 = self._encoding == "utf-8"
        encoding = "utf-8-sig" if is_utf8 and number == 1 else self._encoding
        try:
            return line.decode(encoding)
        except UnicodeDecodeError as error:
            why = why_not_utf8(error) if is_utf8 else f"not {encoding}: {error.reason}"
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                why = "not UTF-8 but UTF-16"
            self._undecodable = (number, why)
            return line.decode(encoding, errors="replace")

    def _report_unreadable(self, line: int, error: Exception) -> None:
        if isinstance(error, OSError) and error.errno is not None:
            raise error  # an error of the disk, not of the file
        self.report(line, f"the compressed file is damaged or cut off here ({error})")


def _explain(error: csv.Error) -> str:
    """Explain what is wrong with a row."""
    for part, meaning in _CSV_ERRORS.items():
        if part in str(error):
            return meaning
    return str(error)


class _File(io.FileIO):
    """A file that moves a progress bar as it is read."""

    def __init__(self, path: Path, bar: tqdm):
        super().__init__(path)
        self._bar = bar

    def readinto(self, buffer: Any) -> int | None:
        n_bytes = super().readinto(buffer)
        self._bar.update(n_bytes or 0)
        return n_bytes


class _Damage:
    """Report damage in files: an error at once, or one warning at the end."""

    def __init__(self, on_error: str):
        self._skip = on_error == "skip"
        self._n_skipped = 0
        self._told: list[str] = []

    def report(self, message: str) -> None:
        if not self._skip:
            raise ValueError(message)
        self._n_skipped += 1
        if len(self._told) < _N_TOLD:
            self._told.append(message)

    def warn(self) -> None:
        if not self._n_skipped:
            return
        more = self._n_skipped - len(self._told)
        told = "; ".join([*self._told, f"and {more} more"] if more else self._told)
        warnings.warn(f"skipped {self._n_skipped} damaged: {told}", stacklevel=2)


@contextmanager
def reading(
    paths: Iterable[PathLike],
    on_error: str = "raise",
    verbose: bool = False,
    encoding: str = "utf-8",
) -> Iterator[list[Source]]:
    """Yield a source for each file, with one progress bar; warn of skipped damage."""
    paths = list(paths)
    damage = _Damage(on_error)
    with tqdm(
        total=sum(os.path.getsize(path) for path in paths),
        desc="Reading",
        unit="B",
        unit_scale=True,
        disable=not verbose,
    ) as bar:
        sources = [Source(path, damage, bar, encoding) for path in paths]
        try:
            yield sources
        finally:
            for source in sources:
                source.close()
            damage.warn()


def to_frames(
    rows: Rows, chunksize: int | None, index: str | None = None
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Make one frame of all rows, or an iterator of frames of `chunksize` rows."""
    columns = list(next(rows))  # report a wrong header at once
    if chunksize is not None:
        return _chunks(rows, columns, chunksize, index)
    return next(_chunks(rows, columns, None, index), _frame([], columns, index, 0))


def _chunks(rows, columns, chunksize, index) -> Iterator[pd.DataFrame]:
    n_rows = 0
    while chunk := list(islice(rows, chunksize)):
        yield _frame(chunk, columns, index, n_rows)
        n_rows += len(chunk)


def _frame(chunk, columns, index, n_before) -> pd.DataFrame:
    frame = pd.DataFrame(chunk, columns=columns)
    if index is not None:
        return frame.set_index(index)
    frame.index = pd.RangeIndex(n_before, n_before + len(frame))
    return frame


def check_options(chunksize: int | None, on_error: str) -> None:
    """Check `chunksize` and `on_error`."""
    if chunksize is not None:
        check_scalar(chunksize, "chunksize", numbers.Integral, min_val=1)
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")


def why_not_utf8(error: UnicodeDecodeError) -> str:
    """Name the byte that is not UTF-8."""
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} ({error.reason})"

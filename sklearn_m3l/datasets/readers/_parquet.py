"""Reader of tables in Parquet: one file, or all files of a folder."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

# Rows of the selected columns to read at once.
_ROWS = 2**14


def is_parquet(path: Path) -> bool:
    """Return whether a path is read as Parquet: a folder, or a file of that suffix."""
    return path.is_dir() or path.suffix.lower() in (".parquet", ".pq")


def read_parquet(
    path: Path, select: Callable[[list[str]], Sequence[str]]
) -> tuple[list[str], list[list[str | None]]]:
    """Read columns of a Parquet file, or of all Parquet files of a folder.

    Parameters
    ----------
    path : Path
        A file, or a folder whose files are read in order of their names.
    select : callable
        Takes the names of all columns, in Unicode normal form C, and returns those to
        read.

    Returns
    -------
    names : list of str
        The selected columns.
    cells : list of list of str or None
        Their cells, row by row. Whole numbers become strings, as in a CSV file.

    Raises
    ------
    ValueError
        If a file is damaged, lacks a column, or has one with neither strings nor whole
        numbers, or if there are no rows. The message names the file.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(
            f"reading {path} needs the package pyarrow; run: pip install "
            "'sklearn-m3l[parquet]'"
        ) from error
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if is_parquet(file))
        if not files:
            raise ValueError(f"{path} is a folder without Parquet files")
    names: list[str] = []
    cells: list[list[str | None]] = []
    for file in files:
        try:
            with pyarrow.parquet.ParquetFile(file) as table:
                schema = table.schema_arrow
                known = {_normalize(name): name for name in schema.names}
                names = names or list(select(list(known)))
                columns = [_find(file, known, schema, name) for name in names]
                for batch in table.iter_batches(_ROWS, columns=columns):
                    cells += _rows(batch.select(columns))
        except (pyarrow.ArrowException, OSError) as error:
            if getattr(error, "errno", None) is not None:
                raise  # an error of the disk, not of the file
            raise ValueError(
                f"{file} is not a readable Parquet file: {error}"
            ) from error
    if not cells:
        raise ValueError(f"{path} has no rows")
    return names, cells


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _find(file: Path, known: dict[str, str], schema, name: str) -> str:
    """Return a file's spelling of the name of a column of strings or whole numbers."""
    from pyarrow import types

    if name not in known:
        raise ValueError(
            f"{file} has no column {name!r}; its columns are {', '.join(known)}"
        )
    kind = schema.field(known[name]).type
    if types.is_dictionary(kind):
        kind = kind.value_type
    checks = types.is_string, types.is_large_string, types.is_integer, types.is_null
    if not any(check(kind) for check in checks):
        raise ValueError(f"{file}: column {name!r} holds {kind}; convert it to strings")
    return known[name]


def _rows(batch) -> Iterator[list[str | None]]:
    columns = (column.to_pylist() for column in batch.columns)
    for row in zip(*columns, strict=True):
        yield [None if cell is None or cell == "" else str(cell) for cell in row]

"""Columns of a table: their cells, and which of them are missing or equal."""

import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def column_names(X: Any) -> list[str]:
    """Return the column names of a DataFrame (pandas, polars or similar).

    Raises
    ------
    TypeError
        If X is not a table with named columns.
    ValueError
        If two columns have the same name.
    """
    columns = getattr(X, "columns", None)
    if columns is None or not hasattr(X, "__getitem__"):
        raise TypeError(
            "expected a DataFrame whose columns are the views, not "
            f"{type(X).__name__}; pass existing embeddings to MultiView.from_arrays"
        )
    names = list(columns)
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the table has two columns named {', '.join(twice)}")
    return names


def to_table(X: Any) -> Any:
    """Return a pyarrow table as a DataFrame, anything else as it is.

    A pyarrow table also has ``columns``, but these are the data.
    """
    is_arrow = hasattr(X, "column_names") and hasattr(X, "to_pandas")
    return X.to_pandas() if is_arrow else X


def cells_of(column: Any) -> list:
    """Return the cells of a list, a Series, an array or a table of one column."""
    if isinstance(column, (str, bytes, Path)):
        raise ValueError(
            "expected a column of texts or pictures, such as a list, but got a single "
            f"{type(column).__name__}; put it in a list"
        )
    column = to_table(column)
    if hasattr(column, "columns"):
        names = column_names(column)
        if len(names) != 1:
            raise ValueError(
                f"expected one column, but the table has {len(names)}: "
                f"{', '.join(map(str, names))}; encode the columns one by one"
            )
        column = column[names[0]]
    if isinstance(column, np.ndarray) and column.dtype.kind in "OSUT":
        if column.ndim == 2 and column.shape[1] == 1:
            column = column[:, 0]
        if column.ndim != 1:
            raise ValueError(
                f"expected one column, but the array has shape {column.shape}"
            )
    if not hasattr(column, "__iter__") or isinstance(column, dict):
        raise ValueError(
            f"expected a column (a list, Series or array), not {type(column).__name__}"
        )
    # A pyarrow column iterates over pyarrow scalars.
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


def column_name(column: Any) -> Any:
    """Return the name of a column or one-column table, or None if it has none."""
    if hasattr(column, "columns"):
        return column_names(column)[0]
    return getattr(column, "name", None)


def row_labels(column: Any) -> Any:
    """Return the labels of the rows of a column, or None if it has none."""
    labels = getattr(column, "index", None)
    return None if callable(labels) else labels  # list.index is a method


def name_row(row: int, labels: Any) -> str:
    """Return the name of a row in messages: its position, and its label if any."""
    if labels is None:
        return f"row {row}"
    label, name = str(labels[row]), getattr(labels, "name", None)
    if isinstance(name, str):
        return f"row {row} ({name} {label})"
    return f"row {row}" if label == str(row) else f"row {row} ({label!r})"


def is_missing(cell: Any) -> bool:
    """Return whether a cell is empty: None, NaN, NA, or a blank text."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, (float, np.floating)) and math.isnan(cell)


def read_texts(column: Any) -> list[str | None]:
    """Return the texts of a column, None for missing ones.

    Raises
    ------
    TypeError
        If a cell is neither a text nor missing.
    """
    texts: list[str | None] = []
    for row, cell in enumerate(cells_of(column)):
        if is_missing(cell):
            texts.append(None)
        elif isinstance(cell, str):
            texts.append(str(cell))
        else:
            hint = "; decode it first" if isinstance(cell, bytes) else ""
            raise TypeError(
                f"{name_row(row, row_labels(column))} holds {type(cell).__name__}, not "
                f"a text{hint}"
            )
    return texts


def read_pictures(column: Any) -> list:
    """Return the pictures of a column: paths as `Path`, None for missing ones.

    Raises
    ------
    TypeError
        If a cell is not a path, bytes, a PIL image, or an array.
    """
    pictures: list = []
    for row, cell in enumerate(cells_of(column)):
        if is_missing(cell) or (isinstance(cell, bytes) and not cell):
            pictures.append(None)
        elif isinstance(cell, (str, os.PathLike)):
            pictures.append(Path(cell))
        elif isinstance(cell, (bytes, np.ndarray)) or hasattr(cell, "getbands"):
            pictures.append(cell)
        else:
            raise TypeError(
                f"{name_row(row, row_labels(column))} holds {type(cell).__name__}, not "
                "a picture: a path, the bytes of a file, a PIL image or an array"
            )
    return pictures


def distinct_rows(first: np.ndarray) -> np.ndarray:
    """Return the rows in which each distinct cell comes first, given `first_rows`."""
    return np.flatnonzero(first == np.arange(len(first)))


def first_rows(cells: Sequence) -> np.ndarray:
    """Return for each row the first row with an equal cell; -1 if missing.

    Arrays and PIL images are equal if they are the same object.
    """
    seen: dict = {}
    first = np.empty(len(cells), dtype=np.intp)
    for row, cell in enumerate(cells):
        if cell is None:
            first[row] = -1
        else:
            first[row] = seen.setdefault(_key(cell), row)
    return first


def _key(cell: Any) -> Any:
    """Return a key that equal cells share."""
    return cell if isinstance(cell, (str, bytes, Path)) else id(cell)


class _Reading:
    """A column that is being encoded, and its unreadable cells."""

    def __init__(self, cells: Sequence, labels: Any):
        self.cells = cells
        self.labels = labels
        self.n_unreadable = 0
        self.first = ""

    def name(self, cell: Any) -> str:
        """Return the name of the first row of a cell, for messages."""
        for row, other in enumerate(self.cells):
            if other is not None and _key(other) == _key(cell):
                return f"{name_row(row, self.labels)}: "
        return ""


_READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


@contextmanager
def naming_rows(cells: Sequence, labels: Any) -> Iterator[None]:
    """Add row names to messages about cells that encoders cannot read.

    Encoders see distinct cells in batches, so they do not know the rows. If encoders
    are nested, the outermost names them. One warning at the end reports all cells that
    may be missing.
    """
    if _READING.get() is not None:
        yield
        return
    reading = _Reading(cells, labels)
    token = _READING.set(reading)
    try:
        yield
    finally:
        _READING.reset(token)
    if reading.n_unreadable:
        warnings.warn(
            "pictures that cannot be read and count as absent: "
            f"{reading.n_unreadable}; the first: {reading.first}",
            UserWarning,
            stacklevel=2,
        )


def report_unreadable(cell: Any, error: Exception, on_error: str) -> None:
    """Raise the error with the row of the cell, or count it if it may be missing."""
    reading = _READING.get() or _Reading([], None)
    if on_error == "raise":
        raise type(error)(
            f"{reading.name(cell)}{error}; give the encoder on_error='missing' to "
            "treat such pictures as absent"
        ) from error
    if not reading.n_unreadable:
        reading.first = f"{reading.name(cell)}{error}"
    reading.n_unreadable += 1

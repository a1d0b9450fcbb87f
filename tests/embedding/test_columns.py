"""Cells: what is missing, what is refused, what is equal."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from sklearn_m3l.embedding._columns import (
    cells_of,
    column_names,
    first_rows,
    read_pictures,
    read_texts,
    to_table,
)

TEXTS = ["a", "b", "a"]


@pytest.mark.parametrize(
    "column",
    [
        TEXTS,
        tuple(TEXTS),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="category"),
        pd.Series(TEXTS, index=[5, 5, 1]),
        pl.Series(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object)[:, np.newaxis],
        pd.DataFrame({"text": TEXTS}),
        pl.DataFrame({"text": TEXTS}),
        (text for text in TEXTS),
    ],
)
def test_any_column_is_read(column):
    texts = read_texts(column)
    assert texts == TEXTS
    assert {type(text) for text in texts} == {str}


@pytest.mark.parametrize(
    "column", ["one text", b"bytes", Path("a.png"), 3, {"a": 1}, np.ones((2, 2), "U1")]
)
def test_what_is_no_column_is_refused(column):
    with pytest.raises(ValueError, match="column"):
        cells_of(column)


def test_a_table_of_two_columns_is_refused():
    with pytest.raises(ValueError, match="one column.* 2: en, de"):
        cells_of(pd.DataFrame({"en": ["a"], "de": ["b"]}))


@pytest.mark.parametrize(
    "missing", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT, "", " \n\t"]
)
def test_missing_cells(missing):
    assert read_texts(["a", missing]) == ["a", None]
    assert read_pictures([b"x", missing]) == [b"x", None]


def test_missing_cells_of_pandas_and_polars_strings():
    assert read_texts(pd.Series(["a", None], dtype="string")) == ["a", None]
    assert read_texts(pd.Series(["a", None])) == ["a", None]
    assert read_texts(pl.Series(["a", None])) == ["a", None]


@pytest.mark.parametrize("cell", [3, 2.5, b"bytes", ["a"], np.array(["a"])])
def test_a_cell_that_is_no_text_is_refused_by_its_row(cell):
    with pytest.raises(TypeError, match=rf"row 1 holds {type(cell).__name__}"):
        read_texts(["a", cell])
    labeled = pd.Series(["a", cell], index=["x", "y"], dtype=object)
    with pytest.raises(TypeError, match=r"row 1 \('y'\) holds"):
        read_texts(labeled)
    with pytest.raises(TypeError, match=r"row 1 \(page y\) holds"):
        read_texts(labeled.rename_axis("page").to_frame())


def test_pictures_of_every_kind():
    array, image = np.zeros((2, 2), np.uint8), Image.new("RGB", (2, 2))
    cells = read_pictures(["a.png", Path("b.png"), b"x", array, image, b""])
    assert cells[:3] == [Path("a.png"), Path("b.png"), b"x"]
    assert cells[3] is array and cells[4] is image and cells[5] is None


def test_a_cell_that_is_no_picture_is_refused():
    with pytest.raises(TypeError, match="row 0 holds int, not a picture"):
        read_pictures([4])
    with pytest.raises(TypeError, match=r"row 0 \('x'\) holds int, not a picture"):
        read_pictures(pd.Series([4], index=["x"]))


class Arrow:
    """What a table and a column of pyarrow have in common with those here."""

    def __init__(self, frame):
        self._frame = frame
        self.columns = [frame[name].tolist() for name in frame]
        self.column_names = list(frame)

    def __getitem__(self, name):
        return self.columns[self.column_names.index(name)]

    def to_pandas(self):
        return self._frame


def test_tables_of_pyarrow():
    pyarrow = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"en": ["a", None]})
    table = pyarrow.Table.from_pandas(frame)
    assert column_names(to_table(table)) == ["en"]
    assert read_texts(table) == read_texts(table["en"]) == ["a", None]


def test_tables_whose_columns_are_data():
    frame = pd.DataFrame({"en": ["a", None]})
    assert to_table(Arrow(frame)) is frame
    assert read_texts(Arrow(frame)) == ["a", None]
    polars = pl.DataFrame({"en": ["a", None]})
    assert to_table(polars) is polars


def test_first_rows():
    array = np.zeros((2, 2))
    cells = ["a", None, "b", "a", array, array.copy(), array]
    np.testing.assert_array_equal(first_rows(cells), [0, -1, 2, 0, 4, 5, 4])


def test_column_names():
    assert column_names(pl.DataFrame({"en": ["a"], "de": ["b"]})) == ["en", "de"]
    with pytest.raises(TypeError, match="expected a DataFrame"):
        column_names([["a", "b"]])
    with pytest.raises(ValueError, match="two columns named en"):
        column_names(pd.DataFrame([["a", "b"]], columns=["en", "en"]))

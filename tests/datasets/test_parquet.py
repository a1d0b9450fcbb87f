"""Tests of the reader of Parquet files: as that of CSV files, row by row."""

import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l.datasets.readers._csv import read_table

pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra 'parquet')")


def read(path, *names):
    return read_table(path, lambda columns: names or columns)


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "en": ["a brush", None, "", "a layer"],
            "nu\u0301mero": ["un", "deux", "trois", "quatre"],
            "page": [1, 2, 2, 3],
            "weight": [0.5, 1, 1, 1],
        }
    )


def test_rows_in_are_rows_out(frame, tmp_path):
    path = tmp_path / "table.parquet"
    frame.to_parquet(path)
    table = read(path, "page", "en", "n\xfamero")
    assert table.frame.columns.tolist() == ["page", "en", "n\xfamero"]
    assert table.frame.to_numpy().tolist() == [
        ["1", "a brush", "un"],
        ["2", None, "deux"],
        ["2", None, "trois"],
        ["3", "a layer", "quatre"],
    ]
    assert (list(table.lines), table.n_lines, table.unit) == ([1, 2, 3, 4], 4, "row")


def test_files_of_a_folder_are_one_table(frame, tmp_path):
    frame[2:].to_parquet(tmp_path / "b.parquet")
    frame[:2].to_parquet(tmp_path / "a.parquet")
    frame[:0].to_parquet(tmp_path / "c.parquet")
    (tmp_path / "_SUCCESS").touch()
    assert read(tmp_path, "page").frame["page"].tolist() == ["1", "2", "2", "3"]


def test_what_cannot_be_read(frame, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="is a folder without Parquet files"):
        read(tmp_path)
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"column 'weight' holds double; convert"):
        read(tmp_path, "weight")
    with pytest.raises(ValueError, match=r"a.parquet has no column 'fr'; its columns"):
        read(tmp_path, "fr")
    frame.drop(columns="en").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b.parquet has no column 'en'"):
        read(tmp_path, "en")
    whole = (tmp_path / "a.parquet").read_bytes()
    for damaged in (whole[:-9], b"a,b\n", np.random.default_rng(0).bytes(99)):
        (tmp_path / "a.parquet").write_bytes(damaged)
        with pytest.raises(
            ValueError, match="a.parquet is not a readable Parquet file"
        ):
            read(tmp_path, "page")
    frame[:0].to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(ValueError, match="empty.parquet has no rows"):
        read(tmp_path / "empty.parquet", "page")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"pip install 'sklearn-m3l\[parquet\]'"):
        read(tmp_path / "a.parquet")

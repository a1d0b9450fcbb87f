"""Tests of what commands warn of before they work."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l.cli._overview import warn_of_data
from sklearn_m3l.datasets import load_emoji


@pytest.fixture
def df():
    return load_emoji("validation").frame[["en", "de", "ru", "ja"]].astype(object)


def told(df, languages=None):
    """Return the warnings about a table."""
    languages = dict.fromkeys(df) if languages is None else languages
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_data(df, languages)
    return [str(warning.message) for warning in caught]


def test_a_good_table(df):
    assert told(df) == []


def test_views_that_never_meet(df):
    df.loc[df.index[::2], "de"] = None
    df.loc[df.index[1::2], ["ru", "ja"]] = None
    (message,) = told(df)
    assert "no row has both de and ru; both de and ja, so nothing aligns" in message


def test_a_view_that_is_empty(df):
    df["ru"] = None
    assert "no row has both en and ru" in told(df)[0]


def test_rows_that_repeat(df):
    repeated = pd.concat([df, df.head(30)])
    (message,) = told(repeated)
    assert f"30 of {len(repeated)} rows repeat an earlier one" in message
    assert "--groups" in message
    # Rows that differ in a single view do not repeat, nor do those without a cell.
    repeated.iloc[-30:, 3] = [f"{row}" for row in range(30)]
    assert told(repeated) == []
    df.iloc[:30] = None
    assert told(df) == []


def test_cells_that_are_not_translated(df):
    untranslated = df.index[: len(df) // 2]
    df.loc[untranslated, "de"] = df.loc[untranslated, "en"]
    (message, *_) = told(df)
    assert f"{len(untranslated)} of {len(df)} rows have the same text as en" in message


def test_columns_in_another_language(df):
    pytest.importorskip("lingua")
    swapped = df.rename(columns={"ru": "fr"})
    (message,) = told(swapped)
    assert "the texts of fr seem to be in Russian (ru), not in fr" in message
    assert told(swapped, {"en": None, "de": None, "fr": "ru", "ja": None}) == []
    # A column that is named by no language can be in any.
    assert told(df.rename(columns={"ru": "summary"})) == []


def test_few_letters_tell_no_language():
    pytest.importorskip("lingua")
    df = pd.DataFrame({"en": ["Guten Tag"] * 2, "n": np.arange(2).astype(str)})
    df["en"] += df["n"]
    assert told(df[["en"]]) == []

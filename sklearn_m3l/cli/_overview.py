"""Describe a table: cells and languages of each view, and likely problems."""

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.embedding._languages import knows_language, list_languages

# Number of letters of a column from which its language is detected, and the least.
_LETTERS, _FEWEST_LETTERS = 4000, 200
# Cells that are equal in two languages are names, unless there are more than this.
_MANY_EQUAL, _MANY_REPEATED = 0.2, 0.05
_N_LISTED = 6


def tell_views(
    df: pd.DataFrame, languages: Mapping[str, Any], images: Iterable[str]
) -> None:
    """Print how many cells each view has, in which language, and how long.

    Parameters
    ----------
    df : DataFrame of shape (n_rows, n_columns)
        The views; None for empty cells.
    languages : mapping of str to (str or sequence of str or None)
        The languages of each text view, None if the column name is the language.
    images : iterable of str
        The views of pictures.
    """
    for name, given in languages.items():
        cells = df[name].dropna()
        codes = list_languages(
            name if given is None and knows_language(name) else given
        )
        language = f" in {', '.join(codes)}" if codes else ""
        length = cells.str.len().mean() if len(cells) else 0
        print(
            f"  {name}: {len(cells):,} texts{language}, {length:,.0f} characters each"
        )
    for name in images:
        print(f"  {name}: {df[name].notna().sum():,} pictures")
    sys.stdout.flush()


def warn_of_data(df: pd.DataFrame, languages: Mapping[str, Any]) -> None:
    """Warn of likely problems in a table of views.

    Parameters
    ----------
    df : DataFrame of shape (n_rows, n_views)
        The views; None for empty cells.
    languages : mapping of str to (str or sequence of str or None)
        The languages of each text view, None if the column name is the language.

    Warns
    -----
    UserWarning
        If views never share a row, rows repeat others, cells are equal in two
        languages, or a column is in another language than stated.
    """
    _warn_of_pairs(df, languages)
    _warn_of_repeated_rows(df)
    _warn_of_equal_cells(df[list(languages)])
    if find_spec("lingua"):
        _warn_of_languages(df, languages)


def never_meet(texts: pd.DataFrame) -> bool:
    """Return whether there are several texts, but no row has two of them."""
    present = texts.notna()
    return bool(present.any().sum() > 1 and present.sum(axis=1).max() == 1)


def _warn_of_pairs(df: pd.DataFrame, languages: Mapping[str, Any]) -> None:
    present = df.notna()
    # The models themselves warn if no row has two texts.
    alone = {*languages} if never_meet(df[list(languages)]) else set()
    apart = [
        f"{one} and {other}"
        for one, other in combinations(df, 2)
        if not (present[one] & present[other]).any() and not {one, other} <= alone
    ]
    if apart:
        _warn(
            f"no row has both {_list(apart, '; both ')}, so nothing aligns them with "
            "each other"
        )


def _warn_of_repeated_rows(df: pd.DataFrame) -> None:
    n_repeated = int(df[df.notna().any(axis=1)].duplicated().sum())
    if n_repeated > _MANY_REPEATED * len(df):
        _warn(
            f"{n_repeated:,} of {len(df):,} rows repeat an earlier one in all of "
            f"{', '.join(df)}; they weigh on the topics, and rank as wrong answers "
            "unless --groups names a column of article ids"
        )


def _warn_of_equal_cells(texts: pd.DataFrame) -> None:
    for one, other in combinations(texts, 2):
        both = texts[[one, other]].dropna()
        n_equal = int((both[one] == both[other]).sum())
        if n_equal > _MANY_EQUAL * len(both):
            _warn(
                f"{n_equal:,} of {len(both):,} rows have the same text as {one} and as "
                f"{other}, so one of them is not translated; empty cells are better"
            )


def _warn_of_languages(df: pd.DataFrame, languages: Mapping[str, Any]) -> None:
    """Detect the language of each column from a sample of its cells."""
    from lingua import Language, LanguageDetectorBuilder

    known = {language.iso_code_639_1.name.lower() for language in Language.all()}
    builder = LanguageDetectorBuilder.from_all_languages()
    detector = builder.with_low_accuracy_mode().build()
    for name, given in languages.items():
        codes = list_languages(name if given is None else given)
        sample = _sample(df[name].dropna())
        found = detector.detect_language_of(sample) if sample else None
        if found is None:
            continue
        code = found.iso_code_639_1.name.lower()
        if code not in codes and set(codes) & known:
            _warn(
                f"the texts of {name} seem to be in {found.name.title()} ({code}), not "
                f"in {', '.join(codes)}; name the language as in --text {name}:{code}"
            )


def _sample(cells: pd.Series) -> str:
    """Return the beginnings of cells across a column, or "" if there are too few."""
    rows = np.linspace(0, len(cells) - 1, min(len(cells), 100)).astype(int)
    sample = "\n".join(cell[: _LETTERS // len(rows)] for cell in cells.iloc[rows])
    return sample if len(sample) >= _FEWEST_LETTERS else ""


def _list(items: Sequence[str], separator: str) -> str:
    more = f" and {len(items) - _N_LISTED} more pairs" if len(items) > _N_LISTED else ""
    return separator.join(items[:_N_LISTED]) + more


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=3)

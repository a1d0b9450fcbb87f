"""Check article ids, and count each article once."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, column_or_1d


def check_groups(
    groups: ArrayLike, n_rows: int, name: str = "groups", rows: str = "rows"
) -> np.ndarray:
    """Return article ids as a 1-D array, one for each of ``rows``, none missing."""
    checked = column_or_1d(
        check_array(groups, ensure_2d=False, dtype=None, input_name=name)
    )
    if len(checked) != n_rows:
        raise ValueError(
            f"{name} has {len(checked)} ids for {n_rows} {rows}; give one id for each"
        )
    if any(group is None for group in checked):
        raise ValueError(f"{name} contains None; give every row an id")
    return checked


def mean_over_articles(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the mean over articles of the means within articles."""
    _, article = np.unique(groups, return_inverse=True)
    means = np.bincount(article, weights=values) / np.bincount(article)
    return float(means.mean())


def first_of_each(ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the first of some rows for each id."""
    # Not as Arrow strings, which cannot hold half a surrogate pair.
    return rows[~pd.Index(ids[rows], dtype=object).duplicated()]

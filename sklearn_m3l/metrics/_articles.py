"""Article ids: how they are checked, and the mean in which each counts once."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, column_or_1d


def check_labels(labels: ArrayLike, n_rows: int, name: str, rows: str) -> np.ndarray:
    """Article ids as a 1-D array without gaps, one for each of ``rows``."""
    checked = column_or_1d(
        check_array(labels, ensure_2d=False, dtype=None, input_name=name)
    )
    if len(checked) != n_rows:
        raise ValueError(
            f"{name} has {len(checked)} labels for {n_rows} {rows}; give one each."
        )
    if any(label is None for label in checked):
        raise ValueError(f"{name} contains None; give every row a label.")
    return checked


def mean_over_articles(values: np.ndarray, labels: np.ndarray) -> float:
    """Mean within each article, then over articles."""
    _, article = np.unique(labels, return_inverse=True)
    means = np.bincount(article, weights=values) / np.bincount(article)
    return float(means.mean())

"""Means in which each article counts once, and bootstrap intervals of them."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import sparse, stats

from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval

# Parameters of the functions that return intervals, and what they may be.
PARAMETERS = {
    "n_resamples": [Interval(Integral, 1, None, closed="left")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
}

# Weights of articles that are drawn at once: 32 MiB of them.
_BLOCK = 1 << 22


def article_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean of the rows of each article.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Values without NaN.
    groups : ndarray of shape (n_rows,)
        Article ids.

    Returns
    -------
    ndarray of float64 of shape (n_articles, n_columns)
        The means, in the order of the sorted ids.
    """
    _, article, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.arange(len(values))
    member = sparse.csr_array((1 / sizes[article], (article, rows)))
    return member @ values.astype(np.float64)


def bootstrap_interval(
    means: np.ndarray,
    *,
    n_resamples: int,
    confidence_level: float,
    random_state: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Return an interval of the mean over articles, for each column.

    It is the percentile interval of resampled articles, expanded for small samples
    (Hesterberg 2015, Section 5.1.1): without that, an interval of 10 articles that
    promises 95% covers the mean of the population in 90% of cases.

    Parameters
    ----------
    means : ndarray of shape (n_articles, n_columns)
        A row for each article.
    n_resamples : int
        How often articles are drawn, as many as there are, with replacement.
    confidence_level : float
        Share of cases that the interval covers the mean of the population in.
    random_state : int, RandomState instance or None
        Seed of the draws.

    Returns
    -------
    low, high : ndarray of shape (n_columns,)
        The bounds; NaN if there is but one article, which has no spread.
    """
    n_articles, n_columns = means.shape
    if n_articles < 2:
        return np.full(n_columns, np.nan), np.full(n_columns, np.nan)
    rng = private_generator(random_state)
    resampled = np.empty((n_resamples, n_columns))
    step = max(1, _BLOCK // n_articles)
    for start in range(0, n_resamples, step):
        block = resampled[start : start + step]
        drawn = rng.randint(n_articles, size=(len(block), n_articles))
        drawn += np.arange(len(block))[:, np.newaxis] * n_articles
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        block[:] = times @ means / n_articles
    tail = _expanded_tail(n_articles, confidence_level)
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return low, high


def _expanded_tail(n_articles: int, confidence_level: float) -> float:
    """Return the share of resamples below the interval, as above it."""
    factor = np.sqrt(n_articles / (n_articles - 1))
    t = stats.t.ppf((1 + confidence_level) / 2, n_articles - 1)
    return float(stats.norm.cdf(-factor * t))

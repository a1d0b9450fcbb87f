"""Means in which each article counts once, and their bootstrap intervals."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval

# Constraints of the parameters of functions that return intervals.
PARAMETERS = {
    "n_resamples": [Interval(Integral, 1, None, closed="left")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
}

# Weights of articles to draw at once: 32 MiB.
_BLOCK = 1 << 22
# The smallest standard error of a resample, relative to that of the sample.
_LEAST_ERROR = 1e-6


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
    bounds: tuple[float, float],
    symmetric: bool,
    n_resamples: int,
    confidence_level: float,
    random_state: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Return an interval of the mean over articles, for each column.

    It is the bootstrap t interval of resampled articles (Hall 1988). Most articles have
    next to nothing of most topics and a few have much, so percentile intervals of few
    articles are far too short: at 95%, they cover the mean for 30 such articles in at
    most 84% of cases.

    Parameters
    ----------
    means : ndarray of shape (n_articles, n_columns)
        One row per article.
    bounds : (float, float)
        Bounds of the mean.
    symmetric : bool
        Whether both ends of the interval are equally far from the mean; use it for
        differences, which have no preferred skew.
    n_resamples : int
        Number of resamples; each draws as many articles as there are, with replacement.
    confidence_level : float
        Share of cases in which the interval covers the mean of the population.
    random_state : int, RandomState instance or None
        Seed of the draws.

    Returns
    -------
    low, high : ndarray of shape (n_columns,)
        The ends of the interval; NaN if there is only one article, which has no spread.
    """
    n_articles, n_columns = means.shape
    if n_articles < 2:
        return np.full(n_columns, np.nan), np.full(n_columns, np.nan)
    center = means.mean(axis=0)
    deviations = means - center
    error = deviations.std(axis=0, ddof=1) / np.sqrt(n_articles)
    rng = private_generator(random_state)
    statistic = np.empty((n_resamples, n_columns))
    step = max(1, _BLOCK // n_articles)
    for start in range(0, n_resamples, step):
        block = statistic[start : start + step]
        drawn = rng.randint(n_articles, size=(len(block), n_articles))
        drawn += np.arange(len(block))[:, np.newaxis] * n_articles
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        shift = times @ deviations / n_articles
        spread = np.maximum(times @ deviations**2 / n_articles - shift**2, 0)
        # A resample of equal articles has no standard error, so its statistic would
        # explode.
        own = np.sqrt(spread / (n_articles - 1))
        own = np.maximum(own, _LEAST_ERROR * error)
        block[:] = np.divide(shift, own, out=np.zeros_like(shift), where=own > 0)
    if symmetric:
        high = np.quantile(np.abs(statistic), confidence_level, axis=0)
        low = -high
    else:
        tail = (1 - confidence_level) / 2
        low, high = np.quantile(statistic, [tail, 1 - tail], axis=0)
    return (
        np.clip(center - high * error, *bounds),
        np.clip(center - low * error, *bounds),
    )

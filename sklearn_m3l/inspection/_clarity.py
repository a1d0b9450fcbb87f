"""Rows with and without a clear topic, by the entropy of their topics."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import xlogy

from sklearn_m3l.inspection._inputs import check_proportions, table_of, topic_names
from sklearn_m3l.inspection._prevalence import topics_of
from sklearn_m3l.utils._sklearn import Interval, validate_params


def topic_entropy(theta: ArrayLike) -> np.ndarray:
    """Return the entropy of topic proportions, from 0 to 1.

    Parameters
    ----------
    theta : array-like of shape (n_rows, n_topics)
        Topic proportions, rows that sum to 1. A row of only NaN is an absent view.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        The entropy divided by that of equal proportions: 0 if a row has one topic, 1 if
        it has all equally; NaN in rows of NaN. With a single topic, it is 0.

    Examples
    --------
    >>> from sklearn_m3l.inspection import topic_entropy
    >>> topic_entropy([[1, 0, 0, 0], [0.5, 0.5, 0, 0]])
    array([0. , 0.5])
    """
    theta = check_proportions(theta, "theta")
    entropy = -xlogy(theta, theta).sum(axis=1) + 0.0  # 0 without a sign
    return entropy / max(np.log(theta.shape[1]), np.finfo(float).tiny)


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "max_entropy": [Interval(Real, 0, 1, closed="both")],
        "views": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def dominant_topics(
    estimator: Any,
    X: Any,
    *,
    max_entropy: float = 0.5,
    views: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the dominant topic of each row, missing if no topic is clear.

    A row has no clear topic if the entropy of its proportions, divided by that of equal
    proportions, is above `max_entropy`. With 0.5, the proportions of K topics may be as
    even as if the square root of K topics had equal proportions: 7 of 50.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        Rows, in the form that the estimator takes.
    max_entropy : float in [0, 1], default=0.5
        Largest entropy of a clear row. With 1, every row is clear.
    views : sequence of str, default=None
        The views to infer topics from; by default all that the model can use.

    Returns
    -------
    DataFrame of shape (n_rows, 7)
        One row per row of `X`, with the columns

        - "row", "label": position of the row in `X`, and its label;
        - "topic", "topic_name": number and name of the dominant topic; missing if it is
          not clear;
        - "proportion": the largest proportion;
        - "entropy": see `topic_entropy`;
        - "clear": whether the entropy is at most `max_entropy`.

        All but the first two are missing in rows that have no view.
        ``1 - table["clear"].mean()`` is the share of rows without a clear topic.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If a parameter is invalid, or `X` has no such view.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.inspection import dominant_topics
    >>> X = [[9, 9, 0, 0], [0, 0, 9, 9], [9, 9, 9, 9], [9, 9, 0, 0]]
    >>> model = PolylingualLDA(
    ...     2, doc_topic_prior=0.1, optimize_interval=0, max_iter=20, random_state=0
    ... ).fit(X)
    >>> table = dominant_topics(model, X, max_entropy=0.6)
    >>> table["clear"].tolist()
    [True, True, False, True]
    >>> float(1 - table["clear"].mean())
    0.25
    """
    model, data, topics = topics_of(estimator, X, by="row", views=views)
    theta = topics["row"]
    known = np.flatnonzero(~np.isnan(theta[:, 0]))
    entropy = topic_entropy(theta)
    clear = pd.array([pd.NA] * len(theta), dtype="boolean")
    clear[known] = entropy[known] <= max_entropy
    chosen = known[entropy[known] <= max_entropy]
    dominant = theta[chosen].argmax(axis=1)
    number = pd.array([pd.NA] * len(theta), dtype="Int64")
    number[chosen] = dominant
    names = np.full(len(theta), None, dtype=object)
    names[chosen] = np.array(topic_names(model), dtype=object)[dominant]
    return table_of(
        {
            "row": np.arange(len(theta)),
            "label": np.asarray(getattr(data, "index", np.arange(len(theta)))),
            "topic": number,
            "topic_name": names,
            "proportion": theta.max(axis=1),
            "entropy": entropy,
            "clear": clear,
        }
    )

"""Retrieval across views: mean reciprocal rank and average precision."""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_array

from sklearn_m3l.metrics._articles import check_labels, mean_over_articles

# Distances sorted at a time, so that memory is bounded.
_BATCH_DISTANCES = 1 << 21

_CONSTRAINTS = {
    "distances": ["array-like"],
    "y_query": ["array-like", None],
    "y_index": ["array-like", None],
}


def _check_retrieval(
    distances: ArrayLike, y_query: ArrayLike | None, y_index: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check the input and leave out what is absent, with a warning.

    Returns the distances of queries that have an answer to present items, and the
    article of each query and each item, as integers.
    """
    checked: np.ndarray = check_array(
        distances,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name="distances",
    )
    query_article, item_article = _check_articles(checked.shape, y_query, y_index)
    missing = np.isnan(checked)
    absent_query, absent_item = missing.all(axis=1), missing.all(axis=0)
    scattered = missing & ~absent_query[:, np.newaxis] & ~absent_item
    if scattered.any():
        query, item = np.argwhere(scattered)[0]
        raise ValueError(
            f"distances is NaN for query {query} and item {item}, both present; NaN "
            "marks an absent query (a whole row) or an absent item (a whole column)."
        )
    n_answers = np.bincount(item_article, weights=~absent_item)
    skipped = absent_query | (n_answers[query_article] == 0)
    if skipped.all():
        raise ValueError(
            "No query is left: each is absent, or all its relevant items are (NaN)."
        )
    if skipped.any() or absent_item.any():
        warnings.warn(
            f"Skipped {skipped.sum()} of {len(skipped)} queries, absent themselves or "
            f"with all their relevant items absent, and {absent_item.sum()} absent of "
            f"{len(absent_item)} items (NaN distances).",
            UserWarning,
            stacklevel=4,
        )
    return (
        checked[np.ix_(~skipped, ~absent_item)],
        query_article[~skipped],
        item_article[~absent_item],
    )


def _check_articles(
    shape: tuple[int, int], y_query: ArrayLike | None, y_index: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Article of each query and of each item, as positions among the items' labels."""
    n_queries, n_items = shape
    if (y_query is None) != (y_index is None):
        raise ValueError("Give both y_query and y_index, or neither.")
    if y_query is None or y_index is None:
        if n_queries != n_items:
            raise ValueError(
                f"distances has shape {shape}; without y_query and y_index item i "
                "answers query i, so it must be square."
            )
        return np.arange(n_queries), np.arange(n_items)
    query_labels = check_labels(y_query, n_queries, "y_query", "queries")
    item_labels = check_labels(y_index, n_items, "y_index", "items")
    articles, item_article = np.unique(item_labels, return_inverse=True)
    query_article = np.searchsorted(articles, query_labels).clip(max=len(articles) - 1)
    unanswered = np.flatnonzero(articles[query_article] != query_labels)
    if unanswered.size:
        raise ValueError(
            f"{unanswered.size} of {n_queries} queries have no relevant item, the "
            f"first with label {query_labels[unanswered[0]]}; leave them out."
        )
    return query_article, item_article


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def mean_reciprocal_rank(
    distances: ArrayLike,
    y_query: ArrayLike | None = None,
    y_index: ArrayLike | None = None,
) -> float:
    """Mean reciprocal rank of each query's own article.

    The items are ranked by distance, the nearest first. Without labels item i is the
    answer to query i. With labels the rank is taken over distinct articles, each at
    the distance of its nearest item; and the queries of one article are averaged
    first, so that each article counts once.

    Items at equal distances share their ranks: a query scores the mean of 1 / rank
    over the positions that its answer could take. A constant distance to n articles
    scores (1 + 1/2 + ... + 1/n) / n, what chance scores.

    Parameters
    ----------
    distances : array-like of shape (n_queries, n_items)
        Distance from each query to each item, such as
        :func:`pairwise_jensen_shannon` gives. A row of NaN is an absent query, a
        column of NaN an absent item.
    y_query : array-like of shape (n_queries,), default=None
        Article ids of the queries.
    y_index : array-like of shape (n_items,), default=None
        Article ids of the items.

    Returns
    -------
    score : float
        From 0 to 1; 1 if every query finds its own article first.

    Raises
    ------
    ValueError
        If queries have no relevant item, labels are missing for a matrix that is not
        square, or nothing is left once absent views are skipped.

    Warns
    -----
    UserWarning
        If absent queries or items are skipped. A query is skipped too if all its
        relevant items are absent.

    References
    ----------
    .. [1] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with
       Pretrained Embeddings", COLING 2022, Section 4.
    .. [2] F. McSherry and M. Najork, "Computing Information Retrieval Performance
       Measures Efficiently in the Presence of Tied Scores", ECIR 2008.

    Examples
    --------
    >>> from sklearn_m3l.metrics import mean_reciprocal_rank
    >>> distances = [[0.1, 0.5, 0.9], [0.2, 0.3, 0.4], [0.6, 0.6, 0.6]]
    >>> round(mean_reciprocal_rank(distances), 3)  # (1 + 1/2 + 11/18) / 3
    0.704
    """
    present, query_article, item_article = _check_retrieval(distances, y_query, y_index)
    articles, column = np.unique(item_article, return_inverse=True)
    order = np.argsort(column, kind="stable")
    starts = np.searchsorted(column[order], np.arange(len(articles)))
    nearest = np.minimum.reduceat(present[:, order], starts, axis=1)
    answer = np.searchsorted(articles, query_article)
    own = np.take_along_axis(nearest, answer[:, np.newaxis], axis=1)
    nearer = np.count_nonzero(nearest < own, axis=1)
    tied = np.count_nonzero(nearest == own, axis=1)
    harmonic = np.cumsum(np.r_[0, 1 / np.arange(1, len(articles) + 1)])
    scores = (harmonic[nearer + tied] - harmonic[nearer]) / tied
    return mean_over_articles(scores, query_article)


def _average_precision(distances: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Average precision of each row, tied items being one threshold."""
    order = np.argsort(distances, axis=1)
    ranked = np.take_along_axis(distances, order, axis=1)
    found = np.take_along_axis(relevant, order, axis=1)
    position = np.arange(distances.shape[1])
    # Every item counts at the last position that shares its distance.
    last = np.where(ranked[:, :-1] != ranked[:, 1:], position[:-1], position[-1])
    last = np.c_[last, np.full(len(last), position[-1])]
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    hits = np.take_along_axis(np.cumsum(found, axis=1), last, axis=1)
    precision = np.where(found, hits / (last + 1), 0)
    return precision.sum(axis=1) / found.sum(axis=1)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def uninterpolated_average_precision(
    distances: ArrayLike,
    y_query: ArrayLike | None = None,
    y_index: ArrayLike | None = None,
) -> float:
    """Mean uninterpolated average precision where a query has several answers.

    The items are ranked by distance, the nearest first. The average precision of a
    query is the mean, over its relevant items, of the precision at their ranks. It
    equals :func:`sklearn.metrics.average_precision_score` of the negated distances,
    also for ties, which are one threshold.

    Parameters
    ----------
    distances : array-like of shape (n_queries, n_items)
        Distance from each query to each item, such as
        :func:`pairwise_jensen_shannon` gives. A row of NaN is an absent query, a
        column of NaN an absent item.
    y_query : array-like of shape (n_queries,), default=None
        Article ids of the queries. The queries of one article are averaged first, so
        that each article counts once. Without labels item i answers query i.
    y_index : array-like of shape (n_items,), default=None
        Article ids of the items. Every item with the query's id is relevant, and
        every one, such as each picture of an article, is ranked by itself.

    Returns
    -------
    score : float
        From 0 to 1; 1 if every query finds its relevant items before all others.

    Raises
    ------
    ValueError
        If queries have no relevant item, labels are missing for a matrix that is not
        square, or nothing is left once absent views are skipped.

    Warns
    -----
    UserWarning
        If absent queries or items are skipped. A query is skipped too if all its
        relevant items are absent.

    References
    ----------
    .. [1] C. D. Manning and H. Schuetze, "Foundations of Statistical Natural Language
       Processing", MIT Press 1999, Section 15.1.2.
    .. [2] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with
       Pretrained Embeddings", COLING 2022, Section 4.

    Examples
    --------
    >>> from sklearn_m3l.metrics import uninterpolated_average_precision
    >>> distances = [[0.1, 0.5, 0.2], [0.3, 0.4, 0.2]]
    >>> score = uninterpolated_average_precision(
    ...     distances, y_query=["oak", "elm"], y_index=["oak", "oak", "elm"]
    ... )
    >>> round(score, 3)  # ((1 + 2/3) / 2 + 1) / 2
    0.917
    """
    present, query_article, item_article = _check_retrieval(distances, y_query, y_index)
    batches = gen_batches(len(present), max(1, _BATCH_DISTANCES // len(item_article)))
    scores = [
        _average_precision(
            present[batch], query_article[batch, np.newaxis] == item_article
        )
        for batch in batches
    ]
    return mean_over_articles(np.concatenate(scores), query_article)

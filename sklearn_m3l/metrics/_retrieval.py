"""Retrieval across views: mean reciprocal rank and average precision."""

import warnings
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array

from sklearn_m3l.metrics._articles import check_groups, mean_over_articles
from sklearn_m3l.utils._sklearn import validate_params

# Distances to rank at a time; larger blocks are not faster.
_MAX_BLOCK = 1 << 21
# Arrays of the size of a block that ranking needs at once, with a margin.
_N_COPIES = 8
# Queries whose average precision scikit-learn sums in one call. A block holds a
# multiple of them, so that the sum has the same bits whatever the block.
_N_SUMMED = 32

_CONSTRAINTS = {
    "distances": ["array-like"],
    "groups_query": ["array-like", None],
    "groups_item": ["array-like", None],
}


def _query_blocks(n_queries: int, n_items: int) -> Iterable[slice]:
    """Return blocks of queries that fit scikit-learn's ``working_memory``."""
    room = get_config()["working_memory"] * 2**20 / (8 * _N_COPIES)
    n_rows = int(min(room, _MAX_BLOCK) // n_items)
    return gen_batches(n_queries, max(n_rows // _N_SUMMED, 1) * _N_SUMMED)


def score_retrieval(
    metrics: Iterable[str],
    distances_of: Callable[[slice], np.ndarray],
    query_article: np.ndarray,
    item_article: np.ndarray,
) -> dict[str, float]:
    """Score queries in blocks, to bound memory.

    Parameters
    ----------
    metrics : iterable of {"mrr", "uap"}
        What to compute.
    distances_of : callable
        Returns the distances from some queries, a slice, to all items, without NaN.
    query_article : ndarray of int of shape (n_queries,)
        The article of each query; every article has an item.
    item_article : ndarray of int of shape (n_items,)
        The article of each item.

    Returns
    -------
    dict of str to float
        By metric, the mean over the articles of the queries.
    """
    metrics = set(metrics)
    reciprocal_ranks = _ReciprocalRanks(query_article, item_article)
    _, own, sizes = np.unique(query_article, return_inverse=True, return_counts=True)
    weights = 1 / sizes[own]
    ranks, precision = [], 0.0
    for rows in _query_blocks(len(query_article), len(item_article)):
        distances = distances_of(rows)
        if "mrr" in metrics:
            ranks.append(reciprocal_ranks(rows, distances))
        if "uap" in metrics:
            relevant = query_article[rows, np.newaxis] == item_article
            for part in gen_batches(len(distances), _N_SUMMED):
                some = weights[rows][part]
                precision += some.sum() * label_ranking_average_precision_score(
                    relevant[part], -distances[part], sample_weight=some
                )
    scores = {}
    if "mrr" in metrics:
        scores["mrr"] = mean_over_articles(np.concatenate(ranks), query_article)
    if "uap" in metrics:
        scores["uap"] = float(precision / len(sizes))
    return scores


class _ReciprocalRanks:
    """Expected reciprocal ranks of the articles of queries, block by block."""

    def __init__(self, query_article: np.ndarray, item_article: np.ndarray):
        self._order = np.argsort(item_article, kind="stable")
        articles, self._starts = np.unique(item_article[self._order], return_index=True)
        self._answer = np.searchsorted(articles, query_article)
        self._harmonic = np.cumsum(np.r_[0, 1 / np.arange(1, len(articles) + 1)])

    def __call__(self, rows: slice, distances: np.ndarray) -> np.ndarray:
        """Return the means of 1 / rank over the ranks that each article could take."""
        nearest = np.minimum.reduceat(distances[:, self._order], self._starts, axis=1)
        own = np.take_along_axis(nearest, self._answer[rows, np.newaxis], axis=1)
        nearer = np.count_nonzero(nearest < own, axis=1)
        tied = np.count_nonzero(nearest == own, axis=1)
        return (self._harmonic[nearer + tied] - self._harmonic[nearer]) / tied


def _score_matrix(
    metric: str,
    distances: ArrayLike,
    groups_query: ArrayLike | None,
    groups_item: ArrayLike | None,
) -> float:
    """Check a matrix, skip absent queries and items with a warning, score the rest."""
    checked: np.ndarray = check_array(
        distances,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name="distances",
    )
    query_article, item_article = _check_articles(
        checked.shape, groups_query, groups_item
    )
    absent_query, absent_item = _find_absent(checked)
    n_answers = np.bincount(item_article, weights=~absent_item)
    skipped = absent_query | (n_answers[query_article] == 0)
    if skipped.all():
        raise ValueError(
            "no query is left: each is absent (NaN), or all its relevant items are"
        )
    if skipped.any() or absent_item.any():
        warnings.warn(
            f"skipped {skipped.sum()} of {len(skipped)} queries, which are absent or "
            f"have only absent relevant items, and {absent_item.sum()} absent of "
            f"{len(absent_item)} items (NaN distances)",
            UserWarning,
            stacklevel=4,
        )
    queries, items = np.flatnonzero(~skipped), np.flatnonzero(~absent_item)
    scores = score_retrieval(
        [metric],
        lambda rows: checked[np.ix_(queries[rows], items)],
        query_article[queries],
        item_article[items],
    )
    return scores[metric]


def _find_absent(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which queries and items are all NaN; refuse other NaN."""
    n_queries, n_items = distances.shape
    absent_query, absent_item = np.zeros(n_queries, bool), np.ones(n_items, bool)
    n_missing = 0
    for rows in _query_blocks(n_queries, n_items):
        missing = np.isnan(distances[rows])
        n_missing += int(missing.sum())
        absent_query[rows] = missing.all(axis=1)
        absent_item &= missing.all(axis=0)
    n_explained = n_items * absent_query.sum()
    n_explained += absent_item.sum() * (~absent_query).sum()
    if n_missing > n_explained:
        for query in np.flatnonzero(~absent_query):
            scattered = np.flatnonzero(np.isnan(distances[query]) & ~absent_item)
            if scattered.size:
                raise ValueError(
                    f"distances is NaN for query {query} and item {scattered[0]}, both "
                    "present; only an absent query (a whole row) or an absent item (a "
                    "whole column) may be NaN"
                )
    return absent_query, absent_item


def _check_articles(
    shape: tuple[int, int],
    groups_query: ArrayLike | None,
    groups_item: ArrayLike | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the article of each query and each item, as positions among the ids."""
    n_queries, n_items = shape
    if (groups_query is None) != (groups_item is None):
        raise ValueError("give both groups_query and groups_item, or neither")
    if groups_query is None or groups_item is None:
        if n_queries != n_items:
            raise ValueError(
                f"distances has shape {shape}; without groups_query and groups_item, "
                "item i answers query i, so it must be square"
            )
        return np.arange(n_queries), np.arange(n_items)
    query_ids = check_groups(groups_query, n_queries, "groups_query", "queries")
    item_ids = check_groups(groups_item, n_items, "groups_item", "items")
    articles, item_article = np.unique(item_ids, return_inverse=True)
    query_article = np.searchsorted(articles, query_ids).clip(max=len(articles) - 1)
    unanswered = np.flatnonzero(articles[query_article] != query_ids)
    if unanswered.size:
        raise ValueError(
            f"{unanswered.size} of {n_queries} queries have no relevant item, the "
            f"first has id {query_ids[unanswered[0]]}; leave them out"
        )
    return query_article, item_article


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def mean_reciprocal_rank(
    distances: ArrayLike,
    groups_query: ArrayLike | None = None,
    groups_item: ArrayLike | None = None,
) -> float:
    """Mean reciprocal rank of each query's own article.

    Items are ranked by distance, nearest first. Without article ids, item i answers
    query i. With ids, distinct articles are ranked, each at the distance of its nearest
    item, and the queries of one article are averaged first, so that each article counts
    once.

    Items at equal distances share their ranks: a query scores the mean of 1 / rank
    over the positions that its answer could take. A constant distance to n articles
    scores (1 + 1/2 + ... + 1/n) / n, which is also what chance scores.

    Parameters
    ----------
    distances : array-like of shape (n_queries, n_items)
        Distance from each query to each item, such as
        :func:`pairwise_jensen_shannon` returns. A row of NaN is an absent query, a
        column of NaN an absent item.
    groups_query : array-like of shape (n_queries,), default=None
        Article ids of the queries.
    groups_item : array-like of shape (n_items,), default=None
        Article ids of the items.

    Returns
    -------
    score : float
        From 0 to 1; 1 if every query finds its own article first.

    Raises
    ------
    ValueError
        If queries have no relevant item, ids are missing for a matrix that is not
        square, or all queries are skipped because views are absent.

    Warns
    -----
    UserWarning
        If absent queries or items are skipped. A query is also skipped if all its
        relevant items are absent.

    See Also
    --------
    evaluate_alignment : Scores a model without holding all distances in memory.

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
    return _score_matrix("mrr", distances, groups_query, groups_item)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def uninterpolated_average_precision(
    distances: ArrayLike,
    groups_query: ArrayLike | None = None,
    groups_item: ArrayLike | None = None,
) -> float:
    """Mean uninterpolated average precision, for queries with several answers.

    Items are ranked by distance, nearest first. The average precision of a query is
    the mean, over its relevant items, of the precision at their ranks; tied items are
    one threshold. It is
    :func:`sklearn.metrics.label_ranking_average_precision_score` of the negated
    distances, in which each article counts once.

    Parameters
    ----------
    distances : array-like of shape (n_queries, n_items)
        Distance from each query to each item, such as
        :func:`pairwise_jensen_shannon` returns. A row of NaN is an absent query, a
        column of NaN an absent item.
    groups_query : array-like of shape (n_queries,), default=None
        Article ids of the queries. The queries of one article are averaged first, so
        that each article counts once. Without ids, item i answers query i.
    groups_item : array-like of shape (n_items,), default=None
        Article ids of the items. Every item with the query's id is relevant, and
        each item, such as each picture of an article, is ranked separately.

    Returns
    -------
    score : float
        From 0 to 1; 1 if every query finds its relevant items before all others.

    Raises
    ------
    ValueError
        If queries have no relevant item, ids are missing for a matrix that is not
        square, or all queries are skipped because views are absent.

    Warns
    -----
    UserWarning
        If absent queries or items are skipped. A query is also skipped if all its
        relevant items are absent.

    See Also
    --------
    evaluate_alignment : Scores a model without holding all distances in memory.

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
    ...     distances, groups_query=["oak", "elm"], groups_item=["oak", "oak", "elm"]
    ... )
    >>> round(score, 3)  # ((1 + 2/3) / 2 + 1) / 2
    0.917
    """
    return _score_matrix("uap", distances, groups_query, groups_item)

"""Retrieval scores against enumeration and scikit-learn's average precision."""

import tracemalloc
from itertools import permutations
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.metrics import average_precision_score

from sklearn_m3l.metrics import (
    mean_reciprocal_rank,
    uninterpolated_average_precision,
)

BOTH = pytest.mark.parametrize(
    "score", [mean_reciprocal_rank, uninterpolated_average_precision]
)


def mrr_by_enumeration(distances, groups_query, groups_item):
    """Mean over every order of the articles that the distances allow."""
    by_article = {}
    for query, own in enumerate(groups_query):
        nearest = {
            article: min(distances[query][np.array(groups_item) == article])
            for article in sorted(set(groups_item))
        }
        ranks = [
            order.index(own) + 1
            for order in permutations(nearest)
            if all(
                nearest[a] <= nearest[b]
                for a, b in zip(order[:-1], order[1:], strict=True)
            )
        ]
        by_article.setdefault(own, []).append(mean(1 / rank for rank in ranks))
    return mean(mean(scores) for scores in by_article.values())


def uap_by_sklearn(distances, groups_query, groups_item):
    scores = [
        average_precision_score(np.array(groups_item) == own, -row)
        for own, row in zip(groups_query, distances, strict=True)
    ]
    return pd.Series(scores).groupby(np.array(groups_query)).mean().mean()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n_values", [1, 2, 3, 50])
def test_mrr_by_enumeration(seed, n_values):
    rng = np.random.default_rng(seed)
    square = rng.integers(n_values, size=(5, 5)).astype(float)
    identity = np.arange(5)
    assert mean_reciprocal_rank(square) == pytest.approx(
        mrr_by_enumeration(square, identity, identity)
    )
    distances = rng.integers(n_values, size=(7, 11)).astype(float)
    groups_item = np.r_[np.arange(5), rng.integers(5, size=6)]
    groups_query = rng.integers(5, size=7)
    assert mean_reciprocal_rank(distances, groups_query, groups_item) == pytest.approx(
        mrr_by_enumeration(distances, groups_query, groups_item)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_values", [1, 2, 5, 10**6])
def test_uap_agrees_with_sklearn(n_values, dtype):
    rng = np.random.default_rng(n_values)
    distances = rng.integers(n_values, size=(40, 90)).astype(dtype)
    groups_item = np.r_[np.arange(12), rng.integers(12, size=78)]
    groups_query = rng.integers(12, size=40)
    for query in range(40):  # each query by itself, then all
        score = uninterpolated_average_precision(
            distances[[query]], groups_query[[query]], groups_item
        )
        assert score == pytest.approx(
            average_precision_score(
                groups_item == groups_query[query], -distances[query]
            )
        )
    assert uninterpolated_average_precision(
        distances, groups_query, groups_item
    ) == pytest.approx(uap_by_sklearn(distances, groups_query, groups_item))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_whatever_the_memory(dtype):
    rng = np.random.default_rng(0)
    distances = rng.integers(500, size=(301, 700)).astype(dtype)
    groups_item = np.r_[np.arange(90), rng.integers(90, size=610)]
    groups_query = rng.integers(90, size=301)
    given = distances, groups_query, groups_item
    expected = [mean_reciprocal_rank(*given), uninterpolated_average_precision(*given)]
    assert expected[1] == pytest.approx(uap_by_sklearn(*given), rel=1e-12)
    for mebibytes in (1e-3, 2, 4, 10**6):
        with config_context(working_memory=mebibytes):
            assert mean_reciprocal_rank(*given) == expected[0]
            assert uninterpolated_average_precision(*given) == expected[1]


@BOTH
def test_a_given_matrix_is_not_copied(score):
    rng = np.random.default_rng(0)
    distances = rng.random((600, 1000))
    distances[:, 3] = distances[5] = np.nan
    groups = np.arange(600), np.arange(1000)
    tracemalloc.start()
    try:
        with config_context(working_memory=1), pytest.warns(UserWarning):
            score(distances, *groups)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < distances.nbytes / 2


def test_worked_by_hand():
    # Ranks 1, 2 (tied with one other for 1 and 2) and 3.
    distances = [[0.0, 0.5, 0.7], [0.2, 0.2, 0.9], [0.1, 0.2, 0.3]]
    assert mean_reciprocal_rank(distances) == pytest.approx((1 + 3 / 4 + 1 / 3) / 3)
    assert uninterpolated_average_precision(distances) == pytest.approx(
        (1 + 1 / 2 + 1 / 3) / 3
    )
    # Two pictures of "a": at ranks 1 and 3; one of "b": at rank 3.
    distances, groups_item = [[0.1, 0.2, 0.3], [0.1, 0.9, 0.2]], ["a", "b", "a"]
    assert uninterpolated_average_precision(
        distances, ["a", "b"], groups_item
    ) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 3) / 2)
    assert mean_reciprocal_rank(distances, ["a", "b"], groups_item) == 0.75


@BOTH
def test_perfect_and_worst(score):
    n = 6
    assert score(1.0 - np.eye(n)) == 1
    # The own item strictly last: rank n.
    assert score(np.eye(n)) == pytest.approx(1 / n)


def test_constant_distances_score_what_chance_does():
    n = 50
    chance = sum(1 / rank for rank in range(1, n + 1)) / n
    assert mean_reciprocal_rank(np.ones((n, n))) == pytest.approx(chance)
    labels = np.repeat(np.arange(n), 3)
    assert mean_reciprocal_rank(
        np.ones((3 * n, 3 * n)), labels, labels
    ) == pytest.approx(chance)
    assert uninterpolated_average_precision(
        np.ones((3 * n, 3 * n)), labels, labels
    ) == pytest.approx(1 / n)


@BOTH
def test_an_article_counts_once_as_a_query(score):
    rng = np.random.default_rng(0)
    distances = rng.random((4, 4))
    articles = np.arange(4)
    expected = score(distances)
    repeats = np.repeat(articles, [5, 1, 3, 1])
    assert score(distances[repeats], repeats, articles) == pytest.approx(expected)


def test_mrr_counts_an_article_once_as_an_item():
    rng = np.random.default_rng(0)
    distances = rng.random((4, 4))
    articles = np.arange(4)
    repeats = np.repeat(articles, [5, 1, 3, 1])
    assert mean_reciprocal_rank(
        distances[:, repeats], articles, repeats
    ) == pytest.approx(mean_reciprocal_rank(distances))


@BOTH
def test_order_and_names_of_labels_do_not_matter(score):
    rng = np.random.default_rng(0)
    distances = rng.integers(4, size=(30, 40)).astype(float)
    groups_query, groups_item = rng.integers(6, size=30), rng.integers(6, size=40)
    expected = score(distances, groups_query, groups_item)
    rows, columns = rng.permutation(30), rng.permutation(40)
    names = np.array(["Zebra", "ant", "Öl", "cat", "dog", "elk"], dtype=object)
    shuffled = score(
        pd.DataFrame(distances[rows][:, columns]),
        pd.Series(names[groups_query[rows]], index=rows),
        names[groups_item[columns]].tolist(),
    )
    assert shuffled == pytest.approx(expected)


@BOTH
def test_absent_views_are_skipped_and_counted(score):
    rng = np.random.default_rng(0)
    distances = rng.random((8, 8))
    distances[2] = np.nan
    distances[:, [3, 5]] = np.nan
    kept = np.array([0, 1, 4, 6, 7])
    # Item 2 stays among the candidates: the query alone is absent.
    candidates = np.array([0, 1, 2, 4, 6, 7])
    message = "skipped 3 of 8 queries.* and 2 absent of 8 items"
    with pytest.warns(UserWarning, match=message) as caught:
        result = score(distances)
    assert result == pytest.approx(
        score(distances[np.ix_(kept, candidates)], kept, candidates)
    )
    assert len(caught) == 1
    assert caught[0].filename == __file__


@BOTH
def test_query_with_some_relevant_items_absent(score):
    distances = np.array([[0.1, 0.9, np.nan], [0.3, 0.2, np.nan]])
    with pytest.warns(UserWarning, match="skipped 0 of 2 .* 1 absent of 3"):
        assert score(distances, ["a", "b"], ["a", "b", "b"]) == 1
    with pytest.warns(UserWarning, match="skipped 1 of 2 .* 1 absent of 3"):
        assert score(distances, ["a", "b"], ["a", "a", "b"]) == 1


@BOTH
def test_bad_input(score):
    square = np.ones((3, 3))
    with pytest.raises(ValueError, match=r"shape \(2, 3\).*must be square"):
        score(square[:2])
    with pytest.raises(ValueError, match="both groups_query and groups_item"):
        score(square, groups_query=[1, 2, 3])
    with pytest.raises(ValueError, match="groups_item has 2 ids for 3 items"):
        score(square, [1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="groups_query has 1 ids for 3 queries"):
        score(square, [1], [1, 2, 3])
    with pytest.raises(ValueError, match="2 of 3 queries have no relevant .* id 7"):
        score(square, [1, 7, 9], [1, 2, 3])
    with pytest.raises(ValueError, match="groups_query contains NaN"):
        score(square, [1, np.nan, 3], [1, 2, 3])
    with pytest.raises(ValueError, match="groups_item contains None"):
        score(square, ["a", "b", "c"], ["a", None, "c"])
    with pytest.raises(ValueError, match="distances contains infinity"):
        score(np.where(np.eye(3), np.inf, 1))
    with pytest.raises(ValueError, match="NaN for query 0 and item 0, both present"):
        score(np.where(np.eye(3), np.nan, 1))
    with pytest.raises(ValueError, match="no query is left"):
        score(np.full((3, 3), np.nan))

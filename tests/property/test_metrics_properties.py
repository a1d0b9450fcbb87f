"""Bounds, symmetry and invariances of the metrics."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_m3l.metrics import (
    cross_lingual_npmi,
    mean_jensen_shannon,
    mean_reciprocal_rank,
    npmi_coherence,
    paired_jensen_shannon,
    pairwise_jensen_shannon,
    topic_diversity,
    uninterpolated_average_precision,
)

RETRIEVAL = [mean_reciprocal_rank, uninterpolated_average_precision]


@pytest.fixture(autouse=True)
def absent_views_are_skipped():
    """Let the warnings about them pass."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "skipped", UserWarning)
        yield


def generators():
    """Return a strategy of random generators."""
    return st.integers(0, 9999).map(np.random.default_rng)


def distributions(rng, n_rows, n_topics):
    """Return topic distributions, sharp ones with zeros, and blurred ones."""
    rows = rng.dirichlet(np.full(n_topics, 10 ** rng.uniform(-3, 1)), n_rows)
    rows[rng.random(n_rows) < 0.2] = np.eye(n_topics)[0]
    return rows


@st.composite
def views(draw):
    """Draw two aligned views of the same rows; some rows lack one."""
    rng = draw(generators())
    n_rows, n_topics = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    X, Y = (distributions(rng, n_rows, n_topics) for _ in range(2))
    for view in (X, Y):
        view[rng.random(n_rows) < 0.2] = np.nan
    both = draw(st.integers(0, n_rows - 1))
    X[both] = Y[both] = distributions(rng, 1, n_topics)
    return X, Y, rng


@given(views())
def test_divergence_of_pairs(drawn):
    X, Y, rng = drawn
    divergences = pairwise_jensen_shannon(X, Y, n_jobs=1)
    absent = np.isnan(X).any(axis=1)[:, None] | np.isnan(Y).any(axis=1)
    assert (np.isnan(divergences) == absent).all()
    known = divergences[~absent]
    assert (known >= 0).all() and (known <= np.log(2)).all()
    assert_allclose(pairwise_jensen_shannon(Y, X), divergences.T, atol=1e-12)
    own = pairwise_jensen_shannon(X).diagonal()
    assert (own[~np.isnan(own)] == 0).all()
    rows, columns = rng.permutation(len(X)), rng.permutation(len(Y))
    permuted = pairwise_jensen_shannon(X[rows], Y[columns], n_jobs=2)
    assert_allclose(permuted, divergences[np.ix_(rows, columns)], atol=1e-12)
    topics = rng.permutation(X.shape[1])
    permuted = pairwise_jensen_shannon(X[:, topics], Y[:, topics])
    assert_allclose(permuted, divergences, atol=1e-12)
    # Its root is a metric.
    own = pairwise_jensen_shannon(X[~np.isnan(X[:, 0])])
    distances = np.sqrt(own)
    sums = distances[:, :, None] + distances[None]
    assert (distances[:, None] <= sums.transpose(0, 2, 1) + 1e-6).all()


@given(views())
def test_mean_divergence(drawn):
    X, Y, rng = drawn
    mean = mean_jensen_shannon(X, Y)
    assert 0 <= mean <= np.log(2)
    assert_allclose(mean_jensen_shannon(Y, X), mean, atol=1e-12)
    rows = rng.permutation(len(X))
    assert_allclose(mean_jensen_shannon(X[rows], Y[rows]), mean, atol=1e-12)
    pairs = pairwise_jensen_shannon(X, Y).diagonal()
    assert_allclose(mean, np.nanmean(pairs), atol=1e-12)
    assert_allclose(paired_jensen_shannon(X, Y), pairs, atol=1e-12)
    assert mean_jensen_shannon(X, X) == 0
    groups = rng.integers(0, 3, len(X))
    grouped = mean_jensen_shannon(X, Y, groups)
    named = np.array(["z", "m", "a"])[groups][rows]
    assert 0 <= grouped <= np.log(2)
    permuted = mean_jensen_shannon(X[rows], Y[rows], named)
    assert_allclose(permuted, grouped, atol=1e-12)


@st.composite
def retrievals(draw):
    """Draw distances with ties, and the articles of queries and items."""
    rng = draw(generators())
    n_queries, n_items = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    distances = rng.integers(0, draw(st.integers(1, 9)), (n_queries, n_items)) / 8
    groups_item = rng.integers(0, 4, n_items)
    groups_query = rng.choice(groups_item, n_queries)
    distances[rng.random(n_queries) < 0.2] = np.nan
    distances[:, rng.random(n_items) < 0.2] = np.nan
    query = draw(st.integers(0, n_queries - 1))  # one that is answered
    answer = np.flatnonzero(groups_item == groups_query[query])[0]
    absent_queries = np.isnan(distances).all(axis=1)
    absent_items = np.isnan(distances).all(axis=0)
    absent_queries[query] = absent_items[answer] = False
    missing = absent_queries[:, None] | absent_items
    distances[np.isnan(distances)] = 0.5
    distances[missing] = np.nan
    return distances, groups_query, groups_item, rng


@pytest.mark.parametrize("metric", RETRIEVAL)
@given(retrievals())
def test_retrieval_by_article(metric, drawn):
    distances, groups_query, groups_item, rng = drawn
    score = metric(distances, groups_query, groups_item)
    assert 0 < score <= 1
    queries, items = (
        rng.permutation(len(groups_query)),
        rng.permutation(len(groups_item)),
    )
    permuted = metric(
        distances[np.ix_(queries, items)], groups_query[queries], groups_item[items]
    )
    assert_allclose(permuted, score, atol=1e-12)
    names = np.array(["oak", "ash", "yew", "elm"])
    assert_allclose(metric(distances, names[groups_query], names[groups_item]), score)
    # Ranks are all that counts.
    assert_allclose(metric(np.exp(3 * distances) - 2, groups_query, groups_item), score)
    best = np.where(groups_query[:, None] == groups_item, 0.0, 1.0)
    assert_allclose(metric(best + 0 * distances, groups_query, groups_item), 1)


@pytest.mark.parametrize("metric", RETRIEVAL)
@given(generators(), st.integers(1, 9))
def test_retrieval_of_partners(metric, rng, n_rows):
    distances = rng.integers(0, 5, (n_rows, n_rows)) / 4
    score = metric(distances)
    assert 0 < score <= 1
    rows = rng.permutation(n_rows)
    assert_allclose(metric(distances[np.ix_(rows, rows)]), score, atol=1e-12)
    numbers = np.arange(n_rows)
    assert_allclose(metric(distances, numbers, numbers), score, atol=1e-12)
    nearer = distances.copy()
    nearer[rows[0], rows[0]] -= 1
    assert metric(nearer) >= score - 1e-12
    assert metric(1 - np.eye(n_rows)) == 1


@st.composite
def corpora(draw):
    """Draw tuples of two languages and topics whose words occur in them."""
    rng = draw(generators())
    n_rows, n_words = draw(st.integers(1, 9)), draw(st.integers(2, 6))
    counts, vocabularies, topics = [], [], []
    for language in ("a", "b"):
        matrix = rng.poisson(0.6, (n_rows, n_words))
        matrix[rng.integers(n_rows)] = 1  # every word occurs
        matrix[0] = 1
        counts.append(matrix)
        words = [f"{language}{word}" for word in range(n_words)]
        vocabularies.append(words)
        topics.append([rng.permutation(words)[:2].tolist() for _ in range(3)])
    return counts, vocabularies, topics, rng


@given(corpora())
def test_coherence(drawn):
    (counts, _), (vocabulary, _), (topics, _), rng = drawn
    options = {"n_words": 2, "average": False}
    coherence = npmi_coherence(topics, counts, vocabulary, **options)
    assert (coherence >= -1 - 1e-9).all() and (coherence <= 1 + 1e-9).all()
    mean = npmi_coherence(topics, counts, vocabulary, n_words=2)
    assert_allclose(mean, coherence.mean())
    rows, columns = (rng.permutation(n) for n in counts.shape)
    permuted = npmi_coherence(
        [topic[::-1] for topic in topics[::-1]],
        counts[np.ix_(rows, columns)],
        [vocabulary[column] for column in columns],
        **options,
    )
    assert_allclose(permuted[::-1], coherence, atol=1e-12)
    # How often a word is in a text does not count, nor do copies and empty texts.
    more = np.vstack([counts > 0, counts > 0, np.zeros_like(counts)])
    unique = npmi_coherence(topics, (counts > 0) * 1, vocabulary, **options)
    assert_allclose(npmi_coherence(topics, more * 1, vocabulary, **options), unique)


@given(corpora())
def test_coherence_across_languages(drawn):
    counts, vocabularies, topics, rng = drawn
    options = {"n_words": 2, "average": False}
    coherence = cross_lingual_npmi(*topics, *counts, *vocabularies, **options)
    assert (coherence >= -1 - 1e-9).all() and (coherence <= 1 + 1e-9).all()
    swapped = cross_lingual_npmi(
        *topics[::-1], *counts[::-1], *vocabularies[::-1], **options
    )
    assert_allclose(swapped, coherence, atol=1e-12)
    rows = rng.permutation(len(counts[0]))
    columns = rng.permutation(len(vocabularies[0]))
    permuted = cross_lingual_npmi(
        *topics,
        counts[0][np.ix_(rows, columns)],
        counts[1][rows],
        [vocabularies[0][column] for column in columns],
        vocabularies[1],
        **options,
    )
    assert_allclose(permuted, coherence, atol=1e-12)


@given(generators(), st.integers(1, 6), st.integers(1, 5))
def test_diversity(rng, n_topics, n_words):
    words = [f"w{word}" for word in range(8)]
    topics = [rng.permutation(words)[:n_words].tolist() for _ in range(n_topics)]
    diversity = topic_diversity(topics, n_words)
    assert 1 / n_topics <= diversity <= 1
    shuffled = [rng.permutation(topic).tolist() for topic in topics]
    rng.shuffle(shuffled)
    assert topic_diversity(shuffled, n_words) == diversity
    assert_allclose(topic_diversity(topics + topics, n_words), diversity / 2)

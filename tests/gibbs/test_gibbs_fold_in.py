"""Folding in: streams by row, the subset and order of rows, and bad input."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_m3l.gibbs import _fold_in, fold_in

ALPHA = np.array([0.02, 0.05, 0.03])


def fold(counts, topic_word, **params):
    return fold_in(counts, topic_word, ALPHA, **{"max_iter": 6, "burn_in": 2} | params)


@pytest.fixture
def topic_word():
    rng = np.random.default_rng(0)
    return [rng.dirichlet(np.full(n, 0.3), 3) + 1e-4 for n in (10, 6)]


@pytest.fixture
def counts():
    rng = np.random.default_rng(1)
    counts = [
        sparse.csr_array(rng.poisson(1.0, (15, n)) * rng.uniform(0.5, 1.5, (15, n)))
        for n in (10, 6)
    ]
    keep = rng.random((2, 15)) < 0.7
    return [
        sparse.csr_array(sparse.diags_array(own * 1.0) @ matrix)
        for own, matrix in zip(keep, counts, strict=True)
    ]


def test_distributions(counts, topic_word):
    theta = fold(counts, topic_word)
    assert theta.shape == (15, 3)
    assert (theta > 0).all()
    np.testing.assert_allclose(theta.sum(axis=1), 1)


def test_rows_do_not_depend_on_other_rows(counts, topic_word):
    theta = fold(counts, topic_word, seed=5)
    order = np.random.default_rng(2).permutation(15)[:9]
    subset = fold([matrix[order] for matrix in counts], topic_word, seed=5)
    np.testing.assert_array_equal(subset, theta[order])
    for row in (0, 14):
        alone = fold([m[[row]] for m in counts], topic_word, seed=5)
        np.testing.assert_array_equal(alone[0], theta[row])


def test_threads_do_not_change_the_result(counts, topic_word):
    theta = fold(counts, topic_word)
    for n_jobs in (2, 7, 100):
        np.testing.assert_array_equal(fold(counts, topic_word, n_jobs=n_jobs), theta)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_blocks_do_not_change_the_result(counts, topic_word, monkeypatch, n_jobs):
    theta = fold(counts, topic_word)
    for n_draws in (1, 50, 300):
        monkeypatch.setattr(_fold_in, "_DRAWS", n_draws)
        found = fold(counts, topic_word, n_jobs=n_jobs)
        np.testing.assert_array_equal(found, theta)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_it_early(counts, topic_word, monkeypatch, n_jobs):
    sample, sampled = _fold_in.fold_in_documents, []

    def interrupted(first, last, *arguments):
        sampled.append(last - first)
        if len(sampled) == 3:
            raise KeyboardInterrupt
        sample(first, last, *arguments)

    monkeypatch.setattr(_fold_in, "fold_in_documents", interrupted)
    monkeypatch.setattr(_fold_in, "_DRAWS", 1)
    with pytest.raises(KeyboardInterrupt):
        fold(counts, topic_word, n_jobs=n_jobs)
    assert sum(sampled) < 15


def test_seed_and_content_change_the_draws(counts, topic_word):
    theta = fold(counts, topic_word)
    assert (fold(counts, topic_word, seed=1) != theta).any()
    # Rows that are alike up to the weights draw differently too.
    doubled = fold([matrix * 1.01 for matrix in counts], topic_word)
    assert np.abs(doubled - theta).max() > 0.01


def test_layout_of_the_matrix_changes_nothing(counts, topic_word):
    theta = fold(counts, topic_word)
    untidy = []
    for matrix in counts:
        coo = matrix.tocoo()
        zeros = np.zeros(5, int)
        untidy.append(
            sparse.csr_matrix(
                (
                    np.concatenate([coo.data[::-1], zeros]),
                    (
                        np.concatenate([coo.row[::-1], zeros]),
                        np.concatenate([coo.col[::-1], zeros]),
                    ),
                ),
                matrix.shape,
            )
        )
    np.testing.assert_array_equal(fold(untidy, topic_word), theta)


def test_input_is_left_alone(counts, topic_word):
    before = [matrix.copy() for matrix in counts]
    for matrix in counts:
        matrix.data.flags.writeable = False
    for matrix in topic_word:
        matrix.flags.writeable = False
    fold(counts, topic_word)
    for matrix, old in zip(counts, before, strict=True):
        assert (matrix != old).nnz == 0


def test_empty_document_has_the_mean_of_the_prior(topic_word):
    counts = [sparse.csr_array((2, 10)), sparse.csr_array((2, 6))]
    theta = fold(counts, topic_word)
    np.testing.assert_allclose(theta, [ALPHA / ALPHA.sum()] * 2)


def test_no_documents(topic_word):
    counts = [sparse.csr_array((0, 10)), sparse.csr_array((0, 6))]
    assert fold(counts, topic_word, n_jobs=2).shape == (0, 3)


def test_either_language_finds_the_topic():
    topic_word = [np.full((3, n), 1e-6) for n in (9, 6)]
    for phi in topic_word:
        for topic in range(3):
            phi[topic, topic::3] = 3 / phi.shape[1]
    rows = [np.zeros((3, 9)), np.zeros((3, 6))]
    rows[0][0, [1, 4]] = 3
    rows[1][1, [2, 5]] = 3
    rows[0][2, [0, 3]] = rows[1][2, [0, 3]] = 3
    theta = fold([sparse.csr_array(m) for m in rows], topic_word)
    assert theta.argmax(axis=1).tolist() == [1, 2, 0]
    assert theta.max(axis=1).min() > 0.95


def test_clusters_tilt_the_prior(counts, topic_word):
    counts = [sparse.csr_array(matrix.toarray()) for matrix in counts]
    counts = [sparse.vstack([m, sparse.csr_array((1, m.shape[1]))]) for m in counts]
    clusters = np.arange(16) % 4 - 1
    theta = fold(counts, topic_word, clusters=clusters, cluster_weight=50.0)
    own = clusters >= 0
    np.testing.assert_array_equal(theta[own].argmax(axis=1), clusters[own])
    # Nothing else changes, and an empty document gets the mean of its prior.
    plain = fold(counts, topic_word)
    np.testing.assert_array_equal(theta[~own], plain[~own])
    expected = (ALPHA + 50.0 * (np.arange(3) == 2)) / (ALPHA.sum() + 50.0)
    np.testing.assert_allclose(theta[15], expected)
    assert clusters[15] == 2
    np.testing.assert_array_equal(
        fold(counts, topic_word, clusters=clusters, cluster_weight=0.0), plain
    )


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        ([0, 1], r"clusters must have shape \(15,\), got \(2,\)"),
        ([3] * 15, "clusters must be integers from 0 to 2, or -1"),
        ([-2] * 15, "clusters must be integers from 0 to 2, or -1"),
        ([0.5] * 15, "clusters must be integers from 0 to 2, or -1"),
    ],
)
def test_bad_clusters(counts, topic_word, clusters, message):
    with pytest.raises(ValueError, match=message):
        fold(counts, topic_word, clusters=np.array(clusters), cluster_weight=1.0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_iter": 10, "burn_in": 10}, "burn_in"),
        ({"burn_in": -1}, "burn_in"),
    ],
)
def test_bad_iterations(counts, topic_word, params, message):
    with pytest.raises(ValueError, match=message):
        fold(counts, topic_word, **params)


def test_probabilities_of_zero_are_refused(counts, topic_word):
    topic_word[1][0, 0] = 0
    with pytest.raises(ValueError, match="above zero"):
        fold(counts, topic_word)


def test_unequal_numbers_of_rows_are_refused(counts, topic_word):
    with pytest.raises(ValueError, match="number of rows"):
        fold([counts[0], counts[1][:5]], topic_word)

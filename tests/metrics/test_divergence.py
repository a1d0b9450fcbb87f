"""Jensen-Shannon divergence against scipy, and its edge cases."""

import tracemalloc

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial.distance import jensenshannon

from sklearn_m3l.metrics import (
    mean_jensen_shannon,
    paired_jensen_shannon,
    pairwise_jensen_shannon,
)


def by_scipy(X, Y):
    return np.array([[jensenshannon(x, y) ** 2 for y in Y] for x in X])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("concentration", [0.01, 0.1, 1.0, 100.0])
@pytest.mark.parametrize("n_topics", [1, 2, 7, 100])
def test_agrees_with_scipy(rng, concentration, n_topics):
    alpha = np.full(n_topics, concentration)
    X, Y = rng.dirichlet(alpha, 9), rng.dirichlet(alpha, 14)
    assert_allclose(pairwise_jensen_shannon(X, Y), by_scipy(X, Y), atol=1e-13)


def test_tiles_and_threads_give_the_same_bits(rng):
    """Some million terms, which are computed in many tiles."""
    X, Y = rng.dirichlet(np.ones(30), 1300), rng.dirichlet(np.ones(30), 1100)
    expected = pairwise_jensen_shannon(X, Y, n_jobs=1)
    for n_jobs in (-1, 2, 3, None):
        assert_array_equal(pairwise_jensen_shannon(X, Y, n_jobs=n_jobs), expected)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert_array_equal(pairwise_jensen_shannon(X, Y, n_jobs=None), expected)
    rows, columns = slice(641, 662), slice(37, 1061)
    for few in (slice(3, 4), slice(1090, 1100)):
        for p, q in ((few, slice(None)), (slice(None), few), (few, few)):
            assert_array_equal(pairwise_jensen_shannon(X[p], Y[q]), expected[p, q])
    assert_array_equal(
        pairwise_jensen_shannon(X[rows], Y[columns]), expected[rows, columns]
    )


def test_scratch_is_bounded(rng):
    X, Y = rng.dirichlet(np.ones(50), 300), rng.dirichlet(np.ones(50), 2000)
    tracemalloc.start()
    try:
        result = pairwise_jensen_shannon(X, Y, n_jobs=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < result.nbytes + 10 * Y.nbytes  # all pairs at once: 50 * result.nbytes


def test_symmetric_and_bounded(rng):
    X = np.vstack([rng.dirichlet(np.full(30, 0.02), 40), np.eye(30), np.eye(30)[:3]])
    D = pairwise_jensen_shannon(X)
    assert_array_equal(D, pairwise_jensen_shannon(X, X))
    assert_array_equal(D, D.T)
    assert D.min() >= 0 and D.max() <= np.log(2)
    assert_allclose(np.diag(D), 0, atol=1e-15)
    assert_allclose(np.sqrt(D), np.sqrt(by_scipy(X, X)), atol=3e-8)


def test_zeros_and_one_hot_rows():
    X = [[1, 0, 0], [0.5, 0.5, 0]]
    Y = [[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5]]
    expected = by_scipy(np.array(X), np.array(Y, dtype=float))
    D = pairwise_jensen_shannon(X, Y)
    assert_allclose(D, expected, atol=1e-15)
    assert D[0, 0] == 0
    assert_allclose([D[0, 1], D[0, 2], D[1, 2]], np.log(2) * np.array([1, 1, 0.5]))
    entropy = 0.75 * np.log(4 / 3) + 0.25 * np.log(4)
    assert_allclose(D[1, 0], entropy - 0.5 * np.log(2))


def test_tiny_and_subnormal_probabilities():
    X = [[1 - 1e-9, 1e-9, 0], [1, 5e-324, 1e-310]]
    assert_allclose(
        pairwise_jensen_shannon(X), by_scipy(np.array(X), np.array(X)), atol=1e-15
    )


def test_rows_are_normalized_as_scipy_does(rng):
    X, Y = rng.dirichlet(np.ones(6), 4) * 1.0009, rng.dirichlet(np.ones(6), 3) * 0.9991
    assert_allclose(pairwise_jensen_shannon(X, Y), by_scipy(X, Y), atol=1e-14)


def test_float32_frames_and_read_only_input(rng):
    X = rng.dirichlet(np.ones(8), 6)
    frame = pd.DataFrame(X.astype(np.float32))
    D = pairwise_jensen_shannon(frame, X)
    assert D.dtype == np.float64
    assert_allclose(D, by_scipy(X, X), atol=1e-6)
    before = X.copy()
    X.flags.writeable = False
    pairwise_jensen_shannon(X)
    assert_array_equal(X, before)


def test_absent_rows_give_nan(rng):
    X, Y = rng.dirichlet(np.ones(4), 5), rng.dirichlet(np.ones(4), 6)
    full = pairwise_jensen_shannon(X, Y)
    X[1], Y[[0, 4]] = np.nan, np.nan
    full[1], full[:, [0, 4]] = np.nan, np.nan
    assert_array_equal(pairwise_jensen_shannon(X, Y), full)


@pytest.mark.parametrize(
    "function", [pairwise_jensen_shannon, paired_jensen_shannon, mean_jensen_shannon]
)
@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0.6, -0.1],
        [0.5, 0.3, 0.1],
        [0.5, 0.5, 0.002],
        [0.5, 0.5, np.nan],
        [np.inf, 0, 0],
        [np.inf, -np.inf, 0],
        [0, 0, 0],
    ],
)
def test_rows_that_are_no_distribution(function, row):
    good, bad = np.full((4, 3), 1 / 3), np.full((4, 3), 1 / 3)
    bad[2] = bad[3] = row
    with pytest.raises(ValueError, match="2 of 4 rows of Y .* first is row 2"):
        function(good, bad)
    with pytest.raises(ValueError, match="2 of 4 rows of X .* first is row 2"):
        function(bad, good)


@pytest.mark.parametrize(
    "function", [pairwise_jensen_shannon, paired_jensen_shannon, mean_jensen_shannon]
)
def test_bad_shapes(function):
    X = np.full((2, 3), 1 / 3)
    with pytest.raises(ValueError, match="X has 3 columns and Y has 2"):
        function(X, np.full((2, 2), 1 / 2))
    with pytest.raises(ValueError, match="Expected 2D array"):
        function(X, X[0])
    with pytest.raises(TypeError, match="[Ss]parse"):
        function(X, sparse.csr_array(X))
    with pytest.raises(ValueError, match="'n_jobs' parameter"):
        pairwise_jensen_shannon(X, n_jobs="all")


def test_paired_rows(rng):
    X, Y = rng.dirichlet(np.full(9, 0.1), 12), rng.dirichlet(np.full(9, 0.1), 12)
    X[3], Y[3], Y[5] = np.eye(9)[0], np.eye(9)[1], X[5]
    expected = jensenshannon(X, Y, axis=1) ** 2
    X[4], Y[7], expected[[4, 7]] = np.nan, np.nan, np.nan
    result = paired_jensen_shannon(X, Y)
    assert_allclose(result, expected, atol=1e-14)
    assert result[3] == np.log(2) and result[5] == 0
    frame = pd.DataFrame(X.astype(np.float32))
    assert_allclose(paired_jensen_shannon(frame, Y.tolist()), expected, atol=1e-6)
    for function in (paired_jensen_shannon, mean_jensen_shannon):
        with pytest.raises(ValueError, match="X has 12 rows and Y has 2"):
            function(X, Y[:2])


def test_paired_rows_in_bounded_memory(rng):
    X, Y = rng.dirichlet(np.ones(20), 100_000), rng.dirichlet(np.ones(20), 100_000)
    tracemalloc.start()
    try:
        result = paired_jensen_shannon(X, Y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * X.nbytes  # all rows at once: 8 arrays and two copies
    for rows in (slice(40_000, 40_001), slice(52_000, 52_500)):  # one spans blocks
        assert_array_equal(paired_jensen_shannon(X[rows], Y[rows]), result[rows])


def test_mean_over_aligned_rows(rng):
    X, Y = rng.dirichlet(np.full(9, 0.1), 12), rng.dirichlet(np.full(9, 0.1), 12)
    rows = np.diag(by_scipy(X, Y))
    assert mean_jensen_shannon(X, Y) == pytest.approx(rows.mean(), abs=1e-14)
    assert mean_jensen_shannon(X, X) == pytest.approx(0, abs=1e-15)
    groups = np.array(list("aabbbbbcdddd"))
    expected = pd.Series(rows).groupby(groups).mean().mean()
    order = rng.permutation(12)
    for picked in (np.arange(12), order):
        score = mean_jensen_shannon(X[picked], Y[picked], groups=groups[picked])
        assert score == pytest.approx(expected, abs=1e-14)


def test_mean_skips_pairs_that_lack_a_view(rng):
    X, Y = rng.dirichlet(np.ones(3), 6), rng.dirichlet(np.ones(3), 6)
    rows = np.diag(by_scipy(X, Y))
    X[0], Y[[0, 4]] = np.nan, np.nan
    with pytest.warns(UserWarning, match="skipped 2 of 6 rows") as caught:
        score = mean_jensen_shannon(X, Y, groups=["z", "z", "y", "y", "x", "w"])
    expected = (rows[1] + (rows[2] + rows[3]) / 2 + rows[5]) / 3
    assert score == pytest.approx(expected)
    assert caught[0].filename == __file__
    X[:] = np.nan
    with pytest.raises(ValueError, match="no row has both views"):
        mean_jensen_shannon(X, Y)


def test_mean_bad_groups():
    X = np.full((3, 2), 0.5)
    with pytest.raises(ValueError, match="X has 3 rows and Y has 2"):
        mean_jensen_shannon(X, X[:2])
    with pytest.raises(ValueError, match="groups has 2 ids for 3 rows"):
        mean_jensen_shannon(X, X, groups=[1, 2])
    with pytest.raises(ValueError, match="groups contains NaN"):
        mean_jensen_shannon(X, X, groups=[1, 2, np.nan])
    with pytest.raises(ValueError, match="groups contains None"):
        mean_jensen_shannon(X, X, groups=["a", "b", None])

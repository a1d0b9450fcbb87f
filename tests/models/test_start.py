"""Which tuples the topics of a neural model start from."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_m3l import MultiView
from sklearn_m3l.models._start import select_training_tuples


def tuples(n_rows=40, groups=None, present=None, seed=0):
    rng = np.random.default_rng(seed)
    counts = {n: rng.poisson(1.0, (n_rows, 8)) + 1 for n in ("en", "de")}
    return MultiView.from_arrays(
        {"image": np.ones((n_rows, 3))}, counts, present=present, groups=groups
    )


def repeated(groups=True):
    """Return each of 20 pages three times, once with another German text."""
    X = tuples(20)
    rows = np.repeat(np.arange(20), 3)
    counts = {name: X[name].counts.toarray()[rows] for name in ("en", "de")}
    counts["de"][5, 0] += 1
    return MultiView.from_arrays(counts=counts, groups=rows if groups else None)


def test_pages_that_repeat_count_once():
    expected = np.sort(np.append(np.arange(0, 60, 3), 5))
    assert_array_equal(select_training_tuples(repeated(), np.inf, 0), expected)
    # Without article ids equal rows are different tuples.
    rows = select_training_tuples(repeated(groups=False), np.inf, 0)
    assert_array_equal(rows, np.arange(60))


def test_equal_texts_of_different_articles_are_kept():
    X = repeated()
    other = MultiView(X.views, groups=np.arange(60))
    assert_array_equal(select_training_tuples(other, np.inf, 0), np.arange(60))


def test_a_text_that_is_absent_makes_a_row_distinct():
    X = repeated()
    present = np.arange(60) != 1
    counts = {name: X[name].counts for name in X.view_names}
    gaps = MultiView.from_arrays(
        counts=counts, present={"en": present}, groups=X.groups
    )
    expected = np.sort([*range(0, 60, 3), 1, 5])
    assert_array_equal(select_training_tuples(gaps, np.inf, 0), expected)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_at_most_so_many_tokens(share):
    X = tuples(200)
    sizes = sum(X[name].counts.sum(axis=1) for name in ("en", "de"))
    rows = select_training_tuples(X, share * sizes.sum(), 0)
    assert_array_equal(rows, np.unique(rows))
    total = sizes[rows].sum()
    assert share * sizes.sum() - sizes.max() <= total <= share * sizes.sum()
    assert_array_equal(select_training_tuples(X, share * sizes.sum(), 0), rows)
    other = select_training_tuples(X, share * sizes.sum(), 1)
    assert not np.array_equal(other, rows)


def test_rows_without_words_are_left_out():
    X = tuples(6, present={"en": np.arange(6) != 2, "de": np.arange(6) != 2})
    rows = select_training_tuples(X, np.inf, 0)
    assert_array_equal(rows, [0, 1, 3, 4, 5])
    silent = MultiView.from_arrays(counts={"en": np.zeros((4, 3))})
    assert_array_equal(select_training_tuples(silent, np.inf, 0), np.arange(4))


def test_at_least_two_rows():
    assert len(select_training_tuples(tuples(), 1, 0)) == 2

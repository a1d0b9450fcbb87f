"""scikit-learn's own tools on a MultiView, with no wrapper."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing, indexable, resample, shuffle
from sklearn.utils.validation import check_consistent_length

from sklearn_m3l import MultiView


class Centroid(TransformerMixin, BaseEstimator):
    """A toy that learns the mean of every view and scores by the distance to it."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y=None):
        assert isinstance(X, MultiView)
        self.means_ = {
            name: view.read(np.flatnonzero(view.present)).mean(axis=0) + self.shift
            for name, view in X.views.items()
        }
        return self

    def transform(self, X):
        distances = np.full(X.shape, np.nan)
        for column, (name, view) in enumerate(X.views.items()):
            away = view.read(slice(None)) - self.means_[name]
            distances[:, column] = np.linalg.norm(away, axis=1)
        return distances

    def predict(self, X):
        return np.nanargmin(self.transform(X), axis=1)

    def score(self, X, y=None):
        return -np.nanmean(self.transform(X))


@pytest.fixture(scope="module")
def large():
    """Return a MultiView whose arrays joblib puts into shared memory (over 1 MB)."""
    rng = np.random.default_rng(0)
    n_rows = 5_000
    counts = rng.poisson(0.5, size=(n_rows, 100))
    return MultiView.from_arrays(
        {"en": rng.normal(size=(n_rows, 40)), "image": rng.normal(size=(n_rows, 30))},
        {"en": counts},
        {"en": [f"word{column}" for column in range(100)]},
        {"image": rng.random(n_rows) < 0.7},
    )


KEYS = {
    "positions": (np.array([5, 1, 1]), [5, 1, 1]),
    "list": ([5, 1], [5, 1]),
    "tuple": ((5, 1), [5, 1]),
    "mask": (np.arange(60) == 3, [3]),
    "slice": (slice(2, 5), [2, 3, 4]),
    "none": (np.array([], dtype=int), []),
}


@pytest.mark.parametrize("key", KEYS)
def test_safe_indexing(small_multiview, key):
    key, rows = KEYS[key]
    part = _safe_indexing(small_multiview, key)
    assert isinstance(part, MultiView)
    assert part.index.tolist() == [f"page-{row:02}" for row in rows]


def test_train_test_split(small_multiview):
    X = small_multiview
    y = np.arange(60)
    train, test, y_train, y_test = train_test_split(X, y, test_size=15, random_state=0)
    assert isinstance(train, MultiView) and isinstance(test, MultiView)
    assert (len(train), len(test)) == (45, 15)
    assert_array_equal(train.index, X.index[y_train])
    assert_array_equal(test.index, X.index[y_test])
    assert test == X[y_test]
    head, tail = train_test_split(X, shuffle=False)
    assert MultiView.concat([head, tail]) == X


def test_other_utilities(small_multiview):
    X, y = small_multiview, np.arange(60)
    check_consistent_length(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_consistent_length(X, y[:5])
    assert indexable(X, y)[0] is X
    shuffled, order = shuffle(X, y, random_state=0)
    assert shuffled == X[order]
    drawn, rows = resample(X, y, n_samples=7, random_state=0)
    assert drawn == X[rows]


@pytest.mark.parametrize(
    "splitter",
    [
        KFold(4, shuffle=True, random_state=0),
        GroupKFold(4),
        StratifiedKFold(4),
        ShuffleSplit(4, random_state=0),
    ],
    ids=lambda splitter: type(splitter).__name__,
)
def test_splitters_split_it_as_an_array(small_multiview, splitter):
    X = small_multiview
    y = np.arange(60) % 2
    groups = np.arange(60) // 5 if isinstance(splitter, GroupKFold) else None
    splits = splitter.split(X, y, groups)
    expected = splitter.split(np.zeros((60, 1)), y, groups)
    for (train, test), (train_rows, test_rows) in zip(splits, expected, strict=True):
        assert_array_equal(train, train_rows)
        assert_array_equal(test, test_rows)
        assert X[train].shape == (len(train), 3)


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validate(large, n_jobs):
    groups = np.arange(len(large)) // 10
    result = cross_validate(
        Centroid(),
        large,
        groups=groups,
        cv=GroupKFold(3),
        n_jobs=n_jobs,
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    image, present = large["image"].embedding, large.present["image"]
    for score, fitted, train, test in zip(
        result["test_score"],
        result["estimator"],
        result["indices"]["train"],
        result["indices"]["test"],
        strict=True,
    ):
        assert not set(groups[train]) & set(groups[test])
        rows = train[present[train]]
        assert_allclose(fitted.means_["image"], image[rows].mean(axis=0), atol=1e-6)
        assert score == fitted.score(large[test])


def test_workers_get_it_whole(large):
    splits = [(np.arange(10), np.arange(len(large)))]
    result = cross_validate(
        FunctionTransformer(), large, scoring=measure, cv=splits * 2, n_jobs=2
    )
    for name, value in measure(None, large).items():
        assert_array_equal(result[f"test_{name}"], [value] * 2)


def measure(estimator, X, y=None):
    view = X["en"]
    return {
        "counts": view.counts.sum(),
        "embedding": np.asarray(view.embedding).sum(),
        "present": X.present["image"].sum(),
        "words": sum(map(len, view.vocabulary)),
    }


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(large, n_jobs):
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), Centroid()),
        {"centroid__shift": [0.5, 0.0, -0.5]},
        cv=KFold(3, shuffle=True, random_state=0),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(large)
    assert search.best_params_ == {"centroid__shift": 0.0}
    assert search.score(large) == search.best_estimator_.score(large)
    for fold, (train, test) in enumerate(search.cv.split(large)):
        expected = Centroid(0.5).fit(large[train]).score(large[test])
        assert search.cv_results_[f"split{fold}_test_score"][0] == expected


def test_grid_search_of_rows_on_disk(tmp_path, large):
    np.save(tmp_path / "en.npy", large["en"].embedding)
    np.save(tmp_path / "image.npy", large["image"].embedding)
    X = MultiView.from_arrays(
        {v: np.load(tmp_path / f"{v}.npy", mmap_mode="r") for v in ("en", "image")},
        {"en": large["en"].counts},
        {"en": large["en"].vocabulary},
        large.present,
    )
    search = GridSearchCV(
        Centroid(), {"shift": [0.5, 0.0]}, cv=3, n_jobs=2, error_score="raise"
    )
    on_disk, _ = train_test_split(X, random_state=0)
    in_memory, _ = train_test_split(large, random_state=0)
    assert "on disk" in repr(on_disk) and "on disk" not in repr(in_memory)
    scores = clone(search).fit(on_disk).cv_results_["mean_test_score"]
    assert_array_equal(scores, search.fit(in_memory).cv_results_["mean_test_score"])


def test_cross_val_predict_and_learning_curve(small_multiview):
    X = small_multiview[["en", "image"]]
    predicted = cross_val_predict(Centroid(), X, cv=KFold(3))
    for train, test in KFold(3).split(X):
        expected = Centroid().fit(X[train]).predict(X[test])
        assert_array_equal(predicted[test], expected)
    sizes, train_scores, _ = learning_curve(Centroid(), X, None, cv=3)
    assert train_scores.shape == (len(sizes), 3)
    assert len(cross_val_score(DummyClassifier(), X, np.arange(60) % 2, cv=3)) == 3


def test_clone_keeps_a_multiview_parameter(small_multiview):
    holder = clone(FunctionTransformer(kw_args={"reference": small_multiview}))
    assert holder.kw_args["reference"] == small_multiview


def test_estimators_for_arrays_refuse_it_plainly(small_multiview):
    from sklearn.decomposition import PCA

    with pytest.raises(TypeError, match="a MultiView is not an array"):
        PCA().fit(small_multiview)


def test_import_is_light():
    code = (
        "import sys, sklearn_m3l; sklearn_m3l.MultiView; "
        "print(sorted({'torch', 'numba', 'transformers', 'pandas'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")

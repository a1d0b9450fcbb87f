"""`views_`: which views a model takes, which it leaves aside, and which it refuses."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    ZeroShotTopicModel,
)
from sklearn_m3l.metrics import evaluate_alignment

FEW = {
    "n_components": 3,
    "max_iter": 2,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
TEACHER = ZeroShotTopicModel(**FEW, view="en")

# Each model, and the views that it takes of English, German and pictures.
CASES = {
    "contrast": (M3LContrastTopicModel(**FEW), ["en", "de", "image"]),
    "zero-shot": (ZeroShotTopicModel(**FEW, view="en"), ["en", "de"]),
    "student of pictures": (
        DistilledTopicModel(**FEW, teacher=TEACHER, view="image"),
        ["en", "de", "image"],
    ),
    "student of German": (
        DistilledTopicModel(**FEW, teacher=TEACHER, view="de"),
        ["en", "de"],
    ),
    "polylingual": (PolylingualLDA(3, max_iter=5, random_state=0), ["en", "de"]),
}
METHODS = {
    "transform": lambda model, X: model.transform(X),
    "score": lambda model, X: model.score(X),
    "describe": lambda model, X: model.describe(X).to_numpy(),
    "top_rows": lambda model, X: model.top_rows(X),
}
each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


@pytest.fixture(scope="module", params=CASES)
def case(request, X):
    """Return a fitted model and the names that it takes."""
    model, names = CASES[request.param]
    return clone(model).fit(X), names


def test_are_known_once_it_is_fitted(case):
    model, names = case
    assert model.views_ == names
    assert not hasattr(clone(model), "views_")


def test_what_fit_took_transform_takes(case, X):
    model, names = case
    topics = model.transform(X)
    assert_allclose(topics[~np.isnan(topics[:, 0])].sum(axis=1), 1, rtol=1e-5)
    again = clone(model)
    assert_array_equal(again.fit_transform(X), topics)


@each_method
def test_other_views_of_fit_are_left_aside(case, X, method):
    model, names = case
    ask = METHODS[method]
    expected = ask(model, X[names])
    others = [name for name in X.view_names if name not in names]
    for order in ([*names, *others], [*others, *names]):
        assert_array_equal(ask(model, X[order]), expected)


@each_method
def test_a_view_that_nothing_can_be_done_with(case, X, method):
    model, names = case
    others = [name for name in X.view_names if name not in names]
    if not others:
        pytest.skip("the model takes them all")
    known = ", ".join(names)
    message = f"{type(model).__name__} infers topics from {known}.*X has only image"
    with pytest.raises(ValueError, match=message):
        METHODS[method](model, X[others])


def test_top_rows_by_a_view_that_nothing_can_be_done_with(X):
    model = clone(CASES["polylingual"][0]).fit(X)
    assert_array_equal(
        model.top_rows(X, view="de", n=3), model.top_rows(X[["de"]], n=3)
    )
    with pytest.raises(ValueError, match="infers topics from en, de; X has only image"):
        model.top_rows(X, view="image")


def test_usable_views(case, X):
    model, names = case
    assert model.usable_views(X) == names
    assert model.usable_views(X[["image", "en"]]) == [
        name for name in ("image", "en") if name in names
    ]
    strange = View(np.ones((len(X), 77)))
    more = MultiView({"audio": strange, **X.views}, index=X.index)
    with pytest.raises(ValueError, match="view 'audio'"):
        model.usable_views(more)
    assert model.usable_views(more, unknown="ignore") == names
    assert model.usable_views(more[["audio"]], unknown="ignore") == []
    with pytest.raises(ValueError, match="unknown must be 'error' or 'ignore'"):
        model.usable_views(X, unknown="drop")


@each_method
def test_unknown_views_are_refused(case, X, method):
    model, _ = case
    strange = View(np.ones((len(X), 77)), present=X["image"].present)
    for known in ({}, dict(X.views)):
        more = MultiView({**known, "audio": strange}, index=X.index)
        with pytest.raises(ValueError, match="unknown view 'audio'|new view 'audio'"):
            METHODS[method](model, more)


def test_rows_that_have_only_a_view_that_is_left_aside(X):
    model = clone(CASES["polylingual"][0]).fit(X)
    none = np.zeros(60, dtype=bool)
    missing = {name: np.arange(60) < 10 for name in ("en", "de")}
    views = {
        name: View(
            v.embedding, v.counts, v.vocabulary, v.present & ~missing.get(name, none)
        )
        for name, v in X.views.items()
    }
    with pytest.warns(UserWarning, match="10 of 60 rows have none of the views en, de"):
        topics = model.transform(MultiView(views))
    assert np.isnan(topics[:10]).all() and not np.isnan(topics[10:]).any()


def test_zero_shot_takes_new_views_of_the_right_width(X):
    model = clone(TEACHER).fit(X[["en", "image"]])
    assert model.views_ == ["en"]
    german = X[["de"]][18:]
    expected = model.transform(MultiView({"en": View(german["de"].embedding)}))
    assert_array_equal(model.transform(german), expected)
    with_pictures = model.transform(X[["de", "image"]][18:])
    assert_array_equal(with_pictures, expected)
    message = (
        "infers topics from en, or from new views with aligned embeddings of width 8"
    )
    with pytest.raises(ValueError, match=message):
        model.transform(X[["image"]])


def test_a_student_takes_what_its_frozen_teacher_takes(X):
    teacher = clone(TEACHER).fit(X[["en", "de"]])
    student = DistilledTopicModel(**FEW, teacher=FrozenEstimator(teacher), view="image")
    student.fit(X[["en", "image"]])
    assert student.views_ == ["en", "image", "de"]
    german = X[["de"]][18:]
    assert_array_equal(student.transform(german), teacher.transform(german))
    assert student.transform(X).shape == (60, 3)
    other = MultiView(
        {"en": X["en"], "image": X["image"], "de": View(np.ones((60, 3)))}
    )
    with pytest.raises(ValueError, match="view 'de' has width 3"):
        clone(student).fit(other)


def test_what_only_the_teacher_has_seen_is_left_aside_too(X):
    teacher = FrozenEstimator(clone(TEACHER).fit(X))
    student = DistilledTopicModel(**FEW, teacher=teacher, view="de")
    student.fit(X[["en", "de"]])
    assert student.usable_views(X) == ["en", "de"]
    assert_array_equal(student.transform(X), student.transform(X[["en", "de"]]))
    assert list(evaluate_alignment(student, X, metrics=["jsd"])) == ["JSD en-de"]


def test_a_text_without_its_words(X):
    model = clone(CASES["polylingual"][0]).fit(X)
    wordless = MultiView({"en": View(X["en"].embedding, present=X["en"].present)})
    with pytest.raises(ValueError, match="view 'en' has no word counts"):
        model.transform(wordless)


@pytest.mark.parametrize("name", CASES)
def test_of_a_table_of_counts(X, name):
    model = clone(CASES[name][0])
    if isinstance(model, (ZeroShotTopicModel, DistilledTopicModel)):
        model.set_params(view=None)
    if isinstance(model, DistilledTopicModel):
        model.set_params(teacher__view=None)
    counts = X["en"].counts.toarray()[8:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(counts).views_ == ["text"]

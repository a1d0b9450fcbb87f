"""`partial_fit` of the neural models: new tuples, the same words, and the drift."""

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
    ZeroShotTopicModel,
    load_model,
    save_model,
)

SMALL = {
    "n_components": 3,
    "max_iter": 2,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
MODELS = {
    "m3l": M3LContrastTopicModel(**SMALL),
    "product": M3LContrastTopicModel(**SMALL, decoder="product", init="random"),
    "zero-shot": ZeroShotTopicModel(**SMALL, view="en"),
    "distilled": DistilledTopicModel(
        **SMALL, view="de", teacher=ZeroShotTopicModel(**SMALL, view="en")
    ),
}


@pytest.fixture(scope="module")
def X(small_multiview):
    """Return rows that have all texts; every fifth lacks its picture."""
    X = small_multiview
    return X[X.present["en"] & X.present["de"]]


@pytest.mark.parametrize("name", MODELS)
def test_new_rows_are_trained_on(X, name, tmp_path):
    first, new = X[:40], X[40:]
    model = clone(MODELS[name]).partial_fit(first)
    fresh = clone(MODELS[name]).fit(first)
    assert_array_equal(model.transform(X), fresh.transform(X))
    before, tokens = model.transform(X), dict(model.topic_tokens_)
    words = {view: own.copy() for view, own in model.topic_word_.items()}
    model.set_topic_names({0: "kept"})
    assert model.partial_fit(new) is model
    assert model.n_iter_ == 4 and len(model.loss_curve_) == 4
    assert not np.array_equal(model.transform(X), before)
    assert model.topic_names_[0] == "kept"
    learned = ["de"] if name == "distilled" else list(tokens)
    for view in learned:
        total = model.topic_tokens_[view].sum() - tokens[view].sum()
        assert_allclose(total, new[view].counts.sum(), rtol=1e-4)
    for view, own in model.topic_word_.items():
        sampled = name != "product" and (name != "distilled" or view == "en")
        assert np.array_equal(own, words[view]) == sampled
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert_array_equal(loaded.transform(X), model.transform(X))
    again = clone(MODELS[name]).partial_fit(first).partial_fit(new)
    assert_array_equal(again.transform(X), model.transform(X))


@pytest.mark.slow
def test_drift_is_toward_the_new_rows_and_repeated_rows_hold_it(plant):
    X, theta = plant(("en", "de"), n_rows=160)
    model = M3LContrastTopicModel(
        4, max_iter=60, init_max_iter=30, hidden_layer_sizes=(16,), random_state=0
    ).fit(X[:80])
    before = model.transform(X[:80])
    # The new rows are about one subject alone.
    new = X[80:][theta[80:].argmax(axis=1) == 0]
    model.set_params(max_iter=20)
    state = model.net_.module_.state_dict()
    kept = {name: weight.clone() for name, weight in state.items()}

    def drift(rows):
        model.net_.module_.load_state_dict(kept)
        model.partial_fit(rows)
        return np.abs(model.transform(X[:80]) - before).mean()

    alone, mixed = drift(new), drift(MultiView.concat([new, X[:80]]))
    assert mixed < 0.5 * alone < 0.2
    model.set_params(max_iter=1)
    assert drift(new) < 0.5 * alone


def test_missing_views_groups_and_arrays(X, with_groups):
    model = M3LContrastTopicModel(**SMALL).fit(X[:40])
    tokens = model.topic_tokens_["de"]
    model.partial_fit(with_groups(X[40:][["en", "image"]], np.arange(len(X) - 40) // 2))
    assert_array_equal(model.topic_tokens_["de"], tokens)
    assert list(model.topic_tokens_) == ["en", "de"]
    counts = X["en"].counts
    array = M3LContrastTopicModel(**SMALL).partial_fit(counts[:40])
    assert array.partial_fit(counts[40:]).transform(counts).shape == (len(X), 3)


def test_a_student_keeps_its_teacher(X):
    teacher = PolylingualLDA(3, max_iter=5, random_state=0).fit(X[["en"]])
    student = DistilledTopicModel(
        **SMALL, teacher=FrozenEstimator(teacher), view="image"
    ).fit(X[:40])
    words = teacher.topic_word_["en"].copy()
    student.partial_fit(X[40:])
    assert student.teacher_ is teacher
    assert_array_equal(teacher.topic_word_["en"], words)


def test_bad_new_rows_leave_the_model_as_it_is(X):
    model = M3LContrastTopicModel(**SMALL).fit(X[:40])
    theta, tokens = model.transform(X), model.topic_tokens_
    other = MultiView.from_arrays(
        {"en": X["en"].embedding[:, :5]}, {"en": X["en"].counts}
    )
    with pytest.raises(ValueError, match="has width 5, but M3LContrastTopicModel was"):
        model.partial_fit(other)
    with pytest.raises(ValueError, match="fit needs at least 2 rows"):
        model.partial_fit(X[:1])
    with pytest.raises(TypeError, match="was fitted on a MultiView"):
        model.partial_fit(X["en"].counts)
    model.set_params(n_components=5)
    with pytest.raises(ValueError, match="n_components is 5, but training continues"):
        model.partial_fit(X[40:])
    assert_array_equal(model.transform(X), theta)
    for view, own in tokens.items():
        assert_array_equal(model.topic_tokens_[view], own)

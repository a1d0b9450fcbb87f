"""Every estimator declares what its `fit` sets, so that `save_model` can store it."""

import os

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from small_models import NEURAL, fitted_models, make_tuples

from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA, load_model, save_model
from sklearn_m3l.embedding import (
    KeyedVectorsEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    WordVectorizer,
)
from sklearn_m3l.persistence._checks import ESTIMATORS, load_class
from sklearn_m3l.training._net import TopicNet
from sklearn_m3l.utils._fitted import NotStored, Optional

# What scikit-learn sets on estimators for its own use.
SCIKIT_LEARN = {"_sklearn_output_config", "_parent_callback_ctx"}


def inside(value):
    """Iterate over the estimators in a value, itself included."""
    if isinstance(value, BaseEstimator):
        yield value
        value = list(vars(value).values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from inside(item)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Fit every estimator that is stored, in several ways."""
    X = make_tuples()
    models = [model for model, _ in fitted_models().values()]
    models += [
        M3LContrastTopicModel(**NEURAL, warm_start=True, early_stopping=True).fit(X),
        PolylingualLDA(2, max_iter=2).fit(X).partial_fit(X[:5]),
        PolylingualLDA(2, max_iter=2).fit(X["en"].counts),
        WordVectorizer(vocabulary=["brush"]).fit(["a brush"]),
        StaticEncoder().fit(["a brush"]),
    ]
    vectors = tmp_path_factory.mktemp("vectors") / "words.vec"
    vectors.write_text("2 3\nbrush 1 0 0.5\nlayer 0 1 2\n")
    models.append(KeyedVectorsEncoder(vectors).fit(["brush layer", "a brush"]))
    for model in models:
        if hasattr(model, "transform") and isinstance(model, WordVectorizer):
            model.transform(["a brush"])
    return [estimator for model in models for estimator in inside(model)]


def test_every_fitted_attribute_is_declared(fitted):
    for estimator in fitted:
        cls = type(estimator)
        if not cls.__module__.startswith("sklearn_m3l") or cls is TopicNet:
            continue
        parameters = set(estimator.get_params(deep=False))
        declared = {*getattr(cls, "_fitted_state", {}), *SCIKIT_LEARN}
        undeclared = set(vars(estimator)) - parameters - declared
        assert not undeclared, f"{cls.__name__}._fitted_state lacks {undeclared}"


def test_every_declared_attribute_is_set(fitted):
    seen = {}
    for estimator in fitted:
        try:
            check_is_fitted(estimator)
        except NotFittedError:
            continue
        seen.setdefault(type(estimator), set()).update(vars(estimator))
    for cls, attributes in seen.items():
        declared = getattr(cls, "_fitted_state", {})
        wanted = {n for n, kind in declared.items() if not isinstance(kind, NotStored)}
        assert wanted <= attributes, cls.__name__


def test_every_estimator_was_tried(fitted):
    tried = {type(estimator).__name__ for estimator in fitted}
    assert set(ESTIMATORS) - tried == {"SentenceTransformerEncoder"}  # needs a model


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_that_is_a_path_is_declared(name):
    cls = load_class(name)
    for parameter, kinds in getattr(cls, "_parameter_constraints", {}).items():
        is_path = os.PathLike in list(kinds)
        assert is_path == (parameter in getattr(cls, "_path_parameters", ()))


@pytest.mark.parametrize("name", ["contrast", "polylingual", "pipeline"])
def test_a_missing_attribute_is_named(name, tmp_path):
    model, _ = fitted_models()[name]
    part = next(e for e in inside(model) if getattr(type(e), "_fitted_state", None))
    for attribute, kind in type(part)._fitted_state.items():
        if isinstance(kind, (NotStored, Optional)):
            continue
        if attribute in ("net_", "topic_word_counts_"):
            continue
        value = vars(part).pop(attribute)
        message = f"the fitted {type(part).__name__} has no attribute {attribute}"
        with pytest.raises(TypeError, match=message):
            save_model(model, tmp_path / "model")
        setattr(part, attribute, value)
    save_model(model, tmp_path / "model")


def test_another_attribute_does_not_keep_a_model_from_being_stored(tmp_path):
    model = fitted_models()["polylingual"][0]
    model.notes = "mine"
    save_model(model, tmp_path / "model")
    assert not hasattr(load_model(tmp_path / "model"), "notes")


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("doc_topic_prior_", np.array([np.nan, 1.0]), "doc_topic_prior_ must be"),
        ("n_features_in_", 7, "n_features_in_"),
        ("_seed", -1, "_seed must be a whole number"),
    ],
)
def test_what_could_not_be_loaded_is_not_stored(attribute, value, message, tmp_path):
    model = fitted_models()["polylingual"][0]
    setattr(model, attribute, value)
    with pytest.raises(ValueError, match=message):
        save_model(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_words_that_cannot_be_printed_are_not_stored(tmp_path):
    X = np.eye(3)
    for name in ("a\x1b", ""):
        table = pd.DataFrame(X, columns=["a", "b", name])
        model = PolylingualLDA(2, max_iter=2).fit(table)
        with pytest.raises(ValueError, match="must be an array of distinct non-empty"):
            save_model(model, tmp_path / "model")


def test_an_interrupted_fit_is_stored_as_not_fitted(tmp_path):
    model = fitted_models()["student_of_text"][0]
    del model.net_
    save_model(model, tmp_path / "model")
    with pytest.raises(NotFittedError):
        check_is_fitted(load_model(tmp_path / "model"))


def test_weights_of_pretrained_models_are_not_stored(tmp_path):
    encoder = SentenceTransformerEncoder("some/model")
    encoder.n_features_out_, encoder._weights = 384, object()
    save_model(encoder, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.n_features_out_ == 384 and "_weights" not in vars(loaded)

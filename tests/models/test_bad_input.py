"""Bad input is refused with one clear message; odd input works."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_m3l import M3LContrastTopicModel, MultiView, View, save_model


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


def changed(X, **changes):
    """Rebuild a MultiView with other arrays for some of its views."""
    texts = {name: view for name, view in X.views.items() if view.is_text}
    arrays = {
        "embeddings": {name: view.embedding for name, view in X.views.items()},
        "counts": {name: view.counts for name, view in texts.items()},
        "vocabularies": {name: view.vocabulary for name, view in texts.items()},
        "present": X.present,
    }
    for argument, given in changes.items():
        arrays[argument] = arrays[argument] | given
    return MultiView.from_arrays(**arrays, index=X.index)


INVALID = {
    "n_components": [0, -1, 2.5, "ten", None],
    "batch_size": [0, 1, 2.5, "all", None],
    "max_iter": [0, -1, 1.5, "many", None],
    "learning_rate_init": [0, -1e-3, np.nan, np.inf, "fast", None],
    "beta_1": [-0.1, 1, 1.0, np.nan, "long", None],
    "beta_2": [-0.1, 1, 1.0, np.nan, "long", None],
    "hidden_layer_sizes": [0, -3, 2.5, "wide", None],
    "activation": ["gelu", 1, None],
    "dropout": [-0.1, 1, 1.0, np.nan, "half", None],
    "input_dropout": [-0.1, 1, 1.0, np.nan, "half", None],
    "contrastive_weight": [-1, np.nan, np.inf, "strong", None],
    "contrast_warmup": [-0.1, 1.1, np.nan, "slow", None],
    "temperature": [0, -0.1, np.nan, np.inf, "warm", None],
    "similarity": ["euclidean", 1, None],
    "contrast_on": ["median", 1, None],
    "decoder": ["both", 1, None],
    "init": ["zeros", 1, None],
    "init_max_iter": [0, 1.5, "few", None],
    "init_max_tokens": [0, -1, np.nan, "few", None],
    "seed_words": ["rain", 3, ["rain"]],
    "seed_weight": [0, -1, np.nan, np.inf, "large", None],
    "use_words": ["yes", 2, None],
    "scale": [0, -1, np.nan, np.inf, "large", None],
    "bias": ["yes", 2, None],
    "contrast": ["all", 1, None],
    "balance_views": ["yes", 2, None],
    "kl_weight": [-0.1, np.nan, np.inf, "low", None],
    "prior_weight": [-0.1, np.nan, np.inf, "low", None],
    "inference_networks": ["hybrid", 1, None, ["en"]],
    "standardize": ["yes", 2, None],
    "early_stopping": ["yes", 2, None],
    "validation_fraction": [0, 1, -0.1, 1.5, np.nan, "some", None],
    "n_iter_no_change": [0, -1, 1.5, "few", None],
    "warm_start": ["yes", 2, None],
    "n_draws": [-1, 2.5, "many", None],
    "device": [0, None],
    "callbacks": [3, "LRScheduler"],
    "checkpoint": [3, True],
    "random_state": [-1, 1.5, "zero", np.random.default_rng(0)],
    "verbose": [-1, 0.5, "loud", None],
}


def test_invalid_parameters_are_listed_for_all():
    assert set(INVALID) == set(M3LContrastTopicModel().get_params())


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in INVALID for value in INVALID[name]]
)
def test_invalid_parameters(X, name, value):
    model = M3LContrastTopicModel(**{name: value})  # constructors never complain
    message = f"The '{name}' parameter of M3LContrastTopicModel must be"
    with pytest.raises(InvalidParameterError, match=message):
        model.fit(X)


@pytest.mark.parametrize("sizes", [(0,), (4, -1), [2.5], [[3]], [True], ["four"]])
def test_invalid_layers(quick, X, sizes):
    message = "hidden_layer_sizes must be whole numbers of at least 1, got"
    with pytest.raises(ValueError, match=message):
        quick(hidden_layer_sizes=sizes).fit(X)


def test_invalid_device(quick, X):
    with pytest.raises(ValueError, match="device='abacus' cannot be used"):
        quick(device="abacus").fit(X)


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {"batch_size": 2},
        {"dropout": 0},
        {"dropout": 0.999},
        {"input_dropout": 0.999},
        {"contrastive_weight": 0, "kl_weight": 0, "prior_weight": 0},
        {"validation_fraction": 0.9, "early_stopping": True, "n_iter_no_change": 1},
        {"max_iter": np.int64(1), "temperature": np.float32(0.5)},
        {"hidden_layer_sizes": np.array([3, 3])},
        {"random_state": np.int32(7), "verbose": False, "callbacks": ()},
        {"standardize": np.True_, "early_stopping": np.False_},
    ],
    ids=str,
)
def test_parameters_at_their_bounds(quick, X, parameters):
    topics = quick(**{"max_iter": 1} | parameters).fit_transform(X)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)


def test_views_of_different_lengths(X):
    with pytest.raises(ValueError, match="view 'image': embedding has 59 rows"):
        changed(X, embeddings={"image": X["image"].embedding[:59]})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_no_numbers(X, value):
    vectors = X["de"].embedding.copy()
    vectors[5, 2] = value
    with pytest.raises(ValueError, match="view 'de': .* NaN or infinity .* row 5"):
        changed(X, embeddings={"de": vectors})


def test_negative_counts(quick, X):
    counts = X["de"].counts.toarray()
    counts[5, 2] = -1
    with pytest.raises(ValueError, match="view 'de': negative count in row 5"):
        changed(X, counts={"de": counts})
    with pytest.raises(ValueError, match="Negative values .* M3LContrastTopicModel"):
        quick().fit(counts)


UNKNOWN = {
    "another view": (
        lambda X: MultiView.from_arrays({"fr": np.ones((60, 8))}),
        "unknown view 'fr'; M3LContrastTopicModel was fitted on en, de, image",
    ),
    "another width": (
        lambda X: changed(X, embeddings={"de": np.ones((60, 9))}),
        "view 'de' has width 9, but .* was fitted on width 8",
    ),
    "fewer words": (
        lambda X: changed(
            X,
            counts={"de": X["de"].counts[:, :14]},
            vocabularies={"de": X["de"].vocabulary[:14]},
        ),
        "view 'de' has counts of 14 words, but .* was fitted on 15",
    ),
    "more words, unnamed": (
        lambda X: changed(
            X, counts={"de": np.ones((60, 16))}, vocabularies={"de": None}
        ),
        "view 'de' has counts of 16 words, but .* was fitted on 15",
    ),
    "other words": (
        lambda X: changed(X, vocabularies={"de": [f"mot{w}" for w in range(15)]}),
        "view 'de' has a different vocabulary than in fit",
    ),
    "words in another order": (
        lambda X: changed(X, vocabularies={"de": X["de"].vocabulary[::-1]}),
        "view 'de' has a different vocabulary than in fit",
    ),
    "counts alone": (
        lambda X: MultiView.from_arrays(counts={"de": X["de"].counts}),
        "view 'de' has no embedding",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
@pytest.mark.parametrize("method", ["transform", "score", "describe", "top_rows"])
def test_views_that_do_not_fit_the_model(fitted, X, case, method):
    build, message = UNKNOWN[case]
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(build(X))


def test_texts_without_a_vocabulary_or_counts_fit_the_model(fitted, X):
    unnamed = changed(X, vocabularies={"en": None, "de": None})
    assert fitted.score(unnamed) == fitted.score(X)
    vectors = MultiView.from_arrays(
        {name: view.embedding for name, view in X.views.items()}, present=X.present
    )
    assert fitted.transform(vectors).shape == (60, 3)


def test_rows_without_any_view(quick, X):
    some = X[["image"]]
    message = (
        "12 of 60 rows have no view.*leave them out of fit: page-00, page-05, "
        "page-10, page-15, .*page-45 and 2 more"
    )
    with pytest.raises(ValueError, match=message):
        quick().fit(some)
    with pytest.raises(ValueError, match="1 of 20 rows .*: page-07$"):
        quick().fit(X[["en"]][:20])
    model = quick().fit(X)
    with pytest.warns(UserWarning, match="12 of 60 rows") as record:
        topics = model.transform(some)
    assert len(record) == 1
    assert np.isnan(topics[::5]).all() and not np.isnan(topics[1:5]).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.transform(some[some.present["image"]])
        model.score(X[["en"]])  # skipped, as they have no words to predict
        model.describe(some)
        model.top_rows(some)


@pytest.mark.parametrize("method", ["transform", "score", "describe", "top_rows"])
def test_topics_that_are_not_finite(fitted, X, method):
    vectors = X["en"].embedding.copy()
    vectors[3] = 3e38
    far = changed(X, embeddings={"en": vectors})
    with pytest.raises(
        ValueError, match="topics of 1 of 60 rows are not finite: page-03"
    ):
        getattr(fitted, method)(far)


def test_topics_of_a_damaged_network_are_not_finite(quick, X):
    model = quick().fit(X)
    with torch.no_grad():
        next(model.net_.module_.parameters()).fill_(np.nan)
    for method in (model.transform, model.score):
        with pytest.raises(ValueError, match="not finite: .*or the model is damaged"):
            method(X)


def test_nothing_to_reconstruct(quick, X):
    with pytest.raises(ValueError, match="word counts of at least one text.* image"):
        quick().fit(X[["image"]][1:5])


@pytest.mark.parametrize("n_rows", [0, 1])
def test_too_few_rows(quick, X, n_rows):
    with pytest.raises(ValueError, match=f"at least 2 rows; X has n_samples={n_rows}"):
        quick().fit(X[:n_rows])
    with pytest.raises(ValueError, match=f"{n_rows} sample"):
        quick().fit(np.ones((n_rows, 3)))


def test_two_rows(quick, X):
    assert quick().fit_transform(X[:2]).shape == (2, 3)


def test_too_few_rows_for_early_stopping(quick, X):
    model = quick(early_stopping=True, validation_fraction=0.6)
    message = "leaves 1 of 3 rows to train on; lower validation_fraction=0.6"
    with pytest.raises(ValueError, match=message):
        model.fit(X[:3])


@pytest.mark.parametrize(("n_rows", "batch_size"), [(60, 1000), (59, 29), (5, 4)])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_batches_of_any_size(quick, X, n_rows, batch_size, early_stopping):
    model = quick(batch_size=batch_size, early_stopping=early_stopping).fit(X[:n_rows])
    assert np.isfinite(model.transform(X)).all()
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize("standardize", [False, True])
def test_documents_without_known_words(quick, X, standardize):
    counts = X["en"].counts.toarray()
    counts[:30] = 0
    silent = changed(X, counts={"en": counts})
    model = quick(standardize=standardize).fit(silent)
    assert np.isfinite(model.transform(silent)).all()
    assert np.isfinite(model.score(silent))
    alone = quick(standardize=standardize).fit(counts)
    with pytest.warns(UserWarning, match="^2 of 2 rows have no known word"):
        assert np.isfinite(alone.transform(np.zeros((2, 12)))).all()
    with pytest.raises(ValueError, match="at least one known word"):
        model.score(silent[["en"]][:5])


def test_words_that_never_occur(quick, X):
    counts = X["en"].counts.toarray()
    counts[:, 4:] = 0
    model = quick().fit(changed(X, counts={"en": counts}))
    assert np.isfinite(model.topic_word_["en"]).all()
    alone = quick().fit(counts)
    with pytest.warns(UserWarning, match="of 60 rows have no known word"):
        assert np.isfinite(alone.transform(counts)).all()


def test_rare_views(quick, X):
    # Two rows in sixty have a picture, so that most batches have none or one.
    rare = changed(X, present={"image": np.isin(np.arange(60), [8, 33])})
    model = quick(batch_size=8, prior_weight=1.0, kl_weight=1.0).fit(rare)
    assert np.isfinite(model.transform(X)).all()


def test_rows_that_only_have_a_picture(quick, X):
    texts = np.arange(60) < 10
    present = {"en": texts, "de": texts, "image": np.ones(60, dtype=bool)}
    vectors = {name: np.nan_to_num(view.embedding) for name, view in X.views.items()}
    sparse_texts = changed(X, present=present, embeddings=vectors)
    for early_stopping in (False, True):
        model = quick(batch_size=4, prior_weight=0, early_stopping=early_stopping)
        model.fit(sparse_texts)
        assert np.isfinite(model.transform(sparse_texts)).all()


def test_view_that_is_absent_everywhere(quick, X):
    absent = changed(X, present={"de": np.zeros(60, dtype=bool)})
    with pytest.raises(ValueError, match="view 'de' is absent in every row"):
        quick().fit(absent[absent.present["en"]])


@pytest.mark.parametrize(
    "method",
    ["transform", "score", "describe", "top_rows"],
)
def test_questions_before_fit(quick, X, method):
    with pytest.raises(NotFittedError):
        getattr(quick(), method)(X)


@pytest.mark.parametrize(
    "method", ["top_words", "topics_frame", "print_topics", "get_feature_names_out"]
)
def test_questions_about_topics_before_fit(quick, method):
    with pytest.raises(NotFittedError):
        getattr(quick(), method)()


def test_multiview_and_array_are_not_mixed(fitted, quick, X):
    for counts in (np.ones((4, 12)), sparse.csr_array(np.ones((4, 12)))):
        with pytest.raises(TypeError, match="fitted on a MultiView of en, de, image"):
            fitted.transform(counts)
    of_counts = quick().fit(X["en"].counts[10:])
    with pytest.raises(TypeError, match="fitted on a 2-D array; pass one, not a Multi"):
        of_counts.transform(X)
    # A new fit may take either.
    assert of_counts.fit(X).transform(X).shape == (60, 3)
    assert of_counts.n_features_in_ == 3
    of_counts.fit(X["de"].counts[20:])
    assert of_counts.n_features_in_ == 15
    assert not hasattr(of_counts, "feature_names_in_")


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.ones(5), ValueError, "Expected 2D array"),
        (np.ones((4, 3, 2)), ValueError, "dim 3"),
        (np.full((4, 3), np.nan), ValueError, "NaN"),
        (np.full((4, 3), np.inf), ValueError, "infinity"),
        (np.full((4, 3), "word"), ValueError, "could not convert string"),
        (np.ones((4, 0)), ValueError, "0 feature"),
        (None, ValueError, "Expected 2D array"),
        ({"en": np.ones((4, 3))}, TypeError, "dict"),
    ],
    ids=["1-D", "3-D", "NaN", "infinity", "strings", "no columns", "None", "dict"],
)
def test_arrays_that_are_no_counts(quick, array, error, message):
    with pytest.raises(error, match=message):
        quick().fit(array)


def test_other_columns_than_in_fit(quick, X):
    table = pd.DataFrame(
        X["en"].counts.toarray(), columns=[f"word{w}" for w in range(12)]
    )
    model = quick().fit(table)
    with pytest.raises(ValueError, match="X has 11 features"):
        quick().fit(table.to_numpy()).transform(table.to_numpy()[:, 1:])
    with pytest.raises(ValueError, match="feature names"):
        model.transform(table.rename(columns={"word3": "mot3"}))
    with pytest.raises(ValueError, match="same order"):
        model.transform(table[table.columns[::-1]])


def test_nothing_to_score(fitted, X):
    message = "score needs the word counts .* topics for .en, de.; X has image"
    with pytest.raises(ValueError, match=message):
        fitted.score(X[["image"]])
    with pytest.raises(ValueError, match="at least one known word"):
        fitted.score(X[:0])


@pytest.mark.parametrize("view", ["image", "fr", None])
def test_views_without_words(fitted, view):
    with pytest.raises(ValueError, match="choose one of en, de"):
        fitted.top_words(view)


@pytest.mark.parametrize("n", [0, -1, 2.5, "all"])
def test_numbers_of_words_and_rows(fitted, X, n):
    for ask in (fitted.topics_frame, fitted.print_topics):
        with pytest.raises((ValueError, TypeError), match="n_words"):
            ask(n_words=n)
    with pytest.raises((ValueError, TypeError), match="n_words"):
        fitted.describe(X, n_words=n)
    with pytest.raises((ValueError, TypeError), match="n must be|n =="):
        fitted.top_rows(X, n=n)


def test_labels_and_rows_of_unknown_views(fitted, X):
    for view in ("image", "fr"):
        with pytest.raises(ValueError, match=f"view='{view}' has no words"):
            fitted.describe(X, view)
    with pytest.raises(ValueError, match="unknown view 'fr'"):
        fitted.top_rows(X, "fr")


# Model files take no deviation below 1e-15.
@pytest.mark.parametrize("deviation", [1e-33, 1e-17])
def test_embeddings_with_a_dimension_that_is_all_but_constant(
    quick, X, tmp_path, deviation
):
    vectors = np.array(X["image"].embedding, dtype=float)
    vectors[:, 0] = deviation * np.arange(len(vectors))
    views = {"en": X["en"], "image": View(vectors, present=X["image"].present)}
    model = quick().fit(MultiView(views, index=X.index))
    vectors[:] = 1e10  # another picture must not overflow
    theta = model.transform(MultiView({"image": View(vectors)}))
    assert np.isfinite(theta).all()
    save_model(model, tmp_path / "model")

"""Training data in which no row has two texts."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA, mine_tuples
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon

MODEL = M3LContrastTopicModel(
    10, max_iter=10, init_max_iter=20, hidden_layer_sizes=(30,), random_state=0
)


@pytest.fixture(scope="module")
def pages():
    X = load_gimp_help("test").data
    return X[np.sort(np.unique(X.groups, return_index=True)[1])]


@pytest.fixture(scope="module")
def hidden(pages):
    """Return the pages with one language per row, in another order."""
    order = np.random.RandomState(0).permutation(len(pages))
    rows = [pages[["en"]], pages[order][["de"]]]
    return MultiView(MultiView.concat(rows).views)


@pytest.fixture(scope="module")
def model(hidden):
    message = r"no row has two of the texts en, de; .* 1\d\d"
    with pytest.warns(UserWarning, match=message) as told:
        fitted = clone(MODEL).fit(hidden)
    assert told[0].filename == __file__
    return fitted


def mrr(model, pages):
    english, german = (model.transform(pages[[name]]) for name in ("en", "de"))
    return mean_reciprocal_rank(pairwise_jensen_shannon(english, german))


def test_the_hidden_pairs_are_as_good_as_known_ones(model, pages):
    known = clone(MODEL).fit(pages[["en", "de"]])
    assert mrr(model, pages) > 0.9 * mrr(known, pages)


def test_one_row_in_one_row_out(model, hidden):
    topics = model.transform(hidden)
    assert topics.shape == (len(hidden), 10)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    with pytest.warns(UserWarning, match="no row has two"):
        again = clone(MODEL).fit_transform(hidden)
    assert_array_equal(again, topics)


def test_is_the_model_of_mined_tuples(model, hidden):
    tuples = mine_tuples(hidden)
    mined = clone(MODEL).fit(tuples.data, pair_weight=tuples.weights)
    assert_array_equal(mined.components_, model.components_)  # and warned of nothing
    assert_array_equal(mined.transform(hidden), model.transform(hidden))


def test_weights_of_pairs(model, hidden):
    tuples = mine_tuples(hidden)
    short = clone(MODEL).set_params(max_iter=2, contrast_warmup=0.0)

    def topics(pair_weight):
        fitted = clone(short).fit(tuples.data, pair_weight=pair_weight)
        return fitted.transform(hidden)

    plain, ones = topics(None), topics([1] * len(tuples.weights))
    assert_array_equal(ones, plain)
    assert abs(topics(tuples.weights) - plain).max() > 1e-3
    short.set_params(contrastive_weight=0.0)
    without = topics(None)
    short.set_params(contrastive_weight=100.0)
    assert_array_equal(topics(np.zeros(len(tuples.weights))), without)


def test_weights_stay_with_their_tuples_in_a_validation_part(hidden):
    tuples = mine_tuples(hidden)
    stopping = clone(MODEL).set_params(max_iter=2, early_stopping=True)
    losses = [
        clone(stopping).fit(tuples.data, pair_weight=w).net_.history[:, "valid_loss"]
        for w in (tuples.weights, tuples.weights[::-1])
    ]
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1.0], r"pair_weight has shape \(2,\), but there are \d+ rows"),
        (lambda n: np.full(n, np.nan), "pair_weight contains NaN"),
        (
            lambda n: np.full(n, -1.0),
            "[Nn]egative values in data passed to pair_weight",
        ),
        (lambda n: np.ones((n, 1)), r"has shape \(\d+, 1\)"),
    ],
)
def test_weights_that_are_none(pages, weights, message):
    X = pages[["en", "de"]]
    given = weights(len(X)) if callable(weights) else weights
    with pytest.raises(ValueError, match=message):
        clone(MODEL).fit(X, pair_weight=given)


def test_in_a_pipeline(model, hidden):
    pipeline = make_pipeline(FunctionTransformer(), clone(MODEL))
    with pytest.warns(UserWarning, match="no row has two"):
        topics = pipeline.fit_transform(hidden)
    assert_array_equal(topics, model.transform(hidden))


def test_one_pair_that_is_known_is_left_alone(pages, hidden):
    known = MultiView(pages[:1][["en", "de"]].views)
    X = MultiView.concat([known, hidden])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(MODEL).set_params(max_iter=1).fit(X)


def test_texts_that_are_not_aligned_are_left_alone(hidden):
    shuffled = np.random.RandomState(1).permutation(384)
    X = MultiView.from_arrays(
        {
            "en": hidden["en"].embedding[:, shuffled],
            "de": hidden["de"].embedding,
        },
        {name: hidden[name].counts for name in hidden.view_names},
        {name: hidden[name].vocabulary for name in hidden.view_names},
        hidden.present,
    )
    with pytest.warns(UserWarning, match="their topics are unrelated") as caught:
        clone(MODEL).set_params(max_iter=1).fit(X)
    assert len(caught) == 1


def test_fewer_documents_than_neighbors_are_left_alone(hidden):
    X = hidden[np.r_[0:4, len(hidden) // 2 : len(hidden)]]
    with pytest.warns(UserWarning, match="their topics are unrelated"):
        clone(MODEL).set_params(max_iter=1).fit(X)


def test_polylingual_lda_says_that_it_needs_tuples(hidden):
    model = PolylingualLDA(5, max_iter=5, random_state=0)
    with pytest.warns(UserWarning, match="two of the texts en, de, so their topics"):
        model.fit(hidden)
    model.fit(mine_tuples(hidden).data)
    model.fit(hidden[["en"]][hidden["en"].present])

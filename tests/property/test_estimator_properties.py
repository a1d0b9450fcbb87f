"""What `transform` of every estimator gives a row depends on that row alone."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
)

pytestmark = pytest.mark.slow

SMALL = {
    "n_components": 3,
    "max_iter": 3,
    "init_max_iter": 10,
    "hidden_layer_sizes": (6,),
}
NEURAL = {**SMALL, "random_state": 0}
TEACHER = ZeroShotTopicModel(**SMALL, view="en")
MODELS = {
    "contrast": M3LContrastTopicModel(**NEURAL),
    "contrast, samples": M3LContrastTopicModel(**NEURAL, n_draws=20),
    "zero shot": ZeroShotTopicModel(**NEURAL, view="en"),
    "zero shot, samples": ZeroShotTopicModel(**NEURAL, view="en", n_draws=20),
    "distilled text": DistilledTopicModel(**NEURAL, view="de", teacher=TEACHER),
    "distilled picture": DistilledTopicModel(
        **NEURAL, view="image", teacher=TEACHER, n_draws=20
    ),
    "polylingual": PolylingualLDA(
        3, max_iter=10, transform_max_iter=12, burn_in=4, random_state=0
    ),
}
# The views that each model transforms.
VIEWS = {
    **dict.fromkeys(MODELS, ("en", "de")),
    "contrast": ("en", "de", "image"),
    "contrast, samples": ("en", "de", "image"),
    "distilled picture": ("en", "de", "image"),
}

N_ROWS = 60
SOME_ROWS = st.lists(st.integers(0, N_ROWS - 1), min_size=1, max_size=80)


@pytest.fixture(autouse=True)
def rows_may_lack_all_views():
    """Let the warning about them pass."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*have none of the views", UserWarning)
        yield


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, small_multiview):
    """Return a fitted model, the rows that it transforms, and their topics."""
    X = small_multiview[list(VIEWS[request.param])]
    model = clone(MODELS[request.param]).fit(small_multiview)
    return model, X, model.transform(X)


def hidden(X, name, rows):
    """Return the tuples without some rows of one view, whose vectors become NaN."""
    embeddings, present = {}, dict(X.present)
    for other, view in X.views.items():
        embeddings[other] = view.embedding.copy()
    present[name] = present[name].copy()
    present[name][rows] = False
    embeddings[name][rows] = np.nan
    texts = {other: view for other, view in X.views.items() if view.is_text}
    return MultiView.from_arrays(
        embeddings,
        {other: view.counts for other, view in texts.items()},
        {other: view.vocabulary for other, view in texts.items()},
        present,
        X.index,
    )


def assert_topics(theta, X):
    """Check that rows are distributions, and NaN where there is no view."""
    some = np.any(list(X.present.values()), axis=0)
    assert theta.dtype == np.float32
    assert np.isnan(theta[~some]).all() and (theta[some] >= 0).all()
    assert_allclose(theta[some].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.slow
@given(rows=SOME_ROWS, data=st.data())
def test_rows_in_any_order_and_number(fitted, rows, data):
    model, X, topics = fitted
    assert_topics(model.transform(X[rows]), X[rows])
    assert_allclose(model.transform(X[rows]), topics[rows], atol=1e-5)
    views = data.draw(st.permutations(X.view_names))
    assert_allclose(model.transform(X[rows][views]), topics[rows], atol=1e-5)


@given(rows=SOME_ROWS, data=st.data())
def test_some_of_the_views(fitted, rows, data):
    model, X, _ = fitted
    views = data.draw(st.lists(st.sampled_from(X.view_names), min_size=1, unique=True))
    part = X[views]
    topics = model.transform(part)
    assert_topics(topics, part)
    assert_allclose(model.transform(part[rows]), topics[rows], atol=1e-5)


@given(rows=SOME_ROWS, data=st.data())
def test_a_missing_view_changes_no_other_row(fitted, rows, data):
    model, X, topics = fitted
    name = data.draw(st.sampled_from(X.view_names))
    fewer = hidden(X, name, rows)
    changed = model.transform(fewer)
    assert_topics(changed, fewer)
    others = np.setdiff1d(np.arange(N_ROWS), rows)
    assert_allclose(changed[others], topics[others], atol=1e-5)
    # Those rows are judged by what is left of them.
    alone = model.transform(X[[n for n in X.view_names if n != name]])
    assert_allclose(changed[rows], alone[rows], atol=1e-5)


@given(rows=SOME_ROWS)
@settings(max_examples=15)
def test_score_in_any_order(fitted, rows):
    model, X, _ = fitted
    known = [row for row in rows if X.present["en"][row]] or [0]
    score = model.score(X[known])
    assert score < 0
    assert_allclose(model.score(X[known[::-1]]), score, rtol=1e-4)


@st.composite
def tuples(draw):
    """Draw tuples of two texts and a picture to train on, many of them incomplete."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n_rows = draw(st.integers(2, 12))
    present = {name: rng.random(n_rows) < 0.7 for name in ("en", "de", "image")}
    present["en"][~np.any(list(present.values()), axis=0)] = True
    for mask in present.values():
        mask[rng.integers(n_rows)] = True
    scale = 10.0 ** draw(st.integers(-3, 3))
    return MultiView.from_arrays(
        {name: scale * rng.normal(size=(n_rows, 4)) for name in present},
        {
            name: sparse.csr_array(rng.poisson(draw(st.integers(0, 2)), (n_rows, 5)))
            for name in ("en", "de")
        },
        present=present,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@given(X=tuples(), batch_size=st.integers(2, 6))
@settings(max_examples=12)
@pytest.mark.filterwarnings("ignore:no row has two of the texts")
def test_any_tuples_can_be_trained_on(name, X, batch_size):
    model = clone(MODELS[name])
    if name != "polylingual":
        model.set_params(batch_size=batch_size)
    model.fit(X)
    part = X[list(VIEWS[name])]
    assert_topics(model.transform(part), part)
    for topic_word in model.topic_word_.values():
        assert_allclose(topic_word.sum(axis=1), 1, rtol=1e-5)
        assert (topic_word >= 0).all()

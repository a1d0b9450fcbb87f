"""Sparse matrices that point outside of themselves never reach compiled code."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    ZeroShotTopicModel,
)
from sklearn_m3l.gibbs import fold_in
from sklearn_m3l.metrics import cross_lingual_npmi, npmi_coherence

WORDS = list("abcdef")
MODELS = [
    PolylingualLDA(2, max_iter=2, random_state=0),
    ZeroShotTopicModel(2, max_iter=1, random_state=0),
    M3LContrastTopicModel(2, max_iter=1, random_state=0),
]


def make_counts():
    return sparse.csr_array(np.random.default_rng(0).poisson(1.0, (30, 6)))


def far_column(counts):
    counts.indices[5] = 2**30
    return counts


def negative_column(counts):
    counts.indices[5] = -1
    return counts


def far_row(counts):
    counts = counts.tocsc()
    counts.indices[5] = 2**30
    return counts


def far_cells(counts):
    counts.indptr[3] = 2**30
    return counts


FORGERIES = [far_column, negative_column, far_row, far_cells]
each_forgery = pytest.mark.parametrize("forge", FORGERIES)


@each_forgery
def test_views(forge):
    counts = forge(make_counts())
    with pytest.raises(
        ValueError, match="view 'en': the matrix of counts is not a valid"
    ):
        MultiView({"en": View(counts=counts)})
    with pytest.raises(
        ValueError, match="view 'de': the matrix of counts is not a valid"
    ):
        MultiView.from_arrays(counts={"en": make_counts(), "de": counts})


@each_forgery
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_models_of_arrays(model, forge):
    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        model.fit(forge(make_counts()))
    model.fit(make_counts())
    for method in (model.transform, model.score, model.describe):
        with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
            method(forge(make_counts()))


def test_a_model_that_takes_no_array():
    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        DistilledTopicModel(2).fit(far_column(make_counts()))


@each_forgery
def test_metrics(forge):
    topics = [["a", "b"], ["c", "d"]]
    with pytest.raises(ValueError, match="counts is not a valid sparse matrix"):
        npmi_coherence(topics, forge(make_counts()), WORDS, n_words=2)
    for number, name in enumerate(("counts_a", "counts_b")):
        counts = [make_counts(), make_counts()]
        counts[number] = forge(counts[number])
        with pytest.raises(ValueError, match=f"{name} is not a valid sparse matrix"):
            cross_lingual_npmi(topics, topics, *counts, WORDS, WORDS, n_words=2)


@each_forgery
def test_the_sampler_itself(forge):
    topic_word = np.full((2, 6), 1 / 6)
    with pytest.raises(ValueError, match="not a valid sparse matrix"):
        fold_in([forge(make_counts())], [topic_word], np.ones(2))

"""Tests of the scores of a model on held-out tuples."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.utils import Bunch

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import uninterpolated_average_precision
from sklearn_m3l.metrics._evaluation import (
    MEASURES,
    _chance_average_precision,
    evaluate_alignment,
    topics_by_view,
)


@pytest.fixture(scope="module")
def corpus():
    return load_gimp_help("train"), load_gimp_help("test")


@pytest.fixture(scope="module")
def model(corpus):
    train, _ = corpus
    model = M3LContrastTopicModel(5, max_iter=2, random_state=0)
    return model.fit(train.data)


@pytest.fixture(scope="module")
def scores(model, corpus):
    return evaluate_alignment(model, *corpus)


class ConstantModel:
    """A model that tells nothing apart, with the words of another."""

    def __init__(self, model):
        self.vocabularies_ = model.vocabularies_
        self.top_words = model.top_words

    def transform(self, X):
        return np.full((len(X), 4), 0.25)


def test_topics_by_view_are_those_of_the_view_alone(model, corpus):
    X = corpus[1].data
    topics = topics_by_view(model, X)
    assert list(topics) == ["en", "de", "image"]
    np.testing.assert_allclose(
        topics["de"], model.transform(X[["de"]]), rtol=0, atol=1e-5
    )
    np.testing.assert_array_equal(~np.isnan(topics["image"][:, 0]), X["image"].present)


def test_names_of_the_scores(scores):
    assert list(scores) == [
        "MRR en-de",
        "UAP en-image",
        "UAP de-image",
        "JSD en-de",
        "JSD en-image",
        "JSD de-image",
        "NPMI en",
        "NPMI de",
        "Diversity en",
        "Diversity de",
    ]
    assert {name.split()[0] for name in scores} == set(MEASURES)


def test_mrr_by_hand(model, corpus, scores):
    test = corpus[1]
    _, rows = np.unique(test.data.groups, return_index=True)
    english = model.transform(test.data[rows][["en"]])
    german = model.transform(test.data[rows][["de"]])
    reciprocal = []
    for number, theta in enumerate(english):
        distances = [jensenshannon(theta, other) for other in german]
        order = np.argsort(distances)
        reciprocal.append(1 / (1 + np.flatnonzero(order == number)[0]))
    assert scores["MRR en-de"].value == pytest.approx(np.mean(reciprocal), abs=1e-3)
    n = len(rows)
    assert scores["MRR en-de"].chance == pytest.approx(
        np.sum(1 / np.arange(1, n + 1)) / n
    )


def test_jsd_by_hand(model, corpus, scores):
    test = corpus[1]
    rows = np.flatnonzero(test.data["image"].present)
    text = model.transform(test.data[rows][["de"]])
    image = model.transform(test.data[rows][["image"]])
    divergence = jensenshannon(text, image, axis=1) ** 2
    by_page = pd.Series(divergence).groupby(test.data.groups[rows]).mean()
    assert scores["JSD de-image"].value == pytest.approx(by_page.mean(), abs=1e-5)


def test_trained_model_is_better_than_chance(scores):
    for name in ("MRR en-de", "UAP en-image", "UAP de-image"):
        assert scores[name].value > 1.5 * scores[name].chance


def test_a_model_that_tells_nothing_apart(model, corpus):
    scores = evaluate_alignment(ConstantModel(model), *corpus)
    assert scores["MRR en-de"].value == pytest.approx(scores["MRR en-de"].chance)
    assert scores["UAP en-image"].value < scores["UAP en-image"].chance
    assert scores["JSD en-image"].value == 0


def test_views_may_be_left_out(model, corpus, scores):
    train, test = corpus
    texts = Bunch(data=test.data[["en", "de"]])
    fewer = evaluate_alignment(model, train, texts)
    assert fewer == {name: scores[name] for name in scores if "image" not in name}


@pytest.mark.parametrize("sizes", [[1, 1, 1, 1], [3, 1, 2, 6], [5]])
def test_chance_average_precision_is_what_random_orders_score(sizes):
    articles = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(0)
    drawn = [
        uninterpolated_average_precision(
            rng.random((len(articles), len(articles))), articles, articles
        )
        for _ in range(200)
    ]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert _chance_average_precision(articles) == pytest.approx(
        np.mean(drawn), abs=4 * error + 1e-12
    )

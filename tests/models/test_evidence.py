"""A language whose texts say nothing about a topic has no words of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)
from sklearn_m3l.display import TopicReport, TopicWordsDisplay


@pytest.fixture(scope="module")
def X():
    """Return 200 rows on four subjects; those on the last two have no German."""
    rng = np.random.default_rng(0)
    subject = np.arange(200) % 4
    weights = np.full((4, 40), 0.02)
    for number, own in enumerate(weights):
        own[10 * number : 10 * number + 10] = 2.0
    counts = {name: rng.poisson(weights[subject]) for name in ("en", "de")}
    vectors = {n: rng.normal(size=(200, 6)) + 3 * np.eye(6)[subject] for n in counts}
    words = {n: [f"{n}-{number:02}" for number in range(40)] for n in counts}
    present = {"de": subject < 2}
    return MultiView.from_arrays(
        vectors, counts=counts, vocabularies=words, present=present
    )


@pytest.fixture(
    scope="module",
    params=[
        PolylingualLDA(4, max_iter=60, random_state=0),
        M3LContrastTopicModel(4, max_iter=2, random_state=0),
    ],
    ids=["lda", "m3l"],
)
def model(request, X):
    return clone(request.param).fit(X)


@pytest.fixture
def absent(model):
    """Return the topics of the rows that have no German."""
    words = model.top_words("en", 1)
    found = [topic for topic, (word,) in enumerate(words) if word >= "en-20"]
    assert len(found) == 2
    return found


def test_evidence_is_the_number_of_tokens(model, X, absent):
    tokens = model.topic_tokens_
    rest = [topic for topic in range(4) if topic not in absent]
    assert tokens["de"][absent].max() < 0.1 * tokens["de"][rest].min()
    assert tokens["en"].min() > 0.5 * tokens["en"].max()
    total = tokens["en"] + tokens["de"]
    assert_allclose(model.prevalence_, total / total.sum())
    for name in tokens:
        assert 0 < tokens[name].sum() <= X[name].counts[X.present[name]].sum() + 1e-6


def test_words_without_evidence_are_not_shown(model, X, absent, capsys):
    known, words = model.known_words(3), model.top_words("de", 3)
    assert known["en"] == model.top_words("en", 3)
    assert known["de"] == [[] if k in absent else words[k] for k in range(4)]
    assert all(len(own) == 3 for own in words)
    frame = model.topics_frame(3)
    assert frame.index[frame["de"] == "–"].tolist() == absent
    rows = model.describe(X[["en"]])
    assert (rows["de"] == "–").tolist() == rows["topic"].isin(absent).tolist()
    model.print_topics()
    assert capsys.readouterr().out.count("–") == 2


def test_words_without_evidence_are_not_drawn(model, X, absent):
    display = TopicWordsDisplay.from_estimator(model)
    shown = display.words.groupby(["topic", "view"]).size().index
    assert {*shown} == {(k, "en") for k in range(4)} | {
        (k, "de") for k in range(4) if k not in absent
    }
    page = TopicReport.from_estimator(model, X[:40]).html
    assert page.count("None: hardly any text") == 2


def test_evidence_is_stored(model, tmp_path):
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.known_words(5) == model.known_words(5)
    assert_array_equal(again.prevalence_, model.prevalence_)


def test_a_student_has_the_evidence_of_its_teacher(X):
    teacher = ZeroShotTopicModel(4, view="en", max_iter=2, random_state=0)
    student = DistilledTopicModel(
        4, view="de", teacher=teacher, max_iter=2, random_state=0
    ).fit(X)
    known = student.known_words(3)
    assert list(known) == list(student.vocabularies_) == ["en", "de"]
    assert known["en"] == student.teacher_.known_words(3)["en"]

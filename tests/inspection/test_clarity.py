"""Tests of clear topics, and of words that are frequent in all topics."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.inspection import (
    document_topics,
    dominant_topics,
    suggest_stop_words,
    topic_entropy,
)


def test_entropy():
    theta = np.array([[1, 0, 0], [1, 1, 1], [2, 1, 0], [np.nan] * 3]) / [
        [1],
        [3],
        [3],
        [1],
    ]
    expected = np.log(3) - 2 / 3 * np.log(2)
    assert_allclose(topic_entropy(theta), [0, 1, expected / np.log(3), np.nan])
    assert topic_entropy([[1.0], [1.0]]).tolist() == [0, 0]
    with pytest.raises(ValueError, match="theta"):
        topic_entropy([[0.5, 0.9]])


@pytest.fixture(scope="module")
def mixed():
    """Return rows about one of two subjects, and every fifth about both."""
    own = np.repeat(np.eye(2), 4, axis=1)
    both = np.arange(40) % 5 == 4
    words = own[np.arange(40) % 2] * 6
    words[both] = 3
    return MultiView.from_arrays(
        counts={"en": words, "de": words},
        present={"en": np.arange(40) != 7, "de": np.arange(40) != 8},
        index=[f"page {row}" for row in range(40)],
        groups=np.arange(40) // 2,
    ), both


@pytest.fixture(scope="module")
def model(mixed):
    X, both = mixed
    model = PolylingualLDA(
        2, doc_topic_prior=0.1, optimize_interval=0, max_iter=30, random_state=0
    )
    return model.fit(X[~both])


def test_rows_on_several_subjects_are_not_clear(model, mixed):
    X, both = mixed
    table = dominant_topics(model, X)
    assert table["clear"].tolist() == (~both).tolist()
    assert 1 - table["clear"].mean() == pytest.approx(0.2)
    assert table["topic"].isna().tolist() == both.tolist()
    assert table["topic_name"].isna().tolist() == both.tolist()
    assert table["label"].tolist() == list(X.index)
    theta = model.transform(X)
    assert_allclose(table["entropy"], topic_entropy(theta))
    clear = table[~both]
    assert clear["topic"].tolist() == theta[~both].argmax(axis=1).tolist()
    assert dominant_topics(model, X, max_entropy=1)["topic"].notna().all()
    assert dominant_topics(model, X, max_entropy=0)["topic"].isna().all()


def test_rows_without_the_view_are_missing(model, mixed):
    X, _ = mixed
    table = dominant_topics(model, X, views=["en"])
    missing = table.loc[7, ["topic", "topic_name", "proportion", "entropy", "clear"]]
    assert missing.isna().all() and table["clear"].notna().sum() == 39
    with pytest.raises(ValueError, match="max_entropy"):
        dominant_topics(model, X, max_entropy=1.5)
    counts = X["en"].counts[:6]
    single = PolylingualLDA(2, max_iter=5, random_state=0).fit(counts)
    assert len(dominant_topics(single, counts)) == 6
    assert len(document_topics(single, counts)) == 12


def test_words_of_all_topics_are_suggested():
    # "all" is frequent in every row, "most" in those of three subjects of four.
    rng = np.random.default_rng(0)
    subject = np.arange(120) % 4
    weights = np.full((4, 42), 0.05)
    for number in range(4):
        weights[number, 10 * number : 10 * number + 10] = 2
    weights[:, 40], weights[:3, 41] = 6, 6
    counts = {name: rng.poisson(weights[subject]) for name in ("en", "de")}
    words = [*(f"w{n:02}" for n in range(40)), "all", "most"]
    X = MultiView.from_arrays(
        counts=counts,
        vocabularies=dict.fromkeys(counts, words),
        present={"de": subject < 2},
    )
    model = PolylingualLDA(4, max_iter=60, random_state=0).fit(X)
    table = suggest_stop_words(model, n_words=8)
    assert table["view"].tolist() == ["en", "de", "de"]
    assert table["word"].tolist()[0] == "all"
    assert set(table["word"][1:]) == {"all", "most"}  # German has the first two topics
    assert table["share"].tolist() == [1, 1, 1]
    share = counts["en"][:, 40].sum() / counts["en"].sum()
    assert table["probability"][0] == pytest.approx(share, rel=0.01)
    wider = suggest_stop_words(model, n_words=8, min_share=0.7)
    assert wider.query("view == 'en'")["word"].tolist() == ["all", "most"]
    edited = model.merge_topics([[0, 1]])
    assert "all" in suggest_stop_words(edited, n_words=8)["word"].tolist()
    with pytest.raises(ValueError, match="view 'en' has 42 words, so all are"):
        suggest_stop_words(model, n_words=42)
    with pytest.raises(ValueError, match="min_share"):
        suggest_stop_words(model, min_share=0)
    assert isinstance(table, pd.DataFrame)

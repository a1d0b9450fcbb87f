"""Tests of suggested names of topics."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.inspection import suggest_topic_names


@pytest.fixture(scope="module")
def X():
    """Return rows on two subjects that share their most frequent word."""
    words = np.array([[9, 5, 0, 0], [9, 0, 5, 0]])[np.arange(40) % 2]
    present = {"de": np.arange(40) != 4}
    return MultiView.from_arrays(
        counts={"en": words, "de": words},
        vocabularies={"en": ["all", "sea", "sun", "rare"], "de": list("abcd")},
        present=present,
    )


@pytest.fixture(scope="module")
def model(X):
    return PolylingualLDA(2, doc_topic_prior=0.1, max_iter=30, random_state=0).fit(X)


@pytest.fixture(scope="module")
def texts(X):
    en = [f"text {row}" for row in range(40)]
    return pd.DataFrame(
        {"en": en, "de": [None if row == 4 else "Text" for row in X.index]}
    )


def test_names_prefer_words_that_tell_topics_apart(model):
    names = suggest_topic_names(model, n_words=1, ranking_weight=0.3)
    assert sorted(names) == ["sea", "sun"]
    german = suggest_topic_names(
        model, view="de", n_words=1, ranking="frex", ranking_weight=0.2
    )
    assert [{"sea": "b", "sun": "c"}[name] for name in names] == german


def test_equal_names_get_further_words(model):
    names = suggest_topic_names(model, n_words=1, ranking="probability")
    assert sorted(names) == ["all, sea", "all, sun"]
    assert model.set_topic_names(names).topic_names_ == names
    flat = PolylingualLDA(2, doc_topic_prior=50, max_iter=1, random_state=0)
    flat.fit(np.full((40, 1), 3))
    assert suggest_topic_names(flat) == ["x0 (0)", "x0 (1)"]


def test_a_function_gets_words_and_documents_of_all_languages(model, X, texts):
    asked = []

    def namer(words, documents):
        asked.append((words, documents))
        return f" name {len(asked)} "

    names = suggest_topic_names(
        model, X, namer=namer, texts=texts, n_words=2, n_documents=5
    )
    assert names == ["name 1", "name 2"]
    best = model.top_rows(X, n=5)
    known = model.known_words(2, ranking="relevance")
    for topic, (words, documents) in enumerate(asked):
        assert words == {"en": known["en"][topic], "de": known["de"][topic]}
        assert documents["en"] == [f"text {row}" for row in best[topic]]
        assert documents["de"] == ["Text"] * sum(row != 4 for row in best[topic])
    suggest_topic_names(model, namer=namer)
    assert asked[-1][1] == {"en": [], "de": []}
    assert len(asked[-1][0]["en"]) == 4


def test_bad_names_and_texts(model, X, texts):
    def constant(answer):
        return lambda words, documents: answer

    with pytest.raises(TypeError, match="for topic 0 it returned 7"):
        suggest_topic_names(model, namer=constant(7))
    for answer in ("", "  ", "two\nlines"):
        with pytest.raises(ValueError, match="for topic 0; a name must not be blank"):
            suggest_topic_names(model, namer=constant(answer))
    with pytest.raises(ValueError, match="both named 'same'"):
        model.set_topic_names(suggest_topic_names(model, namer=constant("same")))
    with pytest.raises(TypeError, match="namer must be a function, not 'gpt'"):
        suggest_topic_names(model, namer="gpt")
    with pytest.raises(ValueError, match="a namer gets the words of all languages"):
        suggest_topic_names(model, namer=constant("a"), view="en")
    with pytest.raises(ValueError, match="X has no texts"):
        suggest_topic_names(model, X, namer=constant("a"))
    with pytest.raises(ValueError, match="texts are those of the rows of X"):
        suggest_topic_names(model, namer=constant("a"), texts=texts)
    with pytest.raises(ValueError, match="unknown view 'fr'"):
        suggest_topic_names(model, X, namer=constant("a"), texts={"fr": texts["en"]})
    with pytest.raises(ValueError, match="has 3 texts for 40 rows"):
        suggest_topic_names(model, X, namer=constant("a"), texts=texts[:3])
    with pytest.raises(ValueError, match="no text in any row"):
        suggest_topic_names(model, X, namer=constant("a"), texts={"en": [None] * 40})
    with pytest.raises(ValueError, match="X and texts are for a namer"):
        suggest_topic_names(model, X)
    with pytest.raises(ValueError, match="view='fr' has no words"):
        suggest_topic_names(model, view="fr")
    with pytest.raises(TypeError, match="expected a topic model"):
        suggest_topic_names(texts)
    with pytest.raises(NotFittedError):
        suggest_topic_names(PolylingualLDA())

"""Labels predicted from topics."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_m3l import MultiView, PolylingualLDA, View
from sklearn_m3l.metrics import evaluate_classification

LABELS = np.array(["ships", "trees"])


def corpus(n_rows, seed, languages=("en", "de")):
    """Return rows of 2 themes with words of their own, and the theme of each."""
    random = np.random.RandomState(seed)
    theme = np.arange(n_rows) % 2
    counts = random.poisson(0.2, size=(len(languages), n_rows, 20))
    counts[:, theme == 0, :10] += 1
    counts[:, theme == 1, 10:] += 1
    views = {
        name: View(counts=own) for name, own in zip(languages, counts, strict=True)
    }
    return MultiView(views), LABELS[theme]


@pytest.fixture(scope="module")
def model():
    return PolylingualLDA(4, max_iter=30, random_state=0).fit(corpus(60, 0)[0])


def test_within_and_across_languages(model):
    scores = evaluate_classification(model, *corpus(60, 0), *corpus(40, 1))
    assert list(scores) == [
        f"{metric} {views}"
        for metric in ("Accuracy", "Macro-F1")
        for views in ("en", "en-de", "de-en", "de")
    ]
    assert min(score.value for score in scores.values()) > 0.9
    assert scores["Accuracy en-de"].chance == 0.5
    assert scores["Macro-F1 en-de"].chance is None
    assert scores["Accuracy de"].n_rows == 40


def test_rows_of_one_language_each(model):
    X, y = corpus(60, 0)
    test, y_test = corpus(40, 1)
    apart = MultiView.concat([X[:30][["en"]], X[30:][["de"]]])
    scores = evaluate_classification(model, apart, y, test[["de"]], y_test)
    assert list(scores) == [
        "Accuracy en-de", "Accuracy de", "Macro-F1 en-de", "Macro-F1 de"
    ]  # fmt: skip
    assert scores["Accuracy en-de"].value > 0.9


def test_labels_that_topics_do_not_know_are_at_chance(model):
    X, y = corpus(60, 0)
    test, y_test = corpus(40, 1)
    random = np.random.RandomState(2)
    scores = evaluate_classification(
        model, X, random.permutation(y), test, random.permutation(y_test)
    )
    assert abs(scores["Accuracy en-de"].value - 0.5) < 0.25


def test_another_classifier(model):
    scores = evaluate_classification(
        model, *corpus(60, 0), *corpus(40, 1), classifier=DummyClassifier()
    )
    assert scores["Accuracy en"].value == scores["Accuracy en"].chance == 0.5
    assert scores["Macro-F1 en"].value == pytest.approx(1 / 3)


def test_a_single_text():
    X, y = corpus(60, 0, languages=["en"])
    counts = X["en"].counts
    model = PolylingualLDA(4, max_iter=30, random_state=0).fit(counts)
    scores = evaluate_classification(model, counts, y, counts, y)
    assert [name.split()[0] for name in scores] == ["Accuracy", "Macro-F1"]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (LABELS[np.arange(59) % 2], "y_train has 59 labels for 60 rows"),
        (np.linspace(0, 1, 60), "y_train must hold classes, .* not continuous"),
        (np.zeros(60, int), "training rows of view 'en' have the label '0'; .* two"),
        (np.zeros((60, 2)), "1d array"),
    ],
)
def test_bad_labels(model, y, message):
    X, _ = corpus(60, 0)
    test, y_test = corpus(40, 1)
    with pytest.raises(ValueError, match=message):
        evaluate_classification(model, X, y, test, y_test)

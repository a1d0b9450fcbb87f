"""Tests of the figure of top words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.display import TopicWordsDisplay


def bars(ax):
    """Return words and lengths of the bars, from top to bottom."""
    assert ax.yaxis_inverted()
    words = [label.get_text() for label in ax.get_yticklabels()]
    return words, [bar.get_width() for bar in ax.patches]


def test_bars_are_top_words_with_their_weights(small_model):
    display = TopicWordsDisplay.from_estimator(
        small_model, topics=[2, 0], n_words=4, view_labels={"de": "German"}
    )
    assert display.axes_.shape == (2, 2)
    split = len(small_model.vocabularies_["en"])
    weights = {
        "en": small_model.components_[:, :split],
        "de": small_model.components_[:, split:],
    }
    for row, topic in enumerate([2, 0]):
        for column, view in enumerate(["en", "de"]):
            words, lengths = bars(display.axes_[row, column])
            assert words == small_model.top_words(view, 4)[topic]
            columns = [small_model.vocabularies_[view].tolist().index(w) for w in words]
            np.testing.assert_allclose(lengths, weights[view][topic, columns])
    assert display.axes_[0, 1].get_title() == "Topic 2, German"
    assert display.axes_[1, 0].get_title() == "Topic 0, en"


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        M3LContrastTopicModel(7, max_iter=1, random_state=0),
        ZeroShotTopicModel(7, view="de", max_iter=1, random_state=0),
        DistilledTopicModel(
            7,
            teacher=ZeroShotTopicModel(7, view="en", max_iter=1),
            view="de",
            max_iter=1,
            random_state=0,
        ),
        PolylingualLDA(7, max_iter=2, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_first_topics_of_every_model(model, small_multiview):
    X = small_multiview[["en", "de"]]
    pipeline = make_pipeline(model).fit(X[X.present["en"] & X.present["de"]])
    display = TopicWordsDisplay.from_estimator(pipeline)
    model = pipeline[-1]
    assert display.axes_.shape == (5, len(model.vocabularies_))
    for column, view in enumerate(model.vocabularies_):
        words, lengths = bars(display.axes_[4, column])
        assert words == model.top_words(view)[4]
        assert lengths == sorted(lengths, reverse=True)


def test_plot_again_into_a_subplot(small_model):
    display = TopicWordsDisplay.from_estimator(small_model, views=["de"])
    assert display.axes_.shape == (3, 1)
    figure, (_, place) = plt.subplots(1, 2)
    again = TopicWordsDisplay(display.words).plot(place, color="red")
    assert again.ax_ is place and again.figure_ is figure
    assert bars(again.axes_[0, 0]) == bars(display.axes_[0, 0])
    assert again.axes_[0, 0].patches[0].get_facecolor() == (1, 0, 0, 1)
    assert again.axes_[0, 0].get_position().x0 >= place.get_position().x0 - 1e-9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"topics": [3]}, "topics == 3, must be <= 2"),
        ({"topics": []}, "nothing to show"),
        ({"views": ["image"]}, "'image' has no words"),
        ({"n_words": 0}, "n_words == 0"),
    ],
)
def test_what_cannot_be_shown(small_model, parameters, message):
    with pytest.raises(ValueError, match=message):
        TopicWordsDisplay.from_estimator(small_model, **parameters)

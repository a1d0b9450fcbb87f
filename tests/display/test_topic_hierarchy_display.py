"""Tests of the dendrogram of topics."""

import matplotlib.pyplot as plt
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l.display import TopicHierarchyDisplay


def test_topics_are_named_and_joined(small_model):
    display = TopicHierarchyDisplay.from_estimator(
        make_pipeline(small_model), n_words=2, ranking="frex"
    )
    shown = [label.get_text() for label in display.ax_.get_yticklabels()]
    words = small_model.top_words("en", 2, ranking="frex")
    leaves = display.dendrogram_["leaves"]
    assert shown == [f"{k}: {', '.join(words[k])}" for k in leaves]
    assert sorted(leaves) == [0, 1, 2]
    merged = small_model.reduce_topics(2).set_topic_names({0: "$x$"})
    figure, ax = plt.subplots()
    again = TopicHierarchyDisplay.from_estimator(
        merged, view="de", ax=ax, orientation="top"
    )
    assert again.figure_ is figure and again.ax_.get_ylabel() == "Distance"
    assert "0: $x$" in [label.get_text() for label in ax.get_xticklabels()]


def test_bad_hierarchies(small_model):
    with pytest.raises(ValueError, match="method must be 'ward' or 'average'"):
        TopicHierarchyDisplay.from_estimator(small_model, method="single")
    with pytest.raises(ValueError, match="view='fr' has no words"):
        TopicHierarchyDisplay.from_estimator(small_model, view="fr")

"""Names of topics, and the orders of their words, on a model."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)
from sklearn_m3l.display import TopicReport, TopicSpaceDisplay, TopicWordsDisplay

SMALL = {
    "max_iter": 1,
    "init_max_iter": 5,
    "hidden_layer_sizes": (4,),
    "random_state": 0,
}
MODELS = {
    "lda": PolylingualLDA(3, max_iter=5, random_state=0),
    "m3l": M3LContrastTopicModel(3, **SMALL),
    "zero-shot": ZeroShotTopicModel(3, view="en", **SMALL),
    "distilled": DistilledTopicModel(
        3, view="image", teacher=ZeroShotTopicModel(view="en", **SMALL), **SMALL
    ),
}


@pytest.fixture(scope="module", params=MODELS)
def _model(request, small_multiview):
    # Rows without English teach a student of pictures nothing.
    X = small_multiview[["en", "de", "image"]]
    if request.param in ("zero-shot", "distilled"):
        X = X[["en", "image"]][X.present["en"] & X.present["image"]]
    return clone(MODELS[request.param]).fit(X), X


@pytest.fixture
def model(_model):
    return _model[0].set_topic_names(None)


def test_names_show_in_tables_and_are_stored(_model, model, tmp_path, capsys):
    X = _model[1]
    words = model.topics_frame(2)
    features = model.get_feature_names_out()
    theta = model.transform(X)
    assert model.topic_names_ == [None, None, None]
    assert model.set_topic_names({1: "weather", np.int64(2): "Über 海"}) is model
    assert model.topic_names_ == [None, "weather", "Über 海"]
    frame = model.topics_frame(2)
    assert frame["topic_name"].tolist() == ["–", "weather", "Über 海"]
    assert frame.drop(columns="topic_name").equals(words)
    described = model.describe(X, n_words=2)
    assert list(described) == ["topic", *frame]
    known = described["topic"].notna()
    assert described["topic_name"][known].tolist() == [
        frame["topic_name"][topic] for topic in described["topic"][known]
    ]
    assert described["topic_name"][~known].isna().all()
    model.print_topics(2)
    assert "weather" in capsys.readouterr().out
    assert model.get_feature_names_out().tolist() == features.tolist()
    np.testing.assert_array_equal(model.transform(X), theta)
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").topic_names_ == model.topic_names_


def test_names_are_replaced_kept_and_taken_away(model):
    model.set_topic_names(["a", "b", None]).set_topic_names({0: "c", 1: None})
    assert model.topic_names_ == ["c", None, None]
    # Two topics can exchange their names at once.
    model.set_topic_names(["a", "b", "c"]).set_topic_names({0: "b", 1: "a"})
    assert model.topic_names_ == ["b", "a", "c"]
    assert model.set_topic_names(np.array(["x", "y", "z"])).topic_names_[0] == "x"
    assert model.set_topic_names(None).topic_names_ == [None] * 3
    assert "topic_name" not in model.topics_frame()


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ({3: "a"}, ValueError, "unknown topic 3; topics are numbered from 0 to 2"),
        ({-1: "a"}, ValueError, "unknown topic -1"),
        ({"0": "a"}, ValueError, "unknown topic '0'"),
        ({True: "a"}, ValueError, "unknown topic True"),
        (["a", "b"], ValueError, "2 names for 3 topics; to name some of them"),
        (["a", "b", "a"], ValueError, "topics 0 and 2 are both named 'a'"),
        ({1: "first"}, ValueError, "topics 0 and 1 are both named 'first'"),
        ({1: " "}, ValueError, "the name ' ' of topic 1 is blank or has control"),
        ({1: "a\x1b[2J"}, ValueError, "of topic 1 is blank or has control"),
        ({1: 7}, TypeError, "the name of topic 1 must be a string, not a int"),
        ("abc", TypeError, "names must be a sequence of strings, or a mapping"),
        (7, TypeError, "names must be a sequence"),
    ],
)
def test_bad_names(model, names, error, message):
    model.set_topic_names({0: "first"})
    with pytest.raises(error, match=message):
        model.set_topic_names(names)
    assert model.topic_names_ == ["first", None, None]


def test_a_new_fit_forgets_names_and_more_data_does_not(small_multiview):
    model = clone(MODELS["lda"]).fit(small_multiview).set_topic_names({0: "a"})
    assert model.partial_fit(small_multiview).topic_names_[0] == "a"
    assert model.fit(small_multiview).topic_names_[0] is None
    warm = M3LContrastTopicModel(3, **SMALL, warm_start=True).fit(small_multiview)
    assert warm.set_topic_names({2: "b"}).fit(small_multiview).topic_names_[2] == "b"


def test_topics_that_are_taken_over_keep_their_names(small_multiview):
    lda = clone(MODELS["lda"]).fit(small_multiview).set_topic_names({1: "sea"})
    started = M3LContrastTopicModel(3, **SMALL, init=FrozenEstimator(lda))
    assert started.fit(small_multiview).topic_names_ == [None, "sea", None]
    taught = DistilledTopicModel(
        3, **SMALL, teacher=FrozenEstimator(lda), view="image"
    ).fit(small_multiview)
    assert taught.topic_names_ == [None, "sea", None]
    assert lda.set_topic_names(None).topic_names_ != taught.topic_names_


def test_displays_show_names(small_multiview):
    import matplotlib.pyplot as plt

    model = clone(MODELS["m3l"]).fit(small_multiview)
    model.set_topic_names({0: "$weather$", 1: "<b>", 2: "tools"})
    words = TopicWordsDisplay.from_estimator(model, topics=[0], ranking="frex")
    assert words.axes_[0, 0].get_title() == "Topic 0: $weather$\nen"
    shown = words.words.query("view == 'en'")["word"].tolist()
    assert shown == model.top_words("en", ranking="frex")[0]
    order = model.vocabularies_["en"].tolist()
    weights = model.components_[0, [order.index(word) for word in shown]]
    np.testing.assert_allclose(words.words["weight"][: len(shown)], weights)
    space = TopicSpaceDisplay.from_estimator(model, small_multiview, random_state=0)
    assert {text.get_text() for text in space.text_} <= {"$weather$", "<b>", "tools"}
    plt.close("all")
    page = TopicReport.from_estimator(
        model, small_multiview, scores={}, ranking="relevance", random_state=0
    ).html
    assert "<h3>Topic 0: $weather$</h3>" in page
    assert "Topic 1: &lt;b&gt;" in page and "Topic 1: <b>" not in page


def test_every_table_takes_the_ranking(_model, model):
    X = _model[1]
    order = {"ranking": "frex", "ranking_weight": 0.1}
    words = {view: model.top_words(view, 3, **order) for view in model.vocabularies_}
    assert words != {view: model.top_words(view, 3) for view in words}
    known = model.known_words(3, **order)
    frame = model.topics_frame(3, **order)
    described = model.describe(X, n_words=3, **order)
    for view, own in words.items():
        for topic, (shown, all_words) in enumerate(zip(known[view], own, strict=True)):
            assert shown in ([], all_words)
            assert frame[view][topic] == (", ".join(shown) or "–")
        row = described["topic"].first_valid_index()
        assert described[view][row] == frame[view][described["topic"][row]]
    with pytest.raises(ValueError, match="ranking must be one of"):
        model.print_topics(ranking="best")
    with pytest.raises(ValueError, match="has no weight"):
        model.describe(X, ranking_weight=0.5)

"""Every display and export of every model, on rows with views that it does not take."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    ZeroShotTopicModel,
)
from sklearn_m3l.display import (
    TopicReport,
    TopicSpaceDisplay,
    TopicWordsDisplay,
    compare_models,
    to_pyldavis,
    to_topicwizard,
    topic_space,
)
from sklearn_m3l.metrics import evaluate_alignment, make_alignment_scorer

# German and pictures never meet, which the scores of a report say in a warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*NaN, because no row:UserWarning")

FAST = {
    "max_iter": 1,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
# The views that each model takes.
TAKEN = {
    "M3L": ["en", "de", "image"],
    "PLTM": ["en", "de"],
    "ZeroshotTM": ["en", "de"],  # of the same width, as if from one encoder
    "ZeroshotTM-KD": ["en", "de", "image"],
}


@pytest.fixture(scope="module")
def X(small_multiview):
    """Return rows with article ids, of which none has both German and a picture."""
    views = dict(small_multiview.views)
    german = views["de"]
    present = german.present & ~views["image"].present
    views["de"] = View(german.embedding, german.counts, german.vocabulary, present)
    groups = [f"article {row // 10}" for row in range(60)]
    return MultiView(views, index=small_multiview.index, groups=groups)


@pytest.fixture(scope="module")
def models(X):
    english = X[X["en"].present]
    teacher = ZeroShotTopicModel(3, view="en", **FAST)
    pictured = X[X["en"].present & X["image"].present]
    return {
        "M3L": M3LContrastTopicModel(3, **FAST).fit(X),
        "PLTM": PolylingualLDA(3, max_iter=3, random_state=0).fit(english),
        "ZeroshotTM": ZeroShotTopicModel(3, view="en", **FAST).fit(english),
        "ZeroshotTM-KD": DistilledTopicModel(
            3, teacher=teacher, view="image", **FAST
        ).fit(pictured),
    }


@pytest.fixture(params=TAKEN)
def name(request):
    return request.param


@pytest.fixture
def model(models, name):
    return models[name]


def test_views_are_those_expected(model, name):
    assert sorted(model.views_) == sorted(TAKEN[name])


def test_topic_space_shows_the_views_that_are_taken(model, name, X):
    points = topic_space(model, X, random_state=0)
    sizes = {view: X[view].present.sum() for view in TAKEN[name]}
    assert points["view"].value_counts().to_dict() == sizes
    display = TopicSpaceDisplay.from_estimator(model, X, random_state=0)
    assert sorted(display.scatter_) == sorted(TAKEN[name])


def test_report_shows_the_views_that_are_taken(model, name, X):
    html = TopicReport.from_estimator(model, X, random_state=0).html
    assert [f" {view} (" in html for view in X.view_names] == [
        view in TAKEN[name] for view in X.view_names
    ]
    for topic in range(3):
        assert f'id="topic-{topic}"' in html
    assert ("MRR en-de" in html) and ("JSD en-image" in html) == (
        "image" in TAKEN[name]
    )


def test_words_of_the_views_that_have_some(model):
    display = TopicWordsDisplay.from_estimator(model)
    assert display.axes_.shape == (3, len(model.vocabularies_))


def test_exports(model, X):
    for view in model.vocabularies_:
        rows = X[X[view].present]
        arguments = to_pyldavis(model, rows, view)
        assert_allclose(arguments["doc_topic_dists"], model.transform(rows))
        data = to_topicwizard(model, rows, view)
        assert data["corpus"] == rows.index.tolist()


def test_table_of_all_models(models, X):
    table = compare_models(models, X, metrics=["mrr", "uap"])
    assert list(table.index) == [*models, "Chance"]
    assert table.loc["PLTM", "UAP en-image":].isna().all()


def test_unknown_views_are_errors(model, X):
    # Of another width, so that it cannot be from the same encoder.
    renamed = MultiView({"fr": View(np.ones((60, 3)))}, index=X.index)
    calls = [
        lambda: topic_space(model, renamed),
        lambda: TopicReport.from_estimator(model, renamed),
        lambda: to_pyldavis(model, renamed, "fr"),
        lambda: evaluate_alignment(model, renamed),
        lambda: compare_models({"one": model}, renamed),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="'fr'|fr"):
            call()


def test_views_that_are_left_aside_are_not_enough(models, X):
    pictures = X[X["image"].present][["image"]]
    calls = [
        partial(topic_space, models["PLTM"]),
        partial(TopicReport.from_estimator, models["PLTM"]),
        partial(evaluate_alignment, models["PLTM"]),
        partial(make_alignment_scorer(["npmi"]), models["PLTM"]),
        partial(compare_models, {"PLTM": models["PLTM"]}),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="infers topics from en, de; X has only"):
            call(pictures)


def test_names_of_views_that_are_left_aside(models, X):
    given = {"image": ["picture"] * 60, "en": ["text"] * 60}
    html = TopicReport.from_estimator(models["PLTM"], X, names=given).html
    assert ">text</bdi></a>" in html and "picture" not in html.split("<script")[1]
    with pytest.raises(ValueError, match="names has the unknown view 'fr'"):
        TopicReport.from_estimator(models["PLTM"], X, names={"fr": ["x"] * 60})


def test_articles_are_those_of_the_data(models, X):
    ids = MultiView(X.views, index=X.index)
    apart = TopicReport.from_estimator(models["M3L"], ids, random_state=0).html
    together = TopicReport.from_estimator(models["M3L"], X, random_state=0).html
    scores = [
        np.array([html.split("MRR en-de</th><td>")[1][:5]], float)
        for html in (apart, together)
    ]
    assert scores[0] != scores[1]

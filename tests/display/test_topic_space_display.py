"""Tests of the figure of the topic space."""

import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicSpaceDisplay, topic_space
from sklearn_m3l.embedding import make_multiview_encoder


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def display(small_model, small_multiview):
    shown = TopicSpaceDisplay.from_estimator(
        small_model,
        small_multiview,
        view_labels={"en": "English & more"},
        random_state=0,
    )
    plt.close(shown.figure_)
    return shown


def test_points_are_those_of_the_topic_space(display, small_model, small_multiview):
    points = topic_space(small_model, small_multiview, random_state=0)
    pd.testing.assert_frame_equal(display.points, points)
    assert list(display.scatter_) == ["en", "de", "image"]
    for view, scatter in display.scatter_.items():
        own = points.loc[points["view"] == view, ["x", "y"]]
        np.testing.assert_allclose(scatter.get_offsets(), own, rtol=1e-6)


def test_legend_and_names(display, small_model):
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["English & more (59)", "de (58)", "image (48)"]
    first = [words[0] for words in small_model.top_words("en", 1)]
    names = [text.get_text() for text in display.text_]
    assert names and set(names) <= set(first)
    # A name is in the middle of the points of its topic; topics may share a word.
    middles = display.points.groupby("topic")[["x", "y"]].median()
    near = np.isclose(middles, display.text_[0].get_position()).all(axis=1)
    assert first[middles.index[near].item()] == names[0]


def test_names_in_another_language(display, small_model):
    figure, ax = plt.subplots()
    again = TopicSpaceDisplay(display.points, words=display.words).plot(
        ax, language="de", s=3
    )
    assert again.ax_ is ax and again.figure_ is figure
    assert {text.get_text()[:3] for text in again.text_} == {"de-"}
    assert list(again.scatter_["de"].get_sizes()) == [3]
    with pytest.raises(ValueError, match="'image' has no words; choose one of en, de"):
        again.plot(language="image")


def test_points_without_words(display, tmp_path):
    bare = TopicSpaceDisplay(display.points).plot()
    assert bare.text_ == []
    with pytest.raises(ValueError, match="give words"):
        bare.write_html(tmp_path / "topics.html")


def test_pipelines_on_tables():
    corpus = load_gimp_help("test")
    frame = corpus.frame[["en", "de"]].drop_duplicates()[:40].astype(object)
    frame.loc[frame.index[3], "de"] = None
    encoder = make_multiview_encoder(["en", "de"], random_state=0)
    encoder.set_params(en__encoder__n_components=8, de__encoder__n_components=8)
    model = M3LContrastTopicModel(3, max_iter=1, random_state=0)
    pipeline = make_pipeline(encoder, model).fit(frame)
    display = TopicSpaceDisplay.from_estimator(pipeline, frame, random_state=0)
    expected = topic_space(model, encoder.transform(frame), random_state=0)
    pd.testing.assert_frame_equal(display.points, expected)
    assert len(display.scatter_["de"].get_offsets()) == len(frame) - 1


class Page(HTMLParser):
    """What a page links to, and what it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.tags = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.ids.add(given.get("id"))
        self.links |= {given.get("href", given.get("src"))} - {None}


def test_interactive_page(display, tmp_path, small_multiview):
    path = tmp_path / "topics.html"
    display.write_html(path, title="Cats & dogs", language="de")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    # It needs nothing else, and every link leads somewhere in it.
    assert "script" not in page.tags
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert "<h1>Cats &amp; dogs</h1>" in text and "English &amp; more (59)" in text
    assert text.count("<title>") == 1 + len(display.points)
    assert "<title>English &amp; more: page-00\nTopic" in text
    assert set(re.findall(r"<text [^>]*>(..)", text)) == {"de"}
    # The words of each topic, the topic of most points first.
    shown = [int(topic) for topic in re.findall(r'<article .*id="topic-(\d)"', text)]
    sizes = display.points["topic"].value_counts()
    assert sorted(shown) == [0, 1, 2] and shown[0] == sizes.idxmax()
    for words in display.words["en"]:
        assert f'<ol lang="en"><li>{"</li><li>".join(words)}</li></ol>' in text


def test_same_seed_same_page(display, small_model, small_multiview, tmp_path):
    again = TopicSpaceDisplay.from_estimator(
        small_model,
        small_multiview,
        view_labels=display.view_labels,
        random_state=0,
    )
    pages = []
    for number, shown in enumerate((display, again)):
        path = tmp_path / f"{number}.html"
        shown.write_html(path)
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]

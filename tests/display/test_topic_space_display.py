"""Tests of the figure of the topic space."""

import base64
import gzip
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicSpaceDisplay, topic_space
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder


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
        ax, view="de", s=3
    )
    assert again.ax_ is ax and again.figure_ is figure
    assert {text.get_text()[:3] for text in again.text_} == {"de-"}
    assert list(again.scatter_["de"].get_sizes()) == [3]
    with pytest.raises(ValueError, match="'image' has no words; choose one of en, de"):
        again.plot(view="image")


def test_points_without_words(display, tmp_path):
    bare = TopicSpaceDisplay(display.points).plot()
    assert bare.text_ == []
    with pytest.raises(ValueError, match="with words"):
        bare.write_html(tmp_path / "topics.html")


@pytest.mark.slow
def test_pipelines_on_tables():
    corpus = load_gimp_help("test")
    frame = corpus.frame[["en", "de"]].drop_duplicates()[:40].astype(object)
    frame.loc[frame.index[3], "de"] = None
    encoder = make_multiview_encoder(
        ["en", "de"], text_encoder=LsaEncoder(8), random_state=0
    )
    model = M3LContrastTopicModel(3, max_iter=1, random_state=0)
    pipeline = make_pipeline(encoder, model).fit(frame)
    display = TopicSpaceDisplay.from_estimator(pipeline, frame, random_state=0)
    expected = topic_space(model, encoder.transform(frame), random_state=0)
    pd.testing.assert_frame_equal(display.points, expected)
    assert len(display.scatter_["de"].get_offsets()) == len(frame) - 1


def test_names_of_large_topics_that_do_not_overlap():
    points = pd.DataFrame(
        {
            "row": range(141),
            "view": "en",
            "name": "page",
            "topic": [0] * 60 + [1] * 40 + [2] * 40 + [3],
            "x": [-10.0] * 60 + [-9.9] * 40 + [10.0] * 40 + [0.0],
            "y": 0.0,
        }
    )
    words = [["brush"], ["pencil"], ["layer"], ["rare"]]
    display = TopicSpaceDisplay(points, words={"en": words}).plot()
    # "pencil" would lie on "brush", and one point is too few for "rare".
    assert [text.get_text() for text in display.text_] == ["brush", "layer"]


def test_interactive_page(display, tmp_path):
    path = tmp_path / "topics.html"
    display.write_html(path, title="Cats & dogs", view="de")
    text = path.read_text(encoding="utf-8")
    assert "<h1>Cats &amp; dogs</h1>" in text and "English &amp; more (59)" in text
    # The words of each topic, those of the chosen language first, the topic of most
    # points first; nothing of documents, of which there are only names.
    headings = re.findall(r"<th scope=.col.*?>(.*?)</th>", text)
    assert headings == ["Topic", "Points", "de", "English &amp; more"]
    row = r">Topic (\d)</a></th>\s*<td.*?>(\d+)<.*?</td>\s*<td.*?>(.*?)</td>"
    rows = re.findall(row, text)
    sizes = display.points["topic"].value_counts()
    assert [int(size) for _, size, _ in rows] == sorted(sizes, reverse=True)
    for topic, _, words in rows:
        words = re.sub(r"<.*?>", "", words)  # each is in an element of its own
        assert words == ", ".join(display.words["de"][int(topic)][:6])
    (block,) = re.findall(r'<script .*id="report-data">(.*?)</script>', text)
    data = json.loads(gzip.decompress(base64.b64decode(block)))
    x = np.frombuffer(base64.b64decode(data["points"]["x"]), "<u2")
    assert np.corrcoef(x, display.points["x"])[0, 1] == pytest.approx(1)
    assert "shares" not in data and 'id="documents"' not in text
    names = np.frombuffer(base64.b64decode(data["names"]["of"][0]), "<i4")
    assert data["names"]["values"][names[8]] == "page-08"


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

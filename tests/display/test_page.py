"""Tests of the page that shows all topics."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l._evaluation import Score
from sklearn_m3l.display import write_topic_page

VOID = {"meta", "img", "input", "br", "link", "hr"}


class Page(HTMLParser):
    """A parsed page: elements with their attributes and the text inside them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open_, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open_ == []

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open_.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        assert self.open_.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open_:
            element["text"] += data

    def find(self, tag, **attributes):
        return [
            element
            for element in self.elements
            if element["tag"] == tag
            and all(element.get(name) == value for name, value in attributes.items())
        ]


@pytest.fixture(scope="module")
def pictures():
    """Return the picture of each row, 20 different ones where there is any."""
    return [f"picture {row % 25:02}.jpg" for row in range(60)]


@pytest.fixture(scope="module")
def thumbnails(pictures):
    return {name: b"\xff\xd8" + name.encode() for name in pictures}


@pytest.fixture(scope="module")
def write(tmp_path_factory, small_model, small_multiview):
    """Return a function that writes a page and reads it."""

    def write(model=small_model, X=small_multiview, **options):
        path = tmp_path_factory.mktemp("page") / "page.html"
        write_topic_page(path, model, X, random_state=0, **options)
        return path.read_bytes().decode("utf-8")

    return write


@pytest.fixture(scope="module")
def text(write, pictures, thumbnails):
    return write(
        title="Topics of something",
        intro="What it is.",
        note="From https://example.org/source. Free.",
        names={"image": pictures},
        view_labels={"de": "Deutsch", "image": "Pictures"},
        thumbnails=thumbnails,
        scores={"MRR en-de": Score(0.5, 0.25), "NPMI de": Score(-0.125)},
    )


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def cards(text):
    """Return the part of each topic, by its number, in the order of the page."""
    parts = re.findall(
        r'<article class="topic" id="topic-(\d+)">(.*?)</article>', text, re.DOTALL
    )
    return {int(number): part for number, part in parts}


def test_headings(page):
    assert [e["text"] for e in page.find("h1")] == ["Topics of something"]
    assert page.find("title")[0]["text"] == "Topics of something"
    levels = [int(e["tag"][1]) for e in page.elements if re.match(r"h\d$", e["tag"])]
    assert levels[:2] == [1, 2] and max(np.diff(levels)) == 1
    ids = [e["id"] for e in page.elements if "id" in e]
    assert len(ids) == len(set(ids))


def test_words_of_each_topic_in_each_language(text, small_model):
    for topic, part in cards(text).items():
        for view in ("en", "de"):
            (words,) = Page(part).find("ol", lang=view)
            shown = re.findall(rf"{view}-\d+?(?={view}|$)", words["text"])
            assert shown == small_model.top_words(view, 10)[topic]
        assert [e["text"] for e in Page(part).find("h4")][:2] == ["en", "Deutsch"]


def test_topics_by_share(text, small_model, small_multiview):
    share = small_model.transform(small_multiview).mean(axis=0)
    assert list(cards(text)) == list(np.argsort(-share))
    for topic, part in cards(text).items():
        assert f"share {share[topic]:.1%}" in part


def test_pictures_beside_their_foremost_topic(
    text, small_model, small_multiview, pictures, thumbnails
):
    has_picture = np.flatnonzero(small_multiview["image"].present)
    alone = small_multiview[has_picture][["image"]]
    foremost = small_model.transform(alone).argmax(axis=1)
    for topic, part in cards(text).items():
        shown = Page(part).find("img")
        names = [image["alt"] for image in shown]
        own = {pictures[row] for row in has_picture[foremost == topic]}
        assert len(names) == len(set(names)) == min(8, len(own))
        assert set(names) <= own
        for image in shown:
            encoded = image["src"].removeprefix("data:image/jpeg;base64,")
            assert base64.b64decode(encoded) == thumbnails[image["alt"]]


def test_examples_are_the_foremost_rows(text, small_model, small_multiview):
    theta = small_model.transform(small_multiview)
    has_english = np.flatnonzero(small_multiview["en"].present)
    for topic, part in cards(text).items():
        best = has_english[np.argsort(-theta[has_english, topic])][:5]
        shown = [item["text"].split() for item in Page(part).find("li")[-5:]]
        assert shown == [
            [small_multiview.index[row], f"{theta[row, topic]:.0%}"] for row in best
        ]


def test_score_table(page):
    cells = [e["text"] for e in page.elements if e["tag"] in ("th", "td")]
    assert cells == [
        *("Measure", "Score", "Chance"),
        *("MRR en-de", "0.500", "0.250"),
        *("NPMI de", "-0.125", "–"),
    ]
    assert len(page.find("caption")) == 1
    assert [e["text"] for e in page.find("dt")] == ["MRR", "NPMI"]


def test_map_has_every_point_with_a_link_to_its_topic(page):
    points = [e for e in page.find("use") if "x" in e]
    assert len(points) == 59 + 58 + 20
    assert len(page.find("title")) == 1 + len(points)
    targets = {e["href"] for e in page.find("a") if e["href"].startswith("#")}
    assert targets <= {f"#topic-{topic}" for topic in range(3)}
    x = [float(point["x"]) for point in points]
    assert -450 < min(x) < max(x) < 450
    assert any(e["text"].startswith("Deutsch: page-0") for e in page.find("title"))
    assert [e["text"].strip() for e in page.find("label")] == [
        "en (59)",
        "Deutsch (58)",
        "Pictures (20)",
    ]


def test_needs_nothing_from_outside(page, text):
    assert page.find("script") == page.find("link") == page.find("iframe") == []
    for element in page.elements:
        assert element.get("src", "data:").startswith("data:")
        if element["tag"] != "a":
            assert element.get("href", "#").startswith("#")
        assert not [name for name in element if name.startswith("on")]
    outside = [e["href"] for e in page.find("a") if not e["href"].startswith("#")]
    assert outside == ["https://example.org/source"]
    assert "url(" not in text and "@import" not in text
    (policy,) = [e for e in page.find("meta") if "http-equiv" in e]
    assert policy["content"].startswith("default-src 'none'")


def test_same_seed_same_bytes(text, write):
    assert write() == write()
    assert write() != text


def test_without_pictures(write, small_multiview):
    text = write(X=small_multiview[["de", "en"]])
    assert Page(text).find("img") == []
    assert "<h4>image</h4>" not in text


def test_only_pictures(write, small_multiview):
    has_picture = np.flatnonzero(small_multiview["image"].present)
    text = write(X=small_multiview[has_picture][["image"]])
    (words,) = Page(cards(text)[0]).find("ol", lang="de")
    assert words["text"]


EVIL = "<script>alert('ä')</script>"


@pytest.fixture(scope="module")
def hostile(make_multiview):
    """Return rows whose words, labels and view are mark-up, and a model of them."""
    X = make_multiview(
        counts={'"><i x="': np.ones((4, 4), dtype=int)},
        vocabularies={
            "en": [EVIL, '"quoted"', "größe & $title"],
            '"><i x="': ["a", "b", "c", "d"],
        },
        index=[f'{EVIL}{row}" onerror="alert()' for row in range(4)],
    )
    model = M3LContrastTopicModel(2, max_iter=1, random_state=0)
    return model.fit(X), X


def test_mark_up_is_text(write, hostile):
    model, X = hostile
    thumbnails = dict.fromkeys(X.index, b"\xff\xd8")
    text = write(
        model,
        X,
        title=EVIL,
        intro=EVIL,
        note=f'https://example.org/"onclick="x {EVIL}',
        view_labels={"image": EVIL},
        thumbnails=thumbnails,
        scores={f"MRR {EVIL}": Score(1.0)},
    )
    page = Page(text)
    assert page.find("script") == page.find("i") == []
    assert not [k for e in page.elements for k in e if k.startswith("on")]
    assert page.find("h1")[0]["text"] == EVIL
    (words, _) = page.find("ol", lang="en")
    for word in X["en"].vocabulary:
        assert word in words["text"]
    assert {image["alt"] for image in page.find("img")} <= set(X.index)
    assert page.find("img") != []
    assert page.find("meta")[0]["charset"] == "utf-8"

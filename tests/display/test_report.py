"""Tests of the report as a file; how it works in a browser is tested beside this."""

import base64
import gzip
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicReport
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.metrics import Score, mean_jensen_shannon, pairwise_jensen_shannon
from sklearn_m3l.metrics._topics import topics_by_view

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
def write(small_model, small_multiview):
    """Return a function that makes a page."""

    def write(model=small_model, X=small_multiview, **options):
        return TopicReport.from_estimator(model, X, random_state=0, **options).html

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
        scores={
            "MRR en-de": Score(0.5, 0.25, 1234),
            "UAP de-image": Score(float("nan"), n_rows=0),
            "NPMI de": -0.125,
        },
    )


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def data_of(page):
    """Return what the scripts read."""
    (block,) = page.find("script", id="report-data")
    return json.loads(gzip.decompress(base64.b64decode(block["text"])))


def unpack(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


def cards(text):
    """Return the part of each topic, by its number, in the order of the page."""
    parts = re.findall(
        r'<article class="topic" id="topic-(\d+)".*?>(.*?)</article>', text, re.DOTALL
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
            assert words["text"] == "".join(small_model.top_words(view, 10)[topic])
        assert [e["text"] for e in Page(part).find("h4")][:2] == ["en", "Deutsch"]


def test_topics_by_share(text, small_model, small_multiview):
    share = small_model.transform(small_multiview).mean(axis=0)
    assert list(cards(text)) == list(np.argsort(-share))
    for topic, part in cards(text).items():
        assert f"prevalence {share[topic]:.1%}" in part


def test_pictures_beside_their_dominant_topic(
    text, small_model, small_multiview, pictures, thumbnails
):
    has_picture = np.flatnonzero(small_multiview["image"].present)
    alone = small_multiview[has_picture][["image"]]
    dominant = small_model.transform(alone).argmax(axis=1)
    for topic, part in cards(text).items():
        shown = Page(part).find("img")
        names = [image["alt"] for image in shown]
        own = {pictures[row] for row in has_picture[dominant == topic]}
        assert len(names) == len(set(names)) == min(8, len(own))
        assert set(names) <= own
        for image in shown:
            encoded = image["src"].removeprefix("data:image/jpeg;base64,")
            assert base64.b64decode(encoded) == thumbnails[image["alt"]]


def test_examples_are_the_top_rows(text, small_model, small_multiview):
    theta = small_model.transform(small_multiview)
    has_english = np.flatnonzero(small_multiview["en"].present)
    for topic, part in cards(text).items():
        best = has_english[np.argsort(-theta[has_english, topic])][:5]
        (section,) = [s for s in Page(part).find("section") if "Typical" in s["text"]]
        shown = [text.split() for text in re.findall(r"page-\d+ \d+%", section["text"])]
        assert shown == [
            [small_multiview.index[row], f"{theta[row, topic]:.0%}"] for row in best
        ]


def test_score_table(page):
    cells = [e["text"] for e in page.elements if e["tag"] in ("th", "td")]
    assert cells[cells.index("Measure") :] == [
        *("Measure", "Score", "Chance", "Rows"),
        *("MRR en-de", "0.500", "0.250", "1,234"),
        *("NPMI de", "-0.125", "–", "–"),
    ]
    assert [e["text"] for e in page.find("dt")] == ["MRR", "NPMI"]


def test_scores_may_be_plain_numbers(write):
    scores = {"accuracy": 0.25, "NPMI en": np.float32(0.5), "MRR en-de": float("nan")}
    page = Page(write(scores=scores))
    cells = [e["text"] for e in page.elements if e["tag"] in ("th", "td")]
    assert cells[cells.index("Measure") + 4 :] == [
        *("accuracy", "0.250", "–", "–"),
        *("NPMI en", "0.500", "–", "–"),
        *("MRR en-de", "–", "–", "–"),
    ]
    assert [e["text"] for e in page.find("dt")] == ["NPMI", "MRR"]


def test_map_has_every_point(page, small_model, small_multiview, pictures):
    data = data_of(page)
    views = unpack(data["points"]["view"], "u1")
    np.testing.assert_array_equal(np.bincount(views), [59, 58, 20])
    assert [view["label"] for view in data["views"]] == ["en", "Deutsch", "Pictures"]
    topics = topics_by_view(small_model, small_multiview)
    for number, (view, present) in enumerate(small_multiview.present.items()):
        point_of = unpack(data["pointOf"][number], "<i4")
        np.testing.assert_array_equal(point_of >= 0, present)
        assert (views[point_of[present]] == number).all()
        shown = unpack(data["points"]["topic"], "<u2")[point_of[present]]
        if view != "image":
            np.testing.assert_array_equal(shown, topics[view][present].argmax(axis=1))
    # Rows of one picture are one point.
    of_picture = dict(zip(pictures, unpack(data["pointOf"][2], "<i4"), strict=True))
    assert len({point for point in of_picture.values() if point >= 0}) == 20
    for axis in "xy":
        places = unpack(data["points"][axis], "<u2")
        assert places.min() >= 0 and places.max() <= 65535
    assert [e["text"].strip(" \n●■▲") for e in page.find("label")][1:4] == [
        "en (59)",
        "Deutsch (58)",
        "Pictures (20)",
    ]


def test_shares_of_each_view(page, small_model, small_multiview):
    data = data_of(page)
    thetas = [small_model.transform(small_multiview)]
    thetas += topics_by_view(small_model, small_multiview).values()
    for packed, theta in zip(data["shares"], thetas, strict=True):
        topics = unpack(packed["topics"], "u1").reshape(60, 3)
        shares = unpack(packed["shares"], "<u2").reshape(60, 3) / 65535
        expected = np.take_along_axis(np.nan_to_num(theta), topics, axis=1)
        np.testing.assert_allclose(shares, expected, atol=1e-5)
        assert (np.diff(shares, axis=1) <= 0).all()


def test_divergence_of_each_pair_of_views(page, small_model, small_multiview):
    topics = topics_by_view(small_model, small_multiview)
    views = list(topics)
    for pair in data_of(page)["divergences"]:
        p, q = (topics[views[number]] for number in pair["views"])
        shown = unpack(pair["values"], "<i2") / 1000
        known = ~np.isnan(p[:, 0]) & ~np.isnan(q[:, 0])
        np.testing.assert_array_equal(shown >= 0, known)
        for row in np.flatnonzero(known):
            expected = mean_jensen_shannon(p[[row]], q[[row]]) / np.log(2)
            assert shown[row] == pytest.approx(expected, abs=0.00051)


def test_nearest_topics_by_words(text, small_model):
    distances = sum(
        pairwise_jensen_shannon(words) for words in small_model.topic_word_.values()
    )
    for topic, part in cards(text).items():
        (section,) = [s for s in Page(part).find("section") if "Nearest" in s["text"]]
        order = [other for other in np.argsort(distances[topic]) if other != topic]
        shown = re.findall(r"Topic (\d)", section["text"])
        assert [int(other) for other in shown] == order


def test_needs_nothing_from_outside(page, text):
    assert page.find("link") == page.find("iframe") == []
    for element in page.elements:
        assert element.get("src", "data:").startswith("data:")
        if element["tag"] != "a":
            assert element.get("href", "#").startswith("#")
        assert not [name for name in element if name.startswith("on")]
    outside = [e["href"] for e in page.find("a") if not e["href"].startswith("#")]
    assert outside == ["https://example.org/source"]
    (style,) = page.find("style")
    assert "url(" not in style["text"] and "@import" not in style["text"]


def test_only_the_scripts_of_the_report_may_run(page):
    (policy,) = [e["content"] for e in page.find("meta") if "http-equiv" in e]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    hashes = [
        base64.b64encode(hashlib.sha256(script["text"].encode()).digest()).decode()
        for script in page.find("script")
        if "type" not in script
    ]
    assert directives["script-src"].split() == [f"'sha256-{code}'" for code in hashes]


def test_links_within_the_page_lead_somewhere(page):
    ids = {e["id"] for e in page.elements if "id" in e}
    links = {e["href"][1:] for e in page.find("a") if e["href"].startswith("#")}
    special = re.compile(r"(row|map|documents)-\d+")
    assert {link for link in links if not special.fullmatch(link)} <= ids
    rows = [int(link[4:]) for link in links if link.startswith("row-")]
    assert rows and max(rows) < 60


@pytest.mark.slow
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
    assert words["text"] and "Typical documents" in cards(text)[0]


def test_rows_have_titles_and_links(write, small_multiview):
    n_rows = len(small_multiview)
    titles = [f"Title {row}" if row % 3 else None for row in range(n_rows)]
    links = [f"https://example.org/{row}" if row % 2 else " " for row in range(n_rows)]
    text = write(titles=titles, links=links)
    data = data_of(Page(text))
    of = unpack(data["titles"]["of"][0], "<i4")
    shown = [None if i < 0 else data["titles"]["values"][i] for i in of]
    assert shown == titles
    of = unpack(data["links"]["of"][0], "<i4")
    shown = [" " if i < 0 else data["links"]["values"][i] for i in of]
    assert shown == links
    for part in cards(text).values():
        for row, name in re.findall(r'<a href="#row-(\d+)"><bdi>([^<]+)<', part):
            assert name == titles[int(row)] or not titles[int(row)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"titles": ["a"]}, "titles has 1 titles for 60 rows"),
        ({"links": []}, "links has 0 links for 60 rows"),
        ({"links": ["javascript:alert()"] * 60}, "begin with http:// or https://"),
        ({"links": [None] * 59 + ["file:///etc/passwd"]}, "row .*'file:///etc/passwd'"),
    ],
)
def test_titles_and_links_are_checked(write, options, told):
    with pytest.raises(ValueError, match=told):
        write(**options)


def test_words_break_between_them_only(text):
    (table,) = re.findall(r'<table id="topic-table".*?</table>', text, re.DOTALL)
    cells = r'<td data-label="en" lang="en" dir="auto">(.*?)</td>'
    (cell, *_) = re.findall(cells, table)
    words = re.findall(r'<span class="word">([^<]+)</span>', cell)
    assert len(words) == 6 and all(word.endswith(",") for word in words[:-1])


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
        texts={"en": [f"{EVIL}<!--"] * 4},
        view_labels={"image": EVIL},
        thumbnails=thumbnails,
        scores={f"MRR {EVIL}": Score(1.0)},
    )
    page = Page(text)
    assert len(page.find("script")) == 4 and page.find("i") == []
    assert not [k for e in page.elements for k in e if k.startswith("on")]
    assert page.find("h1")[0]["text"] == EVIL
    (words, _) = page.find("ol", lang="en")
    for word in X["en"].vocabulary:
        assert word in words["text"]
    images = page.find("img")
    assert images and {image["alt"] for image in images} <= set(X.index)
    assert page.find("meta")[0]["charset"] == "utf-8"
    data = data_of(page)
    assert data["texts"]["values"] == [f"{EVIL}<!--"]


def test_half_a_surrogate_pair_can_be_saved(small_model, small_multiview, tmp_path):
    texts = {"en": ["half \ud83d a pair"] * 60}  # which is its name, too
    report = TopicReport.from_estimator(
        small_model, small_multiview, texts=texts, random_state=0
    )
    report.save(tmp_path / "report.html")
    assert "half ? a pair" in (tmp_path / "report.html").read_text("utf-8")


def test_names_are_beginnings_of_texts(write):
    texts = ["Short one", "A long text " * 20, "無" * 100]
    page = Page(write(texts={"en": [*texts, None] * 15}))
    data = data_of(page)
    names = page.find("ul", **{"class": "examples"})[0]["text"]
    assert "Short one" in names or "A long text A long" in names or "無" * 58 in names
    # What begins a text is not kept twice.
    number = unpack(data["names"]["of"][0], "<i4")
    assert list(number[:3]) == [-1] * 3
    assert data["names"]["values"][number[3]] == "page-03"
    # Rows of one text are one point; those without are each their own.
    points = unpack(data["pointOf"][0], "<i4")
    assert points[0] == points[4] and points[3] != points[11] and points[7] == -1


def test_many_texts_are_cut(write):
    texts = [f"{row} {'ä' * 100_000}" for row in range(60)]  # 12 MB
    page = Page(write(texts={"en": texts}))
    kept = data_of(page)["texts"]["values"]
    (length,) = {len(text) for text in kept}
    assert length > 100
    assert kept == [f"{text[: length - 2]} …" for text in texts]
    assert sum(len(text.encode()) for text in kept) <= 8_000_000


@pytest.mark.parametrize(("n_bytes", "n_more"), [(100, 48), (100_000, 10)])
def test_pictures_beyond_those_of_topics_are_limited(write, n_bytes, n_more):
    names = [f"picture {row}.jpg" for row in range(60)]  # 48 rows have one
    thumbnails = {name: b"\xff\xd8" + name.encode() for name in names}
    thumbnails = {name: data.ljust(n_bytes) for name, data in thumbnails.items()}
    page = Page(write(names={"image": names}, thumbnails=thumbnails))
    sources = data_of(page)["pictures"]["sources"]
    on_page = {int(element["data-picture"]) for element in page.find("img")}
    assert on_page == {n for n, source in enumerate(sources) if source is None}
    assert 0 < len(on_page) <= 3 * 8
    assert len(sources) == min(48, len(on_page) + n_more)


@pytest.mark.slow
def test_pipelines_on_tables():
    corpus = load_gimp_help("test")
    frame = corpus.frame[["en", "de"]].drop_duplicates()[:30].astype(object)
    frame.iloc[3, 1] = None
    encoder = make_multiview_encoder(
        ["en", "de"], text_encoder=LsaEncoder(8), random_state=0
    )
    model = M3LContrastTopicModel(3, max_iter=1, random_state=0)
    pipeline = make_pipeline(encoder, model).fit(frame)
    page = Page(TopicReport.from_estimator(pipeline, frame, random_state=0).html)
    data = data_of(page)
    texts = [*frame["en"], *frame["de"].dropna()]
    assert [text[:60] for text in data["texts"]["values"]] == [t[:60] for t in texts]
    scores = [e["text"] for e in page.find("th", scope="row")]
    assert scores[-4:] == ["MRR en-de", "JSD en-de", "Diversity en", "Diversity de"]
    assert "Measured on 29 documents" in page.find("main")[0]["text"]


def test_rows_without_any_view(write, small_multiview):
    # Row 7 has no English, row 3 no German; of these two views nothing else lacks.
    X = small_multiview[[0, 1, 7, 3]][["en"]]
    data = data_of(Page(write(X=X)))
    assert list(unpack(data["pointOf"][0], "<i4")) == [0, 1, -1, 2]
    shares = unpack(data["shares"][0]["shares"], "<u2").reshape(4, 3)
    assert (shares[2] == 0).all() and (shares[[0, 1, 3]].sum(axis=1) > 65000).all()


def test_polylingual_lda(write, small_multiview):
    texts = small_multiview[["en", "de"]]
    model = PolylingualLDA(3, max_iter=5, random_state=0).fit(texts)
    assert len(cards(write(model, texts))) == 3


def test_saving_replaces_an_older_file(write, small_model, small_multiview, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("older")
    report = TopicReport.from_estimator(small_model, small_multiview, random_state=0)
    report.save(path)
    assert path.read_text("utf-8") == report.html == write()
    assert list(tmp_path.iterdir()) == [path]


def test_notebooks_show_the_report_in_a_frame(small_model, small_multiview):
    report = TopicReport.from_estimator(small_model, small_multiview, random_state=0)
    frame = report._repr_html_()
    (attributes,) = Page(frame).find("iframe")
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == report.html == unescape(frame.split('"')[-2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"texts": {"fr": ["x"] * 60}}, "texts has the unknown view 'fr'"),
        ({"texts": {"de": ["x"] * 59}}, "texts\\['de'\\] has 59 texts for 60 rows"),
        ({"names": {"de": ["x"] * 59}}, "names\\['de'\\] has 59 names for 60 rows"),
    ],
)
def test_names_and_texts_must_fit(write, options, message):
    with pytest.raises(ValueError, match=message):
        write(**options)


def test_plain_arrays_are_refused():
    counts = np.random.default_rng(0).integers(0, 5, (20, 9))
    model = PolylingualLDA(2, max_iter=2, random_state=0).fit(counts)
    with pytest.raises(TypeError, match="of a MultiView, .* not ndarray"):
        TopicReport.from_estimator(model, counts)

"""What is handed to pyLDAvis and topicwizard, and what those make of it."""

import pickle
import re
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pyLDAvis
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.display import to_pyldavis, to_topicwizard
from sklearn_m3l.embedding import make_multiview_encoder

TEXTS = {
    "en": ["brush paints stroke", "layer mask layer", "stroke of the brush", None] * 6,
    "de": ["Pinsel malt Strich", None, "Strich mit Pinsel", "Ebene Maske Ebene"] * 6,
}


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


@pytest.fixture
def fitted(small_model):
    """Return a model of `X`, a copy for each test."""
    copy = clone(small_model)
    vars(copy).update(vars(small_model))
    return copy


@pytest.fixture
def german(X):
    """Return the rows that have a German text."""
    return X[X["de"].present]


@pytest.fixture(scope="module")
def encoder():
    return make_multiview_encoder(["en", "de"], random_state=0).fit(pd.DataFrame(TEXTS))


@pytest.fixture(scope="module")
def lda(encoder):
    X = encoder.transform(pd.DataFrame(TEXTS))
    return PolylingualLDA(3, max_iter=20, random_state=0).fit(X)


@pytest.fixture(scope="module")
def pipeline(encoder, lda):
    return make_pipeline(encoder, lda)


@pytest.fixture
def figures(monkeypatch):
    """Return topicwizard.figures, with a font that needs no download."""
    # A plain skip would hide that the package is there and broken.
    pytest.importorskip(
        "topicwizard.data",
        reason="topic-wizard is not installed: it asks for a Pillow below 11",
    )
    from topicwizard import figures
    from topicwizard.plots import topics

    font = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    monkeypatch.setattr(topics, "get_default_font_path", lambda: font)
    return figures


# pyLDAvis


def test_pyldavis_shows_the_topics_of_the_model(fitted, german):
    arguments = to_pyldavis(fitted, german, "de")
    shown = pyLDAvis.prepare(**arguments, n_jobs=1, sort_topics=False, start_index=0)
    lengths = german["de"].counts.sum(axis=1)
    n_tokens = lengths @ fitted.transform(german).astype(float)
    coordinates = shown.topic_coordinates
    assert_allclose(coordinates["Freq"], 100 * n_tokens / lengths.sum(), rtol=1e-5)
    assert coordinates["topics"].tolist() == shown.topic_order == [0, 1, 2]
    for topic, words in enumerate(fitted.top_words("de", 15)):
        assert shown.sorted_terms(topic, 1)["Term"].tolist() == words
        of_topic = shown.topic_info[shown.topic_info["Category"] == f"Topic{topic}"]
        order = [fitted.vocabularies_["de"].tolist().index(w) for w in of_topic["Term"]]
        probability = fitted.topic_word_["de"][topic, order]
        assert_allclose(of_topic["logprob"], np.log(probability), atol=1e-4)
        assert_allclose(of_topic["Freq"], n_tokens[topic] * probability, rtol=1e-5)


def test_pyldavis_orders_topics_by_their_words(fitted, german):
    shown = pyLDAvis.prepare(**to_pyldavis(fitted, german, "de"), n_jobs=1)
    n_tokens = german["de"].counts.sum(axis=1) @ fitted.transform(german)
    order = np.argsort(-n_tokens)
    assert shown.topic_order == (1 + order).tolist()
    for place, topic in enumerate(order, start=1):
        words = fitted.top_words("de", 15)[topic]
        assert shown.sorted_terms(place, 1)["Term"].tolist() == words
    joint = n_tokens[order, None] * fitted.topic_word_["de"][order]
    share = pd.DataFrame(joint / joint.sum(axis=0), columns=german["de"].vocabulary)
    tokens = shown.token_table
    assert set(tokens["Term"]) <= set(german["de"].vocabulary) and len(tokens) > 15
    expected = [
        share[t][k - 1] for t, k in zip(tokens["Term"], tokens["Topic"], strict=True)
    ]
    # pyLDAvis rounds the number of tokens before it divides.
    slack = 0.51 / pd.Series(joint.sum(axis=0), german["de"].vocabulary)[tokens["Term"]]
    assert (abs(tokens["Freq"].to_numpy() - expected) < slack.to_numpy()).all()
    assert "de-3" in pyLDAvis.prepared_data_to_html(shown)


def test_pyldavis_of_words_alone(lda, encoder):
    X = encoder.transform(pd.DataFrame(TEXTS))
    with pytest.warns(UserWarning, match="6 rows lack the view 'en'"):
        arguments = to_pyldavis(lda, X, "en")
    shown = pyLDAvis.prepare(**arguments, n_jobs=1, sort_topics=False)
    dominant = shown.sorted_terms(1, 1).set_index("Term")["logprob"]
    probability = pd.Series(lda.topic_word_["en"][0], lda.vocabularies_["en"])
    assert_allclose(dominant, np.log(probability)[dominant.index], atol=1e-4)


def test_corpus_statistics(fitted, german):
    arguments = to_pyldavis(fitted, german, "de")
    counts = german["de"].counts.toarray()
    assert_array_equal(arguments["doc_lengths"], counts.sum(axis=1))
    assert_array_equal(arguments["term_frequency"], counts.sum(axis=0))
    assert_array_equal(arguments["vocab"], german["de"].vocabulary)
    assert_array_equal(arguments["topic_term_dists"], fitted.topic_word_["de"])


# Rows that lack the view


def test_rows_without_the_view_are_left_out_and_named(fitted, X, german):
    with pytest.warns(UserWarning, match="^2 rows lack .* 'de' .*: page-03, page-17$"):
        arguments = to_pyldavis(fitted, X, "de")
    for name in ("doc_lengths", "doc_topic_dists"):
        assert_array_equal(arguments[name].index, german.index)
    topics = fitted.transform(X)[X["de"].present]
    assert_allclose(arguments["doc_topic_dists"], topics, rtol=1e-5)
    with pytest.warns(UserWarning) as record:
        data = to_topicwizard(fitted, X, "de")
    assert len(record) == 1 and record[0].filename == __file__
    assert data["corpus"] == german.index.tolist()
    assert_allclose(data["document_topic_matrix"], topics, rtol=1e-5)
    counts = X["de"].counts[np.flatnonzero(X["de"].present)]
    assert (data["document_term_matrix"] != counts).nnz == 0
    assert_array_equal(data["document_representation"], german["de"].embedding)


def test_topics_are_those_of_the_views_that_are_given(fitted, german):
    arguments = to_pyldavis(fitted, german[["de"]], "de")
    assert_array_equal(arguments["doc_topic_dists"], fitted.transform(german[["de"]]))


def test_long_lists_of_rows_are_cut(fitted, X):
    some = X[np.r_[[3] * 12, 0:2]]
    with pytest.warns(UserWarning, match=r"(page-03, ){9}page-03 and 2 more$"):
        assert len(to_pyldavis(fitted, some, "de")["doc_lengths"]) == 2


def test_output_configuration_makes_no_difference(fitted, german):
    expected = to_topicwizard(fitted, german, "de")["document_topic_matrix"]
    fitted.set_output(transform="pandas")
    topics = to_topicwizard(fitted, german, "de")["document_topic_matrix"]
    assert isinstance(topics, np.ndarray)
    assert_array_equal(topics, expected)


# Other models


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_models_of_arrays(X, container):
    counts = X["en"].counts.toarray()
    counts[7, 0] = 1  # the row that lacks English
    counts = container(counts)
    model = PolylingualLDA(3, max_iter=2, random_state=0).fit(counts)
    arguments = to_pyldavis(model, counts)
    assert_allclose(arguments["doc_topic_dists"], model.transform(counts))
    assert arguments["vocab"][3] == "x3"
    data = to_topicwizard(model, counts, texts=[f"text {i}" for i in range(60)])
    assert data["corpus"][7] == "text 7"
    assert data["document_representation"] is data["document_term_matrix"]


def test_frames_of_counts_keep_their_row_labels(X, german):
    df = pd.DataFrame(german["de"].counts.toarray(), german.index).add_prefix("word-")
    model = PolylingualLDA(3, max_iter=2, random_state=0).fit(df)
    arguments = to_pyldavis(model, df)
    assert_array_equal(arguments["doc_lengths"].index, german.index)
    assert_array_equal(arguments["vocab"], df.columns)
    assert to_topicwizard(model, df)["corpus"] == german.index.tolist()


def test_zero_shot_and_student(X):
    fast = {
        "max_iter": 1,
        "init_max_iter": 10,
        "hidden_layer_sizes": (8,),
        "random_state": 0,
    }
    teacher = ZeroShotTopicModel(3, view="en", **fast)
    student = DistilledTopicModel(3, teacher=clone(teacher), view="de", **fast)
    whole = X[X["en"].present & X["de"].present][["en", "de"]]
    for model in (teacher.fit(whole), student.fit(whole)):
        arguments = to_pyldavis(model, whole, "en")
        assert_array_equal(arguments["doc_topic_dists"], model.transform(whole))
        assert_allclose(arguments["topic_term_dists"], model.topic_word_["en"])


# topicwizard


def test_topicwizard_takes_the_keys(figures, fitted, german):
    from topicwizard.data import TopicData

    data = to_topicwizard(fitted, german, "de")
    # Positions are computed where they are not there.
    left_out = {"topic_positions", "word_positions", "document_positions"}
    assert set(data) == set(TopicData.__annotations__) - left_out


def test_topicwizard_draws_the_topics_of_the_model(figures, fitted, german):
    data = to_topicwizard(fitted, german, "de")
    drawn = figures.topic_barcharts(data, top_n=5).data
    bars = [bar for bar in drawn if bar.name == "Estimated importance in topic"]
    assert len(bars) == 3
    for topic, bar in enumerate(bars):
        assert set(bar.y) == set(fitted.top_words("de", 5)[topic])
        probability = pd.Series(
            fitted.topic_word_["de"][topic], german["de"].vocabulary
        )
        assert_allclose(bar.x, probability[list(bar.y)])
    word = german["de"].vocabulary[4]
    bars = figures.word_association_barchart(data, word).data[0]
    expected = dict(
        zip(data["topic_names"], fitted.topic_word_["de"][:, 4], strict=True)
    )
    assert dict(zip(bars.y, bars.x, strict=True)) == pytest.approx(expected)
    cloud = figures.topic_wordclouds(data, top_n=5)
    assert len(cloud.data) == 3


def test_topicwizard_groups_the_rows(figures, fitted, german):
    data = to_topicwizard(fitted, german, "de")
    groups = np.array(["first", "second"], dtype=object)[np.arange(len(german)) % 2]
    bars = figures.group_topic_barcharts(data, groups, top_n=5).data
    bars = [bar for bar in bars if bar.name == "Estimated importance in group"]
    topics = fitted.transform(german)
    for start, bar in enumerate(bars):
        expected = dict(
            zip(data["topic_names"], topics[start::2].sum(axis=0), strict=True)
        )
        shown = {
            re.sub("</?b>", "", text): x
            for text, x in zip(bar.text, bar.x, strict=True)
        }
        assert shown == pytest.approx(expected)
    sizes = [
        s for trace in figures.group_map(data, groups).data for s in trace.marker.size
    ]
    assert sizes == [29, 29]


def test_topicwizard_maps_rows_and_words(figures, fitted, german):
    data = to_topicwizard(fitted, german, "de")
    points = figures.document_map(data).data
    assert sum(len(trace.x) for trace in points) == 58
    dominant = fitted.transform(german).argmax(axis=1)
    assert {trace.name: len(trace.x) for trace in points} == {
        data["topic_names"][topic]: n for topic, n in enumerate(np.bincount(dominant))
    }
    words = figures.word_map(data, topic_axes=(0, 1)).data
    frequency = german["de"].counts.sum(axis=0).tolist()
    assert sorted(n for trace in words for n in trace.marker.size) == sorted(frequency)


def test_topicwizard_infers_new_texts(figures, pipeline):
    df = pd.DataFrame({"de": ["Pinsel malt", "Ebene"]})
    data = to_topicwizard(pipeline, df, "de")
    data = pickle.loads(pickle.dumps(data))
    topics = pipeline.transform(df)
    bars = figures.document_topic_distribution(data, "Pinsel malt").data
    shown = {bar.name: bar.x[0] for bar in bars}
    assert shown == pytest.approx(
        dict(zip(data["topic_names"], topics[0], strict=True))
    )
    timeline = figures.document_topic_timeline(data, "Pinsel malt Strich", 2).data
    assert all(np.isfinite(trace.y).all() for trace in timeline)


def test_pipelines_on_tables(pipeline):
    df = pd.DataFrame(TEXTS, index=[f"row {number}" for number in range(24)])
    whole = df.dropna()
    data = to_topicwizard(pipeline, whole, "de")
    assert data["corpus"] == whole["de"].tolist()
    topics = pipeline.transform(whole)
    assert_allclose(data["document_topic_matrix"], topics, rtol=1e-5)
    arguments = to_pyldavis(pipeline, whole, "de")
    assert_array_equal(arguments["doc_lengths"].index, whole.index)
    with pytest.warns(UserWarning, match="6 rows lack the view 'de'.*: row 1, row 5"):
        assert to_topicwizard(pipeline, df, "de")["corpus"] == [*df["de"].dropna()]


def test_bare_models_cannot_read_new_texts(fitted, german):
    assert to_topicwizard(fitted, german, "de")["transform"] is None
    alone = make_pipeline(fitted)
    assert to_topicwizard(alone, german, "de")["transform"] is None


def test_new_texts_of_array_models():
    texts = ["brush paints", "layer mask", "brush stroke", "mask of a layer"]
    model = PolylingualLDA(3, max_iter=2, random_state=0)
    pipeline = make_pipeline(CountVectorizer(), model).fit(texts)
    data = to_topicwizard(pipeline, texts, texts=texts)
    assert data["corpus"] == texts
    assert_allclose(data["transform"](texts[1:3]), pipeline.transform(texts[1:3]))


def test_empty_new_texts_are_refused(pipeline):
    df = pd.DataFrame(TEXTS)[["de"]].dropna()
    infer = to_topicwizard(pipeline, df, "de")["transform"]
    assert_allclose(infer(["Pinsel", "Strich"]).sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="text 1 of 2 is empty"):
        infer(["Pinsel", " "])


def test_topic_names(fitted, german):
    names = to_topicwizard(fitted, german, "de")["topic_names"]
    words = fitted.top_words("de", 4)
    assert names == ["_".join([str(k), *words[k]]) for k in range(3)]


# Bad input


def test_views_without_words(fitted, X, german):
    with pytest.raises(ValueError, match="view='image' has no words"):
        to_pyldavis(fitted, X, "image")
    with pytest.raises(ValueError, match="choose one of en, de"):
        to_topicwizard(fitted, X)
    with pytest.raises(
        ValueError, match="word counts of view 'de'.* views are en, image"
    ):
        to_pyldavis(fitted, X[["en", "image"]], "de")
    vectors = MultiView.from_arrays({"de": german["de"].embedding})
    with pytest.raises(ValueError, match="X has no word counts of view 'de'"):
        to_topicwizard(fitted, vectors, "de")
    with pytest.raises(ValueError, match="'de' has no known word in any of 2 rows"):
        to_pyldavis(fitted, X[[3, 17]], "de")


def test_texts_must_fit(fitted, german):
    with pytest.raises(ValueError, match="texts has 2 texts, but X has 58 rows"):
        to_topicwizard(fitted, german, "de", texts=["a", "b"])
    texts = pd.Series("Text", index=german.index[::-1])
    texts.iloc[4] = None
    message = re.escape("row page-05, which has the view 'de'")
    with pytest.raises(ValueError, match=message):
        to_topicwizard(fitted, german, "de", texts=texts)

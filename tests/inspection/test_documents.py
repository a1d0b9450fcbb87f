"""Tidy tables of documents and words, the workbook and the network."""

import sys

import networkx
import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.inspection import (
    document_topics,
    topic_network,
    topic_words,
    write_workbook,
)


def test_every_document_and_topic_is_a_row(lda, small_multiview):
    X = small_multiview[["en", "de"]]
    table = document_topics(lda, X)
    assert list(table) == ["row", "label", "view", "topic", "topic_name", "proportion"]
    assert len(table) == (59 + 58) * 3
    assert table["row"].is_monotonic_increasing
    own = table[(table["row"] == 4) & (table["view"] == "de")]
    expected = lda.transform(X[["de"]][4:5])[0]
    np.testing.assert_allclose(own["proportion"], expected, rtol=1e-5)
    assert set(own["label"]) == {"page-04"}
    assert set(table[table["row"] == 7]["view"]) == {"de"}


def test_largest_topics_and_further_columns(planted_lda, planted):
    years = pd.DataFrame({"year": np.arange(160) // 40 + 1990})
    table = document_topics(planted_lda, planted, by="row", n_topics=1, columns=years)
    assert list(table)[-1] == "year" and "view" not in table and len(table) == 160
    assert table["article"][2] == "article 1"
    assert (table["year"] == 1990 + table["row"] // 40).all()
    theta = planted_lda.transform(planted)
    np.testing.assert_array_equal(table["topic"], theta.argmax(axis=1))


def test_columns_that_do_not_fit(planted_lda, planted):
    with pytest.raises(ValueError, match="columns has 1 rows, but X has 160"):
        document_topics(planted_lda, planted, columns=pd.DataFrame({"a": [1]}))
    with pytest.raises(ValueError, match="'topic', which is a column of the result"):
        document_topics(
            planted_lda, planted, columns=pd.DataFrame({"topic": range(160)})
        )
    with pytest.raises(TypeError, match="names columns, but X is a MultiView"):
        document_topics(planted_lda, planted, columns=["year"])
    with pytest.raises(ValueError, match="X has no view 'fr'"):
        document_topics(planted_lda, planted, views=["fr"])


def test_words_are_those_of_the_model(lda):
    table = topic_words(lda, n_words=4)
    assert len(table) == 2 * 3 * 4
    for (topic, view), own in table.groupby(["topic", "view"]):
        assert own["word"].tolist() == lda.top_words(view, 4)[topic]
        phi = np.sort(lda.topic_word_[view][topic])[::-1]
        np.testing.assert_array_equal(own["probability"], phi[:4])
    assert set(topic_words(lda, views=["de"])["view"]) == {"de"}
    with pytest.raises(ValueError, match="view='image' has no words"):
        topic_words(lda, views=["image"])


def test_workbook_holds_the_tables(planted_lda, planted, tmp_path):
    path = tmp_path / "topics.xlsx"
    note = ["=1+1", "bell \x07", None, "سلام"] * 40
    day = pd.date_range("2001", periods=160, tz="Asia/Tokyo")
    columns = pd.DataFrame({"note": note, "day": day})
    write_workbook(path, planted_lda, planted, columns=columns, random_state=0)
    sheets = pd.read_excel(path, sheet_name=None, keep_default_na=False)
    assert list(sheets) == ["topics", "words", "documents", "views", "disagreements"]
    assert len(sheets["documents"]) == 160 * 2 * 3
    assert sheets["documents"]["note"][:24:6].tolist() == [
        "=1+1",
        r"bell \x07",
        "",
        "سلام",
    ]
    assert sheets["documents"]["day"][6] == pd.Timestamp("2001-01-02")
    assert sheets["topics"]["prevalence"].sum() == pytest.approx(1)
    write_workbook(path, planted_lda)
    assert list(pd.read_excel(path, sheet_name=None)) == ["topics", "words"]


@pytest.mark.filterwarnings("ignore:1 of 60 rows have no known word")
def test_workbook_of_counts_alone(small_multiview, tmp_path):
    counts = small_multiview["en"].counts
    model = PolylingualLDA(2, max_iter=5, random_state=0).fit(counts)
    write_workbook(tmp_path / "a.xlsx", model, counts)
    assert set(pd.read_excel(tmp_path / "a.xlsx", "documents")["view"]) == {"text"}


def test_what_a_workbook_cannot_hold(lda, small_multiview, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="must end with .xlsx"):
        write_workbook(tmp_path / "a.csv", lda)
    long = pd.DataFrame({"text": ["x" * 40_000] * 60})
    with pytest.raises(ValueError, match="documents .* 40,000 letters"):
        write_workbook(tmp_path / "a.xlsx", lda, small_multiview[["en"]], columns=long)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r"sklearn-m3l\[workbook\]"):
        write_workbook(tmp_path / "a.xlsx", lda)
    assert not list(tmp_path.iterdir())


def test_network_links_topics_that_share_words(tmp_path, monkeypatch, lda):
    graph = topic_network(lda, n_neighbors=1)
    assert sorted(graph) == [0, 1, 2]
    assert graph.nodes[1]["words_de"].split(", ") == lda.top_words("de", 10)[1]
    assert sum(p for _, p in graph.nodes(data="prevalence")) == pytest.approx(1)
    assert all(0 < weight <= 1 for _, _, weight in graph.edges(data="weight"))
    networkx.write_graphml(graph, tmp_path / "topics.graphml")
    networkx.write_gexf(graph, tmp_path / "topics.gexf")
    again = networkx.read_graphml(tmp_path / "topics.graphml", node_type=int)
    assert dict(again.nodes(data="name")) == dict(graph.nodes(data="name"))
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError, match=r"sklearn-m3l\[network\]"):
        topic_network(lda)


def test_network_links_topics_that_meet_in_rows(lda, small_multiview):
    X = small_multiview[["en", "de"]]
    graph = topic_network(lda, X, n_neighbors=2)
    correlations = np.corrcoef(lda.transform(X), rowvar=False)
    for one, other, weight in graph.edges(data="weight"):
        assert weight == pytest.approx(correlations[one, other], abs=1e-5)
        assert weight > 0
    with pytest.raises(ValueError, match="at least 2 rows"):
        topic_network(lda, X[:1])

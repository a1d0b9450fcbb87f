"""What a report says of all documents: views compared, and topics over values."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import leaves_list

from sklearn_m3l import MultiView
from sklearn_m3l.display import TopicReport
from sklearn_m3l.inspection import compare_views, disagreements, mean_proportions
from sklearn_m3l.metrics._topics import infer_topics

YEARS = np.repeat([1990, 1991, 1992], 20)
PART = np.where(np.arange(60) % 2, "<b>odd</b>", "偶数")


@pytest.fixture(scope="module")
def X(small_multiview):
    groups = [f"article {row // 2}" for row in range(60)]
    return MultiView(small_multiview.views, index=small_multiview.index, groups=groups)


@pytest.fixture(scope="module")
def page(small_model, X):
    values = {"Year": YEARS, "Teil": PART}
    report = TopicReport.from_estimator(
        small_model, X, values=values, scores={}, random_state=0
    )
    return report.html


def section(page, name):
    """Return the rows of a table, as lists of the texts of their cells."""
    part = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    texts = [[re.sub(r"<.*?>", " ", cell).split() for cell in row] for row in cells]
    return [[" ".join(words) for words in row] for row in texts]


def test_differences_are_those_of_compare_views(page, small_model, X):
    head, *rows = section(page, "views")
    assert head == ["Topic", "en", "de", "image"]
    for view, column in (("de", 2), ("image", 3)):
        table = compare_views(small_model, X, pairs=[("en", view)], random_state=0)
        for row in rows:
            topic = int(row[0].split()[1])
            expected = f"{100 * table['difference'][topic]:+.1f}"
            assert row[column].split()[0].replace("−", "-") in (expected, "0.0")


def test_the_tree_has_every_topic(page, small_model):
    part = re.search(r'<details class="tree" open>.*?</details>', page, re.DOTALL)[0]
    leaves = [int(topic) for topic in re.findall(r'href="#topic-(\d+)"', part)]
    assert leaves == leaves_list(small_model.topic_hierarchy()).tolist()
    assert part.count("<polyline") == 2


def test_rows_that_disagree_most_come_first(page, small_model, X):
    part = re.search(r'<section id="disagreements".*?</section>', page, re.DOTALL)[0]
    found = [int(row) for row in re.findall(r'href="#row-(\d+)"', part)]
    table = disagreements(small_model, X, n=None).sort_values(
        "divergence", ascending=False
    )
    expected = table["row"][~(table["row"] // 2).duplicated()].head(10)
    assert found == expected.tolist()


def test_tables_over_values(page, small_model, X):
    theta = infer_topics(small_model, X)
    for number, values in enumerate([YEARS, PART]):
        table = mean_proportions(theta, values, X.groups, random_state=0)
        head, *rows, foot = section(page, f"values-{number}")
        shares = table.pivot(index="topic", columns="value", values="prevalence")
        for row in rows:
            expected = shares.loc[int(row[0].split()[1])]
            shown = [float(cell.rstrip("%")) / 100 for cell in row[1:]]
            np.testing.assert_allclose(shown, expected, atol=0.0051)
        n_rows = table[table["topic"] == 0]["n_rows"]
        assert foot[1:] == [str(n) for n in n_rows]
    assert "&lt;b&gt;odd" in page and "<b>odd" not in page


def test_each_topic_has_a_line_or_bars(page):
    cards = re.findall(r'<article class="topic".*?</article>', page, re.DOTALL)
    for card in cards:
        assert card.count("<polyline") == 1  # years; parts have no order
        assert len(re.search(r'polyline points="(.*?)"', card)[1].split()) == 3
        assert card.count('<ul class="levels">') == 1


def test_nothing_to_compare(small_model, X):
    report = TopicReport.from_estimator(
        small_model, X[["en"]], scores={}, random_state=0
    )
    for name in ("views", "disagreements", "values-0"):
        assert f'id="{name}"' not in report.html


def test_columns_of_a_table_must_be_there(small_model, X):
    def write(**options):
        TopicReport.from_estimator(small_model, X, scores={}, **options)

    with pytest.raises(ValueError, match="the column 'year', which X lacks"):
        write(values=["year"])
    with pytest.raises(TypeError, match=r"such as \['year'\]"):
        write(values="year")
    with pytest.raises(ValueError, match=r"values\['Year'\] has 2 values for 60 rows"):
        write(values={"Year": [1, 2]})
    with pytest.raises(ValueError, match="bins has Month, which values lacks"):
        write(values={"Year": YEARS}, bins={"Month": "M"})
    with pytest.raises(ValueError, match=r"values\['Day'\]: 60 of 60 values are not"):
        write(values={"Day": pd.Series(["soon"] * 60)}, bins={"Day": "M"})

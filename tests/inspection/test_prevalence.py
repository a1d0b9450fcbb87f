"""Prevalence over dates, categories and numbers."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.inspection import (
    disagreements,
    document_topics,
    mean_proportions,
    prevalence_by,
)


def trend(n_rows, rng):
    """Return years, and proportions whose first topic grows from 0.2 to 0.6."""
    year = rng.integers(1990, 1995, n_rows)
    mean = 0.2 + 0.1 * (year - 1990)
    first = rng.beta(4 * mean, 4 * (1 - mean))
    return year, np.c_[first, 1 - first]


def test_trend_is_found_and_covered():
    rng = np.random.default_rng(0)
    hits = []
    for seed in range(30):
        year, theta = trend(60, rng)
        table = mean_proportions(theta, year, n_resamples=300, random_state=seed)
        first = table[table["topic"] == 0]
        truth = 0.2 + 0.1 * (first["value"] - 1990)
        hits.extend((first["low"] <= truth) & (truth <= first["high"]))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)
    assert first["value"].tolist() == [1990, 1991, 1992, 1993, 1994]
    assert first["prevalence"].iloc[-1] - first["prevalence"].iloc[0] > 0.2


def test_intervals_of_rare_topics_cover_them_too():
    # As in real documents: most have next to nothing of a topic, a few have much.
    rng = np.random.default_rng(0)
    hits = []
    for seed in range(40):
        theta = rng.dirichlet(np.full(20, 0.05), 30)
        table = mean_proportions(
            theta, ["all"] * 30, n_resamples=300, random_state=seed
        )
        hits.extend((table["low"] <= 0.05) & (table["high"] >= 0.05))
        assert table["low"].min() >= 0 and table["high"].max() <= 1
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_equal_articles_have_an_interval_of_no_width():
    table = mean_proportions(np.full((5, 2), 0.5), ["a"] * 5, random_state=0)
    np.testing.assert_allclose(table[["low", "high"]], 0.5)


def test_planted_trend_is_found_by_a_model(planted, planted_lda, number_of):
    # Topic 0 before 2000, 1 in 2000, and 2 after it; German changes a few to 2.
    topic = np.repeat(np.arange(80) % 3, 2)
    table = prevalence_by(planted_lda, planted, 1999 + topic, random_state=0)
    for year, number in ((1999, 0), (2000, 1), (2001, 2)):
        own = table[(table["value"] == year) & (table["topic"] == number_of[number])]
        english, german = own["prevalence"]
        assert english > 0.95
        assert german > 0.95 or (number == 0 and 0.6 < german < 0.8)
        assert (own["n_articles"] * 2 == own["n_rows"]).all()


def test_mean_counts_each_article_once():
    theta = [[1, 0], [1, 0], [1, 0], [0, 1], [0.5, 0.5]]
    groups = ["a", "a", "a", "b", "c"]
    table = mean_proportions(theta, ["x"] * 5, groups, random_state=0)
    assert table["prevalence"].tolist() == [0.5, 0.5]
    assert table["n_rows"].tolist() == [5, 5]
    assert table["n_articles"].tolist() == [3, 3]


@pytest.mark.filterwarnings("ignore:1 of 60 rows have no known word")
def test_tables_by_view_and_by_row(small_multiview, lda):
    X = small_multiview[["en", "de"]]
    section = np.where(np.arange(60) % 2, "odd", "even")
    by_view = prevalence_by(lda, X, section, random_state=0)
    english = by_view[by_view["view"] == "en"]
    odd = english[english["value"] == "odd"]
    rows = (section == "odd") & X.present["en"]
    expected = lda.transform(X[["en"]][rows]).mean(axis=0)
    np.testing.assert_allclose(odd["prevalence"], expected, rtol=1e-6)
    assert set(odd["n_rows"]) == {rows.sum()}
    sums = by_view.groupby(["view", "value"])["prevalence"].sum()
    np.testing.assert_allclose(sums, 1, rtol=1e-6)
    by_row = prevalence_by(lda, X, section, by="row", random_state=0)
    assert "view" not in by_row and by_row["n_rows"].sum() == 60 * 3
    assert list(by_view)[1:] == list(by_row)


@pytest.mark.filterwarnings("ignore:1 of 60 rows have no known word")
def test_plain_arrays(small_multiview):
    counts = small_multiview["en"].counts
    model = PolylingualLDA(2, max_iter=5, random_state=0).fit(counts)
    table = prevalence_by(model, counts, np.arange(60) % 3, by="row", random_state=0)
    assert table["value"].tolist() == [0, 0, 1, 1, 2, 2]


DATES = ["1999-12-31", "2000-01-01", "2000-06-30", "2001-02-03"]


@pytest.mark.parametrize(
    ("values", "bins"),
    [
        (DATES, "Y"),
        (pd.to_datetime(DATES), None),
        (pd.Series(pd.to_datetime(DATES)).dt.tz_localize("Asia/Tokyo"), None),
        ([datetime.date.fromisoformat(date) for date in DATES], None),
        (["1999", "2000-01", "2000-06-30T12:00", "2001"], "Y"),
    ],
    ids=["strings", "timestamps", "time zone", "dates", "precision"],
)
def test_dates(values, bins):
    theta = np.full((4, 2), 0.5)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "2 levels have a single article")
        table = mean_proportions(theta, values, bins=bins)
    assert table["value"].dt.year.tolist() == [1999, 1999, 2000, 2000, 2001, 2001]
    assert table["n_rows"].tolist() == [1, 1, 2, 2, 1, 1]


def test_numbers():
    theta = np.full((30, 2), 0.5)
    table = mean_proportions(theta, np.arange(30))
    assert table["value"].nunique() == 10 and set(table["n_rows"]) == {3}
    table = mean_proportions(theta, np.arange(30), bins=3)
    assert table["value"].nunique() == 3
    table = mean_proportions(theta, np.arange(30), bins=[0, 9, 29])
    assert table["n_rows"].tolist() == [10, 10, 20, 20]
    assert 5 in table["value"].iloc[0]


def test_order_of_categories_is_kept():
    values = pd.Categorical(["low", "high"] * 5, ["low", "middle", "high"])
    table = mean_proportions(np.full((10, 1), 1.0), values)
    assert table["value"].tolist() == ["low", "high"]


def test_missing_values_are_told():
    theta = np.full((6, 2), 0.5)
    with pytest.warns(UserWarning, match="left out 2 of 6 rows that have no value"):
        table = mean_proportions(theta, ["a", None, "a", "b", "b", np.nan])
    assert table["n_rows"].tolist() == [2, 2, 2, 2]


def test_a_level_of_one_article_has_no_interval():
    theta = np.full((5, 1), 1.0)
    with pytest.warns(UserWarning, match="1 levels have a single article.*: b"):
        table = mean_proportions(theta, list("aabbb"), ["x", "y", "z", "z", "z"])
    assert table["low"].isna().tolist() == [False, True]
    with pytest.raises(ValueError, match="3 rows of 1 articles have a value"):
        mean_proportions(theta[:3], list("aab"), ["x", "x", "x"])


def test_the_row_of_a_date_that_does_not_parse_is_named(small_multiview, lda):
    X = small_multiview[["en", "de"]]
    dates = ["2001-01-01"] * 58 + ["01/02/2001", "soon"]
    with pytest.raises(ValueError, match="2 of 60 .*'01/02/2001'.*page-58"):
        prevalence_by(lda, X, dates, bins="Y")


@pytest.mark.parametrize(
    ("values", "bins", "message"),
    [
        ([1, 2], None, "values has 2 values for 4 rows"),
        ([None] * 4, None, "values are all missing"),
        ([1, 2, 3, np.inf], None, "infinity"),
        ([1, 2, 3, 4], "Y", "values are numbers"),
        ([1, 2, 3, 4], 0, "at least 1"),
        ([1, 2, 3, 4], [2, 1], "increasing edges"),
        ([1, 2, 3, 4], [0, 3], "1 values are outside the bins from 0 to 3"),
        (list("abcd"), 2, "is for numbers, but values are string"),
        (DATES, "fortnight", "not a pandas frequency"),
        (pd.to_datetime(DATES), 4, "is for numbers, but values are dates"),
        (["a", 1, "b", 2], None, "several types"),
    ],
)
def test_bad_values(values, bins, message):
    with pytest.raises(ValueError, match=message):
        mean_proportions(np.full((4, 2), 0.5), values, bins=bins)


def test_bad_views_and_columns(small_multiview, lda):
    X = small_multiview[["en", "de"]]
    values = np.arange(60) % 2
    with pytest.raises(ValueError, match="X has no view 'fr'"):
        prevalence_by(lda, X, values, views=["fr"])
    with pytest.raises(ValueError, match="unknown view 'image'"):
        prevalence_by(lda, small_multiview, values, views=["en", "image"])
    with pytest.raises(ValueError, match="names a column, but X is a MultiView"):
        prevalence_by(lda, X, "year")
    with pytest.raises(ValueError, match="by"):
        prevalence_by(lda, X, values, by="column")
    empty = MultiView.from_arrays(
        counts={"en": X["en"].counts}, present={"en": np.arange(60) < 1}
    )
    with pytest.raises(ValueError, match="view 'en': 1 rows of 1 articles"):
        prevalence_by(lda, empty, values)


def test_half_a_surrogate_pair_is_a_value(small_multiview, lda):
    X = small_multiview[["en", "de"]]
    values = ["\ud800", "b"] * 30
    table = prevalence_by(lda, X, values, random_state=0)
    assert set(table["value"]) == {"\ud800", "b"}
    labels = [f"\ud800{row}" for row in range(60)]
    X = MultiView(X.views, index=labels, groups=labels)
    table = document_topics(lda, X, n_topics=1)
    assert table["label"][0] == labels[0]
    assert disagreements(lda, X, n=1)["label"][0] in labels

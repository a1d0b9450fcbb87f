"""Views compared: prevalence, its intervals, correlation, and single rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_m3l import MultiView
from sklearn_m3l.inspection import (
    compare_views,
    disagreements,
    prevalence_difference,
)
from sklearn_m3l.metrics import cross_lingual_npmi, paired_jensen_shannon


def test_planted_difference_is_found(planted, planted_lda, number_of):
    table = compare_views(planted_lda, planted, random_state=0).set_index("topic")
    more, less, same = (table.loc[number_of[topic]] for topic in (2, 0, 1))
    # 7 of 80 articles changed from topic 0 to topic 2.
    assert more["low"] < 7 / 80 < more["high"] and more["low"] > 0
    assert less["low"] < -7 / 80 < less["high"] and less["high"] < 0
    assert same["low"] < 0 < same["high"] or abs(same["difference"]) < 0.01
    assert same["correlation"] > 0.95 > less["correlation"]
    assert set(table["n_rows"]) == {160} and set(table["n_articles"]) == {80}


def test_planted_disagreements_are_found(planted, planted_lda, number_of):
    table = disagreements(planted_lda, planted, n=7)
    assert sorted(table["row"] // 24) == [0, 1, 2, 3, 4, 5, 6]
    assert (table["row"] % 24 < 2).all()  # one row per article
    assert set(table["topic_a"]) == {number_of[0]}
    assert set(table["topic_b"]) == {number_of[2]}
    assert (table["divergence"] > 0.5).all()
    assert table["topic_name_a"].str.contains("en-0-").all()


@pytest.mark.parametrize("n_articles", [8, 40])
def test_intervals_cover_the_truth_as_often_as_they_say(n_articles):
    rng = np.random.default_rng(0)
    alpha, beta = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    truth, hits = (beta - alpha) / 6, []
    groups = np.repeat(np.arange(n_articles), 2)
    for seed in range(100):
        # Rows of one article are equal: as independent rows they would promise more.
        a, b = (
            np.repeat(rng.dirichlet(p, n_articles), 2, axis=0) for p in (alpha, beta)
        )
        table = prevalence_difference(a, b, groups, n_resamples=300, random_state=seed)
        hits.append((table["low"] <= truth) & (truth <= table["high"]))
    # Three standard errors, of 100 draws of nearly two free topics each.
    assert np.mean(hits) == pytest.approx(0.95, abs=0.045)


def test_differences_of_rare_topics_are_covered_too():
    # As in real documents: most have next to nothing of a topic, a few have much.
    rng, alpha = np.random.default_rng(0), np.full(20, 0.05)
    hits = []
    for seed in range(40):
        a, b = rng.dirichlet(alpha, 30), rng.dirichlet(alpha, 30)
        table = prevalence_difference(a, b, n_resamples=300, random_state=seed)
        hits.extend((table["low"] <= 0) & (table["high"] >= 0))
    assert np.mean(hits) > 0.94


def test_narrower_intervals_cover_less():
    rng = np.random.default_rng(1)
    a, b = rng.dirichlet([1, 1], 50), rng.dirichlet([1, 1], 50)
    wide = prevalence_difference(a, b, random_state=0)
    narrow = prevalence_difference(a, b, confidence_level=0.5, random_state=0)
    assert (narrow["high"] - narrow["low"] < 0.5 * (wide["high"] - wide["low"])).all()


def test_same_seed_same_interval_and_no_global_generator(generator_states):
    rng = np.random.default_rng(1)
    a, b = rng.dirichlet([1, 1], 50), rng.dirichlet([1, 1], 50)
    before = generator_states()
    tables = [prevalence_difference(a, b, random_state=seed) for seed in (0, 0, None)]
    assert generator_states() == before
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0].equals(tables[2])


def test_missing_views_are_left_out(small_multiview, lda):
    table = compare_views(lda, small_multiview[["en", "de"]], random_state=0)
    present = small_multiview.present
    assert set(table["n_rows"]) == {(present["en"] & present["de"]).sum()}
    english = lda.transform(small_multiview[["en"]][present["en"] & present["de"]])
    np.testing.assert_allclose(table["prevalence_a"], english.mean(axis=0), rtol=1e-6)
    rows = disagreements(lda, small_multiview[["en", "de"]], n=None)
    assert len(rows) == table["n_rows"][0]
    assert not {3, 7, 17} & set(rows["row"])
    assert rows["label"][0] == f"page-{rows['row'][0]:02}"
    german = lda.transform(small_multiview[["de"]][rows["row"][:1]])
    english = lda.transform(small_multiview[["en"]][rows["row"][:1]])
    assert rows["divergence"][0] == paired_jensen_shannon(english, german)[0]


def test_npmi_is_that_of_each_topic(planted, planted_lda):
    table = compare_views(planted_lda, planted, random_state=0)
    npmi = cross_lingual_npmi(
        *(planted_lda.top_words(view, 10) for view in ("en", "de")),
        *(planted[view].counts for view in ("en", "de")),
        *(planted_lda.vocabularies_[view] for view in ("en", "de")),
        average=False,
    )
    np.testing.assert_allclose(table["npmi"], npmi)


def test_pipelines_are_taken(planted, planted_lda):
    pipeline = make_pipeline(FunctionTransformer(), planted_lda)
    pd.testing.assert_frame_equal(
        compare_views(pipeline, planted, random_state=0),
        compare_views(planted_lda, planted, random_state=0),
    )


def test_a_flat_view_has_no_correlation():
    rng = np.random.default_rng(0)
    flat = np.full((20, 2), 0.5)
    table = prevalence_difference(rng.dirichlet([1, 1], 20), flat, random_state=0)
    assert table["correlation"].isna().all()


def test_pairs_that_never_meet(planted, planted_lda):
    half = np.arange(160) < 80
    apart = MultiView.from_arrays(
        counts={view: planted[view].counts for view in ("en", "de")},
        vocabularies={view: planted[view].vocabulary for view in ("en", "de")},
        present={"en": half, "de": ~half},
    )
    with pytest.raises(ValueError, match="fewer than 2 articles have both views of en"):
        compare_views(planted_lda, apart)
    with pytest.raises(ValueError, match="no row has both views of de-en"):
        disagreements(planted_lda, apart, pairs=[("de", "en")])


@pytest.mark.parametrize("function", [compare_views, disagreements])
def test_bad_views(function, small_multiview, lda):
    X = small_multiview[["en", "de"]]
    with pytest.raises(ValueError, match="X has no view 'fr'; it has en, de"):
        function(lda, X, pairs=[("en", "fr")])
    with pytest.raises(ValueError, match="needs two views .* only en"):
        function(lda, X[["en"]])
    with pytest.raises(ValueError, match="not a pair"):
        function(lda, X, pairs=["en"])
    with pytest.raises(TypeError, match="expected a topic model"):
        function(FunctionTransformer(), X)


def test_one_article_is_too_few(planted, planted_lda):
    with pytest.raises(ValueError, match="fewer than 2 articles have both views"):
        compare_views(planted_lda, planted[:2])
    theta = np.full((2, 2), 0.5)
    with pytest.raises(ValueError, match="2 rows of 1 articles"):
        prevalence_difference(theta, theta, ["a", "a"])


def test_bad_proportions():
    theta = np.full((3, 2), 0.5)
    with pytest.raises(ValueError, match="rows of B are not distributions"):
        prevalence_difference(theta, 2 * theta)
    with pytest.raises(ValueError, match=r"differ: \(3, 2\) and \(2, 2\)"):
        prevalence_difference(theta, theta[:2])
    with pytest.raises(ValueError, match="groups has 1 ids for 3 rows"):
        prevalence_difference(theta, theta, ["a"])
    with pytest.raises(ValueError, match="confidence_level"):
        prevalence_difference(theta, theta, confidence_level=1.5)

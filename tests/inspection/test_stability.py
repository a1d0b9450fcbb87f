"""Topics matched between models, and their stability over seeds and samples."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_m3l import (
    DistilledTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.inspection import match_topics, topic_stability
from sklearn_m3l.inspection._stability import _resample


def test_a_model_matches_itself(lda):
    table = match_topics(lda, lda)
    assert table["topic_a"].tolist() == table["topic_b"].tolist()
    np.testing.assert_allclose(table[["similarity", "shared_words"]], 1)


def test_topics_in_another_order_are_matched(planted, planted_lda):
    other = PolylingualLDA(3, max_iter=60, random_state=5).fit(planted)
    table = match_topics(planted_lda, other, n_words=4)
    assert (table["similarity"] > 0.9).all() and (table["shared_words"] == 1).all()
    for _, row in table.iterrows():
        first = [words.split("-")[1] for words in (row.topic_name_a, row.topic_name_b)]
        assert first[0] == first[1]


def test_models_of_other_sizes_and_words(planted, planted_lda):
    # The smaller model knows English only, and 8 of the 12 words.
    counts = planted["en"].counts[:, :8]
    smaller = PolylingualLDA(2, max_iter=60, random_state=0)
    words = {"en": planted["en"].vocabulary[:8]}
    keep = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 10)
    smaller.fit(MultiView.from_arrays(counts={"en": counts[keep]}, vocabularies=words))
    table = match_topics(planted_lda, smaller, n_words=3)
    assert table["topic_b"].isna().tolist() == [False, False, True]
    assert table["topic_name_a"][2].startswith("en-2-")
    assert pd.isna(table["topic_name_b"][2])
    assert (table["similarity"][:2] > 0.8).all()
    turned = match_topics(smaller, planted_lda, n_words=3)
    assert turned["topic_a"].isna().tolist() == [False, False, True]


def test_languages_that_are_not_shared(planted_lda, small_multiview, lda):
    counts = small_multiview["en"].counts
    other = PolylingualLDA(2, max_iter=5, random_state=0).fit(counts)
    with pytest.raises(ValueError, match="share no language: one has words in en, de"):
        match_topics(lda, other)
    with pytest.raises(ValueError, match="view='fr' has no words in both models"):
        match_topics(lda, planted_lda, views=["fr"])


@pytest.mark.parametrize("bootstrap", [False, True])
def test_planted_topics_are_stable_and_noise_is_not(planted, planted_lda, bootstrap):
    table = topic_stability(
        planted_lda, planted, 3, bootstrap=bootstrap, n_words=4, random_state=0
    )
    assert (table["stability"] > 0.9).all() and (table["shared_words"] == 1).all()
    assert (table["runner_up"] < 0.5).all()
    assert (table["lowest"] <= table["stability"]).all()

    noise = np.random.default_rng(0).poisson(0.5, (60, 40))
    model = PolylingualLDA(3, max_iter=20, random_state=0).fit(noise)
    shaky = topic_stability(model, noise, 3, bootstrap=bootstrap, random_state=0)
    assert (shaky["stability"] < table["stability"].min()).all()
    assert (shaky["shared_words"] < 0.9).all()


def test_same_seed_same_table(planted, planted_lda, generator_states):
    before = generator_states()
    tables = [
        topic_stability(planted_lda, planted[:40], 2, random_state=seed, n_jobs=n_jobs)
        for seed, n_jobs in ((0, None), (0, 1), (1, None))
    ]
    assert generator_states() == before
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0].equals(tables[2])


def test_articles_are_drawn_as_a_whole(planted):
    sample = _resample(planted, np.random.RandomState(0))
    articles, times = np.unique(sample.groups, return_counts=True)
    assert len(sample) == 160 and 30 < len(articles) < 70
    assert (times % 2 == 0).all() and times.max() > 2
    ungrouped = _resample(planted[["en"]][:0:-1], np.random.RandomState(0))
    assert len(ungrouped.groups) == len(ungrouped)


def test_students_and_checkpoints(small_multiview, tmp_path):
    few = {"n_components": 2, "max_iter": 1, "hidden_layer_sizes": (4,)}
    few |= {"init": "random", "random_state": 0}
    teacher = ZeroShotTopicModel(**few, view="en")
    model = DistilledTopicModel(
        **few, teacher=teacher, view="image", checkpoint=tmp_path / "state"
    )
    both = small_multiview.present["en"] & small_multiview.present["image"]
    X = small_multiview[both]
    model.fit(X)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    table = topic_stability(model, X, 1, random_state=0)
    assert table["n_runs"].tolist() == [1, 1]
    assert (table["stability"] < 1).all()
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_bad_input(planted):
    with pytest.raises(NotFittedError):
        topic_stability(PolylingualLDA(2), planted)
    with pytest.raises(ValueError, match="n_runs"):
        topic_stability(PolylingualLDA(2), planted, 0)

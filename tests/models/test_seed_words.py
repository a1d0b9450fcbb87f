"""Topics that seed words guide."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)

SEEDS = {
    "sea": {"en": ["en-2-0", "en-2-1"], "de": ["de-2-3"]},
    "sun": {"de": ["de-1-0"]},
}
SMALL = {"max_iter": 1, "init_max_iter": 20, "hidden_layer_sizes": (4,)}


@pytest.fixture(scope="module")
def planted(plant):
    """Return rows on four subjects, some without German, and their proportions."""
    X, theta = plant(("en", "de"), n_rows=120)
    present = {"de": np.arange(120) % 7 != 0, "en": np.arange(120) % 7 != 1}
    counts = {name: view.counts.toarray() // 6 for name, view in X.views.items()}
    words = {name: view.vocabulary for name, view in X.views.items()}
    embeddings = {name: view.embedding for name, view in X.views.items()}
    return MultiView.from_arrays(embeddings, counts, words, present), theta


def make_models():
    lda = PolylingualLDA(4, seed_words=SEEDS, max_iter=30, random_state=0)
    neural = {**SMALL, "random_state": 0}
    english = {"sea": {"en": ["en-2-0"]}, "sun": {"en": ["en-1-0"]}}
    teacher = ZeroShotTopicModel(4, view="en", seed_words=english, **neural)
    return {
        "lda": lda,
        "lda without embeddings": clone(lda).set_params(cluster_weight=0),
        "two threads": clone(lda).set_params(n_jobs=2),
        "m3l": M3LContrastTopicModel(4, seed_words=SEEDS, **neural),
        "m3l from lda": M3LContrastTopicModel(4, init=lda, **neural),
        "zero-shot": teacher,
        "distilled": DistilledTopicModel(4, view="de", teacher=teacher, **neural),
    }


@pytest.mark.parametrize("name", make_models())
def test_seeded_topics_come_first(planted, name):
    X, _ = planted
    if name in ("zero-shot", "distilled"):
        X = X[X.present["en"] & X.present["de"]]
    model = make_models()[name].fit(X)
    assert model.topic_names_ == ["sea", "sun", None, None]
    # A student's own words are those of what its teacher sees, which learned little.
    for view in ["en"] if name == "distilled" else model.topic_word_:
        for topic, subject in enumerate((2, 1)):
            words = model.top_words(view, 6)[topic]
            assert {word.split("-")[1] for word in words} == {str(subject)}, view


def test_a_theme_is_found_that_would_be_merged(planted):
    X, theta = planted
    texts = X[["en", "de"]][:100]
    plain = PolylingualLDA(2, max_iter=30, random_state=0).fit(texts)
    seeds = {"theme": {"en": [f"en-1-{word}" for word in range(4)]}}
    seeded = PolylingualLDA(
        2, seed_words=seeds, seed_weight=10, max_iter=30, random_state=0
    ).fit(texts)
    found = np.corrcoef(plain.transform(texts).T, theta[:100, 1])[2, :2]
    assert max(found) < 0.6
    assert np.corrcoef(seeded.transform(texts)[:, 0], theta[:100, 1])[0, 1] > 0.9


def test_weight_moves_words_into_the_topic(planted):
    X, _ = planted
    word = X["en"].vocabulary.tolist().index("en-0-0")
    shares = []
    # The German seeds are of another subject, and pull the topic away.
    for weight in (0.01, 1, 100):
        model = PolylingualLDA(
            4,
            seed_words={"mine": {"en": ["en-0-0"], "de": ["de-3-0", "de-3-1"]}},
            seed_weight=weight,
            max_iter=10,
            random_state=0,
        ).fit(X)
        counts = model.topic_word_counts_["en"][:, word]
        shares.append(counts[0] / counts.sum())
        occurrences = X["en"].counts[X.present["en"]][:, [word]].sum()
        added = (
            model.components_[0, word] - model.mean_topic_word_counts_["en"][0, word]
        )
        assert_allclose(added, weight * occurrences + 0.01, rtol=1e-3)
    assert shares[0] < shares[1] < shares[2]


def test_tokens_and_more_data(planted, tmp_path):
    X, _ = planted
    model = PolylingualLDA(4, seed_words=SEEDS, max_iter=5, random_state=0).fit(X[:80])
    for name, tokens in model.topic_tokens_.items():
        rows = np.flatnonzero(X[:80][name].present)
        assert_allclose(tokens.sum(), X[:80][name].counts[rows].sum())
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.seed_words == SEEDS
    for again in (model, loaded):
        again.partial_fit(X[80:])
    assert_array_equal(loaded.transform(X), model.transform(X))
    assert model.topic_names_[:2] == ["sea", "sun"]
    assert model.topic_tokens_["en"].sum() == X["en"].counts[X.present["en"]].sum()


def test_one_language_takes_plain_lists():
    X = np.repeat([[3, 3, 0, 0], [0, 0, 3, 3]], 20, axis=0)
    for first, column in (("x0", 0), ("x3", 3)):
        seeds = {"mine": (first,)}
        model = PolylingualLDA(2, seed_words=seeds, max_iter=5, random_state=0).fit(X)
        assert model.topic_word_["text"][0, column] > 0.4
        assert model.topic_names_ == ["mine", None]
    plain = PolylingualLDA(2, max_iter=5, random_state=0).fit(X)
    empty = PolylingualLDA(2, seed_words={}, max_iter=5, random_state=0).fit(X)
    assert_array_equal(empty.components_, plain.components_)


@pytest.mark.parametrize(
    ("seeds", "error", "message"),
    [
        (
            {"a": {"en": ["rain", "en-0-0"], "de": ["x"]}, "b": {"en": ["ice"]}},
            ValueError,
            r"vocabulary; .*; en: 'rain' \(a\), 'ice' \(b\); de: 'x' \(a\)",
        ),
        (
            {"a": {"fr": ["pluie"]}},
            ValueError,
            "unknown language 'fr'; those with words",
        ),
        ({"a": ["en-0-0"]}, TypeError, "mapping from languages to lists of words"),
        ({"a": {"en": "en-0-0"}}, TypeError, "must be a list of words, not 'en-0-0'"),
        (
            {"a": {"en": [7]}},
            TypeError,
            r"\['a'\]\['en'\] has 7, which is not a string",
        ),
        ({"a": {"en": []}}, ValueError, "seed_words has no word of topic 'a'"),
        ({"a": {}}, ValueError, "seed_words has no word of topic 'a'"),
        ({" ": {"en": ["en-0-0"]}}, ValueError, "the topic ' '; its name must be"),
        ({3: {"en": ["en-0-0"]}}, ValueError, "the topic 3; its name must be a string"),
        (
            {name: {"en": ["en-0-0"]} for name in "abcde"},
            ValueError,
            "seed_words has 5 topics, but n_components=4; raise n_components",
        ),
    ],
)
@pytest.mark.parametrize("cls", [PolylingualLDA, M3LContrastTopicModel])
def test_bad_seed_words(planted, cls, seeds, error, message):
    with pytest.raises(error, match=message):
        cls(4, seed_words=seeds, random_state=0).fit(planted[0])


def test_seeds_need_topics_that_are_sampled(planted):
    X, _ = planted
    random = M3LContrastTopicModel(4, init="random", seed_words=SEEDS)
    with pytest.raises(ValueError, match="seed_words needs sampled topics"):
        random.fit(X)
    lda = PolylingualLDA(4, max_iter=1, random_state=0).fit(X)
    frozen = M3LContrastTopicModel(4, init=FrozenEstimator(lda), seed_words=SEEDS)
    with pytest.raises(ValueError, match="seed_words cannot change the topics"):
        frozen.fit(X)
    twice = M3LContrastTopicModel(
        4, init=PolylingualLDA(seed_words=SEEDS), seed_words=SEEDS
    )
    with pytest.raises(ValueError, match="seed_words is set here and in init"):
        twice.fit(X)
    for weight in (0, -1, np.inf):
        with pytest.raises(ValueError, match="'seed_weight' parameter"):
            PolylingualLDA(seed_weight=weight).fit(X)

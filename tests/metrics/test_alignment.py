"""Tests of the evaluation: by hand, of every model, and in bounded memory."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn import config_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    ZeroShotTopicModel,
)
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.metrics import (
    cross_lingual_npmi,
    evaluate_alignment,
    make_alignment_scorer,
    mean_jensen_shannon,
    mean_reciprocal_rank,
    npmi_coherence,
    pairwise_jensen_shannon,
    topic_diversity,
    uninterpolated_average_precision,
)

METRICS = ["mrr", "uap", "jsd", "npmi", "cross_npmi", "diversity"]


class Given:
    """A fitted model whose topics are the embeddings, and whose words are given."""

    def __init__(self, views, words, vocabularies):
        self.feature_names_in_ = list(views)
        self.vocabularies_ = vocabularies
        self.components_ = np.zeros((2, 0))
        self._words = words

    def usable_views(self, X):
        return X.view_names

    def transform(self, X):
        (view,) = X.views.values()
        assert view.present.all()
        return view.embedding

    def top_words(self, view, n_words):
        return [words[:n_words] for words in self._words[view]]


@pytest.fixture(scope="module")
def train():
    return load_gimp_help("train").data[:300]


@pytest.fixture(scope="module")
def test():
    return load_gimp_help("test").data[:150]


@pytest.fixture(scope="module")
def model(train):
    return M3LContrastTopicModel(
        5, max_iter=5, init_max_iter=20, hidden_layer_sizes=(20,), random_state=0
    ).fit(train)


@pytest.fixture(scope="module")
def scores(model, train, test):
    return evaluate_alignment(model, test, X_train=train)


def test_names_of_the_scores(scores):
    assert list(scores) == [
        "MRR en-de",
        "UAP en-image",
        "UAP de-image",
        "JSD en-de",
        "JSD en-image",
        "JSD de-image",
        "NPMI en",
        "NPMI de",
        "Cross-NPMI en-de",
        "Diversity en",
        "Diversity de",
    ]


def test_equal_to_the_metrics(model, train, test, scores):
    pictured = test[test["image"].present]
    topics = {n: model.transform(pictured[[n]]) for n in ("en", "de", "image")}
    groups, every = pictured.groups, test.groups
    english, german = model.transform(test[["en"]]), model.transform(test[["de"]])
    words = {n: model.top_words(n, 25) for n in ("en", "de")}
    texts = [train[n].counts for n in words], [train[n].vocabulary for n in words]
    expected = {
        "MRR en-de": mean_reciprocal_rank(
            pairwise_jensen_shannon(english, german), every, every
        ),
        "UAP de-image": uninterpolated_average_precision(
            pairwise_jensen_shannon(topics["de"], topics["image"]), groups, groups
        ),
        "JSD en-image": mean_jensen_shannon(topics["en"], topics["image"], groups),
        "NPMI de": npmi_coherence(words["de"], texts[0][1], texts[1][1]),
        "Cross-NPMI en-de": cross_lingual_npmi(*words.values(), *texts[0], *texts[1]),
        "Diversity en": topic_diversity(words["en"]),
    }
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value, rel=1e-5), name


def test_mrr_by_hand(model, test, scores):
    _, rows = np.unique(test.groups, return_index=True)
    english, german = (model.transform(test[rows][[n]]) for n in ("en", "de"))
    reciprocal = []
    for number, theta in enumerate(english):
        order = np.argsort([jensenshannon(theta, other) for other in german])
        reciprocal.append(1 / (1 + np.flatnonzero(order == number)[0]))
    assert scores["MRR en-de"].value == pytest.approx(np.mean(reciprocal), abs=1e-3)
    n = len(rows)
    assert scores["MRR en-de"].chance == pytest.approx(
        np.sum(1 / np.arange(1, n + 1)) / n
    )


def test_scores_say_on_how_many_rows(make_multiview_with_gaps):
    model, X = make_multiview_with_gaps
    with pytest.warns(UserWarning, match="MRR en-fr, JSD en-fr, Cross-NPMI en-fr: NaN"):
        scores = evaluate_alignment(model, X)
    present = {name: view.present for name, view in X.views.items()}
    for one, other in (("en", "de"), ("de", "fr")):
        n_rows = (present[one] & present[other]).sum()
        for metric in ("MRR", "JSD", "Cross-NPMI"):
            assert scores[f"{metric} {one}-{other}"].n_rows == n_rows
    assert scores["MRR en-fr"].n_rows == scores["Cross-NPMI en-fr"].n_rows == 0
    assert scores["NPMI en"].n_rows == present["en"].sum()
    assert scores["Diversity en"].n_rows is None


@pytest.fixture(scope="module")
def make_multiview_with_gaps():
    """Return a model and rows of which none has both "en" and "fr"."""
    rng = np.random.RandomState(0)
    counts = {name: rng.poisson(2, (30, 8)) + 1 for name in ("en", "de", "fr")}
    present = {"en": np.arange(30) < 12, "de": np.arange(30) > 3}
    present["fr"] = ~present["en"]
    X = MultiView(
        {name: View(None, counts[name], present=present[name]) for name in counts}
    )
    return PolylingualLDA(3, max_iter=5, random_state=0).fit(X), X


def test_trained_model_is_better_than_chance(scores):
    for name in ("MRR en-de", "UAP en-image", "UAP de-image"):
        assert scores[name].value > 1.2 * scores[name].chance


def test_a_model_that_gives_all_rows_the_same_topics(test):
    X = MultiView(
        {n: View(np.full((len(test), 4), 0.25)) for n in ("en", "image")},
        groups=test.groups,
    )
    pairs = [("en", "image")]
    scores = evaluate_alignment(Given(X.view_names, {}, {}), X, pairs=pairs)
    assert scores["MRR en-image"].value == pytest.approx(scores["MRR en-image"].chance)
    assert scores["UAP en-image"].value < scores["UAP en-image"].chance
    assert scores["JSD en-image"].value == 0


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[1, 1, 1, 1], [3, 1, 2, 6], [5]])
def test_chance_is_what_random_topics_score(sizes):
    articles = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(0)
    n = len(articles)
    scores = []
    for _ in range(200):
        views = {name: View(rng.dirichlet([1, 1, 1], n)) for name in ("en", "image")}
        X = MultiView(views, groups=articles)
        model = Given(X.view_names, {}, {})
        pairs = [("en", "image")]
        scores.append(evaluate_alignment(model, X, pairs=pairs, metrics=["uap"]))
    drawn = [score["UAP en-image"].value for score in scores]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert scores[0]["UAP en-image"].chance == pytest.approx(
        np.mean(drawn), abs=4 * error + 1e-12
    )


# Every model, on rows with missing views and with views that never meet.

MODELS = {
    "contrast": M3LContrastTopicModel(3, max_iter=1, random_state=0),
    "zero-shot en": ZeroShotTopicModel(3, view="en", max_iter=1, random_state=0),
    "zero-shot de": ZeroShotTopicModel(3, view="de", max_iter=1, random_state=0),
    "distilled": DistilledTopicModel(
        3,
        teacher=ZeroShotTopicModel(3, view="en", max_iter=1, random_state=0),
        view="image",
        max_iter=1,
        random_state=0,
    ),
    "polylingual": PolylingualLDA(3, max_iter=5, random_state=0),
}


@pytest.fixture(scope="module")
def gaps(train):
    """Return three views, of which no row has both de and image; fr is empty."""
    X = train[:120]
    rows = np.arange(len(X))
    views = dict(X.views)
    views["de"] = View(
        X["de"].embedding, X["de"].counts, X["de"].vocabulary, rows % 2 == 0
    )
    views["image"] = View(X["image"].embedding, present=rows % 2 == 1)
    return MultiView(views, index=X.index, groups=X.groups)


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, gaps):
    return MODELS[request.param].fit(gaps)


def recorded(function, *args, **kwargs):
    """Return the result and the messages of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(*args, **kwargs)
    return result, [str(warning.message) for warning in caught]


def test_every_model_scores_what_the_scorer_does(fitted, gaps):
    scores, messages = recorded(evaluate_alignment, fitted, gaps)
    scored, _ = recorded(make_alignment_scorer(METRICS), fitted, gaps)
    by_metric = {metric: {} for metric in METRICS}
    for label, score in scores.items():
        name, views = label.split(" ")
        metric = name.lower().replace("-", "_")
        by_metric[metric][views] = -score.value if metric == "jsd" else score.value
    expected = {}
    for metric, of_views in by_metric.items():
        known = [value for value in of_views.values() if not np.isnan(value)]
        expected[metric] = np.mean(known) if known else np.nan
        if len(of_views) > 1:
            expected |= {f"{metric}_{views}": v for views, v in of_views.items()}
    assert scored == pytest.approx(expected, nan_ok=True)
    unmet = [label for label, score in scores.items() if np.isnan(score.value)]
    if "image" in fitted.views_:
        assert unmet == ["UAP de-image", "JSD de-image"]
        assert len(messages) == 1
        assert messages[0].startswith("UAP de-image, JSD de-image: NaN, because no row")
    else:
        assert unmet == messages == []


def test_views_that_a_model_leaves_aside(fitted, gaps):
    scores, _ = recorded(evaluate_alignment, fitted, gaps)
    named = {view for label in scores for view in label.split(" ")[1].split("-")}
    assert named == set(fitted.views_)
    for view in set(gaps.view_names) - named:
        with pytest.raises(ValueError, match=view):
            evaluate_alignment(fitted, gaps, pairs=[("en", view)])


def test_an_empty_column(fitted, gaps):
    """A text that no row has: its scores are NaN, all others as before."""
    views = dict(gaps.views)
    german = views["de"]
    absent = np.zeros(len(gaps), dtype=bool)
    views["de"] = View(german.embedding, german.counts * 0, german.vocabulary, absent)
    X = MultiView(views, index=gaps.index, groups=gaps.groups)
    before, _ = recorded(evaluate_alignment, fitted, gaps)
    scores, (message,) = recorded(evaluate_alignment, fitted, X)
    assert list(scores) == list(before)
    for label, score in scores.items():
        if "de" in label and not label.startswith("Diversity"):
            assert np.isnan(score.value) and label in message
        else:
            assert score == before[label]


def test_a_top_word_that_no_row_has(fitted, gaps):
    counts = gaps["en"].counts.tolil()
    counts[:, 0:2000:2] = 0
    english = View(gaps["en"].embedding, counts.tocsr(), gaps["en"].vocabulary)
    X = MultiView({**gaps.views, "en": english}, groups=gaps.groups)
    scores, _ = recorded(evaluate_alignment, fitted, X)
    if "NPMI en" in scores:
        assert scores["NPMI en"].value == npmi_coherence(
            fitted.top_words("en"), counts.tocsr(), english.vocabulary
        )
    if "Cross-NPMI en-de" in scores:
        assert -1 <= scores["Cross-NPMI en-de"].value <= 1


def test_counts_without_views():
    texts = load_gimp_help("test").frame["en"].unique()[:60]
    pipeline = make_pipeline(
        CountVectorizer(max_features=50), PolylingualLDA(2, max_iter=5, random_state=0)
    ).fit(texts)
    counts = pipeline[0].transform(texts)
    model = pipeline[1]
    scores = evaluate_alignment(pipeline, texts)
    assert list(scores) == ["NPMI text", "Diversity text"]
    assert scores == evaluate_alignment(model, counts)
    assert scores["NPMI text"].value == npmi_coherence(
        model.top_words(), counts, model.vocabularies_["text"]
    )


@pytest.mark.slow
def test_pipelines_on_tables():
    frame = load_gimp_help("test").frame[["en", "de", "page"]].iloc[:120]
    encoder = make_multiview_encoder(
        ["en", "de"], text_encoder=LsaEncoder(8), groups="page", random_state=0
    )
    topics = M3LContrastTopicModel(3, max_iter=1, random_state=0)
    pipeline = make_pipeline(encoder, topics).fit(frame)
    test, train = frame[:60], frame[60:]
    scores = evaluate_alignment(pipeline, test, X_train=train)
    encoded, documents = encoder.transform(test), encoder.transform(train)
    assert scores == evaluate_alignment(topics, encoded, X_train=documents)
    assert scores["NPMI en"] == evaluate_alignment(topics, documents)["NPMI en"]
    assert scores["NPMI en"] != evaluate_alignment(pipeline, test)["NPMI en"]
    # Without the column of ids, every row is an article.
    rows = evaluate_alignment(pipeline, test[["en", "de"]])
    n = len(test)
    assert rows["MRR en-de"].chance == pytest.approx(
        np.sum(1 / np.arange(1, n + 1)) / n
    )
    assert scores["MRR en-de"].chance > rows["MRR en-de"].chance
    with pytest.raises(ValueError, match="X_train has no view 'de'; it has en"):
        evaluate_alignment(pipeline, test, X_train=train[["en"]])


def test_what_cannot_be_evaluated(model, test):
    with pytest.raises(TypeError, match="only a MultiView.*not a DataFrame"):
        evaluate_alignment(model, pd.DataFrame({"en": ["a text"]}))
    with pytest.raises(ValueError, match="'mmr'.*must name some of mrr, uap"):
        evaluate_alignment(model, test, metrics=["mmr"])
    with pytest.raises(ValueError, match="no view 'fr'; it has en, de, image"):
        evaluate_alignment(model, test, pairs=[("en", "fr")])
    with pytest.raises(ValueError, match="a different vocabulary than in fit"):
        english = test["en"]
        words = english.vocabulary[::-1]
        other = View(english.embedding, english.counts, words)
        evaluate_alignment(model, MultiView({**test.views, "en": other}))


@pytest.mark.slow
def test_the_same_bits_in_bounded_memory():
    rng = np.random.default_rng(0)
    n = 500
    views = {
        name: View(rng.dirichlet(np.full(8, 0.1), n), present=rng.random(n) < 0.9)
        for name in ("en", "de", "image")
    }
    X = MultiView(views, groups=rng.integers(300, size=n))
    model = Given(X.view_names, {}, {})
    pairs = [("en", "de"), ("de", "image")]
    expected = evaluate_alignment(model, X, pairs=pairs)
    for mebibytes, n_jobs in [(1e-3, 1), (2, 2), (10**6, -1)]:
        with config_context(working_memory=mebibytes):
            assert evaluate_alignment(model, X, pairs=pairs, n_jobs=n_jobs) == expected
    tracemalloc.start()
    try:
        with config_context(working_memory=1):
            evaluate_alignment(model, X, pairs=pairs, metrics=["mrr", "uap", "jsd"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * n * n  # of one matrix of distances

"""Tests of the scorers: by hand, on models and pipelines, in searches."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.experimental.enable_halving_search_cv
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    LeaveOneGroupOut,
    cross_validate,
    validation_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA, View
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.metrics import (
    make_alignment_scorer,
    make_jsd_scorer,
    make_mrr_scorer,
    make_npmi_scorer,
    make_uap_scorer,
    npmi_coherence,
)

SCORERS = [
    make_mrr_scorer("en", "de"),
    make_uap_scorer("en", "image"),
    make_jsd_scorer("en", "de"),
    make_npmi_scorer("en"),
    make_alignment_scorer(["mrr", "uap", "jsd", "npmi"]),
]
each_scorer = pytest.mark.parametrize("scorer", SCORERS, ids=repr)


class Given(TransformerMixin, BaseEstimator):
    """A topic model whose topics are the embeddings, and whose words are given."""

    def __init__(self, words=None):
        self.words = words

    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.view_names)
        self.components_ = np.zeros((2, 0))
        self.vocabularies_ = {
            name: view.vocabulary for name, view in X.views.items() if view.is_text
        }
        return self

    def usable_views(self, X):
        return X.view_names

    def transform(self, X):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        (view,) = X.views.values()
        return view.embedding

    def top_words(self, view, n_words):
        return [topic[:n_words] for topic in self.words[view]]


@pytest.fixture
def by_hand():
    """Return three rows with both languages, and one that lacks German."""
    X = MultiView.from_arrays(
        {
            "en": [[1.0, 0], [0, 1], [0.8, 0.2], [0.5, 0.5]],
            "de": [[1.0, 0], [0.4, 0.6], [0, 1], [0.5, 0.5]],
        },
        {
            "en": [[1, 2, 0, 0], [2, 1, 0, 0], [0, 0, 1, 1], [0, 1, 3, 1]],
            "de": [[1, 0, 1], [2, 0, 2], [0, 1, 0], [0, 0, 0]],
        },
        {"en": ["ship", "sea", "oak", "leaf"], "de": ["Meer", "Eiche", "Schiff"]},
        {"de": [True, True, True, False]},
    )
    words = {
        "en": [["ship", "sea"], ["oak", "sea"]],
        "de": [["Meer", "Schiff"], ["Eiche", "Meer"]],
    }
    return Given(words).fit(X), X


def grouped(X, groups):
    return MultiView(X.views, index=X.index, groups=groups)


# The rows find their own first, second and third.
MRR = (1 + 1 / 2 + 1 / 3) / 3
DIVERGENCES = [
    jensenshannon(*pair) ** 2 for pair in ([[0, 1], [0.4, 0.6]], [[0.8, 0.2], [0, 1]])
]
JSD = -(0 + sum(DIVERGENCES)) / 3
# The first two rows are one article, whose nearest row counts.
ARTICLES = ["a", "a", "b", "c"]
MRR_ARTICLES = ((1 + 1 / 2) / 2 + 1 / 2) / 2
JSD_ARTICLES = -((0 + DIVERGENCES[0]) / 2 + DIVERGENCES[1]) / 2
UAP_ARTICLES = ((1 + (1 / 2 + 2 / 3) / 2) / 2 + 1 / 3) / 2


def test_mrr_by_hand(by_hand):
    scorer = make_mrr_scorer("en", "de")
    model, X = by_hand
    assert scorer(model, X) == pytest.approx(MRR)
    assert scorer(model, grouped(X, ARTICLES)) == pytest.approx(MRR_ARTICLES)


def test_mrr_has_a_direction(by_hand):
    # From German the rows find their own first, second and second.
    back = make_mrr_scorer("de", "en")(*by_hand)
    assert back == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)


def test_jsd_by_hand(by_hand):
    scorer = make_jsd_scorer("en", "de")
    model, X = by_hand
    assert scorer(model, X) == pytest.approx(JSD)
    assert scorer(model, grouped(X, ARTICLES)) == pytest.approx(JSD_ARTICLES)


def test_uap_by_hand(by_hand):
    model, X = by_hand
    score = make_uap_scorer("en", "de")(model, grouped(X, ARTICLES))
    assert score == pytest.approx(UAP_ARTICLES)


@each_scorer
@pytest.mark.parametrize("y", [[1, 1, 0, 0], list("aabc"), [None] * 4, "no rows"])
def test_y_is_ignored(by_hand, scorer, y):
    model, X = by_hand
    if "'image'" in repr(scorer):
        scorer = make_uap_scorer("en", "de")
    if scorer == SCORERS[-1]:
        scorer = make_alignment_scorer(["mrr", "jsd"])
    if scorer == SCORERS[3]:
        scorer = make_npmi_scorer("en", n_words=2)
    X = grouped(X, ARTICLES)
    assert scorer(model, X, y) == scorer(model, X)


def test_npmi_by_hand(by_hand):
    # See the example of npmi_coherence.
    model, X = by_hand
    scorer = make_npmi_scorer("en", n_words=2)
    assert scorer(model, X) == pytest.approx((0.415 - 0.292) / 2, abs=5e-4)
    assert scorer(model, X) == npmi_coherence(
        model.words["en"], X["en"].counts, X["en"].vocabulary, n_words=2
    )


def test_npmi_takes_words_that_do_not_occur_for_chance(by_hand):
    model, X = by_hand
    model.words = {"en": [["ship", "sea", "oak"], ["oak", "leaf", "ship"]]}
    held_out = X[[0, 1]]  # of ship and sea
    sea_and_ship = npmi_coherence(
        [["ship", "sea"]],
        held_out["en"].counts,
        held_out["en"].vocabulary,
        n_words=2,
    )
    score = make_npmi_scorer("en", n_words=3)(model, held_out)
    assert score == pytest.approx(sea_and_ship / 6)


def test_alignment_scorer_by_hand(by_hand):
    model, X = by_hand
    scores = make_alignment_scorer()(model, grouped(X, ARTICLES))
    assert scores == pytest.approx({"mrr": MRR_ARTICLES, "jsd": JSD_ARTICLES})


def test_alignment_scorer_averages_pairs(by_hand):
    model, X = by_hand
    pairs = [("en", "de"), ("de", "en")]
    scores = make_alignment_scorer(["mrr", "jsd"], pairs)(model, X)
    back = make_mrr_scorer("de", "en")(model, X)
    assert scores == pytest.approx(
        {
            "mrr": (MRR + back) / 2,
            "mrr_en-de": MRR,
            "mrr_de-en": back,
            "jsd": JSD,
            "jsd_en-de": JSD,
            "jsd_de-en": JSD,
        }
    )


def test_alignment_scorer_transforms_each_view_once(by_hand):
    model, X = by_hand
    make_alignment_scorer(["mrr", "uap", "jsd"], [("en", "de"), ("de", "en")])(model, X)
    assert model.n_calls_ == 2


def test_rows_that_lack_a_view_are_left_out_without_a_warning(by_hand):
    model, X = by_hand
    for scorer in (make_mrr_scorer("en", "de"), make_alignment_scorer(["mrr"])):
        whole, part = scorer(model, X), scorer(model, X[:3])
        assert whole == part


def test_no_common_row(by_hand):
    model, X = by_hand
    for metric, make in [("MRR", make_mrr_scorer), ("JSD", make_jsd_scorer)]:
        with pytest.warns(UserWarning, match=f"^{metric} en-de: NaN, because no row"):
            assert np.isnan(make("en", "de")(model, X[3:]))


def test_an_empty_text(by_hand):
    model, X = by_hand
    with pytest.warns(UserWarning, match="no row of X has a word .* 'de'"):
        assert np.isnan(make_npmi_scorer("de", n_words=2)(model, X[3:]))
    images = MultiView.from_arrays({"en": np.eye(2), "de": np.eye(2)})
    with pytest.warns(UserWarning, match="no row of X has a word .* 'en'"):
        assert np.isnan(make_npmi_scorer("en", n_words=2)(model, images))


def test_a_mean_is_that_of_the_pairs_that_can_be_measured(by_hand):
    model, X = by_hand
    views = {
        **X.views,
        "fr": View([[1.0, 0], [0, 1], [1, 0], [0, 1]], present=[False] * 4),
    }
    X = MultiView(views, groups=ARTICLES)
    model.fit(X)
    with pytest.warns(UserWarning, match="^UAP en-fr, UAP de-fr, JSD en-fr, JSD de-fr"):
        scores = make_alignment_scorer(["mrr", "uap", "jsd"])(model, X)
    assert scores == pytest.approx(
        {
            "mrr": MRR_ARTICLES,
            "uap": np.nan,
            "uap_en-fr": np.nan,
            "uap_de-fr": np.nan,
            "jsd": JSD_ARTICLES,
            "jsd_en-de": JSD_ARTICLES,
            "jsd_en-fr": np.nan,
            "jsd_de-fr": np.nan,
        },
        nan_ok=True,
    )


def test_a_metric_without_views_is_nan(by_hand):
    model, X = by_hand
    with pytest.warns(UserWarning, match="no views for uap"):
        scores = make_alignment_scorer(["uap", "jsd"])(model, X)
    assert scores == pytest.approx({"uap": np.nan, "jsd": JSD}, nan_ok=True)
    with pytest.warns(UserWarning, match="no views for mrr, jsd, npmi$"):
        scores = make_alignment_scorer(["mrr", "jsd", "npmi"])(
            model, MultiView.from_arrays({"image": np.eye(2)})
        )
    assert (
        list(scores) == ["mrr", "jsd", "npmi"] and np.isnan(list(scores.values())).all()
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: make_mrr_scorer("en", "en"), ValueError, "both are 'en'"),
        (lambda: make_mrr_scorer("en", 1), TypeError, "named by strings"),
        (lambda: make_npmi_scorer(["en"]), TypeError, "name of a text view"),
        (lambda: make_npmi_scorer("en", n_words=1), ValueError, "n_words == 1"),
        (lambda: make_alignment_scorer("mrr"), TypeError, r"such as \['mrr'\]"),
        (lambda: make_alignment_scorer(["mmr"]), ValueError, "'mmr'.*mrr, uap, jsd"),
        (lambda: make_alignment_scorer([]), ValueError, "must name some"),
        (lambda: make_alignment_scorer(pairs=["en"]), ValueError, "'en' is not a pair"),
        (lambda: make_alignment_scorer(pairs=[]), ValueError, "pairs is empty"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (make_mrr_scorer("en", "fr"), "no view 'fr'; it has en, de"),
        (make_npmi_scorer("fr"), "no words in view 'fr'; choose one of en, de"),
        (make_npmi_scorer(), "view None; choose one of en, de"),
        (make_npmi_scorer("en", n_words=5), "'en' has 4 words, fewer than n_words=5"),
        (make_alignment_scorer(pairs=[("en", "fr")]), "no view 'fr'"),
    ],
    ids=repr,
)
def test_views_that_are_not_there(by_hand, scorer, message):
    with pytest.raises(ValueError, match=message):
        scorer(*by_hand)


def test_npmi_needs_the_words_of_fit(by_hand):
    model, X = by_hand
    changed = {
        "a different vocabulary": ({"en": X["en"].counts}, ["a", "b", "c", "d"]),
        "counts of 2 words, but the model was fitted on 4": (
            {"en": X["en"].counts[:, :2]},
            ["ship", "sea"],
        ),
    }
    for message, (counts, words) in changed.items():
        other = MultiView.from_arrays(
            counts=counts, vocabularies=None if words is None else {"en": words}
        )
        with pytest.raises(ValueError, match=message):
            make_npmi_scorer("en", n_words=2)(model, other)


def test_what_cannot_be_scored(by_hand):
    model, X = by_hand
    with pytest.raises(TypeError, match="only a MultiView.*not a ndarray"):
        make_mrr_scorer("en", "de")(model, np.eye(3))
    with pytest.raises(TypeError, match="topic model.*not TruncatedSVD"):
        make_npmi_scorer("en")(TruncatedSVD(), X)


@each_scorer
def test_scorers_are_values(scorer):
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy == scorer and hash(copy) == hash(scorer)
    assert eval(repr(scorer)) == scorer
    assert clone(GridSearchCV(Given(), {}, scoring=scorer)).scoring == scorer


# From here on, real models on the bundled corpus.


@pytest.fixture(scope="module")
def pages():
    """Return embedded views of 40 pages with their pictures."""
    X = load_gimp_help("test").data
    return X[np.isin(X.groups, np.unique(X.groups)[:40])]


@pytest.fixture(scope="module")
def table():
    """Return raw texts, pictures and article ids of 12 pages."""
    corpus = load_gimp_help("test")
    pages = np.unique(corpus.data.groups)[:12]
    frame = corpus.frame[np.isin(corpus.data.groups, pages)].astype(object)
    frame["image"] = [corpus.thumbnails.get(path) for path in frame["image"]]
    return frame


@pytest.fixture
def model():
    return M3LContrastTopicModel(
        4,
        max_iter=2,
        init_max_iter=10,
        hidden_layer_sizes=(8,),
        batch_size=16,
        random_state=0,
    )


@pytest.fixture
def pipeline(model):
    encoder = make_multiview_encoder(
        ["en", "de"],
        ["image"],
        text_encoder=LsaEncoder(8),
        groups="page",
        random_state=0,
    )
    return Pipeline([("encoder", encoder), ("model", model)])


@pytest.fixture(scope="module")
def scoring():
    return dict(zip(("mrr", "uap", "jsd", "npmi"), SCORERS, strict=False))


def scores_of(results):
    """Return the columns of scores, without times."""
    return {name: value for name, value in results.items() if "test_" in name[:11]}


def test_all_pairs_at_once_equal_single_scorers(model, pages, scoring):
    model.fit(pages)
    scores = SCORERS[-1](model, pages)
    single = {
        "mrr": scoring["mrr"],
        "uap_en-image": scoring["uap"],
        "uap_de-image": make_uap_scorer("de", "image"),
        "jsd_en-de": scoring["jsd"],
        "jsd_en-image": make_jsd_scorer("image", "en"),
        "jsd_de-image": make_jsd_scorer("de", "image"),
        "npmi_en": scoring["npmi"],
        "npmi_de": make_npmi_scorer("de"),
    }
    assert set(scores) == {*single, "uap", "jsd", "npmi"}
    for name, scorer in single.items():
        assert scores[name] == pytest.approx(scorer(model, pages)), name
    assert scores["jsd"] == pytest.approx(
        np.mean([scores[f"jsd_{pair}"] for pair in ("en-de", "en-image", "de-image")])
    )
    words = make_alignment_scorer(["npmi"])(model, pages)
    assert words == {name: scores[name] for name in ("npmi", "npmi_en", "npmi_de")}
    given = make_alignment_scorer(["jsd", "npmi"], [("de", "image")])(model, pages)
    assert given == {"jsd": scores["jsd_de-image"], "npmi": scores["npmi_de"]}
    # A view that X lacks is in no pair.
    fewer = make_alignment_scorer(["uap", "npmi"])(model, pages[["de", "image"]])
    assert fewer == {"uap": scores["uap_de-image"], "npmi": scores["npmi_de"]}


@pytest.mark.slow
def test_pipelines_on_tables(pipeline, table):
    pipeline.fit(table)
    encoded = pipeline[:-1].transform(table)
    assert len(set(encoded.groups)) == 12
    expected = [scorer(pipeline[-1], encoded) for scorer in SCORERS]
    for make_frame in (pd.DataFrame, pl.DataFrame):
        X = make_frame(table.to_dict("list"))
        for scorer, score in zip(SCORERS, expected, strict=True):
            assert scorer(pipeline, X) == pytest.approx(score, abs=1e-6), scorer
    # Without ids, every row is an article.
    rows = SCORERS[0](pipeline, table.drop(columns="page"))
    assert rows == SCORERS[0](pipeline[-1], grouped(encoded, None)) != expected[0]
    pipeline.set_output(transform="pandas")
    assert SCORERS[-1](pipeline, table) == expected[-1]


@pytest.mark.slow
def test_only_views_that_are_needed_are_encoded(pipeline, table):
    pipeline.fit(table)
    damaged = table.assign(image=[b"not a picture"] * len(table))
    for scorer in (SCORERS[0], SCORERS[2], SCORERS[3]):
        assert scorer(pipeline, damaged) == scorer(pipeline, table)
    with pytest.raises(ValueError, match="view 'image'"):
        SCORERS[1](pipeline, damaged)


@pytest.mark.slow
def test_frozen_models_and_searches(model, pages):
    search = GridSearchCV(model, {"n_components": [3]}, cv=2).fit(pages)
    best = search.best_estimator_
    for scorer in SCORERS:
        score = scorer(best, pages)
        assert scorer(FrozenEstimator(best), pages) == score
        assert scorer(search, pages) == score
        assert scorer(make_pipeline(best), pages) == score


def test_npmi_of_one_text_without_views():
    texts = load_gimp_help("test").frame["en"].unique()[:60]
    pipeline = make_pipeline(
        CountVectorizer(max_features=50), PolylingualLDA(2, max_iter=5, random_state=0)
    ).fit(texts)
    counts = pipeline[0].transform(texts)
    expected = npmi_coherence(
        pipeline[-1].top_words(), counts, pipeline[-1].vocabularies_["text"]
    )
    assert make_npmi_scorer()(pipeline, texts) == expected
    assert make_npmi_scorer("text")(pipeline[-1], counts) == expected
    with pytest.warns(UserWarning, match="no views for mrr"):
        scores = make_alignment_scorer(["mrr", "npmi"])(pipeline, texts)
    assert scores == pytest.approx({"mrr": np.nan, "npmi": expected}, nan_ok=True)


@pytest.mark.slow
def test_each_fold_is_scored_with_its_own_articles(model, pages, scoring):
    cv = GroupKFold(3)
    results = cross_validate(
        model,
        pages,
        groups=pages.groups,
        cv=cv,
        scoring=scoring,
        return_train_score=True,
    )
    for fold, (train, test) in enumerate(cv.split(pages, groups=pages.groups)):
        fitted = clone(model).fit(pages[train])
        for name, scorer in scoring.items():
            on_test = scorer(fitted, pages[test])
            assert results[f"test_{name}"][fold] == on_test, name
            on_train = scorer(fitted, pages[train])
            assert results[f"train_{name}"][fold] == on_train, name


def test_a_fold_without_pairs(model, pages):
    """Pictures of all pages are in one fold but for a few."""
    rows = np.flatnonzero(pages["image"].present)
    fold = np.ones(len(pages), dtype=int)
    fold[rows[:30]] = 2
    fold[~pages["image"].present] = 0
    scorer = make_alignment_scorer(
        ["mrr", "uap", "jsd"], [("en", "de"), ("en", "image")]
    )
    with pytest.warns(UserWarning, match="^MRR en-image, UAP en-image, JSD en-image"):
        results = cross_validate(
            model, pages, groups=fold, cv=LeaveOneGroupOut(), scoring=scorer
        )
    for metric in ("mrr", "uap", "jsd"):
        unmet = np.isnan(results[f"test_{metric}_en-image"])
        np.testing.assert_array_equal(unmet, [True, False, False])
        assert np.isfinite(results[f"test_{metric}"]).all()


@pytest.mark.slow
def test_one_scorer_of_many_metrics_in_a_search(model, pages, scoring):
    grid = {"n_components": [2, 5]}
    kwargs = {"cv": GroupKFold(2), "refit": "mrr", "error_score": "raise"}
    search = GridSearchCV(model, grid, scoring=SCORERS[-1], **kwargs)
    search.fit(pages, groups=pages.groups)
    apart = GridSearchCV(model, grid, scoring=scoring, **kwargs)
    apart.fit(pages, groups=pages.groups)
    assert search.best_params_ == apart.best_params_
    assert search.best_score_ == search.cv_results_["mean_test_mrr"].max()
    for one, other in [("mrr", "mrr"), ("uap_en-image", "uap"), ("npmi_en", "npmi")]:
        np.testing.assert_allclose(
            search.cv_results_[f"mean_test_{one}"],
            apart.cv_results_[f"mean_test_{other}"],
        )
    assert search.score(pages) == SCORERS[0](search.best_estimator_, pages)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["pages", "table"])
def test_worker_processes(request, model, pipeline, data):
    X = request.getfixturevalue(data)
    estimator = model if data == "pages" else pipeline
    groups = X.groups if data == "pages" else X["page"]
    kwargs = {"groups": groups, "cv": GroupKFold(2), "scoring": SCORERS[-1]}
    kwargs["error_score"] = "raise"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # adds sums in one order
    here = cross_validate(estimator, X, **kwargs)
    torch.set_num_threads(threads)
    with joblib.parallel_config(inner_max_num_threads=1, backend="loky"):
        there = cross_validate(estimator, X, n_jobs=2, **kwargs)
    assert set(here) >= {"test_mrr", "test_uap", "test_jsd", "test_npmi_de"}
    for name, values in scores_of(here).items():
        np.testing.assert_allclose(there[name], values, rtol=1e-6, err_msg=name)


@pytest.mark.slow
def test_validation_curve(model, pages):
    kwargs = {"cv": GroupKFold(2), "groups": pages.groups, "scoring": SCORERS[0]}
    train, test = validation_curve(
        model,
        pages,
        None,
        param_name="n_components",
        param_range=[2, 6],
        **kwargs,
    )
    assert train.shape == test.shape == (2, 2)
    model.set_params(n_components=6)
    expected = cross_validate(model, pages, **kwargs)["test_score"]
    np.testing.assert_array_equal(test[1], expected)


@pytest.mark.slow
@pytest.mark.parametrize("resource", ["max_iter", "n_samples"])
def test_successive_halving(model, pages, resource):
    search = HalvingGridSearchCV(
        model,
        {"n_components": [2, 3, 5, 6]},
        resource=resource,
        min_resources=1 if resource == "max_iter" else 40,
        max_resources=4 if resource == "max_iter" else len(pages),
        factor=2,
        scoring=make_mrr_scorer("en", "de"),
        cv=GroupKFold(2),
        random_state=0,
        error_score="raise",
    ).fit(pages, groups=pages.groups)
    last = search.cv_results_["iter"] == search.cv_results_["iter"].max()
    assert search.best_score_ == search.cv_results_["mean_test_score"][last].max()


@pytest.mark.slow
def test_metadata_routing(model, pages, scoring):
    search = GridSearchCV(
        model,
        {"n_components": [2, 4]},
        scoring=scoring,
        refit="mrr",
        cv=GroupKFold(2),
        error_score="raise",
    )
    plain = clone(search).fit(pages, groups=pages.groups).cv_results_
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(search).fit(pages, groups=pages.groups).cv_results_
        together = clone(search).set_params(scoring=SCORERS[-1])
        together = together.fit(pages, groups=pages.groups).cv_results_
        crossed = cross_validate(
            model,
            pages,
            params={"groups": pages.groups},
            cv=GroupKFold(2),
            scoring=scoring,
        )
    for name in scoring:
        key = f"mean_test_{name}"
        np.testing.assert_array_equal(routed[key], plain[key])
        assert crossed[f"test_{name}"].mean() == pytest.approx(plain[key][1])
    np.testing.assert_allclose(together["mean_test_mrr"], plain["mean_test_mrr"])

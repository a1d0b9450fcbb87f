"""What scikit-learn asks of estimators beyond `check_estimator`, also of the encoders:
parameters that are checked, names of features, containers of output, routing of
metadata, the global configuration, diagrams.
"""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from gensim.models import KeyedVectors
from packaging.version import Version
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import check_param_validation
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l import embedding as embedding_module
from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    ImageStatisticsEncoder,
    ImageView,
    KeyedVectorsEncoder,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)
from sklearn_m3l.metrics import make_alignment_scorer, make_mrr_scorer

from estimators import ESTIMATORS  # isort: skip  # beside this file

TEXTS = ["brush and ink", "the layer mask", "brush and mask", "ink and ink"] * 5
GERMAN = ["Pinsel und Tinte", "die Ebene", "Pinsel und Maske", "Tinte"] * 5
PICTURES = [np.full((6, 8), level) for level in (0.0, 0.3, 0.6, 1.0)] * 5
PATHS = ["dark.png", "dim.png", "bright.png", "white.png"] * 5
TABLE = pd.DataFrame(
    {
        "en": TEXTS,
        "de": GERMAN,
        "image": PICTURES,
        "page": np.arange(20) // 2,
    },
    index=[f"row-{row}" for row in range(20)],
)
ARTICLES = TABLE["page"].to_numpy()
COUNTS = np.random.default_rng(0).poisson(1.0, (20, 5))

ENCODERS = [
    Doc2VecEncoder(3, min_count=1, max_iter=2, random_state=0),
    ImageStatisticsEncoder(),
    ImageView(),
    KeyedVectorsEncoder("vectors.kv"),
    LsaEncoder(2, random_state=0),
    MultiViewEncoder([("en", TextView()), ("image", ImageView())]),
    SentenceTransformerEncoder(),
    StaticEncoder(),
    TextView(),
    WordVectorizer(),
]


class Darkness(TransformerMixin, BaseEstimator):
    """Encodes pictures by the letters of their file names."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.array([[len(path.name), ord(path.name[1])] for path in X], float)


def name_of(estimator):
    """Return what a test is called after."""
    return type(estimator).__name__


each_model = pytest.mark.parametrize("model", ESTIMATORS, ids=name_of)
each_encoder = pytest.mark.parametrize("encoder", ENCODERS, ids=name_of)


def make_table_pipeline():
    """Return a pipeline from raw columns to topics."""
    encoder = MultiViewEncoder(
        [
            ("en", TextView(LsaEncoder(2, random_state=0))),
            ("de", TextView(LsaEncoder(2, random_state=0))),
            ("image", ImageView()),
        ],
        groups="page",
    )
    model = M3LContrastTopicModel(
        2, max_iter=2, init_max_iter=10, hidden_layer_sizes=(4,), random_state=0
    )
    return Pipeline([("encode", encoder), ("topics", model)])


def fitted_on_views(model, X):
    """Return a clone fitted on English and German, the student of German."""
    model = clone(model).set_params(random_state=0)
    if isinstance(model, DistilledTopicModel):
        model.set_params(view="de", teacher__view="en")
    elif isinstance(model, ZeroShotTopicModel):
        model.set_params(view="en")
    return model.fit(X)


@pytest.fixture(scope="module")
def fitted_pipeline():
    return make_table_pipeline().fit(TABLE)


@pytest.fixture
def pair(small_multiview):
    """Return rows that have both English and German."""
    X = small_multiview[["en", "de"]]
    return X[X.present["en"] & X.present["de"]]


@pytest.fixture
def search():
    """Return a search over a pipeline of raw columns, in folds of articles."""
    return GridSearchCV(
        make_table_pipeline(),
        {"topics__n_components": [2, 4]},
        scoring=make_alignment_scorer(["mrr", "jsd"], [("en", "de")]),
        refit="mrr",
        cv=GroupKFold(2),
        error_score="raise",
    )


def test_every_encoder_is_checked():
    public = {getattr(embedding_module, name) for name in embedding_module.__all__}
    classes = {thing for thing in public if isinstance(thing, type)}
    assert classes == {type(encoder) for encoder in ENCODERS}


class TestParameters:
    @each_encoder
    def test_of_encoders_are_checked(self, encoder):
        check_param_validation(name_of(encoder), clone(encoder))

    @pytest.mark.parametrize(
        ("parameter", "message"),
        [
            ("topics__dropout", "^The 'dropout' parameter of M3LContrastTopicModel"),
            ("encode__en", "^view 'en' is a int"),
            ("encode__en__encoder", "^view 'en': The 'encoder' parameter of TextView"),
            (
                "encode__en__encoder__n_components",
                "^view 'en': The 'n_components' parameter of LsaEncoder",
            ),
        ],
    )
    def test_of_steps_are_checked(self, parameter, message):
        pipeline = make_table_pipeline().set_params(**{parameter: -1})
        with pytest.raises((ValueError, TypeError), match=message):
            pipeline.fit(TABLE)

    def test_of_a_teacher_are_checked(self):
        student = DistilledTopicModel(2, teacher=ZeroShotTopicModel(dropout=-1))
        with pytest.raises(ValueError, match="'dropout' parameter of ZeroShot"):
            student.fit(COUNTS)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("estimator", "cells"),
        [
            *((model, COUNTS) for model in ESTIMATORS),
            (Doc2VecEncoder(3, min_count=1), TEXTS),
            (ImageStatisticsEncoder(), PICTURES),
        ],
        ids=name_of,
    )
    def test_checks_can_be_turned_off(self, estimator, cells):
        estimator = clone(estimator).set_params(verbose=-1)
        with pytest.raises(ValueError, match="The 'verbose' parameter of"):
            estimator.fit(cells)
        with sklearn.config_context(skip_parameter_validation=True):
            estimator.fit(cells)


class TestFeatureNames:
    @pytest.mark.slow
    @each_model
    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
    def test_of_a_table_are_its_columns_in_their_order(self, model, frame):
        columns = {name: COUNTS[:, column] for column, name in enumerate("abcde")}
        model = clone(model).fit(frame(columns))
        assert model.feature_names_in_.tolist() == list("abcde")
        assert model.n_features_in_ == 5
        assert model.transform(frame(columns)).shape == (20, 3)
        turned = {name: columns[name] for name in "edcba"}
        fewer = {name: columns[name] for name in "abcd"}
        renamed = fewer | {"x": columns["e"]}
        for other in (turned, fewer, renamed):
            with pytest.raises(ValueError, match="feature names should match"):
                model.transform(frame(other))

    @each_model
    def test_of_a_multiview_are_its_views_in_any_order(self, model, pair):
        model = fitted_on_views(model, pair)
        assert model.feature_names_in_.tolist() == ["en", "de"]
        assert model.n_features_in_ == 2
        topics = model.transform(pair)
        np.testing.assert_allclose(
            model.transform(pair[["de", "en"]]), topics, atol=1e-6
        )

    def test_of_a_pipeline(self, fitted_pipeline):
        names = ["m3lcontrasttopicmodel0", "m3lcontrasttopicmodel1"]
        for given in (None, ["en", "de", "image"]):
            assert fitted_pipeline.get_feature_names_out(given).tolist() == names
        views = fitted_pipeline[:-1].get_feature_names_out()
        assert views.tolist() == ["en", "de", "image"]
        assert fitted_pipeline.feature_names_in_.tolist() == views.tolist()
        assert fitted_pipeline.n_features_in_ == 3

    @pytest.mark.parametrize("columns", ["page image de en", "de en image"])
    def test_columns_that_are_views_come_in_any_order(self, fitted_pipeline, columns):
        topics = fitted_pipeline.transform(TABLE[columns.split()])
        np.testing.assert_array_equal(topics, fitted_pipeline.transform(TABLE))

    @pytest.mark.parametrize(
        "encoder",
        [e for e in ENCODERS if hasattr(e, "get_feature_names_out")],
        ids=name_of,
    )
    def test_of_encoders_follow_from_fit(self, encoder):
        if get_tags(encoder).requires_fit:
            with pytest.raises(NotFittedError):
                encoder.get_feature_names_out()
        else:
            assert len(encoder.get_feature_names_out()) == 762


class TestSetOutput:
    @each_model
    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_of_models(self, model, container, pair):
        model = fitted_on_views(model, pair)
        topics = model.transform(pair)
        frames = [clone(model).set_output(transform=container).fit_transform(pair)]
        with sklearn.config_context(transform_output=container):
            frames.append(model.transform(pair))
        frames.append(model.set_output(transform=container).transform(pair))
        for frame in frames:
            assert type(frame) is (pd if container == "pandas" else pl).DataFrame
            assert [*frame.columns] == [*model.get_feature_names_out()]
            np.testing.assert_allclose(frame.to_numpy(), topics, atol=1e-6)
            if container == "pandas":
                assert frame.index.tolist() == pair.index.tolist()
        assert type(model.set_output(transform="default").transform(pair)) is np.ndarray

    @pytest.mark.parametrize("container", ["pandas", "polars"])
    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
    def test_of_a_pipeline(self, container, frame):
        views = {"en": TEXTS, "de": GERMAN, "image": PATHS}
        table = frame({**views, "page": ARTICLES})
        pipeline = make_table_pipeline().set_params(encode__image=ImageView(Darkness()))
        topics = pipeline.fit_transform(table)
        found = clone(pipeline).set_output(transform=container).fit_transform(table)
        assert type(found) is (pd if container == "pandas" else pl).DataFrame
        np.testing.assert_array_equal(found.to_numpy(), topics)
        with sklearn.config_context(transform_output=container):
            assert isinstance(pipeline[0].transform(table), MultiView)

    def test_of_word_vectors(self, tmp_path):
        vectors = KeyedVectors(2)
        vectors.add_vectors(["brush", "ink"], np.eye(2, dtype=np.float32))
        vectors.save(str(tmp_path / "vectors.kv"))
        encoder = KeyedVectorsEncoder(tmp_path / "vectors.kv", weights="uniform")
        column = TABLE[["en"]].iloc[:2]
        frame = encoder.set_output(transform="pandas").fit_transform(column)
        assert [*frame.columns] == ["keyedvectorsencoder0", "keyedvectorsencoder1"]
        assert frame.index.tolist() == ["row-0", "row-1"]
        assert frame.to_numpy().tolist() == [[0.5, 0.5], [0, 0]]
        frame = encoder.set_output(transform="polars").transform(column)
        assert frame.rows() == [(0.5, 0.5), (0, 0)]


# A part of the table has few words of the rest.
@pytest.mark.filterwarnings("ignore:.*have no known word:UserWarning")
class TestRouting:
    def test_nothing_is_requested_unasked(self):
        for estimator in (*ESTIMATORS, *ENCODERS, make_table_pipeline()):
            with sklearn.config_context(enable_metadata_routing=True):
                requests = get_routing_for_object(estimator)
            assert not list(requests.consumes("fit", ["groups", "sample_weight"]))

    @pytest.mark.slow
    def test_a_search_over_a_pipeline(self, search):
        plain = clone(search).fit(TABLE, groups=ARTICLES).cv_results_
        with sklearn.config_context(enable_metadata_routing=True):
            routed = search.fit(TABLE, groups=ARTICLES).cv_results_
        for name in ("mean_test_mrr", "mean_test_jsd"):
            np.testing.assert_array_equal(routed[name], plain[name])
        assert len({*plain["mean_test_jsd"]}) == 2

    @pytest.mark.slow
    def test_groups_reach_the_inner_search(self, search):
        with sklearn.config_context(enable_metadata_routing=True):
            result = cross_validate(
                search,
                TABLE,
                params={"groups": ARTICLES},
                cv=GroupKFold(2),
                return_estimator=True,
                return_indices=True,
                error_score="raise",
            )
            for inner, train, score in zip(
                result["estimator"],
                result["indices"]["train"],
                result["test_score"],
                strict=True,
            ):
                again = clone(search)
                again.fit(TABLE.iloc[train], groups=ARTICLES[train])
                assert inner.best_params_ == again.best_params_
                assert inner.best_score_ == again.best_score_
                assert 0 < score <= 1

    def test_a_learning_curve(self):
        with sklearn.config_context(enable_metadata_routing=True):
            sizes, _, scores = learning_curve(
                make_table_pipeline(),
                TABLE,
                None,
                scoring=make_mrr_scorer("en", "de"),
                train_sizes=[0.5, 1.0],
                error_score="raise",
                cv=GroupKFold(2),
                params={"groups": ARTICLES},
            )
        assert sizes.tolist() == [5, 10] and scores.shape == (2, 2)


# The models cluster texts by it.
k_means_works = pytest.mark.skipif(
    Version(sklearn.__version__) < Version("1.9"),
    reason="k-means of earlier versions of scikit-learn fails with it",
)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            pytest.param("array_api_dispatch", True, marks=k_means_works),
            ("assume_finite", True),
            ("enable_cython_pairwise_dist", False),
            ("enable_metadata_routing", True),
            ("print_changed_only", False),
            ("skip_parameter_validation", True),
            ("sparse_interface", "sparray"),
            ("working_memory", 1),
        ],
    )
    def test_no_option_changes_topics(self, fitted_pipeline, option, value):
        if option not in sklearn.get_config():
            pytest.skip("an option of later versions of scikit-learn")
        with sklearn.config_context(**{option: value}):
            again = clone(fitted_pipeline).fit(TABLE)
            topics = again.transform(TABLE)
            assert np.isfinite(again[-1].score(again[0].transform(TABLE)))
        np.testing.assert_array_equal(topics, fitted_pipeline.transform(TABLE))

    @each_model
    @pytest.mark.parametrize(
        "option",
        [
            pytest.param("array_api_dispatch", marks=k_means_works),
            "skip_parameter_validation",
        ],
    )
    def test_models_of_counts(self, model, option):
        model = clone(model).set_params(random_state=0)
        topics = clone(model).fit_transform(COUNTS)
        with sklearn.config_context(**{option: True}):
            np.testing.assert_array_equal(model.fit_transform(COUNTS), topics)

    def test_a_representation_shows_what_was_changed_or_all(self):
        model = PolylingualLDA(7)
        assert repr(model) == "PolylingualLDA(n_components=7)"
        with sklearn.config_context(print_changed_only=False):
            assert "topic_word_prior=0.01" in repr(model)


class TestDiagram:
    @pytest.mark.parametrize("estimator", [*ESTIMATORS, *ENCODERS], ids=name_of)
    def test_shows_name_and_parameters(self, estimator):
        shown = texts_of(estimator)
        assert {name_of(estimator), *estimator.get_params(deep=False)} <= shown
        assert {*estimator._repr_mimebundle_()} == {"text/plain", "text/html"}
        with sklearn.config_context(display="text"):
            assert {*estimator._repr_mimebundle_()} == {"text/plain"}

    @each_model
    def test_says_what_is_fitted(self, model):
        model = clone(model)
        assert "Not fitted" in estimator_html_repr(model)
        assert "Not fitted" not in estimator_html_repr(model.fit(COUNTS))

    @pytest.mark.parametrize("fit", [False, True])
    def test_views_stand_side_by_side(self, fitted_pipeline, search, fit):
        pipeline = fitted_pipeline if fit else make_table_pipeline()
        encoder = {"MultiViewEncoder", "en", "de", "image", "TextView", "LsaEncoder"}
        assert encoder <= texts_of(pipeline)
        assert encoder | {"GridSearchCV"} <= texts_of(search)

    def test_views_that_cannot_be_are_drawn_as_one(self):
        assert "MultiViewEncoder" in texts_of(MultiViewEncoder(5))


def texts_of(estimator):
    """Return the words that the diagram of an estimator shows."""
    return {*re.findall(r"\w+", re.sub("<[^>]*>", " ", estimator._repr_html_()))}

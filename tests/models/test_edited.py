"""Models whose topics are merged, dropped or reordered, and their hierarchy."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)
from sklearn_m3l.models import EditedTopicModel
from sklearn_m3l.persistence import ModelFileError

SMALL = {
    "max_iter": 1,
    "init_max_iter": 5,
    "hidden_layer_sizes": (4,),
    "random_state": 0,
}
MODELS = {
    "lda": PolylingualLDA(4, max_iter=5, random_state=0),
    "m3l": M3LContrastTopicModel(4, **SMALL),
    "product": M3LContrastTopicModel(4, **SMALL, decoder="product", init="random"),
    "zero-shot": ZeroShotTopicModel(4, view="en", **SMALL),
    "distilled": DistilledTopicModel(
        4, view="de", teacher=ZeroShotTopicModel(view="en", **SMALL), **SMALL
    ),
}


@pytest.fixture(scope="module", params=MODELS)
def case(request, small_multiview):
    """Return a model and rows, some of which lack a view or all of them."""
    X = small_multiview[["en", "de", "image"]]
    train = X
    if request.param in ("zero-shot", "distilled"):
        train = X[X.present["en"] & X.present["de"]]
    return clone(MODELS[request.param]).fit(train), X[["en", "de"]]


@pytest.fixture(scope="module")
def lda(small_multiview):
    return clone(MODELS["lda"]).fit(small_multiview)


def test_proportions_of_merged_topics_add_up(case):
    model, X = case
    theta = model.transform(X)
    merged = model.merge_topics([[3, 1]])
    assert merged.topics == [[0], [1, 3], [2]]
    expected = np.column_stack([theta[:, 0], theta[:, 1] + theta[:, 3], theta[:, 2]])
    assert_allclose(merged.transform(X), expected, rtol=1e-6)
    assert_allclose(merged.prevalence_[1], model.prevalence_[[1, 3]].sum())
    share = model.prevalence_[[1, 3]] / model.prevalence_[[1, 3]].sum()
    for name, words in model.topic_word_.items():
        assert_allclose(merged.topic_word_[name][1], share @ words[[1, 3]], rtol=1e-5)
        assert_array_equal(merged.topic_word_[name][2], words[2])
        tokens = model.topic_tokens_[name]
        assert_allclose(merged.topic_tokens_[name][1], tokens[1] + tokens[3])


def test_dropped_topics_leave_the_proportions(case):
    model, X = case
    theta = model.transform(X)[:, [0, 2]]
    dropped = model.drop_topics([1, 3])
    expected = theta / theta.sum(axis=1, keepdims=True)
    assert_allclose(dropped.transform(X), expected, rtol=1e-5)
    kept = model.prevalence_[[0, 2]]
    assert_allclose(dropped.prevalence_, kept / kept.sum())


def test_scores_go_by_the_words_of_the_original(case):
    model, X = case
    assert_allclose(model.reorder_topics([2, 0, 3, 1]).score(X), model.score(X), 1e-5)
    merged = model.merge_topics([[0, 1]])
    assert merged.score(X) <= model.score(X) + 0.05
    theta = merged.transform(X[:5])
    for name in merged.vocabularies_:
        log_p = merged._decode(name, theta)
        assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-4)


def test_an_edited_model_is_as_any_other(case, tmp_path):
    model, X = case
    edited = model.set_topic_names({0: "a", 3: "b"}).merge_topics([[1, 3]])
    model.set_topic_names(None)
    assert edited.topic_names_ == ["a", "b", None]
    assert edited.get_feature_names_out().tolist() == [
        f"editedtopicmodel{topic}" for topic in range(3)
    ]
    assert edited.views_ == model.views_ and list(edited.vocabularies_) == list(
        model.vocabularies_
    )
    assert edited.topics_frame(2)["topic_name"].tolist() == ["a", "b", "–"]
    assert edited.describe(X[:4]).shape == (4, 2 + len(model.vocabularies_))
    assert edited.top_rows(X, n=2).shape == (3, 2)
    name = next(iter(edited.vocabularies_))
    alone = edited.transform(X[[name]][X.present[name]])
    assert alone.shape == (X.present[name].sum(), 3)
    with pytest.raises(ValueError, match="view 'fr'"):
        edited.transform(MultiView.from_arrays(counts={"fr": np.eye(3)}))
    save_model(edited, tmp_path / "model")
    for copy in (load_model(tmp_path / "model"), pickle.loads(pickle.dumps(edited))):
        assert copy.topics == edited.topics and copy.topic_names_ == edited.topic_names_
        assert_array_equal(copy.transform(X), edited.transform(X))
        assert copy.score(X) == edited.score(X)
        assert copy.topics_frame().equals(edited.topics_frame())


def test_rows_without_views_and_groups(lda, small_multiview, with_groups):
    X = with_groups(small_multiview[["en"]], np.arange(60) // 2)
    with pytest.warns(UserWarning, match="1 of 60 rows have none of the views en"):
        theta = lda.drop_topics([0]).transform(X)
    assert np.isnan(theta).all(axis=1).nonzero()[0].tolist() == [7]


def test_a_row_of_dropped_topics_alone_gets_the_prevalence(lda, monkeypatch):
    X = MultiView.from_arrays(counts={"en": np.ones((2, 12)), "de": np.ones((2, 15))})
    theta = np.array([[0, 1, 0, 0], [0.5, 0.5, 0, 0]], np.float32)
    monkeypatch.setattr(lda, "_transform", lambda X: theta)
    dropped = lda.drop_topics([1])
    assert_allclose(dropped.transform(X), [dropped.prevalence_, [1, 0, 0]], rtol=1e-6)


def test_without_a_planted_junk_topic_the_proportions_are_those_of_the_subjects():
    # Four words of ten are boilerplate, in every row.
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.full(3, 0.2), 90)
    words = np.repeat(np.eye(4), 6, axis=1) / 6
    mixed = np.column_stack([0.6 * theta, np.full(90, 0.4)]) @ words
    counts = {name: rng.multinomial(60, mixed) for name in ("en", "de")}
    X = MultiView.from_arrays(counts=counts)
    model = PolylingualLDA(4, topic_word_prior=0.1, max_iter=60, random_state=0).fit(X)
    planted = [
        own.reshape(4, 6).sum(axis=1).argmax() for own in model.topic_word_["en"]
    ]
    assert sorted(planted) == [0, 1, 2, 3]
    topics = model.drop_topics([planted.index(3)]).transform(X)
    kept = [subject for subject in planted if subject != 3]
    assert np.abs(topics - theta[:, kept]).mean() < 0.05


def test_edits_of_edits_refer_to_the_original(lda):
    edited = lda.reorder_topics([3, 2, 1, 0]).merge_topics([[0, 2]]).drop_topics([1])
    assert edited.topics == [[3, 1], [0]]
    assert edited.model.estimator is lda
    order = lda.reorder_topics().prevalence_
    assert_array_equal(order, np.sort(lda.prevalence_)[::-1])


def test_names_of_merged_topics(lda):
    lda.set_topic_names(["a", "b", None, None])
    merged = lda.merge_topics([[0, 1], [2, 3]])
    assert merged.topic_names_ == [None, None]
    assert lda.reorder_topics([2, 1, 0, 3]).topic_names_ == [None, "b", "a", None]
    lda.set_topic_names(None)


def test_output_and_pipelines(lda, small_multiview):
    lda.set_output(transform="pandas")
    frame = lda.drop_topics([0]).transform(small_multiview)
    lda.set_output(transform="default")
    assert frame.index.tolist() == small_multiview.index.tolist()
    assert frame.columns[0] == "editedtopicmodel0"
    pipeline = make_pipeline(lda.drop_topics([0]))
    assert pipeline.transform(small_multiview).shape == (60, 3)


def test_an_edited_model_cannot_be_fitted(lda, small_multiview):
    edited = lda.drop_topics([0])
    for model in (edited, clone(edited)):
        with pytest.raises(TypeError, match="an EditedTopicModel cannot be fitted"):
            model.fit(small_multiview)
        with pytest.raises(TypeError, match="cannot be fitted"):
            model.fit_transform(small_multiview)
    assert clone(edited).model.estimator is lda
    with pytest.raises(NotFittedError):
        clone(edited).transform(small_multiview)
    with pytest.raises(NotFittedError):
        PolylingualLDA().merge_topics([[0, 1]])


@pytest.mark.parametrize(
    ("method", "argument", "error", "message"),
    [
        ("merge_topics", [[0, 4]], ValueError, "groups has the unknown topic 4"),
        ("merge_topics", [[0, 1], [1, 2]], ValueError, "groups has topic 1 twice"),
        ("merge_topics", [[2, 2]], ValueError, "groups has topic 2 twice"),
        ("merge_topics", [[2]], ValueError, "the group .2., which merges nothing"),
        ("merge_topics", [0, 1], TypeError, "list of lists of topics, such as"),
        ("merge_topics", "01", TypeError, "list of lists of topics"),
        ("drop_topics", [-1], ValueError, "topics has the unknown topic -1"),
        ("drop_topics", [1.0], ValueError, "topics has the unknown topic 1.0"),
        ("drop_topics", [1, 1], ValueError, "topics has topic 1 twice"),
        ("drop_topics", [0, 1, 2, 3], ValueError, "leave at least one"),
        ("drop_topics", 1, TypeError, "topics must be a list of topics, not 1"),
        ("reorder_topics", [0, 1], ValueError, "order lacks the topics 2, 3; to leave"),
        ("reorder_topics", "size", TypeError, "order must be a list of topics"),
        ("reduce_topics", 5, ValueError, "n_components == 5, must be <= 4"),
        ("reduce_topics", 0, ValueError, "n_components == 0, must be >= 1"),
        ("topic_hierarchy", "single", ValueError, "must be 'ward' or 'average', not"),
    ],
)
def test_bad_edits(lda, method, argument, error, message):
    with pytest.raises(error, match=message):
        getattr(lda, method)(argument)


def test_stored_maps_are_checked(lda, tmp_path):
    for topics in ([[0], [9]], [[0], [0]], [[]], [[True]], [[0], 1]):
        forged = EditedTopicModel(FrozenEstimator(lda), topics)
        forged._topic_names = {}
        with pytest.raises(ValueError, match="topics"):
            save_model(forged, tmp_path / "model")
    forged = EditedTopicModel(lda, [[0]])
    forged._topic_names = {}
    with pytest.raises(ValueError, match="must be a FrozenEstimator of a topic model"):
        save_model(forged, tmp_path / "model")
    forged = lda.drop_topics([0])
    forged._topic_names = {3: "x"}
    with pytest.raises((ValueError, ModelFileError), match="other topics"):
        save_model(forged, tmp_path / "model")


@pytest.mark.parametrize("method", ["ward", "average"])
def test_the_hierarchy_joins_topics_that_share_words(method):
    # Subjects 0 and 3 share half of their words, in both languages.
    words = np.zeros((4, 16))
    for subject, columns in enumerate(
        [[0, 1, 2, 3], [6, 7, 8], [9, 10, 11], [2, 3, 4]]
    ):
        words[subject, columns] = 5
    subject = np.arange(80) % 4
    X = MultiView.from_arrays(counts={"en": words[subject], "de": words[subject]})
    model = PolylingualLDA(4, doc_topic_prior=0.1, max_iter=30, random_state=0).fit(X)
    of_subject = model.transform(X[:4]).argmax(axis=1)
    assert len({*of_subject}) == 4
    tree = model.topic_hierarchy(method)
    assert tree.shape == (3, 4) and {*tree[0, :2]} == {*of_subject[[0, 3]]}
    reduced = model.reduce_topics(3, method)
    assert sorted(of_subject[[0, 3]]) in reduced.topics and len(reduced.topics) == 3
    assert model.reduce_topics(4).topics == [[0], [1], [2], [3]]
    single = model.reduce_topics(1)
    assert single.transform(X).shape == (80, 1)
    with pytest.raises(ValueError, match="needs at least two topics"):
        single.topic_hierarchy()

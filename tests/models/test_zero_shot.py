"""ZeroShotTopicModel: topics of one text, asked of the views embedded like it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from published_loss import (
    FirstBatch,
    array_of,
    laplace_prior,
    positions,
    published_loss,
    slope,
)
from scipy import sparse
from scipy.special import log_softmax
from sklearn.base import clone

from sklearn_m3l import MultiView, View, ZeroShotTopicModel

# How the paper's model starts and predicts words.
PAPER = {"decoder": "product", "init": "random", "bias": False}


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


def quick(n_components=3, view="en", **parameters):
    fast = {
        "max_iter": 2,
        "init_max_iter": 10,
        "hidden_layer_sizes": (8,),
        "random_state": 0,
    }
    # As published; the decoder has batch normalization.
    fast |= {"decoder": "product", "init": "random", "bias": False}
    return ZeroShotTopicModel(n_components, view=view, **fast | parameters)


@pytest.fixture(scope="module")
def fitted(X):
    return quick().fit(X)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["embeddings", "counts"])
def test_loss_is_the_published_one(X, dropout, kind):
    X = X[["en"]][8:]
    counts = X["en"].counts.toarray()
    vectors = X["en"].embedding if kind == "embeddings" else counts
    first = FirstBatch()
    model = quick(
        4,
        view=None,
        batch_size=100,
        max_iter=1,
        hidden_layer_sizes=(7, 5),
        dropout=dropout,
        standardize=False,
        callbacks=[first],
        **PAPER,
    ).fit(X if kind == "embeddings" else counts)

    def loss(weights):
        rows = positions(first.vectors, vectors)
        assert sorted(rows) == list(range(52))
        return published_loss(
            weights, first, first.vectors, counts[rows], laplace_prior(4)
        )

    assert_allclose(52 * model.loss_curve_[0], loss(first.weights), rtol=1e-5)
    rng = np.random.default_rng(0)
    for _ in range(3):
        direction = {n: rng.normal(size=w.shape) for n, w in first.weights.items()}
        expected = slope(loss, first.weights, direction)
        along = sum((first.gradients[n] * direction[n]).sum() for n in direction)
        assert_allclose(along, expected, rtol=1e-3)


def test_weight_of_the_prior(X):
    X = X[["en"]][8:]
    losses = [
        quick(max_iter=1, batch_size=100, prior_weight=weight).fit(X).loss_curve_[0]
        for weight in (0.0, 1.0, 2.0)
    ]
    assert losses[1] > losses[0] + 0.1
    assert_allclose(losses[2] - losses[1], losses[1] - losses[0], rtol=1e-4)


@pytest.fixture(scope="module")
def aligned(plant):
    """Return planted tuples whose German is embedded as the English, but displaced."""
    X, planted = plant()
    rng = np.random.default_rng(1)
    english = X["en"].embedding
    german = 3 * english + 5 + 0.05 * rng.normal(size=english.shape)
    embeddings = {"en": english, "de": german, "image": X["image"].embedding}
    texts = {name: X[name] for name in ("en", "de")}
    return (
        MultiView.from_arrays(
            embeddings,
            {name: text.counts for name, text in texts.items()},
            {name: text.vocabulary for name, text in texts.items()},
        ),
        planted,
    )


def topic_numbers(words):
    """Return the planted topic of each learned one, all words of which must agree."""
    numbers = [{word.split("-")[1] for word in topic} for topic in words]
    assert all(len(number) == 1 for number in numbers)
    return [int(number.pop()) for number in numbers]


def test_topics_of_the_text_hold_for_an_aligned_view(aligned):
    X, planted = aligned
    model = quick(
        4, max_iter=60, hidden_layer_sizes=(50,), learning_rate_init=5e-3
    ).fit(X[:150])
    order = topic_numbers(model.top_words("en", 3))
    assert sorted(order) == [0, 1, 2, 3]
    for view in ("en", "de"):
        topics = model.transform(X[150:][[view]])
        for topic, number in enumerate(order):
            assert np.corrcoef(topics[:, topic], planted[150:, number])[0, 1] > 0.85
    labels = model.describe(X[150:][["de"]], n_words=1)
    assert list(labels.columns) == ["topic", "en"]
    clear = planted[150:].max(axis=1) > 0.8
    found = labels["en"][clear].str.split("-").str[1].astype(int)
    assert np.mean(found == planted[150:][clear].argmax(axis=1)) > 0.95


def test_trains_on_the_one_text_alone(X, fitted):
    rng = np.random.default_rng(0)
    other = MultiView.from_arrays(
        {
            "en": X["en"].embedding,
            "de": rng.normal(size=(60, 8)),
            "image": rng.normal(size=(60, 5)),
        },
        {"en": X["en"].counts, "de": rng.poisson(1, size=(60, 15))},
        {"en": X["en"].vocabulary},
        {"en": X.present["en"]},
    )
    same = quick().fit(other)
    assert_array_equal(same.components_, fitted.components_)
    english = X[X.present["en"]][["en"]]
    assert_array_equal(same.transform(english), fitted.transform(english))
    assert fitted.view_ == "en"
    assert list(fitted.topic_word_) == list(fitted.vocabularies_) == ["en"]
    assert fitted.components_.shape == (3, 12)
    assert list(fitted.topics_frame().columns) == ["en"]
    with pytest.raises(ValueError, match="'de' has no words; choose one of en"):
        fitted.top_words("de")


def as_english(vectors):
    return MultiView.from_arrays({"en": vectors})


def test_views_of_fit_are_standardized_by_their_own_statistics(X, fitted):
    vectors = {name: X[name].embedding[X.present[name]] for name in ("en", "de")}
    mean, scale = (
        {n: f(v, axis=0) for n, v in vectors.items()} for f in (np.mean, np.std)
    )
    moved = (vectors["de"] - mean["de"]) / scale["de"] * scale["en"] + mean["en"]
    german = X[X.present["de"]][["de"]]
    expected = fitted.transform(as_english(moved))
    assert_allclose(fitted.transform(german), expected, atol=1e-5)
    unmoved = fitted.transform(as_english(vectors["de"]))
    assert abs(fitted.transform(german) - unmoved).max() > 0.01
    plain = quick(standardize=False).fit(X)
    unmoved = plain.transform(as_english(vectors["de"]))
    assert_array_equal(plain.transform(german), unmoved)


def test_new_views_are_standardized_as_the_text(X, fitted):
    vectors = X["de"].embedding[X.present["de"]]
    expected = fitted.transform(as_english(vectors))
    new = MultiView.from_arrays({"fr": vectors}, {"fr": np.ones((58, 99))})
    assert_array_equal(fitted.transform(new), expected)
    # A view that fit has heard of, but not seen, is as good as new.
    absent = MultiView.from_arrays(
        {"en": X["en"].embedding, "de": X["de"].embedding},
        {"en": X["en"].counts},
        present={"en": X.present["en"], "de": np.zeros(60, dtype=bool)},
    )[X.present["en"]]
    german = MultiView.from_arrays({"de": vectors})
    expected = quick().fit(absent[["en"]]).transform(german)
    assert_array_equal(quick().fit(absent).transform(german), expected)


def test_transform_is_the_mean_over_views(X, fitted):
    both = X[X.present["en"] & X.present["de"]]
    parts = [fitted.transform(both[[name]]) for name in ("en", "de")]
    topics = fitted.transform(both[["de", "en"]])
    assert topics.dtype == np.float32
    assert_allclose(topics, np.mean(parts, axis=0), rtol=1e-5)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    only_german = fitted.transform(X[["en", "de"]])[7]
    assert_allclose(only_german, fitted.transform(X[7:8][["de"]])[0], atol=1e-6)
    with pytest.warns(UserWarning, match="2 of 60 rows have none of the views de"):
        topics = fitted.transform(X[["de"]])
    assert_array_equal(np.flatnonzero(np.isnan(topics[:, 0])), [3, 17])


UNALIGNED = {
    "another width": (
        lambda X: X[["image"]],
        "ZeroShotTopicModel infers topics from en, de, or from new views with aligned "
        "embeddings of width 8; X has only image",
    ),
    "no embedding": (
        lambda X: MultiView.from_arrays(counts={"de": X["de"].counts}),
        "view 'de' has no embedding, but ZeroShotTopicModel was fitted with an",
    ),
    "a new view without embedding": (
        lambda X: MultiView.from_arrays(counts={"fr": np.ones((60, 8))}),
        "new view 'fr' cannot be aligned with 'en': ZeroShotTopicModel was trained on "
        "embeddings of width 8, and 'fr' has no embedding; leave it",
    ),
    "a new view": (
        lambda X: MultiView.from_arrays({"fr": np.ones((60, 9))}),
        "view 'fr' cannot be aligned .* 'fr' has an embedding of width 9",
    ),
    "beside one that can be": (
        lambda X: MultiView({"en": X["en"], "fr": View(np.ones((60, 9)))}),
        "view 'fr' cannot be aligned",
    ),
}


@pytest.mark.parametrize("case", UNALIGNED)
@pytest.mark.parametrize("method", ["transform", "describe", "top_rows"])
def test_views_that_cannot_be_aligned(X, fitted, case, method):
    build, message = UNALIGNED[case]
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(build(X))


def test_counts_of_another_language_cannot_be_aligned(X):
    texts = X[["en", "de"]][18:]
    counts = {name: texts[name].counts[:, :12] for name in ("en", "de")}
    model = quick().fit(MultiView.from_arrays(counts=counts))
    assert model.transform(MultiView.from_arrays(counts={"en": counts["en"]})).shape
    message = "'fr' cannot be aligned .* was trained on its 12 word counts, and 'fr'"
    for french in (
        MultiView.from_arrays(counts={"fr": counts["de"]}),
        MultiView.from_arrays({"fr": np.ones((42, 12))}),
    ):
        with pytest.raises(ValueError, match=message):
            model.transform(french)
    with pytest.raises(ValueError, match="infers topics from en; X has only de"):
        model.transform(MultiView.from_arrays(counts={"de": counts["de"]}))


def test_other_english_than_in_fit(X, fitted):
    with pytest.raises(ValueError, match="view 'en' has width 9, but ZeroShotTopic"):
        fitted.transform(as_english(np.ones((4, 9))))
    words = MultiView.from_arrays(
        {"en": np.ones((4, 8))}, {"en": np.ones((4, 12))}, {"en": list("abcdefghijkl")}
    )
    with pytest.raises(ValueError, match="'en' has a different vocabulary than in fit"):
        fitted.transform(words)
    with pytest.raises(ValueError, match="view 'en' has no embedding"):
        fitted.transform(MultiView.from_arrays(counts={"en": X["en"].counts}))


@pytest.mark.parametrize("names", [["en"], ["en", "image"], ["image", "en"]])
def test_the_only_text_needs_no_name(X, names):
    X = X[names][8:]
    model = quick(view=None).fit(X)
    assert model.view_ == "en"
    assert model.view is None
    named = quick(view="en").fit(X)
    assert_array_equal(model.components_, named.components_)


@pytest.mark.parametrize("view", [None, "image", "fr"])
def test_texts_to_choose_from(X, view):
    message = f"view={view!r} is not a view for ZeroShot.* set view to one of: en, de$"
    with pytest.raises(ValueError, match=message):
        quick(view=view).fit(X)


@pytest.mark.parametrize("view", [None, "image"])
def test_no_text_at_all(X, view):
    message = f"view={view!r} is not a view .* none, there is no such view"
    with pytest.raises(ValueError, match=message):
        quick(view=view).fit(X[["image"]][1:5])


def test_rows_that_lack_the_text(X):
    X = X[X.present["en"] & X.present["de"]]
    english = np.arange(57) % 3 == 0
    rare = MultiView.from_arrays(
        {name: X[name].embedding for name in ("en", "de")},
        {name: X[name].counts for name in ("en", "de")},
        present={"en": english},
    )
    # They add nothing to the loss, but for what is drawn.
    mixed, alone = (
        quick(batch_size=100, max_iter=1).fit(rows).loss_curve_[0]
        for rows in (rare, rare[english])
    )
    assert_allclose(57 * mixed, 19 * alone, rtol=0.15)
    # Small batches have one row of the text, or none.
    assert np.isfinite(quick(batch_size=3).fit_transform(rare)).all()
    with pytest.raises(ValueError, match="view 'en' is absent in every row"):
        quick().fit(rare[~english])


def test_warm_start(X):
    model = quick(warm_start=True).fit(X)
    before = model.components_.copy()
    model.fit(X)  # with the pictures, that cannot be aligned
    assert model.n_iter_ == 4
    assert (model.components_ != before).any()
    model.fit(X[["en"]][8:])
    assert model.transform(X[["en", "de"]]).shape == (60, 3)
    with pytest.raises(ValueError, match="unknown view 'en'"):
        model.fit(X[["de"]][18:])
    vectors = MultiView.from_arrays({"en": X["en"].embedding[8:]})
    with pytest.raises(ValueError, match="view 'en' has no word counts"):
        model.fit(vectors)
    assert model.n_iter_ == 6


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, pd.DataFrame])
def test_counts_alone(X, container):
    counts = X["en"].counts.toarray()[8:]
    model = quick(view=None).fit(container(counts))
    topics = model.transform(container(counts))
    same = quick(view=None).fit(MultiView.from_arrays(counts={"en": counts}))
    expected = same.transform(MultiView.from_arrays(counts={"en": counts}))
    assert_allclose(topics, expected, atol=1e-6)
    assert_allclose(model.components_, same.components_, atol=1e-6)
    assert model.n_features_in_ == 12


def test_columns_of_a_table_are_words(X):
    counts = pd.DataFrame(
        X["en"].counts.toarray()[8:], columns=[f"word {w}" for w in range(12)]
    )
    model = quick(view=None).fit(counts)
    assert {*model.top_words(n_words=12)[0]} == {*counts.columns}
    assert_array_equal(model.feature_names_in_, counts.columns)


def test_score(X):
    fitted = quick(**PAPER).fit(X)
    some = X[["en", "de"]]
    decoder = fitted.net_.module_.decoders[0]
    logits = fitted.transform(some) @ fitted.components_
    mean, variance = array_of(decoder.norm.mean), array_of(decoder.norm.variance)
    log_p = log_softmax((logits - mean) / np.sqrt(variance + 1e-5), axis=1)
    counts = X["en"].counts.toarray()
    counts[7] = 0  # has no English
    expected = (counts * log_p).sum() / counts.sum()
    assert_allclose(fitted.score(some), expected, rtol=1e-5)
    message = r"score needs the word counts of a view .* \(en\); X has de"
    with pytest.raises(ValueError, match=message):
        fitted.score(X[["de"]])


def test_average_over_samples(X):
    english = X[["en"]][8:]
    sampled = quick(n_draws=2000).fit(english)
    means = quick().fit(english)
    assert_array_equal(sampled.components_, means.components_)
    difference = abs(sampled.transform(english) - means.transform(english)).max()
    assert difference > 0.02
    assert_array_equal(sampled.transform(english), sampled.transform(english))


def test_articles_stay_together(X, with_groups):
    articles = np.arange(60) // 4
    model = quick(early_stopping=True, validation_fraction=0.3)
    model.fit(with_groups(X, articles))
    assert np.isfinite(model.net_.history[:, "valid_loss"]).all()


def test_pandas_output_and_names(X, fitted):
    names = [f"zeroshottopicmodel{topic}" for topic in range(3)]
    assert_array_equal(fitted.get_feature_names_out(), names)
    assert_array_equal(fitted.feature_names_in_, ["en", "de", "image"])
    frame = (
        clone(fitted).set_output(transform="pandas").fit(X).transform(X[["en", "de"]])
    )
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == names
    assert frame.index.tolist() == X.index.tolist()
    assert_array_equal(frame, fitted.transform(X[["en", "de"]]))


def test_copies(X, fitted):
    texts = X[["en", "de"]]
    assert not hasattr(clone(fitted), "net_")
    assert_array_equal(clone(fitted).fit(X).transform(texts), fitted.transform(texts))
    stored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(stored.transform(texts), fitted.transform(texts))
    assert stored.score(texts) == fitted.score(texts)

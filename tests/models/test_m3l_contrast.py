"""M3LContrastTopicModel finds the topics that were planted."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from sklearn_m3l import M3LContrastTopicModel, MultiView

N_TOPICS = 4


def make_model(**parameters):
    learning = {
        "max_iter": 60,
        "batch_size": 32,
        "input_dropout": 0.2,
        "hidden_layer_sizes": (50,),
        "learning_rate_init": 5e-3,
        "random_state": 0,
    }
    return M3LContrastTopicModel(N_TOPICS, **learning | parameters)


def reciprocal_rank(queries, candidates):
    """Return the mean reciprocal rank of partners by cosine similarity."""
    queries, candidates = (
        part / np.linalg.norm(part, axis=1, keepdims=True)
        for part in (queries, candidates)
    )
    similarity = queries @ candidates.T
    ranks = (similarity >= similarity.diagonal()[:, None]).sum(axis=1)
    return (1 / ranks).mean()


def matched(topics, planted):
    """Return the planted topic of each learned one, and their correlations."""
    correlations = np.corrcoef(topics.T, planted.T)[:N_TOPICS, N_TOPICS:]
    _, order = linear_sum_assignment(-correlations)
    return order, correlations[np.arange(N_TOPICS), order]


@pytest.fixture(scope="module")
def corpus(plant):
    X, planted = plant()
    return X[:150], X[150:], planted[150:]


@pytest.fixture(scope="module")
def model(corpus):
    return make_model().fit(corpus[0])


@pytest.mark.parametrize("views", [["en"], ["de"], ["image"], ["en", "de", "image"]])
def test_finds_the_topics(model, corpus, views):
    _, held_out, planted = corpus
    _, correlations = matched(model.transform(held_out[views]), planted)
    assert (correlations > 0.9).all()


def test_finds_the_words(model, corpus):
    _, held_out, planted = corpus
    order, _ = matched(model.transform(held_out), planted)
    own = [
        word.startswith(f"{view}-{topic}-")
        for view in ("en", "de")
        for topic, words in zip(order, model.top_words(view, 3), strict=True)
        for word in words
    ]
    assert np.mean(own) > 0.9


@pytest.mark.parametrize("pair", [("en", "de"), ("de", "en"), ("en", "image")])
def test_finds_the_partner(model, corpus, pair):
    query, candidate = (model.transform(corpus[1][[view]]) for view in pair)
    assert reciprocal_rank(query, candidate) > 0.7  # 0.09 by chance
    assert reciprocal_rank(query, np.roll(candidate, 1, axis=0)) < 0.3


def test_words_for_pictures(model, corpus):
    _, held_out, planted = corpus
    clear = planted.max(axis=1) > 0.8
    labels = model.describe(held_out[["image"]], view="de", n_words=2)["de"]
    expected = planted[clear].argmax(axis=1)
    for words, topic in zip(labels[clear], expected, strict=True):
        assert all(word.startswith(f"de-{topic}-") for word in words.split(", "))


def test_pictures_for_topics(model, corpus):
    _, held_out, planted = corpus
    order, _ = matched(model.transform(held_out), planted)
    for topic, rows in zip(order, model.top_rows(held_out, "image", 3), strict=True):
        assert (planted[rows].argmax(axis=1) == topic).all()


def test_predicts_words(model, corpus):
    train, held_out, _ = corpus
    unigram = n_tokens = 0.0
    for view in ("en", "de"):
        p = train[view].counts.sum(axis=0) / train[view].counts.sum()
        unigram += held_out[view].counts.sum(axis=0) @ np.log(p)
        n_tokens += held_out[view].counts.sum()
    assert model.score(held_out) > unigram / n_tokens + 0.5
    assert model.score(held_out[["de", "image"]]) > unigram / n_tokens + 0.5
    # The words of a text do not enter, so that they can be predicted.
    swapped = MultiView.from_arrays(
        {name: np.roll(held_out[name].embedding, 1, axis=0) for name in ("en", "de")},
        {name: held_out[name].counts for name in ("en", "de")},
    )
    assert model.score(swapped) < model.score(held_out[["en", "de"]]) - 0.5


@pytest.mark.slow
def test_more_languages(plant):
    X, planted = plant(("en", "de", "fr", "image"))
    model = make_model(max_iter=40).fit(X[:150])
    assert list(model.topic_word_) == ["en", "de", "fr"]
    assert model.components_.shape == (N_TOPICS, 3 * 24)
    topics = model.transform(X[150:])
    assert matched(topics, planted[150:])[1].mean() > 0.8
    for view in X.view_names:
        order, correlations = matched(model.transform(X[150:][[view]]), topics)
        assert_array_equal(order, np.arange(N_TOPICS))
        assert (correlations > 0.9).all()


@pytest.mark.slow
def test_one_text(plant):
    X, planted = plant(["en"])
    model = make_model(max_iter=40).fit(X[:150])
    topics = model.transform(X[150:])
    assert (matched(topics, planted[150:])[1] > 0.8).all()


@pytest.fixture(scope="module")
def counts_alone(plant):
    """Return counts, and topics of their last rows, learned from the first as views."""
    X, planted = plant(["en"])
    counts = X["en"].counts.toarray()
    train, test = (
        MultiView.from_arrays(counts={"w": part})
        for part in (counts[:150], counts[150:])
    )
    topics = make_model(max_iter=30).fit(train).transform(test)
    assert (matched(topics, planted[150:])[1] > 0.8).all()
    return counts, topics


@pytest.mark.slow
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_counts_alone(counts_alone, container):
    # ProdLDA: the counts are what is encoded and what is reconstructed.
    counts, topics = counts_alone
    model = make_model(max_iter=30).fit(container(counts[:150]))
    assert_allclose(model.transform(container(counts[150:])), topics, atol=1e-5)


@pytest.mark.slow
def test_learns_where_views_are_missing(plant):
    X, planted = plant()
    rng = np.random.default_rng(1)
    present = {name: rng.random(200) < 0.6 for name in X.view_names}
    present["en"] |= ~present["de"] & ~present["image"]
    broken = {}
    for name, view in X.views.items():
        broken[name] = view.embedding.copy()
        broken[name][~present[name]] = np.nan
    texts = {name: X[name] for name in ("en", "de")}
    incomplete = MultiView.from_arrays(
        broken,
        {name: view.counts * present[name][:, None] for name, view in texts.items()},
        {name: view.vocabulary for name, view in texts.items()},
        present,
    )
    model = make_model().fit(incomplete[:150])
    topics = model.transform(X[150:])
    assert matched(topics, planted[150:])[1].mean() > 0.7
    for part in (X[["en"]], X[["de"]], X[["image"]], incomplete):
        order, correlations = matched(model.transform(part[150:]), topics)
        assert_array_equal(order, np.arange(N_TOPICS))
        assert (correlations > 0.8).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {"similarity": "dot", "temperature": 0.1},
        {"similarity": "hellinger"},
        {"contrast_on": "sample", "temperature": 0.07},
        {"inference_networks": "per_view"},
        {"temperature": 0.07, "contrastive_weight": 100.0},
        {"prior_weight": 0.0, "kl_weight": 1.0},
        {"activation": "relu", "hidden_layer_sizes": (30, 20), "dropout": 0.0},
        {"batch_size": 64, "activation": "tanh"},
    ],
    ids=lambda parameters: ",".join(map(str, parameters.values())),
)
def test_other_ways_to_learn(corpus, parameters):
    train, held_out, planted = corpus
    model = make_model(max_iter=30, **parameters).fit(train)
    theta = {view: model.transform(held_out[[view]]) for view in held_out.view_names}
    assert matched(model.transform(held_out), planted)[1].mean() > 0.6
    assert reciprocal_rank(theta["en"], theta["image"]) > 0.45


@pytest.mark.slow
def test_contrast_is_what_aligns_the_views(corpus):
    train, held_out, _ = corpus
    model = make_model(max_iter=20, contrastive_weight=0.0, kl_weight=0.0).fit(train)
    views = [model.transform(held_out[[view]]) for view in ("en", "image")]
    assert reciprocal_rank(*views) < 0.3


@pytest.fixture
def texts():
    """Return a function that builds two texts and a picture of one width each."""

    def build(aligned=True, widths=(6, 6, 6)):
        rng = np.random.default_rng(0)
        first = rng.normal(size=(80, 6))
        second = first if aligned else rng.normal(size=(80, 6))
        embeddings = {"en": first, "de": 3 * second + 1, "image": first}
        embeddings = {
            name: np.resize(vectors[:, :width], (80, width))
            for (name, vectors), width in zip(embeddings.items(), widths, strict=True)
        }
        counts = {name: rng.poisson(1, size=(80, 9)) for name in ("en", "de")}
        return MultiView.from_arrays(embeddings, counts)

    return build


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("auto", [0, 0, 1]),
        ("per_view", [0, 1, 2]),
        ("shared", [0, 0, 0]),
        ({"en": "text", "de": "text"}, [0, 0, 1]),
        ({"en": 1, "image": 1}, [0, 1, 0]),
        ({"de": "image"}, [0, 1, 2]),  # the name of a group, not of a view
        ({}, [0, 1, 2]),
    ],
)
def test_inference_networks(quick, texts, setting, expected):
    model = quick(inference_networks=setting).fit(texts())
    assert model.net_.module_.network_of == expected
    assert len(model.net_.module_.inference) == max(expected) + 1
    assert model.transform(texts()).shape == (80, 3)


def test_auto_shares_among_aligned_texts_only(quick, texts):
    def networks(X):
        return quick(inference_networks="auto").fit(X).net_.module_.network_of

    assert networks(texts(aligned=True)) == [0, 0, 1]
    assert networks(texts(aligned=False)) == [0, 1, 2]
    assert networks(texts(widths=(6, 5, 6))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("setting", "pair"),
    [
        ("shared", "views 'en' .width 6. and 'image' .width 4. cannot share"),
        ({"de": 0, "image": 0}, "views 'de' .width 6. and 'image' .width 4."),
    ],
)
def test_views_that_share_must_agree_in_width(quick, texts, setting, pair):
    with pytest.raises(ValueError, match=pair):
        quick(inference_networks=setting).fit(texts(widths=(6, 6, 4)))


def test_unknown_view_in_the_mapping(quick, texts):
    with pytest.raises(ValueError, match="names the unknown view 'fr'.* en, de, image"):
        quick(inference_networks={"en": 0, "fr": 0}).fit(texts())


def rescaled(X, scale, shift):
    """Change the columns of all embeddings."""
    return MultiView.from_arrays(
        {
            n: v.embedding * scale[: v.width] + shift[: v.width]
            for n, v in X.views.items()
        },
        {n: v.counts for n, v in X.views.items() if v.is_text},
        present=X.present,
    )


def test_standardize_undoes_scale_and_shift(quick, small_multiview):
    rng = np.random.default_rng(0)
    scale, shift = rng.uniform(0.1, 50, size=8), rng.normal(size=8)
    X = rescaled(small_multiview, np.ones(8), np.zeros(8))
    other = rescaled(small_multiview, scale, shift)
    # Rounding decides where biases drift that batch normalization takes away again, by
    # up to the learning rate per step.
    slow = {"learning_rate_init": 1e-3}
    same, changed = (quick(**slow).fit_transform(data) for data in (X, other))
    assert_allclose(changed, same, atol=0.005)
    plain = quick(standardize=False, **slow)
    assert not np.allclose(plain.fit_transform(other), plain.fit_transform(X), atol=0.1)
    # It is the statistics of the training data that are undone.
    model = quick().fit(X)
    assert not np.allclose(model.transform(other), model.transform(X), atol=0.1)
    assert_allclose(model.transform(X[:1]), model.transform(X)[:1], rtol=1e-4)


def test_statistics_are_those_of_the_rows_that_have_the_view(quick, small_multiview):
    module = quick(use_words=False).fit(small_multiview).net_.module_
    for standardize, view in zip(
        module.standardize, small_multiview.views.values(), strict=True
    ):
        vectors = view.embedding[view.present]
        assert_allclose(standardize.mean.cpu(), vectors.mean(axis=0), atol=1e-5)
        assert_allclose(standardize.scale.cpu(), vectors.std(axis=0), rtol=1e-4)


def test_a_column_that_never_changes(quick, small_multiview):
    X = rescaled(small_multiview, np.zeros(8), np.full(8, 7.0))
    assert np.isfinite(quick().fit_transform(X)).all()

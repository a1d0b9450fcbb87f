"""PolylingualLDA: one topic distribution a tuple, one word distribution a language."""

import pickle
import random
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln
from scipy.stats import spearmanr
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from threadpoolctl import threadpool_limits

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.gibbs import PolylingualGibbs
from sklearn_m3l.models._completion import split_documents

VIEWS = ("en", "de", "fr")


@pytest.fixture(scope="module")
def X(small_multiview):
    """Return tuples of English, German and pictures, some of which lack some."""
    return small_multiview


def quick(n_components=3, **parameters):
    fast = {"doc_topic_prior": 0.2, "max_iter": 5, "random_state": 0}
    fast |= {"optimize_interval": 0}
    short = {"transform_max_iter": 30, "burn_in": 5}
    return PolylingualLDA(n_components, **fast | short | parameters)


@pytest.fixture(scope="module")
def fitted(X):
    return quick(max_iter=30).fit(X)


def changed(X, embedded=False, **changes):
    """Rebuild the texts of a MultiView with other counts or presence."""
    texts = {name: view for name, view in X.views.items() if view.is_text}
    counts = {name: view.counts for name, view in texts.items()}
    words = {name: view.vocabulary for name, view in texts.items()}
    present = {name: X.present[name] for name in texts}
    counts, present = (
        kept | changes.get(what, {})
        for what, kept in (("counts", counts), ("present", present))
    )
    vectors = {name: texts[name].embedding for name in texts} if embedded else None
    return MultiView.from_arrays(vectors, counts, words, present)


@pytest.fixture(scope="module")
def planted_corpus():
    """Return short texts in three languages, and the topics that they are about.

    "de-2-5" is the last of the six German words of topic 2.
    """
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.full(4, 0.15), 150)
    words = [(topic, word) for topic in range(4) for word in range(6)]
    topic_word = np.repeat(np.eye(4), 6, axis=1) / 6
    counts = {name: rng.multinomial(15, theta @ topic_word) for name in VIEWS}
    names = {name: [f"{name}-{t}-{w}" for t, w in words] for name in VIEWS}
    pictures = {"image": rng.normal(size=(150, 4))}
    return MultiView.from_arrays(pictures, counts, names), theta


class TestPlanted:
    """Topics that were planted are found."""

    @staticmethod
    def best(*parts, n_components=4, **parameters):
        """Return the likeliest of three chains, as one of them may be stuck."""
        sweeps = {"max_iter": 40, "transform_max_iter": 60, "topic_word_prior": 0.1}
        chains = []
        for seed in range(3):
            model = quick(n_components, **sweeps | {"random_state": seed} | parameters)
            for part in parts:
                model.partial_fit(part)
            chains.append(model)
        return max(chains, key=lambda model: model.log_likelihood_[-1])

    @staticmethod
    def order(model, views):
        """Return the planted topic of each learned one; all words must agree on it."""
        words = [model.top_words(view, 6) for view in views]
        numbers = [
            {word.split("-")[1] for language in words for word in language[topic]}
            for topic in range(4)
        ]
        assert all(len(number) == 1 for number in numbers)
        order = [int(number.pop()) for number in numbers]
        assert sorted(order) == [0, 1, 2, 3]
        return order

    @pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2], VIEWS])
    def test_topics_and_words(self, planted_corpus, views):
        X, planted = planted_corpus
        model = self.best(X[:120][list(views)])
        order = self.order(model, views)
        for asked in [*([view] for view in views), list(views)]:
            topics = model.transform(X[120:][asked])
            assert abs(topics - planted[120:][:, order]).mean() < 0.06

    def test_more_languages_tell_more(self, planted_corpus):
        X, planted = planted_corpus
        model = self.best(X[:120])
        order = self.order(model, VIEWS)
        one, three = (
            abs(model.transform(X[120:][list(views)]) - planted[120:][:, order]).mean()
            for views in (VIEWS[:1], VIEWS)
        )
        assert three < 0.8 * one

    def test_tuples_that_lack_languages(self, planted_corpus):
        X, planted = planted_corpus
        rng = np.random.default_rng(0)
        present = {name: rng.random(150) < 0.6 for name in VIEWS}
        present["en"] |= ~present["de"] & ~present["fr"]
        incomplete = changed(X, present=present)
        model = self.best(incomplete[:120])
        order = self.order(model, VIEWS)
        topics = model.transform(incomplete[120:])
        assert abs(topics - planted[120:][:, order]).mean() < 0.06

    def test_languages_that_never_meet(self, planted_corpus):
        # English links German and French.
        X, _ = planted_corpus
        rows = np.arange(150)
        present = {"de": rows % 2 == 0, "fr": rows % 2 == 1}
        self.order(self.best(changed(X, present=present)), VIEWS)

    @pytest.mark.parametrize("n_parts", [2, 4])
    def test_partial_fit(self, planted_corpus, n_parts):
        X, planted = planted_corpus
        model = self.best(*(X[r] for r in np.array_split(np.arange(120), n_parts)))
        assert model.n_iter_ == 40 * n_parts
        order = self.order(model, VIEWS)
        topics = model.transform(X[120:])
        assert abs(topics - planted[120:][:, order]).mean() < 0.06

    def test_partial_fit_goes_by_what_was_learnt(self, planted_corpus):
        X, _ = planted_corpus
        model = self.best(X[:120])
        order = self.order(model, VIEWS)
        for view in VIEWS:
            model.set_params(max_iter=5).partial_fit(X[120:][[view]])
        assert self.order(model, VIEWS) == order

    def test_threads(self, planted_corpus):
        X, _ = planted_corpus
        one, two = (self.best(X, n_jobs=2) for _ in range(2))
        self.order(one, VIEWS)
        assert_array_equal(one.components_, two.components_)
        assert one.log_likelihood_ == two.log_likelihood_
        assert_array_equal(one.set_params(n_jobs=1).transform(X), two.transform(X))

    def test_prior_of_topics_of_unequal_size(self):
        rng = np.random.default_rng(0)
        sizes = np.array([0.3, 0.15, 0.1])
        theta = rng.dirichlet(sizes, 200)
        topic_word = np.repeat(np.eye(3), 5, axis=1) / 5
        counts = {name: rng.multinomial(15, theta @ topic_word) for name in VIEWS[:2]}
        X = MultiView.from_arrays(counts=counts)
        model = self.best(X, n_components=3, optimize_interval=5)
        words = model.topic_word_["en"].reshape(3, 3, 5).sum(axis=2)
        order = words.argmax(axis=1)
        assert sorted(order) == [0, 1, 2] and (words.max(axis=1) > 0.98).all()
        assert_allclose(model.doc_topic_prior_, sizes[order], rtol=0.4)
        # What is learned is what a tuple without words gets.
        nothing = MultiView.from_arrays(counts={"en": np.zeros((1, 15))})
        expected = model.doc_topic_prior_ / model.doc_topic_prior_.sum()
        with pytest.warns(UserWarning, match="^1 of 1 rows have no known word"):
            assert_allclose(model.transform(nothing)[0], expected, rtol=1e-5)

    def test_labels_and_rows(self, planted_corpus):
        X, planted = planted_corpus
        model = self.best(X)
        order = np.array(self.order(model, VIEWS))
        labels = model.describe(X[["de"]], "fr", n_words=2)
        assert list(labels.columns) == ["topic", "fr"]
        clear = planted.max(axis=1) > 0.9
        dominant = planted[clear].argmax(axis=1)
        assert_array_equal(order[labels["topic"][clear].astype(int)], dominant)
        for words, topic in zip(labels["fr"][clear], dominant, strict=True):
            assert all(word.startswith(f"fr-{topic}-") for word in words.split(", "))
        rows = model.top_rows(X, "de", n=3)
        assert_array_equal(
            planted[rows].argmax(axis=2), np.repeat(order[:, None], 3, 1)
        )


@pytest.fixture(scope="module")
def unequal_corpus():
    """Return texts about six topics of unequal size, their shares and their words."""
    rng = np.random.default_rng(0)
    theta = rng.dirichlet([0.4, 0.25, 0.15, 0.1, 0.06, 0.04], 400)
    topic_word = {name: rng.dirichlet(np.full(150, 0.05), 6) for name in VIEWS[:2]}
    counts = {name: rng.multinomial(20, theta @ p) for name, p in topic_word.items()}
    directions = rng.normal(size=(6, 10))
    embeddings = {
        name: theta @ directions + 0.1 * rng.normal(size=(400, 10)) for name in counts
    }
    return MultiView.from_arrays(embeddings, counts), theta.mean(axis=0), topic_word


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("background_share", [0.0, 0.3])
def test_prevalence_of_unequal_topics(unequal_corpus, background_share, seed):
    X, shares, topic_word = unequal_corpus
    model = PolylingualLDA(
        6, doc_topic_prior=0.2, topic_word_prior=0.05, max_iter=60, burn_in=10,
        background_share=background_share, optimize_interval=5, random_state=seed,
    ).fit(X)  # fmt: skip
    distance = sum(
        abs(planted[:, np.newaxis] - model.topic_word_[name]).sum(axis=2)
        for name, planted in topic_word.items()
    )
    planted, found = linear_sum_assignment(distance)
    assert distance[planted, found].max() < 1  # of 4: each is found, none is dead
    assert model.prevalence_.sum() == pytest.approx(1)
    assert spearmanr(model.prevalence_[found], shares).statistic >= 0.9
    assert_allclose(model.prevalence_[found], shares, atol=0.04)
    theta = model.transform(X)
    assert_allclose(theta.mean(axis=0), model.prevalence_, atol=0.04)


def test_prevalence_of_nothing():
    model = quick(4).fit(np.zeros((3, 5)))
    assert_array_equal(model.prevalence_, np.full(4, 0.25))


class TestBackground:
    """A background keeps words that are common everywhere out of the topics."""

    @staticmethod
    def corpus(n_rows=200):
        """Return texts of which half the words are of the same six in all of them."""
        rng = np.random.default_rng(0)
        theta = rng.dirichlet(np.full(3, 0.1), n_rows)
        topic_word = np.repeat(np.eye(3), 6, axis=1) / 6
        counts = {
            name: np.hstack(
                [rng.multinomial(10, theta @ topic_word), rng.poisson(3, (n_rows, 6))]
            )
            for name in VIEWS[:2]
        }
        embeddings = {name: theta + rng.normal(0, 0.05, theta.shape) for name in counts}
        return MultiView.from_arrays(embeddings, counts), theta

    def test_topics_are_free_of_common_words(self):
        X, theta = self.corpus()
        models = [quick(max_iter=60, background_share=s).fit(X) for s in (0, 0.6)]
        plain, free = ([m.topic_word_[n][:, 18:].sum() for n in VIEWS[:2]]
                       for m in models)  # fmt: skip
        assert max(free) < 0.8 * min(plain)
        model = models[1]
        order = model.topic_word_["en"][:, :18].reshape(3, 3, 6).sum(axis=2).argmax(1)
        assert sorted(order) == [0, 1, 2]
        assert abs(model.transform(X) - theta[:, order]).mean() < 0.1
        assert list(model.background_) == ["en", "de"]
        for name, words in model.background_.items():
            sizes = X[name].counts.sum(axis=0) + 0.01
            assert_allclose(words, sizes / sizes.sum())

    def test_words_are_predicted_from_both(self):
        X, _ = self.corpus()
        model = quick(background_share=0.6).fit(X)
        theta = model.transform(X)
        expected = 0.4 * theta @ model.topic_word_["de"] + 0.6 * model.background_["de"]
        assert_allclose(np.exp(model._decode("de", theta)), expected, rtol=1e-6)
        assert_allclose(expected.sum(axis=1), 1, rtol=1e-5)

    def test_a_single_topic_has_none(self):
        X, _ = self.corpus()
        model = quick(1, background_share=0.6).fit(X)
        assert model.background_ == {}
        sizes = X["en"].counts.sum(axis=0) + 0.01
        assert_allclose(model.topic_word_["en"][0], sizes / sizes.sum())

    def test_it_is_kept(self):
        X, _ = self.corpus()
        model = quick(background_share=0.6).fit(X[:100])
        words = model.background_["en"].copy()
        model.partial_fit(X[100:])
        assert_array_equal(model.background_["en"], words)
        again = pickle.loads(pickle.dumps(model))
        assert_array_equal(again.transform(X), model.transform(X))
        assert quick().fit(X).background_ == {}


def test_optimize_interval(X):
    assert_array_equal(quick().fit(X).doc_topic_prior_, [0.2, 0.2, 0.2])
    assert_allclose(PolylingualLDA(4, max_iter=1).fit(X).doc_topic_prior_, 1.25)
    # The first time after burn_in, and at multiples of the interval.
    for parameters, learned in (
        ({"optimize_interval": 3, "burn_in": 3, "max_iter": 5}, False),
        ({"optimize_interval": 3, "burn_in": 3, "max_iter": 6}, True),
        ({"optimize_interval": 3, "burn_in": 2, "max_iter": 3}, True),
        ({"optimize_interval": 7, "burn_in": 0, "max_iter": 6}, False),
    ):
        prior = quick(**parameters).fit(X).doc_topic_prior_
        assert (len(np.unique(prior)) > 1) == learned
        assert (prior > 0).all()


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, pd.DataFrame])
def test_one_language_is_lda(X, container):
    counts = X["en"].counts.toarray()[8:]
    model = quick().fit(container(counts))
    same = quick().fit(MultiView.from_arrays(counts={"en": counts}))
    assert_array_equal(model.components_, same.components_)
    topics = model.transform(container(counts))
    assert_array_equal(
        topics, same.transform(MultiView.from_arrays(counts={"en": counts}))
    )
    assert model.score(container(counts)) == same.score(
        MultiView.from_arrays(counts={"en": counts})
    )
    assert model.n_features_in_ == 12
    model.partial_fit(container(counts[:5]))
    assert_array_equal(
        sum(model.topic_word_counts_["text"]),
        counts.sum(axis=0) + counts[:5].sum(axis=0),
    )


def test_columns_of_a_table_are_words(X):
    table = pd.DataFrame(
        X["en"].counts.toarray()[8:],
        columns=[f"word {column}" for column in range(12)],
        index=[f"page {row}" for row in range(52)],
    )
    model = quick().set_output(transform="pandas").fit(table)
    assert {*model.top_words(n_words=12)[0]} == {*table.columns}
    assert_array_equal(model.feature_names_in_, table.columns)
    assert model.transform(table).index.tolist() == table.index.tolist()


def test_counts_are_those_of_the_texts(X, fitted):
    assert list(fitted.topic_word_counts_) == ["en", "de"]  # no pictures
    for name, n_words in (("en", 12), ("de", 15)):
        counts = fitted.topic_word_counts_[name]
        assert counts.shape == (3, n_words)
        assert (counts >= 0).all()
        words = X[name].counts.toarray()[X.present[name]].sum(axis=0)
        assert_array_equal(counts.sum(axis=0), words)
        means = fitted.mean_topic_word_counts_[name]
        assert_allclose(means.sum(axis=0), words)
        smooth = means + fitted.topic_word_prior
        expected = smooth / smooth.sum(axis=1, keepdims=True)
        assert_allclose(fitted.topic_word_[name], expected, rtol=1e-12)
    assert fitted.components_.shape == (3, 12 + 15)
    assert_array_equal(
        fitted.components_[:, :12], fitted.mean_topic_word_counts_["en"] + 0.01
    )
    assert_array_equal(
        fitted.components_[:, 12:], fitted.mean_topic_word_counts_["de"] + 0.01
    )
    assert list(fitted.vocabularies_) == ["en", "de"]
    assert list(fitted.topics_frame(3).columns) == ["en", "de"]
    best = fitted.topic_word_["de"][1].argsort()[::-1][:2]
    assert fitted.top_words("de", 2)[1] == [f"de-{word}" for word in best]


def test_counts_are_averaged_over_late_samples(X):
    # One chain, stopped at several sweeps.
    chain = {n: quick(max_iter=n).fit(X) for n in (9, 20, 21, 30, 31, 41)}
    for stop, samples in ((9, [9]), (20, [20]), (30, [20, 30]), (41, [21, 31, 41])):
        for name in ("en", "de"):
            counts = [chain[n].topic_word_counts_[name] for n in samples]
            mean = chain[stop].mean_topic_word_counts_[name]
            assert_allclose(mean, np.mean(counts, axis=0), rtol=1e-12)


def test_fractional_counts(X):
    rng = np.random.default_rng(0)
    weights = X["en"].counts.toarray() * rng.random((60, 12)) * 2
    model = quick().fit(changed(X, counts={"en": weights}))
    expected = weights[X.present["en"]].sum(axis=0)
    assert_allclose(model.topic_word_counts_["en"].sum(axis=0), expected, atol=0.002)
    # Such as TF-IDF, all of them below one, where topics are found nevertheless.
    theta = np.eye(2)[rng.integers(0, 2, 60)]
    small = theta.repeat(4, axis=1) * rng.random((60, 8)) * 0.9
    model = quick(2, max_iter=30).fit(small)
    half = model.topic_word_["text"].reshape(2, 2, 4).sum(axis=2)
    order = half.argmax(axis=1)
    assert (half.max(axis=1) > 0.95).all() and {*order} == {0, 1}
    found = order[model.transform(small).argmax(axis=1)]
    assert_array_equal(found, theta.argmax(axis=1))


def test_pictures_are_left_aside(X):
    pictures = quick().fit(X)
    texts = X[["en", "de"]]
    assert_array_equal(quick().fit(texts).components_, pictures.components_)
    assert_array_equal(pictures.transform(X), pictures.transform(texts))
    assert pictures.score(X) == pictures.score(texts)
    assert_array_equal(pictures.feature_names_in_, ["en", "de", "image"])
    assert pictures.n_features_in_ == 3


def test_embeddings_are_not_needed(X, fitted):
    plain = quick(max_iter=30, cluster_weight=0).fit(X)
    same = quick(max_iter=30).fit(changed(X))
    assert_array_equal(same.components_, plain.components_)
    assert_array_equal(same.transform(changed(X)), plain.transform(X))
    texts = X[["en", "de"]]
    assert_array_equal(same.transform(texts), plain.transform(texts))
    assert same.cluster_centers_ == plain.cluster_centers_ == {}
    assert (fitted.components_ != plain.components_).any()
    assert np.isfinite(fitted.transform(changed(X))).all()


@pytest.mark.parametrize("seed", range(4))
def test_topics_start_from_clusters_of_words(seed):
    # Sampling alone merges topics whose words are not shared, and never parts them.
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.full(5, 0.1), 200)
    topic_word = np.repeat(np.eye(5), 8, axis=1) / 8
    counts = rng.multinomial(20, theta @ topic_word)
    model = quick(5, max_iter=20, random_state=seed).fit(counts)
    words = model.topic_word_["text"].reshape(5, 5, 8).sum(axis=2)
    assert sorted(words.argmax(axis=1)) == [0, 1, 2, 3, 4]
    assert words.max(axis=1).min() > 0.95
    with threadpool_limits(3):
        again = quick(5, max_iter=20, random_state=seed).fit(counts)
    assert_array_equal(again.components_, model.components_)


class TestClusters:
    """Clusters of embeddings inform the prior."""

    @staticmethod
    def vague(n_rows=240, aligned=True, seed=0):
        """Return tuples of one word per text, and what each is about."""
        rng = np.random.default_rng(seed)
        about = rng.integers(0, 4, n_rows)
        topic_word = np.repeat(np.eye(4), 10, axis=1) / 10
        counts = {n: rng.multinomial(1, topic_word[about]) for n in ("en", "de")}
        directions = [rng.normal(size=(4, 6))] * 2
        if not aligned:
            directions = rng.normal(size=(2, 4, 6))
        embeddings = {
            name: own[about] + 0.2 * rng.normal(size=(n_rows, 6))
            for name, own in zip(("en", "de"), directions, strict=True)
        }
        return MultiView.from_arrays(embeddings, counts), about

    @staticmethod
    def purity(model, view):
        """Return the share of the topics' words that belong to their main topic."""
        return model.topic_word_[view].reshape(4, 4, 10).sum(axis=2).max(axis=1).mean()

    @staticmethod
    def silent(X, views):
        """Return the embeddings of some views, beside texts without words."""
        return MultiView.from_arrays(
            {name: X[name].embedding for name in views},
            {name: np.zeros_like(X[name].counts.toarray()) for name in views},
        )

    @pytest.mark.parametrize("aligned", [True, False])
    def test_topics_of_short_texts(self, aligned):
        X, about = self.vague(aligned=aligned)
        models = [quick(4, cluster_weight=w, max_iter=20).fit(X) for w in (0, 10)]
        for view in ("en", "de"):
            plain, informed = (self.purity(model, view) for model in models)
            assert informed > 0.95 > plain
        # Each view has centers, also where no text tells what a row is about.
        numbers = models[1].topic_word_["en"].reshape(4, 4, 10).sum(axis=2)
        expected = numbers.argmax(axis=1)
        for views in (["en"], ["de"], ["en", "de"]):
            theta = models[1].transform(self.silent(X, views))
            assert (expected[theta.argmax(axis=1)] == about).mean() > 0.95
        shared = models[1].cluster_centers_
        assert np.array_equal(shared["en"], shared["de"]) == aligned
        for centers in shared.values():
            assert centers.shape == (4, 6)

    def test_the_weight_is_that_of_so_many_tokens(self):
        X, _ = self.vague()
        model = quick(4, cluster_weight=3).fit(X)
        theta = np.sort(model.transform(self.silent(X, ["de"])), axis=1)
        total = 4 * 0.2 + 3
        expected = [0.2 / total] * 3 + [3.2 / total]
        assert_allclose(theta, np.tile(expected, (240, 1)), rtol=1e-6)

    def test_views_that_never_meet(self):
        X, about = self.vague(aligned=False)
        odd = np.arange(240) % 2 == 1
        apart = MultiView.from_arrays(
            {name: X[name].embedding for name in X.view_names},
            {name: X[name].counts for name in X.view_names},
            present={"en": odd, "de": ~odd},
        )
        model = quick(4, cluster_weight=10, max_iter=20)
        with pytest.warns(UserWarning, match="no row has two of the texts en, de"):
            model.fit(apart)
        for view in ("en", "de"):
            assert self.purity(model, view) > 0.95

    def test_views_that_never_meet_have_as_many_clusters(self):
        X, _ = self.vague(aligned=False)
        few = np.arange(240) < 3
        apart = MultiView.from_arrays(
            {name: X[name].embedding for name in X.view_names},
            {name: X[name].counts for name in X.view_names},
            present={"en": few, "de": ~few},
        )
        model = quick(4, cluster_weight=10, max_iter=5)
        with pytest.warns(UserWarning, match="no row has two of the texts en, de"):
            model.fit(apart)
        assert {len(c) for c in model.cluster_centers_.values()} == {4}
        assert np.isfinite(model.transform(X)).all()

    def test_rows_without_an_embedding(self):
        X, _ = self.vague()
        some = np.arange(240) < 200
        mixed = MultiView.from_arrays(
            {"en": X["en"].embedding},
            {name: X[name].counts for name in X.view_names},
            present={"en": some},
        )
        model = quick(4, cluster_weight=10).fit(mixed)
        assert list(model.cluster_centers_) == ["en"]
        theta = model.transform(mixed)
        bare = MultiView.from_arrays(counts={"de": X["de"].counts})
        assert_array_equal(theta[200:], model.transform(bare[200:]))
        nothing = MultiView.from_arrays(counts={"de": np.zeros((1, 40))})
        with pytest.warns(UserWarning, match="^1 of 1 rows have no known word"):
            assert_allclose(model.transform(nothing), 1 / 4)

    @pytest.mark.parametrize(("n_distinct", "n_clusters"), [(3, 3), (2, 2), (1, 0)])
    def test_never_more_clusters_than_distinct_rows(self, n_distinct, n_clusters):
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(n_distinct, 5))[np.arange(30) % n_distinct]
        counts = rng.poisson(1.0, (30, 8))
        X = MultiView.from_arrays({"en": vectors}, {"en": counts})
        model = quick(6).fit(X)
        centers = model.cluster_centers_.get("en", np.empty((0, 5)))
        assert len(centers) == n_clusters
        assert np.isfinite(model.transform(X)).all()

    def test_centers_are_kept(self):
        X, _ = self.vague()
        model = quick(4, cluster_weight=10).fit(X[:120])
        centers = model.cluster_centers_["en"].copy()
        model.partial_fit(X[120:])
        assert_array_equal(model.cluster_centers_["en"], centers)
        before = model.transform(self.silent(X, ["en"]))
        model.partial_fit(X[["de"]][:50])
        assert_array_equal(model.transform(self.silent(X, ["en"])), before)
        model.set_params(cluster_weight=0).fit(X)
        assert model.cluster_centers_ == {}

    def test_embedding_of_another_width(self):
        X, _ = self.vague()
        model = quick(4).fit(X)
        narrow = MultiView.from_arrays(
            {"de": np.ones((2, 5))}, {"de": np.ones((2, 40))}
        )
        message = "view 'de' has an embedding of width 5, .* fitted on width 6"
        for method in (model.transform, model.score, model.partial_fit):
            with pytest.raises(ValueError, match=message):
                method(narrow)

    def test_more_rows_than_clusters_are_learned_from(self):
        X, about = self.vague(25_000)
        model = quick(4, cluster_weight=10, max_iter=1).fit(X)
        theta = model.transform(self.silent(X, ["en", "de"]))
        table = np.zeros((4, 4))
        np.add.at(table, (about, theta.argmax(axis=1)), 1)
        assert table.max(axis=1).sum() > 0.98 * 25_000
        # Neither do the threads of other libraries change the bits.
        with threadpool_limits(3):
            again = quick(4, cluster_weight=10, max_iter=1).fit(X)
        assert_array_equal(again.cluster_centers_["en"], model.cluster_centers_["en"])
        assert_array_equal(again.components_, model.components_)


def test_what_absent_rows_hold_does_not_matter(X, fitted):
    junk = X["de"].counts.toarray()
    junk[~X.present["de"]] = 9
    other = changed(X, embedded=True, counts={"de": junk})
    same = quick(max_iter=30).fit(other)
    assert_array_equal(same.components_, fitted.components_)
    assert_array_equal(same.transform(other), fitted.transform(X))
    assert same.score(other) == fitted.score(X)


def test_no_text(X, fitted):
    pictures = X[["image"]][1:5]
    message = "PolylingualLDA needs the word counts of at least one text; .* image have"
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            getattr(clone(fitted), method)(pictures)
    before = fitted.components_.copy()
    message = "PolylingualLDA infers topics from en, de; X has only image"
    for method in ("partial_fit", "transform", "describe", "top_rows", "score"):
        with pytest.raises(ValueError, match=message):
            getattr(fitted, method)(pictures)
    assert_array_equal(fitted.components_, before)
    vectors = MultiView.from_arrays({"en": np.ones((4, 8))})
    with pytest.raises(ValueError, match="view 'en' has no word counts"):
        fitted.transform(vectors)


def test_rows_without_a_text(X, fitted):
    with pytest.warns(UserWarning, match="2 of 60 rows have none of the views de") as w:
        topics = fitted.transform(X[["de"]])
    assert len(w) == 1 and w[0].filename == __file__
    assert_array_equal(np.flatnonzero(np.isnan(topics).any(axis=1)), [3, 17])
    assert topics.dtype == np.float32
    silent = changed(X, embedded=True, present={"en": np.zeros(60, bool)})
    with pytest.warns(UserWarning, match="2 of 60 rows"):
        assert_array_equal(fitted.transform(silent), topics)
    labels = fitted.describe(X[["de"]])
    assert_array_equal(np.flatnonzero(labels["topic"].isna()), [3, 17])
    assert fitted.top_rows(X[["de"]], n=99).shape == (3, 58)
    with pytest.raises(
        ValueError, match="2 of 60 rows have no view.*: page-03, page-17"
    ):
        quick().fit(X[["de"]])
    # Rows that have nothing but a picture add nothing, and are not an error.
    pictured = quick().fit(X[["de", "image"]])
    words = X["de"].counts.toarray()[X.present["de"]].sum(axis=0)
    assert_array_equal(pictured.topic_word_counts_["de"].sum(axis=0), words)


def test_transform_goes_by_the_tuple_alone(X, fitted):
    topics = fitted.transform(X)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    assert_array_equal(fitted.transform(X), topics)
    rows = np.random.default_rng(0).permutation(60)
    assert_array_equal(fitted.transform(X[rows]), topics[rows])
    assert_array_equal(fitted.transform(X[20:23]), topics[20:23])
    for row in (0, 3, 7, 59):
        assert_array_equal(fitted.transform(X[row : row + 1])[0], topics[row])
    assert_array_equal(fitted.transform(X[["de", "image", "en"]]), topics)
    lacks_german = X[["en"]][[3, 17]]
    assert_array_equal(fitted.transform(lacks_german), topics[[3, 17]])
    assert_array_equal(fitted.transform(X[["de"]][7:8]), topics[7:8])
    try:
        assert_array_equal(fitted.set_params(n_jobs=3).transform(X), topics)
    finally:
        fitted.set_params(n_jobs=None)
    assert fitted.transform(X[:0]).shape == (0, 3)


def test_transform_is_the_posterior_of_all_languages():
    # Few enough words to sum over all the topics that they may have. The prior is so
    # small that it does not matter how much of it is in the answer.
    X = MultiView.from_arrays(
        counts={
            "en": [[4, 1, 0], [0, 2, 6], [3, 3, 1]],
            "de": [[5, 0], [1, 6], [2, 2]],
        }
    )
    model = quick(2, doc_topic_prior=0.05, topic_word_prior=0.5, max_iter=50).fit(X)
    words = {"en": [0, 2], "de": [1, 1, 1]}

    def posterior(views):
        """Return the mean share of each topic in the words."""
        emitted = np.hstack([model.topic_word_[name][:, words[name]] for name in views])
        n_words = emitted.shape[1]
        total = np.zeros(2)
        for topics in product(range(2), repeat=n_words):
            sizes = np.bincount(topics, minlength=2)
            prior = np.exp(gammaln(sizes + 0.05) - gammaln(0.05)).prod()
            total += prior * emitted[topics, np.arange(n_words)].prod() * sizes
        return total / total.sum()

    model.set_params(transform_max_iter=20_000)
    answers = []
    for views in (["en"], ["de"], ["en", "de"], ["de", "en"]):
        counts = {
            n: [np.bincount(words[n], minlength=5 - len(words[n]))] for n in views
        }
        tuples = MultiView.from_arrays(counts=counts)
        answers.append(model.transform(tuples)[0])
        assert_allclose(answers[-1], posterior(views), atol=0.03)
    # No two of these are near each other by chance.
    assert abs(answers[0] - answers[1]).min() > 0.1


def test_score(X, fitted):
    for views in (["en"], ["de", "en"]):
        some = X[views]
        has = np.any([X.present[name] for name in views], axis=0)
        halves = split_documents(some, views)
        likelihood = n_tokens = 0.0
        for given, predicted in (halves, halves[::-1]):
            topics = np.zeros((60, 3))
            topics[has] = fitted.transform(given[has])
            for name in views:
                counts = predicted[name].counts.toarray()[X.present[name]]
                words = topics[X.present[name]] @ fitted.topic_word_[name]
                likelihood += (counts * np.log(words)).sum()
                n_tokens += counts.sum()
        assert_allclose(fitted.score(some), likelihood / n_tokens, rtol=1e-5)
    uniform = -np.log(13.5)
    assert fitted.score(X) > uniform + 0.5


def test_log_likelihood_rises(X):
    model = quick(max_iter=40).fit(X)
    assert len(model.log_likelihood_) == model.n_iter_ == 40
    assert np.isfinite(model.log_likelihood_).all()
    first, last = (
        np.mean(model.log_likelihood_[:3]),
        np.mean(model.log_likelihood_[-10:]),
    )
    assert last > first + 20
    model.fit(X)
    assert model.n_iter_ == 40
    model.partial_fit(X)
    assert model.n_iter_ == 80


def test_more_sweeps_go_on_from_fewer(X):
    few, many = quick(max_iter=3).fit(X), quick(max_iter=6).fit(X)
    assert many.log_likelihood_[:3] == few.log_likelihood_


class TestPartialFit:
    """Further tuples are sampled into the standing counts."""

    def test_first_call_is_fit(self, X, fitted):
        model = quick(max_iter=30).partial_fit(X)
        assert_array_equal(model.components_, fitted.components_)
        assert_array_equal(model.transform(X), fitted.transform(X))

    def test_earlier_counts_stand(self, X):
        model = quick().fit(X[:40])
        before = {name: n.copy() for name, n in model.topic_word_counts_.items()}
        assert model.partial_fit(X[40:]) is model
        for name in ("en", "de"):
            added = model.topic_word_counts_[name] - before[name]
            assert (added >= 0).all()
            words = X[40:][name].counts.toarray()[X[40:].present[name]].sum(axis=0)
            assert_array_equal(added.sum(axis=0), words)

    def test_one_language_of_several(self, X):
        model = quick().fit(X)
        english = model.topic_word_counts_["en"].copy()
        german = model.topic_word_counts_["de"].copy()
        model.partial_fit(X[["de"]][18:])
        assert_array_equal(model.topic_word_counts_["en"], english)
        added = model.topic_word_counts_["de"] - german
        assert (added >= 0).all() and added.sum() == X[["de"]][18:]["de"].counts.sum()
        assert list(model.topic_word_) == ["en", "de"]
        assert model.transform(X).shape == (60, 3)

    def test_seeds(self, X):
        models = [quick(random_state=seed).fit(X[:40]) for seed in (0, 0, 1)]
        models[1] = pickle.loads(pickle.dumps(models[1]))
        for model in models:
            model.partial_fit(X[40:])
        components = [model.components_ for model in models]
        assert_array_equal(components[0], components[1])
        assert (components[0] != components[2]).any()
        # Other draws than before, or the same tuples would get the same topics.
        model = quick(max_iter=1).fit(X[:40])
        first = model.components_.copy() - 0.01
        model.partial_fit(X[:40])
        assert (model.components_ - 0.01 != 2 * first).any()

    def test_other_data_than_before(self, X):
        model = quick().fit(X)
        before = model.components_.copy()
        for data, error, message in (
            (
                MultiView.from_arrays(counts={"fr": np.ones((4, 9))}),
                ValueError,
                "unknown view 'fr'; PolylingualLDA was fitted on en, de, image",
            ),
            (
                MultiView.from_arrays(counts={"de": np.ones((4, 9))}),
                ValueError,
                "view 'de' has counts of 9 words, but PolylingualLDA was fitted on 15",
            ),
            (
                MultiView.from_arrays(
                    counts={"de": np.ones((4, 15))},
                    vocabularies={"de": [f"mot{word}" for word in range(15)]},
                ),
                ValueError,
                "view 'de' has a different vocabulary than in fit",
            ),
            (X[["image"]][1:5], ValueError, "infers topics from en, de; X has only"),
            (X[["de"]][:5], ValueError, "1 of 5 rows have no view.*: page-03"),
            (np.ones((4, 12)), TypeError, "was fitted on a MultiView"),
        ):
            with pytest.raises(error, match=message):
                model.partial_fit(data)
        assert_array_equal(model.components_, before)
        assert model.n_iter_ == 5

    def test_prior_is_learnt_on(self, X):
        model = quick(optimize_interval=2, burn_in=0).fit(X)
        before = model.doc_topic_prior_.copy()
        model.partial_fit(X)
        assert (model.doc_topic_prior_ != before).all()
        kept = model.doc_topic_prior_.copy()
        model.set_params(optimize_interval=0).partial_fit(X)
        assert_array_equal(model.doc_topic_prior_, kept)


def test_seeds(X):
    first, again, other = (quick(random_state=seed).fit(X) for seed in (0, 0, 1))
    assert_array_equal(first.components_, again.components_)
    assert_array_equal(first.transform(X), again.transform(X))
    assert (first.components_ != other.components_).any()
    assert_array_equal(again.fit(X).components_, first.components_)
    state = np.random.RandomState(0)
    runs = [quick(random_state=state).fit(X).components_ for _ in range(2)]
    assert_array_equal(runs[0], first.components_)
    assert (runs[1] != runs[0]).any()
    unseeded = [quick(random_state=None).fit(X) for _ in range(2)]
    assert (unseeded[0].components_ != unseeded[1].components_).any()
    assert_array_equal(unseeded[0].transform(X), unseeded[0].transform(X))


def test_global_generators_are_left_alone(X):
    np.random.seed(3)
    random.seed(3)
    before = np.random.get_state()[1].tolist(), random.getstate()
    model = quick(optimize_interval=2, burn_in=0).fit(X).partial_fit(X)
    model.transform(X)
    model.score(X)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    assert np.random.get_state()[2] == 624  # nothing drawn since the seed


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c(X, monkeypatch, method, n_jobs):
    model = quick(max_iter=10, n_jobs=n_jobs)
    expected = quick(max_iter=2, n_jobs=n_jobs)
    if method == "partial_fit":
        model.set_params(max_iter=2).fit(X[:40]).set_params(max_iter=10)
        expected.fit(X[:40])
    sweep, sweeps = PolylingualGibbs.sweep, []

    def interrupted(self, *args, **kwargs):
        sweeps.append(self)
        if len(sweeps) == 3:
            raise KeyboardInterrupt
        sweep(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(PolylingualGibbs, "sweep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            getattr(model, method)(X[40:])
    # It is where two full sweeps lead.
    getattr(expected, method)(X[40:])
    assert len(sweeps) == 3
    assert model.n_iter_ == expected.n_iter_
    assert model.log_likelihood_ == expected.log_likelihood_
    assert_array_equal(model.components_, expected.components_)
    assert_array_equal(model.transform(X), expected.transform(X))
    assert model.top_words("de") == expected.top_words("de")
    model.set_params(max_iter=2)
    assert_array_equal(
        model.partial_fit(X[:40]).components_, expected.partial_fit(X[:40]).components_
    )


@pytest.mark.parametrize("burn_in", [30, 99])
def test_burn_in_must_leave_something(X, burn_in):
    model = quick(burn_in=burn_in).fit(X)
    message = f"burn_in={burn_in} leaves none of the transform_max_iter=30 sweeps"
    for method in ("transform", "score", "describe", "top_rows"):
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(X)
    assert model.set_params(burn_in=29).transform(X).shape == (60, 3)


def test_progress_bar(X, capsys):
    quick().fit(X).partial_fit(X)
    assert capsys.readouterr() == ("", "")
    quick(verbose=1).fit(X)
    out, err = capsys.readouterr()
    assert out == "" and "Sampling: 100%" in err and "5/5" in err


@pytest.mark.parametrize("views", [["en"], ["en", "de"]])
def test_indices_of_any_width(X, views):
    def with_indices(dtype):
        rows = slice(8, None)  # one of the first lacks English
        counts = {n: sparse.csr_array(X[n].counts.toarray()[rows]) for n in views}
        for table in counts.values():
            table.indices = table.indices.astype(dtype)
            table.indptr = table.indptr.astype(dtype)
        return MultiView.from_arrays(counts=counts)

    narrow, wide = (with_indices(dtype) for dtype in (np.int32, np.int64))
    model = quick().fit(wide)
    assert_array_equal(model.components_, quick().fit(narrow).components_)
    assert_array_equal(model.transform(wide), model.transform(narrow))


def test_documents_without_known_words(X):
    counts = X["en"].counts.toarray()
    counts[:30] = 0
    silent = changed(X, counts={"en": counts})[8:]
    model = quick().fit(silent[["en"]])
    with pytest.warns(UserWarning, match="^22 of 52 rows have no known word"):
        topics = model.transform(silent[["en"]])
    assert_allclose(topics[:22], 1 / 3, rtol=1e-6)  # the mean of the prior
    assert (topics[22:].max(axis=1) > 0.4).all()
    nothing = quick().fit(np.zeros((4, 5)))
    assert_allclose(nothing.topic_word_["text"], 1 / 5)
    with pytest.warns(UserWarning, match="^2 of 2 rows have no known word"):
        assert_allclose(nothing.transform(np.zeros((2, 5))), 1 / 3, rtol=1e-6)


def test_topics_of_any_number(X):
    assert_array_equal(quick(1).fit(X).transform(X), np.ones((60, 1)))
    model = quick(300).fit(X)
    topics = model.transform(X)
    assert topics.shape == (60, 300) and np.isfinite(topics).all()
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(model.score(X))


def test_language_that_is_absent_everywhere(X):
    absent = changed(X, present={"de": np.zeros(60, bool)})[X.present["en"]]
    model = quick().fit(absent)
    assert_allclose(model.topic_word_["de"], 1 / 15)
    english = quick().fit(absent[["en"]])
    assert_array_equal(model.topic_word_["en"], english.topic_word_["en"])


def test_pandas_output_and_names(X, fitted):
    names = [f"polylinguallda{topic}" for topic in range(3)]
    assert_array_equal(fitted.get_feature_names_out(), names)
    frame = quick(max_iter=30).set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns) == names
    assert frame.index.tolist() == X.index.tolist()
    assert_array_equal(frame, fitted.transform(X))
    with config_context(transform_output="pandas"):
        assert isinstance(fitted.transform(X), pd.DataFrame)
        assert np.isfinite(fitted.score(X))
        assert fitted.top_rows(X).shape == (3, 10)


def test_copies(X, fitted):
    fresh = clone(fitted)
    assert not hasattr(fresh, "components_") and not hasattr(fresh, "n_iter_")
    assert_array_equal(fresh.fit(X).components_, fitted.components_)
    stored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(stored.transform(X), fitted.transform(X))
    assert stored.score(X) == fitted.score(X)
    assert stored.log_likelihood_ == fitted.log_likelihood_


def test_input_is_left_alone(X):
    before = pickle.dumps(X)
    model = quick()
    model.fit(X).partial_fit(X)
    model.score(X)
    assert pickle.dumps(X) == before
    assert model.get_params() == quick().get_params()


def test_fit_starts_afresh(X):
    model = quick(optimize_interval=2, burn_in=0).fit(X)
    components, prior = model.components_.copy(), model.doc_topic_prior_.copy()
    model.partial_fit(X).fit(X)
    assert_array_equal(model.components_, components)
    assert_array_equal(model.doc_topic_prior_, prior)
    model.set_params(n_components=5).fit(X[["en"]][8:])
    assert model.transform(X[["en"]][8:]).shape == (52, 5)
    with pytest.raises(ValueError, match="unknown view 'de'"):
        model.transform(X)


def test_grid_search(X):
    search = GridSearchCV(
        quick(),
        {"n_components": [2, 3], "optimize_interval": [0, 2]},
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(X)
    for number, parameters in enumerate(search.cv_results_["params"]):
        for fold, (train, test) in enumerate(search.cv.split(X)):
            score = search.cv_results_[f"split{fold}_test_score"][number]
            assert score == quick(**parameters).fit(X[train]).score(X[test])


@pytest.mark.parametrize("n_rows", [0, 1])
def test_too_few_rows(X, n_rows):
    with pytest.raises(ValueError, match=f"at least 2 rows; X has n_samples={n_rows}"):
        quick().fit(X[:n_rows])


@pytest.fixture
def with_count(X):
    """Return tuples with a huge German count, and how a message names it."""

    def make(count):
        counts = X["de"].counts.toarray().astype(float)
        row, column = np.argwhere((counts > 0) & X.present["de"][:, np.newaxis])[7]
        counts[row, column] = count
        other = changed(X, embedded=True, counts={"de": counts})
        word = re.escape(X["de"].vocabulary[column])
        return other, f"view 'de' counts '{word}' .* times in row {row}; .* 1,000,000"

    return make


@pytest.mark.parametrize("count", [1e6 + 1, 1e8, 1e300])
def test_counts_that_memory_has_no_room_for(fitted, with_count, count):
    X, message = with_count(count)
    for method in (quick().fit, fitted.transform, fitted.score, fitted.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_a_count_of_a_word_without_a_name():
    X = MultiView.from_arrays(counts={"en": [[1, 2], [0, 1e8]]})
    with pytest.raises(ValueError, match="view 'en' counts word 1 100,000,000 times"):
        quick().fit(X)


def test_neural_models_that_start_from_huge_counts(with_count):
    X, message = with_count(1e8)
    model = M3LContrastTopicModel(2, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert model.set_params(init="random").fit(X).n_iter_ == 1


def test_huge_counts_where_a_text_is_absent(X, fitted):
    counts = X["de"].counts.toarray()
    counts[~X.present["de"]] = 10**8
    other = changed(X, embedded=True, counts={"de": counts})
    assert_array_equal(fitted.transform(other), fitted.transform(X))

"""Halves of documents, and scores that predict one half from the other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.models._completion import split_counts


def halves(counts):
    """Return both halves of counts as arrays."""
    return [half.toarray() for half in split_counts(sparse.csr_array(counts))]


def poisson(n_rows=60, n_words=20, mean=1.5, seed=0):
    return np.random.default_rng(seed).poisson(mean, (n_rows, n_words)).astype(float)


class TestSplit:
    def test_every_token_is_in_one_half(self):
        counts = poisson()
        first, second = halves(counts)
        assert_array_equal(first + second, counts)
        assert (first >= 0).all() and (second >= 0).all()
        # Of an odd number of tokens the first half has one more.
        assert_array_equal(first.sum(axis=1), np.ceil(counts.sum(axis=1) / 2))

    def test_a_row_is_split_by_its_text_alone(self):
        counts = poisson()
        first, _ = halves(counts)
        order = np.random.default_rng(0).permutation(60)
        assert_array_equal(halves(counts[order])[0], first[order])
        assert_array_equal(halves(counts[7:8])[0], first[7:8])
        untidy = sparse.coo_array(counts)
        cells = (untidy.data[::-1], (untidy.row[::-1], untidy.col[::-1]))
        shuffled = sparse.coo_array(cells, counts.shape).tocsr()
        assert_array_equal(split_counts(shuffled)[0].toarray(), first)

    def test_fractions(self):
        counts = poisson() * np.random.default_rng(1).random((60, 20))
        first, second = halves(counts)
        assert_allclose(first + second, counts)
        assert abs(first.sum() / counts.sum() - 0.5) < 0.03
        # Weights below one are single tokens, which go to one half as a whole.
        weights = counts / counts.max() * 0.9
        first, second = halves(weights)
        assert ((first == 0) | (second == 0)).all()

    @pytest.mark.parametrize("value", [999.5, 2500.5, 123456.7, 1e12])
    def test_large_counts(self, value):
        first, second = halves([[value, 0.0, 3.0]])
        assert_allclose(first + second, [[value, 0, 3]])
        assert abs(first[0, 0] / value - 0.5) < 0.1

    def test_halves_of_chance_know_nothing_of_each_other(self):
        # What one half has of a word by chance, the other must not have too.
        first, second = halves(poisson(400, 50, mean=8.0))
        share_1, share_2 = (h / h.sum(axis=1, keepdims=True) for h in (first, second))
        result = stats.pearsonr(share_1.ravel(), share_2.ravel())
        assert abs(result.statistic) < 0.03

    def test_nothing(self):
        for shape in ((0, 5), (3, 5), (3, 0)):
            first, second = halves(np.zeros(shape))
            assert first.shape == second.shape == shape
            assert first.sum() == second.sum() == 0

    def test_input_is_left_alone(self):
        counts = sparse.csr_array(poisson())
        for array in (counts.data, counts.indices, counts.indptr):
            array.flags.writeable = False
        split_counts(counts)


@pytest.fixture(scope="module")
def planted():
    """Return counts of texts about six topics."""
    rng = np.random.default_rng(0)
    topic_word = rng.dirichlet(np.full(60, 0.05), 6)
    theta = rng.dirichlet(np.full(6, 0.1), 400)
    return np.array([rng.multinomial(40, p) for p in theta @ topic_word])


@pytest.fixture(scope="module")
def noise():
    """Return counts of texts that are all drawn from one distribution."""
    words = np.random.default_rng(0).dirichlet(np.full(60, 1.0))
    return np.random.default_rng(1).multinomial(40, words, 400)


MODELS = {
    "lda": PolylingualLDA(
        doc_topic_prior=0.1, max_iter=60, transform_max_iter=50, random_state=0
    ),
    "m3l": M3LContrastTopicModel(
        max_iter=30, hidden_layer_sizes=(50,), random_state=0, device="cpu"
    ),
}


def search(model, counts, numbers):
    """Return the number of topics that a search takes, and the scores."""
    cv = KFold(2, shuffle=True, random_state=0)
    found = GridSearchCV(model, {"n_components": numbers}, cv=cv, refit=False)
    found.fit(counts)
    return found.best_params_["n_components"], found.cv_results_["mean_test_score"]


@pytest.mark.slow
@pytest.mark.parametrize("model", list(MODELS))
def test_noise_has_one_topic(noise, model):
    best, scores = search(MODELS[model], noise, [1, 5, 40])
    assert best == 1, scores


@pytest.mark.slow
@pytest.mark.parametrize("model", list(MODELS))
def test_the_planted_number_of_topics_is_found(planted, model):
    best, scores = search(MODELS[model], planted, [2, 6, 40])
    assert best == 6, scores


def test_score_is_that_of_both_halves(planted):
    model = PolylingualLDA(6, max_iter=20, random_state=0).fit(planted)
    first, second = halves(planted)
    likelihood = 0.0
    for given, predicted in ((first, second), (second, first)):
        log_p = np.log(model.transform(given) @ model.topic_word_["text"])
        likelihood += (predicted * log_p).sum()
    assert model.score(planted) == pytest.approx(likelihood / planted.sum(), rel=1e-5)
    order = np.random.default_rng(0).permutation(len(planted))
    assert model.score(planted[order]) == pytest.approx(model.score(planted), rel=1e-9)


@pytest.mark.parametrize("use_words", [True, False])
def test_score_of_texts_with_and_without_embeddings(planted, use_words):
    # Of the texts that are read as words, one half is given; the words of all are
    # predicted.
    counts = {"en": planted[:100], "de": planted[100:200]}
    vectors = np.random.default_rng(0).normal(size=(100, 5))
    X = MultiView.from_arrays({"en": vectors}, counts)
    model = M3LContrastTopicModel(
        4, max_iter=2, hidden_layer_sizes=(8,), use_words=use_words, random_state=0
    ).fit(X)
    read = ["en", "de"] if use_words else ["de"]
    likelihood = 0.0
    for number in range(2):
        given = counts | {name: halves(counts[name])[number] for name in read}
        part = MultiView.from_arrays({"en": vectors}, given)
        theta = model.transform(part)
        for name in ("en", "de"):
            log_p = model._decode(name, theta)
            likelihood += (halves(counts[name])[1 - number] * log_p).sum()
    n_tokens = planted[:200].sum()
    assert model.score(X) == pytest.approx(likelihood / n_tokens, rel=1e-5)

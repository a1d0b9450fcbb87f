"""Words are predicted better than by frequency, and proportions mean something."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help

pytestmark = pytest.mark.slow


def unigram_score(train, test):
    """Return the log-likelihood per word of a model that knows frequencies alone."""
    total = n_tokens = 0.0
    for name in test.view_names:
        shares = train[name].counts.sum(axis=0) + 0.5
        shares = shares / shares.sum()
        counts = test[name].counts[test[name].present].sum(axis=0)
        total += counts @ np.log(shares)
        n_tokens += counts.sum()
    return total / n_tokens


def effective_topics(theta):
    """Return exp(entropy) of the topics of an average document."""
    entropy = -(theta * np.log(np.maximum(theta, 1e-30))).sum(axis=1)
    return np.exp(entropy).mean()


@pytest.fixture(scope="module")
def manual():
    return load_gimp_help("train").data, load_gimp_help("test").data


@pytest.fixture(scope="module")
def model(manual):
    return M3LContrastTopicModel(30, max_iter=15, random_state=0).fit(manual[0])


def test_words_are_predicted_better_than_by_frequency(model, manual):
    train, test = manual
    for views in (["en", "de"], ["en"]):
        assert model.score(test[views]) > unigram_score(train, test[views]) + 0.05


@pytest.mark.parametrize("view", ["en", "de", "image"])
def test_documents_have_some_topics_and_not_all(model, manual, view):
    test = manual[1]
    theta = model.transform(test[[view]][test.present[view]])
    assert effective_topics(theta) < 20


def test_documents_differ(model, manual):
    test = manual[1]
    theta = model.transform(test[["en"]][test.present["en"]])
    assert len(np.unique(theta.argmax(axis=1))) > 15


@pytest.fixture(scope="module")
def unequal():
    """Return texts of topics of which some are six times as common, and the topics."""
    rng = np.random.default_rng(0)
    n_rows, n_topics, n_words = 800, 8, 80
    shares = np.geomspace(1, 6, n_topics)
    theta = rng.dirichlet(shares / shares.sum(), n_rows)
    counts, embeddings = {}, {}
    for name in ("en", "de"):
        phi = rng.dirichlet(np.full(n_words, 0.1), n_topics)
        counts[name] = sparse.csr_array(
            np.array([rng.multinomial(60, p) for p in theta @ phi], dtype=float)
        )
        noise = 0.1 * rng.normal(size=(n_rows, 20))
        embeddings[name] = theta @ rng.normal(size=(n_topics, 20)) + noise
    vocabularies = {n: [f"{n}{word}" for word in range(n_words)] for n in counts}
    return MultiView.from_arrays(embeddings, counts, vocabularies), theta


MODELS = [
    M3LContrastTopicModel(8, max_iter=40, hidden_layer_sizes=(100,), random_state=0),
    PolylingualLDA(8, optimize_interval=5, max_iter=200, random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_shares_of_unequal_topics(unequal, model):
    X, planted = unequal
    model.fit(X)
    own = model.transform(X)
    # Pair each planted topic with the one that it goes with.
    correlation = np.corrcoef(planted.T, own.T)[:8, 8:]
    _, partner = linear_sum_assignment(-correlation)
    assert correlation[range(8), partner].min() > 0.9
    true = planted.mean(axis=0)
    assert spearmanr(true, model.prevalence_[partner]).statistic >= 0.9
    assert model.prevalence_.max() > 3 * model.prevalence_.min()
    assert spearmanr(true, own.mean(axis=0)[partner]).statistic >= 0.8
    assert own.mean(axis=0).max() > 2 * own.mean(axis=0).min()

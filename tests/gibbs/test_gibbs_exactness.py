"""The samplers against exact distributions, by enumeration of all topic assignments."""

from itertools import product

import numba
import numpy as np
import pytest
from dense_gibbs import DenseGibbs, joint_log_likelihood
from scipy import sparse, stats

from sklearn_m3l.gibbs import PolylingualGibbs, fold_in

needs_compilation = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="takes minutes without compilation"
)


def tokens_of(counts):
    """Return (document, language, word, weight) of each token, as documented."""
    tokens = []
    for doc in range(len(counts[0])):
        for language, matrix in enumerate(counts):
            for word, count in enumerate(matrix[doc]):
                whole = int(count)
                weights = [1.0] * whole + [count - whole] * (count > whole)
                tokens += [(doc, language, word, weight) for weight in weights]
    return tokens


def count_up(tokens, topics, counts, n_topics):
    """Return document-topic and topic-word weights of an assignment.

    A token with the topic `n_topics` is one of the background, which is not counted.
    """
    n_dk = np.zeros((len(counts[0]), n_topics))
    n_kw = [np.zeros((n_topics, len(matrix[0]))) for matrix in counts]
    for (doc, language, word, weight), topic in zip(tokens, topics, strict=True):
        if topic == n_topics:
            continue
        n_dk[doc, topic] += weight
        n_kw[language][topic, word] += weight
    return n_dk, n_kw


def key_of(n_dk, n_kw):
    return tuple(np.round(np.concatenate([n_dk.ravel(), *map(np.ravel, n_kw)]), 3))


def add_up(assignments, probabilities, counts, n_topics):
    """Return the probability of each state of the counts."""
    tokens = tokens_of(counts)
    states = {}
    for topics, probability in zip(assignments, probabilities, strict=True):
        key = key_of(*count_up(tokens, topics, counts, n_topics))
        states[key] = states.get(key, 0.0) + probability
    return states


def switch_log_likelihood(tokens, topics, n_topics, share, background):
    """Return log p of which tokens are of the background, and of their words."""
    if share == 0:
        return 0.0
    return sum(
        weight * np.log(share * background[language][word])
        if topic == n_topics
        else weight * np.log(1 - share)
        for (_, language, word, weight), topic in zip(tokens, topics, strict=True)
    )


def exact_posterior(counts, alpha, beta, share=0.0, background=None):
    """Return the posterior of the counts, where all tokens weigh the same.

    `alpha` has shape (n_topics,) or (n_documents, n_topics).
    """
    n_topics, tokens = alpha.shape[-1], tokens_of(counts)
    topics = range(n_topics + (share > 0))
    assignments = list(product(topics, repeat=len(tokens)))
    logs = np.array(
        [
            joint_log_likelihood(*count_up(tokens, z, counts, n_topics), alpha, beta)
            + switch_log_likelihood(tokens, z, n_topics, share, background)
            for z in assignments
        ]
    )
    weights = np.exp(logs - logs.max())
    return add_up(assignments, weights / weights.sum(), counts, n_topics)


def stationary_distribution(counts, alpha, beta):
    """Return the distribution that sweeps of the conditionals leave as it is.

    Where weights differ the conditionals belong to no joint distribution.
    """
    n_topics, tokens = len(alpha), tokens_of(counts)
    assignments = list(product(range(n_topics), repeat=len(tokens)))
    place = {topics: i for i, topics in enumerate(assignments)}
    sweep = np.eye(len(assignments))
    for token, (doc, language, word, weight) in enumerate(tokens):
        step = np.zeros_like(sweep)
        for i, topics in enumerate(assignments):
            n_dk, n_kw = count_up(tokens, topics, counts, n_topics)
            n_dk[doc, topics[token]] -= weight
            n_kw[language][topics[token], word] -= weight
            own = n_kw[language]
            p = (n_dk[doc] + alpha) * (own[:, word] + beta[language])
            p /= own.sum(axis=1) + own.shape[1] * beta[language]
            for topic in range(n_topics):
                after = (*topics[:token], topic, *topics[token + 1 :])
                step[i, place[after]] = p[topic] / p.sum()
        sweep = sweep @ step
    return add_up(assignments, np.linalg.matrix_power(sweep, 200)[0], counts, n_topics)


def sampled_states(
    counts, alpha, beta, seed, clusters=None, n_samples=3000, thinning=2, **params
):
    """Return how often a chain of the sampler is in each state of the counts."""
    n_words = [len(matrix[0]) for matrix in counts]
    sampler = PolylingualGibbs(n_words, alpha, beta, seed=seed, **params)
    counts = [sparse.csr_array(np.array(matrix, float)) for matrix in counts]
    sampler.add_documents(counts, clusters)
    states = {}
    for _ in range(n_samples):
        for _ in range(thinning):
            sampler.sweep()
        key = key_of(sampler.doc_topic_counts.toarray(), sampler.topic_word_counts)
        states[key] = states.get(key, 0) + 1
    return states


def p_value(observed, expected):
    """Return the p-value of the chi-square test, rare states taken together."""
    assert set(observed) <= set(expected)
    n = sum(observed.values())
    probability = np.array(list(expected.values()))
    counts = np.array([observed.get(key, 0) for key in expected])
    rare = probability * n < 10
    counts = np.append(counts[~rare], counts[rare].sum())
    probability = np.append(probability[~rare], probability[rare].sum())
    kept = probability > 0
    return stats.chisquare(counts[kept], probability[kept] * n).pvalue


@pytest.mark.slow
@needs_compilation
@pytest.mark.parametrize(
    ("counts", "alpha", "beta"),
    [
        ([[[2, 1], [0, 2]]], [0.3, 0.9], [0.4]),
        ([[[1, 1], [1, 0]], [[0, 1, 0], [0, 0, 2]]], [0.5, 0.7, 0.4], [0.6, 0.3]),
        ([[[1, 1], [0, 0], [0, 1]], [[0, 0], [1, 1], [0, 1]]], [0.2, 0.2], [0.5, 0.5]),
    ],
    ids=["one language", "two languages", "missing languages"],
)
def test_chain_has_the_exact_posterior(counts, alpha, beta):
    expected = exact_posterior(counts, np.array(alpha), beta)
    observed = sampled_states(counts, alpha, beta, seed=0)
    assert p_value(observed, expected) > 0.01


@pytest.mark.slow
@needs_compilation
def test_chain_with_seeds_has_the_exact_posterior():
    counts = [[[2, 1], [0, 2], [1, 0]], [[0, 0], [1, 0], [0, 1]]]
    alpha, seeds = np.array([0.3, 0.5, 0.2]), [np.array([[2.0, 0]]), np.array([[0, 1]])]
    padded = [np.vstack([own, np.zeros((2, 2))]) for own in seeds]
    prior = [own + beta for own, beta in zip(padded, [0.4, 0.6], strict=True)]
    expected = exact_posterior(counts, alpha, prior)
    observed = sampled_states(counts, alpha, [0.4, 0.6], seed=0, seed_counts=seeds)
    assert p_value(observed, expected) > 0.01


@pytest.mark.slow
@needs_compilation
@pytest.mark.parametrize("weight", [0.4, 3.0])
def test_chain_with_clusters_has_the_exact_posterior(weight):
    counts = [[[2, 1], [0, 2], [1, 0]], [[0, 0], [1, 0], [0, 1]]]
    alpha, clusters = np.array([0.3, 0.5, 0.2]), np.array([2, 0, -1])
    by_document = alpha + weight * (clusters[:, np.newaxis] == np.arange(3))
    expected = exact_posterior(counts, by_document, [0.4, 0.6])
    observed = sampled_states(
        counts, alpha, [0.4, 0.6], seed=0, clusters=clusters, cluster_weight=weight
    )
    assert p_value(observed, expected) > 0.01


BACKGROUND = [np.array([0.8, 0.2]), np.array([0.3, 0.7])]


@pytest.mark.slow
@needs_compilation
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_chain_with_a_background_has_the_exact_posterior(share):
    counts = [[[2, 1], [0, 2]], [[0, 0], [1, 0]]]
    alpha, clusters = np.array([0.3, 0.5]), np.array([1, -1])
    by_document = alpha + 0.7 * (clusters[:, np.newaxis] == np.arange(2))
    expected = exact_posterior(counts, by_document, [0.4, 0.6], share, BACKGROUND)
    observed = sampled_states(
        counts, alpha, [0.4, 0.6], seed=0, clusters=clusters, cluster_weight=0.7,
        background_share=share, background=BACKGROUND,
    )  # fmt: skip
    assert p_value(observed, expected) > 0.01


def test_enumeration_of_the_posterior_and_of_the_conditionals_agree():
    counts, alpha, beta = [[[1, 1]], [[0, 2]]], np.array([0.5, 1.5]), [0.3, 0.6]
    posterior = exact_posterior(counts, alpha, beta)
    stationary = stationary_distribution(counts, alpha, beta)
    assert stationary == pytest.approx(posterior, abs=1e-9)


@pytest.mark.slow
@needs_compilation
def test_chain_with_weights_has_the_stationary_distribution_of_the_conditionals():
    counts = [[[1.5, 0], [0.25, 1]], [[0, 1], [0.5, 0]]]
    alpha, beta = np.array([0.4, 0.8]), [0.5, 0.3]
    expected = stationary_distribution(counts, alpha, beta)
    observed = sampled_states(counts, alpha, beta, seed=0)
    assert p_value(observed, expected) > 0.01


def expected_theta(counts, topic_word, alpha, share, background):
    """Return the posterior mean of a single document's topics, words' known."""
    tokens = tokens_of(counts)
    total, mean = 0.0, np.zeros(len(alpha))
    for topics in product(range(len(alpha) + (share > 0)), repeat=len(tokens)):
        n_dk, _ = count_up(tokens, topics, counts, len(alpha))
        p = np.exp(
            joint_log_likelihood(n_dk, [], alpha, [])
            + switch_log_likelihood(tokens, topics, len(alpha), share, background)
        )
        for (_, language, word, _), topic in zip(tokens, topics, strict=True):
            if topic < len(alpha):
                p *= topic_word[language][topic, word]
        total += p
        mean += p * (n_dk[0] + alpha) / (n_dk.sum() + alpha.sum())
    return mean / total


@needs_compilation
@pytest.mark.parametrize(
    ("cluster", "share"), [(-1, 0.0), (0, 0.0), (1, 0.0), (-1, 0.4), (1, 0.4)]
)
def test_fold_in_has_the_exact_posterior_mean(cluster, share):
    alpha = np.array([0.3, 0.2, 0.6])
    topic_word = [
        np.array([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]]),
        np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]),
    ]
    background = [np.array([0.6, 0.4]), np.array([0.2, 0.3, 0.5])]
    counts = [[[2, 1]], [[0, 1, 1]]]
    theta = fold_in(
        [sparse.csr_array(m) for m in counts],
        topic_word,
        alpha,
        clusters=np.array([cluster]),
        cluster_weight=1.5,
        background_share=share,
        background=background,
        max_iter=20000,
        burn_in=100,
    )
    alpha += 1.5 * (np.arange(3) == cluster)
    expected = expected_theta(counts, topic_word, alpha, share, background)
    np.testing.assert_allclose(theta[0], expected, atol=0.006)


def test_smoothing_part_is_exact_where_proposals_are_hardly_ever_kept():
    # A word that no topic is known for; the likely topic is hardly ever proposed.
    alpha = np.array([1e-3, 1e-3, 1e-6])
    topic_word = np.array([[1e-4, 1 - 1e-4], [2e-4, 1 - 2e-4], [0.4, 0.6]])
    theta = fold_in(
        [sparse.csr_array([[1, 0]])],
        [topic_word],
        alpha,
        max_iter=2000,
    )
    expected = alpha * topic_word[:, 0]
    np.testing.assert_allclose(theta[0], expected / expected.sum(), atol=0.03)


@pytest.fixture(scope="module")
def planted():
    """Return tuples of two languages with planted topics, for training and held out."""
    rng = np.random.default_rng(0)
    topic_word = [rng.dirichlet(np.full(n, 0.05), 8) for n in (60, 40)]
    theta = rng.dirichlet(np.full(8, 0.2), 500)
    counts = [
        sparse.csr_array(np.array([rng.multinomial(25, p) for p in theta @ phi]))
        for phi in topic_word
    ]
    return [m[:400] for m in counts], [m[400:] for m in counts]


def held_out_log_likelihood(topic_word_counts, beta, alpha, held_out):
    """Return the mean log p of the second language's words, given the first's."""
    topic_word = [n + beta for n in topic_word_counts]
    topic_word = [n / n.sum(axis=1, keepdims=True) for n in topic_word]
    theta = fold_in(held_out[:1], topic_word[:1], alpha, max_iter=200)
    log_p = np.log(theta @ topic_word[1])
    return (held_out[1].toarray() * log_p).sum() / held_out[1].sum()


@pytest.mark.slow
@needs_compilation
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_as_good_as_the_dense_sampler(planted, n_jobs):
    train, held_out = planted
    alpha, beta = np.full(8, 0.2), 0.05
    results = {"dense": [], "sparse": []}
    for seed in range(3):
        dense = DenseGibbs(train, 8, 0.2, beta, seed)
        lean = PolylingualGibbs([60, 40], alpha, beta, seed=seed, n_jobs=n_jobs)
        lean.add_documents(train)
        for name, sampler in (("dense", dense), ("sparse", lean)):
            joint = []
            for _ in range(150):
                sampler.sweep()
                joint.append(sampler.log_likelihood() / 20000)
            held = held_out_log_likelihood(
                sampler.topic_word_counts, beta, alpha, held_out
            )
            results[name].append([np.mean(joint[-50:]), held])
    dense, lean = (np.max(results[name], axis=0) for name in ("dense", "sparse"))
    np.testing.assert_allclose(lean, dense, atol=0.02)

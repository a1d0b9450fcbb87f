"""The training sampler: its counts, threads, priors, interruption and reproduction."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest
from dense_gibbs import joint_log_likelihood
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import gammaln

from sklearn_m3l.gibbs import PolylingualGibbs

needs_compilation = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="takes minutes without compilation"
)

N_WORDS = [12, 7]


def make_counts(n_rows=40, seed=0, fractional=False):
    """Return counts of two languages; some rows lack one of them, one row both."""
    rng = np.random.default_rng(seed)
    counts = []
    for n_words in N_WORDS:
        matrix = rng.poisson(0.8, (n_rows, n_words)).astype(float)
        matrix[rng.random(n_rows) < 0.2] = 0
        matrix[3] = 0
        if fractional:
            matrix *= np.round(rng.uniform(0.5, 1.5, matrix.shape), 2)
        counts.append(sparse.csr_array(matrix))
    return counts


def make_sampler(counts=None, n_sweeps=5, n_topics=4, clusters=None, **params):
    sampler = PolylingualGibbs(
        N_WORDS, np.linspace(0.2, 0.8, n_topics), [0.1, 0.3], **params
    )
    sampler.add_documents(make_counts() if counts is None else counts, clusters)
    for _ in range(n_sweeps):
        sampler.sweep()
    return sampler


def assert_consistent(sampler, counts):
    """Check all counts against the documents and against the tokens' topics."""
    for matrix, n_kw in zip(counts, sampler.topic_word_counts, strict=True):
        np.testing.assert_allclose(n_kw.sum(axis=0), matrix.sum(axis=0), atol=1e-3)
    n_dk = sampler.doc_topic_counts
    np.testing.assert_allclose(
        n_dk.sum(axis=1), sum(matrix.sum(axis=1) for matrix in counts), atol=1e-3
    )
    tokens, _, totals = sampler._state
    recount = np.zeros((sampler.n_topics, sum(N_WORDS)))
    np.add.at(recount, (tokens.topics, tokens.words), tokens.weights)
    np.testing.assert_array_equal(np.hstack(sampler.topic_word_counts), recount)
    np.testing.assert_array_equal(
        totals, [n_kw.sum(axis=1) for n_kw in sampler.topic_word_counts]
    )
    np.testing.assert_array_equal(n_dk.sum(axis=0), recount.sum(axis=1))


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_counts_stay_consistent(n_jobs, fractional):
    counts = make_counts(fractional=fractional)
    sampler = make_sampler(counts, n_jobs=n_jobs, n_sweeps=0)
    assert_consistent(sampler, counts)
    for _ in range(8):
        sampler.sweep()
        assert_consistent(sampler, counts)


@needs_compilation
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_token_moves(n_jobs):
    sampler = make_sampler(n_sweeps=0, n_jobs=n_jobs)
    seen = [set() for _ in sampler._state.tokens.topics]
    for _ in range(300):
        sampler.sweep()
        for topics, topic in zip(seen, sampler._state.tokens.topics, strict=True):
            topics.add(int(topic))
    assert min(map(len, seen)) > 1


def test_threads_draw_independently():
    counts = [sparse.csr_array(np.full((2, 1), 200))]
    sampler = PolylingualGibbs([1], np.full(10, 1e3), 0.1, n_jobs=2)
    sampler.add_documents(counts)
    sampler.sweep()
    halves = sampler._state.tokens.topics.reshape(2, 200)
    assert np.mean(halves[0] == halves[1]) < 0.3


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_threads_after_a_fork():
    sampler = make_sampler(n_jobs=2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        forked = pool.apply(_sweep_and_score, (sampler,))
    assert forked == _sweep_and_score(sampler)


def _sweep_and_score(sampler):
    sampler.sweep()
    return sampler.log_likelihood()


def test_more_threads_than_documents():
    counts = [matrix[:2] for matrix in make_counts()]
    sampler = make_sampler(counts, n_jobs=8)
    assert_consistent(sampler, counts)


def test_documents_without_any_word():
    counts = [sparse.csr_array((3, n)) for n in N_WORDS]
    sampler = make_sampler(counts, n_jobs=2)
    sampler.optimize_doc_topic_prior()
    assert sampler.log_likelihood() == 0
    assert sampler.doc_topic_counts.shape == (3, 4)
    assert sampler.doc_topic_counts.nnz == 0
    assert (sampler.doc_topic_prior > 0).all()


def test_a_single_topic():
    counts = make_counts()
    sampler = make_sampler(counts, n_topics=1)
    for matrix, n_kw in zip(counts, sampler.topic_word_counts, strict=True):
        np.testing.assert_array_equal(n_kw[0], matrix.sum(axis=0))


def test_fractions_below_the_quantum_are_kept():
    counts = [sparse.csr_array([[1e-9] + [0.0] * (n - 1)]) for n in N_WORDS]
    sampler = make_sampler(counts)
    assert all(n_kw[:, 0].sum() > 0 for n_kw in sampler.topic_word_counts)


@needs_compilation
def test_large_counts():
    counts = [sparse.csr_array([[30000.25] + [0.0] * (n - 1)]) for n in N_WORDS]
    sampler = make_sampler(counts, n_sweeps=2)
    assert_consistent(sampler, counts)
    assert len(sampler._state.tokens.words) == 60002


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("cluster_weight", [0.0, 2.5])
def test_log_likelihood_is_the_closed_form(n_jobs, fractional, cluster_weight):
    clusters = np.arange(40) % 5 - 1
    sampler = make_sampler(
        make_counts(fractional=fractional),
        n_jobs=n_jobs,
        clusters=clusters,
        cluster_weight=cluster_weight,
    )
    extra = cluster_weight * (clusters[:, np.newaxis] == np.arange(4))
    expected = joint_log_likelihood(
        sampler.doc_topic_counts.toarray(),
        sampler.topic_word_counts,
        sampler.doc_topic_prior + extra,
        [0.1, 0.3],
    )
    assert sampler.log_likelihood() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("fractional", [False, True])
def test_log_likelihood_includes_the_background(fractional):
    words = [np.full(n, 1 / n) for n in N_WORDS]
    sampler = make_sampler(
        make_counts(fractional=fractional), background_share=0.3, background=words
    )
    tokens = sampler._state.tokens
    common = tokens.topics == 4
    assert 0.1 < common.mean() < 0.5
    expected = joint_log_likelihood(
        sampler.doc_topic_counts.toarray(),
        sampler.topic_word_counts,
        sampler.doc_topic_prior,
        [0.1, 0.3],
    )
    p = np.where(common, 0.3 * np.concatenate(words)[tokens.words], 0.7)
    expected += tokens.weights @ np.log(p)
    assert sampler.log_likelihood() == pytest.approx(expected, rel=1e-10)


def test_log_likelihood_of_a_long_document():
    counts = [sparse.csr_array(np.full((1, n), 100.0)) for n in N_WORDS]
    sampler = make_sampler(counts, n_sweeps=1)
    expected = joint_log_likelihood(
        sampler.doc_topic_counts.toarray(),
        sampler.topic_word_counts,
        sampler.doc_topic_prior,
        [0.1, 0.3],
    )
    assert sampler.log_likelihood() == pytest.approx(expected, rel=1e-10)


def test_same_seed_same_result():
    first, second, other = (make_sampler(seed=seed, n_jobs=2) for seed in (0, 0, 1))
    for a, b in zip(first.topic_word_counts, second.topic_word_counts, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(
        (a != b).any()
        for a, b in zip(first.topic_word_counts, other.topic_word_counts, strict=True)
    )


SCRIPT = """
import sys
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn_m3l.gibbs import PolylingualGibbs, fold_in

rng = np.random.default_rng(0)
counts = [sparse.csr_array(rng.poisson(0.5, (9, n)) * 0.75) for n in (8, 5)]
sampler = PolylingualGibbs([8, 5], np.array([0.2, 0.3, 1.5]), 0.1, seed=3, n_jobs=2)
sampler.add_documents(counts)
for _ in range(4):
    sampler.sweep()
topic_word = [n + 0.1 for n in sampler.topic_word_counts]
topic_word = [n / n.sum(axis=1, keepdims=True) for n in topic_word]
theta = fold_in(counts, topic_word, sampler.doc_topic_prior, seed=3)
print(sampler._state.tokens.topics.tobytes().hex(), theta.tobytes().hex())
print(round(sampler.log_likelihood(), 6))
"""


@pytest.mark.slow
def test_same_bits_in_another_process_and_without_compilation():
    results = set()
    for hash_seed, disable_jit in (("1", "0"), ("2", "1")):
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "NUMBA_DISABLE_JIT": disable_jit,
        }
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        results.add(run.stdout)
    assert len(results) == 1


def test_pickle_goes_on_to_the_same_bits():
    sampler = make_sampler(n_jobs=2)
    restored = pickle.loads(pickle.dumps(sampler))
    for each in (sampler, restored):
        each.optimize_doc_topic_prior()
        each.sweep()
    assert restored.log_likelihood() == sampler.log_likelihood()
    for a, b in zip(sampler.topic_word_counts, restored.topic_word_counts, strict=True):
        np.testing.assert_array_equal(a, b)


def test_documents_added_in_two_batches():
    counts = make_counts()
    sampler = make_sampler([matrix[:25] for matrix in counts])
    before = sampler.doc_topic_counts.toarray()
    sampler.add_documents([matrix[25:] for matrix in counts])
    assert sampler.n_documents == 40
    np.testing.assert_array_equal(sampler.doc_topic_counts.toarray()[:25], before)
    assert_consistent(sampler, counts)
    sampler.sweep()
    assert (sampler.doc_topic_counts.toarray()[:25] != before).any()
    assert_consistent(sampler, counts)


def test_documents_are_sampled_into_standing_counts():
    old = make_sampler(make_counts(fractional=True))
    standing = old.topic_word_counts
    new = make_counts(10, seed=1)
    sampler = make_sampler(new, topic_word_counts=standing, n_sweeps=10, n_jobs=2)
    assert sampler.n_documents == 10
    for n_kw, before, matrix in zip(
        sampler.topic_word_counts, standing, new, strict=True
    ):
        gained = n_kw - before
        assert (gained >= 0).all()
        np.testing.assert_array_equal(gained.sum(axis=0), matrix.sum(axis=0))


def test_standing_counts_draw_documents_to_their_topics():
    standing = [np.zeros((2, n)) for n in N_WORDS]
    for n_kw in standing:
        n_kw[0, :3] = 1000
        n_kw[1, 3:] = 1000
    counts = [np.zeros((2, n)) for n in N_WORDS]
    counts[0][0, :3] = counts[1][1, 3:] = 5
    sampler = PolylingualGibbs(
        N_WORDS, np.full(2, 0.1), 0.01, topic_word_counts=standing
    )
    sampler.add_documents([sparse.csr_array(matrix) for matrix in counts])
    sampler.sweep()
    np.testing.assert_array_equal(
        sampler.doc_topic_counts.toarray(), [[15, 0], [0, 20]]
    )


@pytest.mark.parametrize("cluster_weight", [0.0, 0.7])
def test_optimized_prior_maximizes_the_likelihood(cluster_weight):
    clusters = np.arange(100) % 5 - 1
    sampler = make_sampler(
        make_counts(100, fractional=True),
        n_sweeps=5,
        clusters=clusters,
        cluster_weight=cluster_weight,
    )
    n_dk = sampler.doc_topic_counts.toarray()
    extra = cluster_weight * (clusters[:, np.newaxis] == np.arange(4))

    def loss(log_alpha):
        alpha = np.exp(log_alpha) + extra
        rising = (gammaln(n_dk + alpha) - gammaln(alpha)).sum()
        total = alpha.sum(axis=1)
        rising -= (gammaln(n_dk.sum(axis=1) + total) - gammaln(total)).sum()
        return -(rising + 0.001 * log_alpha.sum() - np.exp(log_alpha).sum())

    best = np.exp(minimize(loss, np.zeros(4), method="BFGS", tol=1e-8).x)
    for _ in range(20):
        sampler.optimize_doc_topic_prior()
    np.testing.assert_allclose(sampler.doc_topic_prior, best, rtol=0.01)


@needs_compilation
def test_optimized_prior_finds_common_topics():
    rng = np.random.default_rng(0)
    theta = rng.dirichlet([2.0, 0.4, 0.1], 400)
    words = np.eye(3).repeat(4, axis=1) / 4
    counts = sparse.csr_array(np.array([rng.multinomial(40, p) for p in theta @ words]))
    sampler = PolylingualGibbs(
        [12], np.full(3, 1.0), 0.01, topic_word_counts=[1e4 * words]
    )
    sampler.add_documents([counts])
    for _ in range(5):
        sampler.sweep()
        sampler.optimize_doc_topic_prior()
    np.testing.assert_allclose(sampler.doc_topic_prior, [2.0, 0.4, 0.1], rtol=0.25)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupt_leaves_a_whole_sweep(n_jobs):
    counts = make_counts(400)
    sampler = make_sampler(counts, n_sweeps=0, n_jobs=n_jobs)
    for delay in (0.01, 0.05, 0.1):
        interrupt = threading.Timer(delay, signal.raise_signal, [signal.SIGINT])
        with pytest.raises(KeyboardInterrupt):
            interrupt.start()
            while True:
                sampler.sweep()
        interrupt.join()
        assert_consistent(sampler, counts)


def test_sweep_under_a_handler_of_another_language(monkeypatch):
    # Python knows such a handler as None, and cannot put it back.
    sampler, other = make_sampler(), make_sampler()
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    monkeypatch.setattr(signal, "signal", lambda *_: pytest.fail("handler is replaced"))
    sampler.sweep()
    monkeypatch.undo()
    other.sweep()
    assert sampler.log_likelihood() == other.log_likelihood()


def test_sweep_in_another_thread():
    sampler, other = make_sampler(n_jobs=2), make_sampler(n_jobs=2)
    thread = threading.Thread(target=sampler.sweep)
    thread.start()
    thread.join()
    other.sweep()
    assert sampler.log_likelihood() == other.log_likelihood()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([sparse.csr_array((2, 12)), sparse.csr_array((3, 7))], "number of rows"),
        ([sparse.csr_array((2, 12)), sparse.csr_array((2, 8))], "12, 7"),
        ([sparse.csr_array((2, 12))], "12, 7"),
        ([sparse.csr_array((1, 12)), sparse.csr_array([[-1.0] * 7])], "negative"),
        ([sparse.csr_array((1, 12)), sparse.csr_array([[np.nan] * 7])], "finite"),
    ],
)
def test_bad_counts_change_nothing(counts, message):
    sampler = make_sampler()
    before = sampler.log_likelihood()
    with pytest.raises(ValueError, match=message):
        sampler.add_documents(counts)
    assert sampler.n_documents == 40
    assert sampler.log_likelihood() == before


@pytest.mark.parametrize(
    ("alpha", "beta", "message"),
    [
        (np.ones(0), 0.1, "1 to 32767, got 0"),
        (np.ones(40000), 0.1, "1 to 32767, got 40000"),
        (np.array([1.0, 0.0]), 0.1, "prior"),
        (np.ones(2), [0.1, -1.0], "prior"),
    ],
)
def test_bad_priors(alpha, beta, message):
    with pytest.raises(ValueError, match=message):
        PolylingualGibbs(N_WORDS, alpha, beta)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_bad_cluster_weights(weight):
    with pytest.raises(ValueError, match="cluster_weight must be finite and not neg"):
        PolylingualGibbs(N_WORDS, np.ones(2), 0.1, cluster_weight=weight)


@pytest.mark.parametrize(
    ("share", "words", "message"),
    [
        (-0.1, None, "background_share must be at least 0 and below 1, got -0.1"),
        (1.0, None, "background_share must be at least 0 and below 1, got 1.0"),
        (np.nan, None, "background_share must be at least 0 and below 1, got nan"),
        (0.5, None, r"distribution over the words of each language, \[12, 7\]"),
        (0.5, [np.ones(12) / 12], r"words of each language, \[12, 7\]"),
        (0.5, [np.ones(12) / 12, np.zeros(7)], "background must be above zero"),
        (0.5, [np.full(12, np.nan), np.ones(7)], "background must be above zero"),
    ],
)
def test_bad_backgrounds(share, words, message):
    with pytest.raises(ValueError, match=message):
        PolylingualGibbs(
            N_WORDS, np.ones(2), 0.1, background_share=share, background=words
        )


def test_documents_start_where_they_are_told():
    starts = np.arange(40) % 5 - 1
    sampler = make_sampler(n_sweeps=0)
    counts = make_counts(seed=1)
    sampler.add_documents(counts, np.full(40, 3), starts)
    found = sampler.doc_topic_counts.toarray()[40:]
    sizes = sum(matrix.sum(axis=1) for matrix in counts)
    has = starts >= 0
    np.testing.assert_array_equal(found[has, starts[has]], sizes[has])
    assert (found[~has] > 0).any(axis=0).sum() > 1  # drawn
    with pytest.raises(ValueError, match="starts must be integers from 0 to 3"):
        sampler.add_documents(counts, starts=np.full(40, 4))
    with pytest.raises(ValueError, match=r"starts must have shape \(40,\), got"):
        sampler.add_documents(counts, starts=np.zeros(3, int))


@pytest.mark.parametrize("clusters", [[0, 1], [4] * 40, [-2] * 40, [0.5] * 40])
def test_bad_clusters_change_nothing(clusters):
    sampler = make_sampler(cluster_weight=1.0)
    before = sampler.log_likelihood()
    with pytest.raises(ValueError, match="clusters must"):
        sampler.add_documents(make_counts(), np.array(clusters))
    assert sampler.n_documents == 40
    assert sampler.log_likelihood() == before


def test_documents_start_in_their_clusters():
    clusters = np.arange(40) % 5 - 1
    sampler = make_sampler(clusters=clusters, cluster_weight=1e6, n_sweeps=0, n_jobs=2)
    expected = np.zeros((40, 4))
    sizes = sum(matrix.sum(axis=1) for matrix in make_counts())
    expected[np.arange(40), clusters] = sizes
    has = clusters >= 0
    found = sampler.doc_topic_counts.toarray()
    np.testing.assert_array_equal(found[has], expected[has])
    sampler.sweep()
    np.testing.assert_array_equal(
        sampler.doc_topic_counts.toarray()[has], expected[has]
    )


class TestSeeds:
    """Words that are favored in some topics."""

    counts = [sparse.csr_array([[3, 1, 0], [0, 2, 2.5]]), sparse.csr_array([[1], [4]])]
    seeds = [np.array([[2.0, 0, 0], [0, 0, 0.25]]), np.array([[0.0], [3]])]

    def sampler(self, **parameters):
        sampler = PolylingualGibbs([3, 1], np.full(3, 0.3), [0.4, 0.6], **parameters)
        sampler.add_documents(self.counts)
        sampler.sweep()
        return sampler

    def test_likelihood_is_that_of_an_asymmetric_prior(self):
        sampler = self.sampler(seed_counts=self.seeds)
        prior = [
            np.vstack([own, np.zeros((1, own.shape[1]))]) + beta
            for own, beta in zip(self.seeds, [0.4, 0.6], strict=True)
        ]
        expected = joint_log_likelihood(
            sampler.doc_topic_counts.toarray(),
            sampler.topic_word_counts,
            np.full(3, 0.3),
            prior,
        )
        assert sampler.log_likelihood() == pytest.approx(expected)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_seeds_are_no_tokens(self, n_jobs):
        sampler = self.sampler(seed_counts=self.seeds, n_jobs=n_jobs)
        for own, matrix in zip(sampler.topic_word_counts, self.counts, strict=True):
            assert_allclose(own.sum(axis=0), matrix.sum(axis=0))
            assert (own >= 0).all()
        again = self.sampler(seed_counts=self.seeds, n_jobs=n_jobs)
        again.sweep()
        again.set_state(sampler.get_state())
        for own, other in zip(
            again.topic_word_counts, sampler.topic_word_counts, strict=True
        ):
            assert_array_equal(own, other)

    def test_seeds_of_zero_change_no_bit(self):
        plain, seeded = (
            self.sampler(),
            self.sampler(seed_counts=[np.zeros((2, 3)), np.zeros((2, 1))]),
        )
        assert plain.log_likelihood() == seeded.log_likelihood()
        assert_array_equal(plain.topic_word_counts[0], seeded.topic_word_counts[0])

    @pytest.mark.parametrize(
        ("seeds", "message"),
        [
            ([np.zeros((2, 3)), np.zeros((1, 1))], "seed_counts must have a row for"),
            ([np.zeros((4, 3)), np.zeros((4, 1))], "of at most 3"),
            ([np.zeros((1, 3))], "seed_counts must have"),
            ([np.full((1, 3), -1), np.zeros((1, 1))], "finite and not negative"),
            ([np.full((1, 3), np.nan), np.zeros((1, 1))], "finite and not negative"),
        ],
    )
    def test_bad_seeds(self, seeds, message):
        with pytest.raises(ValueError, match=message):
            self.sampler(seed_counts=seeds)

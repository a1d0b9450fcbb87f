"""PolylingualLDA of one language beside tomotopy, scikit-learn, and gensim.

Every finished measurement is kept in a JSON file, and an interrupted run resumes from
there.
"""

from functools import partial
from pathlib import Path

import numpy as np
import tomotopy
from gensim.models import LdaModel
from scipy import sparse
from sklearn.decomposition import LatentDirichletAllocation

from benchmarks.peers.corpora import Corpus, read_multi30k
from benchmarks.peers.record import Record, spread, table, timed
from sklearn_m3l import PolylingualLDA
from sklearn_m3l.metrics import npmi_coherence, topic_diversity

FULL = {
    "quick": False,
    "rows": 20_000,
    "seeds": 3,
    "sweeps": 200,
    "sklearn_passes": 10,
    "gensim_passes": 5,
}
QUICK = {
    "quick": True,
    "rows": 2_000,
    "seeds": 1,
    "sweeps": 20,
    "sklearn_passes": 2,
    "gensim_passes": 1,
}
N_TOPICS, ALPHA, BETA = 100, 0.5, 0.01

NOTES = """\
Seconds are those of training alone, the counts being already in each model's own
format; ratios are to the first row, seed by seed; one core each unless it says
otherwise. Held-out: log-likelihood per word of one half of the words of each test
document, whose topics are inferred from the other half, for all models by the same
expectation maximization. NPMI: of the 10 first words in whole training documents;
diversity: of the 25 first words."""


def run(data: str, folder: Path, quick: bool) -> None:
    """Measure everything, and write the page."""
    settings = QUICK if quick else FULL
    packages = ("sklearn-m3l", "tomotopy", "scikit-learn", "gensim", "numpy")
    record = Record(folder, "lda", settings, packages)
    corpus = read_multi30k(data, settings["rows"])
    # Compiles the sampler, for one thread and for more.
    for n_jobs in (1, -1):
        PolylingualLDA(2, max_iter=1, n_jobs=n_jobs).fit(corpus.train[:100])
    ways = make_ways(settings)
    results: dict[str, list[dict]] = {name: [] for name in ways}
    for seed in range(settings["seeds"]):
        for name, way in ways.items():
            train = partial(evaluate, way, corpus, seed)
            results[name].append(record.measure(f"seed {seed}, {name}", train))
    data_line = (
        f"{corpus.title}, English; {N_TOPICS} topics, alpha {ALPHA}, beta {BETA}; "
        f"median and range of {settings['seeds']} seeds."
    )
    record.write_page(
        "PolylingualLDA of one language beside other implementations of LDA",
        [data_line, results_table(results), unigram_line(corpus), NOTES],
    )


def make_ways(settings: dict) -> dict:
    """Return the ways to train: functions of a corpus and a seed."""
    sweeps = settings["sweeps"]
    vb, online = settings["sklearn_passes"], settings["gensim_passes"]
    return {
        f"PolylingualLDA, {sweeps} sweeps": partial(ours, sweeps=sweeps, n_jobs=1),
        f"tomotopy, {sweeps} sweeps": partial(with_tomotopy, sweeps=sweeps, workers=1),
        f"scikit-learn, batch, {vb} passes": partial(with_sklearn, passes=vb),
        f"gensim, online, {online} passes": partial(with_gensim, passes=online),
        "PolylingualLDA, all cores": partial(ours, sweeps=sweeps, n_jobs=-1),
        "tomotopy, all cores": partial(with_tomotopy, sweeps=sweeps, workers=0),
    }


# Each returns a function that trains a model, and one that returns the topic-word
# distributions that it then has.


def ours(corpus: Corpus, seed: int, *, sweeps: int, n_jobs: int):
    """Prepare PolylingualLDA."""
    model = PolylingualLDA(
        N_TOPICS,
        doc_topic_prior=ALPHA,
        topic_word_prior=BETA,
        max_iter=sweeps,
        n_jobs=n_jobs,
        random_state=seed,
    )
    return partial(model.fit, corpus.train[["en"]]), lambda: model.topic_word_["en"]


def with_tomotopy(corpus: Corpus, seed: int, *, sweeps: int, workers: int):
    """Prepare tomotopy, its priors staying as they are, like ours."""
    model = tomotopy.LDAModel(k=N_TOPICS, alpha=ALPHA, eta=BETA, seed=seed)
    model.optim_interval = 0
    counts = corpus.train["en"].counts
    for words, numbers in rows_of(counts):
        model.add_doc(np.repeat(corpus.vocabulary[words], numbers).tolist())

    def topic_word():
        order = np.searchsorted(corpus.vocabulary, list(model.used_vocabs))
        found = np.empty((N_TOPICS, len(corpus.vocabulary)))
        for topic in range(N_TOPICS):
            found[topic, order] = model.get_topic_word_dist(topic)
        return found

    return partial(model.train, sweeps, workers=workers), topic_word


def with_sklearn(corpus: Corpus, seed: int, *, passes: int):
    """Prepare scikit-learn."""
    model = LatentDirichletAllocation(
        N_TOPICS,
        doc_topic_prior=ALPHA,
        topic_word_prior=BETA,
        max_iter=passes,
        random_state=seed,
    )

    def topic_word():
        return model.components_ / model.components_.sum(axis=1, keepdims=True)

    return partial(model.fit, sparse.csr_matrix(corpus.train["en"].counts)), topic_word


def with_gensim(corpus: Corpus, seed: int, *, passes: int):
    """Prepare gensim."""
    documents = [
        list(zip(words.tolist(), numbers.tolist(), strict=True))
        for words, numbers in rows_of(corpus.train["en"].counts)
    ]
    model = LdaModel(
        num_topics=N_TOPICS,
        id2word=dict(enumerate(corpus.vocabulary)),
        alpha=np.full(N_TOPICS, ALPHA),
        eta=BETA,
        passes=passes,
        random_state=seed,
    )
    return partial(model.update, documents), model.get_topics


def rows_of(counts):
    """Iterate over the words and the whole numbers of each row of counts."""
    for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        yield counts.indices[start:stop], counts.data[start:stop].astype(int)


def evaluate(way, corpus: Corpus, seed: int) -> dict:
    """Train a model, and return its seconds and scores."""
    train, topic_word = way(corpus, seed)
    _, seconds = timed(train)
    topics = np.asarray(topic_word(), dtype=np.float64)
    order = np.argsort(-topics, axis=1, kind="stable")[:, :25]
    words = corpus.vocabulary[order].tolist()
    return {
        **seconds,
        "held_out": complete_documents(corpus.test["en"].counts, topics),
        "npmi": npmi_coherence(words, corpus.train["en"].counts, corpus.vocabulary),
        "diversity": topic_diversity(words),
    }


def split_documents(counts) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Split the words of each document into halves at random, always in one way."""
    whole = counts.astype(int)
    half = whole.copy()
    half.data = np.random.default_rng(0).binomial(whole.data, 0.5)
    return half, whole - half


def complete_documents(counts, topics: np.ndarray, n_iter: int = 100) -> float:
    """Return the mean log-likelihood of a word of one half, given the other half."""
    given, hidden = (half.tocoo() for half in split_documents(counts))
    theta = np.full((counts.shape[0], len(topics)), 1 / len(topics))
    by_row = sparse.csr_array(
        (given.data, (given.row, np.arange(given.nnz))), (len(theta), given.nnz)
    )
    likelihood = topics[:, given.col].T
    for _ in range(n_iter):
        share = theta[given.row] * likelihood
        theta = ALPHA + by_row @ (share / share.sum(axis=1, keepdims=True))
        theta /= theta.sum(axis=1, keepdims=True)
    p = np.einsum("ij,ij->i", theta[hidden.row], topics[:, hidden.col].T)
    return float(hidden.data @ np.log(p) / hidden.data.sum())


def unigram_line(corpus: Corpus) -> str:
    """Tell what the frequencies of the words alone score."""
    frequency = corpus.train["en"].counts.sum(axis=0)
    value = complete_documents(
        corpus.test["en"].counts, frequency[np.newaxis] / frequency.sum()
    )
    return f"Held-out of the frequencies of words alone: {value:.3f}."


def results_table(results: dict[str, list[dict]]) -> str:
    """Return a table of seconds and scores."""
    first = next(iter(results.values()))
    rows = []
    for name, found in results.items():
        row = [name, spread((r["wall"] for r in found), 1)]
        for clock in ("wall", "processor"):
            ratios = [a[clock] / b[clock] for a, b in zip(found, first, strict=True)]
            row.append(spread(ratios, 2))
        row += [spread(r[score] for r in found) for score in ("held_out", "npmi")]
        rows.append([*row, spread((r["diversity"] for r in found), 2)])
    header = ["", "seconds", "ratio", "ratio (processor)", "held-out", "NPMI"]
    return table([*header, "diversity"], rows)

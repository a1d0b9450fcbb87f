"""Fold in new documents: infer their topics while the words of topics stay fixed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from sklearn_m3l.gibbs._kernels import (
    Factors,
    fold_in_documents,
    make_scratch,
    random_stream,
)
from sklearn_m3l.gibbs._prior import check_prior
from sklearn_m3l.gibbs._tokens import even_parts, first_words, tokenize
from sklearn_m3l.gibbs._word_rows import rows_above
from sklearn_m3l.utils._threads import run_blocks

# Draws of topics between two checks for Ctrl-C: they take a fraction of a second.
_DRAWS = 2_000_000


def fold_in(
    counts: Sequence[sparse.csr_matrix | sparse.csr_array],
    topic_word: Sequence[np.ndarray],
    doc_topic_prior: np.ndarray,
    *,
    clusters: np.ndarray | None = None,
    cluster_weight: float = 0.0,
    background_share: float = 0.0,
    background: Sequence[np.ndarray] | None = None,
    max_iter: int = 50,
    burn_in: int = 10,
    seed: int = 0,
    n_jobs: int = 1,
) -> np.ndarray:
    """Return the posterior mean of documents' topic distributions by Gibbs sampling.

    Parameters
    ----------
    counts : sequence of CSR matrix of shape (n_docs, n_words_l)
        Non-negative word counts in each language; a document may lack languages.
        Fractions are weights: 2.3 is two tokens of weight 1 and one of weight 0.3.
    topic_word : sequence of ndarray of shape (n_topics, n_words_l)
        Word distribution of each topic in each of these languages, all above zero.
    doc_topic_prior : ndarray of shape (n_topics,)
        Dirichlet parameters of the documents.
    clusters : ndarray of int of shape (n_docs,), optional
        The topic that the prior of each document favors by `cluster_weight`; -1 for
        none.
    cluster_weight : float, default=0.0
        Added to the Dirichlet parameter of that topic.
    background_share : float in [0, 1), default=0.0
        Probability that a token comes from the background instead of from a topic.
    background : sequence of ndarray of shape (n_words_l,), optional
        The background distribution of each language, above zero. Needed with
        `background_share`.
    max_iter : int, default=50
        Number of sweeps over each document.
    burn_in : int, default=10
        Sweeps to discard before averaging.
    seed : int, default=0
        Seed. The result for a document depends only on the seed and that document, not
        on other documents or their order.
    n_jobs : int, default=1
        Number of threads. It does not change the result.

    Returns
    -------
    ndarray of shape (n_docs, n_topics)
        Posterior mean of the topic distribution of each document, averaged over the
        sweeps after the first `burn_in`; the mean of its prior if the document is
        empty.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sklearn_m3l.gibbs import fold_in
    >>> topic_word = np.array([[0.99, 0.01], [0.01, 0.99]])
    >>> counts = sparse.csr_array([[8, 0], [0, 2], [0, 0]])
    >>> fold_in([counts], [topic_word], np.array([0.1, 0.1])).round(1)
    array([[1. , 0. ],
           [0. , 1. ],
           [0.5, 0.5]])
    """
    if not 0 <= burn_in < max_iter:
        raise ValueError(
            f"burn_in must be at least 0 and below max_iter={max_iter}, got {burn_in}"
        )
    floors = np.array([matrix.min(axis=1) for matrix in topic_word], np.float64)
    if not (floors > 0).all():
        raise ValueError("all probabilities in topic_word must be above zero")
    n_words = [matrix.shape[1] for matrix in topic_word]
    prior = check_prior(
        doc_topic_prior, cluster_weight, background_share, background, n_words
    )
    n_topics = len(prior.topics)
    tokens = tokenize(counts, clusters, n_topics)
    rows = rows_above(topic_word, floors)
    first_word = first_words(n_words)
    factors = Factors(np.ones_like(floors), floors, floors.max(axis=1))
    theta = np.zeros((len(tokens.doc_start) - 1, n_topics))
    prior_weight = np.zeros((len(theta), 1))
    stream = random_stream(seed)

    n_draws = len(tokens.words) * max_iter
    bounds = even_parts(tokens.doc_start, max(n_jobs, -(-n_draws // _DRAWS)))

    def fold_in_block(block: tuple[int, int]) -> None:
        scratch = make_scratch(prior, stream.copy())
        fold_in_documents(
            *block, max_iter, burn_in, tokens, first_word, rows, factors, stream,
            scratch, theta, prior_weight[:, 0],
        )  # fmt: skip

    run_blocks(fold_in_block, pairwise(bounds), min(n_jobs, len(bounds) - 1))
    theta += prior_weight * prior.topics
    clustered = np.flatnonzero(tokens.clusters >= 0)
    extra = cluster_weight * prior_weight[clustered, 0]
    theta[clustered, tokens.clusters[clustered]] += extra
    return theta / theta.sum(axis=1, keepdims=True)

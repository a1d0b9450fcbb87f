"""Folding in: the topics of new documents, the topics' words being known."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sklearn_m3l.gibbs._kernels import Factors, fold_in_documents, make_scratch
from sklearn_m3l.gibbs._random import random_stream
from sklearn_m3l.gibbs._tokens import even_parts, first_words, tokenize
from sklearn_m3l.gibbs._word_rows import rows_above
from sklearn_m3l.utils._threads import run_threads


def fold_in(
    counts: Sequence[sparse.csr_matrix | sparse.csr_array],
    topic_word: Sequence[np.ndarray],
    doc_topic_prior: np.ndarray,
    *,
    max_iter: int = 50,
    burn_in: int = 10,
    prior_weight: float = 0.1,
    seed: int = 0,
    n_jobs: int = 1,
) -> np.ndarray:
    """Return the topic distributions of documents, by Gibbs sampling.

    Parameters
    ----------
    counts : sequence of CSR matrix of shape (n_docs, n_words_l)
        Non-negative word counts in each language; a document may lack languages.
        Fractions are weights: 2.3 is two tokens of weight 1 and one of weight 0.3.
    topic_word : sequence of ndarray of shape (n_topics, n_words_l)
        Word distribution of each topic in each of these languages, all above zero.
    doc_topic_prior : ndarray of shape (n_topics,)
        Dirichlet parameters of the documents.
    max_iter : int, default=50
        Number of sweeps over each document.
    burn_in : int, default=10
        Sweeps before the first that counts.
    prior_weight : float, default=0.1
        Share of the prior that is added to the documents' own topics in the result,
        not in the sampling. 1 gives the posterior mean; but a prior as heavy as the
        usual 50 / n_topics hides the topics of short documents, and less of it
        predicts their other words, and finds their translations, better.
    seed : int, default=0
        Seed. What a document gets depends on the seed and the document alone, not on
        other documents or their order.
    n_jobs : int, default=1
        Number of threads. It does not change the result.

    Returns
    -------
    ndarray of shape (n_docs, n_topics)
        Topic distribution of each document, averaged over the sweeps after the first
        `burn_in`; the mean of the prior if the document is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sklearn_m3l.gibbs import fold_in
    >>> topic_word = np.array([[0.99, 0.01], [0.01, 0.99]])
    >>> counts = sparse.csr_array([[8, 0], [0, 2], [0, 0]])
    >>> fold_in([counts], [topic_word], np.array([0.5, 0.5])).round(1)
    array([[1. , 0. ],
           [0. , 1. ],
           [0.5, 0.5]])
    """
    if not 0 <= burn_in < max_iter:
        raise ValueError(
            f"burn_in must be at least 0 and below max_iter={max_iter}, got {burn_in}."
        )
    floors = np.array([matrix.min(axis=1) for matrix in topic_word], np.float64)
    if not (floors > 0).all():
        raise ValueError("All probabilities in topic_word must be above zero.")
    tokens = tokenize(counts)
    rows = rows_above(topic_word, floors)
    first_word = first_words([matrix.shape[1] for matrix in topic_word])
    factors = Factors(np.ones_like(floors), floors, floors.max(axis=1))
    prior = np.array(doc_topic_prior, np.float64)
    weights = np.zeros((len(tokens.doc_start) - 1, len(prior)))
    stream = random_stream(seed)

    bounds = even_parts(tokens.doc_start, 0, n_jobs)

    def fold_in_part(part: int) -> None:
        fold_in_documents(
            bounds[part], bounds[part + 1], max_iter, burn_in, tokens, first_word, rows,
            factors, stream, make_scratch(prior, stream.copy()), weights,
        )  # fmt: skip

    run_threads(fold_in_part, len(bounds) - 1)
    theta = weights / (max_iter - burn_in) + prior_weight * prior
    return theta / theta.sum(axis=1, keepdims=True)

"""The prior of documents over topics, learnt from the topics of documents."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import psi

from sklearn_m3l.gibbs._tokens import QUANTUM

# A Gamma prior keeps the parameter of a topic that no document has above zero.
_SHAPE, _SCALE = 1.001, 1.0


class Histogram(NamedTuple):
    """How many documents have some weight in a topic, and how many have some size."""

    topics: np.ndarray  # (n_pairs,) int64
    weights: np.ndarray  # (n_pairs,) float64: above 0
    repeats: np.ndarray  # (n_pairs,) int64: documents with this weight in this topic
    sizes: np.ndarray  # (n_sizes,) float64: weight in all topics
    size_repeats: np.ndarray  # (n_sizes,) int64: documents of this size


def doc_topic_histogram(counts: sparse.csr_array) -> Histogram:
    """Return the histogram of counts of shape (n_documents, n_topics)."""
    n_topics = counts.shape[1]
    units = np.rint(counts.data / QUANTUM).astype(np.int64)
    pairs, repeats = np.unique(units * n_topics + counts.indices, return_counts=True)
    sizes, size_repeats = np.unique(counts.sum(axis=1), return_counts=True)
    return Histogram(
        pairs % n_topics, pairs // n_topics * QUANTUM, repeats, sizes, size_repeats
    )


def optimize_prior(
    prior: np.ndarray, histogram: Histogram, max_iter: int = 50, tol: float = 1e-4
) -> np.ndarray:
    """Return the Dirichlet parameters under which the documents are most likely.

    Parameters
    ----------
    prior : ndarray of shape (n_topics,)
        Where to start.
    histogram : Histogram
        The documents.
    max_iter : int, default=50
        Number of iterations at most.
    tol : float, default=1e-4
        Stop when no parameter changes by more than this share of it.

    Returns
    -------
    ndarray of shape (n_topics,)
        The parameters.

    References
    ----------
    .. [1] T. Minka, "Estimating a Dirichlet distribution" (2000), equation 55.
    .. [2] H. Wallach, "Structured Topic Models for Language" (2008), section 2.3: the
       Gamma prior of the parameters.
    """
    topics, weights, repeats, sizes, size_repeats = histogram
    for _ in range(max_iter):
        own, total = prior[topics], prior.sum()
        gains = repeats * (psi(weights + own) - psi(own))
        gain = np.bincount(topics, gains, minlength=len(prior))
        cost = size_repeats @ (psi(sizes + total) - psi(total))
        new = (_SHAPE - 1 + prior * gain) / (1 / _SCALE + cost)
        done = np.all(np.abs(new - prior) <= tol * prior)
        prior = new
        if done:
            break
    return prior

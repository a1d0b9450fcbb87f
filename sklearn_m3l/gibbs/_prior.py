"""The prior of documents, and how it is learned from their topics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import psi

from sklearn_m3l.gibbs._kernels import QUANTUM, Prior

# A Gamma prior keeps the parameter of a topic that no document has above zero.
_SHAPE, _SCALE = 1.001, 1.0


def check_prior(
    doc_topic_prior: np.ndarray,
    cluster_weight: float,
    background_share: float,
    background: Sequence[np.ndarray] | None,
    n_words: Sequence[int],
) -> Prior:
    """Return the prior of documents, given the number of words of each language."""
    topics = np.array(doc_topic_prior, np.float64)
    if not 0 < len(topics) <= np.iinfo(np.int16).max:
        raise ValueError(f"the number of topics must be 1 to 32767, got {len(topics)}")
    if not (topics > 0).all():
        raise ValueError("all parameters of the priors must be above zero")
    if not 0 <= cluster_weight < np.inf:
        raise ValueError(
            f"cluster_weight must be finite and not negative, got {cluster_weight}"
        )
    if not 0 <= background_share < 1:
        raise ValueError(
            f"background_share must be at least 0 and below 1, got {background_share}"
        )
    if background_share == 0:
        return Prior(topics, float(cluster_weight), 0.0, np.zeros(0))
    if background is None or [len(own) for own in background] != list(n_words):
        raise ValueError(
            "background must have a distribution over the words of each language, "
            f"{list(n_words)}"
        )
    words = np.concatenate(list(background)).astype(np.float64)
    if not ((words > 0) & (words <= 1)).all():
        raise ValueError("all probabilities in background must be above zero")
    return Prior(topics, float(cluster_weight), float(background_share), words)


class Histogram(NamedTuple):
    """How many documents have some weight in a topic, and how many have some size.

    A document and a topic are an `own` pair if the topic is the document's cluster.
    """

    topics: np.ndarray  # (n_pairs,) int64
    own: np.ndarray  # (n_pairs,) bool
    weights: np.ndarray  # (n_pairs,) float64: above 0
    repeats: np.ndarray  # (n_pairs,) int64: documents with this weight in this topic
    clustered: np.ndarray  # (n_sizes,) bool: whether the documents have a cluster
    sizes: np.ndarray  # (n_sizes,) float64: weight in all topics
    size_repeats: np.ndarray  # (n_sizes,) int64: documents of this size


def doc_topic_histogram(counts: sparse.csr_array, clusters: np.ndarray) -> Histogram:
    """Return the histogram of counts of shape (n_documents, n_topics)."""
    n_topics = counts.shape[1]
    own = np.repeat(clusters, np.diff(counts.indptr)) == counts.indices
    units = np.rint(counts.data / QUANTUM).astype(np.int64)
    keys, repeats = np.unique(
        (units * n_topics + counts.indices) * 2 + own, return_counts=True
    )
    totals = np.rint(counts.sum(axis=1) / QUANTUM).astype(np.int64)
    sizes, size_repeats = np.unique(totals * 2 + (clusters >= 0), return_counts=True)
    pairs = keys // 2
    return Histogram(
        pairs % n_topics, keys % 2 == 1, pairs // n_topics * QUANTUM, repeats,
        sizes % 2 == 1, sizes // 2 * QUANTUM, size_repeats,
    )  # fmt: skip


def optimize_prior(
    prior: np.ndarray,
    cluster_weight: float,
    histogram: Histogram,
    max_iter: int = 50,
    tol: float = 1e-4,
) -> np.ndarray:
    """Return the Dirichlet parameters under which the documents are most likely.

    Parameters
    ----------
    prior : ndarray of shape (n_topics,)
        The parameters to start from.
    cluster_weight : float
        Added to the parameter of the topic of a document's cluster; not changed.
    histogram : Histogram
        The documents.
    max_iter : int, default=50
        Largest number of iterations.
    tol : float, default=1e-4
        Stop when no parameter changes by more than this share of its value.

    Returns
    -------
    ndarray of shape (n_topics,)
        The parameters.

    References
    ----------
    .. [1] T. Minka, "Estimating a Dirichlet distribution" (2000), equation 55. With a
       cluster's weight ``w``, a topic's gain is summed over documents at ``prior + w``;
       the bound splits it between the two in proportion, so the update keeps its form.
    .. [2] H. Wallach, "Structured Topic Models for Language" (2008), section 2.3: the
       Gamma prior of the parameters.
    """
    topics, _, weights, repeats, _, sizes, size_repeats = histogram
    pair_extra = cluster_weight * histogram.own
    size_extra = cluster_weight * histogram.clustered
    for _ in range(max_iter):
        own, total = prior[topics] + pair_extra, prior.sum() + size_extra
        gains = repeats * (psi(weights + own) - psi(own))
        gain = np.bincount(topics, gains, minlength=len(prior))
        cost = size_repeats @ (psi(sizes + total) - psi(total))
        new = (_SHAPE - 1 + prior * gain) / (1 / _SCALE + cost)
        done = np.all(np.abs(new - prior) <= tol * prior)
        prior = new
        if done:
            break
    return prior

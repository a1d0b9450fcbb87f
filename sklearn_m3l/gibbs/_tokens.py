"""The count matrices of all languages as one flat list of weighted tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_m3l.gibbs._kernels import QUANTUM
from sklearn_m3l.utils._sparse import checked_csr


class Tokens(NamedTuple):
    """The tokens of all documents, ordered by document, then language, then word.

    Words are numbered across languages, the words of the first language first.
    """

    doc_start: np.ndarray  # (n_docs + 1,) int64: where each document begins
    words: np.ndarray  # (n_tokens,) int32
    weights: np.ndarray  # (n_tokens,) float32, in (0, 1]
    topics: np.ndarray  # (n_tokens,) int16, -1 before the first draw; n_topics is the
    # background
    clusters: np.ndarray  # (n_docs,) int16, the topic that the prior favors, or -1


def quantize(values: np.ndarray) -> np.ndarray:
    """Return positive values rounded to multiples of the quantum, but never to zero."""
    return np.maximum(np.rint(values / QUANTUM), 1) * QUANTUM


def tokenize(
    counts: Sequence[sparse.csr_matrix | sparse.csr_array],
    clusters: np.ndarray | None,
    n_topics: int,
) -> Tokens:
    """Return the tokens of count matrices, one per language, with the same rows.

    A cell of 2.3 becomes two tokens of weight 1 and one of weight 0.3.
    """
    n_rows = {matrix.shape[0] for matrix in counts}
    if len(n_rows) > 1:
        raise ValueError(
            "the count matrices of all languages need the same number of rows, got "
            f"{sorted(n_rows)}"
        )
    checked = [checked_csr(matrix, "a count matrix") for matrix in counts]
    matrix = sparse.hstack(checked, format="csr", dtype=np.float64)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if not np.all(np.isfinite(matrix.data) & (matrix.data > 0)):
        raise ValueError("counts must be finite and not negative")
    clusters = check_topics("clusters", clusters, matrix.shape[0], n_topics)
    values = quantize(matrix.data)
    n_tokens = np.ceil(values).astype(np.int64)
    cell_end = np.cumsum(n_tokens)
    weights = np.ones(n_tokens.sum(), np.float32)
    weights[cell_end - 1] = values - (n_tokens - 1)
    return Tokens(
        np.concatenate(([0], cell_end))[matrix.indptr],
        np.repeat(matrix.indices.astype(np.int32), n_tokens),
        weights,
        np.full(len(weights), -1, np.int16),
        clusters,
    )


def check_topics(
    name: str, topics: np.ndarray | None, n_docs: int, n_topics: int
) -> np.ndarray:
    """Return a topic for each document, -1 for none."""
    if topics is None:
        return np.full(n_docs, -1, np.int16)
    topics = np.asarray(topics)
    if topics.shape != (n_docs,):
        raise ValueError(f"{name} must have shape {(n_docs,)}, got {topics.shape}")
    known = (topics >= -1) & (topics < n_topics)
    if topics.dtype.kind not in "iu" or not known.all():
        raise ValueError(
            f"{name} must be integers from 0 to {n_topics - 1}, or -1 for none"
        )
    return topics.astype(np.int16)


def join_tokens(first: Tokens, second: Tokens) -> Tokens:
    """Return the documents of both."""
    return Tokens(
        np.concatenate((first.doc_start, first.doc_start[-1] + second.doc_start[1:])),
        np.concatenate((first.words, second.words)),
        np.concatenate((first.weights, second.weights)),
        np.concatenate((first.topics, second.topics)),
        np.concatenate((first.clusters, second.clusters)),
    )


def first_words(n_words: Sequence[int]) -> np.ndarray:
    """Return the number of each language's first word, and the number of all words."""
    return np.concatenate(([0], np.cumsum(n_words))).astype(np.int64)


def even_parts(doc_start: np.ndarray, n_parts: int) -> np.ndarray:
    """Return bounds of parts of the documents with about equally many tokens."""
    n_docs = len(doc_start) - 1
    n_parts = max(1, min(n_parts, n_docs))
    targets = np.linspace(0, doc_start[-1], n_parts + 1)
    bounds = np.searchsorted(doc_start, targets)
    bounds[-1] = n_docs
    return bounds

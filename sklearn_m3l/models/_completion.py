"""Halves of documents, each of which is predicted from the other."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from scipy import sparse

from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._hash import hash_rows, mix_bits

# A cell is split into at most this many tokens, however large it is.
_MAX_TOKENS = 1000


def split_documents(
    X: MultiView, names: Collection[str]
) -> tuple[MultiView, MultiView]:
    """Return tuples with one half of the tokens of some texts, and with the other half.

    Parameters
    ----------
    X : MultiView
        Tuples.
    names : collection of str
        The texts to split; other views are in both halves.

    Returns
    -------
    first, second : MultiView
        Which half a token is in depends only on the text of its row.
    """
    halves: tuple[dict, dict] = (dict(X.views), dict(X.views))
    for name in names:
        view = X[name]
        for own, counts in zip(halves, split_counts(view.counts), strict=True):
            own[name] = replace(view, counts=counts)
    first, second = (MultiView(own, index=X.index) for own in halves)
    return first, second


def split_counts(counts: sparse.csr_array) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Split the tokens of each row into two halves.

    Parameters
    ----------
    counts : CSR array of shape (n_rows, n_words)
        Non-negative counts. A cell of 2.3 is two tokens of weight 1 and one of weight
        0.3; one above 1,000 is 1,000 tokens of equal weight.

    Returns
    -------
    first, second : CSR array of shape (n_rows, n_words)
        The tokens of a row, dealt alternately in an order that a hash of the row draws.
        Tokens of the same word are drawn separately, so that one half reveals nothing
        about the other by chance.
    """
    counts = sparse.csr_array(counts, dtype=np.float64, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    unit = np.maximum(counts.data / _MAX_TOKENS, 1)
    n_tokens = np.minimum(np.ceil(counts.data / unit), _MAX_TOKENS).astype(np.int64)
    end = np.cumsum(n_tokens)
    weights = np.repeat(unit, n_tokens)
    weights[end - 1] = counts.data - (n_tokens - 1) * unit

    n_cells = np.diff(counts.indptr)
    cell_key = np.repeat(hash_rows(counts), n_cells) ^ mix_bits(counts.indices)
    number = np.arange(len(weights)) - np.repeat(end - n_tokens, n_tokens)
    token_key = mix_bits(np.repeat(mix_bits(cell_key), n_tokens) + mix_bits(number))
    cell = np.repeat(np.arange(counts.nnz), n_tokens)
    row = np.repeat(np.arange(counts.shape[0]), n_cells)[cell]
    order = np.lexsort((token_key, row))
    row_start = np.concatenate(([0], end))[counts.indptr]
    place = np.arange(len(weights)) - row_start[row]  # rows are in order as they are
    halves = []
    for parity in (0, 1):
        own = order[place % 2 == parity]
        data = np.bincount(cell[own], weights[own], minlength=counts.nnz)
        cells = (data, counts.indices, counts.indptr)
        half = sparse.csr_array(cells, counts.shape, copy=True)
        half.eliminate_zeros()
        halves.append(half)
    return halves[0], halves[1]

"""The tuples that the start of a neural topic model is sampled from."""

import numpy as np

from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._hash import hash_rows, mix_bits


def select_training_tuples(
    X: MultiView, max_tokens: float, random_state: np.random.RandomState | int
) -> np.ndarray:
    """Return rows whose texts are distinct, as many as a number of tokens allows.

    Parameters
    ----------
    X : MultiView
        Training tuples. Rows of one article (``X.groups``) with the same texts, such as
        a page with each of its pictures, count once: the first of them is taken.
    max_tokens : float
        Sum of the counts of all texts in the result, at most. Where there are more,
        rows are drawn at random, at least two of them.
    random_state : RandomState or int
        Draws the rows.

    Returns
    -------
    ndarray of int
        Positions of the rows, in order. Rows without a word are left out where there
        are at least two others.
    """
    texts = [name for name, view in X.views.items() if view.is_text]
    sizes = np.zeros(len(X))
    keys = np.zeros(len(X), np.uint64)
    for number, name in enumerate(texts):
        view = X[name]
        sizes += np.where(view.present, view.counts.sum(axis=1), 0)
        own = mix_bits(hash_rows(view.counts) + np.uint64(number))
        keys = mix_bits(keys ^ np.where(view.present, own, np.uint64(0)))
    rows = np.arange(len(X))
    if X.groups is not None:
        articles = np.unique(X.groups, return_inverse=True)[1].astype(np.uint64)
        keys = mix_bits(keys ^ mix_bits(articles))
        rows = np.sort(np.unique(keys, return_index=True)[1])
    full = rows[sizes[rows] > 0]
    if len(full) >= 2:
        rows = full
    if sizes[rows].sum() <= max_tokens:
        return rows
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    rows = random_state.permutation(rows)
    n_rows = np.searchsorted(np.cumsum(sizes[rows]), max_tokens, side="right")
    return np.sort(rows[: max(n_rows, 2)])

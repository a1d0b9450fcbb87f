"""Find texts whose embeddings agree in the rows that have both."""

from collections.abc import Iterable

import numpy as np
from sklearn.preprocessing import StandardScaler, normalize

from sklearn_m3l.multiview._multiview import MultiView
from sklearn_m3l.multiview._view import View

# Standardized vectors of one tuple have a mean cosine near 0 if their encoders are
# unrelated (measured: 0.01 to 0.04 for LSA of each language), and one clearly above 0
# if they come from one multilingual encoder (0.48 and 0.66).
_MIN_COSINE = 0.25

# Largest number of rows to compare.
_MAX_ROWS = 1000


def aligned_views(X: MultiView, names: Iterable[str]) -> dict[str, str]:
    """Group the views whose embeddings are aligned.

    Parameters
    ----------
    X : MultiView
        Tuples that show whether the embeddings of two views agree.
    names : iterable of str
        The views to group.

    Returns
    -------
    dict of str to str
        For each view the first view of its group. Two texts are in one group if their
        standardized embeddings have a mean cosine above 0.25 in the rows that have
        both; every other view is a separate group.
    """
    groups: dict[str, str] = {}
    for name in names:
        firsts = [other for other, first in groups.items() if other == first]
        own = (first for first in firsts if _aligned(X[first], X[name]))
        groups[name] = next(own, name)
    return groups


def _aligned(a: View, b: View) -> bool:
    """Return whether the embeddings of two texts agree on tuples."""
    if not (a.is_text and b.is_text and a.width == b.width):
        return False
    both = np.flatnonzero(a.present & b.present)
    if a.embedding is None or b.embedding is None or len(both) < 2:
        return False
    rows = both[spread(len(both), _MAX_ROWS)]
    vectors = [standardize(view.read(rows)) for view in (a, b)]
    return bool(np.einsum("ij,ij->i", *vectors).mean() > _MIN_COSINE)


def standardize(vectors: np.ndarray) -> np.ndarray:
    """Standardize the columns, then scale the rows to unit length."""
    return normalize(StandardScaler().fit_transform(vectors))


def spread(n_rows: int, at_most: int) -> np.ndarray:
    """Return the positions of some rows, evenly spread over a table."""
    return np.linspace(0, n_rows - 1, min(n_rows, at_most)).astype(int)

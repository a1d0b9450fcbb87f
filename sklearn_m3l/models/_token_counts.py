"""Counts of words in the form that the sampler takes."""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy import sparse

from sklearn_m3l.multiview import MultiView

# Each occurrence of a word takes about 20 bytes, and its topic is drawn in every sweep.
MAX_COUNT = 1_000_000


def iter_texts(X: MultiView) -> Iterator[str]:
    """Iterate over the names of the text views."""
    return (name for name, view in X.views.items() if view.is_text)


def token_counts(
    X: MultiView, name: str, vocabularies: Mapping[str, np.ndarray]
) -> sparse.csr_array:
    """Return the counts of a language, zero in rows that lack it."""
    if name not in X or not X[name].is_text:
        return sparse.csr_array((len(X), len(vocabularies[name])))
    view = X[name]
    if view.present.all():
        return view.counts
    return sparse.csr_array(sparse.diags_array(view.present * 1.0) @ view.counts)


def check_sizes(X: MultiView) -> None:
    """Raise ValueError if counts stand for more tokens than memory can hold."""
    for name in iter_texts(X):
        view = X[name]
        counts = view.counts
        if not counts.nnz or counts.data.max() <= MAX_COUNT:
            continue
        rows = np.repeat(np.arange(len(X)), np.diff(counts.indptr))
        huge = np.flatnonzero((counts.data > MAX_COUNT) & view.present[rows])
        if len(huge):
            row, column = rows[huge[0]], counts.indices[huge[0]]
            words = view.vocabulary
            word = f"word {column}" if words is None else repr(str(words[column]))
            raise ValueError(
                f"view {name!r} counts {word} {counts.data[huge[0]]:,.0f} times in "
                f"row {X.index[row]}; a topic is sampled for each occurrence, so "
                f"counts must be at most {MAX_COUNT:,}; divide the counts of all rows "
                "(fractions are weights)"
            )

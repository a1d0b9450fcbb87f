"""Checks of the arrays that a MultiView is built from and of its keys."""

import reprlib
from collections.abc import Mapping

import numpy as np
from scipy import sparse


def check_mapping(argument, given):
    """Return a mapping of view name to array as a dict of those that are given."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{argument} must be a mapping of view name to array, such as "
            f"{{'en': array}}, not {type(given).__name__}"
        )
    for name in given:
        if not isinstance(name, str) or not name:
            raise TypeError(
                f"view names are non-empty strings, but {argument} has {name!r}"
            )
    return {str(name): array for name, array in given.items() if array is not None}


def check_known(argument, given, known, lacking) -> None:
    """Refuse views that nothing else describes."""
    for name in given:
        if name not in known:
            raise ValueError(f"{argument} names the view {name!r}, which has {lacking}")


def _matrix(name, what, array):
    """Return a 2-D array of numbers, a memmap or a sparse matrix as it is."""
    if not sparse.issparse(array) and not isinstance(array, np.memmap):
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise ValueError(
                f"view {name!r}: {what} must have rows of one length"
            ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"view {name!r}: {what} must hold numbers, not dtype {array.dtype}"
        )
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"view {name!r}: {what} must be of shape (n_rows, n_columns), not "
            f"{array.shape}"
        )
    return array


def check_embedding(name, embedding):
    """Return an embedding as a 2-D array of floats, a memmap as it is."""
    if embedding is None:
        return None
    if sparse.issparse(embedding):
        raise TypeError(
            f"view {name!r}: the embedding is a sparse matrix; pass word counts as "
            "`counts`, and sparse features as a dense array (for example after "
            "TruncatedSVD)"
        )
    embedding = _matrix(name, "the embedding", embedding)
    if embedding.dtype.kind != "f" and not isinstance(embedding, np.memmap):
        embedding = embedding.astype(np.float32)
    return embedding


def check_counts(name, counts):
    """Return counts as a canonical CSR array."""
    if counts is None:
        return None
    counts = _matrix(name, "counts", counts)
    if counts.dtype == bool:
        counts = counts.astype(np.int64)
    counts = sparse.csr_array(counts)
    if counts.nnz and not np.isfinite(counts.data).all():
        raise ValueError(f"view {name!r}: counts hold NaN or infinity")
    if counts.nnz and counts.data.min() < 0:
        row = int(np.searchsorted(counts.indptr, counts.data.argmin(), "right")) - 1
        raise ValueError(
            f"view {name!r}: negative count in row {row}; counts must not be negative"
        )
    if not counts.has_canonical_format:
        counts = counts.copy()
        counts.sum_duplicates()
    return counts


def check_vocabulary(name, vocabulary, counts):
    """Return a vocabulary as an array of strings."""
    if vocabulary is None:
        return None
    words = np.asarray(vocabulary, dtype=object)
    if words.ndim != 1 or not all(isinstance(word, str) for word in words):
        raise TypeError(f"view {name!r}: the vocabulary is no sequence of strings")
    if len(words) != counts.shape[1]:
        raise ValueError(
            f"view {name!r}: the vocabulary has {len(words)} words, but counts have "
            f"{counts.shape[1]} columns"
        )
    words = words.astype(str)
    unique, occurrences = np.unique(words, return_counts=True)
    if len(unique) != len(words):
        repeated = unique[occurrences > 1][0]
        raise ValueError(f"view {name!r}: the vocabulary has {str(repeated)!r} twice")
    return words


def check_present(name, present, n_rows):
    """Return a mask of rows, all of them where none is given."""
    if present is None:
        return np.ones(n_rows, dtype=bool)
    mask = np.asarray(present)
    if mask.dtype != bool:
        raise TypeError(f"view {name!r}: present has dtype {mask.dtype}, not bool")
    if mask.shape != (n_rows,):
        raise ValueError(
            f"view {name!r}: present has shape {mask.shape}, but there are "
            f"{n_rows} rows"
        )
    return mask.copy()


def check_index(index, n_rows):
    """Return row labels, the positions where none are given."""
    if index is None:
        return np.arange(n_rows)
    labels = np.array(index)
    if labels.dtype.kind in "US" and not all(
        isinstance(label, (str, bytes)) for label in index
    ):
        labels = np.array(index, dtype=object)  # numpy makes strings of numbers
    if labels.shape != (n_rows,):
        raise ValueError(f"index has shape {labels.shape}, but there are {n_rows} rows")
    return labels


def check_finite(name, view) -> None:
    """Refuse NaN and infinity in the rows that have the view."""
    if view.embedding is None:
        return
    for rows, vectors in view.chunks():
        bad = ~np.isfinite(vectors).all(axis=1) & view.present[rows]
        if bad.any():
            row = rows.start + int(bad.argmax())
            raise ValueError(
                f"view {name!r}: the embedding has NaN or infinity (as float32) in row "
                f"{row}; mend it, or mark the view as absent there with `present`"
            )


def selected_views(key):
    """Return the names in a key that selects views, None where it selects rows."""
    names = key
    if not isinstance(key, list):
        array = np.asarray(key)
        if array.ndim != 1 or array.dtype.kind not in "UOT":
            return None
        names = array.tolist()
    if not names:
        raise ValueError("X[[]] selects nothing; for no rows write X[:0]")
    if not isinstance(names[0], str):
        return None
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"views are selected by their names, not by {name!r}")
    return [str(name) for name in names]


def selected_rows(key, n_rows):
    """Return a slice or an array of positions."""
    if isinstance(key, slice):
        return key
    rows = np.asarray(key)
    if rows.dtype == bool:
        if rows.shape != (n_rows,):
            raise IndexError(f"the mask has shape {rows.shape} for {n_rows} rows")
        return np.flatnonzero(rows)
    if rows.ndim > 1 or (rows.dtype.kind not in "iu" and rows.size):
        raise TypeError(
            f"rows are selected by integers or a mask, not by {reprlib.repr(key)}"
        )
    rows = rows.reshape(-1).astype(np.intp)
    outside = (rows < -n_rows) | (rows >= n_rows)
    if outside.any():
        raise IndexError(f"row {rows[outside][0]} is out of range for {n_rows} rows")
    return rows


def list_labels(labels: np.ndarray) -> str:
    """Return the first labels of some rows, and how many more there are."""
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return ", ".join(map(str, labels[:10])) + more

"""Checks of the arrays that a MultiView is built from."""

import numpy as np
from scipy import sparse


def frozen(array: np.ndarray) -> np.ndarray:
    """Return a read-only view of an array; the owner's own stays writable."""
    array = array.view()
    array.flags.writeable = False
    return array


def check_known(argument, given, known, needed) -> None:
    """Refuse views that nothing else describes."""
    for name in given:
        if name not in known:
            raise ValueError(
                f"{argument} names the view {name!r}, which has no {needed}"
            )


def check_embedding(name, embedding):
    """Return an embedding as a read-only 2-D array of floats, a memmap as it is."""
    if embedding is None:
        return None
    if sparse.issparse(embedding):
        raise TypeError(
            f"view {name!r}: the embedding is a sparse matrix; pass word counts as "
            "`counts`, and sparse features as a dense array (for example after "
            "TruncatedSVD)"
        )
    if not isinstance(embedding, np.memmap):
        embedding = np.asarray(embedding)
    if embedding.dtype.kind not in "fiub":
        raise TypeError(
            f"view {name!r}: the embedding has dtype {embedding.dtype}, not numbers"
        )
    if embedding.ndim != 2 or embedding.shape[1] == 0:
        raise ValueError(
            f"view {name!r}: the embedding has shape {embedding.shape}; expected "
            "(n_rows, width)"
        )
    if embedding.dtype.kind != "f":
        embedding = embedding.astype(np.float32)
    return frozen(embedding)


def check_counts(name, counts):
    """Return counts as a canonical CSR array."""
    if counts is None:
        return None
    try:
        counts = sparse.csr_array(counts)
    except (TypeError, ValueError) as error:
        raise TypeError(f"view {name!r}: counts are no matrix of numbers") from error
    if counts.dtype.kind not in "fiub":
        raise TypeError(f"view {name!r}: counts have dtype {counts.dtype}, not numbers")
    if counts.ndim != 2 or counts.shape[1] == 0:
        raise ValueError(
            f"view {name!r}: counts have shape {counts.shape}; expected "
            "(n_rows, n_words)"
        )
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
    """Return a vocabulary as a read-only array of strings."""
    if vocabulary is None:
        return None
    words = np.asarray(vocabulary)
    if words.ndim != 1 or not all(isinstance(word, str) for word in words):
        raise TypeError(f"view {name!r}: the vocabulary is no sequence of strings")
    if len(words) != counts.shape[1]:
        raise ValueError(
            f"view {name!r}: the vocabulary has {len(words)} words, but counts have "
            f"{counts.shape[1]} columns"
        )
    unique, occurrences = np.unique(words.astype(str), return_counts=True)
    if len(unique) != len(words):
        repeated = unique[occurrences > 1][0]
        raise ValueError(f"view {name!r}: the vocabulary has {str(repeated)!r} twice")
    return frozen(words.astype(str))


def check_present(name, present, n_rows):
    """Return a mask of rows, all of them where none is given."""
    if present is None:
        return frozen(np.ones(n_rows, dtype=bool))
    mask = np.asarray(present)
    if mask.dtype != bool:
        raise TypeError(f"view {name!r}: present has dtype {mask.dtype}, not bool")
    if mask.shape != (n_rows,):
        raise ValueError(
            f"view {name!r}: present has shape {mask.shape}, but there are "
            f"{n_rows} rows"
        )
    return frozen(mask.copy())


def check_finite(name, view) -> None:
    """Refuse NaN and infinity in the rows that have the view."""
    if view.embedding is None:
        return
    for rows, vectors in view.chunks():
        bad = ~np.isfinite(vectors).all(axis=1) & view.present[rows]
        if bad.any():
            row = rows.start + int(bad.argmax())
            raise ValueError(
                f"view {name!r}: the embedding has NaN or infinity in row {row}; mend "
                "it, or mark the view as absent there with `present`"
            )

"""Checks of the arrays and keys of a MultiView."""

import reprlib
from collections.abc import Mapping

import numpy as np
from scipy import sparse

from sklearn_m3l.multiview._view import View
from sklearn_m3l.utils._sparse import checked_csr

# Types of article ids, and the types that they are kept as. In Python, bool is an int.
_ID_TYPES: dict[type, tuple[type, ...]] = {
    str: (str,),
    bool: (bool, np.bool_),
    int: (int, np.integer),
    float: (float, np.floating),
}


def check_mapping(argument, given):
    """Return a mapping of view name to array as a dict, without None."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{argument} must be a mapping of view name to array, such as "
            f"{{'en': array}}, not {type(given).__name__}"
        )
    check_names(argument, given)
    return {str(name): array for name, array in given.items() if array is not None}


def check_names(argument, names) -> None:
    """Refuse view names other than non-empty strings."""
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(
                f"view names must be non-empty strings, but {argument} has {name!r}"
            )


def check_views(views) -> dict[str, View]:
    """Return views by name, checked once each, and all of the same length."""
    if not isinstance(views, Mapping):
        raise TypeError(
            "views must be a mapping of view name to View, such as "
            f"{{'en': View(embedding=array)}}, not {type(views).__name__}"
        )
    check_names("views", views)
    if not views:
        raise ValueError("a MultiView needs at least one view")
    checked: dict[str, View] = {}
    for name, view in views.items():
        first = next(iter(checked.items()), None)
        checked[str(name)] = _check_view(str(name), view, first)
    return checked


def _check_view(name: str, view, first: tuple[str, View] | None) -> View:
    """Return a checked view with as many rows as the first one."""
    if not isinstance(view, View):
        raise TypeError(
            f"view {name!r} must be a View, such as View(embedding=array), not "
            f"{type(view).__name__}"
        )
    if view._is_checked:
        _check_length(name, "it has", len(view), first)
        return view
    embedding = check_embedding(name, view.embedding)
    counts = check_counts(name, view.counts)
    if embedding is None and counts is None:
        raise ValueError(f"view {name!r} needs an embedding or counts")
    for what, array in (("embedding has", embedding), ("counts have", counts)):
        if array is not None:
            _check_length(name, what, array.shape[0], first)
    n_rows = (counts if embedding is None else embedding).shape[0]
    if counts is not None and counts.shape[0] != n_rows:
        raise ValueError(
            f"view {name!r}: counts have {counts.shape[0]} rows, but the embedding has "
            f"{n_rows}"
        )
    words = check_vocabulary(name, view.vocabulary, counts)
    present = check_present(name, view.present, n_rows)
    checked = View._of_checked(embedding, counts, words, present)
    check_finite(name, checked)
    return checked


def _check_length(name: str, what: str, n_rows: int, first) -> None:
    if first is not None and n_rows != len(first[1]):
        raise ValueError(
            f"view {name!r}: {what} {n_rows} rows, but there are {len(first[1])} in "
            f"view {first[0]!r}; give every view one row per tuple (use `present` for "
            "rows that lack it)"
        )


def check_known(argument, given, known, lacking) -> None:
    """Refuse views that have no array."""
    for name in given:
        if name not in known:
            raise ValueError(f"{argument} names the view {name!r}, which has {lacking}")


def _matrix(name, what, array):
    """Return a 2-D array of numbers; a memmap or a sparse matrix is not converted."""
    if not sparse.issparse(array) and not isinstance(array, np.memmap):
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise ValueError(
                f"view {name!r}: {what} must have rows of equal length"
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
    """Return an embedding as a 2-D array of floats; a memmap is not converted."""
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
    if sparse.issparse(counts):
        counts = checked_csr(counts, f"view {name!r}: the matrix of counts")
    else:
        counts = sparse.csr_array(counts)
    if counts.nnz and not np.isfinite(counts.data).all():
        raise ValueError(f"view {name!r}: counts contain NaN or infinity")
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
    if counts is None:
        raise ValueError(f"view {name!r}: a vocabulary needs counts of its words")
    words = np.asarray(vocabulary, dtype=object)
    if words.ndim != 1 or not all(isinstance(word, str) for word in words):
        raise TypeError(f"view {name!r}: the vocabulary must be a list of strings")
    if len(words) != counts.shape[1]:
        raise ValueError(
            f"view {name!r}: the vocabulary has {len(words)} words, but counts have "
            f"{counts.shape[1]} columns"
        )
    words = words.astype(str)
    unique, occurrences = np.unique(words, return_counts=True)
    if len(unique) != len(words):
        repeated = unique[occurrences > 1][0]
        raise ValueError(f"view {name!r}: the vocabulary repeats {str(repeated)!r}")
    return words


def check_present(name, present, n_rows):
    """Return a mask of rows, by default of all rows."""
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
    """Return row labels, by default the positions."""
    if index is None:
        return np.arange(n_rows)
    labels = np.array(index)
    if labels.dtype.kind in "US" and not all(
        isinstance(label, (str, bytes)) for label in index
    ):
        # NumPy would turn numbers among strings into strings.
        labels = np.array(index, dtype=object)
    if labels.shape != (n_rows,):
        raise ValueError(f"index has shape {labels.shape}, but there are {n_rows} rows")
    return labels


def check_groups(groups, n_rows, labels):
    """Return article ids as an array of strings or of numbers; None without ids.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        Ids of one type.
    n_rows : int
        Number of rows.
    labels : ndarray of shape (n_rows,)
        Labels of the rows, for messages.
    """
    if groups is None:
        return None
    if isinstance(groups, (str, bytes)) or not hasattr(groups, "__iter__"):
        raise TypeError(
            f"groups must hold one article id per row, not {type(groups).__name__}"
        )
    if not isinstance(groups, np.ndarray) or groups.dtype.kind not in "biU":
        cells = np.empty(0, dtype=object)
        if getattr(groups, "ndim", 1) == 1:
            listed = list(groups)
            cells = np.empty(len(listed), dtype=object)
            cells[:] = listed
        shape = getattr(groups, "shape", cells.shape)
    else:  # fast for a million rows
        cells, shape = groups, groups.shape
    if shape != (n_rows,):
        raise ValueError(f"groups has shape {shape}, but there are {n_rows} rows")
    missing = _missing_ids(cells)
    if len(missing):
        raise ValueError(
            f"groups has no id in {len(missing)} of {n_rows} rows: "
            f"{list_rows(missing, labels)}; give every row the id of its article"
        )
    if cells.dtype != object:
        return cells.astype(int) if cells.dtype.kind == "i" else cells.copy()
    kinds = {_id_type(cell) for cell in cells}
    if len(kinds) > 1:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(f"groups mixes ids of type {names}; convert them to one type")
    try:
        return np.array(cells.tolist(), dtype=next(iter(kinds), int))
    except OverflowError as error:
        raise TypeError(
            "groups contains integers of more than 64 bits; convert the ids to strings"
        ) from error


def _missing_ids(cells: np.ndarray) -> np.ndarray:
    """Return the positions of missing ids."""
    if cells.dtype == object:
        return np.flatnonzero([_is_missing(cell) for cell in cells])
    if cells.dtype.kind == "U":
        return np.flatnonzero(np.char.strip(cells) == "")
    return np.empty(0, dtype=int)


def _is_missing(cell) -> bool:
    """Return whether an id is None, NaN, NA, NaT or blank."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return True
    try:
        return bool(cell != cell)
    except TypeError:  # pandas.NA is neither equal nor unequal
        return True


def _id_type(cell) -> type:
    for kind, types in _ID_TYPES.items():
        if isinstance(cell, types):
            return kind
    raise TypeError(
        f"groups must hold strings or numbers, not {type(cell).__name__}; convert the "
        "ids, for example with str"
    )


def list_rows(rows: np.ndarray, labels: np.ndarray) -> str:
    """Return the positions of the first of some rows, with their labels."""
    named = [
        str(row) if str(labels[row]) == str(row) else f"{row} ({str(labels[row])!r})"
        for row in rows[:10]
    ]
    more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
    return ", ".join(named) + more


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
                f"{row}; fix it, or mark the view as absent there with `present`"
            )


def selected_views(key):
    """Return the names in a key that selects views; None if it selects rows."""
    names = key
    if not isinstance(key, list):
        array = np.asarray(key)
        if array.ndim != 1 or array.dtype.kind not in "UOT":
            return None
        names = array.tolist()
    if not names:
        raise ValueError("X[[]] selects nothing; to select no rows, write X[:0]")
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
    """Return the labels of the first of some rows, and the number of others."""
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return ", ".join(map(str, labels[:10])) + more

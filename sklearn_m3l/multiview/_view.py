"""One view of every row, read-only, and on disk if it was on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_m3l.multiview._stored import StoredCounts, StoredRows

# Rows to read at once when a whole embedding is scanned, so that a memmap never has to
# fit in memory.
_CHUNK_ROWS = 16_384


def frozen(array: np.ndarray) -> np.ndarray:
    """Return a read-only view of an array; the owner's array stays writable."""
    array = array.view()
    array.flags.writeable = False
    return array


class _LazyRows:
    """Some rows of a memmap, read only on demand.

    It is pickled with the whole memmap, of which joblib sends only the path to workers.
    """

    def __init__(self, base: np.memmap | StoredRows, rows: np.ndarray):
        self.base = base
        self.rows = rows
        self.dtype = base.dtype
        self.shape = (len(rows), base.shape[1])
        self.ndim = 2

    @property
    def filename(self):
        return getattr(self.base, "filename", None)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows) -> np.ndarray:
        return np.asarray(self.base[self.rows[rows]])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


@dataclass(frozen=True, eq=False)
class View:
    """One view of every row: its text in one language, or its picture.

    Put Views into a `MultiView`, which checks them, fills in defaults and makes their
    arrays read-only. Until then, a View holds its arguments unchanged.

    Parameters
    ----------
    embedding : array-like of shape (n_rows, width), default=None
        Floating point vectors, one per row. A `numpy.memmap` stays one, with any dtype.
        Rows in which the view is absent may hold anything.
    counts : {array-like, sparse} of shape (n_rows, n_words), default=None
        Non-negative word counts or weights; None for views without words. A MultiView
        keeps them as a `scipy.sparse.csr_array`.
    vocabulary : array-like of str of shape (n_words,), default=None
        The word of each column of `counts`.
    present : array-like of bool of shape (n_rows,), default=None
        Whether a row has this view; by default every row has it.

    See Also
    --------
    MultiView : Puts several views together.

    Notes
    -----
    Floating point embeddings and CSR counts are not copied: do not change them in place
    afterwards.

    Examples
    --------
    >>> from sklearn_m3l import MultiView, View
    >>> view = View(counts=[[2, 0], [0, 1]], vocabulary=["brush", "layer"])
    >>> view.is_text
    True
    >>> MultiView({"en": view})["en"].present
    array([ True,  True])
    """

    embedding: Any = None
    counts: Any = None
    vocabulary: Any = None
    present: Any = None
    _is_checked: bool = field(default=False, init=False, repr=False)

    @classmethod
    def _of_checked(cls, embedding, counts, vocabulary, present) -> "View":
        """Return a View of checked arrays, made read-only."""
        view = cls(
            embedding=None if embedding is None else _frozen_embedding(embedding),
            counts=None if counts is None else _frozen_counts(counts),
            vocabulary=None if vocabulary is None else frozen(vocabulary),
            present=frozen(present),
        )
        object.__setattr__(view, "_is_checked", True)
        return view

    def __reduce__(self):
        build = View._of_checked if self._is_checked else View
        return build, (self.embedding, self.counts, self.vocabulary, self.present)

    def __len__(self) -> int:
        if self.present is not None:
            return len(self.present)
        given = self.counts if self.embedding is None else self.embedding
        return given.shape[0] if hasattr(given, "shape") else len(given)

    @property
    def is_text(self) -> bool:
        """Whether the view has word counts."""
        return self.counts is not None

    @property
    def width(self) -> int:
        """Length of the vectors that a model encodes.

        That of the embedding, or the number of words if there are only counts.
        """
        return (self.counts if self.embedding is None else self.embedding).shape[1]

    def read(self, rows) -> np.ndarray:
        """Return the vectors of some rows as a float32 array in memory.

        Parameters
        ----------
        rows : slice or array of int
            Positions of the rows.

        Returns
        -------
        ndarray of float32 of shape (n_selected, width)
            The embeddings, or the counts if the view has no embedding. The caller may
            write to the array.
        """
        if self.embedding is None:
            return np.asarray(self.counts[rows].toarray(), dtype=np.float32)
        with np.errstate(over="ignore"):  # absent rows may hold anything
            vectors = np.asarray(self.embedding[rows], dtype=np.float32)
        return vectors if vectors.flags.writeable else vectors.copy()

    def chunks(self, n_rows: int = _CHUNK_ROWS) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over all rows in bounded memory.

        Parameters
        ----------
        n_rows : int, default=16384
            Rows in a chunk.

        Yields
        ------
        rows : slice
            Positions of the chunk.
        vectors : ndarray of float32 of shape (n_chunk, width)
            What `read` returns for them.
        """
        for rows in _slices(len(self), n_rows):
            yield rows, self.read(rows)

    def _take(self, rows) -> "View":
        embedding = self.embedding
        if isinstance(embedding, _LazyRows):
            embedding = _LazyRows(embedding.base, embedding.rows[rows])
        elif isinstance(embedding, StoredRows) or (
            isinstance(embedding, np.memmap) and not _is_contiguous(rows)
        ):
            embedding = _LazyRows(embedding, np.arange(len(self))[rows])
        elif embedding is not None:
            embedding = embedding[rows]
        counts = None if self.counts is None else self.counts[rows]
        return View._of_checked(embedding, counts, self.vocabulary, self.present[rows])

    def _equals(self, other: "View") -> bool:
        return (
            same_array(self.present, other.present)
            and _same_embedding(self.embedding, other.embedding)
            and same_array(self.vocabulary, other.vocabulary)
            and _same_counts(self.counts, other.counts)
        )


def _slices(n_rows: int, size: int = _CHUNK_ROWS) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _is_contiguous(rows) -> bool:
    # joblib garbles a memmap that runs backwards when it sends it to a worker.
    return isinstance(rows, slice) and rows.step in (None, 1)


def is_on_disk(embedding) -> bool:
    """Return whether rows are in a file; those of an unpickled memmap are not."""
    lazy = isinstance(embedding, (np.memmap, _LazyRows, StoredRows))
    return lazy and embedding.filename is not None


def _frozen_embedding(embedding):
    """Return an embedding that cannot be written to; a memmap stays one."""
    if not is_on_disk(embedding):
        embedding = np.asarray(embedding)
    is_array = isinstance(embedding, np.ndarray)
    return frozen(embedding) if is_array else embedding


def _frozen_counts(counts) -> sparse.csr_array:
    """Return a CSR array that shares its data and cannot be written to."""
    if isinstance(counts, StoredCounts):
        return counts
    counts = sparse.csr_array(counts)
    for part in ("data", "indices", "indptr"):
        setattr(counts, part, frozen(getattr(counts, part)))
    return counts


def same_array(a, b) -> bool:
    """Return whether two arrays, or two Nones, are equal; NaN equals NaN."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f")


def _same_embedding(a, b) -> bool:
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and all(
        same_array(a[rows], b[rows]) for rows in _slices(len(a))
    )


def _same_counts(a, b) -> bool:
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and (a != b).nnz == 0

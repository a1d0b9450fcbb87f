"""Rows that stay in files, and are checked block by block when they are read."""

import mmap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

# Rows whose counts are checked at once when a whole file is read.
_CHECKED_ROWS = 2**16


class VectorFile(NamedTuple):
    """The vectors of some rows in a file, (n_rows, width), and which are present."""

    vectors: np.ndarray
    present: np.ndarray
    where: str  # for messages


class CountFile(NamedTuple):
    """The counts of some rows in files: the arrays of a CSR matrix.

    Only the pointers are in memory and have been checked.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    where: str


def _positions(rows: Any, n_rows: int) -> np.ndarray:
    """Return the positions selected by a slice, a mask or an array of positions."""
    if isinstance(rows, slice):
        return np.arange(*rows.indices(n_rows))
    rows = np.asarray(rows)
    if rows.dtype == bool:
        return np.flatnonzero(rows)
    rows = rows.astype(np.int64, copy=False)
    return np.where(rows < 0, rows + n_rows, rows)


def _by_file(
    rows: np.ndarray, lengths: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Iterate over the files that contain some rows.

    Yields
    ------
    number : int
        Number of the file.
    places : ndarray of int
        Positions of its rows in `rows`.
    own : ndarray of int
        Their positions in the file.
    """
    ends = np.cumsum(lengths)
    numbers = np.searchsorted(ends, rows, side="right")
    for number in np.unique(numbers):
        places = np.flatnonzero(numbers == number)
        yield number, places, rows[places] - (ends[number] - lengths[number])


def _forget(array: np.ndarray) -> None:
    """Release the memory of a file that has been read; Linux keeps a copy."""
    mapping = array.base
    if isinstance(mapping, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


class StoredRows:
    """Concatenated embeddings in files, which are read row by row.

    Rows that are present and have NaN or infinity are refused.
    """

    ndim = 2

    def __init__(self, files: Sequence[VectorFile]):
        self.files = list(files)
        first = self.files[0].vectors
        self._lengths = [len(file.vectors) for file in self.files]
        self.dtype = first.dtype
        self.shape = (sum(self._lengths), first.shape[1])

    @property
    def filename(self):
        return getattr(self.files[0].vectors, "filename", None)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows) -> np.ndarray:
        rows = _positions(rows, len(self))
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        for number, places, own in _by_file(rows, self._lengths):
            file = self.files[number]
            vectors = file.vectors[own]
            _forget(file.vectors)
            _check_vectors(vectors, own, file)
            found[places] = vectors
        return found

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def _check_vectors(vectors: np.ndarray, rows: np.ndarray, file: VectorFile) -> None:
    if vectors.dtype.kind == "f":
        with np.errstate(over="ignore"):
            finite = np.isfinite(vectors.astype(np.float32, copy=False)).all(axis=1)
        bad = ~finite & file.present[rows]
        if bad.any():
            raise ValueError(
                f"{file.where}: the embedding has NaN or infinity in row "
                f"{rows[bad.argmax()]}, which MultiView.save does not write; the file "
                "is damaged"
            )


class StoredCounts(sparse.csr_array):
    """Concatenated counts in files, as a CSR array.

    Rows are read when their cells are needed, and checked then, because SciPy and
    others use columns as addresses. A selection of rows is lazy, too.
    """

    def __new__(cls, *args, **kwargs):
        # SciPy's results are ordinary arrays.
        return sparse.csr_array(*args, **kwargs) if args else object.__new__(cls)

    @classmethod
    def of(
        cls,
        files: Sequence[CountFile],
        n_words: int,
        rows: np.ndarray | None = None,
    ) -> "StoredCounts":
        """Return the counts of files, or of some rows in them."""
        self = cls.__new__(cls)
        lengths = np.concatenate([np.diff(file.indptr) for file in files])
        if rows is not None:
            lengths = lengths[rows]
        sparse.csr_array.__init__(
            self, (len(lengths), n_words), dtype=files[0].data.dtype
        )
        n_cells = int(lengths.sum())
        index_type = np.int32 if n_cells < 2**31 else np.int64
        self.indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(index_type)
        self.indptr.flags.writeable = False
        self._files, self._rows = list(files), rows
        self._dtype, self._cells = self._cells[0].dtype, None
        return self

    @property
    def files(self) -> list[CountFile] | None:
        """The files whose rows these are; None for a selection of rows."""
        return self._files if self._rows is None else None

    def __getitem__(self, key):
        if isinstance(key, tuple) or not (isinstance(key, slice) or np.ndim(key) == 1):
            return super().__getitem__(key)
        rows = _positions(key, self.shape[0])
        if self._rows is not None:
            rows = self._rows[rows]
        return self.of(self._files, self.shape[1], rows)

    @property
    def data(self):
        """The counts, which are read and checked at first use."""
        return self._loaded()[0]

    @data.setter
    def data(self, values):
        self._cells = values, getattr(self, "_cells", (None, None))[1]

    @property
    def indices(self):
        """The columns, which are read and checked at first use."""
        return self._loaded()[1]

    @indices.setter
    def indices(self, values):
        self._cells = self._loaded()[0], values

    @property
    def dtype(self):
        """The type of the counts."""
        return self._dtype

    def _loaded(self) -> tuple[Any, Any]:
        if self._cells is None:
            if self._rows is None and len(self._files) == 1:  # nothing to copy
                data, indices = self._files[0][:2]
                indices = indices.astype(self.indptr.dtype, copy=False)
                self._check(data, indices)
            else:
                data, indices = self._gather()
            for array in (data, indices):
                array.flags.writeable = False
            self._cells = data, indices
        return self._cells

    def _gather(self) -> tuple[np.ndarray, np.ndarray]:
        """Return copies of the cells of the rows, from several files."""
        lengths = [len(file.indptr) - 1 for file in self._files]
        rows = np.arange(sum(lengths)) if self._rows is None else self._rows
        data = np.empty(self.indptr[-1], self._dtype)
        indices = np.empty(self.indptr[-1], self.indptr.dtype)
        for number, places, own in _by_file(rows, lengths):
            file = self._files[number]
            matrix = sparse.csr_array(file[:3], (lengths[number], self.shape[1]))
            block = matrix[own]  # copies, and trusts only the pointers
            _forget(file.data)
            _forget(file.indices)
            check_cells(block.data, block.indices, block.indptr, self.shape[1], file)
            into = _cells_of(self.indptr, places)
            data[into], indices[into] = block.data, block.indices
        return data, indices

    def _check(self, data, indices) -> None:
        for start in range(0, self.shape[0], _CHECKED_ROWS):
            pointers = self.indptr[start : start + _CHECKED_ROWS + 1]
            cells = slice(pointers[0], pointers[-1])
            file = self._files[0]
            own = pointers - pointers[0]
            check_cells(data[cells], indices[cells], own, self.shape[1], file)


def _cells_of(indptr: np.ndarray, rows: np.ndarray) -> Any:
    """Return the positions of the cells of some rows, row by row."""
    if len(rows) == len(indptr) - 1:
        return slice(None)
    starts, lengths = indptr[rows].astype(np.int64), np.diff(indptr)[rows]
    before = np.cumsum(lengths, dtype=np.int64) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def check_cells(data, indices, indptr, n_words: int, file: CountFile) -> None:
    """Refuse invalid counts, because compiled code trusts them."""
    if len(indices) == 0:
        return
    steps = np.diff(indices)
    inner = np.ones(len(steps), dtype=bool)
    ends = indptr[1:-1]
    inner[ends[(ends > 0) & (ends < len(indices))] - 1] = False
    for wrong, what in (
        (indices.min() < 0 or indices.max() >= n_words, "columns beyond its words"),
        ((steps[inner] <= 0).any(), "columns that are not in order"),
        (not np.isfinite(data).all(), "NaN or infinity"),
        (data.min() < 0, "negative numbers"),
    ):
        if wrong:
            raise ValueError(
                f"{file.where}: the counts have {what}, which MultiView.save does not "
                "write; the file is damaged"
            )


def join_rows(pieces: Sequence[Any]) -> Any:
    """Concatenate embeddings: in memory, unless all are in files."""
    if all(isinstance(piece, StoredRows) for piece in pieces):
        return StoredRows([file for piece in pieces for file in piece.files])
    return np.concatenate([np.asarray(piece) for piece in pieces])


def join_counts(pieces: Sequence[sparse.csr_array]) -> sparse.csr_array:
    """Concatenate counts: in memory, unless all are in files."""
    files = [getattr(piece, "files", None) for piece in pieces]
    if None not in files:
        joined = [file for of_piece in files for file in of_piece or []]
        return StoredCounts.of(joined, pieces[0].shape[1])
    return sparse.vstack(pieces, format="csr")

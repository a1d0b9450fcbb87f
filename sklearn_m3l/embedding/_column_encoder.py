"""What all encoders of one column share: cells in, one vector per row out."""

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.embedding._columns import (
    distinct_rows,
    first_rows,
    naming_rows,
    read_pictures,
    read_texts,
    row_labels,
)
from sklearn_m3l.utils._sklearn import fit_context


class ColumnEncoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, metaclass=ABCMeta
):
    """Base class of the encoders of one column.

    A subclass learns from the distinct cells (`_learn`) and encodes distinct cells
    (`_encode`). Equal cells are encoded once; a missing cell becomes a row of NaN.
    """

    def _learn(self, cells: Sequence) -> None:  # noqa: B027  # nothing to learn
        """Learn from distinct cells."""

    @abstractmethod
    def _encode(self, cells: Sequence) -> np.ndarray:
        """Return a vector for each cell, NaN for one that cannot be read."""

    @property
    @abstractmethod
    def _n_features_out(self) -> int:
        """Return the length of the vectors."""

    def _encodes_pictures(self) -> bool:
        return False

    def _read(self, X) -> list:
        return read_pictures(X) if self._encodes_pictures() else read_texts(X)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn to encode a column.

        Parameters
        ----------
        X : array-like of shape (n_rows,)
            The column: a list, Series or array.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted encoder.
        """
        cells = self._read(X)
        distinct = [cells[row] for row in distinct_rows(first_rows(cells))]
        if not distinct:
            raise ValueError(
                f"{type(self).__name__} has nothing to learn from: all {len(cells)} "
                "rows are missing or blank"
            )
        self._learn(distinct)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def _fit_distinct(self, cells: Sequence) -> "ColumnEncoder":
        """Do what `fit` does, with the distinct cells of a column."""
        self._learn(cells)
        return self

    def transform(self, X):
        """Encode a column.

        Parameters
        ----------
        X : array-like of shape (n_rows,)
            The column: a list, Series or array.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_features)
            One vector per row; NaN if the cell is missing.
        """
        check_is_fitted(self)
        cells = self._read(X)
        first = first_rows(cells)
        rows = distinct_rows(first)
        vectors = np.full((len(cells), self._n_features_out), np.nan, dtype=np.float32)
        if len(rows):
            with naming_rows(cells, row_labels(X)):
                vectors[rows] = self._encode([cells[row] for row in rows])
        repeated = np.flatnonzero((first >= 0) & (first != np.arange(len(first))))
        vectors[repeated] = vectors[first[repeated]]
        return vectors

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = not self._encodes_pictures()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def batches(cells: Sequence, size: int) -> Iterator[slice]:
    """Iterate over slices of at most `size` cells."""
    return (slice(start, start + size) for start in range(0, len(cells), size))

"""Sparse matrices that compiled code can trust."""

from typing import Any

import numpy as np
from scipy import sparse

# Errors of SciPy for parts that do not fit.
_ERRORS = (AttributeError, IndexError, OverflowError, TypeError, ValueError)


def checked_csr(matrix: Any, what: str) -> sparse.csr_array:
    """Return a sparse matrix as a CSR array with indices within bounds.

    The arrays of a matrix may change after SciPy has checked them, and SciPy's own
    conversions trust them. So they are checked before conversion, in any format.

    Parameters
    ----------
    matrix : sparse matrix or sparse array of shape (n_rows, n_columns)
        It is not changed.
    what : str
        Its name in messages, such as "counts".

    Returns
    -------
    csr_array of shape (n_rows, n_columns)
        Shares the data of a CSR matrix.

    Raises
    ------
    ValueError
        If the parts of the matrix contradict each other, or it has one dimension.
    """
    if matrix.ndim != 2:
        raise ValueError(f"{what} must have two dimensions, not {matrix.ndim}")
    try:
        array = sparse.csr_array(_rebuilt(matrix))
        array.check_format(full_check=True)  # the rows of LIL are plain lists
    except _ERRORS as error:
        raise ValueError(
            f"{what} is not a valid sparse matrix: {error}; rebuild it, for example "
            "with scipy.sparse.coo_array((values, (rows, columns)), shape)"
        ) from error
    return array


def _rebuilt(matrix: Any) -> Any:
    """Return the same matrix, checked like a new one."""
    if matrix.format in ("csr", "csc", "bsr"):
        _check_pointers(matrix)
        # `check_format` replaces arrays, but must not do so in the caller's matrix.
        matrix = getattr(sparse, f"{matrix.format}_array")(matrix)
        matrix.check_format(full_check=True)
    elif matrix.format == "coo":
        return sparse.coo_array((matrix.data, matrix.coords), matrix.shape)
    elif matrix.format == "dia":
        return sparse.dia_array((matrix.data, matrix.offsets), matrix.shape)
    elif matrix.format == "lil":
        lengths = [list(map(len, getattr(matrix, name))) for name in ("rows", "data")]
        if lengths[0] != lengths[1]:
            raise ValueError("its rows and data differ in length")
    return matrix


def _check_pointers(matrix: Any) -> None:
    """Refuse errors that SciPy's check of compressed matrices misses."""
    for name in ("indptr", "indices"):
        if getattr(matrix, name).dtype.kind != "i":
            raise ValueError(f"its {name} must be signed integers")
    if (np.diff(matrix.indptr) < 0).any():
        raise ValueError("indptr must be a non-decreasing sequence")

"""Hashes that depend only on the content of a row."""

import numpy as np
from scipy import sparse


def mix_bits(values: np.ndarray) -> np.ndarray:
    """Return 64 well-mixed bits for each integer (the finalizer of splitmix64)."""
    x = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hash_rows(counts: sparse.csr_array) -> np.ndarray:
    """Return a hash of each row of a matrix.

    Parameters
    ----------
    counts : CSR array of shape (n_rows, n_columns)
        In any order of the columns, without duplicates. Zeros do not count.

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
        Equal for equal rows, whatever the other rows.
    """
    data = np.asarray(counts.data, np.float64)
    cells = mix_bits(mix_bits(counts.indices) ^ data.view(np.uint64))
    cells[data == 0] = 0
    sums = np.concatenate(([np.uint64(0)], np.cumsum(cells, dtype=np.uint64)))
    return sums[counts.indptr[1:]] - sums[counts.indptr[:-1]]  # modulo 2**64

"""Tests of the structure of sparse matrices, which compiled code trusts."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_m3l.utils._sparse import checked_csr

DENSE = np.array([[2, 0, 1, 0], [0, 0, 0, 3], [0, 4, 0, 0], [1, 1, 1, 1]])
FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


def make(form, kind="array"):
    return getattr(sparse, f"{form}_{kind}")(DENSE)


def set_item(name, position, value):
    def forge(matrix):
        getattr(matrix, name)[position] = value

    return forge


def set_parts(**parts):
    def forge(matrix):
        for name, value in parts.items():
            setattr(matrix, name, value)

    return forge


FORGED = {
    "a column beyond the last": ("csr", set_item("indices", 2, 4)),
    "a column far beyond": ("csr", set_item("indices", 2, 2**30)),
    "a negative column": ("csr", set_item("indices", 2, -1)),
    "rows beyond the cells": ("csr", set_item("indptr", -1, 2**30)),
    "a row beyond the cells": ("csr", set_item("indptr", 2, 2**30)),
    "rows that go backwards": ("csr", set_item("indptr", 1, 7)),
    "rows that begin late": ("csr", set_item("indptr", 0, 1)),
    "too few rows": ("csr", set_parts(indptr=np.array([0, 2, 8], np.int32))),
    "fewer cells than columns": ("csr", set_parts(data=np.ones(3))),
    "rows of cells that do not exist": (
        "csr",
        set_parts(
            indptr=np.array([0, 2**20, 0, 0, 0], np.int32),
            indices=np.empty(0, np.int32),
            data=np.empty(0),
        ),
    ),
    "columns that are not integers": ("csr", set_parts(indices=np.full(8, 0.5))),
    "no columns at all": ("csr", set_parts(indices=None)),
    "a row beyond the last, by column": ("csc", set_item("indices", 0, 2**30)),
    "a negative row, by column": ("csc", set_item("indices", 0, -7)),
    "a block beyond the last": ("bsr", set_item("indices", 0, 2**20)),
    "a cell outside": ("coo", lambda matrix: matrix.coords[0].fill(2**30)),
    "a cell at a negative place": ("coo", lambda matrix: matrix.coords[1].fill(-9)),
    "a list with a column outside": ("lil", set_item("rows", 1, [2**20])),
    "a list without its cell": ("lil", set_item("rows", 1, [])),
    "more diagonals than cells": ("dia", set_parts(offsets=np.arange(9))),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_matrices_are_refused(case):
    form, forge = FORGED[case]
    matrix = make(form)
    forge(matrix)
    with pytest.raises(
        ValueError, match="^counts is not a valid sparse matrix: .*rebuild"
    ):
        checked_csr(matrix, "counts")


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_valid_matrices_stay_as_they_are(form, kind):
    given = make(form, kind)
    checked = checked_csr(given, "counts")
    assert isinstance(checked, sparse.csr_array)
    assert_array_equal(checked.toarray(), DENSE)
    assert given.format == form
    assert_array_equal(given.toarray(), DENSE)


def test_a_csr_matrix_is_not_copied_or_changed():
    given = make("csr")
    given.data = np.r_[given.data, 9]  # one cell more than the rows have
    given.indices = np.r_[given.indices, 99]
    checked = checked_csr(given, "counts")
    assert checked.nnz == 8 and np.shares_memory(checked.data, given.data)
    assert len(given.data) == 9

"""A View of a memmap: on disk until rows are read."""

import pickle
import tracemalloc

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_m3l import MultiView

VALUES = np.arange(60, dtype=np.float64).reshape(20, 3)
ROWS = np.arange(20)


@pytest.fixture(params=["float32", "int8"])
def dtype(request):
    return request.param


@pytest.fixture
def on_disk(tmp_path, dtype):
    """Return a memmap that may be written to and a MultiView of it."""
    np.save(tmp_path / "en.npy", VALUES.astype(dtype))
    memmap = np.load(tmp_path / "en.npy", mmap_mode="r+")
    counts = np.arange(40).reshape(20, 2)
    return memmap, MultiView.from_arrays({"en": memmap}, {"en": counts})


SELECTIONS = {
    "all": [slice(None)],
    "slice": [slice(3, 9)],
    "empty slice": [slice(3, 3)],
    "steps": [slice(2, 18, 3)],
    "reversed": [slice(None, None, -1)],
    "positions": [np.array([7, 0, 7, -1])],
    "no positions": [np.array([], dtype=int)],
    "mask": [ROWS % 2 == 1],
    "one": [4],
    "slice of slice": [slice(5, None), slice(2, 9)],
    "positions of slice": [slice(5, None), np.array([3, 1])],
    "slice of positions": [np.array([9, 1, 5, 5]), slice(1, 3)],
    "mask of positions": [np.array([9, 1, 5]), np.array([True, False, True])],
    "positions of steps": [slice(None, None, -2), np.array([1, -1])],
    "thrice": [ROWS % 3 > 0, slice(1, 10), np.array([2, 0, 2])],
}


@pytest.fixture(params=SELECTIONS)
def selected(request, on_disk):
    """Return a memmap, a MultiView of some of its rows and their positions."""
    memmap, X = on_disk
    rows = ROWS
    for key in SELECTIONS[request.param]:
        X, rows = X[key], np.atleast_1d(rows[key])
    return memmap, X, rows


class TestMemmap:
    def test_rows_are_right(self, selected, dtype):
        _, X, rows = selected
        view = X["en"]
        assert view.embedding.shape == (len(rows), 3) and view.embedding.ndim == 2
        assert len(view.embedding) == len(X) == len(rows) and view.width == 3
        assert view.embedding.dtype == dtype
        assert np.asarray(view.embedding).dtype == dtype
        assert np.asarray(view.embedding, dtype=float).dtype == float
        assert_array_equal(np.asarray(view.embedding), VALUES[rows])
        assert_array_equal(view.counts.toarray()[:, 0], 2 * rows)

    def test_rows_are_read_when_asked_for(self, selected):
        memmap, X, rows = selected
        memmap[:] = 5
        read = X["en"].read(slice(None))
        assert read.dtype == np.float32
        assert_array_equal(read, np.full((len(rows), 3), 5))

    def test_read_some_rows(self, selected):
        _, X, rows = selected
        for some in (slice(1, 3), slice(None, None, -1), np.arange(len(rows))[::-2]):
            vectors = X["en"].read(some)
            assert vectors.dtype == np.float32 and type(vectors) is np.ndarray
            assert_array_equal(vectors, VALUES[rows][some])
            vectors[:] = -1
        assert_array_equal(X["en"].read(slice(None)), VALUES[rows])

    def test_chunks_make_the_whole(self, selected):
        _, X, rows = selected
        chunks = list(X["en"].chunks(4))
        assert all(len(vectors) <= 4 for _, vectors in chunks)
        assert len(chunks) == -(-len(rows) // 4)
        for part, vectors in chunks:
            assert_array_equal(vectors, VALUES[rows][part])

    def test_cannot_be_written_through_the_view(self, selected):
        _, X, rows = selected
        with pytest.raises((TypeError, ValueError), match="read-only|item assignment"):
            X["en"].embedding[: len(rows)] = 0
        assert_array_equal(np.asarray(X["en"].embedding), VALUES[rows])

    def test_equal_to_the_same_rows_in_memory(self, selected):
        _, X, rows = selected
        counts = np.arange(40).reshape(20, 2)[rows]
        same = MultiView.from_arrays({"en": VALUES[rows]}, {"en": counts}, index=rows)
        other = MultiView.from_arrays(
            {"en": VALUES[rows] + 1}, {"en": counts}, index=rows
        )
        assert same == X
        assert (other == X) == (len(rows) == 0)

    def test_pickle_is_of_values(self, selected):
        memmap, X, rows = selected
        copied = pickle.loads(pickle.dumps(X))
        assert copied == X
        memmap[:] = 5
        assert_array_equal(np.asarray(copied["en"].embedding), VALUES[rows])
        assert "on disk" in repr(X) or len(rows) == 0
        assert "on disk" not in repr(copied)

    def test_concat_reads(self, selected):
        memmap, X, rows = selected
        both = MultiView.concat([X, X])
        memmap[:] = 5
        assert_array_equal(both["en"].embedding, VALUES[np.r_[rows, rows]])
        assert "on disk" not in repr(both)

    def test_workers_open_the_same_file(self, selected):
        memmap, X, rows = selected
        memmap[:] = VALUES + 1
        ((description, vectors),) = joblib.Parallel(n_jobs=2)(
            [joblib.delayed(describe)(X)]
        )
        assert_array_equal(vectors, VALUES[rows] + 1)
        assert "on disk" in description or len(rows) == 0


def describe(X):
    return repr(X), X["en"].read(slice(None)).copy()


@pytest.mark.parametrize("order", ["C", "F"])
def test_workers_read_either_order_in_memory(tmp_path, order):
    np.save(tmp_path / "en.npy", np.asarray(VALUES, order=order))
    X = MultiView.from_arrays({"en": np.load(tmp_path / "en.npy", mmap_mode="r")})
    parts = [X, X[4:9], X[4:9][::-1], X[::3]]
    results = joblib.Parallel(n_jobs=2)(joblib.delayed(describe)(X) for X in parts)
    for (_, vectors), X in zip(results, parts, strict=True):
        assert_array_equal(vectors, VALUES[X.index])


def test_bad_rows_of_a_memmap_are_named(tmp_path):
    values = VALUES.astype(np.float32)
    values[17, 2] = np.nan
    np.save(tmp_path / "en.npy", values)
    memmap = np.load(tmp_path / "en.npy", mmap_mode="r")
    with pytest.raises(ValueError, match="'en'.*row 17"):
        MultiView.from_arrays({"en": memmap})
    X = MultiView.from_arrays({"en": memmap}, present={"en": ROWS != 17})
    assert X.present["en"].sum() == 19


def test_bad_rows_are_found_beyond_the_first_chunk():
    values = np.ones((40_000, 1))
    values[33_333] = np.inf
    with pytest.raises(ValueError, match="'en'.*row 33333"):
        MultiView.from_arrays({"en": values})


def test_memory_is_bounded(tmp_path):
    n_rows, width = 200_000, 32
    memmap = np.lib.format.open_memmap(
        tmp_path / "en.npy", "w+", np.float64, (n_rows, width)
    )
    tracemalloc.start()
    X = MultiView.from_arrays({"en": memmap})
    shuffled = X[np.random.default_rng(0).permutation(n_rows)]
    total = sum(vectors.sum() for _, vectors in shuffled["en"].chunks())
    assert shuffled == shuffled[:]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 0
    assert peak < memmap.nbytes / 2

"""Batches hold every row once, as it is in the data."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_m3l import MultiView
from sklearn_m3l.network import present_rows
from sklearn_m3l.training import _batches, _processes
from sklearn_m3l.training._batches import TupleBatches


def numbered(n_rows):
    """Return tuples whose vectors and counts tell their row."""
    rows = np.arange(n_rows, dtype=np.float32)
    return MultiView.from_arrays(
        {"en": np.column_stack([rows, -rows]), "image": rows[:, None]},
        {"en": np.column_stack([rows, rows % 2])},
        present={"image": rows % 3 != 0},
    )


def rows_of(batches):
    return [batch.vectors["en"][:, 0].int().tolist() for batch in batches]


def dense(batch, name, n_words):
    cells = batch.cells[name]
    rows = batch.rows[name]
    n_rows = batch.size if rows is None else len(rows)
    counts = torch.zeros(n_rows * n_words)
    counts.index_add_(0, cells.rows * n_words + cells.words, cells.values)
    return counts.view(n_rows, n_words).numpy()


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "sizes"),
    [
        (6, 2, [2, 2, 2]),
        (8, 3, [3, 3, 2]),
        (7, 3, [3, 4]),  # a last batch of one row joins the one before it
        (3, 2, [3]),
        (5, 100, [5]),
        (5, 5, [5]),
        (2, 2, [2]),
        (1, 2, [1]),
    ],
)
@pytest.mark.parametrize("seed", [None, 0])
def test_every_row_once(make_dataset, n_rows, batch_size, sizes, seed):
    batches = list(TupleBatches(make_dataset(numbered(n_rows), seed=seed), batch_size))
    assert [batch.size for batch in batches] == sizes
    assert sorted(sum(rows_of(batches), [])) == list(range(n_rows))


def test_order(make_dataset):
    X = numbered(40)
    in_order = TupleBatches(make_dataset(X), 8)
    assert sum(rows_of(in_order), []) == list(range(40))

    def epochs(seed):
        batches = TupleBatches(make_dataset(X, seed=seed), 8)
        return rows_of(batches), rows_of(batches)

    assert epochs(0) == epochs(0)
    assert epochs(0)[0] != epochs(0)[1]
    assert epochs(0) != epochs(1)


def test_seed_of_what_is_drawn(make_dataset):
    def generator(seed):
        return next(
            iter(TupleBatches(make_dataset(numbered(4), seed=seed), 2))
        ).generator

    def draw(seed):
        return torch.rand(3, generator=generator(seed)).tolist()

    assert draw(0) == draw(0) != draw(1)
    assert generator(None) is None


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4], [7, 2, 10], [1, 4], [8], [9, 3]])
def test_batch_equals_the_data(tuples, make_batch, rows):
    rows = np.array(rows)
    batch = make_batch(tuples, rows)
    assert batch.size == len(rows)
    for name, view in tuples.views.items():
        kept = rows[view.present[rows]]
        assert_array_equal(batch.vectors[name], view.embedding[kept])
        assert batch.vectors[name].dtype == torch.float32
        if batch.rows[name] is None:
            assert len(kept) == len(rows)
        else:
            assert_array_equal(rows[batch.rows[name]], kept)
        if view.is_text:
            n_words = view.counts.shape[1]
            assert_array_equal(dense(batch, name, n_words), view.counts[kept].toarray())
    assert list(batch.cells) == ["en", "de"]


def test_fractional_and_wide_counts(make_batch):
    # The position of a cell in (rows, words) would not fit 32 bits.
    n_words = 2**30
    values = np.array([0.5, 2.0, 1e-3])
    positions = [0, 3, 4], [n_words - 1, 5, n_words - 1]
    counts = sparse.csr_array((values, positions), shape=(5, n_words))
    X = MultiView.from_arrays({"en": np.ones((5, 2))}, {"en": counts})
    cells = make_batch(X, range(5)).cells["en"]
    assert cells.rows.tolist() == [0, 3, 4]
    assert cells.words.tolist() == [n_words - 1, 5, n_words - 1]
    assert_allclose(cells.values, values)


def test_counts_stand_in_for_an_embedding(make_batch):
    counts = np.array([[2, 0, 1], [0, 3, 0], [0, 0, 0]])
    batch = make_batch(MultiView.from_arrays(counts={"en": counts}), [1, 0])
    assert_array_equal(batch.vectors["en"], counts[[1, 0]])


def test_what_goes_with_the_rows(tuples, make_batch):
    articles = np.array(list("bbaaccddeeff"))
    prior = np.random.default_rng(0).normal(size=(2, 12, 3)).astype(np.float32)
    rows = np.array([9, 2, 3, 8])
    weights = np.arange(12, dtype=np.float32)
    batch = make_batch(tuples, rows, groups=articles, prior=prior, pair_weight=weights)
    same = batch.groups[:, None] == batch.groups
    assert_array_equal(same, articles[rows][:, None] == articles[rows])
    for part, expected in zip(batch.prior, prior, strict=True):
        assert_array_equal(part, expected[rows])
    assert_array_equal(batch.pair_weight, weights[rows])
    batch = make_batch(tuples, rows)
    assert batch.groups is batch.prior is batch.pair_weight is None


STORAGE = ["<f8", "<f4", "<f2", ">f8", ">f4", ">f2", "f4 backwards", "f2 backwards"]
STORAGE += ["f4 memmap", "f2 memmap", "f4 lazy rows", "f2 lazy rows"]


@pytest.mark.parametrize("storage", STORAGE)
def test_storage_of_embeddings(tmp_path, make_dataset, storage):
    # Values that float16 holds exactly.
    vectors = np.random.default_rng(0).integers(-50, 50, size=(9, 4)) / 8
    dtype, _, kind = storage.partition(" ")
    stored = vectors.astype(dtype)
    if kind == "backwards":
        stored, vectors = stored[::-1, ::-1], vectors[::-1, ::-1]
    if kind in ("memmap", "lazy rows"):
        np.save(tmp_path / "en.npy", stored)
        stored = np.load(tmp_path / "en.npy", mmap_mode="r")
    X = MultiView.from_arrays({"en": stored}, {"en": np.ones((9, 2))})
    if kind == "lazy rows":
        order = np.array([4, 8, 0, 2, 2, 7])
        X, vectors = X[order], vectors[order]
        assert not isinstance(X["en"].embedding, np.ndarray)
    (batch,) = TupleBatches(make_dataset(X), 100)
    assert batch.vectors["en"].dtype == torch.float32
    assert_array_equal(batch.vectors["en"], vectors)
    in_memory = MultiView.from_arrays({"en": vectors}, {"en": np.ones((len(X), 2))})
    for batch, expected in zip(
        TupleBatches(make_dataset(X, seed=0), 4),
        TupleBatches(make_dataset(in_memory, seed=0), 4),
        strict=True,
    ):
        assert_array_equal(batch.vectors["en"], expected.vectors["en"])


def test_blocks(tuples, make_dataset):
    # Rows are gathered in blocks of many batches; where they are cut must not show.
    X = MultiView.concat([tuples] * 1500)
    n_rows = len(X)
    prior = np.random.default_rng(0).normal(size=(2, n_rows, 3)).astype(np.float32)

    def contents(batch_size):
        of_rows = {"groups": np.arange(n_rows) // 2, "prior": prior}
        weights = np.arange(n_rows, dtype=np.float32)
        dataset = make_dataset(X, **of_rows, pair_weight=weights, seed=0)
        parts, start = {}, 0
        for batch in TupleBatches(dataset, batch_size):
            own = {"groups": batch.groups, "prior": torch.stack(batch.prior, dim=1)}
            own["weights"] = batch.pair_weight
            for name, vectors in batch.vectors.items():
                own[name] = vectors
                own[f"rows of {name}"] = start + present_rows(batch, name)
            for name in batch.cells:
                counts = dense(batch, name, X[name].counts.shape[1])
                own[f"words of {name}"] = torch.from_numpy(counts)
            for key, part in own.items():
                parts.setdefault(key, []).append(part)
            start += batch.size
        return {key: torch.cat(of_batches) for key, of_batches in parts.items()}

    whole = contents(n_rows)
    assert len(whole["groups"]) == n_rows
    for batch_size in (7, 64, 3000):
        for key, part in contents(batch_size).items():
            assert torch.equal(part, whole[key]), key


def test_memmaps_stay_on_disk(tmp_path, make_dataset):
    np.save(tmp_path / "en.npy", np.ones((9, 4), dtype=np.float32))
    stored = np.load(tmp_path / "en.npy", mmap_mode="r")
    X = MultiView.from_arrays({"en": stored}, {"en": np.ones((9, 2))})
    for part in (X, X[np.array([3, 1])]):
        assert not isinstance(make_dataset(part).encoded["en"], torch.Tensor)


def test_device(tuples, make_batch):
    # torch's "meta" device has shapes and no values: whatever is there was sent.
    batch = make_batch(
        tuples,
        groups=np.arange(12),
        prior=np.zeros((2, 12, 3), np.float32),
        pair_weight=np.ones(12, np.float32),
        device=torch.device("meta"),
    )
    sent = [batch.groups, batch.pair_weight, *batch.prior, *batch.vectors.values()]
    for cells in batch.cells.values():
        sent += [cells.rows, cells.words, cells.values]
    sent += [rows for rows in batch.rows.values() if rows is not None]
    assert {tensor.device.type for tensor in sent} == {"meta"}


def test_parts_of_batches(tuples, make_dataset, monkeypatch):
    def batches(rank, n_processes):
        for module in (_batches, _processes):
            monkeypatch.setattr(module, "place", lambda: (rank, n_processes))
        dataset = make_dataset(tuples, groups=np.arange(len(tuples)) // 2, seed=0)
        return list(TupleBatches(dataset, 5))

    alone = batches(0, 1)
    for whole, *parts in zip(alone, *(batches(n, 3) for n in range(3)), strict=True):
        assert sum(part.size for part in parts) == whole.size
        for name, vectors in whole.vectors.items():
            assert torch.equal(torch.cat([p.vectors[name] for p in parts]), vectors)
            bounds = [(part.own[name].start, part.own[name].stop) for part in parts]
            ends = [0, *(stop for _, stop in bounds)]
            assert bounds == list(pairwise(ends))
            assert {part.count(name) for part in parts} == {len(vectors)}
            if name in whole.cells:
                values = torch.cat([part.cells[name].values for part in parts])
                assert torch.equal(values, whole.cells[name].values)
        for part in parts:
            assert torch.equal(part.whole.groups, whole.groups)
            assert_array_equal(part.whole.positions["de"], whole.positions["de"])
            assert not part.whole.vectors

"""Batches of tuples, cut from arrays that are not copied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sklearn_m3l.multiview import MultiView, View
from sklearn_m3l.network import Batch, Cells, place, send
from sklearn_m3l.training import _processes

# Rows gathered at once: bounds the memory that an epoch takes.
_BLOCK_ROWS = 8192


class TupleDataset(torch.utils.data.Dataset):
    """Tuples in memory or on disk, cut into batches without a worker or a copy.

    Parameters
    ----------
    X : MultiView
        The tuples.
    encoded : mapping of str to View
        What the inference networks encode, by view.
    decoded : sequence of str
        Text views to reconstruct.
    groups : ndarray of int64 of shape (n_rows,), optional
        Articles.
    prior : tuple of two ndarrays of shape (n_rows, n_components), optional
        Mean and log-variance of each row's own prior.
    pair_weight : ndarray of float32 of shape (n_rows,), optional
        Factors of the contrast of each row.
    seed : int or None
        Seed of the order of rows and of everything random in a batch; None for
        evaluation, where rows keep their order and nothing is random.
    device : torch.device
        Device of the batches.
    """

    def __init__(
        self,
        X: MultiView,
        encoded: Mapping[str, View],
        decoded,
        *,
        groups=None,
        prior=None,
        pair_weight=None,
        seed,
        device,
    ):
        self.n_rows = len(X)
        self.device = device
        self.encoded = {
            name: _vector_source(view, device) for name, view in encoded.items()
        }
        self.decoded = {name: X[name].counts for name in decoded}
        self.absent = {
            name: ~X[name].present
            for name in {*encoded, *decoded}
            if not X[name].present.all()
        }
        self.groups = None
        if groups is not None:
            self.groups = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        self.prior = None if prior is None else tuple(map(torch.as_tensor, prior))
        self.pair_weight = None
        if pair_weight is not None:
            self.pair_weight = torch.as_tensor(pair_weight)
        self.generator = self.order = None
        if seed is not None:
            self.generator = torch.Generator(device).manual_seed(seed)
            self.order = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.n_rows

    def block(self, rows: np.ndarray, outline: bool = False) -> "Block":
        """Gather the tuples in `rows` (positions), to be cut into batches.

        An outline has neither vectors nor counts.
        """
        vectors, cells, present = {}, {}, {}
        for name, source in self.encoded.items():
            kept, present[name] = self._present(name, rows)
            if not outline:
                vectors[name] = _read(source, kept, self.device)
        for name, counts in self.decoded.items():
            kept, present[name] = self._present(name, rows)
            if not outline:
                cells[name] = _BlockCells(counts[kept], self.device)
        groups = prior = pair_weight = None
        if self.groups is not None:
            groups = torch.from_numpy(self.groups[rows]).to(self.device)
        if self.prior is not None and not outline:
            prior = tuple(part[rows].to(self.device) for part in self.prior)
        if self.pair_weight is not None:
            pair_weight = self.pair_weight[rows].to(self.device)
        return Block(
            vectors,
            present,
            cells,
            groups,
            prior,
            pair_weight,
            self.generator,
            self.device,
        )

    def _present(self, name, rows):
        """Return the rows that have a view, and their positions in the block."""
        if name not in self.absent:
            return rows, None
        positions = np.flatnonzero(~self.absent[name][rows])
        return rows[positions], positions


class _BlockCells:
    """The non-zero word counts of some rows, in the order of the rows."""

    def __init__(self, counts, device):
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        self.rows = torch.from_numpy(rows).to(device)
        self.words = torch.from_numpy(counts.indices.astype(np.int64)).to(device)
        self.values = torch.from_numpy(counts.data.astype(np.float32)).to(device)
        self.ends = counts.indptr.tolist()

    def at(self, start: int, stop: int) -> Cells:
        """Return the cells of the rows from `start` to before `stop`."""
        first = self.ends[start]
        cells = slice(first, self.ends[stop])
        ends = [end - first for end in self.ends[start : stop + 1]]
        rows = self.rows[cells] - start
        return Cells(rows, self.words[cells], self.values[cells], ends)


@dataclass
class Block:
    """Some thousands of tuples, gathered at once because small gathers are slow.

    The fields are those of `Batch`, except that `present` holds the positions of the
    rows that have a view, as arrays of int.
    """

    vectors: dict[str, Tensor]
    present: dict[str, np.ndarray | None]
    cells: dict[str, _BlockCells]
    groups: Tensor | None
    prior: tuple[Tensor, ...] | None
    pair_weight: Tensor | None
    generator: torch.Generator | None
    device: torch.device

    def batch(self, start: int, stop: int) -> Batch:
        """Return the tuples from `start` to before `stop` as a batch."""
        size = stop - start
        batch = Batch(size, {}, {}, generator=self.generator)
        ranges = {}
        for name, positions in self.present.items():
            ranges[name], batch.rows[name] = (start, stop), None
            batch.positions[name] = None
            if positions is not None:
                first, last = np.searchsorted(positions, (start, stop)).tolist()
                ranges[name] = first, last
                if last - first < size:
                    own = positions[first:last] - start
                    batch.positions[name] = own
                    batch.rows[name] = send(own, self.device)
        for name, vectors in self.vectors.items():
            batch.vectors[name] = vectors[slice(*ranges[name])]
        for name, cells in self.cells.items():
            batch.cells[name] = cells.at(*ranges[name])
        if self.groups is not None:
            batch.groups = self.groups[start:stop]
        if self.prior is not None:
            batch.prior = tuple(part[start:stop] for part in self.prior)
        if self.pair_weight is not None:
            batch.pair_weight = self.pair_weight[start:stop]
        return batch


class TupleBatches:
    """Iterate over a `TupleDataset`, each row once.

    Parameters
    ----------
    dataset : TupleDataset
        Reshuffled at every iteration if it has a seed.
    batch_size : int
        Rows in a batch. A last batch of one row joins the previous batch, since a
        single row has no batch statistics and no negatives.
    """

    def __init__(self, dataset: TupleDataset, batch_size: int):
        self.dataset = dataset
        self.batch_size = batch_size
        # Validation is not shared: with few rows, that would gain nothing.
        self.shared = dataset.order is not None and place()[1] > 1

    def __iter__(self) -> Iterator[Batch]:
        n_rows, dataset = len(self.dataset), self.dataset
        rows = np.arange(n_rows)
        if dataset.order is not None:
            dataset.order.shuffle(rows)
        starts = list(range(0, n_rows, self.batch_size))
        if len(starts) > 1 and n_rows - starts[-1] == 1:
            starts.pop()
        stops = [*starts[1:], n_rows]
        n_batches = max(1, _BLOCK_ROWS // self.batch_size)
        for first in range(0, len(starts), n_batches):
            batches = slice(first, first + n_batches)
            offset, end = starts[first], stops[batches][-1]
            cuts = [
                (start - offset, stop - offset)
                for start, stop in zip(starts[batches], stops[batches], strict=True)
            ]
            cut = _cut_parts if self.shared else _cut
            yield from cut(dataset, rows[offset:end], cuts)


def _cut(
    dataset: TupleDataset, rows: np.ndarray, cuts: list[tuple[int, int]]
) -> Iterator[Batch]:
    """Cut rows into batches."""
    block = dataset.block(rows)
    for start, stop in cuts:
        yield block.batch(start, stop)


def _cut_parts(
    dataset: TupleDataset, rows: np.ndarray, cuts: list[tuple[int, int]]
) -> Iterator[Batch]:
    """Cut rows into batches, and read only this process's parts."""
    parts = [_processes.part_of(*cut) for cut in cuts]
    block = dataset.block(np.concatenate([rows[slice(*part)] for part in parts]))
    outline, read = dataset.block(rows, outline=True), 0
    for (start, stop), (first, last) in zip(cuts, parts, strict=True):
        batch = block.batch(read, read + last - first)
        read += last - first
        batch.whole = whole = outline.batch(start, stop)
        for name, positions in whole.positions.items():
            bounds = [first - start, last - start]
            if positions is not None:
                bounds = np.searchsorted(positions, bounds).tolist()
            batch.own[name] = slice(*bounds)
        yield batch


def _vector_source(view: View, device) -> Tensor | View:
    """Return vectors as a tensor on the device, or the view to read them from."""
    if view.embedding is None or not isinstance(view.embedding, np.ndarray):
        return view
    if isinstance(view.embedding, np.memmap):
        return view
    if view.embedding.dtype == np.float16:  # not converted: it takes half the memory
        parts = [part.astype(np.float16) for _, part in view.chunks()]
        return torch.from_numpy(np.concatenate(parts)).to(device)
    return torch.from_numpy(view.read(slice(None))).to(device)


def _read(source: Tensor | View, rows: np.ndarray, device) -> Tensor:
    if isinstance(source, View):
        return torch.from_numpy(source.read(rows)).to(device)
    return source[torch.from_numpy(rows).to(device)].float()

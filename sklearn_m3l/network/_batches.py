"""Batches of tuples, cut from arrays that are not copied."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from sklearn_m3l.multiview import MultiView, View
from sklearn_m3l.network import _shards

# Rows gathered at once: bounds the memory that an epoch takes.
_BLOCK_ROWS = 8192


@dataclass
class Cells:
    """The non-zero word counts of some rows.

    Parameters
    ----------
    rows, words : Tensor of int64 of shape (n_cells,)
        Row and word of each cell, row by row.
    values : Tensor of float32 of shape (n_cells,)
        The counts.
    ends : list of int of length n_rows + 1
        0, then the end of the cells of each row.
    """

    rows: Tensor
    words: Tensor
    values: Tensor
    ends: list[int] = field(default_factory=list)


@dataclass
class Batch:
    """Some tuples, in the form that the network takes.

    Parameters
    ----------
    size : int
        Number of tuples.
    vectors : dict of str to Tensor of shape (n_present, width)
        What each view's inference network encodes: the rows that have the view.
    rows : dict of str to Tensor of int64 of shape (n_present,), or None
        Positions of those rows in the batch; None if every row has the view.
    positions : dict of str to ndarray of int, or None
        The same in main memory, where reading them does not wait for the device.
    cells : dict of str to Cells
        The counts to reconstruct, of the rows that have the text.
    groups : Tensor of int64 of shape (size,), or None
        Article of each tuple; tuples of one article are never negatives.
    prior : tuple of two Tensors of shape (size, n_components), or None
        Mean and log-variance of each tuple's own prior.
    pair_weight : Tensor of shape (size,), or None
        Factors of the contrast of each tuple; None for 1.
    generator : torch.Generator or None
        Draws dropout and samples in training; None in evaluation, at the mean.
    whole : Batch or None
        If several processes share a batch: the batch that this is a part of, without
        vectors and counts.
    own : dict of str to slice
        Slices of the rows of each view in the whole batch.
    present : dict of str to Tensor of bool of shape (size,)
        If given, every view has a row for each tuple, and this marks those that exist.
        See `padded`.
    """

    size: int
    vectors: dict[str, Tensor]
    rows: dict[str, Tensor | None]
    positions: dict[str, np.ndarray | None] = field(default_factory=dict)
    cells: dict[str, Cells] = field(default_factory=dict)
    groups: Tensor | None = None
    prior: tuple[Tensor, ...] | None = None
    pair_weight: Tensor | None = None
    generator: torch.Generator | None = None
    whole: "Batch | None" = None
    own: dict[str, slice] = field(default_factory=dict)
    present: dict[str, Tensor] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Return how many rows of all processes have a view."""
        if self.whole is None:
            return len(self.vectors[name])
        positions = self.whole.positions[name]
        return self.whole.size if positions is None else len(positions)

    @property
    def device(self) -> torch.device:
        """Return the device of the batch."""
        return next(iter(self.vectors.values())).device

    def places(self, names: Iterable[str]) -> tuple[Tensor, int]:
        """Return the places of rows in the whole batch by view, and its length."""
        places, n_rows = [], 0
        for name in names:
            own = self.own[name]
            places.append(np.arange(own.start, own.stop) + n_rows)
            n_rows += self.count(name)
        return send(np.concatenate(places), self.device), n_rows


def padded(batch: Batch) -> Batch:
    """Return a batch whose shapes do not depend on which views its rows lack."""
    if all(positions is None for positions in batch.positions.values()):
        return batch
    full = replace(batch, vectors={}, cells={}, rows={}, positions={}, present={})
    for name in batch.rows:
        rows = present_rows(batch, name, batch.device)
        full.rows[name] = full.positions[name] = None
        here = torch.zeros(batch.size, dtype=torch.bool, device=batch.device)
        full.present[name] = here.index_fill_(0, rows, True)
        if name in batch.vectors:
            vectors = batch.vectors[name]
            all_rows = vectors.new_zeros(batch.size, vectors.shape[1])
            full.vectors[name] = all_rows.index_copy_(0, rows, vectors)
        if name in batch.cells:
            cells = batch.cells[name]
            full.cells[name] = replace(cells, rows=rows[cells.rows])
    return full


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
        self.shared = dataset.order is not None and _shards.place()[1] > 1

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
    parts = [_shards.part_of(*cut) for cut in cuts]
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


def present_rows(batch: Batch, name: str, device=None) -> Tensor:
    """Return the positions in the batch of the rows that have a view."""
    rows = batch.rows[name]
    if rows is None:
        device = device or batch.vectors[name].device
        rows = torch.arange(batch.size, device=device)
    return rows


def send(array: np.ndarray, device: torch.device) -> Tensor:
    """Return an array as a tensor on a device, without waiting for it."""
    return torch.from_numpy(array).to(device, non_blocking=True)


def common_rows(
    batch: Batch, a: str, b: str
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the positions of the rows that have both views among those of each.

    None stands for all of them.
    """
    rows_a, rows_b = batch.positions[a], batch.positions[b]
    if a == b or (rows_a is None and rows_b is None):
        return None, None
    if rows_a is None:
        return rows_b, None
    if rows_b is None:
        return None, rows_a
    _, among_a, among_b = np.intersect1d(
        rows_a, rows_b, assume_unique=True, return_indices=True
    )
    return among_a, among_b


def take(tensor: Tensor, positions: np.ndarray | None) -> Tensor:
    """Select rows of a tensor; None stands for all of them."""
    return tensor if positions is None else tensor[send(positions, tensor.device)]


def cells_at(cells: Cells, positions: np.ndarray | None) -> Cells:
    """Return the cells of some rows, as if there were no others; None for all."""
    if positions is None:
        return cells
    ends = np.asarray(cells.ends)
    lengths = np.diff(ends)[positions]
    own_ends = np.concatenate([[0], np.cumsum(lengths)])
    shifts = ends[positions] - own_ends[:-1]
    places = np.arange(own_ends[-1]) + np.repeat(shifts, lengths)
    device = cells.rows.device
    kept = send(places, device)
    rows = send(np.repeat(np.arange(len(positions)), lengths), device)
    return Cells(rows, cells.words[kept], cells.values[kept], own_ends.tolist())

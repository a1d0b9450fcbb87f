"""Some tuples, in the form that the network takes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


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
        Shapes then do not depend on which views the rows lack.
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

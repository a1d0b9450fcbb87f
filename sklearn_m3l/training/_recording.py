"""Steps of training on a GPU, recorded once and then replayed.

The kernels of a step take microseconds each, and Python takes longer to start them.
CUDA starts all kernels of a recording (a CUDA graph) at once. A recording reads and
writes the same memory each time, so each batch is first copied into the memory of the
recorded one.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_m3l.network import Batch, Cells, present_rows

# Record a kind of batch when it comes a second time: by then, libraries are loaded.
_SEEN_BEFORE = 2

_PLAIN = {bool, int, float, str}

# The loss of a step, and the gradient of each parameter.
Step = tuple[Tensor, list[Tensor | None]]


class Recorder:
    """Compute losses of batches and gradients of parameters.

    Batches of a recurring size are recorded; if rows lack views, they are padded. A
    recording is valid until a number or flag of the network or its loss changes, as a
    callback may do.

    Parameters
    ----------
    compute : callable
        Returns the loss of a batch and sets the gradients.
    modules : list of torch.nn.Module
        The modules that it uses.
    """

    def __init__(self, compute: Callable[[Batch], Tensor], modules: list[nn.Module]):
        self.compute = compute
        self.parameters = [p for module in modules for p in module.parameters()]
        self._attributes = [vars(m) for module in modules for m in module.modules()]
        self._seen: Counter[tuple] = Counter()
        self._recordings: dict[tuple, tuple[Batch, Callable[[], Step]]] = {}
        self._pool = None

    def __call__(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, and set the gradients."""
        if batch.whole is not None:
            return self._compute(batch)
        batch = padded(batch)
        key = _shape(batch), self._settings()
        if key not in self._recordings:
            self._seen[key] += 1
            if self._seen[key] <= _SEEN_BEFORE:
                return self._compute(batch)
            self._recordings[key] = self._record(batch)
        own, replay = self._recordings[key]
        _fill(own, batch)
        loss, gradients = replay()
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            if parameter.grad is not gradient:
                parameter.grad = gradient
        return loss.clone()

    def _compute(self, batch: Batch) -> Tensor:
        for parameter in self.parameters:
            parameter.grad = None
        return self.compute(batch)

    def _record(self, batch: Batch) -> tuple[Batch, Callable[[], Step]]:
        own = _copy(batch)

        def step() -> Step:
            return self._compute(own), [p.grad for p in self.parameters]

        replay, self._pool = record(step, batch.generator, self._pool)
        return own, replay

    def _settings(self) -> tuple:
        """Return every number and flag of the modules."""
        values = [
            value
            for own in self._attributes
            for value in own.values()
            if type(value) in _PLAIN
        ]
        return *values, *[p.requires_grad for p in self.parameters]


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


def can_record(device: torch.device) -> bool:
    """Return whether steps on a device can be recorded."""
    return device.type == "cuda"


def record(
    step: Callable[[], Step], generator: torch.Generator | None, pool: Any
) -> tuple[Callable[[], Step], Any]:
    """Record a step on a GPU; return a function that replays it, and its memory."""
    graph = torch.cuda.CUDAGraph()
    if generator is not None:
        graph.register_generator_state(generator)
    # Other threads may train, too.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        result = step()

    def replay() -> Step:
        graph.replay()
        return result

    return replay, graph.pool()


def _room(cells: Cells) -> int:
    """Return how many cells fit into a recording."""
    return 1 << len(cells.values).bit_length()


def _shape(batch: Batch) -> tuple:
    rooms = [(name, _room(cells)) for name, cells in batch.cells.items()]
    return batch.size, *batch.present, *rooms


def _copy(batch: Batch) -> Batch:
    """Return a batch of the same shape with room for more cells."""
    cells = {}
    for name, own in batch.cells.items():
        room = _room(own)
        rows, words = own.rows.new_zeros(room), own.words.new_zeros(room)
        cells[name] = Cells(rows, words, own.values.new_zeros(room))
    return replace(
        batch,
        vectors={name: x.clone() for name, x in batch.vectors.items()},
        present={name: x.clone() for name, x in batch.present.items()},
        cells=cells,
        groups=None if batch.groups is None else batch.groups.clone(),
        prior=None if batch.prior is None else tuple(x.clone() for x in batch.prior),
        pair_weight=None if batch.pair_weight is None else batch.pair_weight.clone(),
    )


def _fill(own: Batch, batch: Batch) -> None:
    """Copy a batch into the memory of the recorded one."""
    targets, sources = _tensors(own), _tensors(batch)
    for name, cells in batch.cells.items():
        room, n_cells = own.cells[name], len(cells.values)
        targets += [x[:n_cells] for x in (room.rows, room.words, room.values)]
        sources += [cells.rows, cells.words, cells.values]
        # The rest of the room gets counts of 0, which change nothing.
        room.values[n_cells:].fill_(0)
    torch._foreach_copy_(targets, sources)


def _tensors(batch: Batch) -> list[Tensor]:
    """Return the tensors of a batch, without its cells."""
    others = [batch.groups, *(batch.prior or ()), batch.pair_weight]
    views = [*batch.vectors.values(), *batch.present.values()]
    return [*views, *(x for x in others if x is not None)]

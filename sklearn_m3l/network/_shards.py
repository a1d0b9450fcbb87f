"""Batches that the processes of `torch.distributed` share.

Every process has all tuples and the same seeds, and computes its part of each batch.
Terms that depend on other rows (the statistics of a batch and its contrast) are summed
over processes with their gradients, so all processes take the same steps as a single
one.
"""

from collections.abc import Iterable

import torch
import torch.distributed
from torch import Tensor
from torch.autograd import Function


def place() -> tuple[int, int]:
    """Return the number of this process, and how many train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def part_of(start: int, stop: int) -> tuple[int, int]:
    """Return the rows of a batch that this process computes; sizes differ by 0 or 1."""
    rank, n_processes = place()
    size = stop - start
    first, last = (size * number // n_processes for number in (rank, rank + 1))
    return start + first, start + last


def same_in_all(number: int) -> int:
    """Return the number that the first process has."""
    if place()[1] == 1:
        return number
    shared = torch.tensor(number, dtype=torch.int64, device=_device())
    torch.distributed.broadcast(shared, 0)
    return int(shared)


def check_alike(number: int, what: str) -> None:
    """Refuse a number that differs between processes."""
    if not all_agree(same_in_all(number) == number):
        raise ValueError(what)


def all_agree(flag: bool) -> bool:
    """Return whether something is true in all processes."""
    if place()[1] == 1:
        return flag
    shared = torch.tensor(float(flag), device=_device())
    torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MIN)
    return bool(shared)


def share_state(module: torch.nn.Module) -> None:
    """Copy the parameters and statistics of the first process to a module."""
    for tensor in module.state_dict().values():
        torch.distributed.broadcast(tensor, 0)


def add_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace gradients by their sums over all processes."""
    gradients = [own.grad for own in parameters if own.grad is not None]
    if gradients:
        total = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(total)
        parts = total.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))


def add_up(total: Tensor) -> Tensor:
    """Return the sum of a number over all processes."""
    total = total.detach().clone()
    torch.distributed.all_reduce(total)
    return total


class _Sum(Function):
    """The sum of a tensor over all processes, whose losses all depend on it."""

    @staticmethod
    def forward(ctx, x):
        x = x.clone()
        torch.distributed.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.clone()
        torch.distributed.all_reduce(gradient)
        return gradient


class _Gather(Function):
    """The rows of all processes, at their places in the batch.

    All processes must compute the same from them, so that each has the whole gradient
    of its own rows.
    """

    @staticmethod
    def forward(ctx, rows, places, n_rows):
        ctx.save_for_backward(places)
        whole = rows.new_zeros(n_rows, rows.shape[1])
        whole[places] = rows
        torch.distributed.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx, gradient):
        (places,) = ctx.saved_tensors
        return gradient[places], None, None


def total(x: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, with gradients."""
    return _Sum.apply(x)


def gather(rows: Tensor, places: Tensor, n_rows: int) -> Tensor:
    """Return the rows of all processes, with gradients for those of this process."""
    return _Gather.apply(rows, places, n_rows)


def count_once(x: Tensor) -> Tensor:
    """Scale a value that all processes compute, so that its sum over them is itself.

    Its gradient, which is that of this process's rows, is not scaled.
    """
    return x - x.detach() * (1 - 1 / place()[1])


def _device() -> torch.device:
    """Return a device on which the processes can exchange numbers."""
    nccl = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda" if nccl else "cpu")

"""Sums over the processes of `torch.distributed` that share a batch.

Each process computes its part of the batch. Terms that depend on other rows (the
statistics of a batch and its contrast) are summed over processes with their gradients.
"""

import torch
import torch.distributed
from torch import Tensor
from torch.autograd import Function


def place() -> tuple[int, int]:
    """Return the number of this process, and how many train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


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

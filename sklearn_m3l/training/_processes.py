"""What the processes of `torch.distributed` that train together must agree on.

Every process has all tuples and the same seeds, computes its part of each batch, and
adds its gradients to those of the others, so all processes take the same steps as a
single one.
"""

from collections.abc import Iterable

import torch
import torch.distributed
from torch import Tensor

from sklearn_m3l.network import place


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


def _device() -> torch.device:
    """Return a device on which the processes can exchange numbers."""
    nccl = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda" if nccl else "cpu")

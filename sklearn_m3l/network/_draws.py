"""Random numbers to encode some rows in training: dropout masks, and noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass
class Mask:
    """Dropout: keeps elements whose random bits reach a threshold, times a factor."""

    bits: Tensor  # int16
    lowest: int
    factor: float

    def __call__(self, x: Tensor) -> Tensor:
        """Drop elements of a tensor."""
        if self.factor == 1:
            return x
        return x * ((self.bits >= self.lowest) * self.factor)

    def at(self, rows: Tensor) -> "Mask":
        """Return the mask of some rows."""
        return replace(self, bits=self.bits[rows])


@dataclass
class Draws:
    """Random numbers to encode some rows."""

    vectors: Mask
    hidden: Mask | None  # for the last hidden layer, if there is one
    topics: Mask  # for the topics to decode
    noise: Tensor  # standard normal, (n_rows, n_components)

    def at(self, rows: Tensor) -> "Draws":
        """Return the random numbers of some rows."""
        hidden = None if self.hidden is None else self.hidden.at(rows)
        vectors, topics = self.vectors.at(rows), self.topics.at(rows)
        return Draws(vectors, hidden, topics, self.noise[rows])


def draw_masks(
    shapes: Sequence[tuple[int, int]],
    shares: Sequence[float],
    generator: torch.Generator,
    device: torch.device,
) -> list[Mask]:
    """Draw masks on a device, with the given shapes and shares to drop."""
    sizes = [math.prod(shape) for shape in shapes]
    # Sixteen bits per element are exact enough.
    n_draws = -(-sum(sizes) // 4)
    draws = torch.empty(n_draws, dtype=torch.int64, device=device)
    if device.type == "cpu":
        # PyTorch draws only their seed: drawing all bits would take as long as a layer.
        from sklearn_m3l.network._kernels import random_bits

        seed = torch.empty((), dtype=torch.int64).random_(generator=generator)
        random_bits(seed.item(), draws.numpy())
    else:
        draws.random_(-(2**63), None, generator=generator)
    parts = draws.view(torch.int16)[: sum(sizes)].split(sizes)
    return [
        Mask(bits.view(shape), int(share * 2**16) - 2**15, 1 / (1 - share))
        for bits, shape, share in zip(parts, shapes, shares, strict=True)
    ]

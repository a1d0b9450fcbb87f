"""Layers that keep statistics of their input."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network._shards import total

# Those of `torch.nn.functional.batch_norm`.
_MOMENTUM, _EPSILON = 0.1, 1e-5


class BatchNorm(nn.Module):
    """Batch normalization without affine parameters, defined for a single row too."""

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.frozen = False

    def forward(
        self, x: Tensor, n_rows: int | None = None, present: Tensor | None = None
    ) -> Tensor:
        """Normalize rows.

        `n_rows` is their number in all processes that share them. Statistics are over
        the rows that are `present`.
        """
        learns = self.learns(x, n_rows)
        if learns and present is not None:
            return self._normalize_present(x, present.unsqueeze(1))
        if learns and n_rows is not None:
            return self._normalize_shared(x, n_rows)
        return F.batch_norm(x, self.mean, self.variance, training=learns)

    def learns(self, x: Tensor, n_rows: int | None = None) -> bool:
        """Return whether the statistics are those of the batch."""
        # A single row has no statistics of its own, so it takes the running ones.
        n_rows = x.shape[0] if n_rows is None else n_rows
        return self.training and not self.frozen and n_rows > 1

    def _normalize_shared(self, x: Tensor, n_rows: int) -> Tensor:
        """Normalize by the statistics of the rows of all processes."""
        mean = total(x.sum(dim=0)) / n_rows
        centered = x - mean
        variance = total(centered.square().sum(dim=0)) / n_rows
        with torch.no_grad():
            self.mean.lerp_(mean, _MOMENTUM)
            self.variance.lerp_(variance * (n_rows / (n_rows - 1)), _MOMENTUM)
        return centered * (variance + _EPSILON).rsqrt()

    def _normalize_present(self, x: Tensor, present: Tensor) -> Tensor:
        """Normalize by the statistics of the present rows if there are at least two."""
        n_rows = present.sum()
        mean = (x * present).sum(dim=0) / n_rows.clamp_min(1)
        variance = ((x - mean) * present).square().sum(dim=0) / n_rows.clamp_min(1)
        with torch.no_grad():
            share = _MOMENTUM * (n_rows > 1)
            unbiased = variance * (n_rows / (n_rows - 1).clamp_min(1))
            # Read before the update: a single row takes those of earlier batches.
            means, variances = self.mean.clone(), self.variance.clone()
            self.mean.lerp_(mean, share)
            self.variance.lerp_(unbiased, share)
        mean = mean.where(n_rows > 1, means)
        variance = variance.where(n_rows > 1, variances)
        return (x - mean) * (variance + _EPSILON).rsqrt()


class Standardize(nn.Module):
    """Subtract the mean of a view's vectors and divide by their deviation."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.scale

"""Layers that keep the statistics of what passes them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BatchNorm(nn.Module):
    """Batch normalization without affine parameters, defined for a single row too."""

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.frozen = False

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.variance, training=self.learns(x))

    def learns(self, x: Tensor) -> bool:
        """Tell whether the statistics are those of the batch."""
        # One row has no statistics of its own: it takes the running ones.
        return self.training and not self.frozen and x.shape[0] > 1


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

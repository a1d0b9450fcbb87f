"""Operations of training that are compiled for a CPU.

Each computes what an expression of `_loss` or `_module` does, and its gradient, as one
operation of automatic differentiation. PyTorch's own are as many small ones, which take
as long as the products of matrices.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def compiled(tensor: Tensor) -> bool:
    """Tell whether the operations here take a tensor: in training, on a CPU."""
    on_cpu = tensor.device.type == "cpu" and tensor.dtype == torch.float32
    # numba is loaded for training alone.
    return on_cpu and torch.is_grad_enabled()


def cached() -> bool:
    """Tell whether an earlier process has compiled the kernels."""
    from sklearn_m3l.network import _kernels

    stats = getattr(_kernels.softplus, "stats", None)
    if stats is None:  # the compiler is switched off
        return True
    source = Path(_kernels.__file__)
    stored = Path(stats.cache_path).glob(f"{source.stem}.softplus-*.nbi")
    changed = source.stat().st_mtime
    return any(index.stat().st_mtime > changed for index in stored)


def _times(gradient: Tensor, g_x: Tensor) -> Tensor:
    """Return what a gradient for the loss makes of that of the loss."""
    return g_x if gradient == 1 else gradient * g_x


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


class _SoftplusLayer(Function):
    """Dropout of softplus(x @ weight.T + bias)."""

    @staticmethod
    def forward(ctx, x, weight, bias, mask):
        from sklearn_m3l.network import _kernels

        y = x @ weight.t()
        slope = torch.empty_like(y)
        dropout = _array(mask.bits), np.int16(mask.lowest), np.float32(mask.factor)
        _kernels.softplus(y.numpy(), _array(bias), *dropout, slope.numpy())
        ctx.save_for_backward(x, weight, slope)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, g_y):
        x, weight, slope = ctx.saved_tensors
        g_y = g_y * slope
        wants_x, wants_weight, wants_bias, _ = ctx.needs_input_grad
        return (
            g_y @ weight if wants_x else None,
            g_y.t() @ x if wants_weight else None,
            g_y.sum(dim=0) if wants_bias else None,
            None,
        )


class _MixtureLoss(Function):
    """-counts . log(share * theta @ phi.T + common), phi the softmax of beta by topic.

    `common` is what is added for each word.
    """

    @staticmethod
    def forward(ctx, theta, beta, share, common, cells):
        from sklearn_m3l.network import _kernels

        learns = ctx.needs_input_grad[1]
        phi = torch.empty_like(beta)
        g_beta = torch.empty_like(beta) if learns else phi
        g_theta, g_common = torch.empty_like(theta), torch.empty_like(common)
        loss, g_share = _kernels.mixture(
            *map(_array, (theta, beta)),
            np.float32(share.item()),
            *map(_array, (common, cells.rows, cells.words, cells.values)),
            *map(_array, (phi, g_theta, g_beta, g_common)),
            learns,
        )
        g_share = torch.tensor(g_share, dtype=theta.dtype)
        ctx.save_for_backward(g_theta, g_beta, g_share, g_common)
        return torch.tensor(loss, dtype=theta.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        wanted = zip(ctx.needs_input_grad, ctx.saved_tensors, strict=False)
        return *(_times(gradient, g_x) if w else None for w, g_x in wanted), None


class _ProductLoss(Function):
    """-counts . log softmax(BN(theta @ beta.T)); updates the statistics of BN."""

    @staticmethod
    def forward(ctx, theta, beta, cells, norm):
        from sklearn_m3l.network import _kernels

        logits = theta @ beta.t()
        g_logits = torch.empty_like(logits)
        loss = _kernels.product(
            *map(_array, (logits, cells.rows, cells.words, cells.values)),
            *map(_array, (norm.mean, norm.variance)),
            not norm.learns(theta),
            g_logits.numpy(),
        )
        ctx.save_for_backward(theta, beta, g_logits)
        return torch.tensor(loss, dtype=theta.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        theta, beta, g_logits = ctx.saved_tensors
        wants_theta, wants_beta, *_ = ctx.needs_input_grad
        return (
            _times(gradient, g_logits) @ beta if wants_theta else None,
            g_logits.t() @ _times(gradient, theta) if wants_beta else None,
            None,
            None,
        )


class _PairwiseContrast(Function):
    """InfoNCE of vectors, summed over the pairs of views."""

    @staticmethod
    def forward(ctx, vectors, table, temperature, groups, weights):
        from sklearn_m3l.network import _kernels

        if groups is None:
            groups = torch.zeros(0, dtype=torch.int64)
        products = vectors @ vectors.t()
        g_products = torch.zeros_like(products)
        loss = _kernels.contrast(
            products.numpy(),
            _array(table),
            np.float32(1 / temperature),
            *map(_array, (groups, weights)),
            g_products.numpy(),
        )
        ctx.save_for_backward(vectors, g_products)
        return torch.tensor(loss, dtype=vectors.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        vectors, g_products = ctx.saved_tensors
        both = g_products + g_products.t()
        return _times(gradient, both) @ vectors, None, None, None, None


# mypy does not see what `apply` takes.
softplus_layer: Any = _SoftplusLayer.apply
mixture_loss: Any = _MixtureLoss.apply
product_loss: Any = _ProductLoss.apply
pairwise_contrast: Any = _PairwiseContrast.apply

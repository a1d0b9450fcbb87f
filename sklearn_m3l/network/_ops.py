"""Operations of training that are compiled for a CPU.

Each computes an expression of `_loss` or `_encoder` and its gradient as one operation
of automatic differentiation. PyTorch would run many small ones, which together take as
long as the matrix products.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from sklearn_m3l.utils._threads import run_threads

# How many threads training may take; PyTorch itself gets one of them.
n_threads = 1

# Multiplications that take less time than starting a thread.
_FEW = 2**23


def compiled(tensor: Tensor) -> bool:
    """Return whether the operations here apply to a tensor: in training, on a CPU."""
    on_cpu = tensor.device.type == "cpu" and tensor.dtype == torch.float32
    # Load numba only for training.
    return on_cpu and torch.is_grad_enabled()


def kernels_are_cached() -> bool:
    """Return whether an earlier process has compiled the kernels."""
    from sklearn_m3l.network import _kernels

    stats = getattr(_kernels.softplus, "stats", None)
    if stats is None:  # the compiler is switched off
        return True
    if stats.cache_path is None:  # no folder can be written to
        return False
    source = Path(_kernels.__file__)
    stored = Path(stats.cache_path).glob(f"{source.stem}.softplus-*.nbi")
    return any(index.stat().st_mtime > source.stat().st_mtime for index in stored)


def _times(gradient: Tensor, g_x: Tensor) -> Tensor:
    """Multiply the gradient of a term by the incoming one."""
    return g_x if gradient == 1 else gradient * g_x


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def _halves(function: Callable[[slice], Any], n: int, n_products: int) -> None:
    """Call a function for each half of n numbers, in two threads if allowed.

    If there are few multiplications, it is called once for all.
    """
    parts = slice(n // 2), slice(n // 2, n)
    if n_products < _FEW:
        function(slice(n))
    elif n_threads > 1:

        def run(number):
            torch.set_num_threads(1)  # applies only to this thread
            function(parts[number])

        run_threads(run, 2)
    else:
        function(parts[0])
        function(parts[1])


def _mask(mask) -> tuple[np.ndarray, np.int16, np.float32]:
    return _array(mask.bits), np.int16(mask.lowest), np.float32(mask.factor)


class _Encode(Function):
    """The last hidden layer of an `InferenceNetwork` and all that follows."""

    @staticmethod
    def forward(ctx, x, weight, bias, head_weight, head_bias, topic_bias, more):
        from sklearn_m3l.network import _kernels

        norm, scale, draws = more
        n_rows = len(x)
        y, output = (
            x.new_empty(n_rows, len(weight)),
            x.new_empty(n_rows, len(head_bias)),
        )
        slope, (bits, *kept) = torch.empty_like(y), _mask(draws.hidden)
        weight, bias, head_weight, head_bias = (
            part.detach() for part in (weight, bias, head_weight, head_bias)
        )

        def layers(rows):
            torch.mm(x[rows], weight.t(), out=y[rows])
            into = y[rows].numpy(), bias.numpy(), bits[rows], *kept, slope[rows].numpy()
            _kernels.softplus(*into)
            torch.addmm(head_bias, y[rows], head_weight.t(), out=output[rows])

        _halves(layers, n_rows, n_rows * weight.numel())
        deviation, fixed = torch.empty_like(norm.mean), not norm.learns(output)
        values = x.new_empty(4, *draws.noise.shape)
        ctx.others = fixed, np.float32(scale), *_mask(draws.topics)
        _kernels.draw(
            *map(_array, (output, norm.mean, norm.variance)),
            *(fixed, _array(deviation), np.float32(scale), _array(topic_bias)),
            *(_array(draws.noise), *_mask(draws.topics), _array(values)),
        )
        mean, log_variance, theta, decoded = values.unbind()
        ctx.save_for_backward(
            x, weight, head_weight, y, slope, output, deviation, draws.noise, theta
        )
        return mean, log_variance, theta, decoded

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients):
        from sklearn_m3l.network import _kernels

        x, weight, head, y, slope, output, *others = ctx.saved_tensors
        deviation, noise, theta = map(_array, others)
        fixed, scale, *mask = ctx.others
        g_topic_bias, g_output = torch.empty(theta.shape[1]), torch.empty_like(output)
        _kernels.draw_backward(
            *(_array(output), fixed, deviation, scale, noise, *mask, theta),
            *(_array(g_x.contiguous()) for g_x in gradients),
            *map(_array, (g_topic_bias, g_output)),
        )
        g_y, g_head, g_weight = map(torch.empty_like, (y, head, weight))

        def hidden(rows):
            torch.mm(g_output[rows], head, out=g_y[rows])
            g_y[rows].mul_(slope[rows])

        def weights(units):
            torch.mm(g_y[:, units].t(), x, out=g_weight[units])

        n_products = x.shape[0] * weight.numel()
        _halves(hidden, x.shape[0], n_products)
        torch.mm(g_output.t(), y, out=g_head)
        _halves(weights, weight.shape[0], n_products)
        found = (
            g_y @ weight if ctx.needs_input_grad[0] else None,
            *(g_weight, g_y.sum(dim=0), g_head, g_output.sum(dim=0), g_topic_bias),
        )
        wanted = zip(found, ctx.needs_input_grad, strict=False)
        return *(g_x if wants else None for g_x, wants in wanted), None


# By kernel, the input whose gradient, a large matrix, may be left out.
_NOT_ALWAYS = {"mixture": 1}


class _Term(Function):
    """A term of the loss, by a named kernel, which also fills its gradients.

    There are gradients for the first `n_inputs` tensors; the kernel can skip those in
    `_NOT_ALWAYS`.
    """

    @staticmethod
    def forward(ctx, kernel, n_inputs, *tensors):
        from sklearn_m3l.network import _kernels

        gradients = [torch.zeros_like(x) for x in tensors[:n_inputs]]
        number = _NOT_ALWAYS.get(kernel)
        if number is not None and not ctx.needs_input_grad[2 + number]:
            gradients[number] = tensors[number].new_zeros(0, 0)
        arrays = map(_array, (*tensors, *gradients))
        loss = getattr(_kernels, kernel)(*arrays)
        ctx.save_for_backward(*gradients)
        ctx.n_others = len(tensors) - n_inputs
        return torch.tensor(loss, dtype=tensors[0].dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        wanted = zip(ctx.saved_tensors, ctx.needs_input_grad[2:], strict=False)
        found = (_times(gradient, g_x) if wants else None for g_x, wants in wanted)
        return None, None, *found, *[None] * ctx.n_others


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


class _Contrast(Function):
    """The contrast of vectors, by a named kernel."""

    @staticmethod
    def forward(ctx, kernel, vectors, table, temperature, groups, weights):
        from sklearn_m3l.network import _kernels

        if groups is None:
            groups = torch.zeros(0, dtype=torch.int64)
        products = vectors @ vectors.t()
        g_products = torch.zeros_like(products)
        loss = getattr(_kernels, kernel)(
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
        return None, _times(gradient, both) @ vectors, None, None, None, None


# mypy does not know the arguments of `apply`.
term: Any = _Term.apply
encode: Any = _Encode.apply
product_loss: Any = _ProductLoss.apply
contrast: Any = _Contrast.apply

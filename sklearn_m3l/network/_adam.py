"""Adam on a processor."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from sklearn_m3l.network._threads import Task


class CompiledAdam(torch.optim.Adam):
    """`torch.optim.Adam` in compiled code that may run in two threads.

    It takes the learning rate, the betas and epsilon alone. The state is that of
    `torch.optim.Adam`.
    """

    # How tasks are made: for the calling thread, outside of `fit`.
    task: Callable[..., Task] = partial(Task, None)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; PyTorch's way also makes a record for its profiler."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters that have a gradient; return what the closure does."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            halves: tuple[list, list] = ([], [])
            sizes = [0, 0]
            given = [p for p in group["params"] if p.grad is not None]
            for parameter in sorted(given, key=Tensor.numel, reverse=True):
                smaller = sizes.index(min(sizes))
                halves[smaller].append(parameter)
                sizes[smaller] += parameter.numel()
            other = self.task(self._update, halves[1], group)
            self._update(halves[0], group)
            other.result()
        return loss

    def _update(self, parameters: list[nn.Parameter], group: dict) -> None:
        from sklearn_m3l.network._kernels import adam

        beta_1, beta_2 = group["betas"]
        tensors: list[tuple] = []
        sizes, corrections = [], []
        for parameter in parameters:
            state = self.state[parameter]
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
            state["step"] += 1
            n_steps = state["step"].item()
            sizes.append(group["lr"] / (1 - beta_1**n_steps))
            corrections.append((1 - beta_2**n_steps) ** -0.5)
            moments = state["exp_avg"], state["exp_avg_sq"]
            tensors.append((parameter.detach(), parameter.grad, *moments))
        arrays = [
            tuple(tensor.numpy().ravel() for tensor in every)
            for every in zip(*tensors, strict=True)
        ]
        if arrays:
            steps = tuple(sizes), tuple(corrections)
            adam(*arrays, *steps, beta_1, beta_2, group["eps"])

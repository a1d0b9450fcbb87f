"""The compiled optimizer against PyTorch's."""

import copy

import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_m3l.network._adam import CompiledAdam
from sklearn_m3l.network._threads import Task, side_by_side

SHAPES = [(40, 30), (30,), (7, 9), (1,)]


def make_parameters():
    generator = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES
    ]


def train(optimizer, parameters, n_steps, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for step in range(n_steps):
        optimizer.zero_grad()
        for parameter in parameters:
            gradient = torch.randn(parameter.shape, generator=generator)
            # Some are given no gradient at first.
            if step or parameter.ndim == 2:
                parameter.grad = gradient
        optimizer.step()


@pytest.mark.parametrize("n_tasks", [1, 2])
def test_updates_are_those_of_torch(n_tasks):
    settings = {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6}
    ours, theirs = make_parameters(), make_parameters()
    compiled = CompiledAdam(ours, **settings)
    adam = torch.optim.Adam(theirs, **settings)
    with side_by_side(n_tasks) as compiled.task:
        train(compiled, ours, 4)
        train(adam, theirs, 4)
        for optimizer in (compiled, adam):  # as schedulers do
            optimizer.param_groups[0]["lr"] = 0.5
        train(compiled, ours, 3)
        train(adam, theirs, 3)
    for a, b in zip(ours, theirs, strict=True):
        assert_allclose(a.detach(), b.detach(), rtol=1e-5, atol=1e-6)


def test_state_is_that_of_torch():
    ours, theirs = make_parameters(), make_parameters()
    compiled, adam = CompiledAdam(ours), torch.optim.Adam(theirs)
    train(adam, theirs, 3)
    compiled.load_state_dict(copy.deepcopy(adam.state_dict()))
    with torch.no_grad():
        for a, b in zip(ours, theirs, strict=True):
            a.copy_(b)
    train(compiled, ours, 2, seed=2)
    train(adam, theirs, 2, seed=2)
    found, expected = compiled.state_dict()["state"], adam.state_dict()["state"]
    assert found.keys() == expected.keys()
    for number, state in expected.items():
        assert found[number].keys() == state.keys()
        for name, tensor in state.items():
            assert found[number][name].dtype == tensor.dtype
            assert_allclose(found[number][name], tensor, rtol=1e-5, atol=1e-7)


def test_step_returns_what_the_closure_does():
    (parameter,) = make_parameters()[:1]
    optimizer = CompiledAdam([parameter])

    def closure():
        assert torch.is_grad_enabled()
        loss = parameter.square().sum()
        loss.backward()
        return loss

    first = optimizer.step(closure)
    optimizer.zero_grad()
    assert parameter.grad is None
    assert optimizer.step(closure) < first


def test_tasks():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with side_by_side(2) as task:
            tasks = [task(divmod, number, 7) for number in range(50)]
            assert [t.result() for t in reversed(tasks)][::-1] == [
                divmod(number, 7) for number in range(50)
            ]
            failing = task(divmod, 1, 0)
            with pytest.raises(ZeroDivisionError):
                failing.result()
    finally:
        torch.set_num_threads(threads)
    assert Task(None, divmod, 9, 2).result() == (4, 1)

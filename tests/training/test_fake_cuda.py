"""What a GPU would run, on tensors that have a device and a shape but no values.

PyTorch refuses operations on fake tensors of two devices, and those whose result would
depend on values, for which a GPU has to be waited for. Builds without CUDA have no
gradients on fake GPUs; the last test takes a processor for them.
"""

import pickle

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from sklearn_m3l import DistilledTopicModel, M3LContrastTopicModel, ZeroShotTopicModel
from sklearn_m3l.network import _encoder, _ops
from sklearn_m3l.network._draws import Mask
from sklearn_m3l.persistence import save_model
from sklearn_m3l.training import _net, _recording
from sklearn_m3l.training._batches import Block

CUDA = torch.device("cuda", 0)
aten = torch.ops.aten
VALUE = aten._local_scalar_dense.default
WAITING = {VALUE, aten.nonzero.default, aten.masked_select.default}
COPIES = {aten._to_copy.default, aten.copy_.default}


class Waiting(TorchDispatchMode):
    """Counts what waits for a GPU; gives an answer where a value is asked for."""

    def __init__(self, answer=1.0):
        super().__init__()
        self.answer = answer
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        sources = [arg for arg in args if isinstance(arg, torch.Tensor)]
        if function in WAITING or any(
            index is not None and index.dtype == torch.bool
            for index in (args[1] if function is aten.index.Tensor else ())
        ):
            self.found.append(function)
            if function is VALUE and self.answer is not None:
                return self.answer
        result = function(*args, **(kwargs or {}))
        arrives = function in COPIES and result.device.type == "cpu"
        if arrives and any(source.device.type == "cuda" for source in sources):
            self.found.append(function)
        if isinstance(result, torch.Tensor):
            kinds = {tensor.device.type for tensor in sources if tensor.ndim}
            assert len(kinds) < 2 or function in COPIES, function
        return result


class OfProcessor(torch.Generator):
    """A generator that does not have the device that is asked for."""

    def __new__(cls, device=None):
        return super().__new__(cls)

    def set_state(self, state):
        return self  # a fake one


def send(module, device=None, **kwargs):
    """Send a module to a device; PyTorch cannot exchange its fake tensors."""
    for part in module.modules():
        for name, tensor in part._parameters.items():
            if tensor is not None:
                sent = torch.nn.Parameter(tensor.detach().to(device))
                part._parameters[name] = sent.requires_grad_(tensor.requires_grad)
        for name, tensor in part._buffers.items():
            if tensor is not None:
                part._buffers[name] = tensor.to(device)
    return module


def select(tensor, key):
    """Return ``tensor[key]``; a build without CUDA cannot."""
    keys = key if isinstance(key, tuple) else (key,)
    if isinstance(keys[0], (torch.Tensor, np.ndarray)):
        return aten.index.Tensor(tensor, list(map(torch.as_tensor, keys)))
    dim = 0
    for part in keys:
        if part is None:
            tensor = tensor.unsqueeze(dim)
        elif isinstance(part, slice):
            tensor = aten.slice.Tensor(tensor, dim, part.start, part.stop)
        else:
            tensor, dim = aten.select.int(tensor, dim, part), dim - 1
        dim += 1
    return tensor


def assign(tensor, key, values):
    """Do ``tensor[key] = values``."""
    aten.index_put_.default(tensor, [key], values)


def like(create):
    """Return the method of a tensor that makes another one of its type and place."""

    def new(tensor, *args, dtype=None):
        return create(*args, dtype=dtype or tensor.dtype, device=tensor.device)

    return new


def copy(tensor, source, **kwargs):
    """Copy values into a tensor, as a build without CUDA can."""
    return tensor.zero_().add_(source.to(tensor.device, tensor.dtype))


NUMPY = torch.Tensor.numpy


def array_of(tensor):
    """Return ones for a fake tensor, which must have left the GPU."""
    if not isinstance(tensor, FakeTensor):  # the state of a generator
        with _disable_current_modes():
            return NUMPY(tensor)
    assert tensor.device.type == "cpu"
    assert not tensor.requires_grad
    return np.ones(tensor.shape, str(tensor.dtype).removeprefix("torch."))


@pytest.fixture
def fake(monkeypatch):
    """Run the test on a fake GPU; return what counts the times it is waited for."""
    # A build without CUDA has no generators for it.
    monkeypatch.setattr(torch, "Generator", OfProcessor)
    monkeypatch.setattr(torch.nn.Module, "to", send)
    monkeypatch.setattr(torch.Tensor, "copy_", copy)
    monkeypatch.setattr(torch.Tensor, "numpy", array_of)
    monkeypatch.setattr(
        torch.nn.utils, "skip_init", lambda kind, *sizes, device: kind(*sizes)
    )
    for name, stand_in in {
        "tolist": lambda tensor: array_of(tensor).tolist(),
        "__iter__": lambda tensor: (tensor[n] for n in range(len(tensor))),
        **dict.fromkeys(["item", "__float__"], lambda tensor: float(VALUE(tensor))),
        "__bool__": lambda tensor: bool(VALUE(tensor)),
        "__invert__": lambda tensor: aten.bitwise_not.default(tensor),
        "data_ptr": lambda tensor: id(tensor),
        "contiguous": lambda tensor: tensor.clone(),
        "__getitem__": select,
        "__setitem__": assign,
        "new_ones": like(torch.ones),
        "new_zeros": like(torch.zeros),
        "new_full": like(torch.full),
        "__deepcopy__": lambda tensor, memo: tensor.detach().clone(),
    }.items():
        monkeypatch.setattr(FakeTensor, name, stand_in, raising=False)
    # Nor can it differentiate on a GPU: gradients are zeros.
    adam = torch.optim.Adam.step

    def step(self, closure):
        loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.zeros_like(parameter)
        adam(self)
        return loss

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    monkeypatch.setattr(FakeTensor, "backward", lambda loss: None, raising=False)
    monkeypatch.setattr(torch, "enable_grad", torch.no_grad)
    # Nothing is replayed, but what would be recorded runs.
    monkeypatch.setattr(
        _recording, "record", lambda step, generator, pool: (step, pool)
    )
    tensors = FakeTensorMode(allow_non_fake_inputs=True)
    with torch.no_grad(), tensors, Waiting() as waiting:
        yield waiting


MODELS = {
    "mixture": M3LContrastTopicModel(),
    "joint": M3LContrastTopicModel(contrast="joint", decoder="product"),
    "published": M3LContrastTopicModel(
        decoder="product", inference_networks="per_view", bias=False, activation="relu"
    ),
    "zero-shot": ZeroShotTopicModel(view="en"),
    "distilled": DistilledTopicModel(
        view="image", teacher=ZeroShotTopicModel(view="en")
    ),
}


def prepare(model, **changes):
    settings = {"max_iter": 2, "init": "random", "device": "cuda:0", "random_state": 0}
    settings |= {"hidden_layer_sizes": (8,), "batch_size": 16} | changes
    if hasattr(model, "teacher"):
        settings["teacher"] = prepare(model.teacher)
    return model.set_params(**settings)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_model_stays_on_its_gpu(fake, small_multiview, name, tmp_path):
    model = prepare(MODELS[name], early_stopping=True, max_iter=1)
    model.fit(small_multiview)
    module = model.net_.module_
    assert {tensor.device for tensor in module.state_dict().values()} == {CUDA}
    theta = model.transform(small_multiview)
    assert theta.shape == (len(small_multiview), model.n_components)
    assert model._decode("en", theta).shape == (
        len(theta),
        module.decoders[0].beta.shape[0],
    )
    assert model.set_params(n_draws=2).transform(small_multiview).shape == theta.shape
    pickle.dumps(model.net_.get_params())
    save_model(model, tmp_path / "model")


def test_a_stored_state_comes_back_to_the_gpu(fake, small_multiview, tmp_path):
    model = prepare(M3LContrastTopicModel(), checkpoint=tmp_path, max_iter=1)
    model.fit(small_multiview)
    model.fit(small_multiview)


def count_in_steps(monkeypatch, waiting):
    """Return a list that gets what waited in each step and before each batch."""
    counts = []

    def watch(function):
        def watched(*args, **kwargs):
            before = len(waiting.found)
            result = function(*args, **kwargs)
            counts.append(waiting.found[before:])
            return result

        return watched

    for owner, name in ((_net.TopicNet, "train_step"), (Block, "batch")):
        monkeypatch.setattr(owner, name, watch(getattr(owner, name)))
    return counts


@pytest.mark.parametrize("name", ["mixture", "joint", "distilled"])
def test_a_step_does_not_wait_for_a_gpu(fake, small_multiview, name, monkeypatch):
    counts = count_in_steps(monkeypatch, fake)
    prepare(MODELS[name], max_iter=1).fit(small_multiview)
    assert counts == [[]] * len(counts)
    assert len(counts) >= 8
    assert fake.found  # the loss, once per epoch


@pytest.mark.slow
def test_gradients_do_not_wait(small_multiview, monkeypatch):
    monkeypatch.setattr(_ops, "compiled", lambda tensor: False)

    def draw_masks(shapes, shares, generator, device):  # as on a GPU
        drawn = [torch.empty(s, dtype=torch.int16).random_() for s in shapes]
        return [Mask(bits, 0, 2.0) for bits in drawn]

    monkeypatch.setattr(_encoder, "draw_masks", draw_masks)
    for name in ("mixture", "joint"):
        model = prepare(MODELS[name], device="cpu")
        with Waiting(answer=None) as waiting, monkeypatch.context() as patch:
            counts = count_in_steps(patch, waiting)
            model.fit(small_multiview)
        assert counts == [[]] * len(counts)
        assert waiting.found

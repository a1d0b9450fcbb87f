"""Convert a trained net to plain values and arrays, and back."""

import inspect
import re
import warnings
from typing import Any

import numpy as np
import torch

from sklearn_m3l.network import Batch, TopicLoss, TopicNetwork, resolve_device
from sklearn_m3l.training._net import TopicNet
from sklearn_m3l.utils._fitted import is_floats, is_printable, require

_LOSSES = ("train_loss", "valid_loss")
_FIELDS = {"network", "loss", "frozen", "parameters", "train_loss"}

# Limits the cost of a file: every view has networks, and training compares every pair.
_MAX_VIEWS = 1000

# Bounds of weights and statistics; beyond them the next layer overflows.
_MAX_WEIGHT = 1e10
_MAX_STATISTIC = 1e15

# Devices that a file may name.
_DEVICES = re.compile(r"auto|(cpu|cuda|mps|xpu)(:\d{1,2})?")


def net_state(net: TopicNet) -> dict[str, Any]:
    """Return the arguments, the parameters, and the losses by epoch of a net.

    The optimizer is left out: continued training starts with fresh moments.
    """
    module = net.module_
    epochs = [epoch for epoch in net.history if "train_loss" in epoch]
    # The groups by number: their names can be any object.
    numbers = dict(zip(module.encoded, module.network_of, strict=True))
    return {
        "network": {**net.get_params_for("module"), "inference_networks": numbers},
        "loss": net.get_params_for("criterion"),
        "frozen": [decoder.frozen for decoder in module.decoders],
        "parameters": {
            name: tensor.cpu().numpy() for name, tensor in module.state_dict().items()
        },
        **{
            name: np.array([epoch[name] for epoch in epochs], dtype=np.float64)
            for name in _LOSSES
            if all(name in epoch for epoch in epochs)
        },
    }


def check_net_state(state: Any, estimator_class: type) -> None:
    """Refuse a state that `net_state` cannot have returned.

    Nothing is allocated: the shapes of the parameters are those of the network on
    PyTorch's meta device.

    Parameters
    ----------
    state : object
        The state.
    estimator_class : type
        The class of the topic model, which defines the parameters of the network and
        its loss.

    Raises
    ------
    ValueError
        If no such net can be built, or its parameters do not fit it.
    """
    fields = set(state) if isinstance(state, dict) else set()
    require(_FIELDS <= fields <= {*_FIELDS, *_LOSSES}, "has missing or unknown fields")
    network, loss = state["network"], state["loss"]
    parameters, frozen = state["parameters"], state["frozen"]
    _check_arguments(network, TopicNetwork, _STRUCTURE, estimator_class)
    _check_arguments(loss, TopicLoss, {"n_components"}, estimator_class)
    same = loss["n_components"] == network["n_components"]
    require(same, "has a loss of another number of topics")
    require(isinstance(parameters, dict), "has no parameters")
    _check_structure(network, len(parameters))
    try:
        with torch.device("meta"):
            expected = TopicNetwork(**network).state_dict()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("describes a network that cannot be built") from error
    require(set(parameters) == set(expected), "has other parameters than its network")
    for name, array in parameters.items():
        shape = tuple(expected[name].shape)
        fits = is_floats(array, np.float32, len(shape)) and array.shape == shape
        require(fits, f"has a parameter {name} of another shape or type, or not finite")
        kind = name.rpartition(".")[2]
        high = _MAX_STATISTIC if kind in _STATISTICS else _MAX_WEIGHT
        in_range = (array >= _STATISTICS.get(kind, -high)).all()
        in_range = in_range and (array <= high).all()
        require(in_range, f"has a parameter {name} that is out of range")
    flags = isinstance(frozen, list) and len(frozen) == len(network["n_words"])
    flags = flags and all(isinstance(flag, bool) for flag in frozen)
    require(flags, "does not say which decoders are frozen")
    losses = [state[name] for name in _LOSSES if name in state]
    complete = all(is_floats(values, np.float64, 1) for values in losses)
    complete = complete and len({len(values) for values in losses}) == 1
    require(complete, "has incomplete losses")


# Statistics in the state of a module, and their lowest values.
_STATISTICS = {
    "mean": -_MAX_STATISTIC,
    "variance": 0.0,
    "scale": 1 / _MAX_STATISTIC,
    "background": 0.0,
}

# Arguments of `TopicNetwork` that follow from the data, the seed and the start.
_STRUCTURE = {
    "widths", "inference_networks", "n_words", "decoded_from", "seed", "background",
}  # fmt: skip


def _check_arguments(given: Any, cls: type, own: set[str], estimator_class) -> None:
    """Refuse arguments of a class that its estimator would not pass."""
    arguments = inspect.signature(cls).parameters
    known = isinstance(given, dict) and set(given) <= set(arguments)
    require(known, f"has unknown arguments of {cls.__name__}")
    needed = {n for n, a in arguments.items() if a.default is inspect.Parameter.empty}
    require(needed <= set(given), f"lacks arguments of {cls.__name__}")
    parameters = {n: v for n, v in given.items() if n not in own or n == "n_components"}
    known = set(parameters) <= set(estimator_class._get_param_names())
    require(known, f"has arguments that {estimator_class.__name__} does not have")
    estimator_class(**parameters)._validate_params()


def _check_structure(network: dict[str, Any], n_parameters: int) -> None:
    """Refuse views, texts and layers that do not fit together."""
    widths, n_words = network["widths"], network["n_words"]
    for sizes in (widths, n_words):
        named = isinstance(sizes, dict) and sizes and all(map(is_printable, sizes))
        require(named and all(map(_is_size, sizes.values())), "has no sizes by view")
    hidden = network["hidden_layer_sizes"]
    layers = isinstance(hidden, list) and all(map(_is_size, hidden))
    require(layers, "has hidden layers of no size")
    n_parts = len(widths) + len(n_words) + len(hidden)
    require(n_parts <= n_parameters, "has fewer parameters than parts")
    require(len(widths) <= _MAX_VIEWS, f"has more than {_MAX_VIEWS} views")
    seed = network["seed"]
    require(type(seed) is int and 0 <= seed < 2**31, "has no seed")
    background = network.get("background", False)
    require(type(background) is bool, "does not say whether it has a background")
    numbers, sources = network["inference_networks"], network["decoded_from"]
    for names, expected in ((numbers, widths), (sources, n_words)):
        same = isinstance(names, dict) and list(names) == list(expected)
        require(same, "has other views in one place than in another")
    require(all(type(n) is int for n in numbers.values()), "has unnumbered networks")
    known = all(type(view) is str and view in widths for view in sources.values())
    require(known, "decodes a text from an unknown view")
    shared: dict[int, int] = {}
    for view, number in numbers.items():
        same = shared.setdefault(number, widths[view]) == widths[view]
        require(same, f"has a network for view {view!r} of another width")


def restore_net(net: TopicNet, state: dict[str, Any]) -> TopicNet:
    """Give a new net the parameters and losses of a checked state."""
    parameters = state["parameters"].items()
    net.module_.load_state_dict({n: torch.from_numpy(a) for n, a in parameters})
    for decoder, is_frozen in zip(net.module_.decoders, state["frozen"], strict=True):
        if is_frozen:
            decoder.freeze()
    losses = {name: state[name].tolist() for name in _LOSSES if name in state}
    for values in zip(*losses.values(), strict=True):
        net.history.new_epoch()
        net.history.record("epoch", len(net.history))
        for name, value in zip(losses, values, strict=True):
            net.history.record(name, value)
    require(_answers(net), "net_ has a network that gives no finite numbers")
    return net


@torch.inference_mode()
def _answers(net: TopicNet) -> bool:
    """Return whether a net gives finite numbers for typical vectors of every view."""
    module, results = net.module_.eval(), []
    for name, standardize in zip(module.encoded, module.standardize, strict=True):
        mean, scale = standardize.get_buffer("mean"), standardize.get_buffer("scale")
        vectors = torch.stack([mean, mean + scale, mean - scale])
        posterior = module.encode(Batch(3, {name: vectors}, {name: None}))[name]
        results += [posterior.mean, posterior.log_variance.exp(), posterior.sample]
    topics = torch.full((1, module.n_components), 1 / module.n_components)
    for name in module.decoded:
        results.append(module.decode(name, topics.to(net.device)))
    return all(bool(result.isfinite().all()) for result in results)


def resolve_stored_device(device: str) -> torch.device:
    """Return the device of a stored net: the CPU if its own is not available."""
    try:
        if not _DEVICES.fullmatch(device):
            raise ValueError(f"a model file may not name device={device!r}")
        return resolve_device(device)
    except ValueError as error:
        warnings.warn(f"{error}; the CPU is used instead", UserWarning, stacklevel=2)
        return torch.device("cpu")


def _is_size(value: Any) -> bool:
    return type(value) is int and 1 <= value < 2**31

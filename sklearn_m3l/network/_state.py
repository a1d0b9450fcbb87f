"""A trained net as plain values and arrays, and back."""

import math
from typing import Any

import numpy as np
import torch
from skorch.callbacks import EarlyStopping

from sklearn_m3l.network._module import ACTIVATIONS
from sklearn_m3l.network._net import TopicNet, build_net

_LOSSES = ("train_loss", "valid_loss")

# Of Adam in the nets of files that do not say so.
_BETAS = [0.9, 0.999]


def net_state(net: TopicNet) -> dict[str, Any]:
    """Return what a net is: how it was made, its parameters and its losses by epoch.

    The optimizer is left out: training that goes on starts with fresh moments.

    Parameters
    ----------
    net : TopicNet
        A net without callbacks of its user.

    Returns
    -------
    dict
        Numbers, texts, lists, dicts and arrays.
    """
    module = net.module_
    network = dict(net.get_params_for("module"))
    # The groups by number: their names can be any object.
    numbers = dict(zip(module.encoded, module.network_of, strict=True))
    epochs = [epoch for epoch in net.history if "train_loss" in epoch]
    stopping = (c.patience for c in net.callbacks if isinstance(c, EarlyStopping))
    return {
        "network": {**network, "inference_networks": numbers},
        "loss": dict(net.get_params_for("criterion")),
        "batch_size": net.batch_size,
        "learning_rate": net.lr,
        "betas": list(net.optimizer_.defaults["betas"]),
        "n_iter_no_change": next(stopping, None),
        "frozen": [decoder.norm.frozen for decoder in module.decoders],
        "parameters": {
            name: tensor.cpu().numpy() for name, tensor in module.state_dict().items()
        },
        **{
            name: np.array([epoch[name] for epoch in epochs], dtype=np.float64)
            for name in _LOSSES
            if all(name in epoch for epoch in epochs)
        },
    }


def restore_net(
    state: dict[str, Any], *, device: torch.device, max_iter: int, verbose: int
) -> TopicNet:
    """Return the net that `net_state` describes.

    Nothing is allocated before its size is known to be that of the given parameters.

    Parameters
    ----------
    state : dict
        What `net_state` returned, or what a file says that it did.
    device : torch.device
        Where the net runs.
    max_iter, verbose : int
        As in the estimators.

    Raises
    ------
    ValueError
        Where the state is not that of a net.
    """
    state = dict(state)
    network, loss = state["network"], state["loss"]
    parameters, frozen = state["parameters"], state["frozen"]
    _check_network(network)
    _check_loss(loss, network["n_components"])
    shapes = parameter_shapes(network)
    _require(isinstance(parameters, dict), "its parameters are no mapping")
    for name in sorted({*shapes, *map(str, parameters)}):
        given = parameters.get(name)
        fits = isinstance(given, np.ndarray) and given.dtype == np.float32
        fits = fits and given.shape == shapes.get(name) and np.isfinite(given).all()
        _require(fits, f"parameter {name} has another shape or type, or is not finite")
    n_texts = len(network["n_words"])
    known = isinstance(frozen, list) and len(frozen) == n_texts
    known = known and all(isinstance(is_frozen, bool) for is_frozen in frozen)
    _require(known, "it is not known what is frozen")
    patience = state["n_iter_no_change"]
    _require(patience is None or _is_whole(patience, 1), "it has no such patience")
    _require(_is_whole(state["batch_size"], 2), "it has no such batch size")
    _require(_is_number(state["learning_rate"]), "it has no such learning rate")
    betas = state.get("betas", _BETAS)
    known = isinstance(betas, list) and len(betas) == 2
    known = known and all(_is_number(beta) and 0 <= beta < 1 for beta in betas)
    _require(known, "its optimizer has no such betas")
    losses = {name: state[name] for name in _LOSSES if name in state}
    lengths = {_n_losses(values) for values in losses.values()}
    complete = "train_loss" in losses and len(lengths) == 1 and -1 not in lengths
    _require(complete, "its losses are incomplete")
    net = build_net(
        network=network,
        loss=loss,
        batch_size=state["batch_size"],
        max_iter=max_iter,
        learning_rate=state["learning_rate"],
        betas=tuple(betas),
        n_iter_no_change=patience,
        callbacks=[],
        device=device,
        verbose=verbose,
    )
    tensors = {name: torch.from_numpy(array) for name, array in parameters.items()}
    net.module_.load_state_dict(tensors)
    for decoder, is_frozen in zip(net.module_.decoders, frozen, strict=True):
        if is_frozen:
            decoder.freeze()
    for values in zip(*(array.tolist() for array in losses.values()), strict=True):
        net.history.new_epoch()
        net.history.record("epoch", len(net.history))
        for name, value in zip(losses, values, strict=True):
            net.history.record(name, value)
    return net


def parameter_shapes(network: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters and buffers of a `TopicNetwork`.

    Parameters
    ----------
    network : dict
        Its arguments; nothing of their size is allocated.
    """
    n_topics = network["n_components"]
    widths = list(network["widths"].values())
    numbers = list(network["inference_networks"].values())
    shapes: dict[str, tuple[int, ...]] = {}
    for view, width in enumerate(widths):
        shapes[f"standardize.{view}.mean"] = (width,)
        shapes[f"standardize.{view}.scale"] = (width,)
    for group in dict.fromkeys(numbers):
        prefix = f"inference.{group}"
        sizes = [widths[numbers.index(group)], *network["hidden_layer_sizes"]]
        for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            shapes |= _linear_shapes(f"{prefix}.layers.{layer}", n_in, n_out)
        shapes |= _linear_shapes(f"{prefix}.head", sizes[-1], 2 * n_topics)
        shapes |= _norm_shapes(f"{prefix}.norm", 2 * n_topics)
    for text, n_words in enumerate(network["n_words"].values()):
        shapes[f"decoders.{text}.beta"] = (n_topics, n_words)
        shapes |= _norm_shapes(f"decoders.{text}.norm", n_words)
    return shapes


def _linear_shapes(name: str, n_in: int, n_out: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (n_out, n_in), f"{name}.bias": (n_out,)}


def _norm_shapes(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.mean": (width,), f"{name}.variance": (width,)}


def _check_network(network: Any) -> None:
    """Refuse arguments of a `TopicNetwork` that make none."""
    _require(isinstance(network, dict), "its network is not described")
    for name in ("widths", "n_words"):
        sizes = network.get(name)
        given = isinstance(sizes, dict) and len(sizes) > 0
        given = given and all(isinstance(view, str) for view in sizes)
        given = given and all(_is_whole(size, 1) for size in sizes.values())
        _require(given, f"{name} are no numbers by view")
    numbers = network.get("inference_networks")
    widths = network["widths"]
    _require(isinstance(numbers, dict), "its inference networks are not described")
    _require(list(numbers) == list(widths), "its views and inference networks differ")
    groups = list(dict.fromkeys(map(repr, numbers.values())))
    in_order = groups == [str(group) for group in range(len(groups))]
    _require(in_order, "its inference networks are not numbered in order")
    for view, group in numbers.items():
        first = next(name for name in numbers if numbers[name] == group)
        shared = widths[view] == widths[first]
        _require(shared, f"views {view!r} and {first!r} cannot share a network")
    sources = network.get("decoded_from")
    _require(isinstance(sources, dict), "it is not described what texts are made from")
    _require(list(sources) == list(network["n_words"]), "its texts differ")
    _require(
        all(isinstance(v, str) and v in widths for v in sources.values()),
        "a text is made from an unknown view",
    )
    hidden = network.get("hidden_layer_sizes")
    given = isinstance(hidden, list) and all(_is_whole(size, 1) for size in hidden)
    _require(given, "its hidden layers are no list of numbers")
    _require(_is_whole(network.get("n_components"), 1), "it has no number of topics")
    _require(_is_whole(network.get("seed"), 0), "it has no seed")
    activation = network.get("activation")
    known = isinstance(activation, str) and activation in ACTIVATIONS
    _require(known, "its activation is unknown")
    for share in (network.get("dropout"), network.get("input_dropout", 0.0)):
        _require(_is_number(share) and share < 1, "its dropout is no share")
    _require(set(network) <= _NETWORK, "its network has unknown arguments")


_NETWORK = {
    "widths", "inference_networks", "n_words", "decoded_from", "n_components",
    "hidden_layer_sizes", "activation", "dropout", "input_dropout",
    "seed",
}  # fmt: skip


def _check_loss(loss: Any, n_components: int) -> None:
    """Refuse arguments of a `TopicLoss` that make none."""
    _require(isinstance(loss, dict), "its loss is not described")
    choices = {
        "similarity": ("cosine", "dot", "hellinger"),
        "contrast_on": ("mean", "sample"),
    }
    weights = {"kl_weight", "prior_weight", "contrastive_weight", "temperature"}
    _require(set(loss) <= {*choices, *weights, "n_components"}, "its loss is unknown")
    _require(loss.get("n_components") == n_components, "its loss has other topics")
    for name in weights & set(loss):
        _require(_is_number(loss[name]), f"{name} of its loss is no number")
    for name in choices.keys() & loss.keys():
        _require(loss[name] in choices[name], f"{name} of its loss is unknown")


def _n_losses(values: Any) -> int:
    """Return for how many epochs there is a loss; -1 where they are none."""
    given = isinstance(values, np.ndarray) and values.dtype == np.float64
    return len(values) if given and values.ndim == 1 else -1


def _is_whole(value: Any, low: int) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and low <= value < 2**31


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float, np.integer, np.floating))
    return number and not isinstance(value, bool) and 0 <= value < math.inf


def _require(condition: Any, problem: str) -> None:
    if not condition:
        raise ValueError(f"the network cannot be built: {problem}")

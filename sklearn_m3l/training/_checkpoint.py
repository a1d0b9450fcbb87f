"""The state of a net in training, stored and restored."""

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from sklearn_m3l.multiview import View
from sklearn_m3l.network import place
from sklearn_m3l.training._batches import TupleDataset
from sklearn_m3l.training._progress import EpochProgress
from sklearn_m3l.utils._checkpoint import Checkpoint
from sklearn_m3l.utils._fitted import require
from sklearn_m3l.utils._storage import digest

# What early stopping remembers.
_STOPPING = ("misses_", "dynamic_threshold_", "best_epoch_", "best_model_weights_")

# Rows of an embedding that are hashed at once.
_ROWS = 16_384

# What a scheduler changes in the optimizer.
_RATES = ("lr", "initial_lr")

# Parameters of a net that do not change what it learns, or that the name covers
# otherwise.
_IRRELEVANT = {"callbacks", "verbose", "_params_to_validate"}


class NetCheckpoint(Callback):
    """Store the state of a net after epochs, and restore it.

    It is the last callback, so that all others have finished the epoch. The state
    consists of the weights, the optimizer, the generators, the history, and skorch's
    `EarlyStopping` and `LRScheduler`; other callbacks start over.

    Parameters
    ----------
    folder : str or path
        Each fit has a subfolder in it.
    net : TopicNet
        The net, before training.
    data : tuple of TupleDataset and TupleDataset or None
        Training and validation data.
    """

    def __init__(self, folder, net, data):
        self.train = data[0]
        self.file = Checkpoint(folder, _name(net, data))
        self.first = len(net.history)
        self.state = self.file.load()

    def resume(self, net) -> int:
        """Restore the state; return how many epochs are left to train."""
        if self.state is None:
            return net.max_epochs
        with self.file.own_state():
            history, finished = self.state["history"], self.state["finished"]
            n_epochs = len(history) - self.first
            require(isinstance(finished, bool), "it does not say whether it is done")
            require(0 < n_epochs <= net.max_epochs, f"it has {n_epochs} epochs")
            for epoch in history:
                losses = [epoch["train_loss"], epoch.get("valid_loss", 0.0)]
                require(all(map(_is_finite, losses)), "it has no losses")
            net.module_.load_state_dict(_map_arrays(self.state["module"]))
            self._resume_optimizer(net)
            self.train.generator.set_state(_map_arrays(self.state["generator"]))
            self.train.order.bit_generator.state = self.state["order"]
            net.history[:] = history
        return 0 if finished else net.max_epochs - n_epochs

    def _resume_optimizer(self, net) -> None:
        stored = _map_arrays(self.state["optimizer"])
        parameters = list(net.module_.parameters())
        for number, memory in stored["state"].items():
            shape = parameters[number].shape
            for name, value in memory.items():  # compiled optimizers trust these
                fits = value.shape in (shape, ()) and value.dtype == torch.float32
                fits = fits and bool(value.isfinite().all())
                require(fits, f"the {name} of its optimizer has another shape")
        groups = net.optimizer_.state_dict()["param_groups"]
        for own, group in zip(groups, stored["param_groups"], strict=True):
            rates = {name: group[name] for name in _RATES if name in group}
            for name, rate in rates.items():
                require(_is_finite(rate) and rate >= 0, f"its {name} is not a rate")
            own.update(rates)
        state = {"state": stored["state"], "param_groups": groups}
        net.optimizer_.load_state_dict(state)

    def on_train_begin(self, net, **kwargs):
        """Restore what the other callbacks have just reset."""
        if self.state is None:
            return
        with self.file.own_state():
            stored = _map_arrays(self.state["callbacks"])
            for callback, memory in zip(_with_state(net), stored, strict=True):
                if isinstance(callback, LRScheduler):
                    _require_alike(memory["batch_idx_"], callback.batch_idx_)
                    callback.batch_idx_ = memory["batch_idx_"]
                    own = callback.lr_scheduler_.state_dict()
                    _require_alike(memory["scheduler"], own)
                    callback.lr_scheduler_.load_state_dict(memory["scheduler"])
                else:
                    _resume_stopping(callback, memory, net)
            self._resume_optimizer(net)
        self.state = None  # it is large

    def on_epoch_end(self, net, **kwargs):
        """Store the state if it is time."""
        if place()[0] == 0 and self.file.is_due():
            self.file.save(self._state(net, finished=False))

    def finish(self, net) -> None:
        """Store the state after the last epoch."""
        if place()[0] == 0:  # the same in all processes that train together
            self.file.save(self._state(net, finished=True))

    def _state(self, net, *, finished: bool) -> dict[str, Any]:
        callbacks = []
        for callback in _with_state(net):
            if isinstance(callback, LRScheduler):
                scheduler = callback.lr_scheduler_.state_dict()
                stored = {"batch_idx_": callback.batch_idx_, "scheduler": scheduler}
            else:
                stored = {name: getattr(callback, name) for name in _STOPPING}
            callbacks.append(stored)
        return _map_tensors(
            {
                "finished": finished,
                "history": net.history.to_list(),
                "module": net.module_.state_dict(),
                "optimizer": net.optimizer_.state_dict(),
                "generator": self.train.generator.get_state(),
                "order": self.train.order.bit_generator.state,
                "callbacks": callbacks,
            }
        )


def _resume_stopping(callback: EarlyStopping, memory: dict, net) -> None:
    counts = [memory["misses_"], memory["best_epoch_"]]
    require(all(type(n) is int and n >= 0 for n in counts), "it has no best epoch")
    require(_is_finite(memory["dynamic_threshold_"]), "it has no threshold")
    weights = memory["best_model_weights_"]
    if weights is not None:
        _require_alike(weights, net.module_.state_dict())
    vars(callback).update({name: memory[name] for name in _STOPPING})


def _require_alike(value: Any, own: Any) -> None:
    """Refuse a value whose types, keys or shapes differ from those of the own value."""
    if isinstance(own, dict):
        require(isinstance(value, dict) and set(value) == set(own), "it has other keys")
        for key, item in own.items():
            _require_alike(value[key], item)
    elif isinstance(own, (list, tuple)):
        require(isinstance(value, list) and len(value) == len(own), "it is longer")
        for item, own_item in zip(value, own, strict=True):
            _require_alike(item, own_item)
    elif isinstance(own, torch.Tensor):
        same = value.shape == own.shape and value.dtype == own.dtype
        require(same and bool(value.isfinite().all()), "it has tensors of other shapes")
    else:
        require(type(value) is type(own), "it has values of other types")
        require(type(own) is not float or np.isfinite(value), "it has infinite values")


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isfinite(value))


def _with_state(net) -> list[Callback]:
    """Return the callbacks whose state is kept."""
    kinds = (EarlyStopping, LRScheduler)
    return [callback for _, callback in net.callbacks_ if isinstance(callback, kinds)]


def _name(net, data) -> str:
    """Return a name that depends on everything that training depends on."""
    parameters = net.get_params(deep=False)
    callbacks = [
        [type(callback), {k: v for k, v in vars(callback).items() if k[-1] != "_"}]
        for _, callback in net.callbacks_
        if not isinstance(callback, EpochProgress)
    ]
    state = [net.module_.state_dict(), net.optimizer_.state_dict()]
    return digest(
        torch.__version__,
        {name: parameters[name] for name in sorted(set(parameters) - _IRRELEVANT)},
        callbacks,
        _map_tensors(state),
        [_content(dataset) for dataset in data if dataset is not None],
    )


def _content(dataset: TupleDataset) -> list:
    """Return the content of a data set, to be hashed."""
    return _map_tensors(
        [
            {name: _vectors(source) for name, source in dataset.encoded.items()},
            dataset.decoded,
            {name: dataset.absent[name] for name in sorted(dataset.absent)},
            dataset.groups,
            dataset.prior,
            dataset.pair_weight,
            None if dataset.generator is None else dataset.generator.initial_seed(),
        ]
    )


def _vectors(source: Any) -> Any:
    """Return vectors, part by part if they may be too large for memory."""
    if not isinstance(source, View):
        return source
    if source.embedding is None:
        counts = source.counts
        return (counts[start : start + _ROWS] for start in range(0, len(source), _ROWS))
    return (vectors for _, vectors in source.chunks(_ROWS))


def _map_tensors(value: Any) -> Any:
    """Return nested values with arrays in place of tensors."""
    return _map(value, torch.Tensor, lambda tensor: tensor.cpu().numpy())


def _map_arrays(value: Any) -> Any:
    """Return nested values with tensors in place of arrays."""
    return _map(value, np.ndarray, lambda array: torch.from_numpy(array.copy()))


def _map(value: Any, kind: type, change) -> Any:
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, dict):
        return {key: _map(item, kind, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(item, kind, change) for item in value]
    return value

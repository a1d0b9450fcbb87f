"""The skorch net that trains a topic network on batches of tuples."""

import copy
import math
from dataclasses import replace
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping

from sklearn_m3l.network import (
    TopicLoss,
    TopicNetwork,
    kernels_are_cached,
    place,
    training_threads,
)
from sklearn_m3l.training import _processes
from sklearn_m3l.training._batches import TupleBatches
from sklearn_m3l.training._checkpoint import NetCheckpoint
from sklearn_m3l.training._progress import EpochProgress
from sklearn_m3l.training._recording import Recorder, can_record


class TopicNet(NeuralNet):
    """A skorch net whose batches are `Batch` objects and whose rows are tuples.

    It differs from `skorch.NeuralNet` in three ways: in its batches; losses stay on the
    device until the epoch ends; and Ctrl-C raises KeyboardInterrupt from `fit`, while a
    callback that stops training early ends `fit` normally.
    """

    _recorder: Recorder | None = None

    def get_default_callbacks(self):
        """Return skorch's callbacks, which print a line per epoch if `verbose` > 1."""
        return [
            (name, callback)
            for name, callback in self._default_callbacks
            if name != "print_log" or self.verbose > 1
        ]

    def train_step_single(self, batch, **fit_params):
        """Compute the loss of a batch and its gradients."""
        if not self.module_.training:  # a callback may have evaluated the net
            self._set_training(True)
        loss = (self._recorder or self._differentiate)(batch)
        if batch.whole is not None:
            _processes.add_gradients(self.module_.parameters())
        return {"loss": loss, "y_pred": None}

    def _zero_grad_optimizer(self, set_to_none=None):
        if self._recorder is None:  # a recording needs its gradients in place
            super()._zero_grad_optimizer(set_to_none)

    def _differentiate(self, batch) -> torch.Tensor:
        loss = self.criterion_(self.module_(batch), batch)
        loss.backward()
        return loss.detach()

    def validation_step(self, batch, **fit_params):
        """Compute the loss of a batch in evaluation."""
        self._set_training(False)
        with torch.inference_mode():
            return {"loss": self.criterion_(self.module_(batch), batch), "y_pred": None}

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run all batches; then record their mean loss per tuple."""
        if iterator is None:
            return
        good = self._copy_of_state() if training else None
        # The history already has this epoch, and those of earlier fits.
        self.criterion_.start_epoch(len(self.history) / self.max_epochs)
        total: Any = 0.0
        n_rows, n_batches = 0, 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            total = total + step["loss"]
            n_rows += (batch.whole or batch).size
            n_batches += 1
            self.notify("on_batch_end", batch=batch, training=training, **step)
        if batch.whole is not None:
            total = _processes.add_up(total)
        # One transfer per epoch. skorch's callbacks average the history over batches.
        loss = float(total) / n_rows
        if good is not None and not (math.isfinite(loss) and self._is_finite(batch)):
            self._set_state(good)
            raise ValueError(
                f"training diverged in epoch {len(self.history)} (loss {loss}); lower "
                f"learning_rate_init={self.lr}, or rescale the embeddings if "
                "standardize is off. The model is as it was before that epoch"
            )
        self.history.record_batch(f"{prefix}_loss", loss)
        self.history.record_batch(f"{prefix}_batch_size", n_rows)
        self.history.record(f"{prefix}_batch_count", n_batches)

    def __getstate__(self):
        # Recordings cannot leave the process.
        return super().__getstate__() | {"_recorder": None}

    def _copy_of_state(self) -> tuple[dict, dict]:
        return copy.deepcopy((self.module_.state_dict(), self.optimizer_.state_dict()))

    def _set_state(self, state: tuple[dict, dict]) -> None:
        self.module_.load_state_dict(state[0])
        self.optimizer_.load_state_dict(state[1])

    def _is_finite(self, batch) -> bool:
        """Return whether the network still gives finite numbers after an epoch."""
        step = self.validation_step(replace(batch, generator=None))
        sums = [tensor.sum() for tensor in self.module_.state_dict().values()]
        finite = bool(torch.stack([step["loss"], *sums]).isfinite().all())
        return finite if batch.whole is None else _processes.all_agree(finite)

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the pair of training and validation data that `fit` was given."""
        return X

    def partial_fit(self, X, y=None, classes=None, checkpoint=None, **fit_params):
        """Train for `max_epochs` more epochs.

        Parameters
        ----------
        X : tuple of TupleDataset and TupleDataset or None
            Training and validation data.
        y, classes : None
            Ignored.
        checkpoint : str or path, optional
            Folder to store the state in, and to resume from.
        **fit_params : dict
            Ignored.
        """
        if not self.initialized_:
            self.initialize()
        epochs, stored = self.max_epochs, None
        if checkpoint is not None:
            stored = NetCheckpoint(checkpoint, self, X)
            epochs = stored.resume(self)
            self.callbacks_.append(("checkpoint", stored))
        if place()[1] > 1:
            self._join(X[0], epochs)
        if self.verbose and self.device == "cpu" and not kernels_are_cached():
            print("Compiling what trains on a CPU, once per environment.")
        self.notify("on_train_begin", X=X, y=y, epochs=epochs)
        if can_record(X[0].device):
            modules = [self.module_, self.criterion_]
            self._recorder = Recorder(self._differentiate, modules)
        try:
            with training_threads.limit():
                self.fit_loop(X, epochs=epochs)
        except KeyboardInterrupt:
            # skorch's early stopping raises what Ctrl-C raises.
            if not self._stopped_early():
                raise
        finally:
            self._recorder = None
            self.notify("on_train_end", X=X, y=y)
            if stored is not None:
                self.callbacks_.pop()
        if stored is not None:
            stored.finish(self)
        return self

    def _join(self, data, epochs: int) -> None:
        """Make sure that all processes start from the same tuples and state."""
        _processes.check_alike(
            len(data),
            f"the processes of torch.distributed have different tuples, this one "
            f"{len(data):,}; give all of them to each process",
        )
        _processes.check_alike(
            epochs,
            "the processes of torch.distributed resume from different states; let "
            "checkpoint name a folder that all of them can read",
        )
        _processes.share_state(self.module_)

    def _stopped_early(self):
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ >= callback.patience
            for _, callback in self.callbacks_
        )


def build_net(
    *,
    network: dict,
    loss: dict,
    batch_size: int,
    max_iter: int,
    learning_rate: float,
    betas: tuple[float, float],
    n_iter_no_change: int | None,
    callbacks,
    device: torch.device,
    verbose: int,
) -> TopicNet:
    """Return an initialized net.

    Parameters
    ----------
    network, loss : dict
        Arguments of `TopicNetwork` and `TopicLoss`.
    batch_size, max_iter, learning_rate
        As in the estimators.
    betas : tuple of two float
        Decay rates of Adam's means of the gradients and of their squares.
    n_iter_no_change : int or None
        Epochs without a lower validation loss that end training; None for never.
    callbacks : list of skorch.callbacks.Callback
        Run after skorch's own.
    device : torch.device
        Device to train on.
    verbose : int
        1 shows a progress bar, 2 prints one line per epoch.
    """
    callbacks = list(callbacks)
    if place()[0] > 0:  # only the first process prints
        verbose = 0
    if verbose == 1:
        callbacks.append(EpochProgress())
    if n_iter_no_change is not None:
        stopping = EarlyStopping(
            patience=n_iter_no_change,
            threshold=1e-4,
            threshold_mode="rel",
            load_best=True,
        )
        callbacks.append(stopping)
    return TopicNet(
        TopicNetwork,
        criterion=TopicLoss,
        optimizer=torch.optim.Adam,
        # One operation for all parameters is faster.
        optimizer__fused=device.type in ("cpu", "cuda"),
        lr=learning_rate,
        optimizer__betas=betas,
        max_epochs=max_iter,
        batch_size=batch_size,
        iterator_train=TupleBatches,
        iterator_valid=TupleBatches,
        train_split=None,
        callbacks=callbacks,
        device=str(device),
        verbose=verbose,
        **{f"module__{name}": value for name, value in network.items()},
        **{f"criterion__{name}": value for name, value in loss.items()},
    ).initialize()


def continue_net(source: TopicNet, target: TopicNet) -> None:
    """Copy the weights and the history of a net to another of the same architecture."""
    target.module_.load_state_dict(source.module_.state_dict())
    for own, standing in zip(
        target.module_.decoders, source.module_.decoders, strict=True
    ):
        if standing.frozen:
            own.freeze()
    target.history = source.history
    for group in target.optimizer_.param_groups:
        # Learning rate schedulers resume from the number of epochs.
        group.setdefault("initial_lr", group["lr"])


def copy_frozen_decoder(source: TopicNet, target: TopicNet, name: str) -> None:
    """Copy the decoder of a text from one net to another, and freeze it."""
    decoder = target.module_.decoder_of(name)
    decoder.load_state_dict(source.module_.decoder_of(name).state_dict())
    decoder.freeze()
    if decoder.background_logit is not None:
        decoder.background_logit.requires_grad_(False)

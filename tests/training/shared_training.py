"""Train as one of several processes: python shared_training.py RANK PORT FOLDER."""

import sys
import time
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from sklearn_m3l import M3LContrastTopicModel, MultiView

# Fifty steps in batches of 5 rows: parts have 2 or 3 of them, and some lack a view.
N_ROWS = 50
SETTINGS = {
    "n_components": 4,
    "hidden_layer_sizes": (8,),
    "batch_size": 5,
    "max_iter": 5,
    "init": "random",
    "random_state": 0,
}


def models():
    """Return models whose batches depend on other rows in all the ways there are."""
    return {
        "mixture": M3LContrastTopicModel(**SETTINGS),
        "product": M3LContrastTopicModel(
            **SETTINGS, decoder="product", contrast="joint", early_stopping=True
        ),
        "words": M3LContrastTopicModel(
            **SETTINGS | {"init": "gibbs", "init_max_iter": 5, "max_iter": 2}
        ),
    }


def fit(X):
    """Return the parameters and losses of all models."""
    X, found = X[:N_ROWS], {}
    for name, model in models().items():
        model.fit(X)
        parameters = model.net_.module_.state_dict().items()
        found |= {f"{name} {key}": value.numpy() for key, value in parameters}
        found[f"{name} loss"] = np.array(model.loss_curve_)
    return found


class Crash(Callback):
    """Ends the first training in its third epoch."""

    happened = False
    epochs: list[int] = []

    def on_epoch_end(self, net, **kwargs):
        """Crash, before that epoch is stored."""
        self.epochs.append(len(net.history))
        if len(net.history) == 3 and not Crash.happened:
            Crash.happened = True
            raise RuntimeError("crashed")


def resume(X, folder):
    """Return the parameters of a model whose training crashed and was resumed."""
    X, clock = X[:N_ROWS], time.monotonic
    model = models()["mixture"].set_params(checkpoint=folder, callbacks=[Crash()])
    time.monotonic = partial(next, count(step=100.0))  # each epoch is stored
    try:
        model.fit(X)
    except RuntimeError as error:
        assert str(error) == "crashed"
    model.fit(X)
    time.monotonic = clock
    assert Crash.happened and Crash.epochs == [1, 2, 3, 3, 4, 5]
    parameters = model.net_.module_.state_dict().items()
    return {f"resumed {key}": value.numpy() for key, value in parameters}


def main(rank, port, folder):
    """Train on the tuples of a folder, and store what was learned beside it."""
    torch.distributed.init_process_group(
        "gloo", f"tcp://127.0.0.1:{port}", world_size=2, rank=rank
    )
    X = MultiView.open(folder)
    refused = ""
    try:  # all rows, and the same
        models()["mixture"].fit(X[: N_ROWS + rank])
    except ValueError as error:
        refused = str(error)
    found = fit(X) | resume(X, folder.parent / "state")
    np.savez(folder.parent / f"{rank}.npz", refused=refused, **found)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))

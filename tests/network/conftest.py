"""Tuples and networks that the tests of the network share."""

import numpy as np
import pytest
import torch

from sklearn_m3l import MultiView
from sklearn_m3l.network import TopicNetwork, TupleDataset
from sklearn_m3l.network._batches import TupleBatches

CPU = torch.device("cpu")
ROWS = np.arange(12)


@pytest.fixture(scope="session")
def make_tuples():
    """Return a function that builds 12 tuples of two texts and a picture.

    Some rows lack some view. `absent_seed` draws what is stored in those rows, an
    embedding and counts alike; None stores NaN and no counts.
    """

    def make(absent_seed=None, present=None):
        rng = np.random.default_rng(0)
        masks = {name: np.ones(12, dtype=bool) for name in ("en", "de", "image")}
        masks["de"][[1, 8]] = masks["en"][5] = masks["image"][[0, 5, 7, 9]] = False
        masks |= present or {}
        widths = {"en": 5, "de": 5, "image": 4}
        embeddings = {
            name: rng.normal(size=(12, width)).astype(np.float32)
            for name, width in widths.items()
        }
        counts = {name: rng.poisson(1.5, size=(12, n)) for name, n in N_WORDS.items()}
        counts["en"][3] = 0  # a document without any known word
        for name, mask in masks.items():
            shape = embeddings[name][~mask].shape
            absent, absent_counts = np.full(shape, np.nan), 0
            if absent_seed is not None:
                other = np.random.default_rng(absent_seed)
                absent = 100 * other.normal(size=shape)
                absent_counts = other.poisson(5, size=(shape[0], 1))
            embeddings[name][~mask] = absent
            if name in counts:
                counts[name][~mask] = absent_counts
        return MultiView.from_arrays(embeddings, counts, present=masks)

    return make


N_WORDS = {"en": 7, "de": 6}


@pytest.fixture
def tuples(make_tuples):
    return make_tuples()


@pytest.fixture(scope="session")
def make_network():
    """Return a function that builds a network for the views of some tuples."""

    def make(X, **changes):
        texts = [name for name, view in X.views.items() if view.is_text]
        return TopicNetwork(
            **{
                "widths": {name: view.width for name, view in X.views.items()},
                "inference_networks": {name: name for name in X.view_names},
                "n_words": {name: X[name].counts.shape[1] for name in texts},
                "decoded_from": {name: name for name in texts},
                "n_components": 3,
                "hidden_layer_sizes": (6,),
                "activation": "softplus",
                "dropout": 0.0,
                "seed": 0,
                **changes,
            }
        )

    return make


@pytest.fixture(scope="session")
def make_dataset():
    """Return a function that builds a dataset; without a seed nothing is drawn."""

    def make(X, **changes):
        arguments = {
            "encoded": X.view_names,
            "decoded": [name for name, view in X.views.items() if view.is_text],
            "seed": None,
            "device": CPU,
            **changes,
        }
        encoded = {name: X[name] for name in arguments.pop("encoded")}
        return TupleDataset(X, encoded, **arguments)

    return make


@pytest.fixture(scope="session")
def make_batch(make_dataset):
    """Return a function that makes one batch of some tuples, in their order.

    With a seed, dropout and samples are drawn.
    """

    def make(X, rows=ROWS, seed=None, prior=None, **changes):
        rows = np.asarray(rows)
        for name in ("groups", "pair_weight"):
            if changes.get(name) is not None:
                changes[name] = changes[name][rows]
        dataset = make_dataset(
            X[rows],
            prior=None if prior is None else prior[:, rows],
            **changes,
        )
        (batch,) = TupleBatches(dataset, 1000)
        if seed is not None:
            batch.generator = torch.Generator().manual_seed(seed)
        return batch

    return make

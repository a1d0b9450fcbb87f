"""Compiled operations against the expressions that define them."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_m3l.network import TopicLoss, _ops

# Without its compiler, NumPy warns of numbers that wrap around.
pytestmark = pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")

ROWS = np.array([11, 0, 1, 5, 3, 7, 8, 9, 10])
MIXTURE = {"decoder": "mixture", "scale": 1.7, "bias": True}
BACKGROUND = {**MIXTURE, "background": True}
SHARED = {"inference_networks": {"en": "text", "de": "text", "image": "image"}}
ALL = {"kl_weight": 2.0, "contrastive_weight": 3.0, "prior_weight": 0.5}


def gradients_of(network):
    return {name: p.grad for name, p in network.named_parameters()}


def differentiate(network, loss, batch):
    """Return the loss, its gradients and the running statistics."""
    network, loss = copy.deepcopy(network), copy.deepcopy(loss)
    state = batch.generator.get_state()
    dtype = next(iter(batch.vectors.values())).dtype
    network.to(dtype)
    loss.to(dtype)
    value = loss(network(batch), batch)
    value.backward()
    batch.generator.set_state(state)
    return value.detach(), gradients_of(network), dict(network.named_buffers())


def doubled(batch):
    """Return a batch in double precision."""
    return replace(
        batch,
        vectors={name: vectors.double() for name, vectors in batch.vectors.items()},
        cells={
            name: replace(cells, values=cells.values.double())
            for name, cells in batch.cells.items()
        },
        prior=batch.prior and tuple(part.double() for part in batch.prior),
    )


def check(network, loss, batch):
    """Compare loss, gradients and statistics; return the gradients.

    Gradients are to be about as close to those in double precision, which is not
    compiled, as those of PyTorch in single precision are.
    """
    network.train()
    value, exact, buffers = differentiate(network, loss, doubled(batch))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ops, "compiled", lambda tensor: False)
        _, single, _ = differentiate(network, loss, batch)
    given = [name for name, gradient in exact.items() if gradient is not None]
    errors = [(exact[name] - single[name]).abs().max() for name in given]
    largest = max(exact[name].abs().max() for name in given)
    tolerance = float(30 * max(errors) + 1e-4 * largest)
    assert tolerance < 0.02 * largest

    found_value, found, found_buffers = differentiate(network, loss, batch)
    assert_allclose(found_value, value, rtol=1e-4)
    for name, expected in exact.items():
        gradient = found[name]
        if expected is None:  # what has no part in the loss
            assert gradient is None
        else:
            assert_allclose(gradient, expected, 1e-4, tolerance, err_msg=name)
    for name, expected in buffers.items():
        assert_allclose(found_buffers[name], expected, 1e-4, 1e-6, err_msg=name)
    return found


@pytest.mark.parametrize(
    ("activation", "sizes"),
    [
        ("softplus", ()),
        ("softplus", (6,)),
        ("softplus", (7, 1)),
        ("softplus", (8, 7, 5)),
        ("relu", (7, 5)),
        ("tanh", (7, 1)),
    ],
)
@pytest.mark.parametrize("changes", [{}, SHARED, MIXTURE, SHARED | BACKGROUND])
def test_networks(tuples, make_network, make_batch, activation, sizes, changes):
    network = make_network(
        tuples,
        activation=activation,
        hidden_layer_sizes=sizes,
        dropout=0.2,
        input_dropout=0.4,
        **changes,
    )
    network.set_statistics("de", 0.5, 2.0)
    found = check(network, TopicLoss(3, **ALL), make_batch(tuples, ROWS, seed=0))
    assert all(gradient is not None for gradient in found.values())


@pytest.mark.parametrize("similarity", ["cosine", "dot", "hellinger"])
@pytest.mark.parametrize("contrast_on", ["mean", "sample"])
@pytest.mark.parametrize("contrast", ["pairwise", "joint"])
@pytest.mark.parametrize(  # each two of them in each combination
    ("articles", "own_prior", "balance_views"),
    [
        (False, False, False),
        (False, True, True),
        (True, False, True),
        (True, True, False),
    ],
)
def test_losses(
    tuples,
    make_network,
    make_batch,
    similarity,
    contrast_on,
    articles,
    own_prior,
    contrast,
    balance_views,
):
    rng = np.random.default_rng(2)
    prior = rng.normal(size=(2, 12, 3)).astype(np.float32) if own_prior else None
    groups = np.arange(12) // 3 if articles else None
    batch = make_batch(tuples, ROWS, groups=groups, prior=prior, seed=0)
    loss = TopicLoss(
        3,
        **ALL,
        similarity=similarity,
        contrast_on=contrast_on,
        temperature=0.2,
        contrast=contrast,
        balance_views=balance_views,
    )
    check(make_network(tuples, **SHARED), loss, batch)


@pytest.mark.parametrize(
    "weights", [{"prior_weight": 0.0}, {"prior_weight": 0.0, "kl_weight": 1.0}, {}]
)
def test_weights_of_zero(tuples, make_network, make_batch, weights):
    batch = make_batch(tuples, ROWS, seed=0)
    check(make_network(tuples, dropout=0.2), TopicLoss(3, **weights), batch)


@pytest.mark.parametrize(
    "rows",
    [
        [0, 5, 7, 9],  # no picture
        [0, 1, 5, 7],  # one picture
        [1, 8],  # no German text
        [5, 1],  # no tuple has both texts
        [3, 4],  # one of them without any known word
        [2],
    ],
)
@pytest.mark.parametrize("changes", [{}, SHARED, MIXTURE])
@pytest.mark.parametrize(
    ("articles", "views"),
    [(False, ["image", "de", "en"]), (True, ["en", "de", "image"])],
)
def test_absent_views(tuples, make_network, make_batch, rows, changes, articles, views):
    tuples = tuples[views]
    groups = np.arange(12) // 6 if articles else None
    batch = make_batch(tuples, rows, groups=groups, seed=0)
    check(make_network(tuples, **changes), TopicLoss(3, **ALL), batch)


def test_rows_that_only_have_a_picture(make_tuples, make_network, make_batch):
    nowhere = np.zeros(12, dtype=bool)
    X = make_tuples(present={"en": nowhere, "de": nowhere})
    X = X[np.flatnonzero(X.present["image"])]
    network = make_network(X)
    rows = np.arange(len(X))
    check(network, TopicLoss(3), make_batch(X, rows, seed=0))
    batch = make_batch(X, rows, seed=0)
    assert TopicLoss(3, prior_weight=0.0)(network(batch), batch) == 0


def test_a_text_from_the_topics_of_another_view(tuples, make_network, make_batch):
    X = tuples[["de", "image"]]
    network = make_network(X, widths={"image": 4}, decoded_from={"de": "image"})
    check(network, TopicLoss(3), make_batch(X, encoded=["image"], seed=0))


def test_two_texts_from_the_topics_of_one_view(tuples, make_network, make_batch):
    sources = {"en": "en", "de": "en"}
    network = make_network(tuples[["en", "de"]], widths={"en": 5}, decoded_from=sources)
    batch = make_batch(tuples[["en", "de"]], encoded=["en"], seed=0)
    check(network, TopicLoss(3), batch)


@pytest.mark.parametrize("changes", [{}, MIXTURE, BACKGROUND])
def test_what_is_frozen_stays_so(tuples, make_network, make_batch, changes):
    network = make_network(tuples, **changes)
    network.decoders[0].freeze()
    network.inference[2].head.requires_grad_(False)
    found = check(network, TopicLoss(3, **ALL), make_batch(tuples, ROWS, seed=0))
    frozen = {name for name, gradient in found.items() if gradient is None}
    assert frozen == {
        "decoders.0.beta",
        "inference.2.head.weight",
        "inference.2.head.bias",
    }


@pytest.mark.parametrize("activation", ["softplus", "relu"])
@pytest.mark.parametrize("changes", [{}, MIXTURE, BACKGROUND])
def test_inference_that_is_frozen(
    tuples, make_network, make_batch, changes, activation
):
    network = make_network(tuples, activation=activation, **changes)
    network.inference.requires_grad_(False)
    found = check(network, TopicLoss(3, **ALL), make_batch(tuples, ROWS, seed=0))
    given = {name for name, gradient in found.items() if gradient is not None}
    assert {"decoders.0.beta", "decoders.1.beta"} <= given
    assert not any(name.startswith("inference") for name in given)


def test_what_is_not_finite_is_not_hidden(tuples, make_network, make_batch):
    for name in ("inference.0.layers.0.weight", "decoders.1.beta"):
        network = make_network(tuples)
        with torch.no_grad():
            network.get_parameter(name)[0, 0] = torch.nan
        batch = make_batch(tuples, ROWS, seed=0)
        assert not TopicLoss(3, **ALL)(network(batch), batch).isfinite()

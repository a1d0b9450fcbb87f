"""Encoders and decoders against computations in numpy."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_m3l.network import _layers
from sklearn_m3l.training import build_net

ROWS = np.arange(12)
ACTIVATIONS = {
    "softplus": lambda x: np.log1p(np.exp(x)),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
}


def numpy_encode(network, group, vectors, activation):
    """Return the pre-normalized outputs of an inference network."""
    layers = network.inference[group]
    x = vectors.astype(float)
    for layer in layers.layers:
        weight, bias = (part.detach().numpy() for part in (layer.weight, layer.bias))
        x = ACTIVATIONS[activation](x @ weight.T + bias)
    head = layers.head
    return x @ head.weight.detach().numpy().T + head.bias.detach().numpy()


def normalize(x):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden_layer_sizes", [(), (6,), (7, 5)])
def test_encode(tuples, make_network, make_batch, activation, hidden_layer_sizes):
    network = make_network(
        tuples, activation=activation, hidden_layer_sizes=hidden_layer_sizes
    )
    posterior = network.encode(make_batch(tuples))
    for group, (name, view) in enumerate(tuples.views.items()):
        vectors = view.embedding[view.present]
        expected = normalize(numpy_encode(network, group, vectors, activation))
        of_view = posterior[name]
        assert_allclose(of_view.mean.detach(), expected[:, :3], atol=1e-4)
        assert_allclose(of_view.log_variance.detach(), expected[:, 3:], atol=1e-4)
        topics = np.exp(expected[:, :3])
        topics /= topics.sum(axis=1, keepdims=True)
        assert_allclose(of_view.sample.detach(), topics, atol=1e-5)


def test_shared_network_sees_its_views_as_one(tuples, make_network, make_batch):
    groups = {"en": "text", "de": "text", "image": "image"}
    network = make_network(tuples, inference_networks=groups)
    assert len(network.inference) == 2
    statistics = {"en": (np.full(5, 0.5), np.full(5, 2.0)), "de": (-1.0, 0.1)}
    for name, (mean, scale) in statistics.items():
        network.set_statistics(name, mean, scale)
    posterior = network.encode(make_batch(tuples))
    vectors = [
        (tuples[name].embedding[tuples.present[name]] - mean) / scale
        for name, (mean, scale) in statistics.items()
    ]
    expected = normalize(numpy_encode(network, 0, np.vstack(vectors), "softplus"))
    means = torch.cat([posterior["en"].mean, posterior["de"].mean]).detach()
    assert_allclose(means, expected[:, :3], atol=1e-4)


def test_running_statistics(tuples, make_network, make_batch):
    network = make_network(tuples)
    network.encode(make_batch(tuples))
    view = tuples["image"]
    outputs = numpy_encode(network, 2, view.embedding[view.present], "softplus")
    norm = network.inference[2].norm
    assert_allclose(norm.mean, 0.1 * outputs.mean(axis=0), rtol=1e-4)
    assert_allclose(norm.variance, 0.9 + 0.1 * outputs.var(axis=0, ddof=1), rtol=1e-4)
    network.eval()
    posterior = network.encode(make_batch(tuples))["image"]
    expected = (outputs - norm.mean.numpy()) / np.sqrt(norm.variance.numpy() + 1e-5)
    assert_allclose(posterior.mean.detach(), expected[:, :3], atol=1e-5)


def test_one_row_takes_the_running_statistics(tuples, make_network, make_batch):
    # Rows 0 and 1: two have English, but only one German, and one its picture.
    network = make_network(tuples)
    _, texts = network(make_batch(tuples))
    for text in texts.values():
        text.decoder(text.theta)
    before = {name: value.clone() for name, value in network.named_buffers()}
    posterior, texts = network(make_batch(tuples, np.array([0, 1])))
    for text in texts.values():
        text.decoder(text.theta)
    after = dict(network.named_buffers())
    for changed, member in (
        (True, "inference.0"),
        (False, "inference.1"),
        (False, "inference.2"),
        (True, "decoders.0"),
        (False, "decoders.1"),
    ):
        name = f"{member}.norm.mean"
        assert torch.equal(before[name], after[name]) != changed
    network.eval()
    one = network(make_batch(tuples, np.array([0])))
    assert_allclose(posterior["de"].mean.detach(), one[0]["de"].mean.detach())
    assert_allclose(texts["de"].theta.detach(), one[1]["de"].theta.detach())


def test_standardizing_leaves_out_absent_rows_of_a_batch(
    tuples, make_network, make_batch
):
    network = make_network(tuples)
    network.eval()
    whole = network.encode(make_batch(tuples))
    for position, row in enumerate(np.flatnonzero(tuples.present["image"])):
        alone = network.encode(make_batch(tuples, np.array([row])))["image"]
        assert_allclose(
            whole["image"].mean[position].detach(), alone.mean[0].detach(), atol=1e-6
        )


def test_draws(tuples, make_network, make_batch):
    network = make_network(tuples)
    batch = make_batch(tuples, seed=0)
    noise = []
    for _ in range(300):
        posterior = network.encode(batch)["en"]
        # The softmax of a draw tells it up to a constant a row.
        drawn = posterior.sample.log() - posterior.mean
        deviation = (0.5 * posterior.log_variance).exp()
        noise.append((drawn - drawn.mean(dim=1, keepdim=True)).detach())
    centered = torch.stack(noise)
    # Var(x_i - mean(x)) of independent x, by topic and row.
    variance = deviation.detach().square()
    expected = variance * (1 - 2 / 3) + variance.mean(dim=1, keepdim=True) / 3
    assert_allclose(centered.var(dim=0), expected, rtol=0.5)
    assert_allclose((centered.var(dim=0) / expected).mean(), 1, rtol=0.05)
    assert_allclose(centered.mean(dim=0), 0, atol=0.25)


def test_dropout(tuples, make_network, make_batch):
    network = make_network(tuples, dropout=0.4).eval()
    batch = make_batch(tuples, seed=0)
    with torch.no_grad():
        network.decoders[0].beta.copy_(torch.eye(7, 3))
        kept, means = [], []
        for _ in range(200):
            posterior, texts = network(batch)
            log_p = texts["en"].decoder(texts["en"].theta)
            # Word 3 is of no topic: odds to it are the topics that are decoded.
            decoded = log_p[:, :3] - log_p[:, 3:4]
            kept.append(decoded / posterior["en"].sample)
            means.append(posterior["en"].mean)
    kept, means = torch.stack(kept).numpy(), torch.stack(means)
    dropped = abs(kept) < 0.1
    assert_allclose(kept[~dropped], 1 / 0.6, rtol=1e-2)
    assert_allclose(dropped.mean(), 0.4, atol=0.02)
    assert (means.std(dim=0) > 0).all()  # the hidden layer is thinned too

    still = make_batch(tuples)
    first, second = (network(still) for _ in range(2))
    assert torch.equal(first[0]["en"].mean, second[0]["en"].mean)
    assert torch.equal(*(texts["en"].theta for _, texts in (first, second)))


def test_decode(tuples, make_network):
    network = make_network(tuples).eval()
    theta = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    logits = theta.numpy() @ network.decoders[1].beta.detach().numpy().T / 1.000005
    expected = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert_allclose(network.decode("de", theta).detach(), expected, rtol=1e-4)


def test_seed(tuples, make_network):
    first, again, other = (make_network(tuples, seed=seed) for seed in (0, 0, 1))
    for a, b, c in zip(
        first.parameters(), again.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)


@pytest.mark.parametrize("freeze", [False, True])
def test_net_that_starts_from_topics(freeze):
    rng = np.random.default_rng(0)
    topics = {"en": rng.dirichlet(np.ones(7), 3), "de": rng.dirichlet(np.ones(6), 3)}
    background, prevalence = rng.dirichlet(np.ones(7)), np.array([0.7, 0.2, 0.1])
    net = build_net(
        network={
            "widths": {"en": 5},
            "inference_networks": {"en": 0},
            "n_words": {"en": 7, "de": 6},
            "decoded_from": {"en": "en", "de": "en"},
            "n_components": 3,
            "hidden_layer_sizes": (),
            "activation": "softplus",
            "dropout": 0.0,
            "seed": 0,
            "decoder": "mixture",
            "bias": True,
            "background": True,
        },
        loss={"n_components": 3},
        batch_size=4,
        max_iter=1,
        learning_rate=0.1,
        betas=(0.9, 0.99),
        n_iter_no_change=None,
        callbacks=[],
        device=torch.device("cpu"),
        verbose=0,
    )
    module = net.module_.eval()
    for name, topic_word in topics.items():
        module.set_topics(name, topic_word, freeze=freeze)
    module.set_background("en", background)
    module.set_prevalence(prevalence)
    for name, common in (("en", background), ("de", np.full(6, 1 / 6))):
        p = module.decode(name, torch.eye(3)).detach().exp().numpy()
        assert_allclose(p, 0.5 * topics[name] + 0.5 * common, rtol=1e-5)
        assert module.decoder_of(name).frozen == freeze
    shares = torch.softmax(module.bias, dim=0).detach()
    assert_allclose(shares, prevalence, rtol=1e-5)
    np.testing.assert_allclose(module.bias.detach().sum(), 0, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_proportions_are_scaled_and_biased(tuples, make_network, make_batch, training):
    plain = make_network(tuples).train(training)
    network = make_network(tuples, scale=3.0, bias=True).train(training)
    network.set_prevalence([0.5, 0.5, 0.0])
    network.load_state_dict(plain.state_dict(), strict=False)
    seed = 0 if training else None
    before, after = (n.encode(make_batch(tuples, seed=seed)) for n in (plain, network))
    expected = 3 * before.mean + network.bias
    assert_allclose(after.mean.detach(), expected.detach(), rtol=1e-5)
    assert_allclose(after.log_variance.detach(), before.log_variance.detach())
    assert after.sample[:, 2].max() < 1e-18 and torch.equal(after.center, network.bias)


def test_names_that_torch_refuses(make_network):
    from sklearn_m3l import MultiView

    X = MultiView.from_arrays(
        {name: np.ones((2, 3)) for name in ("pt.BR", "type")},
        {"pt.BR": np.ones((2, 4))},
    )
    assert make_network(X).encoded == ["pt.BR", "type"]


def test_frozen_topics_follow_their_weights(tuples, make_network, make_batch):
    network = make_network(tuples, decoder="mixture")
    decoder = network.decoder_of("en")
    decoder.freeze()
    with torch.inference_mode():
        first = decoder.phi()
    assert not first.is_inference()  # as training has to take it
    assert torch.equal(first, torch.softmax(decoder.beta, dim=0))
    decoder.set_topics(np.full((3, len(decoder.beta)), 1 / len(decoder.beta)))
    assert_allclose(decoder.phi(), 1 / len(decoder.beta), rtol=1e-5)
    other = make_network(tuples, decoder="mixture", seed=5)
    network.load_state_dict(other.state_dict())
    expected = torch.softmax(other.decoder_of("en").beta, dim=0).detach()
    assert torch.equal(decoder.phi(), expected)
    assert pickle.loads(pickle.dumps(decoder))._kept is None


def test_shared_statistics_are_those_of_the_batch(monkeypatch):
    monkeypatch.setattr(_layers, "total", lambda x: x)  # all others have no rows
    x = torch.from_numpy(np.random.default_rng(0).normal(3, 2, (6, 4)))
    x.requires_grad_()
    layers = [_layers.BatchNorm(4).double() for _ in range(2)]
    found = []
    for layer, n_rows in zip(layers, (None, 6), strict=True):
        (layer(x, n_rows) ** 3).sum().backward()
        found.append([layer.mean, layer.variance, x.grad])
        x.grad = None
    for alone, shared in zip(*found, strict=True):
        assert_allclose(shared, alone, rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [2], [0, 3], [0, 1, 2, 4]])
def test_statistics_are_those_of_the_rows_that_are_there(rows):
    padded, plain = _layers.BatchNorm(4), _layers.BatchNorm(4)
    for norm in (padded, plain):
        norm.mean += 0.3
        norm.variance *= 2
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    present = torch.zeros(5, dtype=torch.bool)
    present[rows] = True
    normalized = padded(x, None, present)
    assert normalized.isfinite().all()
    expected = plain(x[rows]) if rows else x[:0]
    assert_allclose(normalized[rows], expected, atol=1e-5)
    assert_allclose(padded.mean, plain.mean, atol=1e-6)
    assert_allclose(padded.variance, plain.variance, atol=1e-6)

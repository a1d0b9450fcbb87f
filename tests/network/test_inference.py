"""Topics of vectors and words of topics, from a trained net."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from sklearn_m3l.network import _inference, decode_words, infer_topics, resolve_device


class Net:
    """All that inference wants of a skorch net."""

    device = "cpu"

    def __init__(self, module):
        self.module_ = module


@pytest.fixture
def net(tuples, make_network, make_batch):
    module = make_network(tuples, dropout=0.5)
    for _ in range(5):
        module(make_batch(tuples))
    return Net(module)


def test_means(net, tuples, make_batch):
    topics = infer_topics(net, tuples["image"], "image", 0, 0)
    posterior = net.module_.encode(make_batch(tuples))["image"]
    present = tuples.present["image"]
    expected = softmax(posterior.mean.detach().numpy(), axis=1)
    assert topics.dtype == np.float32
    assert_allclose(topics[present], expected, rtol=1e-5)
    assert np.isnan(topics[~present]).all()


def test_samples(net, tuples, make_batch):
    net.module_.eval()
    view = tuples["en"]
    posterior = net.module_.encode(make_batch(tuples))["en"]
    mean, deviation = posterior.mean, (0.5 * posterior.log_variance).exp()
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(20_000, *mean.shape))
    draws = mean.detach().numpy() + noise * deviation.detach().numpy()
    expected = softmax(draws, axis=2).mean(axis=0)
    sampled = infer_topics(net, view, "en", 20_000, seed=0)[view.present]
    assert_allclose(sampled, expected, atol=0.01)
    assert abs(sampled - softmax(mean.detach().numpy(), axis=1)).max() > 0.02
    few = [infer_topics(net, view, "en", 3, seed)[view.present] for seed in (0, 0, 1)]
    assert_array_equal(few[0], few[1])
    assert not np.array_equal(few[0], few[2])
    assert_allclose(few[0].sum(axis=1), 1, rtol=1e-5)


def test_chunks(net, tuples, monkeypatch):
    whole = infer_topics(net, tuples["image"], "image", 0, 0)
    monkeypatch.setattr(_inference, "_ROWS", 3)
    assert_allclose(infer_topics(net, tuples["image"], "image", 0, 0), whole, rtol=1e-5)


def test_words(net):
    theta = np.random.default_rng(0).dirichlet(np.ones(3), 4).astype(np.float32)
    module = net.module_.train()
    log_p = decode_words(net, "de", theta)
    assert not module.training  # the words of a row do not hang on the others
    assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-5)
    assert_allclose(decode_words(net, "de", theta[2:3]), log_p[2:3], rtol=1e-5)


def test_devices():
    assert resolve_device("cpu") == torch.device("cpu")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == best
    with pytest.raises(ValueError, match="device='abacus' cannot be used"):
        resolve_device("abacus")

"""Topics of vectors and words of topics, from a trained net."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from scipy.stats import kstest

from sklearn_m3l import MultiView
from sklearn_m3l.network import _inference, decode_words, infer_topics, resolve_device


def infer(net, view, n_draws=0, seed=0, name="a view", encoder="image"):
    return infer_topics(net, view, name, encoder=encoder, n_draws=n_draws, seed=seed)


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
    topics = infer(net, tuples["image"])
    posterior = net.module_.encode(make_batch(tuples))["image"]
    present = tuples.present["image"]
    expected = softmax(posterior.mean.detach().numpy(), axis=1)
    assert topics.dtype == np.float32
    assert_allclose(topics[present], expected, rtol=1e-5)
    assert np.isnan(topics[~present]).all()


@pytest.mark.slow
def test_draws(net, tuples, make_batch):
    net.module_.eval()
    view = tuples["en"]
    posterior = net.module_.encode(make_batch(tuples))["en"]
    mean, deviation = posterior.mean, (0.5 * posterior.log_variance).exp()
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(20_000, *mean.shape))
    draws = mean.detach().numpy() + noise * deviation.detach().numpy()
    expected = softmax(draws, axis=2).mean(axis=0)
    sampled = infer(net, view, 20_000, encoder="en")[view.present]
    assert_allclose(sampled, expected, atol=0.01)
    assert abs(sampled - softmax(mean.detach().numpy(), axis=1)).max() > 0.02
    few = [infer(net, view, 3, seed, encoder="en")[view.present] for seed in (0, 0, 1)]
    assert_array_equal(few[0], few[1])
    assert not np.array_equal(few[0], few[2])
    assert_allclose(few[0].sum(axis=1), 1, rtol=1e-5)


def test_draws_depend_on_a_row_and_its_view_alone(net, tuples):
    view = tuples["en"]
    whole = infer(net, view, 3, encoder="en")
    many = np.random.default_rng(0).permutation(np.repeat(np.arange(12), 800))
    for rows in (np.arange(12)[::-1], np.array([3]), np.array([4, 4, 0, 4]), many):
        part = infer(net, tuples[rows]["en"], 3, encoder="en")
        assert_allclose(part, whole[rows], rtol=1e-5)
    other = infer(net, view, 3, encoder="en", name="another view")
    assert abs(other - whole)[view.present].max(axis=1).min() > 1e-3


@pytest.mark.parametrize("width", [1, 6, 7])
def test_normal_numbers(width):
    # Rows that hardly differ, and one that differs by the sign of a zero.
    vectors = np.zeros((3000, 4), dtype=np.float32)
    vectors[:, 1] = np.arange(3000) * np.float32(1e-7)
    keys = _inference._row_keys(vectors, "key")
    assert len(set(keys.tolist())) == 3000
    assert_array_equal(_inference._row_keys(-vectors[:1], "key"), keys[:1])
    assert (_inference._row_keys(vectors, "another key") != keys).all()
    draws = np.array(list(_inference._normals(keys, width, 4)))
    assert draws.shape == (4, 3000, width) and draws.dtype == np.float32
    assert kstest(draws.ravel(), "norm").pvalue > 1e-3
    flat = draws.transpose(1, 0, 2).reshape(3000, -1)
    for numbers in (flat, flat**2, np.hstack([flat[1:], flat[:-1]])):
        correlations = np.corrcoef(numbers.T) - np.eye(numbers.shape[1])
        assert abs(correlations).max() < 0.1


def test_chunks(net, tuples):
    """Thousands of rows are read in chunks."""
    whole = infer(net, tuples["image"])
    many = infer(net, MultiView.concat([tuples] * 800)["image"])
    assert_allclose(many, np.tile(whole, (800, 1)), rtol=1e-5)


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

"""Recorded steps are those that they stand for.

Where there is no GPU, a recording is computed anew where a GPU would replay it.
"""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_m3l import M3LContrastTopicModel, MultiView
from sklearn_m3l.network import _ops
from sklearn_m3l.network._draws import Draws, Mask
from sklearn_m3l.network._encoder import InferenceNetwork
from sklearn_m3l.training import _net, _recording

ON_GPU = torch.cuda.is_available()


@pytest.fixture
def recordings(monkeypatch):
    """Record steps on every device; return the number of replays of each recording."""
    replays = []
    record = _recording.record

    def watched(step, generator, pool):
        if ON_GPU:
            step, pool = record(step, generator, pool)
        number = len(replays)
        replays.append(0)

        def replay():
            replays[number] += 1
            return step()

        return replay, pool

    monkeypatch.setattr(_recording, "record", watched)
    monkeypatch.setattr(_net, "can_record", lambda device: True)
    monkeypatch.setattr(_ops, "compiled", lambda tensor: False)
    return replays


class Never(Callback):
    """Trains without recordings."""

    def on_epoch_begin(self, net, **kwargs):
        net._recorder = None


class Change(Callback):
    """Changes something in the second epoch, which a recording must not overlook."""

    def __init__(self, change):
        self.change = change

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            self.change(net)


def dampen(net):
    net.criterion_.kl_weight = 50.0


def sharpen(net):
    net.module_.scale = 3.0


def freeze(net):
    net.module_.decoders[0].freeze()


def slow_down(net):
    net.optimizer_.param_groups[0]["lr"] = 1e-4


def fit(X, callbacks=(), **changes):
    settings = {"max_iter": 4, "batch_size": 16, "hidden_layer_sizes": (8,)}
    settings |= {"init": "random", "random_state": 0, "callbacks": list(callbacks)}
    return M3LContrastTopicModel(3, **settings | changes).fit(X)


def assert_alike(a, b):
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-5)
    own, others = a.net_.module_.state_dict(), b.net_.module_.state_dict()
    for name, values in own.items():
        # Rounding alone decides where a bias before batch normalization goes, and with
        # it the mean that is taken away.
        if name.endswith(("head.bias", "norm.mean")) and "decoders" not in name:
            continue
        assert_allclose(values.cpu(), others[name].cpu(), rtol=1e-3, atol=2e-4)


@pytest.fixture(scope="module")
def complete(small_multiview):
    """Return the rows that have all views."""
    present = [small_multiview[name].present for name in small_multiview.views]
    return small_multiview[np.logical_and.reduce(present)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decoder": "product", "contrast": "joint", "prior_weight": 0.0},
        {"init": "gibbs", "init_max_iter": 5, "groups": True},
    ],
)
def test_a_replayed_step_is_the_step(complete, recordings, changes):
    X = complete
    if changes.pop("groups", False):
        X = MultiView(X.views, groups=np.arange(len(X)) // 2)
    plain = fit(X, [Never()], **changes)
    assert not recordings
    recorded = fit(X, **changes)
    assert sum(recordings) > 4
    assert_alike(recorded, plain)


@pytest.mark.parametrize("change", [dampen, sharpen, freeze, slow_down])
def test_what_a_callback_changes_takes_effect(complete, recordings, change):
    plain = fit(complete, [Never(), Change(change)])
    recorded = fit(complete, [Change(change)])
    assert_alike(recorded, plain)
    assert len(recordings) > 0
    kept = fit(complete)
    with pytest.raises(AssertionError):
        assert_alike(recorded, kept)


def draw_nothing(self, n_rows, topic_dropout, generator):
    """Stand in for `InferenceNetwork.draw`, whose draws depend on the shape."""
    keep = Mask(torch.empty(0), 0, 1.0)
    weight = self.head.weight
    return Draws(keep, keep, keep, weight.new_zeros(n_rows, len(weight) // 2))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decoder": "product", "contrast": "joint"},
        {"inference_networks": "per_view", "bias": False, "batch_size": 6},
        {"init": "gibbs", "init_max_iter": 5, "groups": True},
    ],
)
def test_rows_that_lack_views_are_as_if_not_there(
    small_multiview, recordings, monkeypatch, changes
):
    monkeypatch.setattr(InferenceNetwork, "draw", draw_nothing)
    X = small_multiview
    if changes.pop("groups", False):
        X = MultiView(X.views, groups=np.arange(len(X)) // 2)
    plain = fit(X, [Never()], **changes)
    assert_alike(fit(X, **changes), plain)
    assert sum(recordings) > 4


def test_recorded_steps_have_the_bits_of_others(small_multiview, recordings):
    recorded = fit(small_multiview)
    assert recordings

    class Forget(Callback):
        def on_batch_begin(self, net, **kwargs):
            net._recorder._seen.clear()

    n_recordings = len(recordings)
    other = fit(small_multiview, [Forget()])
    assert len(recordings) == n_recordings
    weights = other.net_.module_.state_dict()
    for name, values in recorded.net_.module_.state_dict().items():
        assert_array_equal(values.cpu(), weights[name].cpu())


class Store(Callback):
    """Pickles the net after each batch."""

    stored = None

    def on_batch_end(self, net, **kwargs):
        self.stored = None
        self.stored = pickle.dumps(net)


def test_a_net_with_recordings_can_be_stored(complete, recordings):
    model = fit(complete, [Store()])
    assert recordings
    (store,) = (c for _, c in model.net_.callbacks_ if isinstance(c, Store))
    weights = model.net_.module_.state_dict()
    for name, values in pickle.loads(store.stored).module_.state_dict().items():
        assert_array_equal(values.cpu(), weights[name].cpu())

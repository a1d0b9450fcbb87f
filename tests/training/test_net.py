"""Training runs skorch's callbacks, keeps a history and can be stopped."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    Freezer,
    GradientNormClipping,
    LRScheduler,
)

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.network import _ops


def make_model(**parameters):
    small = {
        "max_iter": 4,
        "init_max_iter": 10,
        "hidden_layer_sizes": (8,),
        "random_state": 0,
    }
    small["init"] = "random"
    return M3LContrastTopicModel(3, **small | parameters)


class Count(Callback):
    """Count how often each event happens, and what comes with it."""

    def initialize(self):
        self.events, self.sizes = [], []
        return self

    def on_train_begin(self, net, **kwargs):
        self.events.append("train_begin")

    def on_train_end(self, net, **kwargs):
        self.events.append("train_end")

    def on_epoch_begin(self, net, **kwargs):
        self.events.append("epoch_begin")

    def on_epoch_end(self, net, **kwargs):
        self.events.append("epoch_end")

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.sizes.append((training, batch.size))

    def on_batch_end(self, net, batch, training, loss, **kwargs):
        self.events.append("train" if training else "valid")
        assert loss.ndim == 0 and not loss.requires_grad

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.events.append("gradients")


class Store(Callback):
    """Pickle the net after every batch."""

    def on_batch_end(self, net, **kwargs):
        self.stored = None
        self.stored = pickle.dumps(net)


class Interrupt(Callback):
    """What Ctrl-C does, in some epoch at some event."""

    def __init__(self, event, epoch=2):
        self.event = event
        self.epoch = epoch

    def on_batch_begin(self, net, **kwargs):
        self.interrupt("on_batch_begin", net)

    def on_batch_end(self, net, **kwargs):
        self.interrupt("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self.interrupt("on_epoch_end", net)

    def interrupt(self, event, net):
        if event == self.event and len(net.history) >= self.epoch:
            raise KeyboardInterrupt


def test_callbacks_see_every_step(small_multiview):
    count = Count()
    model = make_model(batch_size=20, callbacks=[count], early_stopping=True)
    model.fit(small_multiview)
    epoch = ["epoch_begin", *["gradients", "train"] * 3, "valid", "epoch_end"]
    assert count.events == ["train_begin", *epoch * 4, "train_end"]
    assert count.sizes == [(True, 20), (True, 20), (True, 14), (False, 6)] * 4


def test_history(small_multiview):
    model = make_model(early_stopping=True).fit(small_multiview)
    history = model.net_.history
    assert history[:, "epoch"] == [1, 2, 3, 4]
    for key in ("train_loss", "valid_loss", "dur"):
        values = np.array(history[:, key])
        assert np.isfinite(values).all() and (values > 0).all()
    assert model.loss_curve_ == history[:, "train_loss"]
    assert model.n_iter_ == 4
    assert "valid_loss" not in make_model().fit(small_multiview).net_.history[-1]


@pytest.mark.parametrize("batch_size", [7, 60])
def test_loss_is_the_mean_a_tuple(small_multiview, batch_size):
    class Losses(Callback):
        def initialize(self):
            self.losses = []
            return self

        def on_batch_end(self, net, batch, loss, **kwargs):
            self.losses.append((float(loss), batch.size))

    losses = Losses()
    model = make_model(max_iter=1, batch_size=batch_size, callbacks=[losses])
    model.fit(small_multiview)
    total, n_rows = np.sum(losses.losses, axis=0)
    assert n_rows == 60
    assert_allclose(model.loss_curve_[0], total / 60, rtol=1e-6)


def test_adam_takes_the_betas(small_multiview):
    model = make_model(beta_1=0.8, beta_2=0.95).fit(small_multiview)
    (group,) = model.net_.optimizer_.param_groups
    assert group["betas"] == (0.8, 0.95)
    (group,) = make_model().fit(small_multiview).net_.optimizer_.param_groups
    assert group["betas"] == (0.9, 0.999)


def test_learning_rate_scheduler(small_multiview):
    scheduler = LRScheduler("StepLR", step_size=2, gamma=0.1, event_name="event_lr")
    model = make_model(callbacks=[scheduler], learning_rate_init=0.01)
    model.fit(small_multiview)
    rates = model.net_.history[:, "event_lr"]
    assert_allclose(rates, [0.01, 0.01, 0.001, 0.001])
    assert not np.allclose(
        model.transform(small_multiview),
        make_model(learning_rate_init=0.01).fit_transform(small_multiview),
        atol=1e-5,
    )


def test_other_callbacks_of_skorch(small_multiview):
    callbacks = [Freezer("inference.*"), GradientNormClipping(1.0)]
    model = make_model(callbacks=callbacks).fit(small_multiview)
    initial = make_model(max_iter=1, learning_rate_init=1e-30).fit(small_multiview)
    for name, weights in initial.net_.module_.named_parameters():
        trained = dict(model.net_.module_.named_parameters())[name]
        assert torch.equal(trained, weights) == name.startswith("inference")


def test_a_callback_that_evaluates_the_net_changes_nothing(small_multiview):
    class Evaluate(Callback):
        def on_batch_begin(self, net, **kwargs):
            net.module_.eval()

    plain = make_model().fit_transform(small_multiview)
    looked_at = make_model(callbacks=[Evaluate()]).fit_transform(small_multiview)
    assert_array_equal(plain, looked_at)


@pytest.mark.parametrize("monitor", ["train_loss", "valid_loss"])
def test_early_stopping_of_the_user_ends_fit(small_multiview, monitor):
    stop = EarlyStopping(monitor, patience=2, threshold=0.9)
    model = make_model(
        callbacks=[stop], max_iter=50, early_stopping=monitor == "valid_loss"
    )
    assert model.fit(small_multiview) is model
    assert model.n_iter_ == 3


@pytest.mark.parametrize(
    ("event", "completed"),
    [("on_batch_begin", 1), ("on_batch_end", 1), ("on_epoch_end", 2)],
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c(small_multiview, event, completed, early_stopping):
    model = make_model(
        callbacks=[Interrupt(event)],
        early_stopping=early_stopping,
        max_iter=50,
        warm_start=True,
    )
    with pytest.raises(KeyboardInterrupt):
        model.fit(small_multiview)
    assert model.n_iter_ == len(model.loss_curve_) == completed
    topics = model.transform(small_multiview)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    assert len(model.top_words("en")) == 3

    model.net_.callbacks_[-1 - early_stopping][1].event = "never"
    model.set_params(max_iter=3).fit(small_multiview)
    assert model.n_iter_ == completed + 3


def test_ctrl_c_after_an_early_stop_is_told_from_it(small_multiview):
    stop = EarlyStopping("train_loss", patience=1, threshold=0.9)
    interrupt = Interrupt("on_batch_begin", epoch=3)
    model = make_model(callbacks=[stop, interrupt], warm_start=True, max_iter=50)
    assert model.fit(small_multiview).n_iter_ == 2
    with pytest.raises(KeyboardInterrupt):
        model.fit(small_multiview)


def test_ctrl_c_before_the_first_batch_is_through(small_multiview):
    model = make_model(callbacks=[Interrupt("on_batch_begin", epoch=1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(small_multiview)
    assert (model.n_iter_, model.loss_curve_) == (0, [])
    assert np.isfinite(model.transform(small_multiview)).all()


def test_divergence_is_an_error(small_multiview):
    with pytest.raises(ValueError, match="diverged in epoch 1.*learning_rate_init"):
        make_model(learning_rate_init=1e30).fit(small_multiview)


@pytest.mark.parametrize("callback", ["EarlyStopping", EarlyStopping, 3])
def test_what_is_no_callback_is_refused(small_multiview, callback):
    with pytest.raises(TypeError, match="callbacks must be skorch callbacks, got"):
        make_model(callbacks=[callback]).fit(small_multiview)


@pytest.mark.parametrize("verbose", [0, 1, 2, True, False])
def test_verbose(small_multiview, capsys, verbose):
    model = make_model(verbose=verbose, max_iter=2, early_stopping=True)
    model.fit(small_multiview)
    output, errors = capsys.readouterr()
    assert ("valid_loss" in output) == (verbose == 2)
    bar = "Training: 100%" in errors and "valid_loss=" in errors and "2/2" in errors
    assert bar == (int(verbose) == 1)
    if not verbose:
        assert (output, errors) == ("", "")


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_training_is_the_same_with_any_number_of_threads(small_multiview, n_threads):
    expected = make_model(device="cpu").fit_transform(small_multiview)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        topics = make_model(device="cpu").fit_transform(small_multiview)
        assert_array_equal(topics, expected)
        assert torch.get_num_threads() == n_threads
        with pytest.raises(KeyboardInterrupt):
            make_model(device="cpu", callbacks=[Interrupt("on_batch_begin")]).fit(
                small_multiview
            )
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("init", ["gibbs", "random"])
def test_wide_layers_are_the_same_with_any_number_of_threads(init):
    X = load_gimp_help("test").data[:130]
    before, found = torch.get_num_threads(), []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            model = M3LContrastTopicModel(
                6, init=init, init_max_iter=5, max_iter=1, device="cpu", random_state=0
            ).fit(X)
            found.append(model.net_.module_.state_dict())
    finally:
        torch.set_num_threads(before)
    for name, weights in found[0].items():
        assert torch.equal(weights, found[1][name]), name


def test_the_start_does_not_ask_joblib_for_threads(small_multiview):
    expected = make_model(init="gibbs").fit(small_multiview).components_
    with joblib.parallel_config(backend="threading", n_jobs=2):
        found = make_model(init="gibbs").fit(small_multiview).components_
    assert_array_equal(found, expected)


def test_compiled_training_does_what_automatic_differentiation_would(
    small_multiview, monkeypatch
):
    def fit():
        small = make_model(
            max_iter=6, early_stopping=True, learning_rate_init=1e-3, device="cpu"
        )
        model = small.fit(small_multiview)
        return model, model.net_.history[:, "train_loss"]

    compiled, losses = fit()
    # As on a GPU.
    monkeypatch.setattr(_ops, "compiled", lambda tensor: False)
    other, other_losses = fit()
    assert other_losses != losses
    assert_allclose(other_losses, losses, rtol=1e-4)
    topics = [model.transform(small_multiview) for model in (other, compiled)]
    assert_allclose(*topics, atol=0.01)


def test_a_callback_may_store_the_net_while_it_is_trained(small_multiview):
    model = make_model(max_iter=2, callbacks=[Store()]).fit(small_multiview)
    (store,) = (c for _, c in model.net_.callbacks_ if isinstance(c, Store))
    net = pickle.loads(store.stored)
    for name, weights in model.net_.module_.state_dict().items():
        assert_array_equal(net.module_.state_dict()[name].cpu(), weights.cpu())


def test_gradients_are_those_of_the_whole_loss(small_multiview):
    gradients, wholes = {}, {}

    class Compare(Callback):
        def on_train_begin(self, net, **kwargs):
            self.random_state = kwargs["X"][0].generator

        def on_batch_begin(self, net, batch, training, **kwargs):
            state = self.random_state.get_state()
            net.optimizer_.zero_grad()
            loss = net.criterion_(net.module_(batch), batch)
            loss.backward()
            for name, weights in net.module_.named_parameters():
                wholes[name] = weights.grad.cpu()
            net.optimizer_.zero_grad()
            self.random_state.set_state(state)

        def on_grad_computed(self, net, named_parameters, **kwargs):
            for name, weights in named_parameters:
                gradients[name] = weights.grad.cpu().clone()

    # On a GPU, batches are padded before anything is drawn for them.
    make_model(max_iter=1, device="cpu", callbacks=[Compare()]).fit(small_multiview)
    assert gradients
    for name, gradient in gradients.items():
        # Batch normalization takes a bias back: what is left of its gradient is noise.
        atol = 0.05 if name.endswith("head.bias") else 1e-4
        assert_allclose(gradient, wholes[name], rtol=1e-3, atol=atol, err_msg=name)

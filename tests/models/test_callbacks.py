"""The callbacks that skorch documents work, or are refused before training."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import skorch.callbacks
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
)
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from sklearn_m3l import DistilledTopicModel, ZeroShotTopicModel

SET_ASIDE = {"early_stopping": True, "validation_fraction": 0.2}


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


@pytest.fixture
def train(quick, X):
    """Return a function that fits a model with callbacks."""

    def fit(*callbacks, **parameters):
        return quick(callbacks=list(callbacks), **{"max_iter": 3} | parameters).fit(X)

    return fit


def recorder(**more):
    """Return an object whose methods only remember what they are called with."""

    class Recorder:
        def __init__(self):
            self.calls = []
            vars(self).update(more)

        def __getattr__(self, name):
            return lambda *args, **kwargs: self.calls.append((name, args, kwargs))

    return Recorder()


def names(calls):
    return {name for name, _, _ in calls}


def parameters_of(model):
    return dict(model.net_.module_.named_parameters())


@pytest.mark.parametrize("step_every", ["epoch", "batch"])
def test_schedules(train, step_every):
    schedule = LRScheduler(
        "StepLR", step_size=1, gamma=0.5, step_every=step_every, event_name="rate"
    )
    model = train(schedule, learning_rate_init=0.1)
    history = model.net_.history
    if step_every == "epoch":
        rates = history[:, "rate"]
    else:
        rates = [rate for epoch in history[:, "batches", :, "rate"] for rate in epoch]
    assert rates == [0.1 * 0.5**step for step in range(len(rates))] and len(rates) > 2


@pytest.mark.parametrize(
    "policy",
    [
        LRScheduler("WarmRestartLR", min_lr=0.01, max_lr=0.1, base_period=2),
        LRScheduler(ReduceLROnPlateau, patience=0, threshold=1e9, threshold_mode="abs"),
        LRScheduler(OneCycleLR, max_lr=0.1, total_steps=100, step_every="batch"),
        LRScheduler("CosineAnnealingLR", T_max=3),
    ],
    ids=lambda schedule: getattr(schedule.policy, "__name__", schedule.policy),
)
def test_policies(train, X, policy):
    plain = train()
    assert (train(policy).components_ != plain.components_).any() or (
        train(policy).transform(X) != plain.transform(X)
    ).any()


def test_early_stopping(train):
    never = EarlyStopping("train_loss", patience=2, threshold=1e9, threshold_mode="abs")
    assert train(never, max_iter=9).n_iter_ == 3
    own = EarlyStopping(patience=1, threshold=1e9, threshold_mode="abs")
    assert train(own, max_iter=9, n_iter_no_change=9, **SET_ASIDE).n_iter_ == 2


@pytest.mark.parametrize("monitor", ["train_loss_best", "valid_loss_best", None])
def test_checkpoints_of_skorch(train, X, tmp_path, monitor):
    kept = Checkpoint(monitor, dirname=tmp_path, f_pickle="net.pkl", load_best=True)
    parameters = SET_ASIDE if monitor and "valid" in monitor else {}
    model = train(kept, **parameters)
    stored = {path.name for path in tmp_path.iterdir()}
    assert stored >= {"params.pt", "optimizer.pt", "criterion.pt", "history.json"}
    assert "net.pkl" in stored and np.isfinite(model.transform(X)).all()


def test_a_state_is_stored_and_loaded(train, X, tmp_path):
    end = TrainEndCheckpoint(dirname=tmp_path)
    first = train(end)
    more = train(LoadInitState(end), max_iter=2)
    assert more.n_iter_ == first.n_iter_ + 2
    assert more.loss_curve_[:3] == first.loss_curve_
    assert np.isfinite(more.transform(X)).all()
    loaded = []

    class Watch(Callback):
        def on_train_begin(self, net, **kwargs):
            state = net.module_.state_dict()
            loaded.append({name: value.clone() for name, value in state.items()})

    end = TrainEndCheckpoint(dirname=tmp_path / "other")
    stored = train(end).net_.module_.state_dict()
    train(LoadInitState(end), Watch(), random_state=1)
    for name, value in stored.items():
        assert_array_equal(loaded[0][name].cpu(), value.cpu())


def test_parameters_are_initialized_and_frozen(train):
    def fill(parameter):
        torch.nn.init.constant_(parameter, 0.25)

    name = next(name for name in parameters_of(train()) if name.endswith("weight"))
    model = train(Initializer(name, fill), Freezer(name))
    assert (parameters_of(model)[name] == 0.25).all()
    model = train(Initializer(name, fill), Freezer(name), Unfreezer(name, at=2))
    assert (parameters_of(model)[name] != 0.25).any()
    seen = []
    train(ParamMapper("*", lambda parameter: seen.append(parameter.shape), at=2))
    assert len(seen) == len(parameters_of(train()))


def test_gradients_are_clipped(train, X):
    plain = train()
    clipped = train(GradientNormClipping(1e-9, gradient_clip_norm_type=2))
    assert (clipped.transform(X) != plain.transform(X)).any()
    assert_array_equal(
        train(GradientNormClipping(1e9)).transform(X), plain.transform(X)
    )


def test_what_is_recorded_and_shown(train, capsys):
    lines = []
    model = train(
        PassthroughScoring("train_loss", on_train=True),
        EpochTimer(),
        PrintLog(keys_ignored="dur", sink=lines.append),
        ProgressBar(),
        **SET_ASIDE,
    )
    assert "valid_loss" in lines[0] and "dur" not in lines[0]
    assert "/3 [" in capsys.readouterr().err
    assert model.net_.history[:, "dur"] and model.net_.history[:, "train_loss_best"]


def test_loggers(train, tmp_path):
    board, sacred, client = recorder(), recorder(), recorder()
    wandb = recorder(dir=tmp_path)
    run = SimpleNamespace(info=SimpleNamespace(run_id="1"))
    train(
        TensorBoard(board),
        SacredLogger(sacred, log_on_batch_end=True),
        MlflowLogger(run, client, log_on_batch_end=True),
        WandbLogger(wandb),
        **SET_ASIDE,
    )
    assert names(board.calls) == {"add_scalar", "close"}
    assert names(sacred.calls) == {"log_scalar"}
    assert names(client.calls) == {"log_metric", "log_artifact", "set_terminated"}
    assert names(wandb.calls) == {"watch", "log"}
    assert Path(tmp_path, "best_model.pth").exists()


def untrained(model, X, error, message):
    """Fit a model, which must fail before anything is learned."""
    begun = []

    class Watch(Callback):
        def on_train_begin(self, net, **kwargs):
            begun.append(net)

    model.set_params(callbacks=[Watch(), *model.callbacks])
    with pytest.raises(error, match=message):
        model.fit(X)
    assert not begun and not hasattr(model, "net_")


REFUSED = {
    "EpochScoring": (EpochScoring("accuracy"), "cannot have EpochScoring, .* labels"),
    "BatchScoring": (BatchScoring(len), "cannot have BatchScoring, .* labels"),
    "InputShapeSetter": (InputShapeSetter(), "cannot have InputShapeSetter"),
    "Checkpoint": (Checkpoint(), "Checkpoint with monitor='valid_loss_best'.*'train_l"),
    "EarlyStopping": (EarlyStopping(), "EarlyStopping with monitor='valid_loss'"),
    "LRScheduler": (
        LRScheduler("ReduceLROnPlateau", monitor="valid_loss"),
        "LRScheduler with monitor='valid_loss'",
    ),
    "WandbLogger": (WandbLogger(None), "WandbLogger, .* or save_model=False"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_before_training(quick, X, name):
    callback, message = REFUSED[name]
    untrained(quick(callbacks=[callback]), X, ValueError, message)


@pytest.mark.parametrize("name", ["EpochScoring", "EarlyStopping"])
def test_a_student_refuses_them_before_its_teacher_is_trained(X, name):
    callback, message = REFUSED[name]
    model = DistilledTopicModel(2, view="image", callbacks=[callback])
    untrained(model, X, ValueError, message)
    assert not hasattr(model, "teacher_")
    teacher = ZeroShotTopicModel(2, view="en", callbacks=[callback])
    model.set_params(callbacks=[], teacher=teacher)
    with pytest.raises(ValueError, match=message):
        model.fit(X)


def test_all_callbacks_of_skorch_are_tested():
    # The policy of a schedule, and a logger that needs a package of its own.
    known = {"Callback", "WarmRestartLR", "NeptuneLogger"}
    assert set(skorch.callbacks.__all__) <= set(globals()) | known

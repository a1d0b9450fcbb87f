"""Faults met on purpose: divergence, Ctrl-C, killed workers, a GPU that is full."""

import os
import signal

import numpy as np
import pytest
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

import sklearn_m3l.network
import sklearn_m3l.training
from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)

SMALL = {
    "max_iter": 4,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
TEACHER = ZeroShotTopicModel(**SMALL, view="en")
NEURAL = {
    # The warm-up depends on the number of epochs, in which fits are compared here.
    "contrast": M3LContrastTopicModel(3, **SMALL, contrast_warmup=0.0),
    "zero shot": ZeroShotTopicModel(3, **SMALL, view="en"),
    "distilled": DistilledTopicModel(3, **SMALL, view="de", teacher=TEACHER),
}
each_neural = pytest.mark.parametrize("name", NEURAL)


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview[["en", "de"]]


class Blast(Callback):
    """Do harm to the network once, in some epoch."""

    def __init__(self, event, epoch=3):
        self.event = event
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if self.event == "rate" and len(net.history) == self.epoch:
            net.optimizer_.param_groups[0]["lr"] = 1e30

    def on_batch_end(self, net, batch, **kwargs):
        last = len(net.history) == self.epoch and batch.size == 60 % 32
        if self.event == "weights" and last:
            net.module_.decoders[0].beta.data[0, 0] = torch.nan


@each_neural
@pytest.mark.parametrize("event", ["rate", "weights"])
def test_divergence_leaves_the_last_good_state(X, name, event):
    model = clone(NEURAL[name]).set_params(callbacks=[Blast(event)], batch_size=32)
    rate = f"lower learning_rate_init={model.learning_rate_init}"
    message = f"diverged in epoch 3 .*{rate}.*as it was before"
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    good = clone(NEURAL[name]).set_params(max_iter=2, batch_size=32).fit(X)
    assert model.n_iter_ == 2 and model.loss_curve_ == good.loss_curve_
    assert_array_equal(model.components_, good.components_)
    assert_array_equal(model.transform(X), good.transform(X))
    assert model.score(X) == good.score(X)


@each_neural
@pytest.mark.parametrize("batch_size", [7, 60])
def test_divergence_from_the_start(X, name, batch_size):
    # In batches of 60, only the loss after the only step shows it.
    model = clone(NEURAL[name]).set_params(
        learning_rate_init=1e30, batch_size=batch_size
    )
    message = r"diverged in epoch 1 .*lower learning_rate_init=1e\+30"
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert model.n_iter_ == 0
    assert_allclose(model.transform(X).sum(axis=1), 1, rtol=1e-5)


def test_training_goes_on_after_divergence(X):
    blast = Blast("weights")
    model = clone(NEURAL["contrast"]).set_params(
        warm_start=True, callbacks=[blast], batch_size=32
    )
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X)
    blast.event = "none"
    assert model.fit(X).n_iter_ == 6
    assert np.isfinite(model.loss_curve_).all()


class PressCtrlC(Callback):
    """What Ctrl-C does, in the second epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            os.kill(os.getpid(), signal.SIGINT)


@each_neural
def test_ctrl_c(X, name):
    model = clone(NEURAL[name]).set_params(callbacks=[PressCtrlC()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.n_iter_ == 1
    assert_allclose(model.transform(X).sum(axis=1), 1, rtol=1e-5)
    assert model.score(X) < 0
    assert len(model.topics_frame()) == 3


def test_ctrl_c_while_the_teacher_is_trained(X):
    model = clone(NEURAL["distilled"]).fit(X)
    model.set_params(teacher__callbacks=[PressCtrlC()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.teacher_.n_iter_ == 1
    assert_allclose(model.teacher_.transform(X).sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(NotFittedError):
        model.transform(X)


class Die(Callback):
    """What the kernel does where memory runs out."""

    def on_batch_begin(self, net, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_worker_is_an_error_of_joblib(X):
    search = GridSearchCV(
        NEURAL["contrast"], {"callbacks": [None, [Die()]]}, cv=2, n_jobs=2
    )
    with pytest.raises(TerminatedWorkerError):
        search.fit(X)


def run_out_of_memory(*args, **kwargs):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB")


@pytest.mark.parametrize("what", ["TupleDataset", "build_net"])
@each_neural
def test_a_full_gpu_in_fit(X, monkeypatch, name, what):
    monkeypatch.setattr(sklearn_m3l.training, what, run_out_of_memory)
    message = "out of memory; lower batch_size=.*, n_components .*Tried to allocate"
    with pytest.raises(torch.OutOfMemoryError, match=message):
        clone(NEURAL[name]).fit(X)


def test_a_full_gpu_in_training(X):
    class Full(Callback):
        def on_batch_end(self, net, **kwargs):
            run_out_of_memory()

    model = clone(NEURAL["contrast"]).set_params(callbacks=[Full()], batch_size=48)
    with pytest.raises(torch.OutOfMemoryError, match="lower batch_size=48"):
        model.fit(X)
    assert_allclose(model.transform(X).sum(axis=1), 1, rtol=1e-5)


def test_a_full_gpu_in_transform(X, monkeypatch):
    model = clone(NEURAL["contrast"]).set_params(n_draws=500).fit(X)
    monkeypatch.setattr(sklearn_m3l.network, "infer_topics", run_out_of_memory)
    with pytest.raises(torch.OutOfMemoryError, match="lower n_draws=500"):
        model.transform(X)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zero shot", "distilled", "polylingual"])
def test_grid_search_in_several_processes(X, name):
    lda = PolylingualLDA(3, max_iter=5, transform_max_iter=25, random_state=0)
    model = {**NEURAL, "polylingual": lda}[name]
    grid = {"n_components": [2, 3]}
    results = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for n_jobs in (1, 2):
            search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs, refit=False)
            search.fit(X)
            results[n_jobs] = [search.cv_results_[f"split{k}_test_score"] for k in "01"]
    finally:
        torch.set_num_threads(threads)
    assert np.isfinite(results[1]).all()
    assert_array_equal(results[1], results[2])

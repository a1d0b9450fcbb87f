"""Killed training resumes from its checkpoint and ends with the same bits."""

import math
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from itertools import count
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, LRScheduler

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.utils._storage import dumps, loads

# Without a start, whose sampling has a folder of its own.
SMALL = {
    "max_iter": 6, "hidden_layer_sizes": (8,), "random_state": 0, "init": "random"
}  # fmt: skip
STOPPING = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 2}
MODELS = {
    "contrast": M3LContrastTopicModel(3, **SMALL),
    "stopping": M3LContrastTopicModel(3, **SMALL, **STOPPING),
    "zero shot": ZeroShotTopicModel(3, **SMALL, view="en"),
    "distilled": DistilledTopicModel(
        3, **SMALL, view="de", teacher=ZeroShotTopicModel(**SMALL, view="en")
    ),
    "polylingual": PolylingualLDA(
        3, max_iter=6, transform_max_iter=25, random_state=0, optimize_interval=2,
        burn_in=1,
    ),
    "threads": PolylingualLDA(
        3, max_iter=6, n_jobs=2, background_share=0.2, random_state=0
    ),
}  # fmt: skip
each_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview[["en", "de"]]


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch):
    """Let minutes pass between epochs, so that each of them is stored."""
    monkeypatch.setattr(time, "monotonic", partial(next, count(step=100.0)))


def assert_same(model, expected, X):
    assert model.n_iter_ == expected.n_iter_
    for name in ("loss_curve_", "log_likelihood_"):
        assert getattr(model, name, None) == getattr(expected, name, None)
    assert_array_equal(model.components_, expected.components_)
    assert_array_equal(model.transform(X), expected.transform(X))


class Crash(RuntimeError):
    """What ends training here, without a chance to store anything."""


@pytest.fixture
def crash(monkeypatch):
    """Return a function that lets training crash when a state has been stored."""

    def crash_after(n_states):
        def crash(n_stored):
            if n_stored == n_states:
                raise Crash

        after_each_state(monkeypatch, crash)

    return crash_after


def after_each_state(monkeypatch, act):
    """Call a function with the number of states stored; return them by their paths."""
    replace, stored = os.replace, []

    def replacing(part, path):
        replace(part, path)
        if os.path.basename(path) == "state.safetensors":  # numba replaces files, too
            stored.append(path)
            act(len(stored))

    monkeypatch.setattr(os, "replace", replacing)
    return stored


@pytest.mark.slow
@each_model
@pytest.mark.parametrize("n_states", [1, 4])
def test_it_goes_on_to_the_same_bits(X, tmp_path, crash, name, n_states):
    expected = clone(MODELS[name]).fit(X)
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path)
    crash(n_states)
    with pytest.raises(Crash):
        clone(model).fit(X)
    assert_same(model.fit(X), expected, X)


@each_model
def test_a_checkpoint_changes_nothing(X, tmp_path, name):
    model = clone(MODELS[name]).set_params(checkpoint=str(tmp_path / "new" / "folder"))
    assert_same(model.fit(X), clone(MODELS[name]).fit(X), X)


SCRIPT = """
import itertools, os, signal, sys, time
import joblib

folder, kill_after = sys.argv[1], int(sys.argv[2])
model, X = joblib.load(f"{folder}/job.joblib")
replace, states = os.replace, []

def killed(part, path):
    if os.path.basename(path) == "state.safetensors":
        states.append(path)
    if len(states) == kill_after + 1:  # in the middle of writing
        os.truncate(part, os.path.getsize(part) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    replace(part, path)

os.replace = killed
clock = itertools.count(step=100.0)  # minutes pass between epochs
time.monotonic = lambda: next(clock)
joblib.dump(model.fit(X), f"{folder}/fitted.joblib")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stopping", "polylingual"])
def test_kill_9(X, tmp_path, name):
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path / "states")
    joblib.dump((model, X), tmp_path / "job.joblib")
    codes = []
    for hash_seed, kill_after in ("1", "3"), ("2", "99"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, tmp_path, kill_after],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=False,
        )
        codes.append(run.returncode)
        assert len(list(tmp_path.glob("states/*/.*.part"))) == 1
    assert codes == [-signal.SIGKILL, 0]
    fitted = joblib.load(tmp_path / "fitted.joblib")
    assert_same(fitted, clone(MODELS[name]).fit(X), X)


def test_what_a_crash_left_is_removed_but_not_what_is_being_written(X, tmp_path):
    model = clone(MODELS["polylingual"]).set_params(checkpoint=tmp_path)
    model.fit(X)
    (folder,) = tmp_path.iterdir()
    left, current = folder / ".a.part", folder / ".b.part"
    for part in (left, current):
        part.touch()
    os.utime(left, (0, 0))
    model.fit(X)
    assert not left.exists() and current.exists()


def test_a_state_of_another_fit(X, tmp_path):
    model = clone(MODELS["polylingual"]).set_params(checkpoint=tmp_path)
    model.fit(X)
    (path,) = tmp_path.glob("*/state.safetensors")
    for number, other in enumerate([clone(model), clone(MODELS["contrast"])]):
        folder = tmp_path / f"other {number}"
        other.set_params(random_state=1, checkpoint=folder).fit(X)
        (another,) = folder.glob("*/state.safetensors")
        another.replace(path)
        with pytest.raises(ValueError, match="does not belong to this fit.*delete the"):
            model.fit(X)
    path.unlink()
    assert_same(model.fit(X), clone(MODELS["polylingual"]).fit(X), X)


def places(value):
    """Iterate over all containers in a state, with their keys."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


# NumPy 1 casts what is out of bounds, with a warning.
@pytest.mark.filterwarnings("ignore:NumPy will stop allowing:DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["stopping", "polylingual"])
def test_states_that_were_changed(X, tmp_path, name, crash, monkeypatch):
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path)
    crash(2)
    with pytest.raises(Crash):
        model.fit(X)
    monkeypatch.undo()
    (path,) = tmp_path.glob("*/state.safetensors")
    data = path.read_bytes()
    n_places = len(list(places(loads("checkpoint", data))))
    wrong = [None, [], {}, "a", -1, 2**100, math.nan, np.full(3, 30_000, np.int16)]
    rng = random.Random(0)
    for number in rng.sample(range(n_places), min(n_places, 20)):
        for value in rng.sample(wrong, 3):
            content = loads("checkpoint", data)
            container, key = list(places(content))[number]
            container[key] = value
            path.write_bytes(dumps("checkpoint", content))
            try:
                model.fit(X)
            except ValueError as error:
                assert "does not belong to this fit" in str(error), (number, value)
            assert np.isfinite(model.transform(X)).all()


def test_the_start_is_resumed(X, tmp_path, crash):
    model = clone(MODELS["contrast"]).set_params(init="gibbs", init_max_iter=5)
    expected = clone(model).fit(X)
    model.set_params(checkpoint=tmp_path)
    crash(3)
    with pytest.raises(Crash):
        clone(model).fit(X)
    assert_same(model.fit(X), expected, X)
    assert len(list(tmp_path.iterdir())) == 2


class Count(Callback):
    """Count epochs that are trained."""

    def __init__(self):
        self.epochs_ = 0

    def on_epoch_begin(self, net, **kwargs):
        self.epochs_ += 1


@pytest.mark.slow
def test_a_fit_that_is_done_is_not_done_again(X, tmp_path):
    counts = [Count(), Count()]
    models = [
        clone(MODELS["stopping"]).set_params(checkpoint=tmp_path, callbacks=[count])
        for count in counts
    ]
    assert_same(
        models[1].set_params(max_iter=50).fit(X),
        models[0].set_params(max_iter=50).fit(X),
        X,
    )
    assert counts[1].epochs_ > 0 and counts[0].epochs_ == 0


def test_a_scheduler_goes_on(X, tmp_path, crash):
    def make():
        schedule = LRScheduler("StepLR", step_size=2, gamma=0.1, event_name="rate")
        return clone(MODELS["contrast"]).set_params(callbacks=[schedule])

    expected = make().fit(X)
    crash(3)
    with pytest.raises(Crash):
        make().set_params(checkpoint=tmp_path).fit(X)
    model = make().set_params(checkpoint=tmp_path).fit(X)
    assert model.net_.history[:, "rate"] == expected.net_.history[:, "rate"]
    assert_same(model, expected, X)


CHANGES = {
    "rate": lambda model, X: (model.set_params(learning_rate_init=0.01), X),
    "seed": lambda model, X: (model.set_params(random_state=1), X),
    "epochs": lambda model, X: (model.set_params(max_iter=5), X),
    "topics": lambda model, X: (model.set_params(n_components=4), X),
    "callbacks": lambda model, X: (model.set_params(callbacks=[Count()]), X),
    "rows": lambda model, X: (model, X[1:]),
    "order": lambda model, X: (model, X[::-1]),
    "views": lambda model, X: (model, X[["en"]][8:]),
    "articles": lambda model, X: (model, MultiView(X.views, groups=np.arange(60) // 2)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_fit_has_a_folder_of_its_own(X, tmp_path, change):
    model = clone(MODELS["contrast"]).set_params(checkpoint=tmp_path, max_iter=2)
    model.fit(X)
    other, data = CHANGES[change](clone(model), X)
    other.fit(data)
    assert len(list(tmp_path.iterdir())) == 2
    expected = clone(other).set_params(checkpoint=None).fit(data)
    assert_same(other, expected, data)


@pytest.mark.slow
def test_clones_of_a_search_do_not_collide(X, tmp_path):
    results = []
    for folder in (None, tmp_path, tmp_path):
        model = clone(MODELS["contrast"]).set_params(checkpoint=folder, max_iter=2)
        grid = {"n_components": [2, 3], "learning_rate_init": [1e-3, 1e-2]}
        search = GridSearchCV(model, grid, cv=2).fit(X)
        results.append(search.cv_results_["mean_test_score"])
        if folder:
            assert len(list(tmp_path.iterdir())) == 4 * 2 + 1
    assert_array_equal(results[0], results[1])
    assert_array_equal(results[0], results[2])


def test_warm_starts_are_fits_of_their_own(X, tmp_path):
    model = clone(MODELS["contrast"]).set_params(checkpoint=tmp_path, warm_start=True)
    expected = clone(MODELS["contrast"]).set_params(warm_start=True)
    for n_fits in (1, 2):
        assert_same(model.fit(X), expected.fit(X), X)
        assert len(list(tmp_path.iterdir())) == n_fits


def test_partial_fits_are_fits_of_their_own(X, tmp_path):
    model = clone(MODELS["polylingual"]).set_params(checkpoint=tmp_path)
    expected = clone(MODELS["polylingual"]).fit(X[:40]).partial_fit(X[40:])
    for _ in range(2):
        assert_same(clone(model).fit(X[:40]).partial_fit(X[40:]), expected, X)
        assert len(list(tmp_path.iterdir())) == 2


@each_model
def test_a_full_disk(X, tmp_path, monkeypatch, name):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path)
    message = "cannot be written .*No space left on device.*training continues"
    with pytest.warns(UserWarning, match=message) as record:
        model.fit(X)
    assert len(record) == (2 if name == "distilled" else 1)  # its teacher, too
    assert_same(model, clone(MODELS[name]).fit(X), X)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("contrast", "flip"),
        *(("polylingual", damage) for damage in ("cut", "flip", "other", "empty")),
    ],
)
def test_a_damaged_checkpoint(X, tmp_path, name, damage):
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path)
    expected = clone(model).fit(X)
    (path,) = tmp_path.glob("*/state.safetensors")
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    harm = {
        "cut": content[:-5],
        "flip": content,
        "other": pickle.dumps(os.getcwd),
        "empty": b"",
    }
    path.write_bytes(harm[damage])
    with pytest.warns(UserWarning, match="cannot be read .*from the beginning"):
        model.fit(X)
    assert_same(model, expected, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(clone(model).fit(X), expected, X)


@each_model
def test_a_checkpoint_needs_a_seed(X, tmp_path, name):
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path, random_state=None)
    with pytest.raises(ValueError, match="checkpoint needs a random_state"):
        model.fit(X)


def test_a_random_state_instance(X, tmp_path):
    model = clone(MODELS["contrast"]).set_params(checkpoint=tmp_path)
    for seed in (5, 5, 6):
        model.set_params(random_state=np.random.RandomState(seed)).fit(X)
    assert len(list(tmp_path.iterdir())) == 2


@each_model
def test_a_file_in_the_place_of_the_folder(X, tmp_path, name):
    Path(tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        clone(MODELS[name]).set_params(checkpoint=tmp_path / "file").fit(X)


@pytest.mark.parametrize("name", ["contrast", "polylingual"])
def test_ctrl_c_and_again(X, tmp_path, monkeypatch, name):
    def interrupt(n_stored):
        if n_stored == 3:
            os.kill(os.getpid(), signal.SIGINT)

    stored = after_each_state(monkeypatch, interrupt)
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.n_iter_ == 3
    assert_same(model.fit(X), clone(MODELS[name]).fit(X), X)
    assert len(stored) == 3 + 3 + (name == "contrast")  # and at the end


def test_files_are_not_written_all_the_time(X, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # no time passes
    stored = after_each_state(monkeypatch, lambda n_stored: None)
    clone(MODELS["contrast"]).set_params(checkpoint=tmp_path).fit(X)
    assert len(stored) == 1  # at the end


def test_the_remaining_time_is_unknown_until_a_second_epoch_is_done(X, capsys):
    # The first one takes longer, since operations are compiled in it.
    clone(MODELS["contrast"]).set_params(verbose=1, init="random").fit(X)
    bars = re.findall(r"(\d)/6 \[(\d\d:\d\d)<([^,\]]*)", capsys.readouterr().err)
    assert bars
    for n_epochs, _, remaining in bars:
        assert (remaining == "?") == (n_epochs in "01")


@pytest.mark.parametrize("name", ["contrast", "polylingual"])
def test_the_progress_bar_goes_on(X, tmp_path, capsys, crash, name):
    crash(2)
    model = clone(MODELS[name]).set_params(checkpoint=tmp_path, verbose=1)
    with pytest.raises(Crash):
        model.fit(X)
    capsys.readouterr()
    model.fit(X)
    assert "2/6" in (bar := capsys.readouterr().err) and "6/6" in bar
    assert "0/6" not in bar

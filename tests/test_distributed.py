"""Tests on a Dask cluster of two worker processes on this machine.

Large tables are encoded and learned from, and searches are shared out. Dask is imported
when the tests run, so that all others start without it.
"""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import LsaEncoder, MultiViewEncoder, TextView
from sklearn_m3l.metrics import make_alignment_scorer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def distributed():
    return pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.fixture(scope="module")
def scale(distributed):
    return pytest.importorskip("sklearn_m3l.distributed")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Add sums in the order in which the workers do, which have one thread each."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def client(distributed):
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=":0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield client


def wait_for_replacement(client, victim):
    """Wait until two workers answer, neither of them the one that was killed.

    ``Client.wait_for_workers`` returns at once where the scheduler has not yet noticed
    that a worker is gone, so that a later test would meet one worker.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pids = set(client.run(os.getpid, on_error="ignore").values())
        if len(pids) == 2 and victim not in pids:
            return
        time.sleep(0.05)
    pytest.fail("the worker that was killed was not replaced within 60 s")


@pytest.fixture(scope="module")
def frame():
    frame = load_gimp_help("test").frame[["en", "de", "page"]][:120]
    frame = frame.astype(object)
    frame.loc[frame.index[[3, 17]], "de"] = None
    return frame


@pytest.fixture(scope="module")
def ddf(frame):
    """Return the table in partitions, the third of which is empty."""
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed")
    parts = [
        frame[:30],
        frame[30:60],
        frame[:0],
        *(frame[n : n + 10] for n in range(60, 120, 10)),
    ]
    return dd.from_map(lambda part: part, parts, meta=frame[:0])


@pytest.fixture
def encoder():
    def view():
        return TextView(encoder=LsaEncoder(n_components=4, random_state=0))

    return MultiViewEncoder([("en", view()), ("de", view())], groups="page")


def test_encode_gives_what_one_process_would(
    scale, client, frame, ddf, encoder, tmp_path
):
    X = scale.encode(ddf, encoder, tmp_path / "corpus")
    assert encoder.transform(frame) == X
    assert MultiView.open(tmp_path / "corpus", verify=True) == X

    # What is there is kept, and the folder is not of any other call.
    before = (tmp_path / "corpus" / "part-000001" / "0.data.npy").stat().st_mtime_ns
    assert scale.encode(ddf, encoder, tmp_path / "corpus") == X
    after = (tmp_path / "corpus" / "part-000001" / "0.data.npy").stat().st_mtime_ns
    assert before == after
    with pytest.raises(ValueError, match="parts of another table"):
        scale.encode(ddf.partitions[:2], encoder, tmp_path / "corpus")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="is not empty"):
        scale.encode(ddf, encoder, tmp_path / "full")

    # A part that is lost or damaged is named.
    (tmp_path / "corpus" / "part-000003" / "manifest.json").unlink()
    with pytest.raises(ValueError, match="part-000003 has no manifest"):
        MultiView.open(tmp_path / "corpus")


def test_a_worker_that_is_killed(scale, client, frame, ddf, encoder, tmp_path):
    encoder.fit(frame)
    victim = next(iter(client.run(os.getpid).values()))

    def kill():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if len(list(tmp_path.glob("corpus/part-*"))) >= 2:
                os.kill(victim, signal.SIGKILL)
                return
            time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    X = scale.encode(ddf, encoder, tmp_path / "corpus")
    killer.join()
    assert encoder.transform(frame) == X
    assert not list(tmp_path.glob("corpus/.*"))
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)
    wait_for_replacement(client, victim)


def test_transform_gives_what_one_process_would(scale, client, frame, ddf, encoder):
    model = M3LContrastTopicModel(
        4, init="random", max_iter=1, hidden_layer_sizes=(8,), random_state=0
    )
    pipeline = make_pipeline(encoder, model)
    with pytest.raises(NotFittedError):
        scale.transform(ddf, pipeline)
    pipeline.fit(frame)
    topics = scale.transform(ddf, pipeline)
    assert topics.columns.tolist() == list(model.get_feature_names_out())
    assert set(topics.dtypes) == {np.dtype(np.float32)}
    expected = pd.DataFrame(pipeline.transform(frame), frame.index, topics.columns)
    pd.testing.assert_frame_equal(
        topics.compute(), expected, rtol=1e-4, atol=1e-6, check_index_type=False
    )


def test_a_sample_that_encoders_are_fitted_on(
    scale, client, frame, ddf, encoder, tmp_path
):
    X = scale.encode(ddf, encoder, tmp_path / "a", sample_size=50, random_state=1)
    assert len(X) == len(frame)
    words = X["en"].vocabulary
    assert set(words) < set(
        MultiViewEncoder(encoder.views).fit(frame).transform(frame)["en"].vocabulary
    )


def test_lda_of_two_parts(scale, client, frame, encoder):
    X = encoder.fit_transform(frame)
    train, test = X[:90], X[90:]

    def make(seed):
        return PolylingualLDA(5, max_iter=40, random_state=seed, cluster_weight=0)

    model = scale.fit_polylingual_lda(make(0), train, n_parts=2)
    again = scale.fit_polylingual_lda(make(0), train, n_parts=2)
    for name, words in model.topic_word_.items():
        np.testing.assert_array_equal(words, again.topic_word_[name])
    for name, counts in model.topic_word_counts_.items():
        assert counts.sum() == train[name].counts[train[name].present].sum()
        assert counts.min() >= 0
    alone = [make(seed).fit(train).score(test) for seed in range(3)]
    noise = max(np.ptp(alone), 0.02)
    assert abs(model.score(test) - np.mean(alone)) < 2 * noise
    assert model.log_likelihood_[-1] > model.log_likelihood_[0]


def test_sampling_ends_where_a_worker_is_lost(
    scale, client, frame, encoder, monkeypatch
):
    X = encoder.fit_transform(frame)
    sweep = scale._sampling.SharedGibbs.sweep
    victim = next(iter(client.run(os.getpid).values()))

    def kill_and_sweep(self):
        os.kill(victim, signal.SIGKILL)
        sweep(self)

    monkeypatch.setattr(scale._sampling.SharedGibbs, "sweep", kill_and_sweep)
    with pytest.raises(RuntimeError, match=r"(?i)worker .*lost"):
        scale.fit_polylingual_lda(PolylingualLDA(3, cluster_weight=0), X)
    wait_for_replacement(client, victim)


def test_what_cannot_be_done(
    distributed, scale, client, frame, ddf, encoder, tmp_path, monkeypatch
):
    with pytest.raises(ValueError, match="the table has no rows"):
        scale.encode(ddf.partitions[2], encoder, tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        scale.encode(ddf, encoder, tmp_path / "file" / "corpus")
    X = encoder.fit_transform(frame)
    with pytest.raises(ValueError, match="n_parts=200 must be between 1 and 120"):
        scale.fit_polylingual_lda(PolylingualLDA(3), X, n_parts=200)
    with pytest.raises(ValueError, match="checkpoint cannot be used"):
        scale.fit_polylingual_lda(PolylingualLDA(3, checkpoint=tmp_path), X)

    class Workers:
        def run(self, function):
            return {"tcp://127.0.0.1:1": None}

    monkeypatch.setattr(distributed, "default_client", Workers)
    with pytest.raises(ValueError, match="127.0.0.1:1 has no sklearn-m3l; install"):
        scale.encode(ddf, encoder, tmp_path / "corpus")


def test_there_must_be_a_cluster(
    distributed, scale, ddf, encoder, tmp_path, monkeypatch
):
    def default_client():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "default_client", default_client)
    with pytest.raises(ValueError, match="there is no Dask cluster; start one first"):
        scale.encode(ddf, encoder, tmp_path / "corpus")


@pytest.fixture
def model():
    return M3LContrastTopicModel(
        max_iter=2, init_max_iter=10, hidden_layer_sizes=(8,), random_state=0
    )


def search(estimator, X, groups, grid):
    searched = GridSearchCV(
        estimator,
        grid,
        scoring=make_alignment_scorer(["mrr", "jsd", "npmi"], [("en", "de")]),
        refit="mrr",
        cv=GroupKFold(2),
        error_score="raise",
    )
    return searched.fit(X, groups=groups)


def assert_same(there, here):
    """Compare searches, but for their times."""
    assert there.best_params_ == here.best_params_
    assert there.cv_results_.keys() == here.cv_results_.keys()
    for name, values in here.cv_results_.items():
        if "test_" in name:
            np.testing.assert_allclose(
                there.cv_results_[name], values, rtol=1e-6, err_msg=name
            )


def test_workers_are_processes_of_their_own(client):
    with joblib.parallel_config(backend="dask"):
        pids = joblib.Parallel()(joblib.delayed(os.getpid)() for _ in range(8))
    workers = client.run(os.getpid)
    assert len(set(workers.values())) == 2
    assert set(pids) <= set(workers.values())
    assert all(address.startswith("tcp://127.0.0.1:") for address in workers)


def test_search_on_a_multiview(client, model):
    X = load_gimp_help("test").data[:120]
    grid = {"n_components": [2, 6], "batch_size": [16, 32]}
    here = search(model, X, X.groups, grid)
    with joblib.parallel_config(backend="dask"):
        there = search(model, X, X.groups, grid)
    assert_same(there, here)
    np.testing.assert_allclose(
        there.best_estimator_.transform(X), here.best_estimator_.transform(X), rtol=1e-4
    )


def test_search_of_a_pipeline_on_a_table(client, frame, encoder, model):
    pipeline = Pipeline([("encoder", encoder), ("model", model)])
    grid = {"model__n_components": [2, 6]}
    here = search(pipeline, frame, frame["page"], grid)
    with joblib.parallel_config(backend="dask"):
        there = search(pipeline, frame, frame["page"], grid)
    assert_same(there, here)

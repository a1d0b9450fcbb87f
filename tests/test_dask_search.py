"""Tests of searches on a Dask cluster: two worker processes on this machine."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import make_alignment_scorer

pytestmark = pytest.mark.slow


distributed = pytest.importorskip(
    "distributed", reason="Dask's distributed is not installed (extra 'test')"
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Add sums in the order in which the workers do, which have one thread each."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield client


@pytest.fixture(scope="module")
def corpus():
    corpus = load_gimp_help("test")
    rows = np.isin(corpus.data.groups, np.unique(corpus.data.groups)[:40])
    return corpus.data[rows], corpus.frame[rows].astype(object)


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
        pids = joblib.Parallel()(joblib.delayed(_process)() for _ in range(8))
    workers = client.run(_process)
    assert len(set(workers.values())) == 2
    assert set(pids) <= set(workers.values())
    assert all(address.startswith("tcp://127.0.0.1:") for address in workers)


def _process():
    import os

    return os.getpid()


def test_search_on_a_multiview(client, corpus, model):
    X, _ = corpus
    grid = {"n_components": [2, 6], "batch_size": [16, 32]}
    here = search(model, X, X.groups, grid)
    with joblib.parallel_config(backend="dask"):
        there = search(model, X, X.groups, grid)
    assert_same(there, here)
    np.testing.assert_allclose(
        there.best_estimator_.transform(X), here.best_estimator_.transform(X), rtol=1e-4
    )


def test_search_of_a_pipeline_on_a_table(client, corpus, model):
    _, frame = corpus
    encoder = make_multiview_encoder(["en", "de"], groups="page", random_state=0)
    encoder.set_params(en__encoder__n_components=8, de__encoder__n_components=8)
    pipeline = Pipeline([("encoder", encoder), ("model", model)])
    grid = {"model__n_components": [2, 6]}
    here = search(pipeline, frame, frame["page"], grid)
    with joblib.parallel_config(backend="dask"):
        there = search(pipeline, frame, frame["page"], grid)
    assert_same(there, here)

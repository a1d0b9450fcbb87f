"""The same model in other processes and threads, and in scikit-learn's tools."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA

SCRIPT = """
import sys
import joblib
import numpy as np

folder, result = sys.argv[1:]
X = joblib.load(f"{folder}/X.joblib")
fitted = joblib.load(f"{folder}/fitted.joblib")
model = joblib.load(f"{folder}/unfitted.joblib").fit(X)
np.savez(
    result,
    components=model.components_,
    transform=model.transform(X),
    loaded=fitted.transform(X),
    score=fitted.score(X),
    words=fitted.topics_frame().to_numpy().astype(str),
)
"""


@pytest.fixture(autouse=True)
def one_thread():
    """Sums are bit-equal where as many threads take part."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


@pytest.mark.slow
def test_another_process(quick, X, tmp_path):
    model = quick(n_draws=2, inference_networks={"de": 0, "en": 0})
    fitted = quick().fit(X)
    for name, thing in (("X", X), ("unfitted", model), ("fitted", fitted)):
        joblib.dump(thing, tmp_path / f"{name}.joblib")
    result = tmp_path / "result.npz"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, tmp_path, result],
        env=os.environ | {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        check=True,
    )
    there, here = np.load(result), model.fit(X)
    assert_array_equal(there["components"], here.components_)
    assert_array_equal(there["transform"], here.transform(X))
    assert_array_equal(there["loaded"], fitted.transform(X))
    assert there["score"] == fitted.score(X)
    assert_array_equal(there["words"], fitted.topics_frame().to_numpy().astype(str))


def test_threads(quick, X):
    models = [quick(random_state=seed, n_draws=2) for seed in range(4)]
    alone = [model.fit_transform(X) for model in models]
    together = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(model.fit_transform)(X) for model in models
    )
    assert_array_equal(together, alone)


def test_overlapping_fits(X):
    # Each has a k-means, which limits the threads of BLAS, and a network.
    models = [PolylingualLDA(3, max_iter=5, random_state=seed) for seed in range(4)]
    models += [quick_start(seed) for seed in range(2)]
    with threadpool_limits(2):
        torch.set_num_threads(2)
        alone = [clone(model).fit(X).components_ for model in models]
        for _ in range(3):
            together = joblib.Parallel(n_jobs=6, backend="threading")(
                joblib.delayed(clone(model).fit)(X) for model in models
            )
            for model, expected in zip(together, alone, strict=True):
                assert_array_equal(model.components_, expected)
            assert {
                library["num_threads"]
                for library in threadpool_info()
                if library["user_api"] == "blas"
            } == {2}
            assert torch.get_num_threads() == 2
            with ThreadPoolExecutor(1) as thread:  # a new one
                assert thread.submit(torch.get_num_threads).result() == 2


def quick_start(seed):
    return M3LContrastTopicModel(3, max_iter=2, init_max_iter=3, random_state=seed)


@pytest.fixture
def search(quick):
    return GridSearchCV(
        quick(),
        {"n_components": [2, 3], "batch_size": [16, 32]},
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    )


@pytest.mark.slow
def test_grid_search(search, quick, X):
    results = {}
    for n_jobs in (1, 2):
        search.set_params(n_jobs=n_jobs).fit(X)
        results[n_jobs] = [search.cv_results_[f"split{k}_test_score"] for k in (0, 1)]
    assert_array_equal(results[1], results[2])
    for fold, (train, test) in enumerate(search.cv.split(X)):
        for scores, parameters in zip(
            results[1][fold], search.cv_results_["params"], strict=True
        ):
            assert scores == quick(**parameters).fit(X[train]).score(X[test])
    best = search.best_estimator_
    assert_array_equal(best.transform(X), quick(**search.best_params_).fit_transform(X))
    assert search.score(X) == best.score(X)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_cross_validate_by_article(quick, X, with_groups, n_jobs):
    articles = np.repeat(np.arange(12), 5)
    X = with_groups(X, articles)
    result = cross_validate(
        quick(early_stopping=True, validation_fraction=0.3),
        X,
        groups=articles,
        cv=GroupKFold(3),
        n_jobs=n_jobs,
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    for score, model, train, test in zip(
        result["test_score"],
        result["estimator"],
        result["indices"]["train"],
        result["indices"]["test"],
        strict=True,
    ):
        assert not {*articles[train]} & {*articles[test]}
        expected = quick(early_stopping=True, validation_fraction=0.3)
        expected.fit(X[train])
        assert_array_equal(model.transform(X), expected.transform(X))
        assert score == expected.score(X[test])


def test_train_test_split(quick, X):
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    assert isinstance(train, MultiView) and len(test) == 15
    model = quick().set_output(transform="pandas").fit(train)
    assert model.transform(test).index.tolist() == test.index.tolist()


@pytest.fixture(scope="module")
def labeled(plant):
    X, planted = plant()
    return X, planted.argmax(axis=1)


@pytest.mark.slow
def test_pipeline_with_a_classifier(quick, labeled):
    X, y = labeled
    topics = quick(4, max_iter=60, hidden_layer_sizes=(50,), learning_rate_init=5e-3)
    pipeline = make_pipeline(topics, LogisticRegression(C=100.0))
    pipeline.fit(X[:150], y[:150])
    # A classifier of all views works for each of them.
    for views in (["en"], ["de"], ["image"], ["en", "de", "image"]):
        assert pipeline.score(X[150:][views], y[150:]) > 0.85
    assert pipeline[:-1].get_feature_names_out().tolist() == [
        f"m3lcontrasttopicmodel{topic}" for topic in range(4)
    ]
    coefficients = pipeline[-1].coef_
    pipeline.set_output(transform="pandas").fit(X[:150], y[:150])
    assert_array_equal(pipeline[-1].coef_, coefficients)
    assert_array_equal(pipeline[-1].feature_names_in_, topics.get_feature_names_out())


@pytest.mark.slow
def test_search_within_a_pipeline(quick, labeled):
    X, y = labeled
    few_rows = {"max_iter": 30, "batch_size": 32, "input_dropout": 0.2}
    topics = quick(**few_rows, hidden_layer_sizes=(20,), learning_rate_init=5e-3)
    search = GridSearchCV(
        make_pipeline(topics, LogisticRegression(C=100.0)),
        {"m3lcontrasttopicmodel__n_components": [1, 4]},
        cv=2,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"m3lcontrasttopicmodel__n_components": 4}
    assert search.score(X[["image"]], y) > 0.8


@pytest.mark.slow
def test_topics_do_not_depend_on_labels(quick, labeled):
    X, y = labeled
    labels = np.array(["light", "dark", "loud", "still"])[y]
    for model in (quick(), quick(early_stopping=True)):
        topics = clone(model).fit(X).transform(X)
        for target in (y, labels, y.astype(float), [None] * len(X)):
            assert_array_equal(clone(model).fit(X, target).transform(X), topics)
        pipeline = make_pipeline(clone(model), LogisticRegression()).fit(X, labels)
        assert_array_equal(pipeline[0].transform(X), topics)
        assert pipeline[0].score(X, y) == pipeline[0].score(X)

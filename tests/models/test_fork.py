"""Models work in processes that are forked, as by gunicorn or multiprocessing."""

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork"),
]

# Large enough that PyTorch shares out the work among its threads.
SCRIPT = """
import multiprocessing, os, sys, threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import torch
from sklearn.base import clone

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA

torch.set_num_threads(2)
rng = np.random.default_rng(0)
counts = {name: rng.poisson(0.2, (2000, 30)) for name in ("en", "de")}
embeddings = {name: rng.normal(size=(2000, 300)) for name in counts}
X = MultiView.from_arrays(embeddings, counts)
small = {"max_iter": 1, "random_state": 0}
neural = M3LContrastTopicModel(3, hidden_layer_sizes=(300,), init="random", **small)
sampled = PolylingualLDA(3, n_jobs=2, transform_max_iter=25, **small)
models = [neural.fit(X), sampled.fit(X)]


def work():
    found = []
    for model in models:
        found += [model.transform(X), model.score(X)]
        found.append(clone(model).fit(X).components_)
    return found


def process():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work)


def joblib_processes():
    run = joblib.Parallel(n_jobs=2, backend="multiprocessing")
    return run(joblib.delayed(work)() for _ in range(2))[1]


def fork_within_a_thread():
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(process).result()


def fork_while_another_thread_trains():
    stop = threading.Event()

    def train():
        while not stop.is_set():
            for model in models:
                clone(model).fit(X[:200])

    with ThreadPoolExecutor(1) as thread:
        training = thread.submit(train)
        try:
            return process()
        finally:
            stop.set()
            training.result()


def server():  # like gunicorn with a model that is loaded before the workers start
    ours, theirs = multiprocessing.Pipe()
    child = os.fork()
    if child == 0:
        theirs.send(work())
        os._exit(0)
    found = ours.recv()
    assert os.waitpid(child, 0)[1] == 0
    return found


expected = work()
for way in sys.argv[1:]:
    print(way, flush=True)
    found = globals()[way]()
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)
    for number in (2, 5):  # what training finds is the same bits
        np.testing.assert_array_equal(found[number], expected[number])
    assert torch.get_num_threads() == 2
"""


@pytest.mark.parametrize(
    "ways",
    [
        ["process", "server", "joblib_processes", "fork_within_a_thread"],
        ["fork_while_another_thread_trains"],
    ],
)
def test_forked_children_do_not_hang(ways):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, *ways],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (found.returncode, found.stdout.split()) == (0, ways), found.stderr

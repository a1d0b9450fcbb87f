"""Every model, stored here and used in another process, gives the same bits."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)

NEURAL = {"n_components": 3, "max_iter": 2, "hidden_layer_sizes": (8,)}
MODELS = {
    "contrast": M3LContrastTopicModel(**NEURAL, n_draws=2, random_state=0),
    "zero_shot": ZeroShotTopicModel(**NEURAL, view="en", random_state=0),
    "student_of_text": DistilledTopicModel(
        **NEURAL,
        teacher=ZeroShotTopicModel(**NEURAL, view="en"),
        view="de",
        random_state=0,
    ),
    "student_of_pictures": DistilledTopicModel(
        **NEURAL,
        teacher=ZeroShotTopicModel(**NEURAL, view="en"),
        view="image",
        random_state=0,
    ),
    "polylingual": PolylingualLDA(3, max_iter=5, optimize_interval=2, random_state=0),
    "threads": PolylingualLDA(3, max_iter=5, n_jobs=2, random_state=0),
}

SCRIPT = """
import pickle
import sys
import numpy as np
from test_stored_models import answers

folder, result = sys.argv[1:]
with open(f"{folder}/stored.pickle", "rb") as file:
    np.savez(result, **answers(*pickle.load(file)))
"""


def answers(fitted, X):
    """Return what the fitted models say, what they learn and what they learn anew."""
    found = {}
    for name, model in fitted.items():
        views = {"zero_shot": ["en", "de"], "student_of_text": ["en", "de"]}
        asked = X[views.get(name, ["en", "de", "image"])]
        found[f"{name} transform"] = model.transform(asked)
        found[f"{name} score"] = model.score(asked)
        found[f"{name} words"] = model.topics_frame().to_numpy().astype(str)
        if hasattr(model, "partial_fit"):
            found[f"{name} resumed"] = model.partial_fit(X[:20]).components_
        model.fit(X)
        found[f"{name} anew"] = model.components_
        found[f"{name} transform anew"] = model.transform(asked)
    return found


@pytest.fixture(autouse=True)
def one_thread():
    """Sums are bit-equal where as many threads take part."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.mark.slow
def test_every_model_in_another_process(small_multiview, tmp_path):
    X = small_multiview
    fitted = {name: clone(model).fit(X) for name, model in MODELS.items()}
    (tmp_path / "stored.pickle").write_bytes(pickle.dumps((fitted, X)))
    result = tmp_path / "answers.npz"
    here = os.path.dirname(__file__)
    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, tmp_path, result],
        env=os.environ | environment,
        check=True,
    )
    there = dict(np.load(result))
    for name, answer in answers(fitted, X).items():
        assert_array_equal(there[name], answer, err_msg=name)

"""Files that earlier versions wrote are read as they were meant.

A new version adds a folder, made by `small_models.py`; the old ones stay.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_models import TABLE, answers, make_tuples

from sklearn_m3l import load_model

FILES = sorted((Path(__file__).parent / "data").glob("*/*.safetensors"))
X = make_tuples()
ASKED = {
    "contrast": X,
    "zero_shot": X[["en", "de"]],
    "student_of_text": X[["en", "de"]],
    "student_of_pictures": X[["en", "image"]],
    "polylingual": X,
    "edited": X,
    "array": X["en"].counts,
    "pipeline": TABLE,
}


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_stored_model_answers_as_it_did(path):
    found = answers(load_model(path), ASKED[path.stem])
    with np.load(path.with_suffix(".npz")) as expected:
        assert set(found) == set(expected)
        for name, answer in expected.items():
            if answer.dtype.kind == "f":  # another processor rounds in another way
                assert_allclose(found[name], answer, rtol=1e-4, atol=1e-6, err_msg=name)
            else:
                assert_array_equal(found[name], answer, err_msg=name)


def test_every_kind_of_model_is_stored():
    for folder in {path.parent for path in FILES}:
        assert {path.stem for path in folder.glob("*.safetensors")} == set(ASKED)

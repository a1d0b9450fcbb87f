"""What the docstrings of the topic models say is so."""

import ast
import inspect
import re

import pytest
from estimators import ESTIMATORS
from sklearn.base import clone

models = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__
)


def entries(estimator, title):
    """Return the entries of a section of a class docstring, name to type."""
    text = inspect.getdoc(type(estimator))
    section = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\S.*\n-+\n|\Z)", text, re.M | re.S)
    return dict(re.findall(r"^(\w+) : (.+)$", section[1], re.M))


@models
def test_parameters(estimator):
    documented = entries(estimator, "Parameters")
    signature = inspect.signature(type(estimator)).parameters
    assert list(documented) == list(signature)
    for name, kind in documented.items():
        default = ast.literal_eval(kind.partition("default=")[2])
        assert default == signature[name].default, name


@models
def test_attributes(estimator, small_multiview):
    documented = set(entries(estimator, "Attributes"))
    fitted = clone(estimator).set_params(random_state=0)
    if "view" in fitted.get_params():
        fitted.set_params(view="de")
    if "teacher" in fitted.get_params():
        fitted.set_params(teacher__view="en")
    X = small_multiview[["en", "de"]]
    fitted.fit(X[X.present["en"] & X.present["de"]])
    found = {name for name in dir(fitted) if re.fullmatch(r"[a-z]\w*[a-z]_", name)}
    assert found == documented

"""Importing the package: what is public, and what it must not load."""

import subprocess
import sys

import pytest

import sklearn_m3l


def loaded_by(code):
    """Return the names of the modules that a new process has after some code."""
    code += "\nimport sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_import_loads_only_itself():
    # This is what keeps the import below 0.1 s.
    third_party = loaded_by("import sklearn_m3l") - loaded_by("import importlib")
    names = {name.partition(".")[0] for name in third_party}
    assert names - {*sys.stdlib_module_names} <= {"sklearn_m3l"}


@pytest.mark.slow
def test_submodules_load_no_engine():
    modules = ["metrics", "datasets", "embedding", "multiview", "models", "display"]
    code = "\n".join(f"import sklearn_m3l.{module}" for module in modules)
    engines = {"torch", "transformers", "numba", "gensim", "bokeh", "skimage"}
    assert not loaded_by(code) & engines


@pytest.mark.parametrize("name", sklearn_m3l.__all__)
def test_public_names_exist_and_are_listed(name):
    assert getattr(sklearn_m3l, name) is not None
    assert name in dir(sklearn_m3l)


def test_unknown_name():
    name = "Nonsense"
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        getattr(sklearn_m3l, name)

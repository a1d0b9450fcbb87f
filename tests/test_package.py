"""Importing the package: what is public, and what it must not load."""

import subprocess
import sys

import pytest

import sklearn_m3l


def test_import_loads_no_engine():
    code = (
        "import sys, sklearn_m3l\n"
        "print(sorted({'torch', 'transformers', 'numba', 'gensim', 'matplotlib',"
        " 'sklearn'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["metrics", "datasets", "multiview", "models"])
def test_submodules_load_no_engine(module):
    code = (
        f"import sys, sklearn_m3l.{module}\n"
        "print(sorted({'torch', 'transformers', 'numba'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sklearn_m3l.__all__)
def test_public_names_exist_and_are_listed(name):
    assert getattr(sklearn_m3l, name) is not None
    assert name in dir(sklearn_m3l)


def test_unknown_name():
    name = "Nonsense"
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        getattr(sklearn_m3l, name)

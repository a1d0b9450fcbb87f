"""What the kernels promise beside their results."""

import inspect
import pkgutil
from importlib import import_module

import numba
import pytest
from numba.extending import is_jitted

import sklearn_m3l


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_compiled_functions_call_only_those_of_their_own_file():
    # numba's cache does not notice that a function of another file has changed.
    calls = {}
    for module in pkgutil.walk_packages(sklearn_m3l.__path__, "sklearn_m3l."):
        if module.name.endswith("__main__"):
            continue
        module = import_module(module.name)
        for caller in vars(module).values():
            if is_jitted(caller) and caller.__module__ == module.__name__:
                names = inspect.getclosurevars(caller.py_func).globals.values()
                files = {own.__module__ for own in names if is_jitted(own)}
                calls.setdefault(module.__name__, set()).update(files)
    assert "sklearn_m3l.gibbs._kernels" in calls
    for module, called in calls.items():
        assert called <= {module}

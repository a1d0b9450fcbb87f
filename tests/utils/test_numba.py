"""Compiled code runs whatever becomes of its cache."""

import os
import subprocess
import sys

import numba
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled"),
]

FIT = """
import numpy as np
from numba.core import caching

def no_folder(locator):
    raise PermissionError("Read-only file system")

caching._CacheLocator.ensure_cache_path = no_folder

from sklearn_m3l import M3LContrastTopicModel, MultiView

rng = np.random.default_rng(0)
X = MultiView.from_arrays(
    {name: rng.normal(size=(20, 4)) for name in ("en", "de")},
    {name: rng.poisson(1, (20, 6)) for name in ("en", "de")},
)
# Without a start by sampling, whose kernels would be compiled, too.
M3LContrastTopicModel(
    2, max_iter=1, init="random", verbose=1, random_state=0
).fit(X).transform(X)
print("done")
"""

FAULTS = {
    "a full disk": """
def full(file, key, data):
    raise OSError(28, "No space left on device")

caching.IndexDataCacheFile.save = full
""",
    "files of someone else": """
def forbidden(file, key):
    raise PermissionError(13, "Permission denied")

caching.IndexDataCacheFile.load = forbidden
""",
}

MODULE = """
import numpy as np
from numba.core import caching
from sklearn_m3l.utils._numba import kernel
{fault}
@kernel
def double(x):
    for i in range(len(x)):
        x[i] *= 2

x = np.arange(3.0)
double(x)
print(x.tolist(), sum(double.stats.cache_hits.values()))
"""


def run(*argv, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", *argv],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_models_are_fitted_without_a_cache(tmp_path):
    found = run("-c", FIT, NUMBA_CACHE_DIR=str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert "Compiling" in found.stdout and found.stdout.endswith("done\n")


@pytest.fixture
def compiled(tmp_path):
    """Return a function that runs compiled code, and the folder of its cache.

    The function returns whether the code was in the cache.
    """
    script, cache = tmp_path / "script.py", tmp_path / "cache"

    def was_cached(fault=""):
        script.write_text(MODULE.format(fault=fault))
        os.utime(script, (0, 0))  # numba compiles anew if the file is another one
        found = run(str(script), NUMBA_CACHE_DIR=str(cache))
        assert found.returncode == 0, found.stderr
        values, n_hits = found.stdout.rsplit(" ", 1)
        assert values == "[0.0, 2.0, 4.0]"
        return bool(int(n_hits))

    return was_cached, cache


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cache_that_cannot_be_used(compiled, fault):
    was_cached, _ = compiled
    assert not was_cached(FAULTS[fault])
    assert not was_cached(FAULTS[fault])


def test_a_damaged_cache_is_made_anew(compiled):
    was_cached, cache = compiled
    assert [was_cached(), was_cached()] == [False, True]
    for damaged, content in (
        ("*.nbi", b""),
        ("*.nbi", b"nonsense"),
        ("*.nbi", b"\x80\x04K\x01."),
        ("*.nbc", b"nonsense"),
    ):
        (path,) = cache.rglob(damaged)
        path.write_bytes(content)
        assert not was_cached(), (damaged, content)
    assert was_cached()

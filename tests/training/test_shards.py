"""Two processes that share batches take the steps that one takes alone."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

SCRIPT = Path(__file__).with_name("shared_training.py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="names the interface lo"),
]


@pytest.fixture(scope="module")
def alone(small_multiview):
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.fit(small_multiview)


@pytest.fixture(scope="module")
def together(small_multiview, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared") / "tuples"
    small_multiview.save(folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), str(port), folder], env=environment
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return [np.load(folder.parent / f"{rank}.npz") for rank in range(2)]


def test_both_have_the_same(together):
    first, second = together
    for name in first.files:
        if name != "refused":
            assert_array_equal(first[name], second[name], err_msg=name)


def test_they_take_the_steps_of_one(alone, together):
    for name, expected in alone.items():
        # Batch normalization takes away what this bias adds, and rounding alone
        # decides where it goes, and with it the mean that is taken away.
        if name.endswith(("head.bias", "norm.mean")) and "decoders" not in name:
            continue
        error = np.linalg.norm(together[0][name] - expected)
        assert error <= 1e-4 * np.linalg.norm(expected), name


def test_they_resume_what_crashed(together):
    for found in together:
        for name in found.files:
            if name.startswith("resumed"):
                own = found[name.replace("resumed", "mixture")]
                assert_array_equal(found[name], own, err_msg=name)


def test_different_tuples_are_refused(together):
    assert {"different tuples" in str(found["refused"]) for found in together} == {True}

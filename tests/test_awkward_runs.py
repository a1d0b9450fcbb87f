"""Tests of the benchmark that runs commands in awkward situations."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.awkward_runs import COMMANDS, Situation, run, situations

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]
SHARE = ["unshare", "--user", "--map-root-user", "--mount", "true"]


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Let `topics` end at once, and return the folder of what it reads."""
    monkeypatch.setitem(COMMANDS, "topics", ["--help"])
    (tmp_path / "in").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "name", ["alone", "closed both", "nobody reads stdout", "locale C", "disk of 2 MB"]
)
def test_runs_without_faults(given, name):
    if name.startswith("disk") and subprocess.run(SHARE, check=False).returncode:
        pytest.skip("needs name spaces")
    result = run("topics", situations()[name], given, 0)
    assert (result["code"], result["faults"]) == (0, [])


FAULTY = """
import subprocess
open("out/.part", "w").close()
subprocess.Popen(["sleep", "60"])
print("Traceback (most recent call last):", flush=True)
"""


def test_faults_are_found(given, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FAULTY)
    variables = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    result = run("topics", Situation((9,), variables=variables), given, 0)
    expected = ["code 0", "traceback", "1 processes", "left .part"]
    assert result["faults"] == expected and result["seconds"] < 60


def test_every_command_is_run():
    asked = [sys.executable, "-m", "sklearn_m3l", "--help"]
    wide = os.environ | {"COLUMNS": "200"}
    help_text = subprocess.run(asked, capture_output=True, text=True, env=wide).stdout
    commands = help_text.split("COMMAND  ")[-1].split("Without")[0]
    assert set(re.findall(r"^    ([\w-]+)", commands, re.MULTILINE)) == set(COMMANDS)
    assert len(situations()) == 32

"""The versions that the package admits are those that are tested and documented."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
# Older ones bring CUDA libraries, so that the bound is not tested.
UNTESTED = {"torch"}


def pins(name):
    """Return the versions of a file of constraints."""
    lines = re.sub("#.*", "", (ROOT / name).read_text("utf-8")).split()
    return dict(line.split("==") for line in lines)


def lower_bounds():
    """Return what is required to run the package and its tests."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    required = config["options"]["install_requires"]
    extras = config["options.extras_require"]
    return sorted({*required.split(), *extras["dask"].split(), *extras["test"].split()})


@pytest.mark.parametrize("line", lower_bounds())
def test_lower_bounds_are_tested(line):
    requirement = Requirement(line)
    oldest = Version(pins("constraints-oldest.txt")[requirement.name])
    newest = Version(pins("constraints.txt")[requirement.name])
    assert {*requirement.specifier.filter([oldest, newest])} == {oldest, newest}
    for bound in requirement.specifier:
        assert bound.operator == ">="
        if requirement.name not in UNTESTED:
            assert Version(bound.version) == oldest


def test_documented_versions():
    page = (ROOT / "docs" / "install.rst").read_text("utf-8")
    rows = re.findall(r"   \* - (\S+)\n     - (\S+)\n     - (\S+)\n", page)
    assert len(rows) > 9
    for package, oldest, newest in rows[1:]:
        name = {"PyTorch": "torch"}.get(package, package.lower())
        assert pins("constraints-oldest.txt")[name] == oldest
        assert pins("constraints.txt")[name] == newest


def test_python_versions_agree():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    claimed = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    oldest = config["options"]["python_requires"].removeprefix(">=")
    assert claimed[0] == oldest
    workflow = (ROOT / ".github/workflows/tests.yml").read_text("utf-8")
    tested = set(re.findall(r'"(3\.\d+)"', workflow))
    assert tested == set(claimed)
    for page in ("README.md", "docs/install.rst"):
        assert f"Python {oldest} or newer" in (ROOT / page).read_text("utf-8")

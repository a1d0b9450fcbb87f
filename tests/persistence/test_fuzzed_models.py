"""Mutated model files load or are refused, in bounded memory and time."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from benchmarks import fuzz_models  # noqa: E402 (the benchmarks are not installed)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by /proc")
def test_mutated_files_load_or_are_refused():
    outcomes = fuzz_models.count(400, seed=7, folder=fuzz_models.SEEDS, failures=None)
    assert set(outcomes) == set(fuzz_models.EXPECTED)
    assert outcomes.total() == 400

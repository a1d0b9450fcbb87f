"""Mutated model files load or are refused, in bounded memory and time."""

import sys

import pytest

from benchmarks import fuzz_models, fuzzing


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by /proc")
def test_mutated_files_load_or_are_refused():
    outcomes = fuzzing.count(fuzz_models.ModelFiles(), 250, seed=7)
    assert set(outcomes) == {"read", "refused"}
    assert outcomes.total() == 250

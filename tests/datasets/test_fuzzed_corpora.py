"""Mutated corpus files are read or are refused, in bounded memory and time."""

import sys

import pytest

from benchmarks import fuzz_readers, fuzzing


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by /proc")
def test_mutated_files_are_read_or_refused():
    outcomes = fuzzing.count(fuzz_readers.CorpusFiles(), 400, seed=7)
    assert set(outcomes) == {"read", "refused"}
    assert outcomes.total() == 400

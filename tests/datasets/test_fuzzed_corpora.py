"""Mutated corpus files are read or are refused, in bounded memory and time."""

import sys

import pytest

from benchmarks import fuzz_readers, fuzz_tables, fuzzing


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by /proc")
@pytest.mark.parametrize("kind", [fuzz_readers.CorpusFiles, fuzz_tables.TableFiles])
def test_mutated_files_are_read_or_refused(kind):
    outcomes = fuzzing.count(kind(), 250, seed=7)
    assert set(outcomes) == {"read", "refused"}
    assert outcomes.total() == 250


def test_a_lost_row_would_be_noticed():
    text = 'en,de\na,"b\nc"\nd,e\n\n'
    rows = list(fuzz_tables.parse(text, ",", quoted=True))
    assert rows == [(1, ["en", "de"]), (2, ["a", "b\nc"]), (4, ["d", "e"]), (5, [""])]
    assert len(list(fuzz_tables.parse(text, ",", quoted=False))) == 5

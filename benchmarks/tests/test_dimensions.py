"""Tests of what embeddings find once they are reduced to few numbers."""

import json

import pytest

from benchmarks.dimensions import RESULT, measure
from benchmarks.dimensions_page import restructured
from benchmarks.leaderboard.results import read_results


def test_the_manual_is_measured_as_on_the_leaderboard():
    found = measure("gimp-help")
    whole = read_results("gimp-help")["embeddings-standardized"][0]["values"]
    assert found["MRR of all"] == pytest.approx(whole["MRR en-de"], abs=1e-4)
    assert 0.5 < found["MRR of components"] < found["MRR of all"]
    assert (found["topics"], found["dimensions"]) == (50, 384)
    assert found == pytest.approx(json.loads(RESULT.read_text("utf-8"))["gimp-help"])


def test_the_table_shows_the_result():
    shown = restructured(stale=True)
    for found in json.loads(RESULT.read_text("utf-8")).values():
        assert f"{found['MRR of components']:.3f}" in shown

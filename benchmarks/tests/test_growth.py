"""Tests of how growth is measured and shown, on small corpora and made-up seconds."""

import json

import numpy as np
import pytest

from benchmarks import growth, growth_page, provenance
from benchmarks.growth import Operation, Size
from benchmarks.leaderboard.tables import is_current

RESULTS = {
    "MRR and JSD": {
        "n": {"sizes": [1000, 2000], "seconds": [1.0, 4.0], "slope": 2.0},
        "K": {"sizes": [50, 200], "seconds": [1.0, 4.0], "slope": 1.0},
    },
    "mine_pairs, exact": {
        "n": {"sizes": [500, 4000], "seconds": [0.5, 8.0], "slope": 1.333}
    },
    "NPMI": {
        name: {"sizes": [10, 40], "seconds": [0.5, 1.0], "slope": 0.5} for name in "nKV"
    },
}


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_slope_is_the_power_of_the_largest_sizes(power):
    sizes = np.array([1, 10, 100, 1000, 10_000])
    seconds = 3 * sizes**power + np.array([100, 50, 0, 0, 0])
    assert growth.slope(sizes, seconds) == pytest.approx(power)
    assert growth.slope(list(sizes), list(seconds)) == pytest.approx(power)


def test_one_size_varies_at_a_time():
    sizes = Operation(growth.prepare_sweep, (30, 60)).sizes()
    assert list(sizes) == ["n", "K", "V"]
    n_topics, n_words = growth.TOPICS[0], growth.WORDS[0]
    assert sizes["n"] == [Size(30, n_topics, n_words), Size(60, n_topics, n_words)]
    assert {size[:2] for size in sizes["V"]} == {(30, n_topics)}
    assert list(Operation(growth.prepare_mining, (30, 60), "n").sizes()) == ["n"]


def test_more_words_are_as_many_tokens():
    X = growth.draw_tuples(30)
    for size in (Size(30, 5, 2000), Size(20, 5, 8000)):
        resized = growth.resize(X, size)
        for name, view in resized.views.items():
            assert view.counts.shape == (size.n, size.V)
            assert (view.embedding[:] == X[name].embedding[: size.n]).all()
            before = X[name].counts[: size.n]
            assert view.counts.nnz == before.nnz
            assert (view.counts.sum(axis=1) == before.sum(axis=1)).all()


def test_operations_are_measured_once_and_stored(tmp_path, monkeypatch):
    made = []

    def prepare(X, n_topics):
        made.append(n_topics)
        return lambda: float(n_topics * len(X))

    result = tmp_path / "results" / "growth.json"
    operations = {"an operation": Operation(prepare, (10, 20, 40), "nK")}
    monkeypatch.setattr(growth, "RESULT", result)
    monkeypatch.setattr(growth, "OPERATIONS", operations)
    monkeypatch.setattr(provenance, "loaded_sources", dict)
    monkeypatch.setattr(growth.torch, "set_num_threads", lambda n_threads: None)
    growth.measure_all()
    stored = json.loads(result.read_text())
    assert stored["an operation"]["n"]["sizes"] == [10, 20, 40]
    assert {found["slope"] for found in stored["an operation"].values()} == {1.0}
    n_prepared = len(made)
    assert n_prepared == 2 + len(growth.TOPICS)  # the smallest size is shared
    growth.measure_all()
    assert len(made) == n_prepared


def test_the_table_marks_what_is_worse_than_linear():
    text = growth_page.restructured(RESULTS)
    rows = text.partition("\n\nSlopes")[0].split("   * - ")
    cells = [row.split("\n     - ") for row in rows[2:]]
    assert cells[0][1:] == ["1,000 to 2,000", "**2.00**", "1.00", "–\n"]
    assert cells[1][2:] == ["**1.33**", "–", "–\n"]
    assert cells[2][2:] == ["0.50"] * 3
    words = " ".join(text.split())
    worse = words.partition(f"above {growth_page.LINEAR}: ")[2].partition(". For")[0]
    assert worse == "MRR and JSD with n (2.00); mine_pairs, exact with n (1.33)"
    assert "alone is at most 1.00, of MRR and JSD with K." in words
    assert ": nothing. " in growth_page.restructured({"NPMI": RESULTS["NPMI"]})


def test_a_stale_result_is_not_shown(tmp_path, monkeypatch):
    result = tmp_path / "growth.json"
    result.write_text(json.dumps(RESULTS))
    monkeypatch.setattr(growth_page, "RESULT", result)
    is_current.cache_clear()
    assert "list-table" not in growth_page.write_text()
    assert growth_page.restructured(RESULTS) in growth_page.write_text(stale=True)


def test_the_figure_has_every_operation(tmp_path):
    growth_page.draw(RESULTS, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
    assert len(growth_page.STYLES) == len(set(growth_page.STYLES))
    assert len(growth_page.STYLES) >= len(growth.OPERATIONS)

"""The benchmark of twelve languages: its gaps, and the tables of what it measured."""

import json

import pytest

from benchmarks.emoji_languages import (
    LANGUAGES,
    RESULTS,
    SHARE_REMOVED,
    TABLES,
    remove_cells,
)
from sklearn_m3l.datasets import load_emoji


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_figures(name):
    results = json.loads((RESULTS / "emoji.json").read_text(encoding="utf-8"))
    table = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    assert TABLES[name](results) == table
    assert table.count("|") > 10


def test_cells_are_removed_at_random():
    frame = load_emoji().frame
    gaps = remove_cells(frame, [*LANGUAGES, "image"], seed=0)
    removed = gaps[[*LANGUAGES, "image"]].isna() & frame[[*LANGUAGES, "image"]].notna()
    assert removed.mean().between(SHARE_REMOVED - 0.05, SHARE_REMOVED + 0.05).all()
    assert gaps["concept"].equals(frame["concept"])
    again = remove_cells(frame, [*LANGUAGES, "image"], seed=0)
    assert again["ja"].equals(gaps["ja"])

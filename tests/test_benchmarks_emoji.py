"""The benchmark of twelve languages: its gaps, and the tables of what it measured."""

import json

import pytest

from benchmarks.emoji_languages import (
    LANGUAGES,
    RESULTS,
    SHARE_REMOVED,
    TABLES,
    medians,
    remove_cells,
)
from sklearn_m3l.datasets import load_emoji


def read_medians():
    content = json.loads((RESULTS / "emoji.json").read_text(encoding="utf-8"))
    for name, runs in content["runs"].items():
        assert content["medians"][name] == medians(runs)
    return content["medians"]


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_figures(name):
    results = read_medians()
    table = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    assert TABLES[name](results) == table
    assert table.count("|") > 10


def test_the_default_is_near_the_model_that_its_vectors_are_from():
    results = read_medians()
    ours = results["word vectors"]
    for other in LANGUAGES[1:]:
        found = ours["MRR"][other]
        assert found > results["multilingual-e5-small"]["MRR"][other] - 0.2
        assert found > ours["MRR of the embeddings"][other]
    shares = {name: found["share"] for name, found in ours["dictionary"].items()}
    assert shares.pop("zh") > 0.93  # in CC-CEDICT alone
    assert min(shares.values()) > 0.95


def test_cells_are_removed_at_random():
    frame = load_emoji().frame
    gaps = remove_cells(frame, [*LANGUAGES, "image"], seed=0)
    removed = gaps[[*LANGUAGES, "image"]].isna() & frame[[*LANGUAGES, "image"]].notna()
    assert removed.mean().between(SHARE_REMOVED - 0.05, SHARE_REMOVED + 0.05).all()
    assert gaps["concept"].equals(frame["concept"])
    again = remove_cells(frame, [*LANGUAGES, "image"], seed=0)
    assert again["ja"].equals(gaps["ja"])

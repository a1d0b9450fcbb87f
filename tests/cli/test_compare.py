"""Tests of the command that compares all models."""

import contextlib
import io
import re

import pytest

from sklearn_m3l.cli import main

pytestmark = pytest.mark.slow

TEXTS = {"MRR en-de", "JSD en-de"}
PICTURES = {f"{what} {text}-image" for what in ("UAP", "JSD") for text in ("en", "de")}
ENGLISH, GERMAN = {"NPMI en", "Diversity en"}, {"NPMI de", "Diversity de"}
SCORES_OF = {
    "PolylingualLDA": TEXTS | ENGLISH | GERMAN,
    "ZeroShot": TEXTS | ENGLISH,
    "Distilled": TEXTS | PICTURES | ENGLISH,
    "M3LContrast": TEXTS | PICTURES | ENGLISH | GERMAN,
    "Chance": {"MRR en-de", "UAP en-image", "UAP de-image"},
}


@pytest.fixture(scope="module")
def printed():
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.setenv("COLUMNS", "80")
        assert main(["compare", "--n-components", "5", "--max-iter", "1"]) == 0
    return output.getvalue()


def test_each_model_has_the_scores_of_its_views(printed):
    header, *lines = printed.split("\n\n")[1].splitlines()
    starts = {name: header.index(name) for name in SCORES_OF}
    assert set(header.split()) == set(SCORES_OF)
    found = {name: set() for name in SCORES_OF}
    for line in lines:
        score = line[: min(starts.values())].strip()
        for name, start in starts.items():
            if re.match(r"-?\d\.\d{3}( |$)", line[start:]):
                found[name].add(score)
    assert {n: s - {"Cross-NPMI en-de"} for n, s in found.items()} == SCORES_OF


def test_says_what_was_measured_on_what(printed):
    text = " ".join(printed.split())
    assert "scores on 132 held-out pages, 5 topics, seed 0" in text
    assert "Distilled: 1,645 pictures, with ZeroShot as the teacher." in text
    for measure in ("MRR", "JSD", "UAP", "NPMI", "Diversity"):
        assert f" {measure}: " in text
    assert max(map(len, printed.splitlines())) <= 80

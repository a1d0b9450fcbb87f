"""Figures that are shown come from stored results, which know their sources."""

import re
from pathlib import Path

import pytest

from benchmarks import (
    dimensions_page,
    everything,
    growth_page,
    provenance,
    readme,
    sampling_page,
    scale_page,
    speed_page,
)
from benchmarks.__main__ import main
from benchmarks.leaderboard import tables
from benchmarks.leaderboard.sentences import sentences
from benchmarks.reproduce import claims, orderings

ROOT = Path(__file__).parents[1]


def test_the_readme_shows_medians_of_stored_results():
    measured = (ROOT / "README.md").read_text("utf-8").partition("## Measured")[2]
    assert readme.table() in measured  # else run python -m benchmarks.readme


def test_the_benchmarks_show_the_stored_speed():
    shown = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    # Else run python -m benchmarks.speed --show, or that of benchmarks.sampling.
    for page in (speed_page, sampling_page):
        assert any(page.table(stale) in shown for stale in (True, False))


def test_the_docs_show_stored_results():
    docs = ROOT / "docs"
    for name, write in {
        "benchmark_tables.inc": tables.restructured,
        "benchmark_sentences.inc": sentences,
        "growth_slopes.inc": growth_page.write_text,
        "sampling_figures.inc": sampling_page.sentence,
        "dimensions_table.inc": dimensions_page.restructured,
        "paper_claims.inc": claims.restructured,
    }.items():
        shown = (docs / name).read_text("utf-8")
        # Stale results are left out, or were not stale then.
        assert any(shown == write(stale) for stale in (True, False))


def test_the_docs_show_what_large_corpora_cost():
    for name, write in {
        "scale_figures.inc": scale_page.scale_text,
        "gpu_figures.inc": scale_page.gpu_text,
    }.items():
        shown = (ROOT / "docs" / name).read_text("utf-8")
        # Else run python -m benchmarks.scale page.
        assert any(shown == write(stale) for stale in (True, False))


def test_the_docs_show_the_figures_of_stored_results():
    text = (ROOT / "docs" / "paper_claims.inc").read_text("utf-8")
    shown = re.findall(r"figure:: _static/paper_(.+)_(figure_\d)\.png", text)
    assert shown
    for corpus, figure in shown:
        copy = ROOT / "docs" / "_static" / f"paper_{corpus}_{figure}.png"
        stored = provenance.RESULTS / corpus / f"{figure}.png"
        assert copy.read_bytes() == stored.read_bytes()


def claim_of(order, column="MRR"):
    columns = {column: f"{column} en-de"}
    return orderings.Claim(
        "", "", orderings.order_by(columns, orderings.TABLE_1, order)
    )


def test_what_the_page_about_the_paper_says_holds_on_every_corpus():
    # By the paper's claim and the settings: the paper's, and our defaults.
    expected = {
        "M3L-Contrast finds more counterparts than PLTM": (False, True),
        "M3L-Contrast finds more counterparts than ZeroshotTM-KD": (True, True),
        "ZeroshotTM finds the most counterparts": (False, False),
        "M3L-Contrast finds the most pictures": (True, True),
        "with more topics, M3L-Contrast finds more counterparts": (False, False),
        "with more topics, M3L-Contrast finds more pictures": (False, False),
        "M3L-Contrast finds the most counterparts with batches of 32": (False, False),
    }
    told = {claim.says: claim for claim in orderings.CLAIMS}
    assert len(told) == len(orderings.CLAIMS)
    measured = [m for m in (claims.read(c, stale=True) for c in claims.CORPORA) if m]
    assert measured
    for says, (paper, defaults) in expected.items():
        for corpus in measured:
            assert corpus.judge(told[says], "paper").holds in (paper, None), says
            assert corpus.judge(told[says], "defaults").holds in (defaults, None), says
    best = claim_of("M3L-Contrast > PLTM, ZeroshotTM, ZeroshotTM-KD")
    assert all(corpus.judge(best, "defaults").holds for corpus in measured)


def stored(model, seed=0, n_components=50, **values):
    """Return a cell of a result of two seeds."""
    names = {"mrr": "MRR en-de", "jsd": "JSD en-de", "uap": "UAP en-image"}
    cell = {"model": model, "seed": seed, "n_components": n_components}
    return {"cell": cell, "values": {names[n]: value for n, value in values.items()}}


@pytest.fixture(scope="module")
def made_up():
    cells = [
        stored("PolylingualLDA, paper", mrr=0.5, jsd=0.3),
        stored("PolylingualLDA, paper", mrr=0.7, jsd=0.3, seed=1),
        stored("ZeroShot en, paper", mrr=0.9, jsd=0.1),
        stored("ZeroShot de, paper", mrr=0.2, jsd=0.1),
        stored("Distilled en-de, paper", mrr=0.5503, jsd=0.2),
        stored("M3L en+de, paper", mrr=0.6, jsd=0.05),
        stored("M3L en+de, paper", mrr=0.6, n_components=100),
        stored("M3L en+de, paper", mrr=0.5, n_components=25),
        stored("Distilled en-image, paper", uap=0.3),
        stored("Distilled de-image, paper", uap=0.9),
        stored("M3L en+de+image, paper", uap=0.4),
        stored("PolylingualLDA, defaults", mrr=0.5),
        stored("M3L en+de, defaults", mrr=0.8),
    ]
    setting = {"corpus": "few rows"}
    return claims.Measured({"setting": setting, "cells": dict(enumerate(cells))})


@pytest.mark.parametrize(
    ("order", "column", "shown", "holds"),
    [
        # Medians over seeds, and the mean of two models.
        ("M3L-Contrast > ZeroshotTM", "MRR", "M3L 0.600, Zeroshot 0.550", 1),
        ("ZeroshotTM > M3L-Contrast", "MRR", "M3L 0.600, Zeroshot 0.550", 0),
        # Equal as they are shown.
        ("PLTM > M3L-Contrast", "MRR", "PLTM 0.600, M3L 0.600", 0),
        (
            "M3L-Contrast > ZeroshotTM, ZeroshotTM-KD > PLTM",
            "JSD",
            "M3L 0.050, Zeroshot 0.100, KD 0.200, PLTM 0.300",
            1,
        ),
        # One that follows is better.
        (
            "M3L-Contrast, PLTM > ZeroshotTM-KD",
            "JSD",
            "M3L 0.050, KD 0.200, PLTM 0.300",
            0,
        ),
    ],
)
def test_an_ordering_is_judged_by_what_is_shown(made_up, order, column, shown, holds):
    claim = claim_of(order, column)
    verdict = made_up.judge(claim, "paper")
    assert verdict == (f"{column}: {shown}", bool(holds), "")


def test_a_claim_is_not_judged_by_half(made_up):
    told = {claim.says: claim for claim in orderings.CLAIMS}
    judge = made_up.judge
    # That of German texts is not there, and the model of German is not asked.
    verdict = judge(told["M3L-Contrast finds the most pictures"], "paper")
    assert verdict.shown == "UAP en: M3L 0.400, KD 0.300"
    assert verdict.holds is None
    # One ordering that does not hold is enough.
    more = judge(
        told["with more topics, M3L-Contrast finds more counterparts"], "paper"
    )
    assert more.shown == "MRR: 100 topics 0.600, 50 topics 0.600, 25 topics 0.500"
    assert more.holds is False
    # What is left to measure may be best, but what is beaten stays so.
    best = judge(claim_of("M3L-Contrast > PLTM, ZeroshotTM"), "defaults")
    assert best == ("", None, "not measured with these settings")
    assert judge(claim_of("M3L-Contrast > PLTM"), "defaults").holds is True
    assert judge(claim_of("PLTM > M3L-Contrast, ZeroshotTM"), "defaults").holds is False
    for says, claim in told.items():
        if "CLIP" in says:
            assert "CLIP" in judge(claim, "paper").reason


def test_the_paper_is_compared_with_what_it_prints():
    printed = {claim.says: claims.what_is_printed(claim) for claim in orderings.CLAIMS}
    wrong = [says for says, shown in printed.items() if "not bear" in shown]
    assert [says.split(" with ")[0] for says in wrong] == [
        "texts and pictures have the most similar topics",
        "M3L-Contrast",  # with unaligned embeddings
    ]
    assert printed["M3L-Contrast finds more counterparts than PLTM"] == (
        "MRR: M3L 0.684, PLTM 0.333"
    )


def test_code_alone_makes_a_source_another_one():
    digest = provenance.digest('"""A module."""\nx = 1  # one\n')
    assert digest == provenance.digest('"""Another text."""\n\nx = 1\n')
    for other in ("x = 2", "x = 0", "x = None", "x = ''", "x = f'{y}'", "x = []"):
        assert digest != provenance.digest(other)
    assert len({provenance.digest(f"x = {y}") for y in ("0", "''", "None", "()")}) == 4
    # The same in all versions of Python, whose trees differ.
    assert (
        provenance.digest("def f(x):\n    return f'{x:<{y}}'\n") == "316fb7d7e2627146"
    )
    function = "def f():\n    {}return 1\n"
    documented = function.format('"""Return one."""\n    ')
    assert provenance.digest(function.format("")) == provenance.digest(documented)


@pytest.mark.parametrize(
    "code",
    [
        'raise ValueError("{}")',
        'raise ValueError(f"{{x}} {}") from error',
        'warnings.warn("{}", UserWarning, stacklevel=2)',
        'parser.add_argument("--x", help="{}", type=int)',
    ],
)
def test_messages_do_not_make_a_source_another_one(code):
    other, code = code.format("another"), code.format("a word")
    digest = provenance.digest(code)
    assert digest == provenance.digest(other)
    # All else in the same statement does.
    for old, new in (("x", "y"), ("ValueError", "TypeError"), ("int", "float")):
        assert old not in code or digest != provenance.digest(code.replace(old, new))


def test_a_result_is_stale_once_a_source_changes(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(provenance, "RESULTS", tmp_path)
    monkeypatch.setattr(provenance, "loaded_sources", lambda: sources)
    source, result = tmp_path / "model.py", tmp_path / "result.json"
    source.write_text("x = 1\n")
    result.write_text("{}")
    main(["check"])
    assert "sources are not known" in capsys.readouterr().out
    sources = {"model.py": provenance.digest("x = 1\n")}
    provenance.record(result)
    main(["check"])
    assert "up to date\n0 of 1 results" in capsys.readouterr().out
    source.write_text("x = 2\n")
    main(["check"])
    assert "changed since: model.py\n1 of 1" in capsys.readouterr().out
    # What is added to a result does not make the rest of it new.
    sources = {"model.py": provenance.digest("x = 2\n")}
    provenance.record(result, continues=True)
    assert provenance.changed_sources(result) == ["model.py"]
    provenance.record(result)
    assert provenance.changed_sources(result) == []
    source.unlink()
    assert provenance.changed_sources(result) == ["model.py"]


def test_a_result_outlasts_changes_that_are_listed(tmp_path, monkeypatch):
    codes = [f"x = {number}\n" for number in range(4)]
    digests = [provenance.digest(code) for code in codes]
    steps = [(0, 1), (1, 2)]
    listed = [
        {"source": "model.py", "before": digests[a], "after": digests[b], "reason": "-"}
        for a, b in steps
    ]
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(provenance, "same_figures", lambda: listed)
    source, result = tmp_path / "model.py", tmp_path / "result.json"
    for made, now in [(a, b) for a in range(4) for b in range(4)]:
        sources = {"model.py": digests[made]}
        monkeypatch.setattr(provenance, "loaded_sources", lambda s=sources: s)
        provenance.record(result)
        source.write_text(codes[now])
        is_same = made == now or made < now < 3
        assert (provenance.changed_sources(result) == []) == is_same, (made, now)


def test_listed_changes_have_reasons():
    for change in provenance.same_figures():
        assert set(change) == {"source", "before", "after", "reason"}
        assert (ROOT / change["source"]).exists()
        assert len(change["before"]) == len(change["after"]) == 16
        assert change["reason"].strip()


FAKE_COMMAND = """
import json, pathlib, sys
name, finished = sys.argv[1:]
result = pathlib.Path("results", name)
result.write_text("{}")
record = {"sources": {}, "finished": finished == "finished"}
result.with_suffix(".run.json").write_text(json.dumps(record))
"""


def test_all_results_are_made_within_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(everything, "ROOT", tmp_path)
    monkeypatch.setattr(everything, "RESULTS", tmp_path / "results")
    monkeypatch.setitem(everything.VARIABLES, "M3L_NOWHERE", "folder of nothing")
    monkeypatch.delenv("M3L_NOWHERE", raising=False)
    (tmp_path / "results").mkdir()
    (tmp_path / "fake.py").write_text(FAKE_COMMAND)
    jobs = [
        everything.Job("cheap", "fake cheap.json finished", ["cheap.json"], 1),
        everything.Job("half", "fake half.json no", ["half.json"], 1),
        everything.Job("broken", "fake", ["broken.json"], 1),
        everything.Job("needy", "fake {M3L_NOWHERE} finished", ["needy.json"], 1),
        everything.Job("dear", "fake dear.json finished", ["dear.json"], 70),
    ]
    (tmp_path / "results" / "cheap.json").write_text("made by an earlier version")
    assert everything.make_all(jobs, 1.0) == {
        "half": "it ended, but a result is not there or not up to date",
        "broken": "failed with exit code 1",
        "needy": "set M3L_NOWHERE, the folder of nothing",
        "dear": "more than the budget",
    }
    assert (tmp_path / "results" / "cheap.json").read_text() == "{}"
    assert "cheap" not in everything.make_all(jobs, 0.0)
    assert "dear" not in everything.make_all(jobs[-1:], 2.0)
    assert everything.make_all(jobs[-1:], 0.0) == {}


def test_a_command_ends_with_the_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(everything, "ROOT", tmp_path)
    (tmp_path / "fake.py").write_text("import time; time.sleep(60)")
    job = everything.Job("endless", "fake", ["endless.json"], 0.0)
    assert "the next call" in everything.make_all([job], 0.1 / 3600)["endless"]


def test_every_stored_result_has_a_command_that_makes_it():
    made = {name for job in everything.list_jobs() for name in job.results}
    stored = [p.relative_to(provenance.RESULTS) for p in provenance.stored_results()]
    missing = {p.as_posix() for p in stored} - made
    # Systems of other packages are run by their own commands.
    assert not {name for name in missing if not name.startswith("leaderboard/")}


def test_every_command_of_the_benchmarks_exists():
    page = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    modules = re.findall(r"python -m benchmarks\.(\w+)", page)
    assert len(modules) > 10
    for module in modules:
        path = ROOT / "benchmarks" / module
        assert path.with_suffix(".py").exists() or path.is_dir()

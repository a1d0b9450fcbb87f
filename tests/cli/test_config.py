"""Tests of configuration files, and of options that choose models and encoders."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import load_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import _languages as languages

SMALL = ["-k", "3", "--max-iter", "2"]


@pytest.fixture(scope="module")
def emoji():
    return load_emoji("validation").frame[["en", "de", "fi", "ja", "name"]][::4]


@pytest.fixture
def folder(emoji, tmp_path, monkeypatch):
    """Write a table of emoji into the working folder."""
    emoji.to_csv(tmp_path / "emoji.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv):
    assert main([str(argument) for argument in argv]) == 0


def stopped(capsys, *argv):
    """Return the code of a command that fails, and its last line."""
    with pytest.raises(SystemExit) as error:
        main([str(argument) for argument in argv])
    if isinstance(error.value.code, str):
        return 1, error.value.code
    return error.value.code, capsys.readouterr().err.splitlines()[-1]


def test_a_run_can_be_repeated_from_what_it_wrote(folder, capsys):
    argv = ["--text", "en", "--text", "name:en", *SMALL, "--random-state", "7"]
    argv += ["--set", "temperature=0.2", "--set", "similarity=dot", "--min-df", "2"]
    run("fit", "emoji.csv", *argv, "--max-df", "0.5", "-o", "model")
    assert "its options are in model.toml" in capsys.readouterr().out
    record = tomllib.loads(Path("model.toml").read_text("utf-8"))
    assert record["table"] == "emoji.csv"
    assert record["text"] == ["en", "name:en"]
    assert record["set"] == ["temperature=0.2", "similarity='dot'"]
    assert (record["min-df"], record["max-df"]) == (2, 0.5)
    assert record["n-components"] == 3 and record["random-state"] == 7
    first = Path("model").read_bytes()
    Path("model").rename("old")
    run("fit", "--config", "model.toml")
    assert Path("model").read_bytes() == first
    assert tomllib.loads(Path("model.toml").read_text("utf-8")) == record


def test_options_replace_or_add_to_those_of_the_file(folder):
    Path("a.toml").write_text(
        'table = "absent.csv"\ntext = "en"\nn_components = 9\nmax-iter = 2\n'
        'set = ["temperature=0.2"]\nlemmatize = false\n'
    )
    argv = ["--text", "de", "-k", "4", "--set", "batch_size=16", "-o", "model"]
    run("fit", "emoji.csv", "--config", "a.toml", *argv)
    pipeline = load_model("model")
    assert list(pipeline["encode"].named_views_) == ["en", "de"]
    parameters = pipeline["topics"].get_params()
    assert (parameters["n_components"], parameters["max_iter"]) == (4, 2)
    assert (parameters["temperature"], parameters["batch_size"]) == (0.2, 16)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("n-topics = 3", "unknown key 'n-topics'"),
        ("n-component = 3", "did you mean 'n-components'?"),
        ("temperature = 3", "unknown key 'temperature'"),
        ("[fit]\nk = 3", "unknown key 'fit'"),
        ("debug = true", "unknown key 'debug'"),
        ("n-components = 1", "argument --n-components/-k: must be a whole number"),
        ("n-components = [3, 4]", "n-components must be one value, not a list"),
        ("lemmatize = 'yes'", "lemmatize must be true or false, not 'yes'"),
        ("groups = true", "groups must be a text or a number, not True"),
        ("text = [['en']]", "text must be a text or a number, not ['en']"),
        ("model = 'lda'", "argument --model: invalid choice: 'lda'"),
        ("text = ", "a.toml: Invalid value"),
        ("text = 'en'\ntext = 'de'", "a.toml: Cannot overwrite a value"),
    ],
)
def test_wrong_files_are_refused(folder, capsys, text, told):
    Path("a.toml").write_text(text)
    code, message = stopped(
        capsys, "fit", "emoji.csv", "--config", "a.toml", "--text", "en", "-o", "m"
    )
    assert code == 2 and told in message
    assert not Path("m").exists()


def test_files_that_cannot_be_read(folder, capsys):
    argv = ["fit", "emoji.csv", "--text", "en", "-o", "m", "--config"]
    assert "No such file" in stopped(capsys, *argv, "absent.toml")[1]
    Path("latin.toml").write_bytes(b"text = '\xe4'")
    assert "latin.toml: " in stopped(capsys, *argv, "latin.toml")[1]


def test_the_record_is_no_input_and_no_folder(folder, capsys):
    Path("m.toml").mkdir()
    argv = ["fit", "emoji.csv", "--text", "en", *SMALL, "-o", "m"]
    code, message = stopped(capsys, *argv)
    assert code == 1 and "folder" in message
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("m3l-contrast", ["en", "de"]),
        ("polylingual-lda", ["en", "de"]),
        ("zero-shot", ["en", "de"]),
        ("distilled", ["en", "de"]),
    ],
)
def test_models(folder, capsys, name, views):
    argv = [argument for view in views for argument in ("--text", view)]
    run("fit", "emoji.csv", *argv, "--model", name, *SMALL, "-o", "model")
    printed = capsys.readouterr()
    unit = "sweeps" if name == "polylingual-lda" else "epochs"
    assert f"3 topics, 2 {unit}" in printed.out
    assert "LSA does not align" not in printed.err
    run("transform", "model", "emoji.csv", "-o", "theta.csv")
    theta = pd.read_csv("theta.csv")
    np.testing.assert_allclose(theta.sum(axis=1), 1, atol=1e-4)


def test_parameters_of_another_model_are_refused(folder, capsys):
    argv = ["fit", "emoji.csv", "--text", "en", "--model", "polylingual-lda"]
    code, message = stopped(capsys, *argv, "--set", "temperature=1", "-o", "m")
    assert code == 1 and "temperature" in message


def test_words_are_counted_as_the_options_say(folder, capsys):
    Path("all.txt").write_text("flag\n\n", "utf-8")
    Path("fi.txt").write_text("\ufefflippu\n", "utf-8")
    argv = ["--text", "en", "--text", "fi", *SMALL, "--max-features", "90"]
    argv += [
        "--stop-words",
        "all.txt",
        "--stop-words",
        "fi=fi.txt",
        "--min-tokens",
        "2",
    ]
    run("fit", "emoji.csv", *argv, "--tokenizer", "en=pairs", "-o", "model")
    told = capsys.readouterr().err
    assert re.search(r"\d+ of 50 rows have none of the columns en, fi, and are", told)
    views = load_model("model")["encode"].named_views_
    for view in views.values():
        assert view.min_tokens == 2
        assert len(view.vectorizer_.vocabulary_) == 90
    assert views["en"].vectorizer_.extra_stop_words == ["flag"]
    assert views["fi"].vectorizer_.extra_stop_words == ["flag", "lippu"]
    assert views["en"].vectorizer.tokenizer == "pairs"
    assert views["fi"].vectorizer.tokenizer is None
    assert "lippu" not in views["fi"].vectorizer_.vocabulary_


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--tokenizer", "spaces"], "spaces"),
        (["--tokenizer", "sv=jieba"], "names the unknown column 'sv'"),
        (["--stop-words", "absent.txt"], "absent.txt: No such file"),
        (["--image-encoder", "clip=x"], "the columns are: none"),
        (["--text-encoder", "/tmp"], "below that of --output"),
        (["--text", "name:english"], "'english' is not the ISO 639-1 code"),
    ],
)
def test_wrong_options_of_columns(folder, capsys, argv, told):
    code, message = stopped(
        capsys, "fit", "emoji.csv", "--text", "en", *argv, *SMALL, "-o", "m"
    )
    assert code == 1 and told in message


def test_lemmas_where_they_are_known(folder, capsys):
    argv = ["--text", "en", "--text", "name:vi", "--lemmatize", *SMALL]
    argv += ["--model", "polylingual-lda"]
    run("fit", "emoji.csv", *argv, "-o", "model")
    assert "words of name are counted as they are" in capsys.readouterr().err
    views = load_model("model")["encode"].named_views_
    assert views["en"].vectorizer_.lemmatize is True
    assert views["name"].vectorizer_.lemmatize is False
    del argv[:2]
    told = stopped(capsys, "fit", "emoji.csv", *argv, "-o", "model")
    assert told[0] == 1 and "does not know language='vi'" in told[1]


def test_a_missing_segmenter_is_one_warning(folder, capsys, monkeypatch):
    find = languages.find_spec
    monkeypatch.setattr(
        languages, "find_spec", lambda name: None if name == "fugashi" else find(name)
    )
    languages._warn_missing.cache_clear()
    argv = ["--text", "ja", "--model", "polylingual-lda", *SMALL, "-o", "model"]
    run("fit", "emoji.csv", *argv)
    assert capsys.readouterr().err.count("run pip install fugashi unidic-lite") == 1
    vectorizer = load_model("model")["encode"].named_views_["ja"].vectorizer_
    assert vectorizer.tokenizer_ == "pairs"
    languages._warn_missing.cache_clear()
    told = stopped(capsys, "fit", "emoji.csv", *argv, "--tokenizer", "fugashi")
    assert told[0] == 1 and "run pip install fugashi unidic-lite" in told[1]

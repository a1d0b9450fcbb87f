"""Options that choose encoders, by column."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import load_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import (
    LsaEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
)

pytestmark = pytest.mark.slow

N_ROWS = 20


@pytest.fixture
def folder(clip_model, tmp_path, monkeypatch):
    """Write emoji, their pictures and a CLIP model into the working folder."""
    df = load_emoji("validation").frame[:N_ROWS][["en", "de", "image"]]
    # The vocabulary of the model has letters only.
    df["en"] = df["en"].str.findall(r"\b[a-z]{3,8}\b").str[:5].str.join(" ")
    for code, picture in df["image"].items():
        Path(tmp_path / f"{code}.png").write_bytes(picture)
    df["image"] = [f"{code}.png" for code in df.index]
    df.to_csv(tmp_path / "emoji.csv")
    (tmp_path / f"{df.index[3]}.png").write_bytes(b"no picture")
    shutil.copytree(clip_model, tmp_path / "clip")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table of emoji into the working folder."""
    df = load_emoji("validation").frame[:N_ROWS][["en", "de"]]
    df.to_csv(tmp_path / "emoji.csv")
    monkeypatch.chdir(tmp_path)
    return df


def fit(*argv):
    """Fit, and return the encoders of the columns."""
    texts = ["--text", "en", "--text", "de", "-k", "2", "--max-iter", "1"]
    assert main(["fit", "emoji.csv", *texts, *argv, "-o", "model"]) == 0
    views = load_model("model")["encode"].named_views_
    return {name: view.encoder_ for name, view in views.items()}


def test_word_vectors_unless_something_else_is_asked_for(table):
    encoders = fit()
    assert {type(encoder) for encoder in encoders.values()} == {StaticEncoder}
    assert {name: encoder.language for name, encoder in encoders.items()} == {
        "en": "en",
        "de": "de",
    }
    record = tomllib.loads(Path("model.toml").read_text("utf-8"))
    assert not record.get("text-encoder")
    views = load_model("model")["encode"].transform(table)
    expected = StaticEncoder(language="de").fit_transform(table["de"])
    np.testing.assert_array_equal(views["de"].embedding, expected)


@pytest.mark.parametrize(
    ("argv", "of_columns"),
    [
        (["lsa"], {"en": LsaEncoder, "de": LsaEncoder}),
        (["de=lsa"], {"en": StaticEncoder, "de": LsaEncoder}),
        (["en=lsa", "de=lsa"], {"en": LsaEncoder, "de": LsaEncoder}),
    ],
)
def test_lsa(argv, of_columns, table):
    options = [part for name in argv for part in ("--text-encoder", name)]
    encoders = fit(*options, "--random-state", "7")
    assert {name: type(encoder) for name, encoder in encoders.items()} == of_columns
    for encoder in encoders.values():
        assert getattr(encoder, "random_state", 7) == 7
    record = tomllib.loads(Path("model.toml").read_text("utf-8"))
    assert record["text-encoder"] == argv

    first = Path("model").read_bytes()
    Path("model").rename("old")
    main(["fit", "--config", "model.toml"])
    assert Path("model").read_bytes() == first
    assert tomllib.loads(Path("model.toml").read_text("utf-8")) == record


def test_lsa_of_a_configuration_file(table):
    for text, kind in (("lsa", LsaEncoder), (["en=lsa", "de=lsa"], LsaEncoder)):
        Path("a.toml").write_text(f"text-encoder = {text!r}\n")
        encoders = fit("--config", "a.toml")
        assert {type(encoder) for encoder in encoders.values()} == {kind}


def test_lsa_of_an_unknown_column(table):
    with pytest.raises(SystemExit) as stopped:
        fit("--text-encoder", "fr=lsa")
    assert "fr=lsa names the unknown column 'fr'" in str(stopped.value.code)
    assert not Path("model").exists()


@pytest.mark.parametrize("option", [None, "lsa", "de=lsa", "en=lsa"])
def test_several_columns_of_a_zero_shot_model(option, table, capsys):
    fit("--model", "zero-shot", *(["--text-encoder", option] if option else []))
    told = capsys.readouterr().err
    warning = "topics are learned from en, and LSA does not align other columns"
    assert (warning in told) == (option is not None)
    assert ("leave out --text-encoder lsa" in told) == (option is not None)


def test_lsa_that_no_column_uses(folder, capsys):
    df = pd.read_csv("emoji.csv", index_col=0)
    df.assign(de=df["en"]).to_csv("emoji.csv")
    shutil.copytree("clip", "small=lsa")
    options = ["lsa", "en=clip", "de=small=lsa"]
    argv = [part for option in options for part in ("--text-encoder", option)]
    encoders = fit("--model", "zero-shot", *argv)
    assert {type(e) for e in encoders.values()} == {SentenceTransformerEncoder}
    assert "LSA" not in capsys.readouterr().err


def test_pictures_and_one_of_two_texts_by_clip(folder, monkeypatch, capsys):
    argv = ["--text", "en", "--text", "de", "--image", "image", "-k", "2"]
    argv += ["--image-encoder", "clip", "--text-encoder", "en=clip", "-o", "model"]
    main(["fit", "emoji.csv", *argv, "--max-iter", "1"])
    told = capsys.readouterr().err
    assert "pictures that cannot be read and count as absent: 1" in told
    assert f"encode image: 100%|██████████| {N_ROWS}/{N_ROWS}" in told
    record = tomllib.loads(Path("model.toml").read_text("utf-8"))
    assert record["image-encoder"] == ["clip"]
    assert record["text-encoder"] == ["en=clip"]

    monkeypatch.chdir("/")
    views = load_model(folder / "model")["encode"].named_views_
    assert isinstance(views["de"].encoder, StaticEncoder)
    assert views["image"].encoder.modality == "image"
    for name in ("en", "image"):
        assert views[name].encoder.model == folder / "clip"
    names = [str(path) for path in sorted(folder.glob("*.png"))[5:8]]
    clip = SentenceTransformerEncoder(folder / "clip", modality="image")
    expected = clip.fit_transform(names)
    assert expected.shape == (3, 24)
    np.testing.assert_allclose(
        views["image"].transform(names).embedding, expected, rtol=1e-5
    )

    main(["describe", f"{folder}/model", f"{folder}/emoji.csv", "--view", "image"])
    assert f"Row {N_ROWS}: topic" in capsys.readouterr().out
    # The model refers to the encoder, which must be where it was.
    (folder / "clip").rename(folder / "moved")
    with pytest.raises(SystemExit) as stopped:
        main(["describe", f"{folder}/model", f"{folder}/emoji.csv", "--view", "en"])
    assert f"{folder}/clip" in str(stopped.value.code)

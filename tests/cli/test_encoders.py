"""Options that choose pretrained encoders, by column."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from sklearn_m3l import load_model
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import LsaEncoder, SentenceTransformerEncoder

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
    assert isinstance(views["de"].encoder, LsaEncoder)
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

"""What a model file refers to: models of the hub, and what is below its own folder."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA, load_model, save_model
from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    KeyedVectorsEncoder,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)
from sklearn_m3l.persistence import ModelFileError
from sklearn_m3l.utils._storage import _KEY, _checksum

WORDS = "2 3\nbrush 1 0 0.5\nlayer 0 1 2\n"
TEXTS = ["layer", "brush or layer", "none"]


def forge(path, **parameters):
    """Store an encoder with other parameters, and a checksum that fits."""
    save_model(SentenceTransformerEncoder("owner/name"), path)
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()[_KEY].partition(" ")[2])
    content["content"]["parameters"] = parameters
    text = json.dumps(content)
    save_file({}, path, metadata={_KEY: f"{_checksum(text, {})} {text}"})
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder below the working folder, with word vectors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "words.vec").write_text(WORDS)
    return tmp_path / "here"


@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "../other",
        "a/../../b",
        "a\\..\\..\\b",
        "\\\\host\\a",
        "C:b",
        "~",
        "~root/a",
        "a\0b",
        "a\n",
        " /etc",
        "file:///etc",
        "http://host/a",
        "hf://a/b",
        "$HOME/a",
        "%APPDATA%/a",
        "a" * 10**5 + "/../..",
    ],
)
def test_forged_references_that_lead_out(path, tmp_path):
    for name, value in [
        ("model", path),
        ("model", {"path": path}),
        ("cache_dir", path),
        ("cache_dir", {"path": path}),
    ]:
        forge(tmp_path / "model", **{name: value})
        with pytest.raises(ModelFileError, match=f"{name}=.*leads out of the folder"):
            load_model(tmp_path / "model")


@pytest.mark.parametrize(
    "name", ["owner/name/part", "owner--x/name", "na..me", "-option/name", "ü", ""]
)
def test_forged_names_that_the_hub_does_not_have(name, tmp_path):
    forge(tmp_path / "model", model=name)
    with pytest.raises(ModelFileError, match="model=.*leads out of the folder"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("name", ["owner/name", "name", "a.b/c-d_e", "x" * 96])
def test_names_of_the_hub_stay_names(name, tmp_path):
    save_model(SentenceTransformerEncoder(name), tmp_path / "model")
    assert load_model(tmp_path / "model").model == name
    forge(tmp_path / "model", cache_dir=name)  # a folder is a path
    with pytest.raises(ModelFileError, match="cache_dir=.*leads out"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("path", ["./models/mini/", "Größe (2)/v1+x", "a/b/c", "."])
def test_paths_are_those_of_the_folder_of_the_file(path, tmp_path):
    forge(tmp_path / "model", model={"path": path}, cache_dir={"path": path})
    loaded = load_model(tmp_path / "model")
    assert loaded.model == loaded.cache_dir == (tmp_path / path).resolve()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_moved_with_what_it_refers_to(kind, folder, tmp_path, monkeypatch):
    encoder = KeyedVectorsEncoder(kind("here/words.vec")).fit(
        ["brush layer", "a brush"]
    )
    expected = encoder.transform(TEXTS)
    save_model(encoder, folder / "model")
    shutil.copytree(folder, tmp_path / "there")
    shutil.rmtree(folder)
    monkeypatch.chdir("/")
    loaded = load_model(tmp_path / "there" / "model")
    assert loaded.vectors == tmp_path / "there" / "words.vec"
    assert_array_equal(loaded.transform(TEXTS), expected)
    save_model(clone(loaded), tmp_path / "there" / "again")
    assert load_model(tmp_path / "there" / "again").vectors == loaded.vectors


@pytest.mark.parametrize(
    "estimator",
    [
        SentenceTransformerEncoder("/models/e5"),
        SentenceTransformerEncoder(Path("/models/e5")),
        SentenceTransformerEncoder("../e5"),
        SentenceTransformerEncoder("models/../../e5"),
        SentenceTransformerEncoder("C:\\models\\e5"),
        SentenceTransformerEncoder("..\\e5"),
        SentenceTransformerEncoder("~/e5"),
        SentenceTransformerEncoder(Path("owner/name")),
        SentenceTransformerEncoder("e5", cache_dir="/vectors"),
        SentenceTransformerEncoder("e5", cache_dir="vectors"),
        MultiViewEncoder([("en", TextView())], memmap_dir="/vectors"),
        M3LContrastTopicModel(checkpoint="/states", random_state=0),
        PolylingualLDA(checkpoint="states"),
    ],
    ids=repr,
)
def test_paths_out_of_the_folder_are_not_stored(estimator, folder):
    with pytest.raises(ValueError, match="leads out of the folder of the model file"):
        save_model(Pipeline([("encode", estimator)]), folder / "model")
    assert [path.name for path in folder.iterdir()] == ["words.vec"]


def test_a_folder_that_is_called_like_a_model_of_the_hub(folder, tmp_path):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    encoder = SentenceTransformerEncoder("owner/name")
    with pytest.raises(ValueError, match="leads out of the folder"):
        save_model(encoder, folder / "model")
    save_model(encoder, tmp_path / "model")
    assert load_model(tmp_path / "model").model == tmp_path / "owner" / "name"


def test_a_name_of_the_hub_is_not_a_folder_here(folder, tmp_path):
    save_model(SentenceTransformerEncoder("owner/name"), folder / "model")
    loaded = load_model(folder / "model")
    (tmp_path / "owner" / "name").mkdir(parents=True)
    for encoder in (loaded, clone(loaded), clone(TextView(loaded)).encoder):
        with pytest.raises(ValueError, match="but a folder here has the same name"):
            encoder.fit(["a text"])
    assert loaded.set_params(model=Path("owner/name")).model == Path("owner/name")


def test_links_out_of_the_folder(folder, tmp_path):
    (folder / "real").mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "in").symlink_to(folder / "real")
    (folder / "circle").symlink_to(folder / "circle")
    forge(folder / "model", model={"path": "in/model"})
    assert load_model(folder / "model").model == folder / "real" / "model"
    for path in ("out", "out/other", "circle/a"):
        forge(folder / "model", model={"path": path})
        with pytest.raises(ModelFileError, match="leads out of the folder"):
            load_model(folder / "model")
        with pytest.raises(ValueError, match="leads out of the folder"):
            save_model(SentenceTransformerEncoder(f"here/{path}"), folder / "model")


def test_links_that_are_set_after_loading(folder, tmp_path):
    """References are looked at again when they are used."""
    save_model(
        KeyedVectorsEncoder("here/words.vec").fit(["a brush"]), folder / "vectors"
    )
    save_model(SentenceTransformerEncoder(Path("here/mini")), folder / "sentences")
    memory = MultiViewEncoder(
        [("en", TextView(LsaEncoder(2), language="en"))],
        memmap_dir="here/arrays",
        max_nbytes=0,
    )
    save_model(memory, folder / "memory")
    model = PolylingualLDA(2, checkpoint="here/states", random_state=0)
    save_model(model, folder / "states_of")
    names = ["vectors", "sentences", "memory", "states_of"]
    vectors, sentences, memory, model = [load_model(folder / name) for name in names]

    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "words.vec").write_text(WORDS)
    (folder / "words.vec").unlink()
    (folder / "words.vec").symlink_to(secret / "words.vec")
    (folder / "mini").mkdir()
    (folder / "mini" / "config.json").symlink_to(secret / "words.vec")
    for name in ("arrays", "states"):
        (folder / name).symlink_to(secret)
    table = {"en": ["a brush paints", "a layer", "the mask"]}
    pandas = pytest.importorskip("pandas")
    for use in (
        lambda: vectors.transform(TEXTS),
        lambda: sentences.fit(TEXTS),
        lambda: memory.fit_transform(pandas.DataFrame(table)),
        lambda: model.fit(np.eye(6)),
        lambda: clone(Pipeline([("topics", model)])).fit(np.eye(6)),
    ):
        with pytest.raises(ValueError, match="a link that leads out of the folder"):
            use()
    assert [path.name for path in secret.iterdir()] == ["words.vec"]
    # What the user of this process sets may lead anywhere.
    vectors.set_params(vectors=str(secret / "words.vec"))
    assert np.isfinite(vectors.transform(TEXTS)).all()


def test_word_vectors_are_not_pickles(folder):
    encoder = KeyedVectorsEncoder("here/words.vec").fit(["brush layer"])
    save_model(encoder, folder / "model")
    loaded = load_model(folder / "model")
    (folder / "words.vec").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match=r"words.vec is a pickle"):
        loaded.transform(TEXTS)
    for vectors in ("words.kv", "words", "words.bin.pkl", "words.vec.kv.gz"):
        with pytest.raises(TypeError, match=f"'here/{vectors}' may be a pickle"):
            save_model(KeyedVectorsEncoder(f"here/{vectors}"), folder / "model")
    with pytest.raises(TypeError, match=r"Doc2VecEncoder.*skops"):
        save_model(Doc2VecEncoder(), folder / "model")


def test_references_survive_a_link_to_the_file(folder, tmp_path):
    save_model(KeyedVectorsEncoder("here/words.vec"), folder / "model")
    os.symlink(folder / "model", tmp_path / "link")
    assert load_model(tmp_path / "link").vectors == folder / "words.vec"

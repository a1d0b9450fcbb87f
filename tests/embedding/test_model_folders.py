"""Folders of models: no code of their own, and an identity by content."""

import json
import os

import pytest

from sklearn_m3l.embedding._model_folders import check_model_folder, model_identity

PARTS = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.models.CLIPModel",
    },
    {"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.a.Dense"},
]


@pytest.fixture
def folder(tmp_path):
    """Return a folder that is laid out as models are."""
    files = {
        "modules.json": PARTS,
        "config.json": {"hidden_act": "gelu", "rope": {"type": "linear"}},
        "1_Dense/config.json": {
            "activation_function": "torch.nn.modules.linear.Identity"
        },
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
        "tokenizer.json": {"auto_map": "is not read"},
        "1_Dense/router_config.json": {
            "types": {"a": "sentence_transformers.models.Pooling"}
        },
    }
    for name, content in files.items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    return tmp_path / "model"


def test_folders_without_code(folder):
    check_model_folder(folder)
    (folder / "pytorch_model.bin").write_bytes(b"weights that are not read")
    (folder / "train.py").write_text("code that nothing refers to")
    check_model_folder(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modules.json", [{"path": "", "type": "own.Pooling"}]),
        ("modules.json", [{"path": "", "type": "sentence_transformersx.Pooling"}]),
        ("modules.json", [{"path": "", "type": "Pooling"}]),
        ("modules.json", [{"path": "../other", "type": PARTS[0]["type"]}]),
        ("config.json", {"auto_map": {"AutoModel": "own.BertModel"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoConfig": "a--b.Config"}}}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["own.T", None]}}),
        ("preprocessor_config.json", {"auto_map": {"AutoProcessor": "own.P"}}),
        ("1_Dense/config.json", {"activation_function": "subprocess.Popen"}),
        ("1_Dense/config.json", {"activation_function": "torch.hub.load"}),
        ("1_Words/wordembedding_config.json", {"tokenizer_class": "own.Tokenizer"}),
        ("1_Dense/router_config.json", {"types": {"a": "own.Router"}}),
        ("config.json", "damaged"),
    ],
)
def test_folders_that_name_code(name, content, folder):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    text = "{" if content == "damaged" else json.dumps(content)
    path.write_text(text)
    with pytest.raises(ValueError, match="its own code|out of its|cannot") as error:
        check_model_folder(folder)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model-1-of-2.bin"])
def test_weights_that_are_pickles(name, folder):
    (folder / "1_Dense" / name).write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match=f"{name} is a pickle"):
        check_model_folder(folder)
    (folder / "1_Dense" / "model.safetensors").write_bytes(b"weights")
    check_model_folder(folder)


def test_folders_that_are_links(folder, tmp_path):
    (folder / "1_Dense").rename(tmp_path / "dense")
    (folder / "1_Dense").symlink_to(tmp_path / "dense")
    (folder / "above").symlink_to(folder)
    check_model_folder(folder)
    known = model_identity(folder)
    (tmp_path / "dense" / "config.json").write_text('{"activation_function": "a.b"}')
    with pytest.raises(ValueError, match=r"1_Dense.*names its own code"):
        check_model_folder(folder)
    assert model_identity(folder) != known


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_pipes_are_not_read(folder):
    os.mkfifo(folder / "vocab.txt")  # to which nobody writes
    with pytest.raises(ValueError, match="vocab.txt is not a regular file"):
        check_model_folder(folder)
    assert model_identity(folder)


def test_identity_is_the_content(folder, tmp_path):
    known = model_identity(folder)
    folder.rename(tmp_path / "moved")
    assert model_identity(tmp_path / "moved") == known
    os.utime(tmp_path / "moved" / "config.json", (1, 1))
    assert model_identity(tmp_path / "moved") == known
    weights = tmp_path / "moved" / "model.safetensors"
    before = weights.stat()
    weights.write_bytes(b"Weights")  # of equal size and time
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert weights.stat().st_mtime_ns == before.st_mtime_ns
    assert model_identity(tmp_path / "moved") != known
    weights.rename(weights.with_name("other"))
    assert model_identity(tmp_path / "moved") != known
    assert model_identity("owner/name") == "owner/name"

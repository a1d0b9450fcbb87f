"""A file that is damaged, forged or newer is refused, and the message says why."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from small_models import fitted_models

from sklearn_m3l import PolylingualLDA, load_model, save_model
from sklearn_m3l.embedding import SentenceTransformerEncoder, TextView
from sklearn_m3l.network._state import parameter_shapes
from sklearn_m3l.persistence import ModelFileError
from sklearn_m3l.persistence._container import _digest

MODELS = {name: model for name, (model, _) in fitted_models().items()}


class Forgery:
    """The description and the arrays of a file, to change and to store again."""

    def __init__(self, path):
        self.path = path
        with safe_open(path, framework="np") as file:
            self.content = json.loads(file.metadata()["sklearn_m3l"])
            self.arrays = {name: file.get_tensor(name) for name in list(file.keys())}
        self.model = self.content["model"]

    def fitted(self, node=None):
        """Return the fitted attributes of an estimator, as pairs by name."""
        pairs = (node or self.model)["fitted"]["dict"]
        return {pair[0]: pair for pair in pairs}

    def load(self):
        """Store with a checksum that fits, and load."""
        self.content.pop("sha256", None)
        self.content["sha256"] = _digest(self.content, self.arrays)
        text = json.dumps(self.content)
        save_file(self.arrays, self.path, metadata={"sklearn_m3l": text})
        return load_model(self.path)

    def refused(self, message):
        """Check that loading is refused with a message."""
        with pytest.raises(ModelFileError, match=message) as error:
            self.load()
        assert str(error.value).startswith(f"cannot load {self.path}: ")


@pytest.fixture
def forge(tmp_path):
    """Return a function that stores a model to be forged."""

    def store(model):
        model = MODELS[model] if isinstance(model, str) else model
        save_model(model, tmp_path / "model.safetensors")
        return Forgery(tmp_path / "model.safetensors")

    return store


def pairs(node):
    """Return a dict of the description as a dict."""
    return dict(node["dict"])


def test_what_is_no_model_file(tmp_path):
    path = tmp_path / "model"
    with pytest.raises(FileNotFoundError):
        load_model(path)
    with pytest.raises(IsADirectoryError):
        load_model(tmp_path)
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        save_model(PolylingualLDA(), tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ModelFileError, match="no model file"):
        load_model(path)
    path.write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(ModelFileError, match="no model file"):
        load_model(path)
    save_file({"a": np.ones(3)}, path, metadata={"other": "1"})
    with pytest.raises(ModelFileError, match="not of sklearn-m3l"):
        load_model(path)
    save_file({"a": np.ones(3)}, path)
    with pytest.raises(ModelFileError, match="not of sklearn-m3l"):
        load_model(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_a_device_is_no_model_file():
    with pytest.raises(ModelFileError, match="not a regular file"):
        load_model("/dev/null")


def test_every_truncated_file_is_refused(tmp_path):
    path = tmp_path / "model"
    save_model(MODELS["array"], path)
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            load_model(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(ModelFileError, match="damaged"):
        load_model(path)


def test_every_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "model"
    save_model(MODELS["polylingual"], path)
    data = path.read_bytes()
    for place in range(0, len(data), 11):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            load_model(path)


def test_a_newer_version_says_so(forge):
    forged = forge("polylingual")
    forged.content["format_version"] = 2
    forged.refused("format version 2.*load it with a newer one")
    forged.content["format_version"] = "1"
    forged.refused("no format version")


@pytest.mark.parametrize("text", ["", "[]", "{", "NaN", '{"format_version": 1}'])
def test_descriptions_that_are_none(text, tmp_path):
    path = tmp_path / "model"
    save_file({}, path, metadata={"sklearn_m3l": text})
    with pytest.raises(ModelFileError):
        load_model(path)


def test_deep_nesting_and_huge_numbers(tmp_path):
    path = tmp_path / "model"
    for value in ("[" * 10**5 + "]" * 10**5, "9" * 10**4, "9" * 100, "1e999", "NaN"):
        text = f'{{"format_version": 1, "sha256": "", "model": {value}}}'
        save_file({}, path, metadata={"sklearn_m3l": text})
        with pytest.raises(ModelFileError):
            load_model(path)


def test_no_class_beyond_the_list(forge):
    forged = forge(PolylingualLDA())
    for name in ("os.system", "RandomForestClassifier", "BaseTopicModel", "", 3, []):
        forged.model["estimator"] = name
        forged.refused("unknown here")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"type": "eval"}, "unknown here"),
        ({"float": "1e5"}, "unknown here"),
        ({"path": "/etc/passwd"}, "only relative paths"),
        ({"path": "a/../../b"}, "only relative paths"),
        ({"path": "C:b"}, "only relative paths"),
        ({"path": "a\0b"}, "only relative paths"),
        ({"array": "0", "order": "C"}, "not there"),
        ({"names": ["a", 1]}, "no list of texts"),
        ({"dict": [[{"tuple": [[]]}, 1]]}, "a key that is none"),
        ({"dict": [["a", 1], ["a", 2]]}, "a key twice"),
        ({"dict": [["a"]]}, "a pair that is none"),
        ({"tuple": 3}, "no list"),
        ({"unknown": 3}, "unknown kind"),
        ({"tuple": [], "dict": []}, "unknown kind"),
        ({}, "unknown kind"),
        (2**64, "too large a number"),
        ({"RandomState": [1, 2, 3, 4]}, "no random state"),
    ],
    ids=repr,
)
def test_values_that_are_none(value, message, forge):
    forged = forge(TextView())
    forged.model["parameters"]["language"] = value
    forged.refused(message)


def test_nested_values_are_bounded(forge):
    forged = forge(TextView())
    value = 1
    for _ in range(60):
        value = [value]
    forged.model["parameters"]["language"] = value
    forged.refused("nested too deeply")


@pytest.mark.parametrize(
    "path", ["/etc", "../other", "a\\..\\..\\b", "\\\\host\\a", "~"]
)
def test_references_out_of_the_folder(path, forge):
    forged = forge(SentenceTransformerEncoder("model"))
    forged.model["parameters"]["model"] = path
    forged.refused("model refers to .*only relative paths")


def test_parameters_are_checked(forge):
    forged = forge("polylingual")
    forged.model["parameters"]["n_jobs"] = "many"
    forged.refused("The 'n_jobs' parameter of PolylingualLDA")
    del forged.model["parameters"]["n_jobs"]
    forged.model["parameters"]["topic_word_prior"] = {"float": "nan"}
    forged.refused("The 'topic_word_prior' parameter")
    forged.model["parameters"]["n_threads"] = 3
    forged.refused("unknown parameters")


def test_a_random_state_that_reads_beyond_its_numbers(forge):
    forged = forge("polylingual")
    state = forged.fitted()["_random_state"][1]["RandomState"]
    assert state[1] <= 624
    state[1] = 10**6
    forged.refused("no random state")


@pytest.mark.parametrize("field", ["topic_word_counts_", "mean_topic_word_counts_"])
def test_arrays_of_other_shapes_are_refused_by_name(forge, field):
    forged = forge("polylingual")
    counts = pairs(forged.fitted()[field][1])
    name = counts["de"]["array"]
    bad = [
        np.ones((2, 3)),
        *(np.full((2, 6), value) for value in (np.nan, 1e308, -1.0)),
    ]
    for forged.arrays[name] in bad:
        forged.refused("the counts of 'de'")


def test_topics_that_are_no_distributions(forge):
    forged = forge("polylingual")
    forged.model["parameters"]["topic_word_prior"] = 5e-324
    counts = pairs(forged.fitted()["mean_topic_word_counts_"][1])
    forged.arrays[counts["de"]["array"]] = np.eye(2, 6)
    forged.refused("no distributions")


def test_a_prior_whose_sum_is_not_finite(forge):
    forged = forge("polylingual")
    name = forged.fitted()["doc_topic_prior_"][1]["array"]
    forged.arrays[name] = np.full(2, 1e308)
    forged.refused("doc_topic_prior_ is not above zero, or out of bounds")


def test_an_array_is_used_once_and_none_is_left_over(forge):
    forged = forge("polylingual")
    forged.arrays["more"] = np.ones(2)
    forged.refused("nothing refers to its arrays more")
    del forged.arrays["more"]
    counts = pairs(forged.fitted()["topic_word_counts_"][1])
    counts["de"]["array"] = counts["en"]["array"]
    forged.refused("not there any more")


def test_a_vocabulary_of_no_characters(forge):
    forged = forge("polylingual")
    name = pairs(forged.fitted()["vocabularies_"][1])["en"]["words"]
    forged.arrays[name] = np.full_like(forged.arrays[name], 2**32 - 1)
    forged.refused("a character that is none")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("n_components", 10**9, "topics|shape"),
        ("hidden_layer_sizes", [10**9], "shape"),
        ("hidden_layer_sizes", [2**40], "hidden layers"),
        ("widths", {"dict": [["en", 10**9], ["de", 4], ["image", 3]]}, "network"),
        ("activation", "eval", "activation"),
        ("dropout", 1.5, "dropout"),
        ("dropout", None, "dropout"),
        ("seed", -1, "seed"),
        ("inference_networks", {"dict": [["en", 5], ["de", 0], ["image", 1]]}, "order"),
        ("decoded_from", {"dict": [["en", "x"], ["de", "de"]]}, "unknown view"),
    ],
)
def test_networks_of_other_sizes_take_no_memory(field, value, message, forge):
    forged = forge("contrast")
    network = pairs(pairs(forged.fitted()["net_"][1])["network"])
    pair = next(
        pair
        for pair in pairs(forged.fitted()["net_"][1])["network"]["dict"]
        if pair[0] == field
    )
    assert field in network
    pair[1] = value
    forged.refused(message)


def test_a_network_of_other_words_than_the_vocabulary(forge):
    forged = forge("contrast")
    name = pairs(forged.fitted()["vocabularies_"][1])["en"]["words"]
    forged.arrays[name] = forged.arrays[name][:-1]
    forged.refused("view 'en' has other words than its network")


def test_attributes_that_are_missing_or_unknown(forge):
    forged = forge("zero_shot")
    pair = forged.fitted()["view_"]
    pair[0] = "__class__"
    forged.refused("view_ is missing")
    forged = forge("polylingual")
    forged.model["fitted"]["dict"].append(["__class__", 1])
    forged.refused("unknown attributes: '__class__'")


def test_an_unfitted_part_of_a_fitted_encoder(forge):
    forged = forge("pipeline")
    encoder = forged.model["parameters"]["steps"][0]["tuple"][1]
    view = forged.fitted(encoder)["views_"][1][0]["tuple"][1]
    view["fitted"] = None
    forged.arrays.clear()
    with pytest.raises(ModelFileError, match="not there|not fitted"):
        forged.load()


@pytest.mark.parametrize(
    "name", [n for n in MODELS if n not in ("polylingual", "pipeline")]
)
def test_shapes_are_those_of_the_network(name):
    net = MODELS[name].net_
    network = net.get_params_for("module")
    numbers = dict(zip(net.module_.encoded, net.module_.network_of, strict=True))
    shapes = parameter_shapes(network | {"inference_networks": numbers})
    actual = {n: tuple(t.shape) for n, t in net.module_.state_dict().items()}
    assert shapes == actual


KILLED = """
import os, signal, sys
from sklearn_m3l import PolylingualLDA, save_model
from sklearn_m3l.utils import _files

def die(descriptor):
    os.kill(os.getpid(), signal.SIGKILL)

_files.os.fsync = die
save_model(PolylingualLDA(3), sys.argv[1])
"""


def test_a_process_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "model"
    save_model(PolylingualLDA(2), path)
    before = path.read_bytes()
    ended = subprocess.run([sys.executable, "-c", KILLED, path])
    assert ended.returncode == -9
    assert path.read_bytes() == before
    assert load_model(path).n_components == 2


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save_model(PolylingualLDA(2), path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sklearn_m3l.utils._files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(PolylingualLDA(3), path)
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    assert load_model(path).n_components == 2


def test_a_link_stays_a_link(tmp_path):
    target = tmp_path / "target"
    save_model(PolylingualLDA(2), target)
    (tmp_path / "link").symlink_to(target)
    save_model(PolylingualLDA(3), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load_model(target).n_components == 3

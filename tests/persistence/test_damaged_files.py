"""A file that is damaged, forged or newer is refused, and the message says why."""

import json
import os
import subprocess
import sys
import time
from functools import cache

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.base import clone
from small_models import NEURAL, fitted_models, make_tuples

from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA, load_model, save_model
from sklearn_m3l.embedding import (
    LsaEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)
from sklearn_m3l.persistence import ModelFileError
from sklearn_m3l.utils._storage import _KEY, _checksum, _code_points, dumps


@cache
def models():
    return {name: model for name, (model, _) in fitted_models().items()}


class Forgery:
    """The description and the arrays of a file, to change and to store again."""

    def __init__(self, path):
        self.path = path
        with safe_open(path, framework="np") as file:
            self.content = json.loads(file.metadata()[_KEY].partition(" ")[2])
            self.arrays = {name: file.get_tensor(name) for name in list(file.keys())}
        self.model = self.content["content"]

    def fitted(self, node=None):
        """Return the fitted attributes of an estimator, as pairs by name."""
        pairs = (node or self.model)["fitted"]["dict"]
        return {pair[0]: pair for pair in pairs}

    def load(self):
        """Store with a checksum that fits, and load."""
        text = json.dumps(self.content)
        checksum = _checksum(text, self.arrays)
        save_file(self.arrays, self.path, metadata={_KEY: f"{checksum} {text}"})
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
        model = models()[model] if isinstance(model, str) else model
        save_model(model, tmp_path / "model.safetensors")
        return Forgery(tmp_path / "model.safetensors")

    return store


def pairs(node):
    """Return a dict of the description as a dict."""
    return dict(node["dict"])


def test_files_that_are_not_model_files(tmp_path):
    path = tmp_path / "model"
    with pytest.raises(FileNotFoundError):
        load_model(path)
    with pytest.raises(IsADirectoryError):
        load_model(tmp_path)
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        save_model(PolylingualLDA(), tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ModelFileError, match="not a stored model"):
        load_model(path)
    path.write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(ModelFileError, match="not a stored model"):
        load_model(path)
    save_file({"a": np.ones(3)}, path, metadata={"other": "1"})
    with pytest.raises(ModelFileError, match="not of sklearn-m3l"):
        load_model(path)
    save_file({"a": np.ones(3)}, path)
    with pytest.raises(ModelFileError, match="not of sklearn-m3l"):
        load_model(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_devices_and_pipes_are_not_model_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # to which nobody writes
    for path in ("/dev/null", "/dev/zero", tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a regular file"):
            load_model(path)


def test_every_truncated_file_is_refused(tmp_path):
    path = tmp_path / "model"
    save_model(models()["array"], path)
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
    save_model(models()["polylingual"], path)
    data = path.read_bytes()
    for place in range(0, len(data), 11):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            load_model(path)


def test_a_header_in_another_encoding(tmp_path):
    path = tmp_path / "model"
    save_model(PolylingualLDA(), path)
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    for encoding in ("utf-16-le", "utf-32-be"):
        header = data[8:end].decode().encode(encoding)
        path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])
        with pytest.raises(ModelFileError, match="damaged, or not a stored model"):
            load_model(path)


def test_a_newer_version_says_so(forge):
    forged = forge("polylingual")
    forged.content["format_version"] = 2
    forged.refused("format version 2.*install a newer")
    forged.content["format_version"] = "1"
    forged.refused("no format version")


@pytest.mark.parametrize("text", ["", "[]", "{", "NaN", '{"format_version": 1}'])
def test_invalid_descriptions(text, tmp_path):
    path = tmp_path / "model"
    save_file({}, path, metadata={_KEY: f"{_checksum(text, {})} {text}"})
    with pytest.raises(ModelFileError, match="description|not a stored model"):
        load_model(path)


def test_a_checkpoint_is_not_a_model(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(dumps("checkpoint", {"a": np.ones(3)}))
    with pytest.raises(ModelFileError, match="not a stored model"):
        load_model(path)


def test_deep_nesting_and_huge_numbers(tmp_path):
    path = tmp_path / "model"
    for value in ("[" * 10**5 + "]" * 10**5, "9" * 10**4, "9" * 100, "1e999", "NaN"):
        text = f'{{"kind": "model", "format_version": 1, "content": {value}}}'
        save_file({}, path, metadata={_KEY: f"{_checksum(text, {})} {text}"})
        with pytest.raises(ModelFileError, match="description"):
            load_model(path)


@pytest.mark.slow
def test_millions_of_values_are_refused_before_they_are_parsed(tmp_path):
    path = tmp_path / "model"
    for value in ("[" + "[]," * 10**6 + "[]]", '{"a":' * 2**21 + "1" + "}" * 2**21):
        text = f'{{"kind": "model", "format_version": 1, "content": {value}}}'
        save_file({}, path, metadata={_KEY: f"{_checksum(text, {})} {text}"})
        with pytest.raises(ModelFileError, match="more than 1048576 values"):
            load_model(path)
    save_file({str(n): np.ones(1, np.int8) for n in range(250_000)}, path)
    with pytest.raises(ModelFileError, match="more than 1048576 values"):
        load_model(path)


def test_no_class_beyond_the_list(forge):
    forged = forge(PolylingualLDA())
    for name in ("os.system", "RandomForestClassifier", "BaseTopicModel", "", 3, []):
        forged.model["estimator"] = name
        forged.refused("unknown value")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"type": "eval"}, "unknown value"),
        ({"float": "1e5"}, "unknown value"),
        ({"path": 3}, "not a path"),
        ({"array": "0", "order": "C"}, "does not exist"),
        ({"names": ["a", 1]}, "not a list of strings"),
        ({"dict": [[{"tuple": [[]]}, 1]]}, "a key that is not"),
        ({"dict": [[{"tuple": [-1, -2]}, 1]]}, "a key that is not"),
        ({"dict": [[0.5, 1]]}, "a key that is not"),
        ({"dict": [["a", 1], ["a", 2]]}, "repeats a key"),
        ({"dict": [["a"]]}, "a malformed pair"),
        ({"tuple": 3}, "not a list"),
        ({"unknown": 3}, "unknown kind"),
        ({"tuple": [], "dict": []}, "unknown kind"),
        ({}, "unknown kind"),
        (2**128, "too large a number"),
        ({"RandomState": [1, 2, 3, 4]}, "not a random state"),
    ],
    ids=repr,
)
def test_invalid_values(value, message, forge):
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


def test_parameters_are_checked(forge):
    forged = forge("polylingual")
    forged.model["parameters"]["n_jobs"] = "many"
    forged.refused("The 'n_jobs' parameter of PolylingualLDA")
    del forged.model["parameters"]["n_jobs"]
    forged.model["parameters"]["topic_word_prior"] = {"float": "nan"}
    forged.refused("The 'topic_word_prior' parameter")
    forged.model["parameters"]["n_threads"] = 3
    forged.refused("unknown parameters")


@pytest.mark.parametrize("value", [[3], ["print_log"]])
def test_callbacks_of_a_file_are_used_in_training_alone(value, forge):
    forged = forge("contrast")
    forged.model["parameters"]["callbacks"] = value
    X, model = make_tuples(), forged.load()
    np.testing.assert_array_equal(model.transform(X), models()["contrast"].transform(X))
    with pytest.raises(TypeError, match="callbacks"):
        model.fit(X)


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        ("polylingual", "transform_max_iter", 10**15),
        ("polylingual", "burn_in", 10**9),
        ("polylingual", "n_jobs", 10**6),
        ("polylingual", "n_components", 10**6),
        ("contrast", "n_draws", 10**15),
    ],
)
def test_parameters_that_would_run_for_ever(model, name, value, forge):
    forged = forge(model)
    forged.model["parameters"][name] = value
    forged.refused(f"The '{name}' parameter of .* must be")
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        clone(models()[model]).set_params(**{name: value}).fit(make_tuples())


def test_a_vectorizer_that_reads_files(forge):
    forged = forge("pipeline")
    encoder = forged.model["parameters"]["steps"][0]["tuple"][1]
    view = encoder["parameters"]["views"][0]["tuple"][1]
    for vectorizer in (
        view["parameters"]["vectorizer"],
        forged.fitted(view)["vectorizer_"][1] if view["fitted"] else None,
    ):
        if vectorizer is not None:
            vectorizer["parameters"]["input"] = "filename"
            forged.refused("a stored WordVectorizer may not read files")
            vectorizer["parameters"]["input"] = "content"
            vectorizer["parameters"]["ngram_range"] = {"tuple": [1, 2, 3]}
            forged.refused("ngram_range must be a pair")
            vectorizer["parameters"]["ngram_range"] = {"tuple": [1, 1]}
            for name in ("language", "stop_words"):
                vectorizer["parameters"][name] = [[]]
                forged.refused(f"{name} must be a string or a list of strings")
                del vectorizer["parameters"][name]
            for dtype in ("", "0", "O", "U3", "(2,)f4", None, []):
                vectorizer["parameters"]["dtype"] = dtype
                forged.refused("dtype|unhashable")


@pytest.mark.parametrize("pattern", ["(?:a+)+$", r"(\\w+\\s?)*;", ""])
def test_patterns_that_would_backtrack_for_ever(pattern, forge):
    forged = forge(WordVectorizer())
    forged.model["parameters"]["token_pattern"] = pattern
    forged.refused("may not have a token_pattern of its own")
    with pytest.raises(ValueError, match="may not have a token_pattern of its own"):
        save_model(WordVectorizer(token_pattern=pattern), forged.path)


def test_sequences_of_words_without_end(forge):
    forged = forge(WordVectorizer(analyzer="char"))
    forged.model["parameters"]["ngram_range"] = {"tuple": [1, 10**9]}
    forged.refused("ngram_range must be a pair")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokenizer", "os"),
        ("tokenizer", ["jieba"]),
        ("lemmatize", "fi"),
        ("lemmatize", 3),
    ],
)
def test_functions_that_a_file_names(name, value, forge):
    forged = forge(WordVectorizer())
    forged.model["parameters"][name] = value
    forged.refused(f"The '{name}' parameter of WordVectorizer|unhashable")
    forged = forge(WordVectorizer(stop_words=None).fit(["a brush"]))
    forged.fitted()["tokenizer_"][1] = value
    forged.refused("tokenizer_ must be one of")


@pytest.mark.parametrize(
    ("step", "name", "value"),
    [
        ("tfidf_", "idf_", 0.5),
        ("tfidf_", "idf_", 1e30),
        ("tfidf_", "idf_", np.nan),
        (None, "components_", 1e30),
        (None, "components_", -2.0),
    ],
)
def test_weights_that_no_fit_gives(step, name, value, forge):
    encoder = LsaEncoder(2, random_state=0).fit(["brush ink", "layer mask", "path"])
    forged = forge(encoder)
    node = None if step is None else forged.fitted()[step][1]
    array = forged.fitted(node)[name][1]["array"]
    forged.arrays[array].flat[0] = value
    forged.refused(f"{name} must be an array")


@pytest.mark.parametrize("version", ["0", "2", "", None, 1])
def test_other_word_vectors(version, forge):
    for model in (StaticEncoder(), TextView(language="en")):
        forged = forge(model.fit(["a brush", "the layer"]))
        node = forged.model
        if isinstance(model, TextView):
            node = forged.fitted()["encoder_"][1]
        assert forged.fitted(node)["version_"][1] == "1"
        forged.fitted(node)["version_"][1] = version
        forged.refused(
            "version_ is '.', but the word vectors of the .* are version '1'; fit"
            if version and isinstance(version, str)
            else "version_ must be a non-empty string"
        )


def test_thousands_of_views(forge):
    forged = forge("contrast")
    net = pairs(forged.fitted()["net_"][1])
    net["parameters"]["dict"] += [[f"more {n}", None] for n in range(3000)]
    for field, value in ("widths", 4), ("inference_networks", 0):
        more = [[f"view {n}", value] for n in range(1000)]
        pairs(net["network"])[field]["dict"] += more
    started = time.process_time()
    forged.refused("more than 1000 views")
    assert time.process_time() - started < 10


@pytest.mark.slow
def test_hundreds_of_thousands_of_estimators(forge, tmp_path):
    forged = forge(TextView())
    part = {"estimator": "TextView", "parameters": {}}
    forged.model["parameters"]["language"] = [part] * 200_000
    forged.refused("more than 20000 estimators")
    with pytest.raises(ValueError, match="more than 20000 estimators"):
        save_model(TextView(language=[TextView()] * 20_000), tmp_path / "many")
    many = [str(number) for number in range(2**20)]
    with pytest.raises(ValueError, match="describes more than 1048576 values"):
        save_model(TextView(language=many), tmp_path / "many")
    assert not (tmp_path / "many").exists()


def test_a_file_that_is_truncated_while_it_is_loaded(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save_model(models()["contrast"], path)

    parse = json.loads

    def truncate(text, **options):
        path.write_bytes(b"")
        return parse(text, **options)

    monkeypatch.setattr(json, "loads", truncate)
    assert load_model(path).n_components == 2


def test_a_teacher_that_is_given_another_width(forge):
    forged = forge("student_of_text")
    forged.fitted()["view_widths_"][1]["dict"][0][1] = 7
    forged.refused("its teacher has view 'en' of another width")


def test_a_random_state_that_reads_beyond_its_numbers(forge):
    forged = forge("polylingual")
    state = forged.fitted()["_random_state"][1]["RandomState"]
    assert state[1] <= 624
    state[1] = 10**6
    forged.refused("not a random state")


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
        forged.refused(f"{field} of view 'de'")


def test_topics_without_words(forge):
    forged = forge("polylingual")
    forged.model["parameters"]["topic_word_prior"] = 5e-324
    counts = pairs(forged.fitted()["mean_topic_word_counts_"][1])
    forged.arrays[counts["de"]["array"]] = np.eye(2, 6)
    forged.refused("topic_word_counts_ of view 'en' has no words")


def test_priors_that_are_out_of_range(forge):
    forged = forge("polylingual")
    name = forged.fitted()["doc_topic_prior_"][1]["array"]
    for values in ([1e308, 1e308], [0.0, 1.0], [-1.0, 1.0], [np.nan, 1.0], [], [[1.0]]):
        forged.arrays[name] = np.array(values)
        forged.refused("doc_topic_prior_ must be an array")
    forged.arrays[name] = np.ones(3)
    forged.refused("topic_word_counts_ of view 'en' has another shape")
    forged.arrays[name] = np.ones(2**15)
    forged.refused("more than 32767 topics")


def test_an_array_is_used_once_and_none_is_left_over(forge):
    forged = forge("polylingual")
    forged.arrays["more"] = np.ones(2)
    forged.refused("nothing refers to its arrays more")
    del forged.arrays["more"]
    counts = pairs(forged.fitted()["topic_word_counts_"][1])
    counts["de"]["array"] = counts["en"]["array"]
    forged.refused("is used already")


def test_invalid_characters(forge):
    forged = forge("polylingual")
    name = pairs(forged.fitted()["vocabularies_"][1])["en"]["words"]
    forged.arrays[name] = np.full_like(forged.arrays[name], 2**32 - 1)
    forged.refused("an invalid character")


@pytest.mark.parametrize("model", ["polylingual", "contrast"])
@pytest.mark.parametrize(
    "words",
    [
        ["brush", "ink", "ink", "mask", "path"],
        ["brush", "", "layer", "mask", "path"],
        ["brush", "ink\x1b]52;c;YQ==\x07", "layer", "mask", "path"],
        ["brush", "ink", "layer", "mask", "a\nb"],
    ],
)
def test_words_that_no_vocabulary_has(model, words, forge):
    forged = forge(model)
    name = pairs(forged.fitted()["vocabularies_"][1])["en"]["words"]
    forged.arrays[name] = _code_points(np.array(words))
    forged.refused("vocabularies_ of view 'en' must be an array of distinct non-empty")


@pytest.fixture(
    scope="module",
    params=[PolylingualLDA(2, max_iter=2), M3LContrastTopicModel(**NEURAL)],
    ids=["lda", "m3l"],
)
def of_six_words(request):
    return clone(request.param).fit(np.eye(6))


@pytest.mark.parametrize("n_features", [0, 1, 12, 600, 100_000, 2**60, "6", True])
def test_another_number_of_features(of_six_words, n_features, forge):
    forged = forge(of_six_words)
    forged.fitted()["n_features_in_"][1] = n_features
    forged.refused("n_features_in_")


def test_an_array_is_not_a_table_of_views(forge):
    forged = forge("array")
    forged.fitted()["_fitted_on_array"][1] = False
    forged.refused("feature_names_in_")
    forged = forge("polylingual")
    forged.fitted()["_fitted_on_array"][1] = True
    forged.refused("a single view")


@pytest.mark.parametrize("change", ["repeat", "rename", "empty", "escape"])
def test_names_of_views_that_contradict_each_other(change, forge):
    forged = forge("contrast")
    names = forged.fitted()["feature_names_in_"][1]["names"]
    names[1] = {"repeat": "en", "rename": "fr", "empty": "", "escape": "a\x1b"}[change]
    forged.refused("feature_names_in_")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("n_components", 10**9, "topics|shape"),
        ("n_components", 0, "'n_components' parameter of M3LContrastTopicModel"),
        ("hidden_layer_sizes", [10**9], "shape"),
        ("hidden_layer_sizes", [10**9, 10**9, 10**9], "cannot be built|parameters"),
        ("hidden_layer_sizes", [2**40], "hidden layers"),
        ("hidden_layer_sizes", [1] * 10**5, "fewer parameters than parts"),
        ("hidden_layer_sizes", {"array": "0", "order": "C"}, "hidden layers|not exist"),
        ("widths", {"dict": [["en", 10**9], ["de", 4], ["image", 3]]}, "network"),
        ("widths", {"dict": [["en", 4], ["de", 4]]}, "other views"),
        ("n_words", {"dict": [["en", 10**9], ["de", 6]]}, "shape"),
        ("activation", "eval", "'activation' parameter of M3LContrastTopicModel"),
        ("scale", 2**64, "too big|too large"),
        ("dropout", 1.5, "'dropout' parameter of M3LContrastTopicModel"),
        ("dropout", None, "'dropout' parameter of M3LContrastTopicModel"),
        ("dropout", {"float": "nan"}, "'dropout' parameter of M3LContrastTopicModel"),
        ("seed", -1, "seed"),
        ("seed", 2**70, "seed"),
        ("inference_networks", {"dict": [["en", 0], ["de", 0], ["image", 0]]}, "width"),
        ("inference_networks", {"dict": [["en", []], ["de", 0], ["image", 1]]}, "numb"),
        ("decoded_from", {"dict": [["en", "x"], ["de", "de"]]}, "unknown view"),
        ("decoded_from", {"dict": [["en", []], ["de", "de"]]}, "unknown view"),
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


def parameter(forged, name):
    """Return the name of the array of a parameter of the network."""
    return pairs(pairs(forged.fitted()["net_"][1])["parameters"])[name]["array"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inference.0.norm.variance", -1.0),
        ("standardize.0.scale", 0.0),
        ("standardize.1.scale", -1.0),
        ("inference.0.head.weight", 1e20),
        ("inference.0.head.bias", np.nan),
        ("standardize.0.mean", np.inf),
    ],
)
def test_parameters_out_of_range(name, value, forge):
    forged = forge("contrast")
    forged.arrays[parameter(forged, name)].flat[0] = value
    forged.refused(f"parameter {name}")


def test_networks_of_another_loss(forge):
    forged = forge("zero_shot")
    loss = pairs(forged.fitted()["net_"][1])["loss"]["dict"]
    loss.append(["similarity", "eval"])
    forged.refused("arguments that ZeroShotTopicModel does not have")
    loss[-1] = ["prior_weight", -1.0]
    forged.refused("repeats a key|'prior_weight' parameter")
    loss[-1] = ["forward", 1]
    forged.refused("unknown arguments of TopicLoss")


def test_losses_that_are_incomplete(forge):
    forged = forge("contrast")
    name = pairs(forged.fitted()["net_"][1])["train_loss"]["array"]
    for values in (np.full(2, np.nan), np.ones((1, 2)), np.ones(2, np.float32)):
        forged.arrays[name] = values
        forged.refused("incomplete losses")


def test_a_network_of_other_words_than_the_vocabulary(forge):
    forged = forge("contrast")
    name = pairs(forged.fitted()["vocabularies_"][1])["en"]["words"]
    forged.arrays[name] = forged.arrays[name][:-1]
    forged.refused("view 'en' has other words than its network")


def test_attributes_that_are_missing_or_unknown(forge):
    forged = forge("zero_shot")
    pair = forged.fitted()["view_"]
    pair[0] = "__class__"
    forged.refused("unknown attribute '__class__'")
    del forged.fitted()["__class__"][:]
    forged.model["fitted"]["dict"].remove([])
    forged.refused("the attribute view_ is missing")
    forged = forge("polylingual")
    forged.model["fitted"]["dict"].append(["__class__", 1])
    forged.refused("unknown attribute '__class__'")


def test_an_unfitted_part_of_a_fitted_encoder(forge):
    forged = forge("pipeline")
    encoder = forged.model["parameters"]["steps"][0]["tuple"][1]
    view = forged.fitted(encoder)["views_"][1][0]["tuple"][1]
    view["fitted"] = None
    forged.arrays.clear()
    with pytest.raises(ModelFileError, match="does not exist|must be a fitted"):
        forged.load()


KILLED = """
import os, signal, sys
from sklearn_m3l import PolylingualLDA, save_model
from sklearn_m3l.utils import _files

def die(descriptor):
    os.kill(os.getpid(), signal.SIGKILL)

_files.os.fsync = die
save_model(PolylingualLDA(3), sys.argv[1])
"""


@pytest.mark.slow
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

    monkeypatch.setattr(os, "fsync", full)
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

"""Values are stored without code, and come back as they were or not at all."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_equal
from safetensors.numpy import save
from scipy import sparse

from sklearn_m3l.utils._storage import (
    _KEY,
    StorageError,
    _checksum,
    digest,
    dumps,
    loads,
    pack,
    unpack,
)

STATE = {
    "numbers": [0, -1, 2**127, -0.0, 1e-310, np.inf, True, None],
    "texts": ("", "ä", "\ud800", "a\0"),
    "arrays": {
        "matrix": np.arange(6.0).reshape(2, 3),
        "columns first": np.arange(6, dtype=np.int16).reshape(2, 3).T,
        "scalar": np.array(7),
        "empty": np.array([], dtype=np.float32),
        "flags": np.array([True, False]),
        "words": np.array(["ä", "", "long"]),
        "names": np.array(["ä", "\ud800"], dtype=object),
    },
    "number": np.float32(0.1),
    "keys": {1: "a", -2: "b", None: {False: {}}, "": []},
}


def test_plain_values_come_back():
    found = loads("state", dumps("state", STATE))
    assert_equal(found, STATE)
    assert repr(found) == repr(STATE)
    assert found["arrays"]["columns first"].flags.fnc


def test_the_same_value_gives_the_same_bytes():
    assert dumps("state", STATE) == dumps(
        "state", loads("state", dumps("state", STATE))
    )


def test_every_flipped_bit_is_noticed():
    data = dumps("state", STATE)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(StorageError):
            loads("state", bytes(changed))


def test_every_truncated_value_is_refused():
    data = dumps("state", STATE)
    for length in range(0, len(data), 7):
        with pytest.raises(StorageError, match="damaged"):
            loads("state", data[:length])


def test_the_kind_is_checked():
    with pytest.raises(StorageError, match="not a stored model"):
        loads("model", dumps("state", 1))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "the state is a builtins.set"),
        ([object()], r"the state\[0\] is a builtins.object"),
        ({"a": {(1, 2): 3}}, r"a key of the state\['a'\] is a builtins.tuple"),
        ({0.5: 1}, "a key of the state is a builtins.float"),
        (np.array([1j]), "a numpy.ndarray"),
        (np.array([None]), "a numpy.ndarray"),
        (np.empty((0, 3)), "an empty array"),
        (np.array([["a"]]), "2 dimensions"),
        (2**128, "too large a number"),
    ],
)
def test_what_cannot_be_stored(value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        dumps("state", value)


def test_values_that_contain_themselves():
    value: list = []
    value.append(value)
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps("state", value)


def stored(content, arrays=None):
    """Return a description as bytes whose checksum fits."""
    return pack("state", content, arrays or {})


@pytest.mark.parametrize(
    "content",
    [
        {"dict": [[{"tuple": [-1, -2]}, 1]]},
        {"dict": [["a", 1], ["a", 2]]},
        {"dict": [[1, 1], [True, 2]]},
        {"dict": [1]},
        {"array": "0", "order": "C"},
        {"array": ["0"], "order": "C"},
        {"words": "0"},
        {"estimator": "os.system"},
        {"float": "1e999"},
        {},
    ],
    ids=repr,
)
def test_descriptions_that_are_refused(content):
    with pytest.raises(StorageError):
        loads("state", stored(content))


def test_arrays_are_used_once_and_all():
    one = {"0": np.ones(2)}
    node = {"array": "0", "order": "C"}
    with pytest.raises(StorageError, match="used already"):
        loads("state", stored([node, node], one))
    with pytest.raises(StorageError, match="nothing refers to its arrays 0"):
        loads("state", stored([], one))


def test_flags_that_are_neither_true_nor_false():
    flags = np.array([7], dtype=np.uint8).view(bool)
    with pytest.raises(StorageError, match="other than True and False"):
        loads("state", stored({"array": "0", "order": "C"}, {"0": flags}))


def test_keys_that_can_be_made_to_collide_are_refused():
    for key in (k * (2**61 - 1) + 1 for k in (1, 2, 3)):
        assert hash(key) == 1
        with pytest.raises(StorageError, match="not a string or integer"):
            loads("state", stored({"dict": [[key, 0]]}))


def test_a_checksum_of_a_forged_header():
    text = json.dumps({"kind": "state", "format_version": 1, "content": 1})
    data = save({}, {_KEY: f"{_checksum(text, {})} {text}"})
    assert unpack("state", data) == (1, {})
    for other in (f"{'0' * 64} {text}", text, "", f"{_checksum(text, {})}{text}"):
        with pytest.raises(StorageError, match="checksum"):
            unpack("state", save({}, {_KEY: other}))


def test_digests_tell_values_apart():
    matrix = sparse.csr_array([[1.0, 0], [0, 2]])
    values = [
        [1], [1.0], ["1"], [[1]], [True], [None], [], [[], []], [[[]]],
        [np.ones(2)], [np.ones((2, 1))], [np.ones(2, np.float32)], [np.ones(3)],
        [{"a": 1}], [{"a": 2}], [{"b": 1}], [matrix], [matrix * 2], [np.eye(2)],
        ["a", "b"], ["ab"], [["a"], "b"],
    ]  # fmt: skip
    assert len({digest(*value) for value in values}) == len(values)
    assert digest(iter([np.ones(2), np.eye(2)])) == digest([np.ones(2), np.eye(2)])


def test_digests_are_the_same_in_another_process():
    script = (
        "import numpy as np; from sklearn_m3l.utils._storage import digest;"
        "print(digest({'a': np.eye(3)}, ['x', 1.5, len]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == digest({"a": np.eye(3)}, ["x", 1.5, len])

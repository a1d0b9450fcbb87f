"""Load and use mutated model files: each must be refused, or work.

    python -m benchmarks.fuzz_models --cases 20000 --jobs 2

Every file is a mutation of a stored model: bits, bytes and lengths anywhere, or values
of its description and its arrays, with a checksum that fits, so that what comes behind
the checksum is reached. `benchmarks.fuzzing` tells what counts as a failure.
"""

import json
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from benchmarks.fuzzing import main, write
from sklearn_m3l import load_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.persistence import ModelFileError
from sklearn_m3l.utils._storage import _KEY, _checksum

SEEDS = Path(__file__).parents[1] / "tests" / "persistence" / "data" / "version_1"
_NAME = "model.safetensors"

_VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, 2**53, 2**63, 2**64,
    -(2**63), 10**30, 0.0, -0.0, 0.5, 1.0, -1.5, 1e-320, 1e308, "", "a", "en", "de",
    "nan", "0", "\0", "../x", "/etc/passwd", "C:\\x", "cuda", "meta", "cpu:1", "\ud800",
    "x" * 5000, [], {}, [[]], [{}], {"a": 1}, {"tuple": []}, {"dict": []},
    {"dict": [[{"tuple": []}, 1]]}, {"dict": [[[], 1]]}, {"float": "nan"},
    {"float": "inf"}, {"path": "a"}, {"type": "int"}, {"path": "../a"},
    {"names": ["a"]}, {"names": [1]}, {"array": "0", "order": "C"},
    {"array": "1", "order": "F"}, {"scalar": "0"}, {"words": "0"}, {"words": "1"},
    {"RandomState": [1, 2, 3, 4]}, {"RandomState": [{"array": "0"}, 700, 0, 0.0]},
    {"estimator": "os.system", "parameters": {}}, {"estimator": "Pipeline"},
    {"estimator": "LsaEncoder", "parameters": {}, "fitted": {"dict": []}},
    {"estimator": "Pipeline", "parameters": {"steps": []}, "fitted": None},
]  # fmt: skip


def read_seed(path: Path) -> tuple[bytes, dict, dict[str, np.ndarray]]:
    """Return a model file as bytes, description and arrays."""
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()[_KEY].partition(" ")[2])
        arrays = {name: file.get_tensor(name) for name in list(file.keys())}
    return path.read_bytes(), content, arrays


def mutate(seeds: list, rng: random.Random) -> bytes:
    """Return a mutation of one of the seeds."""
    seed = rng.choice(seeds)
    change = rng.choices(
        [_flip, _cut, _insert, _splice, _lengthen, _retype, _describe, _rearrange],
        [1, 1, 1, 1, 1, 2, 8, 5],
    )[0]
    try:
        return change(seed, seeds, rng)
    except RecursionError:  # too deep to be written, let alone read
        return _flip(seed, seeds, rng)


def _flip(seed, seeds, rng) -> bytes:
    data = bytearray(seed[0])
    # Half of the time in the header, which most of the file is not.
    end = min(len(data), 16) if rng.random() < 0.3 else len(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(data)


def _cut(seed, seeds, rng) -> bytes:
    return seed[0][: rng.randrange(len(seed[0]))]


def _insert(seed, seeds, rng) -> bytes:
    place, part = rng.randrange(len(seed[0]) + 1), rng.choice(seeds)[0]
    start = rng.randrange(len(part))
    new = rng.choice([rng.randbytes(rng.choice([1, 8, 999])), part[start : start + 99]])
    return seed[0][:place] + new + seed[0][place:]


def _splice(seed, seeds, rng) -> bytes:
    other = rng.choice(seeds)[0]
    return seed[0][: rng.randrange(len(seed[0]))] + other[rng.randrange(len(other)) :]


def _lengthen(seed, seeds, rng) -> bytes:
    length = int.from_bytes(seed[0][:8], "little")
    length = rng.choice(
        [0, 1, length - 1, length + 1, length * 2, 10**8, 10**8 + 1, 2**63, 2**64 - 1]
    )
    return length.to_bytes(8, "little") + seed[0][8:]


def _retype(seed, seeds, rng) -> bytes:
    """Change the header of the arrays: types, shapes, places."""
    length = int.from_bytes(seed[0][:8], "little")
    header = json.loads(seed[0][8 : 8 + length])
    entry = header[rng.choice([name for name in header if name != "__metadata__"])]
    field = rng.choice(["dtype", "shape", "data_offsets"])
    if field == "dtype":
        entry[field] = rng.choice(["F8_E4M3", "BF16", "C64", "I64", "U8", "F16", "", 3])
    else:
        numbers = [0, 1, 2, 3, 8, 2**31, 2**40, 2**62, 2**64 - 1, -1, 1.5, "1"]
        entry[field] = [
            rng.choice(numbers) for _ in range(rng.choice([0, 1, 2, 3, 65]))
        ]
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + seed[0][8 + length :]


def _describe(seed, seeds, rng) -> bytes:
    """Change values of the description, with a checksum that fits."""
    content = json.loads(json.dumps(seed[1]))
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        places = list(_places(content))
        if not places:
            break
        place, key = rng.choice(places)
        choice = rng.random()
        if choice < 0.55:
            place[key] = json.loads(json.dumps(rng.choice(_VALUES)))
        elif choice < 0.75:
            other, other_key = rng.choice(list(_places(rng.choice(seeds)[1])))
            place[key] = json.loads(json.dumps(other[other_key]))
        elif choice < 0.85:
            del place[key]
        elif choice < 0.9 and isinstance(place, dict):
            place[rng.choice(["a", "array", "dict", "estimator"])] = place.pop(key)
        elif choice < 0.95 and isinstance(place, list):
            # Once is enough: 500 times 500 would be too much for the fuzzer itself.
            many = 500 if len(places) < 2000 else 3
            place.extend(place[key : key + 1] * rng.choice([1, 2, many]))
        else:
            place[key] = _nested(place[key], rng.choice([5, 30, 50, 400]), rng)
    return _seal(content, seed[2], rng)


def _rearrange(seed, seeds, rng) -> bytes:
    """Change arrays, with a checksum that fits."""
    arrays = {name: array.copy() for name, array in seed[2].items()}
    name = rng.choice(list(arrays))
    array = arrays[name]
    values = [0, 1, -1, 255, 2**31, 1e308, -1e308, 1e-320, np.nan, np.inf]
    choice = rng.randrange(6)
    with np.errstate(all="ignore"):
        if choice < 2 and array.size:
            fill = np.array(rng.choice(values)).astype(array.dtype)
            array.reshape(-1)[rng.randrange(array.size) :][: rng.choice([1, 9**9])] = (
                fill
            )
        elif choice == 2:
            types = ["f2", "f4", "f8", "i1", "i8", "u1", "u4", "u8", "?"]
            arrays[name] = array.astype(rng.choice(types))
        elif choice == 3:
            lengths = [rng.choice([0, 1, 2, 3, 5, 99]) for _ in range(rng.randrange(4))]
            arrays[name] = np.resize(array, lengths)
        elif choice == 4:
            other = rng.choice(list(arrays))
            arrays[name], arrays[other] = arrays[other], arrays[name]
        else:
            arrays[rng.choice(["0", "99", "", "\0"])] = arrays.pop(name)
    return _seal(json.loads(json.dumps(seed[1])), arrays, rng)


def _seal(content, arrays, rng) -> bytes:
    text = json.dumps(content)
    if rng.random() < 0.02:
        deep = "[" * 10**5 + "]" * 10**5
        words = [("null", "NaN"), ("0", "9" * 5000), ("null", deep), ("1", "1e999")]
        text = text.replace(*rng.choice(words), 1)
    checksum = _checksum(text, arrays) if rng.random() < 0.98 else "0" * 64
    return save(arrays, {rng.choice([_KEY] * 99 + ["a"]): f"{checksum} {text}"})


def _places(content) -> Iterator[tuple]:
    """Iterate over everything in a description, as a container and its key."""
    todo = [content]
    while todo:
        node = todo.pop()
        keys = node if isinstance(node, dict) else range(len(node))
        for key in list(keys):
            yield node, key
            if isinstance(node[key], (dict, list)):
                todo.append(node[key])


def _nested(value, depth, rng):
    wrap: Callable = rng.choice([lambda v: [v], lambda v: {"tuple": [v]}])
    for _ in range(depth):
        value = wrap(value)
    return value


class ModelFiles:
    """Mutations of the models that are stored for the tests."""

    refusal = ModelFileError

    def __init__(self):
        self.seeds = [read_seed(path) for path in sorted(SEEDS.glob("*.safetensors"))]
        pictures = [np.zeros((8, 8)), np.ones((8, 8)), np.eye(8)]
        texts = ["a brush", "the layer, a mask", "paint the layer"]
        self.table = pd.DataFrame({"en": texts, "de": texts, "image": pictures})

    def begin(self, folder: Path) -> None:
        """Load the models themselves."""
        for message in ("the CPU is used", "have no known word"):
            warnings.filterwarnings("ignore", f".*{message}", UserWarning)
        for data, _, _ in self.seeds:
            write({_NAME: data}, folder)
            self.use(self.read(folder))

    def mutate(self, rng: random.Random) -> dict[str, bytes]:
        """Return a mutation of one of the models."""
        return {_NAME: mutate(self.seeds, rng)}

    def read(self, folder: Path) -> Any:
        """Load the model."""
        return load_model(folder / _NAME)

    def use(self, result: Any) -> None:
        """Ask a fitted model for topics and words: compiled code checks no bounds.

        A ValueError is fine: parameters may contradict the rows, or each other.
        """
        repr(result)
        with suppress(NotFittedError, ValueError):
            self._use(result)

    def _use(self, result: Any) -> None:
        if isinstance(result, Pipeline):
            table = self.table
            for _, step in result.steps[:-1]:
                if step not in (None, "passthrough"):
                    table = step.transform(table)
            result = result.steps[-1][1]
            if isinstance(table, MultiView):
                _ask(result, table)
        elif hasattr(result, "top_words"):
            _ask(result, _made_up_rows(result))


def _ask(model: Any, X: Any) -> None:
    """Ask a topic model everything."""
    theta = model.transform(X)
    if not np.isfinite(theta[:, 0]).all() or not np.isfinite(model.score(X)):
        raise ArithmeticError("topics or score are not finite")
    model.topics_frame(3)
    model.describe(X)
    model.top_rows(X, n=2)


def _made_up_rows(model: Any) -> Any:
    """Return three rows of the views that a fitted model takes."""
    if not hasattr(model, "vocabularies_"):
        return np.eye(3)
    rng, words = np.random.default_rng(0), model.vocabularies_
    if model._fitted_on_array:
        return rng.integers(0, 3, (3, model.n_features_in_)) + 1
    names = [name for name in model.views_ if name in model.view_widths_]
    widths = {name: model.view_widths_[name] for name in names}
    return MultiView.from_arrays(
        embeddings={
            name: _usual_vectors(model, name, rng.normal(size=(3, width)))
            for name, width in widths.items()
            if model._embedded[name]
        },
        counts={n: rng.integers(0, 3, (3, len(words[n]))) for n in names if n in words},
        vocabularies={name: words[name] for name in names if name in words},
    )


def _usual_vectors(model: Any, name: str, noise: np.ndarray) -> np.ndarray:
    """Return vectors with the mean and deviation that a model has seen."""
    if hasattr(model, "net_") and name in model.net_.module_.encoded:
        module = model.net_.module_
        statistics = module.standardize[module.encoded.index(name)]
        noise = statistics.mean.numpy() + statistics.scale.numpy() * noise
    return noise.astype(np.float32)


if __name__ == "__main__":
    sys.exit(main(ModelFiles(), __doc__.split("\n")[0]))

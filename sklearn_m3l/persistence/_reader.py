"""Values of models from JSON and arrays, as a file has them, trusting nothing."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_m3l.persistence._checks import ModelFileError, is_inside
from sklearn_m3l.persistence._parts import PARTS
from sklearn_m3l.persistence._writer import MAX_DEPTH, MAX_INTEGER, TYPES

_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_OUTPUTS = ("default", "pandas", "polars")


class Reader:
    """Turns JSON and arrays back into an estimator.

    Parameters
    ----------
    arrays : dict of str to ndarray
        What the JSON refers to; each array may be referred to once.
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = dict(arrays)

    def read(self, node: Any, where: str, depth: int = 0) -> Any:
        """Return the value that JSON stands for.

        Parameters
        ----------
        node : object
            JSON, as the `json` module returns it.
        where : str
            What error messages call it.
        depth : int
            How deep it is nested.
        """
        if depth > MAX_DEPTH:
            raise ModelFileError(f"{where} is nested too deeply")
        if node is None or isinstance(node, (bool, str, float)):
            return node
        if isinstance(node, int):
            if abs(node) >= MAX_INTEGER:
                raise ModelFileError(f"{where} is too large a number")
            return node
        if isinstance(node, list):
            return [
                self.read(item, f"{where}[{position}]", depth + 1)
                for position, item in enumerate(node)
            ]
        kinds = [kind for kind in _READERS if kind in node]
        if len(kinds) != 1:
            raise ModelFileError(f"{where} is of an unknown kind")
        return getattr(self, _READERS[kinds[0]])(node, where, depth)

    def finish(self) -> None:
        """Refuse arrays that nothing refers to."""
        if self._arrays:
            names = ", ".join(self._arrays)
            raise ModelFileError(f"nothing refers to its arrays {names}")

    def _read_tuple(self, node, where, depth) -> tuple:
        return tuple(self._list(node["tuple"], where, depth))

    def _read_dict(self, node, where, depth) -> dict:
        pairs = self._list(node["dict"], where, depth)
        values = {}
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2):
                raise ModelFileError(f"{where} holds a pair that is none")
            key, value = pair
            try:
                values[key] = value
            except TypeError as error:
                raise ModelFileError(f"{where} has a key that is none") from error
        if len(values) != len(pairs):
            raise ModelFileError(f"{where} has a key twice")
        return values

    def _list(self, node, where, depth) -> list:
        if not isinstance(node, list):
            raise ModelFileError(f"{where} is no list")
        return self.read(node, where, depth)

    def _read_float(self, node, where, depth) -> float:
        return _FLOATS[_known(node["float"], _FLOATS, where)]

    def _read_type(self, node, where, depth) -> type:
        return TYPES[_known(node["type"], TYPES, where)]

    def _read_path(self, node, where, depth) -> Path:
        _require_inside(node["path"], where)
        return Path(node["path"])

    def _read_names(self, node, where, depth) -> np.ndarray:
        names = node["names"]
        if not isinstance(names, list) or any(type(n) is not str for n in names):
            raise ModelFileError(f"{where} is no list of texts")
        array = np.empty(len(names), dtype=object)
        array[:] = names
        return array

    def _read_array(self, node, where, depth) -> np.ndarray:
        array = self._fetch(node["array"], where)
        order = _known(node.get("order"), ("C", "F"), where)
        return np.asfortranarray(array) if order == "F" else array

    def _read_scalar(self, node, where, depth) -> Any:
        array = self._fetch(node["scalar"], where)
        if array.ndim:
            raise ModelFileError(f"{where} is an array, not a number")
        return array[()]

    def _read_words(self, node, where, depth) -> np.ndarray:
        codes = self._fetch(node["words"], where)
        if codes.dtype != np.uint32 or codes.ndim not in (1, 2):
            raise ModelFileError(f"{where} is no array of texts")
        if codes.size and codes.max() > 0x10FFFF:
            raise ModelFileError(f"{where} has a character that is none")
        if codes.ndim == 1:
            codes = codes.reshape(-1, 1)
        return np.ascontiguousarray(codes).view(f"<U{codes.shape[1]}").reshape(-1)

    def _fetch(self, name, where) -> np.ndarray:
        if not isinstance(name, str) or name not in self._arrays:
            raise ModelFileError(
                f"{where} refers to array {repr(name)[:50]}, which is not "
                "there, or not there any more"
            )
        return self._arrays.pop(name)

    def _read_random_state(self, node, where, depth) -> np.random.RandomState:
        state = self._list(node["RandomState"], where, depth)
        if len(state) != 4 or not isinstance(state[0], np.ndarray):
            raise ModelFileError(f"{where} is no random state")
        keys, position, has_gauss, gauss = state
        if (
            keys.dtype != np.uint32
            or keys.shape != (624,)
            or type(position) is not int
            or not 0 <= position <= 624
            or type(has_gauss) is not int
            or has_gauss not in (0, 1)
            or type(gauss) is not float
        ):
            raise ModelFileError(f"{where} is no random state")
        random_state = np.random.RandomState(0)
        random_state.set_state(("MT19937", keys, position, has_gauss, gauss))
        return random_state

    def _read_estimator(self, node, where, depth) -> BaseEstimator:
        part = PARTS[_known(node["estimator"], PARTS, where)]
        where = f"{where} ({node['estimator']})"
        given = node.get("parameters")
        cls = part.load()
        if not isinstance(given, dict) or not set(given) <= set(cls._get_param_names()):
            raise ModelFileError(f"{where} has unknown parameters")
        parameters = {
            key: self.read(value, f"{where}: {key}", depth + 1)
            for key, value in given.items()
        }
        for key in part.paths:
            path = parameters.get(key)
            if isinstance(path, str):
                _require_inside(path, f"{where}: {key}")
        try:
            estimator = cls(**parameters)
            part.check(estimator)
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"{where}: {error}") from error
        fitted = self.read(node.get("fitted"), where, depth + 1)
        if fitted is not None:
            part.restore(estimator, fitted, where)
        output = node.get("output")
        if output is not None:
            output = _known(output, _OUTPUTS, where)
            estimator._sklearn_output_config = {"transform": output}
        return estimator


_READERS = {
    "tuple": "_read_tuple",
    "dict": "_read_dict",
    "float": "_read_float",
    "type": "_read_type",
    "path": "_read_path",
    "names": "_read_names",
    "array": "_read_array",
    "scalar": "_read_scalar",
    "words": "_read_words",
    "RandomState": "_read_random_state",
    "estimator": "_read_estimator",
}


def _known(name: Any, choices: Collection[str], where: str) -> str:
    """Return a name that is one of some."""
    if not isinstance(name, str) or name not in choices:
        raise ModelFileError(f"{where} is unknown here: {repr(name)[:50]}")
    return name


def _require_inside(path: Any, where: str) -> None:
    """Refuse a path that leads out of the folder that it is relative to."""
    if not isinstance(path, str) or "\0" in path or not is_inside(path):
        raise ModelFileError(
            f"{where} refers to {repr(path)[:200]}; only relative paths without '..' "
            "are allowed"
        )

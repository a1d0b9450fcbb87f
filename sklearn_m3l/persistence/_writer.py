"""Values of models as JSON and arrays."""

import math
import os
from typing import Any

import numpy as np

from sklearn_m3l.persistence._checks import is_inside
from sklearn_m3l.persistence._part import Part
from sklearn_m3l.persistence._parts import PARTS

# Nesting of a description; a pipeline of all our steps has about half of it.
MAX_DEPTH = 40
MAX_INTEGER = 2**64

TYPES: dict[str, Any] = {
    "bool": bool, "int": int, "float": float,
    **{kind.__name__: kind for kind in (np.float32, np.float64, np.int32, np.int64)},
}  # fmt: skip


class Writer:
    """Turns an estimator into JSON and the arrays that it refers to.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays so far.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def write(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return a value as JSON.

        Parameters
        ----------
        value : object
            A parameter or fitted attribute.
        where : str
            What error messages call it.
        depth : int
            How deep it is nested.
        """
        if depth > MAX_DEPTH:
            raise ValueError(f"{where} is nested too deeply for a model file")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            if abs(value) >= MAX_INTEGER:
                raise ValueError(f"{where} is too large a number for a model file")
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind in (list, tuple):
            items = [
                self.write(item, f"{where}[{position}]", depth + 1)
                for position, item in enumerate(value)
            ]
            return items if kind is list else {"tuple": items}
        if kind is dict:
            return {
                "dict": [
                    [
                        self.write(key, f"a key of {where}", depth + 1),
                        self.write(item, f"{where}[{key!r}]", depth + 1),
                    ]
                    for key, item in value.items()
                ]
            }
        if isinstance(value, (np.ndarray, np.generic)):
            return self._write_array(value, where)
        if isinstance(value, os.PathLike):
            return {"path": os.fspath(value)}
        if kind is np.random.RandomState:
            return self._write_random_state(value, where, depth)
        if kind is type and value in TYPES.values():
            return {"type": value.__name__}
        part = PARTS.get(kind.__name__)
        if part is None or part.load() is not kind:
            raise _unknown(value, where)
        return self._write_estimator(value, part, where, depth)

    def _write_array(self, value: Any, where: str) -> Any:
        if isinstance(value, np.str_):
            return str(value)
        array = np.asarray(value)
        if array.dtype == object and all(type(item) is str for item in array):
            return {"names": array.tolist()}
        if not (array.dtype.kind in "biufU" and array.dtype.itemsize):
            raise _unknown(value, where)
        if array.dtype.kind == "U" and array.ndim != 1:
            raise ValueError(
                f"{where} is an array of texts with {array.ndim} dimensions"
            )
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            raise _unknown(value, where)
        if array.size == 0 and array.shape != (0,):
            raise ValueError(f"{where} is an empty array of shape {array.shape}")
        if array.dtype.kind == "U":
            return {"words": self._store(_code_points(array))}
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        if isinstance(value, np.generic):
            return {"scalar": self._store(native)}
        # Sums of an array depend on its order in memory.
        order = "F" if array.flags.fnc else "C"
        return {"array": self._store(native), "order": order}

    def _store(self, array: np.ndarray) -> str:
        name = str(len(self.arrays))
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return name

    def _write_random_state(self, value, where, depth) -> Any:
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise TypeError(
                f"{where} draws from {state['bit_generator']}; a model file can hold "
                "MT19937 alone"
            )
        drawn, gauss = state["state"], (state["has_gauss"], state["gauss"])
        parts = [drawn["key"], int(drawn["pos"]), *gauss]
        return {"RandomState": self.write(parts, where, depth + 1)}

    def _write_estimator(self, estimator, part: Part, where, depth) -> Any:
        part.check(estimator)
        name = type(estimator).__name__
        parameters = {
            key: getattr(estimator, key) for key in estimator._get_param_names()
        }
        for key in part.paths:
            path = parameters.get(key)
            if isinstance(path, (str, os.PathLike)) and not is_inside(path):
                raise ValueError(
                    f"{where}: {key}={os.fspath(path)!r} leads out of the working "
                    "folder, and a model file may only refer to what is below it; "
                    "set it to a relative path first, or to None if it may be"
                )
        output = vars(estimator).get("_sklearn_output_config", {}).get("transform")
        return {
            "estimator": name,
            "parameters": {
                key: self.write(value, f"{where}.{key}", depth + 1)
                for key, value in parameters.items()
            },
            "fitted": self.write(part.state(estimator, where), where, depth + 1),
            "output": output,
        }


def _code_points(array: np.ndarray) -> np.ndarray:
    """Return an array of strings as an array of characters, (n, length)."""
    native = np.ascontiguousarray(array).astype(f"=U{array.dtype.itemsize // 4}")
    if array.size == 0:
        return np.empty(0, dtype=np.uint32)
    return native.view(np.uint32).reshape(array.size, -1)


def _unknown(value: Any, where: str) -> TypeError:
    return TypeError(
        f"{where} is a {type(value).__module__}.{type(value).__qualname__}, which a "
        "model file cannot hold; store such a model with skops "
        "(https://skops.readthedocs.io)"
    )

"""Convert plain values to bytes without code, and back: checked JSON and arrays.

The bytes are a safetensors file [1]_. Its metadata contain a checksum and a description
in JSON, which refers to the arrays. Checkpoints and model files both use it.

.. [1] https://huggingface.co/docs/safetensors
"""

import hashlib
import json
import math
import platform
from collections.abc import Collection, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy import sparse

from sklearn_m3l import __version__

FORMAT_VERSION = 1

# The only key of the metadata. Its value is a checksum, a space, and JSON.
_KEY = "sklearn_m3l"

# Versions are for people to read; they do not decide what can be loaded.
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "safetensors")

# Largest depth of a description; a pipeline of all our steps needs about half of it.
MAX_DEPTH = 40
MAX_INTEGER = 2**128  # the state of PCG64

# Largest number of values in a description: bounds the memory of parsing.
_MAX_VALUES = 2**20
_MAX_DIMENSIONS = 8
_DTYPES = {"BOOL", "F16", "F32", "F64", "I8", "I16", "I32", "I64"} | {
    "U8", "U16", "U32", "U64",
}  # fmt: skip
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class StorageError(ValueError):
    """Bytes are damaged, forged, or of an unknown format."""


def digest(*values: Any) -> str:
    """Return a checksum of values: the same for equal values, in any process.

    Parameters
    ----------
    *values : array, CSR matrix, iterator, or nested lists and dicts of these
        Anything else is hashed by its repr.
    """
    hasher = hashlib.sha256()
    _feed(hasher, values)
    return hasher.hexdigest()


def _feed(hasher, value: Any) -> None:
    if sparse.issparse(value):
        _feed(hasher, [value.shape, value.indptr, value.indices, value.data])
    elif isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        hasher.update(repr(("array", array.dtype.str, array.shape)).encode())
        hasher.update(array.reshape(-1).view(np.uint8).data)
    elif isinstance(value, dict):
        _feed(hasher, [list(value), *value.values()])
    elif isinstance(value, (list, tuple, Iterator)):
        hasher.update(b"[")
        for item in value:
            _feed(hasher, item)
        hasher.update(b"]")
    else:
        # The repr of a function would contain its address.
        value = getattr(value, "__qualname__", value)
        hasher.update(repr((type(value).__name__, value)).encode())


def pack(kind: str, content: Any, arrays: dict[str, np.ndarray]) -> bytes:
    """Return a description and its arrays as bytes.

    Parameters
    ----------
    kind : str
        The kind of content, such as "model".
    content : object
        The description, in the form that `json` takes.
    arrays : dict of str to ndarray
        Arrays by name.

    Raises
    ------
    ValueError
        If the description is larger than `unpack` allows.
    """
    text = to_json(kind, content)
    data = save(arrays, {_KEY: f"{_checksum(text, arrays)} {text}"})
    _check_size(kind, data)
    return data


def unpack(kind: str, data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the description and the arrays that `pack` stored.

    Its memory is proportional to the number of bytes.

    Raises
    ------
    StorageError
        If the bytes are damaged, of another kind, or of a newer version.
    """
    end = _check_size(kind, data)
    try:
        header = json.loads(data[8:end].decode())
        metadata = header.pop("__metadata__", None) or {}
        for name, entry in header.items():
            _check_array(name, entry["dtype"], entry["shape"])
        arrays = load(data)
    except StorageError:
        raise
    except (SafetensorError, RecursionError, ValueError, KeyError) as error:
        raise StorageError(f"it is damaged, or not a stored {kind}") from error
    except (AttributeError, TypeError, OverflowError) as error:
        raise StorageError(f"it is damaged, or not a stored {kind}") from error
    if _KEY not in metadata:
        raise StorageError("it is a safetensors file, but not of sklearn-m3l")
    checksum, _, text = metadata[_KEY].partition(" ")
    if checksum != _checksum(text, arrays):
        raise StorageError("it is damaged: its content does not match its checksum")
    for name, array in arrays.items():
        if array.dtype == bool and array.size and array.view(np.uint8).max() > 1:
            raise StorageError(f"array {name!r} has values other than True and False")
    return from_json(kind, text), arrays


def _check_size(kind: str, data: bytes) -> int:
    """Refuse a description that would take much memory; return its end."""
    end = 8 + int.from_bytes(data[:8], "little")
    n_values = sum(data.count(mark, 8, end) for mark in (b",", b"[", b"{"))
    if n_values > _MAX_VALUES:
        raise StorageError(f"the {kind} describes more than {_MAX_VALUES} values")
    return end


def _checksum(text: str, arrays: dict[str, np.ndarray]) -> str:
    return digest(text, sorted(arrays.items()))


def _check_array(name: str, dtype: str, shape: list[int]) -> None:
    """Refuse an array that `Encoder` does not write."""
    if dtype not in _DTYPES:
        raise StorageError(f"array {name!r} has the unknown type {dtype}")
    if len(shape) > _MAX_DIMENSIONS:
        raise StorageError(f"array {name!r} has {len(shape)} dimensions")
    if 0 in shape and shape != [0]:  # its other lengths would be unbounded
        raise StorageError(f"array {name!r} is empty, but has shape {shape}")


def to_json(kind: str, content: Any) -> str:
    """Return a description as text, with its kind and version."""
    header = {"kind": kind, "format_version": FORMAT_VERSION, "versions": _versions()}
    return json.dumps({**header, "content": content}, allow_nan=False)


def from_json(kind: str, text: str) -> Any:
    """Return the description in a text, if its version is known."""
    try:
        stored = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"its description is damaged ({error})") from error
    if not isinstance(stored, dict):
        raise StorageError("its description is damaged (not a JSON object)")
    found = stored.get("format_version")
    if type(found) is not int or found < 1:
        raise StorageError("its description is damaged (no format version)")
    if found > FORMAT_VERSION:
        raise StorageError(
            f"it has format version {found}, but sklearn-m3l {__version__} only reads "
            f"versions up to {FORMAT_VERSION}; install a newer sklearn-m3l"
        )
    if stored.get("kind") != kind or "content" not in stored:
        raise StorageError(f"it is not a stored {kind}")
    return stored["content"]


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


@cache
def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "sklearn-m3l": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


class Encoder:
    """Turns plain values into JSON and the arrays that it refers to.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays so far.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return a value as JSON.

        Parameters
        ----------
        value : object
            Nested lists, tuples and dicts of arrays, numbers, strings and None.
        where : str
            Its name in error messages.
        depth : int
            Its nesting depth.

        Raises
        ------
        TypeError, ValueError
            If it cannot be stored.
        """
        if depth > MAX_DEPTH:
            raise ValueError(f"{where} is nested too deeply to be stored")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            if abs(value) >= MAX_INTEGER:
                raise ValueError(f"{where} is too large a number to be stored")
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind in (list, tuple):
            items = [
                self.encode(item, f"{where}[{position}]", depth + 1)
                for position, item in enumerate(value)
            ]
            return items if kind is list else {"tuple": items}
        if kind is dict:
            return {"dict": self._encode_pairs(value, where, depth)}
        if isinstance(value, (np.ndarray, np.generic)):
            return self._encode_array(value, where)
        return self.encode_other(value, where, depth)

    def encode_other(self, value: Any, where: str, depth: int) -> Any:
        """Return a value of any other type as JSON."""
        raise _unknown(value, where)

    def _encode_pairs(self, value: dict, where: str, depth: int) -> list:
        for key in value:
            if not _is_key(key):
                raise _unknown(key, f"a key of {where}")
        return [
            [key, self.encode(item, f"{where}[{key!r}]", depth + 1)]
            for key, item in value.items()
        ]

    def _encode_array(self, value: Any, where: str) -> Any:
        if isinstance(value, np.str_):
            return str(value)
        array = np.asarray(value)
        if array.dtype == object and all(type(item) is str for item in array):
            return {"names": array.tolist()}
        if not (array.dtype.kind in "biufU" and array.dtype.itemsize):
            raise _unknown(value, where)
        if array.dtype.kind == "U" and array.ndim != 1:
            raise ValueError(
                f"{where} is an array of strings with {array.ndim} dimensions, which "
                "cannot be stored"
            )
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            raise _unknown(value, where)
        if array.size == 0 and array.shape != (0,):
            raise ValueError(
                f"{where} is an empty array of shape {array.shape}, which cannot be "
                "stored"
            )
        if array.dtype.kind == "U":
            return {"words": self._add(_code_points(array))}
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        if isinstance(value, np.generic):
            return {"scalar": self._add(native)}
        # Keep the order in memory: sums of an array depend on it.
        order = "F" if array.flags.fnc else "C"
        return {"array": self._add(native), "order": order}

    def _add(self, array: np.ndarray) -> str:
        name = str(len(self.arrays))
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return name


class Decoder:
    """Turns JSON and arrays back into values, and trusts neither.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Arrays that the JSON refers to, each at most once.
    """

    # The method that reads each kind of JSON object.
    readers: ClassVar[dict[str, str]] = {
        "tuple": "_read_tuple",
        "dict": "_read_dict",
        "float": "_read_float",
        "names": "_read_names",
        "array": "_read_array",
        "scalar": "_read_scalar",
        "words": "_read_words",
    }

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = dict(arrays)

    def decode(self, node: Any, where: str, depth: int = 0) -> Any:
        """Return the value that JSON represents.

        Parameters
        ----------
        node : object
            JSON, as the `json` module returns it.
        where : str
            Its name in error messages.
        depth : int
            Its nesting depth.

        Raises
        ------
        StorageError
            If `Encoder` cannot have written the JSON.
        """
        if depth > MAX_DEPTH:
            raise StorageError(f"{where} is nested too deeply")
        if node is None or isinstance(node, (bool, str, float)):
            return node
        if isinstance(node, int):
            if abs(node) >= MAX_INTEGER:
                raise StorageError(f"{where} is too large a number")
            return node
        if isinstance(node, list):
            return [
                self.decode(item, f"{where}[{position}]", depth + 1)
                for position, item in enumerate(node)
            ]
        kinds = [kind for kind in self.readers if kind in node]
        if len(kinds) != 1:
            raise StorageError(f"{where} is of an unknown kind")
        return getattr(self, self.readers[kinds[0]])(node, where, depth)

    def finish(self) -> None:
        """Refuse arrays that nothing refers to."""
        if self._arrays:
            names = ", ".join(self._arrays)[:100]
            raise StorageError(f"nothing refers to its arrays {names}")

    def list_of(self, node: Any, where: str, depth: int) -> list:
        """Return a list of values."""
        if not isinstance(node, list):
            raise StorageError(f"{where} is not a list")
        return self.decode(node, where, depth)

    def _read_tuple(self, node, where, depth) -> tuple:
        return tuple(self.list_of(node["tuple"], where, depth))

    def _read_dict(self, node, where, depth) -> dict:
        pairs = self.list_of(node["dict"], where, depth)
        values = {}
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2):
                raise StorageError(f"{where} contains a malformed pair")
            key, value = pair
            if not _is_key(key):
                raise StorageError(f"{where} has a key that is not a string or integer")
            values[key] = value
        if len(values) != len(pairs):
            raise StorageError(f"{where} repeats a key")
        return values

    def _read_float(self, node, where, depth) -> float:
        return _FLOATS[known(node["float"], _FLOATS, where)]

    def _read_names(self, node, where, depth) -> np.ndarray:
        names = node["names"]
        if not isinstance(names, list) or any(type(n) is not str for n in names):
            raise StorageError(f"{where} is not a list of strings")
        array = np.empty(len(names), dtype=object)
        array[:] = names
        return array

    def _read_array(self, node, where, depth) -> np.ndarray:
        array = self._take(node["array"], where)
        order = known(node.get("order"), ("C", "F"), where)
        return np.asfortranarray(array) if order == "F" else array

    def _read_scalar(self, node, where, depth) -> Any:
        array = self._take(node["scalar"], where)
        if array.ndim:
            raise StorageError(f"{where} is an array, not a number")
        return array[()]

    def _read_words(self, node, where, depth) -> np.ndarray:
        codes = self._take(node["words"], where)
        if codes.dtype != np.uint32 or codes.ndim not in (1, 2):
            raise StorageError(f"{where} is not an array of strings")
        if codes.size and codes.max() > 0x10FFFF:
            raise StorageError(f"{where} has an invalid character")
        if codes.ndim == 1:
            codes = codes.reshape(-1, 1)
        return np.ascontiguousarray(codes).view(f"=U{codes.shape[1]}").reshape(-1)

    def _take(self, name, where) -> np.ndarray:
        if not isinstance(name, str) or name not in self._arrays:
            raise StorageError(
                f"{where} refers to array {repr(name)[:50]}, which does not exist or "
                "is used already"
            )
        return self._arrays.pop(name)


def known(name: Any, choices: Collection[str], where: str) -> str:
    """Return a name if it is one of the choices."""
    if not isinstance(name, str) or name not in choices:
        raise StorageError(f"{where} has an unknown value: {repr(name)[:50]}")
    return name


def dumps(kind: str, value: Any) -> bytes:
    """Return a plain value as bytes."""
    encoder = Encoder()
    return pack(kind, encoder.encode(value, f"the {kind}"), encoder.arrays)


def loads(kind: str, data: bytes) -> Any:
    """Return the value that `dumps` stored."""
    content, arrays = unpack(kind, data)
    decoder = Decoder(arrays)
    value = decoder.decode(content, f"the {kind}")
    decoder.finish()
    return value


def _is_key(key: Any) -> bool:
    """Return whether a value may be a key: only types without forged collisions."""
    if type(key) is int:
        return abs(key) < 2**60
    return key is None or type(key) in (str, bool)


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

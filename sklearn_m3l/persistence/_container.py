"""The file of a model: a safetensors file whose metadata describes the model."""

import hashlib
import json
import math
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sklearn_m3l import __version__
from sklearn_m3l.persistence._checks import ModelFileError
from sklearn_m3l.utils._files import replace_file

FORMAT_VERSION = 1

# The only key of the metadata. Its value is JSON.
_KEY = "sklearn_m3l"

# Versions that are noted for people; they do not decide what can be loaded.
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "safetensors")

_DTYPES = {"BOOL", "F16", "F32", "F64", "I8", "I16", "I32", "I64"} | {
    "U8", "U16", "U32", "U64",
}  # fmt: skip
_MAX_DIMENSIONS = 8


def write_container(path: Path, model: Any, arrays: dict[str, np.ndarray]) -> None:
    """Write a file that is there as a whole or not at all.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced once the new one is complete.
    model : object
        Description of the model, as `json` takes it.
    arrays : dict of str to ndarray
        What the description refers to.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "versions": _versions(),
        "model": model,
    }
    content = {"sha256": _digest(content, arrays), **content}
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    replace_file(path, save(arrays, metadata={_KEY: json.dumps(content)}))


def read_container(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    """Read a file and check it against its checksum.

    Arrays are no larger than the file: the library refuses headers that say otherwise.

    Returns
    -------
    model : object
        Description of the model.
    arrays : dict of str to ndarray
        What the description refers to.

    Raises
    ------
    ModelFileError
        Where the file is no model file, is damaged, or is of a newer version.
    OSError
        Where there is no such file, or it cannot be read.
    """
    with path.open("rb"):  # whose errors say more than the library's
        pass
    if not path.is_file():
        raise ModelFileError("it is not a regular file")
    try:
        with safe_open(path, framework="np") as file:
            content = _content(file.metadata())
            arrays = {name: _array(file, name) for name in file.keys()}  # noqa: SIM118  # no dict
    except SafetensorError as error:
        raise ModelFileError(f"it is damaged, or no model file ({error})") from error
    except UnicodeDecodeError as error:
        raise ModelFileError("it is damaged: its texts are no UTF-8") from error
    checksum = content.pop("sha256", None)
    if checksum != _digest(content, arrays):
        raise ModelFileError("it is damaged: its content does not match its checksum")
    if "model" not in content:
        raise ModelFileError("it has no description of a model")
    return content["model"], arrays


def _content(metadata: dict[str, str] | None) -> dict[str, Any]:
    """Return the metadata, of a format version that is known."""
    if not metadata or _KEY not in metadata:
        raise ModelFileError("it is a safetensors file, but not of sklearn-m3l")
    try:
        content = json.loads(
            metadata[_KEY], parse_float=_finite, parse_constant=_finite
        )
    except ValueError as error:
        raise ModelFileError(f"its description is damaged ({error})") from error
    if not isinstance(content, dict):
        raise ModelFileError("its description is damaged (no JSON object)")
    found = content.get("format_version")
    if type(found) is not int or found < 1:
        raise ModelFileError("its description is damaged (no format version)")
    if found > FORMAT_VERSION:
        raise ModelFileError(
            f"it has format version {found}, and this is sklearn-m3l {__version__}, "
            f"which knows {FORMAT_VERSION}; load it with a newer one"
        )
    return content


def _array(file, name: str) -> np.ndarray:
    """Return an array whose header is found in order."""
    header = file.get_slice(name)
    dtype, shape = header.get_dtype(), header.get_shape()
    if dtype not in _DTYPES:
        raise ModelFileError(f"array {name!r} has the type {dtype}, which is not used")
    if len(shape) > _MAX_DIMENSIONS:
        raise ModelFileError(f"array {name!r} has {len(shape)} dimensions")
    if 0 in shape and shape != [0]:  # other lengths would be bounded by nothing
        raise ModelFileError(f"array {name!r} is empty, but has shape {shape}")
    return file.get_tensor(name)


def _digest(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 of all that is in a file, in whatever order it is."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        header = json.dumps([name, array.dtype.str, array.shape])
        digest.update(header.encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "sklearn-m3l": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number

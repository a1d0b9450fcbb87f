"""Folders in which training leaves its state, to go on from there after a crash."""

import hashlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy import sparse

from sklearn_m3l import __version__
from sklearn_m3l.multiview._view import View
from sklearn_m3l.utils._files import replace_file

# The state is stored after every epoch or sweep, but not more often than this.
_SECONDS = 30.0

# Rows of an embedding that are digested at once.
_ROWS = 16_384

# The only key of the metadata of a file. Its value is JSON.
_KEY = "sklearn_m3l_checkpoint"


def require_seed(random_state) -> None:
    """Refuse to store a run that could never be found again."""
    if random_state is None:
        raise ValueError(
            "checkpoint needs a random_state, such as random_state=0: without a seed, "
            "a fit that is started again is another one"
        )


def digest(*values: Any) -> str:
    """Return a name for values: the same for equal ones, in any process.

    Parameters
    ----------
    *values : View, array, CSR matrix, or nested lists and dicts of these
        Anything else counts by its repr.
    """
    hasher = hashlib.blake2b(digest_size=16)
    _feed(hasher, [__version__, *values])
    return hasher.hexdigest()


def _feed(hasher, value: Any) -> None:
    if isinstance(value, View):
        hasher.update(b"view")
        source = value.counts if value.embedding is None else value.embedding
        for start in range(0, len(value), _ROWS):
            _feed(hasher, source[start : start + _ROWS])
    elif sparse.issparse(value):
        _feed(hasher, [value.shape, value.indptr, value.indices, value.data])
    elif isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        hasher.update(repr(("array", array.dtype.str, array.shape)).encode())
        hasher.update(array.reshape(-1).view(np.uint8).data)
    elif isinstance(value, dict):
        _feed(hasher, [list(value), *value.values()])
    elif isinstance(value, (list, tuple)):
        hasher.update(repr(("list", len(value))).encode())
        for item in value:
            _feed(hasher, item)
    else:
        # The repr of a function would have its address.
        value = getattr(value, "__qualname__", value)
        hasher.update(repr((type(value).__name__, value)).encode())


class Checkpoint:
    """The file of one fit: its state so far.

    The file is safetensors with a description in JSON and a checksum: reading it runs
    no code. It is written beside its place and then moved there.

    Parameters
    ----------
    folder : str or path
        Where each fit has a subfolder.
    name : str
        The subfolder: a `digest` of all that the fit depends on.

    Raises
    ------
    OSError
        Where the folder cannot be made.
    """

    def __init__(self, folder: str | os.PathLike, name: str):
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob("*.part"):  # left by a crash
            part.unlink(missing_ok=True)
        self.path = self.folder / "state.safetensors"
        self._saved = time.monotonic()
        self._warned = False

    def load(self) -> Any:
        """Return the state that was stored last, None where there is none."""
        if not self.path.exists():
            return None
        try:
            return _read(self.path)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            warnings.warn(
                f"the checkpoint {self.path} cannot be read ({error}); training starts "
                "from the beginning",
                UserWarning,
                stacklevel=2,
            )
            return None

    def is_due(self) -> bool:
        """Tell whether it is time to store the state again."""
        return time.monotonic() - self._saved >= _SECONDS

    def save(self, state: Any) -> None:
        """Store a state; warn, once, where that fails.

        Parameters
        ----------
        state : nested dicts and lists of arrays, numbers, texts and None
            What `load` returns, tuples as lists.
        """
        try:
            replace_file(self.path, _pack(state))
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    f"the checkpoint {self.path} cannot be written ({error}); training "
                    "goes on, but after a crash it would not go on from here",
                    UserWarning,
                    stacklevel=2,
                )
            self._warned = True
        self._saved = time.monotonic()


def _pack(state: Any) -> bytes:
    """Return the content of a file."""
    arrays: dict[str, np.ndarray] = {}
    content = json.dumps(_describe(state, arrays))
    checksum = digest(content, arrays)
    return save(arrays, {_KEY: json.dumps([checksum, content])})


def _describe(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as JSON has it; arrays are taken out, and numbered."""
    if isinstance(value, np.ndarray):
        arrays[str(len(arrays))] = np.ascontiguousarray(value).reshape(value.shape)
        return {"array": str(len(arrays) - 1)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):  # whose keys may be numbers
        return {"dict": [[key, _describe(item, arrays)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_describe(item, arrays) for item in value]
    return value


def _read(path: Path) -> Any:
    """Return the state in a file."""
    with safe_open(path, framework="np") as file:
        checksum, content = json.loads((file.metadata() or {})[_KEY])
        names = sorted(file.keys(), key=int)
        arrays = {name: file.get_tensor(name) for name in names}
    if checksum != digest(content, arrays):
        raise ValueError("its content does not match its checksum")
    return _restore(json.loads(content), arrays)


def _restore(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_restore(item, arrays) for item in value]
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _restore(item, arrays) for key, item in value["dict"]}
    return value

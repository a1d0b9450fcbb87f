"""Model folders of sentence-transformers: their identity, and what they may hold.

A pipeline of sentence-transformers names the classes of its parts. A folder from an
untrusted source could name its own code, or keep weights in a pickle, which can run
code.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sklearn_m3l.utils._files import file_state, files_below, read_file
from sklearn_m3l.utils._references import is_relative

# No description of a model is larger; vocabularies are not read.
_MOST_BYTES = 2**24
# Keys whose values name classes, and the packages that these may come from.
_CLASS_KEYS = {"type", "tokenizer_class", "activation_function"}
_PACKAGES = ("sentence_transformers.", "torch.nn.")
# Weights in pickles, which are read if there is no safetensors file.
_PICKLES = ("pytorch_model*.bin", "adapter_model*.bin")


def check_model_folder(folder: Path) -> None:
    """Refuse the folder of a model that would run its own code.

    Raises
    ------
    ValueError
        If the folder names classes from outside sentence-transformers and PyTorch,
        keeps weights in a pickle, or has a pipe. The message names the file.
    """
    for path in files_below(folder):
        if not path.is_file():  # reading a pipe would block
            raise ValueError(f"{path} is not a regular file")
        is_json = path.suffix == ".json"
        if is_json and ("config" in path.name or path.name == "modules.json"):
            _check_description(path)
        is_pickle = any(fnmatchcase(path.name, pattern) for pattern in _PICKLES)
        if is_pickle and not any(path.parent.glob("*.safetensors")):
            raise ValueError(
                f"{path} is a pickle, which can run code; convert the weights to "
                "safetensors, for example with save_pretrained"
            )


def _check_description(path: Path) -> None:
    try:
        description = json.loads(read_file(path, _MOST_BYTES).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    for key, value in _items(description):
        is_folder = path.name == "modules.json" and key == "path"
        if is_folder and not is_relative(str(value) or "."):
            raise ValueError(f"{path} leads out of its folder: {value!r}")
        names_code = key == "auto_map" and bool(value)
        if key in _CLASS_KEYS and isinstance(value, str):
            # The libraries look up names without a dot among their own classes.
            is_path = "." in value or path.name == "modules.json"
            names_code = is_path and not value.startswith(_PACKAGES)
        if names_code:
            raise ValueError(
                f"{path} names its own code ({key}: {str(value)[:100]}), which is not "
                "run; load such a model yourself, and pass its vectors to "
                "MultiView.from_arrays"
            )


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over the keys and values of nested JSON; a Router names types by key."""
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict):
            yield from node.items()
            types = node.get("types")
            if isinstance(types, dict):
                yield from (("type", value) for value in types.values())
            todo.extend(node.values())


def model_identity(model: str | os.PathLike) -> str:
    """Return the identity of a model: its name, or a digest of the files in its folder.

    A file is read again only when its state changes.
    """
    folder = Path(model)
    if not folder.is_dir():
        return os.fspath(model)
    files = [
        (path.relative_to(folder).as_posix(), _digest(path, file_state(path)))
        for path in files_below(folder)
        if path.is_file()
    ]
    return hashlib.blake2b(json.dumps(files).encode(), digest_size=20).hexdigest()


@lru_cache(maxsize=4096)
def _digest(path: Path, state: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, partial(hashlib.blake2b, digest_size=20)
        ).hexdigest()

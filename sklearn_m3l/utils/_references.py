"""References of estimators to files, folders, and models on a hub.

An estimator lists such parameters in `_path_parameters`; those that may be the name of
a model on the Hugging Face Hub are also in `_hub_parameters`. A model file stores a hub
name as it is, and a path relative to the folder of the file. So a file from an
untrusted source can refer only to files that came with it.
"""

import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from sklearn_m3l.utils._sklearn import clone_parametrized

# A path below a folder: without a scheme, a variable or a home folder.
_PART = r"[\w.-][\w. +@=,()-]*"
_PATH = re.compile(rf"{_PART}([/\\]{_PART})*[/\\]?")
# Names that the hub allows: that of a model, after that of its owner if it has one.
_HUB_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_]|[.-](?![.-])){0,95}"
_HUB_NAME = re.compile(rf"{_HUB_PART}(/{_HUB_PART})?")


class ReferringMixin:
    """Makes clones of a loaded estimator check their references, too."""

    # The parameters that a model file set, and the folder of that file.
    _references: dict[str, tuple[Any, Path]]

    def __sklearn_clone__(self):
        cloned = clone_parametrized(self)
        if "_references" in vars(self):
            cloned._references = self._references
        return cloned


def is_hub_name(value: Any) -> bool:
    """Return whether a value can only be the name of a model on the hub."""
    return isinstance(value, str) and bool(_HUB_NAME.fullmatch(value))


def resolve_inside(path: str | os.PathLike, folder: Path) -> Path | None:
    """Resolve a path and its links; return None if it is not below a folder."""
    try:
        folder = folder.resolve()
        found = (folder / path).resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, a null character
        return None
    return found if found.is_relative_to(folder) else None


def to_stored(estimator: Any, name: str, folder: Path) -> str | Path | None:
    """Return the stored form of a path parameter in a model file in a folder.

    Raises
    ------
    ValueError
        If the path is not below the folder.
    """
    value = getattr(estimator, name)
    if value is None:
        return None
    is_local = isinstance(value, os.PathLike) or os.path.exists(value)
    if name in _hub_parameters(estimator) and not is_local and is_hub_name(value):
        return value
    found = resolve_inside(Path.cwd() / value, folder)
    relative = None if found is None else found.relative_to(folder.resolve())
    if relative is None or not is_relative(relative.as_posix()):
        raise ValueError(
            f"{name}={os.fspath(value)!r} leads out of the folder of the model file, "
            f"{folder}; a model file may only refer to files below its own folder"
        )
    return relative


def from_stored(value: Any, cls: type, name: str, folder: Path) -> str | Path | None:
    """Return a path parameter from its stored form in a model file in a folder.

    Raises
    ------
    ValueError
        If it is neither a path below the folder nor a hub name.
    """
    if value is None or (name in _hub_parameters(cls) and is_hub_name(value)):
        return value
    if isinstance(value, Path) and is_relative(str(value)):
        found = resolve_inside(value, folder)
        if found is not None:
            return found
    raise ValueError(
        f"{name}={str(value)[:100]!r} leads out of the folder of the model file"
    )


def remember_references(estimator: Any, folder: Path) -> None:
    """Record what a model file set, so that `check_reference` checks it again."""
    references = {
        name: (getattr(estimator, name), folder.resolve())
        for name in getattr(type(estimator), "_path_parameters", ())
        if getattr(estimator, name) is not None
    }
    if references:
        estimator._references = references


def check_reference(estimator: Any, name: str) -> None:
    """Refuse a path that now leads out of the folder of its model file.

    A path that the user has set in this process may lead anywhere.

    Raises
    ------
    ValueError
        If it leads out now, or if a folder here has the name of the model on the hub.
    """
    value = getattr(estimator, name)
    noted = vars(estimator).get("_references", {}).get(name)
    if noted is None or noted[0] != value:
        return
    _, folder = noted
    if isinstance(value, str):
        if os.path.exists(value):
            raise ValueError(
                f"{name}={value!r} of a loaded model is the name of a model on the "
                "Hugging Face Hub, but a folder here has the same name; set the "
                f"parameter to Path({value!r}) if you mean that folder"
            )
    elif not _all_inside(value, folder):
        raise ValueError(
            f"{name}={str(value)!r} of a loaded model has a link that leads out of the "
            f"folder of the model file, {folder}; set the parameter yourself if you "
            "trust its target"
        )


def _all_inside(path: Path, folder: Path) -> bool:
    """Return whether a path and all below it stay in a folder; follow links."""
    paths = [path, *(path.rglob("*") if path.is_dir() else ())]
    return all(resolve_inside(each, folder) is not None for each in paths)


def is_relative(path: str) -> bool:
    """Return whether a path, links aside, stays below its folder on all systems."""
    windows = PureWindowsPath(path)
    if PurePosixPath(path).is_absolute() or windows.drive or windows.root:
        return False
    return bool(_PATH.fullmatch(path)) and ".." not in windows.parts


def _hub_parameters(estimator: Any) -> tuple[str, ...]:
    return getattr(estimator, "_hub_parameters", ())

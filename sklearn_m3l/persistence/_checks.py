"""What is read from a model file, checked before it is used."""

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

# More rows or columns than there can be.
MAX_LENGTH = 2**53


class ModelFileError(ValueError):
    """A model file is damaged, forged, or of a version that is not known.

    The message says what is wrong with it.
    """


def is_integer(value: Any) -> bool:
    """Tell whether a value is a whole number, of Python or numpy."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number, of Python or numpy."""
    return is_integer(value) or (
        isinstance(value, (float, np.floating)) and bool(np.isfinite(value))
    )


def is_inside(path: str | os.PathLike) -> bool:
    """Tell whether a path stays below the folder that it is relative to.

    Both spellings count, since a file may be written on one system for another.
    """
    text = os.fspath(path)
    windows = PureWindowsPath(text)
    absolute = PurePosixPath(text).is_absolute() or windows.drive or windows.root
    return not absolute and ".." not in windows.parts and not text.startswith("~")


class Fields:
    """The fitted attributes of one part of a model, checked as they are taken.

    Parameters
    ----------
    values : dict
        Attributes by name.
    where : str
        The part, as error messages call it.
    """

    def __init__(self, values: Any, where: str):
        self.where = where
        self.require(_is_named(values), "its attributes are no mapping of names")
        self._values = dict(values)

    def require(self, condition: Any, problem: str) -> None:
        """Raise ModelFileError where a condition does not hold."""
        if not condition:
            raise ModelFileError(f"{self.where}: {problem}")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str) -> Any:
        """Return an attribute of any type, once."""
        self.require(name in self._values, f"{name} is missing")
        return self._values.pop(name)

    def integer(self, name: str, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = self.take(name)
        in_range = is_integer(value) and low <= value <= high
        self.require(in_range, f"{name} is no whole number from {low} to {high}")
        return value

    def boolean(self, name: str) -> bool:
        """Return True or False."""
        value = self.take(name)
        self.require(isinstance(value, bool), f"{name} is neither True nor False")
        return value

    def text(self, name: str) -> str:
        """Return a string."""
        value = self.take(name)
        self.require(isinstance(value, str), f"{name} is no text")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of distinct strings."""
        value = self.take(name)
        given = isinstance(value, list) and all(isinstance(v, str) for v in value)
        self.require(given, f"{name} is no list of texts")
        self.require(len(set(value)) == len(value), f"{name} has a text twice")
        return value

    def names(self, name: str) -> np.ndarray:
        """Return an array of strings, as objects."""
        value = self.take(name)
        given = isinstance(value, np.ndarray) and value.dtype == object
        self.require(given and value.ndim == 1, f"{name} is no array of texts")
        return value

    def array(self, name: str, shape: Sequence[int | None]) -> np.ndarray:
        """Return an array of finite floats of a shape, of which None is any length."""
        value = self.take(name)
        self.require(is_floats(value, shape), f"{name} is no array of {list(shape)}")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a dict whose keys are strings."""
        value = self.take(name)
        self.require(_is_named(value), f"{name} is no mapping of names")
        return value

    def fields(self, name: str) -> "Fields":
        """Return a mapping whose values are taken and checked in turn."""
        return Fields(self.take(name), f"{self.where}: {name}")

    def numbers(self, name: str) -> list[float]:
        """Return a list of floats."""
        value = self.take(name)
        given = isinstance(value, list) and all(isinstance(v, float) for v in value)
        self.require(given, f"{name} is no list of numbers")
        return value

    def estimator(self, name: str, kind: type) -> Any:
        """Return an estimator of a class."""
        value = self.take(name)
        self.require(isinstance(value, kind), f"{name} is no {kind.__name__}")
        return value

    def finish(self) -> None:
        """Refuse attributes that nothing asked for."""
        unknown = ", ".join(map(repr, self._values))
        self.require(not self._values, f"it has unknown attributes: {unknown}")


def is_floats(value: Any, shape: Sequence[int | None]) -> bool:
    """Tell whether a value is an array of finite floats of a shape."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind == "f"
        and value.ndim == len(shape)
        and all(n in (None, m) for n, m in zip(shape, value.shape, strict=True))
        and bool(np.isfinite(value).all())
    )


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)

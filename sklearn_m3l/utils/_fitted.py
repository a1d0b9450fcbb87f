"""Kinds of fitted attributes, which each estimator declares.

    class Model(BaseEstimator):
        _fitted_state: dict = {"n_features_in_": Integer(1), "view_": String()}

`save_model` stores the declared attributes. `load_model` checks each attribute by its
kind, then calls `_check_fitted_state` of the estimator to check them against each
other, and only then builds anything from them.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# No number of rows, columns or counts can be larger.
MAX_INTEGER = 2**53
MAX_SEED = 2**31 - 1

# No encoder returns longer vectors.
MAX_WIDTH = 2**20

# One plus the logarithm of more documents than there can be.
MAX_IDF = 50.0


def require(condition: Any, problem: str) -> None:
    """Raise ValueError unless a condition holds."""
    if not condition:
        raise ValueError(problem)


class Kind:
    """The type of a fitted attribute: its values, and how to store them."""

    expected = "a value"

    def store(self, value: Any, owner: Any) -> Any:
        """Return the plain value that represents an attribute in a file."""
        return value

    def check(self, value: Any, owner: Any) -> Any:
        """Check a plain value and return it.

        Raises
        ------
        ValueError
            If it does not represent such an attribute.
        """
        require(self.accepts(value), f"must be {self.expected}")
        return value

    def accepts(self, value: Any) -> bool:
        """Return whether a plain value represents such an attribute."""
        raise NotImplementedError

    def build(self, value: Any, owner: Any) -> Any:
        """Return the attribute from a checked value."""
        return value


class NotStored(Kind):
    """An attribute that is rebuilt after loading."""


class Optional(Kind):
    """An attribute that some fits do not set."""

    def __init__(self, kind: Kind):
        self.kind = kind

    def store(self, value, owner):
        return self.kind.store(value, owner)

    def check(self, value, owner):
        return self.kind.check(value, owner)

    def build(self, value, owner):
        return self.kind.build(value, owner)


class SameAs(Kind):
    """An attribute that may be the same object as a parameter, which is stored once.

    Parameters
    ----------
    kind : Kind
        Its kind otherwise.
    find : callable
        Maps the estimator to the object of the parameter.
    """

    def __init__(self, kind: Kind, find: Callable[[Any], Any]):
        self.kind = kind
        self.find = find

    def store(self, value, owner):
        return None if value is self.find(owner) else self.kind.store(value, owner)

    def check(self, value, owner):
        return self.kind.check(self.find(owner) if value is None else value, owner)


class Boolean(Kind):
    """True or False."""

    expected = "True or False"

    def accepts(self, value):
        return isinstance(value, bool)


class Integer(Kind):
    """A whole number within inclusive bounds."""

    def __init__(self, low: int, high: int = MAX_INTEGER):
        self.low, self.high = low, high
        self.expected = f"a whole number from {low} to {high}"

    def store(self, value, owner):
        return int(value)

    def accepts(self, value):
        return type(value) is int and self.low <= value <= self.high


class Choice(Kind):
    """One of some values.

    Parameters
    ----------
    *values : str or None
        The values.
    """

    def __init__(self, *values: str | None):
        self.values = values
        self.expected = f"one of {', '.join(map(repr, values))}"

    def accepts(self, value):
        return (value is None or type(value) is str) and value in self.values


class String(Kind):
    """A non-empty string without control characters."""

    expected = "a non-empty string without control characters"

    def accepts(self, value):
        return is_printable(value)


class Names(Kind):
    """An array of distinct strings, as objects."""

    expected = "an array of distinct non-empty strings without control characters"

    def accepts(self, value):
        is_array = isinstance(value, np.ndarray) and value.dtype == object
        return is_array and value.ndim == 1 and are_names(value.tolist())


class Words(Kind):
    """A vocabulary: an array of distinct strings."""

    expected = "an array of distinct non-empty strings without control characters"

    def accepts(self, value):
        is_array = isinstance(value, np.ndarray) and value.dtype.kind == "U"
        return is_array and value.ndim == 1 and are_names(value.tolist())


class Numbers(Kind):
    """A list of finite floats."""

    expected = "an array of finite numbers"

    def store(self, value, owner):
        return np.array(value, dtype=np.float64)

    def accepts(self, value):
        return is_floats(value, np.float64, 1)

    def build(self, value, owner):
        return value.tolist()


class Array(Kind):
    """A non-empty array of finite floats.

    Parameters
    ----------
    ndim : int
        Number of dimensions.
    low, high : float
        Inclusive bounds of the values.
    """

    def __init__(self, ndim: int, *, low: float = -1e100, high: float = 1e100):
        self.ndim, self.low, self.high = ndim, low, high
        self.expected = (
            f"an array of {ndim} dimensions with float numbers from {low} to {high}"
        )

    def accepts(self, value):
        is_array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        if not (is_array and value.size and is_floats(value, value.dtype, self.ndim)):
            return False
        return self.low <= float(value.min()) and float(value.max()) <= self.high


class Generator(Kind):
    """A NumPy RandomState."""

    expected = "a numpy RandomState"

    def accepts(self, value):
        return isinstance(value, np.random.RandomState)


class Fields(Kind):
    """A dict of values, each with its kind."""

    def __init__(self, **kinds: Kind):
        self.kinds = kinds
        self.expected = f"a mapping of {', '.join(kinds)}"

    def check(self, value, owner):
        same = isinstance(value, dict) and list(value) == list(self.kinds)
        require(same, f"must be {self.expected}")
        return {
            name: _check_item(k, value, name, owner) for name, k in self.kinds.items()
        }


class PerView(Kind):
    """A dict from view names to values of a kind."""

    def __init__(self, kind: Kind, *, may_be_empty: bool = False):
        self.kind = kind
        self.may_be_empty = may_be_empty

    def store(self, value, owner):
        return {name: self.kind.store(item, owner) for name, item in value.items()}

    def check(self, value, owner):
        named = isinstance(value, dict) and all(map(is_printable, value))
        named = named and (self.may_be_empty or value)
        require(named, "must be a mapping from names of views")
        return {
            name: _check_item(self.kind, value, name, owner, f"of view {name!r}")
            for name in value
        }

    def build(self, value, owner):
        return {name: self.kind.build(item, owner) for name, item in value.items()}


class Fitted(Kind):
    """A fitted estimator.

    Parameters
    ----------
    *classes : type
        Classes that it may be an instance of.
    """

    def __init__(self, *classes: type):
        self.classes = classes
        names = " or ".join(cls.__name__ for cls in classes)
        self.expected = f"a fitted {names}"

    def accepts(self, value):
        if not (isinstance(value, self.classes) and hasattr(value, "transform")):
            return False
        try:
            check_is_fitted(value)
        except (NotFittedError, TypeError):
            return False
        return True


class Pairs(Kind):
    """A list of pairs of a distinct name and a value of a kind."""

    def __init__(self, kind: Kind):
        self.kind = kind
        self.expected = f"a list of pairs of a name and {kind.expected}"

    def accepts(self, value):
        if not (isinstance(value, list) and value):
            return False
        if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
            return False
        names, items = zip(*value, strict=True)
        return are_names(names) and all(map(self.kind.accepts, items))


def _check_item(kind: Kind, values: dict, name: str, owner, where: str = "") -> Any:
    try:
        return kind.check(values[name], owner)
    except ValueError as error:
        raise ValueError(f"{where or name} {error}") from error


def is_printable(value: Any) -> bool:
    """Return whether a value is a non-empty string without control characters."""
    return type(value) is str and value != "" and not _CONTROL.search(value)


def is_floats(value: Any, dtype: Any, ndim: int) -> bool:
    """Return whether a value is an array of finite floats of a type."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype == dtype
        and value.ndim == ndim
        and bool(np.isfinite(value).all())
    )


def are_names(values) -> bool:
    """Return whether values are distinct names, and at least one."""
    return (
        len(values) > 0
        and all(map(is_printable, values))
        and len(set(values)) == len(values)
    )

"""Build estimators from the untrusted JSON and arrays of a file."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_m3l.persistence._checks import (
    ESTIMATORS,
    MAX_ESTIMATORS,
    TYPES,
    check_parameters,
    load_class,
    restore_state,
)
from sklearn_m3l.utils._references import from_stored, remember_references
from sklearn_m3l.utils._storage import Decoder, StorageError, known

_OUTPUTS = ("default", "pandas", "polars")


class Reader(Decoder):
    """Turns JSON and arrays back into an estimator.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Arrays that the JSON refers to.
    folder : Path
        The folder of the file; paths in the file are relative to it.
    """

    readers: ClassVar[dict[str, str]] = {
        **Decoder.readers,
        "path": "_read_path",
        "type": "_read_type",
        "RandomState": "_read_random_state",
        "estimator": "_read_estimator",
    }

    def __init__(self, arrays: dict[str, np.ndarray], folder: Path):
        super().__init__(arrays)
        self._folder = folder
        self._n_estimators = 0

    def _read_path(self, node, where, depth) -> Path:
        if not isinstance(node["path"], str):
            raise StorageError(f"{where} is not a path")
        return Path(node["path"])

    def _read_type(self, node, where, depth) -> type:
        return TYPES[known(node["type"], TYPES, where)]

    def _read_random_state(self, node, where, depth) -> np.random.RandomState:
        state = self.list_of(node["RandomState"], where, depth)
        if len(state) != 4 or not isinstance(state[0], np.ndarray):
            raise StorageError(f"{where} is not a random state")
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
            raise StorageError(f"{where} is not a random state")
        random_state = np.random.RandomState(0)
        random_state.set_state(("MT19937", keys, position, has_gauss, gauss))
        return random_state

    def _read_estimator(self, node, where, depth) -> BaseEstimator:
        self._n_estimators += 1
        if self._n_estimators > MAX_ESTIMATORS:
            raise StorageError(f"it holds more than {MAX_ESTIMATORS} estimators")
        name = known(node["estimator"], ESTIMATORS, where)
        where = f"{where} ({name})"
        cls: Any = load_class(name)
        given = node.get("parameters")
        if not isinstance(given, dict) or not set(given) <= set(cls._get_param_names()):
            raise StorageError(f"{where} has unknown parameters")
        parameters = {
            key: self.decode(value, f"{where}: {key}", depth + 1)
            for key, value in given.items()
        }
        fitted = self.decode(node.get("fitted"), where, depth + 1)
        try:
            for key in getattr(cls, "_path_parameters", ()):
                if key in parameters:
                    parameters[key] = from_stored(
                        parameters[key], cls, key, self._folder
                    )
            estimator = cls(**parameters)
            check_parameters(estimator)
            remember_references(estimator, self._folder)
        except (TypeError, ValueError) as error:
            raise StorageError(f"{where}: {error}") from error
        if fitted is not None:
            try:
                restore_state(estimator, fitted, where)
            except (OverflowError, TypeError, ValueError) as error:
                raise StorageError(str(error)) from error
        output = node.get("output")
        if output is not None:
            output = known(output, _OUTPUTS, where)
            estimator.set_output(transform=output)
        return estimator

"""Convert estimators to JSON and arrays."""

from pathlib import Path
from typing import Any

import numpy as np

from sklearn_m3l.persistence._checks import (
    ESTIMATORS,
    MAX_ESTIMATORS,
    TYPES,
    check_parameters,
    load_class,
    stored_state,
)
from sklearn_m3l.utils._references import to_stored
from sklearn_m3l.utils._sklearn import own_transform_output
from sklearn_m3l.utils._storage import Encoder


class Writer(Encoder):
    """Turns an estimator into JSON and the arrays that it refers to.

    Parameters
    ----------
    folder : Path
        The folder of the file; paths are stored relative to it.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder
        self._n_estimators = 0

    def encode_other(self, value: Any, where: str, depth: int) -> Any:
        """Return an estimator, or a value that only estimators have, as JSON."""
        if isinstance(value, Path):
            return {"path": value.as_posix()}
        if type(value) is np.random.RandomState:
            return self._encode_random_state(value, where, depth)
        if type(value) is type and value in TYPES.values():
            return {"type": value.__name__}
        name = type(value).__name__
        if name not in ESTIMATORS or load_class(name) is not type(value):
            return super().encode_other(value, where, depth)
        return self._encode_estimator(value, where, depth)

    def _encode_random_state(self, value, where, depth) -> Any:
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise TypeError(
                f"{where} draws from {state['bit_generator']}; a model file can only "
                "hold MT19937"
            )
        drawn, gauss = state["state"], (state["has_gauss"], state["gauss"])
        parts = [drawn["key"], int(drawn["pos"]), *gauss]
        return {"RandomState": self.encode(parts, where, depth + 1)}

    def _encode_estimator(self, estimator, where, depth) -> Any:
        self._n_estimators += 1
        if self._n_estimators > MAX_ESTIMATORS:
            raise ValueError(f"the model has more than {MAX_ESTIMATORS} estimators")
        check_parameters(estimator)
        parameters = estimator.get_params(deep=False)
        for key in getattr(type(estimator), "_path_parameters", ()):
            try:
                parameters[key] = to_stored(estimator, key, self._folder)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error
        fitted = stored_state(estimator, where)
        output = own_transform_output(estimator)
        return {
            "estimator": type(estimator).__name__,
            "parameters": {
                key: self.encode(value, f"{where}.{key}", depth + 1)
                for key, value in parameters.items()
            },
            "fitted": self.encode(fitted, where, depth + 1),
            "output": output,
        }

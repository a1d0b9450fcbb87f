"""Checks of the content of model files: classes, references, and fitted state."""

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.utils._fitted import (
    MAX_IDF,
    Array,
    Integer,
    Kind,
    NotStored,
    Optional,
    require,
)

_MODULES = {
    "sklearn_m3l.models": [
        "DistilledTopicModel",
        "EditedTopicModel",
        "M3LContrastTopicModel",
        "PolylingualLDA",
        "ZeroShotTopicModel",
    ],
    "sklearn_m3l.embedding": [
        "ImageStatisticsEncoder",
        "ImageView",
        "KeyedVectorsEncoder",
        "LsaEncoder",
        "MultiViewEncoder",
        "SentenceTransformerEncoder",
        "StaticEncoder",
        "TextView",
        "WordVectorizer",
    ],
    "sklearn.feature_extraction.text": ["TfidfTransformer"],
    "sklearn.frozen": ["FrozenEstimator"],
    "sklearn.pipeline": ["Pipeline"],
}

# Largest number of estimators in a file: a view has about eight, and there are at most
# 1000 views.
MAX_ESTIMATORS = 20_000

# The estimators that a model file may contain, and their modules.
ESTIMATORS = {name: module for module, names in _MODULES.items() for name in names}

# Types that a parameter may have.
TYPES: dict[str, type] = {
    "bool": bool, "int": int, "float": float,
    **{kind.__name__: kind for kind in (np.float32, np.float64, np.int32, np.int64)},
}  # fmt: skip

# Fitted attributes of classes that cannot declare them.
_OTHERS: dict[str, dict[str, Kind]] = {
    "TfidfTransformer": {
        "idf_": Array(1, low=1, high=MAX_IDF),
        "n_features_in_": Integer(1),
    },
    "FrozenEstimator": {},
    "Pipeline": {},
}


class ModelFileError(ValueError):
    """A model file is damaged, forged, or of an unknown version.

    The message says what is wrong with it.
    """


def load_class(name: str) -> type[BaseEstimator]:
    """Import a class that a model file may contain."""
    return getattr(import_module(ESTIMATORS[name]), name)


def declared_state(estimator: BaseEstimator) -> dict[str, Kind]:
    """Return the fitted attributes that the class of an estimator declares."""
    cls = type(estimator)
    # From the class: a FrozenEstimator itself has the attributes of its estimator.
    return _OTHERS.get(cls.__name__, getattr(cls, "_fitted_state", {}))


def check_parameters(estimator: BaseEstimator) -> None:
    """Raise TypeError or ValueError if `fit` would not accept the parameters."""
    if hasattr(type(estimator), "_parameter_constraints"):
        estimator._validate_params()
    check = _CHECKS.get(type(estimator).__name__)
    if check is not None:
        check(estimator)
    elif hasattr(type(estimator), "_check_storable"):
        estimator._check_storable()


def stored_state(estimator: BaseEstimator, where: str) -> dict[str, Any] | None:
    """Return the fitted attributes as plain values; None before `fit`.

    Raises
    ------
    TypeError
        If a declared attribute is missing.
    ValueError
        If one has a value that `restore_state` would refuse.
    """
    declared = declared_state(estimator)
    if not declared or not _is_fitted(estimator):
        return None
    stored = {}
    for name, kind in declared.items():
        if name in vars(estimator) and not isinstance(kind, NotStored):
            stored[name] = kind.store(getattr(estimator, name), estimator)
        elif not isinstance(kind, (NotStored, Optional)):
            raise TypeError(
                f"{where}: the fitted {type(estimator).__name__} has no attribute "
                f"{name}, which its class declares"
            )
    _check_state(estimator, stored, where)
    return stored


def restore_state(estimator: BaseEstimator, stored: Any, where: str) -> None:
    """Set fitted attributes after all of them have been checked.

    Raises
    ------
    ValueError
        If `stored_state` cannot have returned them.
    """
    checked = _check_state(estimator, stored, where)
    declared = declared_state(estimator)
    for name, value in checked.items():
        setattr(estimator, name, declared[name].build(value, estimator))


def _check_state(estimator, stored: Any, where: str) -> dict[str, Any]:
    """Return fitted attributes, checked one by one and against each other."""
    declared = declared_state(estimator)
    require(isinstance(stored, dict), f"{where}: it has no fitted attributes")
    kinds = {n: k for n, k in declared.items() if not isinstance(k, NotStored)}
    for name in stored:
        require(name in kinds, f"{where}: unknown attribute {repr(name)[:50]}")
    checked = {}
    for name, kind in kinds.items():
        if name not in stored:
            given = isinstance(kind, Optional)
            require(given, f"{where}: the attribute {name} is missing")
            continue
        try:
            checked[name] = kind.check(stored[name], estimator)
        except ValueError as error:
            raise ValueError(f"{where}: {name} {error}") from error
    if hasattr(type(estimator), "_check_fitted_state"):
        try:
            estimator._check_fitted_state(checked)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
    return checked


def _is_fitted(estimator) -> bool:
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _check_pipeline(pipeline) -> None:
    if pipeline.memory is not None:
        raise TypeError(
            "the memory of a Pipeline is a folder of pickles, which a model file "
            "cannot refer to; set memory=None"
        )
    require(isinstance(pipeline.steps, list), "the steps of a Pipeline must be a list")
    for step in pipeline.steps:
        given = isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str)
        if not given or not (
            isinstance(step[1], BaseEstimator) or step[1] in (None, "passthrough")
        ):
            raise TypeError(
                "the steps of a Pipeline must be pairs of a name and an estimator"
            )
    names = [name for name, _ in pipeline.steps]
    distinct = names and len(set(names)) == len(names)
    require(distinct, "the steps of a Pipeline must have distinct names")


def _check_frozen(frozen) -> None:
    if not isinstance(frozen.estimator, BaseEstimator):
        raise TypeError("a FrozenEstimator must be made of an estimator")


_CHECKS = {"FrozenEstimator": _check_frozen, "Pipeline": _check_pipeline}

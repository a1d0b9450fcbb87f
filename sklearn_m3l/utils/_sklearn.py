"""The only place that imports private names of scikit-learn.

If scikit-learn moves one of them, only this file must change.
"""

from collections.abc import Sequence
from typing import Any

from sklearn import get_config
from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

__all__ = [
    "BaseComposition",
    "HasMethods",
    "Interval",
    "StrOptions",
    "clone_parametrized",
    "fit_context",
    "own_transform_output",
    "parallel_block",
    "transform_output",
    "validate_params",
]


def transform_output(estimator: Any) -> str:
    """Return the container that `transform` returns: its own setting or the global one.

    Returns
    -------
    {"default", "pandas", "polars"}
        As passed to `set_output` or `sklearn.set_config`.
    """
    return own_transform_output(estimator) or get_config()["transform_output"]


def own_transform_output(estimator: Any) -> str | None:
    """Return the container that was passed to `set_output`, or None."""
    return vars(estimator).get("_sklearn_output_config", {}).get("transform")


def parallel_block(estimators: Sequence[Any], names: Sequence[str]) -> Any:
    """Return estimators side by side, for a diagram of a pipeline.

    Imported only when a diagram is drawn. If a scikit-learn version no longer has it,
    AttributeError makes scikit-learn draw a single box.
    """
    try:
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError as error:
        raise AttributeError("this scikit-learn draws no parallel blocks") from error
    return _VisualBlock("parallel", estimators, names=names)

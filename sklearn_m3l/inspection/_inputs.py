"""Read the input of functions: models, views, proportions and articles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_m3l.metrics._articles import check_groups
from sklearn_m3l.metrics._divergence import check_distributions
from sklearn_m3l.metrics._topics import reach_views
from sklearn_m3l.multiview import MultiView

# Words that label a topic without a name.
_N_WORDS = 3


def reach_usable_views(
    estimator: Any, X: Any, views: Sequence[str] | None = None
) -> tuple[Any, MultiView]:
    """Return the topic model at the end of a pipeline, and the views that it can use.

    Raises
    ------
    ValueError
        If one of `views` is not in `X`, is named twice, or cannot be used.
    """
    if isinstance(views, str):
        raise TypeError(f"views is a list of names, such as [{views!r}]")
    names = None if views is None else list(views)
    if names is not None and not names:
        raise ValueError("views is empty; give names of views, or None")
    model, data = reach_views(estimator, X, names, "X")
    usable = model.usable_views(data)
    for name in names or ():
        if name not in usable:
            raise ValueError(
                f"the model infers no topics from view {name!r}, only from "
                f"{', '.join(usable)}"
            )
    return model, data[usable if names is None else names]


def check_proportions(theta: ArrayLike, name: str) -> np.ndarray:
    """Return topic proportions as float64; refuse rows of other numbers.

    Rows of only NaN are absent views.
    """
    return check_distributions(theta, name)


def article_ids(groups: ArrayLike | None, n_rows: int) -> np.ndarray:
    """Return the article of each row; by default every row is one."""
    if groups is None:
        return np.arange(n_rows)
    return check_groups(groups, n_rows)


def topic_names(model: Any) -> list[str]:
    """Return the name of each topic, or its top words in a language that has them."""
    known = model.known_words(_N_WORDS).values()
    words: list[list[str]] = [
        next(filter(None, own), []) for own in zip(*known, strict=True)
    ]
    named = zip(model.topic_names_, words, strict=True)
    return [", ".join(own) if name is None else name for name, own in named]


def table_of(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table whose texts are objects.

    Arrow strings, the default of pandas, cannot hold half a surrogate pair.
    """
    table: dict[str, Any] = {}
    for name, values in columns.items():
        if np.ndim(values) and pd.api.types.infer_dtype(values) == "string":
            values = pd.Series(np.asarray(values, dtype=object), dtype=object)
        table[name] = values
    return pd.DataFrame(table)

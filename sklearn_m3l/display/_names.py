"""What the rows of each view are called."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.multiview import MultiView


def names_by_view(
    X: MultiView, names: Mapping[str, Any] | None
) -> dict[str, np.ndarray]:
    """Return a name for each row of each view, by default the row label."""
    names = {} if names is None else names
    for view, given in names.items():
        if view not in X:
            raise ValueError(
                f"names has the unknown view {view!r}; the views are "
                f"{', '.join(X.view_names)}"
            )
        if len(given) != len(X):
            raise ValueError(
                f"names[{view!r}] has {len(given)} names for {len(X)} rows"
            )
    return {
        view: np.asarray(names.get(view, X.index), dtype=object)
        for view in X.view_names
    }


def first_of_each(names: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return those rows whose name no earlier one of the rows has."""
    return rows[~pd.Index(names[rows]).duplicated()]

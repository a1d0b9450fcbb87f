"""Turn values of rows, such as dates or sections, into levels to group rows by."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.multiview._checks import list_labels

# Numbers with more distinct values than this are binned.
_MOST_LEVELS, _N_BINS = 20, 10


def to_levels(values: Any, bins: Any, labels: np.ndarray) -> pd.Categorical:
    """Return the level of each row; missing if its value is missing.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        Dates, numbers, or names of categories.
    bins : int, sequence of numbers, str or None
        See `prevalence_by`.
    labels : ndarray of shape (n_rows,)
        Labels of the rows, for messages.

    Returns
    -------
    Categorical of length n_rows
        Its categories are in order: timestamps, numbers, intervals or other values.

    Raises
    ------
    ValueError
        If the values do not fit the rows or the bins, or do not parse.
    """
    column = _column(values)
    if len(column) != len(labels):
        raise ValueError(
            f"values has {len(column)} values for {len(labels)} rows; give one per row"
        )
    if column.isna().all():
        raise ValueError("values are all missing")
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if isinstance(bins, str) or kind in ("datetime64", "datetime", "date"):
        return _periods(column, "Y" if bins is None else bins, labels)
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return _bins(column.astype(float), column, bins, labels)
    if bins is not None:
        raise ValueError(
            f"bins={bins!r} is for numbers, but values are {kind}; leave bins out, or "
            "give a frequency such as 'Y' if they are dates"
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories().array
    if kind.startswith("mixed"):
        raise ValueError("values are of several types; make them strings")
    return pd.Categorical(column)


def _column(values: Any) -> pd.Series:
    """Return values as a column; texts are objects, not Arrow strings."""
    if isinstance(values, (pd.Series, pd.Index, pd.Categorical)):
        return pd.Series(values).reset_index(drop=True)
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"values must have 1 dimension, not {array.ndim}")
    if array.dtype.kind in "OU":
        return pd.Series(list(values), dtype=object)
    return pd.Series(array)


def _periods(column: pd.Series, frequency: Any, labels: np.ndarray) -> pd.Categorical:
    """Return the first day of the period of each date."""
    if not isinstance(frequency, str):
        raise ValueError(
            f"bins={frequency!r} is for numbers, but values are dates; give a pandas "
            "frequency, such as 'Y', 'Q' or 'M'"
        )
    if pd.api.types.is_numeric_dtype(column):
        raise ValueError(
            f"bins={frequency!r} is for dates, but values are numbers; give edges or a "
            "number of bins, or None for years"
        )
    dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
    broken = np.flatnonzero(dates.isna() & column.notna())
    if len(broken):
        first = column.iloc[broken[0]]
        raise ValueError(
            f"{len(broken)} of {len(column)} values are not dates like 1999-12-31, "
            f"such as {first!r}: {list_labels(labels[broken])}; parse other formats "
            "with pandas.to_datetime"
        )
    if dates.dt.tz is not None:
        dates = dates.dt.tz_localize(None)
    try:
        periods = dates.dt.to_period(frequency)
    except ValueError as error:
        raise ValueError(
            f"bins={frequency!r} is not a pandas frequency, such as 'Y', 'Q' or 'M'"
        ) from error
    return pd.Categorical(periods.dt.to_timestamp())


def _bins(
    numbers: pd.Series, column: pd.Series, bins: Any, labels: np.ndarray
) -> pd.Categorical:
    """Return few distinct numbers as they are, otherwise intervals."""
    if not np.isfinite(numbers.dropna()).all():
        raise ValueError("values contain infinity")
    if bins is None:
        if column.nunique() <= _MOST_LEVELS:
            return pd.Categorical(column)
        bins = _N_BINS
    if isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        if bins < 1:
            raise ValueError(f"bins must be at least 1, not {bins}")
        codes, found = pd.qcut(
            numbers, bins, labels=False, retbins=True, duplicates="drop"
        )
        return _intervals(codes, found)
    edges = np.asarray(bins, dtype=float)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"bins={bins!r} must be a number, or increasing edges")
    codes = pd.cut(numbers, edges, labels=False, include_lowest=True)
    outside = np.flatnonzero(codes.isna() & numbers.notna())
    if len(outside):
        raise ValueError(
            f"{len(outside)} values are outside the bins from {edges[0]:g} to "
            f"{edges[-1]:g}: {list_labels(labels[outside])}"
        )
    return _intervals(codes, edges).remove_unused_categories()


def _intervals(codes: pd.Series, edges: np.ndarray) -> pd.Categorical:
    """Return bins with their edges as given; the lowest edge is in the first bin."""
    return pd.Categorical.from_codes(
        codes.fillna(-1).astype(int), pd.IntervalIndex.from_breaks(edges), ordered=True
    )

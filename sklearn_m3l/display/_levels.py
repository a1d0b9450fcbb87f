"""Positions and labels of levels of dates, categories and numbers."""

from typing import Any

import numpy as np
import pandas as pd


def is_ordered(level: Any) -> bool:
    """Return whether levels such as this one have an order and distances."""
    return isinstance(level, (pd.Timestamp, pd.Interval)) or is_number(level)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def level_places(levels: list) -> list:
    """Return the positions of levels on an axis."""
    if is_number(levels[0]):
        return levels
    if isinstance(levels[0], pd.Interval):
        return [level.mid for level in levels]
    if isinstance(levels[0], pd.Timestamp):
        from matplotlib.dates import date2num

        return [date2num(level) for level in levels]
    return list(range(len(levels)))


def level_texts(levels: list) -> list[str]:
    """Return the labels of levels, with dates only as precise as needed."""
    if isinstance(levels[0], pd.Interval):
        return [f"{level.left:g} to {level.right:g}" for level in levels]
    if not isinstance(levels[0], pd.Timestamp):
        return [str(level) for level in levels]
    if all(level.day_of_year == 1 for level in levels):
        return [level.strftime("%Y") for level in levels]
    form = "%Y-%m" if all(level.day == 1 for level in levels) else "%Y-%m-%d"
    return [level.strftime(form) for level in levels]

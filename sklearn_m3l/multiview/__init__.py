"""Rows that are tuples of views: the data structure that every model takes."""

from typing import TYPE_CHECKING

from sklearn_m3l.multiview._multiview import MultiView
from sklearn_m3l.multiview._view import View

if TYPE_CHECKING:
    from sklearn_m3l.multiview._pairs import mine_pairs
    from sklearn_m3l.multiview._tuples import mine_tuples

__all__ = ["MultiView", "View", "mine_pairs", "mine_tuples"]


def __getattr__(name):
    # Imported at first use: they need scikit-learn's neighbors, which takes a second.
    if name == "mine_pairs":
        from sklearn_m3l.multiview._pairs import mine_pairs

        return mine_pairs
    if name == "mine_tuples":
        from sklearn_m3l.multiview._tuples import mine_tuples

        return mine_tuples
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

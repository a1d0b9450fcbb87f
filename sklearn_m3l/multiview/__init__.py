"""Rows that are tuples of views: the data structure that every model takes."""

from sklearn_m3l.multiview._multiview import MultiView
from sklearn_m3l.multiview._pairs import mine_pairs
from sklearn_m3l.multiview._tuples import mine_tuples
from sklearn_m3l.multiview._view import View

__all__ = ["MultiView", "View", "mine_pairs", "mine_tuples"]

"""Readers of corpora in common formats."""

from sklearn_m3l.datasets.readers._bags import read_infoctm
from sklearn_m3l.datasets.readers._plain_text import read_mallet, read_octis
from sklearn_m3l.datasets.readers._tables import read_m3l_csv, read_wit
from sklearn_m3l.datasets.readers._tuples import make_tuples
from sklearn_m3l.datasets.readers._wikipedia import read_wikipedia_comparable

__all__ = [
    "make_tuples",
    "read_infoctm",
    "read_m3l_csv",
    "read_mallet",
    "read_octis",
    "read_wikipedia_comparable",
    "read_wit",
]

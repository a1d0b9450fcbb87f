"""Collapsed Gibbs samplers of polylingual topics: arrays in, arrays out."""

from ._fold_in import fold_in
from ._sampler import PolylingualGibbs

__all__ = ["PolylingualGibbs", "fold_in"]

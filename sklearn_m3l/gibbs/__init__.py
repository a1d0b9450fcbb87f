"""Collapsed Gibbs samplers of polylingual topics: arrays in, arrays out."""

from sklearn_m3l.gibbs._chain import Chain
from sklearn_m3l.gibbs._fold_in import fold_in
from sklearn_m3l.gibbs._sampler import PolylingualGibbs

__all__ = ["Chain", "PolylingualGibbs", "fold_in"]

"""Corpora to try the models on."""

from sklearn_m3l.datasets._gimp_help import load_gimp_help

__all__ = ["load_gimp_help"]

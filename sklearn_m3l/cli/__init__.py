"""The command line."""

from sklearn_m3l.cli._parser import main

__all__ = ["main"]

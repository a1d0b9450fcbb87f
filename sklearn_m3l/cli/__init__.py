"""The command line."""

from sklearn_m3l.cli._main import main

__all__ = ["main"]

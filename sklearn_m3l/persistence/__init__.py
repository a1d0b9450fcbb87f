"""Models in files without code: `save_model` and `load_model`."""

from sklearn_m3l.persistence._checks import ModelFileError
from sklearn_m3l.persistence._save_load import load_model, save_model

__all__ = ["ModelFileError", "load_model", "save_model"]

"""Multilingual and multimodal topic models for scikit-learn."""

import importlib

__version__ = "0.1.0"

# Public name -> module that defines it. Imported at first use, so that
# `import sklearn_m3l` needs neither torch nor numba.
_PUBLIC = {
    "DistilledTopicModel": "models",
    "M3LContrastTopicModel": "models",
    "MultiView": "multiview",
    "PolylingualLDA": "models",
    "View": "multiview",
    "ZeroShotTopicModel": "models",
    "datasets": None,
    "display": None,
    "distributed": None,
    "embedding": None,
    "inspection": None,
    "load_model": "persistence",
    "metrics": None,
    "mine_pairs": "multiview",
    "mine_tuples": "multiview",
    "models": None,
    "multiview": None,
    "persistence": None,
    "save_model": "persistence",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_PUBLIC[name] or name}")
    value = getattr(module, name) if _PUBLIC[name] else module
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_PUBLIC))

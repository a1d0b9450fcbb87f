"""Modules that an optional dependency brings."""

import importlib
from types import ModuleType


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module, or say what to install.

    Raises
    ------
    ImportError
        Where it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this needs {module.partition('.')[0]!r}, which is not installed or does "
            f"not work ({error}); run: pip install 'sklearn-m3l[{extra}]'"
        ) from error

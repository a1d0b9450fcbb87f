"""What was measured, on disk: a run that was stopped resumes where it was."""

import hashlib
import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import sklearn_m3l
from benchmarks.reproduce.cells import Cell
from sklearn_m3l.utils._files import replace_file

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "numba",
    "pandas",
    "matplotlib",
)


def describe_setting(corpus: str) -> dict[str, Any]:
    """Return all that cells must have in common to be in one table."""
    return {
        "corpus": corpus,
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads of a fit": 1,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "sklearn-m3l": f"{sklearn_m3l.__version__}, sources {_hash_sources()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return models[0] if models else platform.processor()


def _hash_sources() -> str:
    """Return digits that change whenever the package does."""
    folder = Path(sklearn_m3l.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Store:
    """Results by cell in a JSON file, a line each.

    Parameters
    ----------
    path : Path
        The file.
    setting : dict
        As `describe_setting` returns it. A file of another setting is refused.
    command : str
        How this was called, for the record.
    """

    def __init__(self, path: Path, setting: dict[str, Any], command: str):
        self.path, self.setting, self.command = path, setting, command
        self.results: dict[str, dict[str, Any]] = {}
        if not path.exists():
            return
        content = json.loads(path.read_text(encoding="utf-8"))
        before = content["setting"]
        differing = [name for name in setting if before.get(name) != setting[name]]
        if differing:
            raise SystemExit(
                f"{path} was measured in another setting ({', '.join(differing)}); "
                "remove it to begin anew, or write to another folder with --output"
            )
        self.results = content["cells"]

    def __contains__(self, cell: Cell) -> bool:
        return cell.key in self.results

    def __getitem__(self, cell: Cell) -> dict[str, Any]:
        return self.results[cell.key]

    def add(self, cell: Cell, result: dict[str, Any]) -> None:
        """Keep what was measured, and write the file.

        Raises
        ------
        SystemExit
            Where the package is no longer what the other cells were measured with.
        """
        if describe_setting(self.setting["corpus"]) != self.setting:
            raise SystemExit("the package was changed while this ran")
        self.results[cell.key] = {"cell": asdict(cell), **result}
        lines = [
            f"{json.dumps(key)}: {json.dumps(result, ensure_ascii=False)}"
            for key, result in self.results.items()
        ]
        about = {"command": self.command, "setting": self.setting}
        head = json.dumps(about, indent=1).removesuffix("\n}")
        cells = ",\n".join(lines)
        replace_file(self.path, f'{head},\n "cells": {{\n{cells}\n }}\n}}\n')

"""How measurements are taken, kept on disk, and told."""

import datetime
import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.provenance import record


class Record:
    """Results by key in a JSON file, so that an interrupted run can resume.

    Parameters
    ----------
    folder : Path
        Where the file is. What it holds is kept if it was measured with the same
        settings, code, versions, machine and threads; otherwise all is measured anew.
    name : str
        Of the comparison, and of the file.
    settings : dict
        What was asked for.
    packages : sequence of str
        Distributions whose versions matter.
    """

    def __init__(
        self, folder: Path, name: str, settings: dict, packages: Sequence[str]
    ):
        self.command = f"python -m benchmarks.peers {name} --data FOLDER"
        if settings["quick"]:
            self.command += " --quick"
            name += "-quick"
        self.path = folder / f"{name}.json"
        self.conditions = {
            "settings": settings,
            "code": _commit(),
            "versions": {
                "Python": platform.python_version(),
                **{package: version(package) for package in packages},
            },
            "machine": f"{_processor()}, {os.cpu_count()} cores",
            "threads": torch.get_num_threads(),
        }
        self.results: dict[str, Any] = {}
        if self.path.exists():
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            if stored["conditions"] == self.conditions:
                self.results = stored["results"]

    def measure(self, key: str, function: Callable[[], Any]) -> Any:
        """Return the result of a key, from the file or else by the function."""
        if key not in self.results:
            print(f"{datetime.datetime.now():%H:%M:%S} {key}", flush=True)
            self.results[key] = function()
            content = {
                "date": str(datetime.date.today()),
                "command": self.command,
                "conditions": self.conditions,
                "results": self.results,
            }
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            record(self.path, continues=True, finished=False)
        return self.results[key]

    def write_page(self, title: str, sections: Iterable[str]) -> None:
        """Write a page of Markdown beside the JSON file, and print it."""
        versions = ", ".join(f"{k} {v}" for k, v in self.conditions["versions"].items())
        conditions = (
            f"`{self.command}`, {datetime.date.today()}, commit "
            f"{self.conditions['code']}; {self.conditions['machine']}, "
            f"{self.conditions['threads']} threads; {versions}."
        )
        page = "\n\n".join([f"# {title}", conditions, *sections]) + "\n"
        self.path.with_suffix(".md").write_text(page, encoding="utf-8")
        record(self.path, continues=True)
        print(page)


def timed(function: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return a result, and the wall-clock and processor seconds that it took."""
    wall, processor = time.perf_counter(), _processor_seconds()
    result = function()
    seconds = {
        "wall": time.perf_counter() - wall,
        "processor": _processor_seconds() - processor,
    }
    return result, seconds


def spread(values: Iterable[float], digits: int = 3) -> str:
    """Return the median of values and their range as text."""
    values = list(values)
    middle, low, high = (
        f"{value:.{digits}f}" for value in (median(values), min(values), max(values))
    )
    return middle if len(values) == 1 else f"{middle} ({low} to {high})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _processor_seconds() -> float:
    """Return the time that this process and those it started have computed."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _commit() -> str:
    root = Path(__file__).parents[2]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.check_output(command, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()

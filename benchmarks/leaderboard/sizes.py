"""How large packages are once they are installed, with all that they require."""

import configparser
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.provenance import ROOT


def own_requirements() -> list[str]:
    """Return what this package requires."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config["options"]["install_requires"].split()


def installed_mib(requirements: Iterable[str], own: Path | None = None) -> float:
    """Return the size of installed packages in MiB.

    Parameters
    ----------
    requirements : iterable of str
        Packages, perhaps with versions. All that they require counts, too.
    own : Path, optional
        A folder of sources to add.
    """
    left, seen, size = [Requirement(name) for name in requirements], set(), 0
    while left:
        name = canonicalize_name(left.pop().name)
        if name in seen:
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform
        paths = [Path(str(path.locate())) for path in package.files or ()]
        size += sum(path.stat().st_size for path in paths if path.is_file())
        for text in package.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                left.append(requirement)
    if own is not None:
        size += sum(path.stat().st_size for path in own.rglob("*") if path.is_file())
    return size / 2**20

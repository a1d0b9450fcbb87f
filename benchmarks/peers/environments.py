"""Environments of rivals: made with pinned versions, outside of this repository."""

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
# Rivals by the name of their adapter, and the environment that each needs. FASTopic and
# topmost require each other.
ADAPTERS = {
    "topica": "topica",
    "ctm": "ctm",
    "turftopic": "turftopic",
    "bertopic": "bertopic",
    "topmost": "topmost",
    "fastopic": "topmost",
}
# Of tomotopy, only the sampler is compared.
ENVIRONMENTS = ADAPTERS | {"tomotopy": "tomotopy"}


def python_of(name: str, folder: Path) -> Path:
    """Return the Python of a rival's environment."""
    binaries = "Scripts" if os.name == "nt" else "bin"
    return folder / ENVIRONMENTS[name] / binaries / "python"


def install(name: str, folder: Path) -> None:
    """Make the environment of a rival in a folder, unless it is there.

    The requirements are complete: what pip would add beyond them, such as torchvision,
    is left out.
    """
    environment = folder / ENVIRONMENTS[name]
    python = python_of(name, folder)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    requirements = REQUIREMENTS / f"{ENVIRONMENTS[name]}.txt"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [python, "-m", "pip", "install", *options, "-r", requirements], check=True
    )

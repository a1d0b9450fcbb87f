"""What a stored result rests on, and which of its sources have changed since.

Beside a result ``NAME.json`` lies ``NAME.run.json``: the command, the date, the
machine, the versions of what was used, and a digest of every source of this repository
that the run had loaded when it stored the result. What only people read does not count:
comments, docstrings, messages of errors and warnings, and help texts. Nor do changes in
``benchmarks/same_figures.toml``, each with the reason why the figures stay as they are.

    python -m benchmarks check

lists all stored results, and for each that is stale the sources that have changed.
"""

import argparse
import ast
import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SAME_FIGURES = ROOT / "benchmarks" / "same_figures.toml"
# No figure rests on these.
_APART = {
    "benchmarks/__main__.py",
    "benchmarks/everything.py",
    "benchmarks/provenance.py",
    "benchmarks/leaderboard/__main__.py",
    "benchmarks/leaderboard/results.py",
    "benchmarks/leaderboard/tables.py",
    "benchmarks/peers/__main__.py",
    "benchmarks/peers/environments.py",
    "benchmarks/reproduce/claims.py",
    "benchmarks/reproduce/figures.py",
    "benchmarks/reproduce/orderings.py",
    "benchmarks/reproduce/page.py",
    "benchmarks/reproduce/paper.py",
    "benchmarks/reproduce/tables.py",
}
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "numba", "gensim")


@cache
def digest(source: str) -> str:
    """Return a digest of code that the texts which only people read do not change."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            del body[0]
        for message in _messages(node):
            _drop_texts(message)
    return hashlib.sha256(repr(_shape(tree)).encode()).hexdigest()[:16]


def _messages(node: ast.AST) -> list[ast.expr]:
    """Return the parts of a statement or call that hold nothing but a message."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return node.exc.args
    if not isinstance(node, ast.Call):
        return []
    if ast.unparse(node.func) in ("warnings.warn", "warn"):
        return node.args[:1]
    return [keyword.value for keyword in node.keywords if keyword.arg == "help"]


def _drop_texts(message: ast.expr) -> None:
    """Empty the texts of a message; the values that it names still count."""
    for node in ast.walk(message):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""


def _shape(node: Any) -> Any:
    """Return what a tree is made of, in the same way for all versions of Python."""
    if isinstance(node, list):
        return [_shape(part) for part in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    # Versions differ in the fields that are empty, and 3.12 adds empty texts.
    given = [pair for pair in ast.iter_fields(node) if pair[1] not in (None, [])]
    fields = {name: _shape(part) for name, part in given}
    if isinstance(node, ast.JoinedStr):
        fields["values"] = [_shape(part) for part in node.values if not _is_empty(part)]
    return type(node).__name__, fields


def _is_empty(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def loaded_sources() -> dict[str, str]:
    """Return the digest of each source of this repository that is loaded."""
    found = {}
    for module in list(sys.modules.values()):
        path = Path(getattr(module, "__file__", None) or "/")
        if path.suffix == ".py" and path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).as_posix()
            if name.split("/")[0] in ("sklearn_m3l", "benchmarks"):
                found[name] = digest(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def run_file(result: Path) -> Path:
    """Return where it is written what a result rests on."""
    return result.with_suffix(".run.json")


def _has(package: str) -> bool:
    """Return whether a package is installed."""
    return any(True for _ in importlib.metadata.distributions(name=package))


def record(
    result: Path,
    continues: bool = False,
    finished: bool = True,
    also: Iterable[str] = (),
) -> None:
    """Write what a result rests on that this process has just stored.

    Where it adds to what an earlier process stored, the digests of that one are kept:
    to make such a result anew, delete it first. More may be added to a result that is
    not finished. Other sources of this repository, such as what ran in another
    process, are named in `also`.
    """
    path, sources = run_file(result), loaded_sources()
    for name in also:
        sources[name] = digest((ROOT / name).read_text(encoding="utf-8"))
    if continues and path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        sources = sources | earlier["sources"]
    main = sys.modules["__main__"].__spec__
    name = main.name.removesuffix(".__main__") if main else sys.argv[0]
    # Where folders lie on this machine is nobody's business.
    argv = [Path(a).name if os.path.isabs(a) else a for a in sys.argv[1:]]
    content = {
        "command": shlex.join(["python", "-m", name, *argv]),
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in PACKAGES if _has(p)},
        "finished": finished,
        "sources": sources,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def changed_sources(result: Path) -> list[str] | None:
    """Return the sources that differ from those of a result, None if none are known."""
    if not run_file(result).exists():
        return None
    sources = json.loads(run_file(result).read_text(encoding="utf-8"))["sources"]
    return [
        name
        for name, known in sources.items()
        if name not in _APART and not _is_same(name, known)
    ]


def _is_same(name: str, known: str) -> bool:
    """Return whether a source gives the figures that it gave when it had a digest."""
    if not (ROOT / name).exists():
        return False
    digests = {known}
    for change in same_figures():
        if change["source"] == name and change["before"] in digests:
            digests.add(change["after"])
    return digest((ROOT / name).read_text(encoding="utf-8")) in digests


@cache
def same_figures() -> list[dict[str, str]]:
    """Return the changes that leave all stored figures as they are, oldest first.

    Each has the digests of a "source" "before" and "after", and the "reason".
    """
    return tomllib.loads(SAME_FIGURES.read_text(encoding="utf-8"))["change"]


def is_finished(result: Path) -> bool:
    """Return whether nothing is left to add to a result that knows its sources."""
    if not run_file(result).exists():
        return False
    return json.loads(run_file(result).read_text(encoding="utf-8")).get(
        "finished", True
    )


def stored_results() -> list[Path]:
    """Return all stored results."""
    return [p for p in sorted(RESULTS.rglob("*.json")) if ".run" not in p.suffixes]


def check(_: argparse.Namespace | None = None) -> None:
    """Print for each stored result whether its sources have changed."""
    results = stored_results()
    stale = 0
    for result in results:
        changed = changed_sources(result)
        stale += changed is None or bool(changed)
        print(result.relative_to(ROOT).as_posix())
        if changed is None:
            print("    stale: made by an earlier version, whose sources are not known")
        elif changed:
            print(f"    stale: changed since: {', '.join(changed)}")
        elif not is_finished(result):
            print("    up to date, but not finished")
        else:
            print("    up to date")
    print(f"{stale} of {len(results)} results are stale")


def add_parser(commands) -> None:
    """Add the command ``check``."""
    parser = commands.add_parser(
        "check", help="list stored results whose sources have changed"
    )
    parser.set_defaults(run=check)

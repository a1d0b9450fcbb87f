"""Which room of the package imports from which, and the one door to scikit-learn."""

import ast
import sys
from pathlib import Path

import pytest

import sklearn_m3l

PACKAGE = Path(sklearn_m3l.__file__).parent
ROOT = PACKAGE.parent
DOOR = PACKAGE / "utils" / "_sklearn.py"

# Lower rooms first: a room imports from none that is further down.
ALLOWED = {
    "utils": set(),
    "multiview": {"utils"},
    "metrics": {"multiview", "utils"},
    "embedding": {"multiview", "utils"},
    "gibbs": {"utils"},
    "network": {"multiview", "utils"},
    "training": {"network", "multiview", "utils"},
    "models": {"gibbs", "network", "training", "multiview", "utils"},
    "datasets": {"multiview", "utils"},
    "persistence": {"utils"},
    "inspection": {"metrics", "models", "multiview", "utils"},
    "distributed": {"gibbs", "models", "multiview", "utils"},
    "display": {"inspection", "metrics", "multiview", "utils"},
    "cli": {
        "datasets",
        "display",
        "embedding",
        "inspection",
        "metrics",
        "models",
        "multiview",
        "persistence",
        "utils",
    },
}
ROOMS = sorted(
    path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()
)


def imported(path):
    """Yield the dotted name of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def source_files():
    folders = ("sklearn_m3l", "benchmarks", "docs", "examples")
    files = [path for name in folders for path in (ROOT / name).rglob("*.py")]
    return [path for path in files if "_build" not in path.parts]


def test_all_rooms_are_known():
    assert set(ROOMS) == set(ALLOWED)


def test_there_is_no_circle():
    below: set[str] = set()
    left = dict(ALLOWED)
    while left:
        ready = {room for room, needed in left.items() if needed <= below}
        assert ready, f"a circle among {sorted(left)}"
        below |= ready
        left = {room: needed for room, needed in left.items() if room not in ready}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_from_lower_ones_alone(room):
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "benchmarks":
                pytest.fail(f"{path} imports the benchmarks")
            if parts[0] == "sklearn_m3l" and parts[1] in ROOMS and parts[1] != room:
                assert parts[1] in ALLOWED[room], f"{path} imports {name}"


@pytest.mark.parametrize(
    ("engine", "rooms"), [("torch", {"network", "training"}), ("skorch", {"training"})]
)
def test_engines_of_the_networks_stay_in_their_rooms(engine, rooms):
    found = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] == engine
    }
    assert found == rooms


@pytest.mark.parametrize("room", ["network", "training"])
def test_these_rooms_export_what_others_use(room):
    package = f"sklearn_m3l.{room}."
    used = {
        name.removeprefix(package)
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / room)
        for name in imported(path)
        if name.startswith(package)
    }
    exported = {
        name.rpartition(".")[2] for name in imported(PACKAGE / room / "__init__.py")
    }
    assert used == exported


def test_private_names_of_scikit_learn_come_through_one_door():
    found = {
        path
        for path in source_files()
        for name in imported(path)
        if name.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in name.split("."))
    }
    assert found == {DOOR}


def test_private_attributes_of_scikit_learn_stay_behind_the_door():
    for path in source_files():
        if path != DOOR:
            assert "_sklearn_output_config" not in path.read_text(encoding="utf-8")


def test_diagrams_do_without_the_private_block(monkeypatch):
    from sklearn.utils import estimator_html_repr

    from sklearn_m3l.embedding import make_multiview_encoder
    from sklearn_m3l.utils import _sklearn

    encoder = make_multiview_encoder(["en", "de"])
    assert "sk-parallel" in estimator_html_repr(encoder)

    # A later scikit-learn may have moved it; then there is a single box.
    monkeypatch.setitem(sys.modules, "sklearn.utils._repr_html.estimator", None)
    assert "MultiViewEncoder" in estimator_html_repr(encoder)
    with pytest.raises(AttributeError, match="no parallel blocks"):
        _sklearn.parallel_block([], [])

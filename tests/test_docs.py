"""Tests of the documentation: public names have pages, and its code runs."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import sklearn_m3l

DOCS = Path(__file__).parents[1] / "docs"
GUIDE = sorted((DOCS / "user_guide").glob("*.rst"))
MODULES = [
    name
    for name in sklearn_m3l.__all__
    if hasattr(getattr(sklearn_m3l, name), "__path__")
    or getattr(sklearn_m3l, name) is sklearn_m3l.multiview
]
PUBLIC = [
    *(
        f"sklearn_m3l.{name}"
        for name in sklearn_m3l.__all__
        if name not in [*MODULES, "__version__"]
    ),
    *(
        f"sklearn_m3l.{module}.{name}"
        for module in MODULES
        for name in getattr(sklearn_m3l, module).__all__
    ),
]


def find(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def documented_names():
    """Return the names that `autosummary` makes pages of."""
    names, module, inside = [], None, False
    for line in (DOCS / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif line.startswith(".. autosummary::"):
            inside = True
        elif line and not line.startswith(" "):
            inside = False
        elif inside and re.fullmatch(r" {3}\w+", line):
            names.append(f"{module}.{line.strip()}")
    return names


def test_modules_are_found():
    assert {"datasets", "embedding", "metrics", "models", "multiview"} <= set(MODULES)


def test_every_public_name_has_a_page():
    pages = [find(name) for name in documented_names()]
    absent = [path for path in PUBLIC if not any(page is find(path) for page in pages)]
    assert not absent, f"docs/api.rst lacks {absent}"


def test_every_page_is_of_a_public_name():
    assert len(documented_names()) == len(set(documented_names()))
    assert set(documented_names()) <= set(PUBLIC)


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_code_in_the_guide_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Most of the time would go into where training starts.
    shorter = r"\1init_max_iter=10, \2"
    text = re.sub(
        r"(TopicModel\([^()]*?)(\bmax_iter=\d)", shorter, page.read_text("utf-8")
    )
    code = doctest.DocTestParser().get_doctest(text, {}, page.stem, str(page), 0)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.DocTestRunner(optionflags=options).run(code).failed == 0


@pytest.mark.slow
def test_ten_lines_of_the_start_page_run(capsys):
    text = (DOCS / "index.rst").read_text(encoding="utf-8")
    block = re.search(r"\.\. code-block:: python\n\n((?: {3}.*\n|\n)+)", text)[1]
    code = "\n".join(line[3:] for line in block.splitlines())
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    assert "max_iter=20" in code
    exec(code.replace("max_iter=20", "max_iter=1, init_max_iter=10"), {})
    assert "topic" in capsys.readouterr().out


def test_every_page_is_in_a_toctree():
    linked = re.findall(
        r"^ {3}(\w+)$", (DOCS / "user_guide/index.rst").read_text(), re.MULTILINE
    )
    assert sorted(linked) == [page.stem for page in GUIDE if page.stem != "index"]


def test_the_walks_through_the_code_name_what_exists():
    page = (DOCS / "contributing.rst").read_text(encoding="utf-8")
    rows = re.findall(r"\* - ``(\w+/_\w+\.py)``\n     - ``(\w+)``\n", page)
    assert len(rows) > 15
    package = Path(sklearn_m3l.__file__).parent
    for file, name in rows:
        assert re.search(rf"\b{name}\b", (package / file).read_text("utf-8")), file


def test_the_map_of_the_code_names_every_room():
    page = (DOCS / "contributing.rst").read_text(encoding="utf-8")
    named = re.findall(r"^   \* - ``(\w+)``$", page, re.MULTILINE)
    package = Path(sklearn_m3l.__file__).parent
    rooms = [path.parent.name for path in package.glob("*/__init__.py")]
    assert sorted(named) == sorted(rooms)

"""Pages that need no other file, filled in from templates."""

from importlib import resources
from string import Template

from sklearn_m3l.display._map import view_rules

_FOLDER = resources.files("sklearn_m3l.display") / "templates"


def fill_page(name: str, n_views: int, **parts: str) -> str:
    """Return a page with its style and its parts, which are HTML, in place."""
    style = _read("page.css").substitute(view_rules=view_rules(n_views))
    return _read(name).substitute(style=style, **parts)


def _read(name: str) -> Template:
    return Template((_FOLDER / name).read_text(encoding="utf-8"))

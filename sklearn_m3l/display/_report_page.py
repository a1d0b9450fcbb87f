"""The page of a report: one self-contained HTML file."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any

from sklearn_m3l.display._report_contents import Contents
from sklearn_m3l.display._report_data import report_data
from sklearn_m3l.display._report_findings import (
    Findings,
    comparison_table,
    disagreement_rows,
    prevalence_tables,
    topic_charts,
    topic_tree,
)
from sklearn_m3l.display._report_parts import (
    map_views,
    score_meanings,
    score_rows,
    topic_cards,
    topic_labels,
    topic_rows,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_SCRIPTS = ("data", "search", "documents", "map", "main")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z0-9]+)*")
# Marks the page as having scripts before it is drawn.
_MARK = 'document.documentElement.classList.add("js")'


def report_page(
    contents: Contents,
    findings: Findings | None = None,
    *,
    title: str,
    intro: str = "",
    note: str = "",
    scores: Mapping[str, Any] | None = None,
    scored: str = "",
) -> str:
    """Return a report, or without documents a page with only the topic space.

    Parameters
    ----------
    contents : Contents
        The contents.
    findings : Findings, optional
        Differences of views, and prevalence over values.
    title, intro, note : str
        Plain text: the heading, the text below it, and the text at the end. In the
        note, web addresses become links.
    scores : mapping of str to Score or float, optional
        Scores to show in a table.
    scored : str
        Plain text: what the scores were measured on.
    """
    from markupsafe import Markup

    documents = contents.documents
    # Leave out pairs of views that no document has.
    shown = {
        name: score
        for name, score in (scores or {}).items()
        if getattr(score, "n_rows", None) != 0
    }
    # Mark only files of this package as safe; all other text is escaped.
    library = Markup(_bokeh())
    scripts = Markup("\n".join(_read(f"report_{name}.js") for name in _SCRIPTS))
    mark = Markup(_MARK)
    page = (
        _environment()
        .get_template("report.html")
        .render(
            policy=_policy(mark, library, scripts),
            style=Markup(_read("report.css")),
            mark=mark,
            library=library,
            scripts=scripts,
            title=title,
            intro=intro,
            note=note,
            documents=documents is not None,
            languages=contents.languages,
            first_language=next(iter(contents.words)),
            topic_labels=topic_labels(contents),
            topic_rows=topic_rows(contents),
            cards=_cards(contents, findings),
            **_found(contents, findings),
            map_views=map_views(contents),
            n_points=f"{len(contents.points):,}",
            scores=score_rows(shown),
            meanings=score_meanings(shown),
            scored=scored,
            data=report_data(contents),
        )
    )
    # Half a surrogate pair, which no file can hold, becomes a question mark.
    return page.encode("utf-8", "replace").decode()


def _cards(contents: Contents, findings: Findings | None) -> list[dict[str, Any]]:
    """Return the content of the card of each topic."""
    if contents.documents is None or findings is None:
        return []
    cards = topic_cards(contents, contents.documents)
    return [card | {"charts": topic_charts(findings, card["topic"])} for card in cards]


def _found(contents: Contents, findings: Findings | None) -> dict[str, Any]:
    """Return the findings about all documents."""
    if contents.documents is None or findings is None:
        none = dict.fromkeys(["tree", "comparison"])
        return {**none, "disagreements": [], "value_tables": []}
    given = contents, contents.documents, findings
    return {
        "tree": topic_tree(contents, findings),
        "comparison": comparison_table(*given),
        "disagreements": disagreement_rows(*given),
        "value_tables": prevalence_tables(*given),
    }


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sklearn_m3l.display"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["language_code"] = _LANGUAGE.fullmatch
    return environment


def _bokeh() -> str:
    """Return the plotting library, which needs no other file."""
    from bokeh.resources import Resources

    (library,) = Resources(mode="inline", components=["bokeh"]).js_raw[:1]
    return library


def _policy(*scripts: str) -> str:
    """Return a policy that lets only these scripts run, and loads nothing."""
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    folder = resources.files("sklearn_m3l.display") / "templates"
    return (folder / name).read_text(encoding="utf-8")

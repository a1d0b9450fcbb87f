"""A report put together: one HTML file that needs no other."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib import resources
from string import Template
from typing import Any

from sklearn_m3l.display._report_contents import Contents
from sklearn_m3l.display._report_data import report_data
from sklearn_m3l.display._report_parts import score_table, topic_cards, topic_table

_FOLDER = resources.files("sklearn_m3l.display") / "templates"
_SCRIPTS = ("data", "search", "documents", "map", "main")
_LINK = re.compile(r"https://[\w./-]*[\w/]")
_SIGNS = "●■▲◆▼★⬢"
# The page knows that it has scripts before it is drawn.
_MARK = 'document.documentElement.classList.add("js")'

_HOW = """<p class="how">A topic is a group of words that occur together, in each
language its own; a document is a mixture of topics. The words and pictures of a topic
say what it is about, its prevalence how much of all documents it makes up.</p>"""


def report_page(
    contents: Contents,
    *,
    title: str,
    intro: str = "",
    note: str = "",
    scores: Mapping[str, Any] | None = None,
    scored: str = "",
) -> str:
    """Return a report, or without documents a page of the topic space alone.

    Parameters
    ----------
    contents : Contents
        What it shows.
    title, intro, note : str
        Plain text: the heading, what stands below it, and what stands at the end. In
        the note, https addresses become links.
    scores : mapping of str to Score, optional
        What to show in a table.
    scored : str
        Plain text: what the scores were measured on.
    """
    documents = contents.documents
    sections = {
        "topics": f'<h2 id="topics">Topics</h2>\n{_HOW}\n{topic_table(contents)}'
    }
    sections["map"] = _map_section(contents)
    if documents is not None:
        cards = topic_cards(contents, documents)
        sections["all topics"] = (
            f'<h2 id="all-topics">Topics in full</h2>\n<div class="topics">\n{cards}\n'
            "</div>"
        )
        sections["documents"] = _read("documents.html")
    if scores:
        sections["metrics"] = (
            f'<h2 id="metrics">Metrics</h2>\n<p class="how">{escape(scored)}</p>\n'
            f"{score_table(scores)}"
        )
    links = "".join(
        f'<a href="#{name.replace(" ", "-")}">{name.capitalize()}</a>'
        for name in sections
    )
    scripts = "\n".join(_read(f"report_{name}.js") for name in _SCRIPTS)
    library = _bokeh()
    page = Template(_read("report.html")).substitute(
        policy=_policy(_MARK, library, scripts),
        title=escape(title),
        style=_read("report.css"),
        mark=_MARK,
        links=links,
        search="Words of topics" + (", names, texts" if documents else ""),
        main=f'<p class="intro">{escape(intro)}</p>\n' + "\n".join(sections.values()),
        note=_LINK.sub(r'<a href="\g<0>">\g<0></a>', escape(note)),
        data=report_data(contents),
        library=library,
        scripts=scripts,
    )
    # Half a surrogate pair, which no file can hold, becomes a question mark.
    return page.encode("utf-8", "replace").decode()


def _map_section(contents: Contents) -> str:
    sizes = contents.points["view"].value_counts()
    boxes = "".join(
        f'<label><input type="checkbox" data-view="{number}" checked> '
        f'<span aria-hidden="true">{_SIGNS[number % len(_SIGNS)]}</span> '
        f"{escape(label)} ({sizes.get(view, 0):,})</label>"
        for number, (view, label) in enumerate(contents.views.items())
    )
    return Template(_read("map.html")).substitute(
        views=boxes, n_points=f"{len(contents.points):,}"
    )


def _bokeh() -> str:
    """Return the plotting library, which draws without any other file."""
    from bokeh.resources import Resources

    (library,) = Resources(mode="inline", components=["bokeh"]).js_raw[:1]
    return library


def _policy(*scripts: str) -> str:
    """Return a policy that lets these scripts run, no other, and loads nothing."""
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

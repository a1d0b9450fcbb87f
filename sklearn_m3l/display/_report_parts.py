"""The parts of a report that are there without its scripts: topics and metrics."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from sklearn_m3l.display._report_contents import N_WORDS_SHOWN, Contents, Documents
from sklearn_m3l.display._report_data import picture_uri, shown_pictures
from sklearn_m3l.metrics._evaluation import MEASURES

# Words that stand for a topic in the table, and where it is mentioned.
_N_TABLE_WORDS, _N_MENTIONED = 6, 3

_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z0-9]+)*")


def topic_table(contents: Contents) -> str:
    """Return a table of the topics, the most prevalent first; scripts can sort it."""
    amounts, shown = _amounts(contents)
    amount = "Points" if contents.documents is None else "Prevalence"
    languages = "".join(
        f'<th scope="col" data-sort="text">{escape(label)}</th>'
        for label in contents.languages.values()
    )
    largest = max(amounts.max(), 1e-9)
    rows = "\n".join(
        f'<tr><th scope="row" data-value="{topic}">'
        f"{_topic_link(topic, contents)}</th>"
        f'<td class="number" data-value="{amounts[topic]:.6f}">{shown[topic]}'
        f'<span class="bar" style="--share:{amounts[topic] / largest:.3f}"></span></td>'
        + "".join(
            f"<td{_lang(view)}>{escape(', '.join(words[topic][:_N_TABLE_WORDS]))}</td>"
            for view, words in contents.words.items()
        )
        + "</tr>"
        for topic in np.argsort(-amounts, kind="stable")
    )
    return f"""<div class="scroll" role="region" tabindex="0"
aria-label="Table of topics">
<table id="topic-table" class="sortable">
<thead><tr><th scope="col" data-sort="number">Topic</th>
<th scope="col" data-sort="number" aria-sort="descending">{amount}</th>
{languages}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def topic_cards(contents: Contents, documents: Documents) -> str:
    """Return an article for each topic, the most prevalent first."""
    prevalence, by_view = documents.prevalence, documents.prevalence_by_view
    numbers = {key: number for number, key in enumerate(shown_pictures(documents))}
    cards = []
    for topic in np.argsort(-prevalence, kind="stable"):
        words = "".join(
            _word_list(view, label, contents.words[view][topic], documents, topic)
            for view, label in contents.languages.items()
        )
        shares = " · ".join(
            f"{escape(contents.views[view])} {share[topic]:.1%}"
            for view, share in by_view.items()
        )
        pictures = "\n".join(
            _picture_list(contents, documents, view, rows[topic], topic, numbers)
            for view, rows in documents.pictures.items()
        )
        nearest = "".join(
            f"<li>{_topic_link(near, contents, mention=True)}</li>"
            for near in documents.nearest[topic]
        )
        cards.append(
            f'<article class="topic" id="topic-{topic}" tabindex="-1">\n'
            f'<header><h3>Topic {topic}</h3><span class="share">share '
            f"{prevalence[topic]:.1%}</span></header>\n"
            f'<div class="words">{words}</div>\n'
            f'<p class="by-view"><b>Share by view</b> {shares}</p>\n'
            f"{pictures}\n{_example_list(contents, documents, topic)}\n"
            f"<section><h4>Nearest topics</h4>{_list('nearest', nearest)}</section>\n"
            f'<p class="scripted"><a href="#map-{topic}">Show on the map</a> '
            f'<a href="#documents-{topic}">List its documents</a></p>\n</article>'
        )
    return "\n".join(cards)


def score_table(scores: Mapping[str, Any]) -> str:
    """Return a table of scores, and what each measure is."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{score.value:.3f}</td>'
        f"<td>{'–' if score.chance is None else format(score.chance, '.3f')}</td></tr>"
        for name, score in scores.items()
    )
    measures = dict.fromkeys(name.split()[0] for name in scores)
    meanings = "\n".join(
        f"<dt>{escape(measure)}</dt><dd>{escape(MEASURES[measure])}</dd>"
        for measure in measures
        if measure in MEASURES
    )
    return f"""<div class="scores">
<table>
<caption>Scores, beside those of chance</caption>
<thead><tr><th scope="col">Measure</th><th scope="col">Score</th>
<th scope="col">Chance</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<dl>
{meanings}
</dl>
</div>"""


def _amounts(contents: Contents) -> tuple[np.ndarray, list[str]]:
    """Return how much there is of each topic, and how to write it."""
    if contents.documents is not None:
        amounts = contents.documents.prevalence
        return amounts, [f"{share:.1%}" for share in amounts]
    amounts = np.bincount(contents.points["topic"], minlength=contents.n_topics)
    return amounts, [f"{n_points:,}" for n_points in amounts]


def _topic_link(topic: int, contents: Contents, mention: bool = False) -> str:
    """Return a link to a topic, or to its points where there is no more of it."""
    place = "map" if contents.documents is None else "topic"
    link = f'<a href="#{place}-{topic}">Topic {topic}</a>'
    if not mention:
        return link
    view, words = next(iter(contents.words.items()))
    first = escape(", ".join(words[topic][:_N_MENTIONED]))
    return f'{link} <span class="share"{_lang(view)}>{first}</span>'


def _lang(view: str) -> str:
    """Return the attribute of a language where the name of the view is its code."""
    return f' lang="{view}"' if _LANGUAGE.fullmatch(view) else ""


def _word_list(view: str, label: str, words, documents: Documents, topic: int) -> str:
    weights = documents.weights[view][topic]
    items = "".join(
        f'<li style="--share:{weight / max(weights[0], 1e-9):.2f}">{escape(word)}</li>'
        for word, weight in zip(words[:N_WORDS_SHOWN], weights, strict=True)
    )
    return f"<div><h4>{escape(label)}</h4><ol{_lang(view)}>{items}</ol></div>"


def _picture_list(
    contents: Contents, documents: Documents, view: str, rows, topic: int, numbers
) -> str:
    items = []
    for row in rows:
        key, share = documents.keys[view][row], documents.by_view[view][row, topic]
        name = escape(contents.names[view][row])
        items.append(
            f'<li><a href="#row-{row}"><img loading="lazy" alt="{name}" title="{name}, '
            f'{share:.0%}" data-picture="{numbers[key]}" '
            f'src="{picture_uri(documents.thumbnails[key])}"></a></li>'
        )
    return (
        f"<section><h4>{escape(contents.views[view])}</h4>"
        f"{_list('pictures', ''.join(items))}</section>"
    )


def _example_list(contents: Contents, documents: Documents, topic: int) -> str:
    names = contents.names[documents.lead]
    items = "".join(
        f'<li><a href="#row-{row}">{escape(names[row])}</a> '
        f'<span class="share">{documents.mixed[row, topic]:.0%}</span></li>'
        for row in documents.examples[topic]
    )
    return f"<section><h4>Typical documents</h4>{_list('examples', items)}</section>"


def _list(kind: str, items: str) -> str:
    return f'<ul class="{kind}">{items}</ul>' if items else '<p class="none">None</p>'

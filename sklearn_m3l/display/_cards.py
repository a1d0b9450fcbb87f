"""The topics as HTML: words, pictures and examples of each."""

import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from sklearn_m3l.display._names import first_of_each
from sklearn_m3l.multiview import MultiView

# At most so many beside a topic.
_N_PICTURES, _N_EXAMPLES = 8, 5

_NONE = '<p class="none">None</p>'

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def topic_cards(
    model: Any,
    X: MultiView,
    words: Mapping[str, list[list[str]]],
    view_labels: Mapping[str, str],
    names: Mapping[str, np.ndarray],
    thumbnails: Mapping[str, bytes],
) -> str:
    """Return an article for each topic, the most prevalent first.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Rows to choose examples from.
    words : mapping of str to list of list of str
        By language, the top words of each topic.
    view_labels : mapping of str to str
        What to call each view.
    names : mapping of str to ndarray of shape (n_rows,)
        By view, what each row shows.
    thumbnails : mapping of str to bytes
        JPEG files by name.
    """
    theta = np.asarray(model.transform(X))
    share = np.nanmean(theta, axis=0)
    examples = _examples(model, X, theta, words, names)
    pictures = {
        view: _pictures(model, X, view, names[view], thumbnails)
        for view in X.view_names
        if view not in words
    }
    cards = []
    for topic in np.argsort(-share, kind="stable"):
        parts = [
            *(_picture_list(view_labels[v], p[topic]) for v, p in pictures.items()),
            _example_list(examples[topic]),
        ]
        mark = f'<span class="share">share {share[topic]:.1%}</span>'
        cards.append(_card(topic, words, view_labels, mark, "\n".join(parts)))
    return "\n".join(cards)


def word_cards(
    words: Mapping[str, list[list[str]]],
    view_labels: Mapping[str, str],
    sizes: Mapping[int, int],
) -> str:
    """Return an article for each topic with nothing but its words, the largest first.

    Parameters
    ----------
    words : mapping of str to list of list of str
        By language, the top words of each topic.
    view_labels : mapping of str to str
        What to call each language.
    sizes : mapping of int to int
        Points whose foremost topic is each; none where it is not named.
    """
    topics = range(len(next(iter(words.values()))))
    return "\n".join(
        _card(
            topic,
            words,
            view_labels,
            f'<span class="share">foremost of {sizes.get(topic, 0):,} points</span>',
        )
        for topic in sorted(topics, key=lambda topic: -sizes.get(topic, 0))
    )


def _card(topic: int, words, view_labels, mark: str, parts: str = "") -> str:
    lists = "".join(
        _word_list(view, view_labels.get(view, view), by_topic[topic])
        for view, by_topic in words.items()
    )
    return (
        f'<article class="topic" id="topic-{topic}">\n'
        f"<header><h3>Topic {topic}</h3>{mark}</header>\n"
        f'<div class="words">{lists}</div>\n{parts}\n</article>'
    )


def _examples(model, X: MultiView, theta, words, names) -> list[list[tuple]]:
    """Return name and share of the rows that show each topic best.

    They go by the name of their text, where there is one.
    """
    lead = next((view for view in X.view_names if view in words), X.view_names[0])
    present = X[lead].present
    return [
        [
            (names[lead][row], theta[row, topic])
            for row in first_of_each(names[lead], rows[present[rows]])[:_N_EXAMPLES]
        ]
        for topic, rows in enumerate(model.top_rows(X, n=len(X)))
    ]


def _pictures(model, X: MultiView, view: str, names, thumbnails) -> list[list[tuple]]:
    """Return name, share and JPEG of the pictures whose foremost topic is each."""
    has_thumbnail = np.array([name in thumbnails for name in names])
    rows = np.flatnonzero(has_thumbnail & X[view].present)
    chosen = X[rows][[view]]
    theta = np.asarray(model.transform(chosen))
    foremost = theta.argmax(axis=1)
    by_topic = []
    for topic, order in enumerate(model.top_rows(chosen, n=max(len(rows), 1))):
        own = first_of_each(names[rows], order[foremost[order] == topic])
        by_topic.append(
            [
                (names[rows[i]], theta[i, topic], thumbnails[names[rows[i]]])
                for i in own[:_N_PICTURES]
            ]
        )
    return by_topic


def _word_list(view: str, label: str, words: list[str]) -> str:
    lang = f' lang="{view}"' if _LANGUAGE.fullmatch(view) else ""
    items = "".join(f"<li>{escape(word)}</li>" for word in words)
    return f"<div><h4>{escape(label)}</h4><ol{lang}>{items}</ol></div>"


def _picture_list(label: str, pictures: list[tuple]) -> str:
    items = "".join(
        f'<li><img alt="{escape(str(name))}" title="{escape(str(name))}, {share:.0%}" '
        f'src="data:image/jpeg;base64,{b64encode(jpeg).decode()}"></li>'
        for name, share, jpeg in pictures
    )
    shown = f'<ul class="pictures">{items}</ul>' if items else _NONE
    return f"<section><h4>{escape(label)}</h4>{shown}</section>"


def _example_list(examples: list[tuple]) -> str:
    items = "".join(
        f'<li>{escape(str(name))} <span class="share">{share:.0%}</span></li>'
        for name, share in examples
    )
    shown = f'<ul class="examples">{items}</ul>' if items else _NONE
    return f"<section><h4>Foremost examples</h4>{shown}</section>"

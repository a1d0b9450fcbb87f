"""The parts of a report that need no scripts, in the form of its templates."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sklearn_m3l.display._names import topic_label
from sklearn_m3l.display._report_contents import N_WORDS_SHOWN, Contents, Documents
from sklearn_m3l.display._report_data import picture_uri, shown_pictures
from sklearn_m3l.metrics._alignment import MEASURES

# Words of a topic in the table, and in mentions.
_N_TABLE_WORDS, _N_MENTIONED = 6, 3
_SIGNS = "●■▲◆▼★⬢"


def topic_labels(contents: Contents) -> list[str]:
    """Return the number of each topic, with its name if it has one."""
    names = contents.topic_names
    return [topic_label(topic, names.get(topic)) for topic in range(contents.n_topics)]


def topic_rows(contents: Contents) -> list[dict[str, Any]]:
    """Return the rows of the table of topics, the most prevalent first."""
    if contents.documents is None:
        amounts = np.bincount(contents.points["topic"], minlength=contents.n_topics)
        shown = [f"{n_points:,}" for n_points in amounts]
    else:
        amounts = contents.documents.prevalence
        shown = [f"{share:.1%}" for share in amounts]
    largest = max(amounts.max(), 1e-9)
    return [
        {
            "topic": topic,
            "amount": f"{amounts[topic]:.6f}",
            "shown": shown[topic],
            "share": f"{amounts[topic] / largest:.3f}",
            "words": {
                view: words[topic][:_N_TABLE_WORDS]
                for view, words in contents.words.items()
            },
        }
        for topic in np.argsort(-amounts, kind="stable").tolist()
    ]


def topic_cards(contents: Contents, documents: Documents) -> list[dict[str, Any]]:
    """Return the content of the card of each topic, the most prevalent first."""
    prevalence, by_view = documents.prevalence, documents.prevalence_by_view
    numbers = {key: number for number, key in enumerate(shown_pictures(documents))}
    first_words = contents.first_words
    lead = contents.names[documents.lead]
    titles = lead if documents.titles is None else documents.titles
    return [
        {
            "topic": topic,
            "prevalence": f"{prevalence[topic]:.1%}",
            "words": {
                view: _weighted(words[topic], documents.weights[view][topic])
                for view, words in contents.words.items()
            },
            "by_view": [
                (contents.views[view], f"{share[topic]:.1%}")
                for view, share in by_view.items()
            ],
            "pictures": [
                (
                    contents.views[view],
                    [
                        _picture(contents, documents, view, row, topic, numbers)
                        for row in rows[topic]
                    ],
                )
                for view, rows in documents.pictures.items()
            ],
            "examples": [
                (row, titles[row] or lead[row], f"{documents.mixed[row, topic]:.0%}")
                for row in documents.examples[topic]
            ],
            "nearest": [
                (near, first_words[near][:_N_MENTIONED])
                for near in documents.nearest[topic]
            ],
        }
        for topic in np.argsort(-prevalence, kind="stable").tolist()
    ]


def map_views(contents: Contents) -> list[dict[str, Any]]:
    """Return the views on the map, with their markers and numbers of points."""
    sizes = contents.points["view"].value_counts()
    return [
        {
            "label": label,
            "sign": _SIGNS[number % len(_SIGNS)],
            "n_points": f"{sizes.get(view, 0):,}",
        }
        for number, (view, label) in enumerate(contents.views.items())
    ]


def score_rows(scores: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return name, value, chance and number of rows of each score.

    A score may be a plain number.
    """
    rows = []
    for name, score in scores.items():
        value, n_rows = getattr(score, "value", score), getattr(score, "n_rows", None)
        chance = _number(getattr(score, "chance", None))
        shown = "–" if n_rows is None else f"{n_rows:,}"
        rows.append((str(name), _number(value), chance, shown))
    return rows


def score_meanings(scores: Mapping[str, Any]) -> dict[str, str]:
    """Return the meanings of the measures that this package knows."""
    measures = dict.fromkeys(str(name).split(" ")[0] for name in scores)
    return {name: MEASURES[name] for name in measures if name in MEASURES}


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _weighted(words: list[str], weights: np.ndarray) -> list[tuple[str, str]]:
    """Return words and the lengths of their bars."""
    largest = max(weights.max(), 1e-9)
    return [
        (word, f"{weight / largest:.2f}")
        for word, weight in zip(words[:N_WORDS_SHOWN], weights, strict=False)
    ]


def _picture(
    contents: Contents, documents: Documents, view: str, row: int, topic: int, numbers
) -> dict[str, Any]:
    key = documents.keys[view][row]
    return {
        "row": row,
        "name": contents.names[view][row],
        "share": f"{documents.by_view[view][row, topic]:.0%}",
        "number": numbers[key],
        "source": picture_uri(documents.thumbnails[key]),
    }

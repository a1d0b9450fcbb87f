"""Findings about all documents: differences of views, and prevalence over values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import dendrogram

from sklearn_m3l.display._levels import is_ordered, level_places, level_texts
from sklearn_m3l.display._report_contents import Contents, Documents
from sklearn_m3l.inspection import mean_proportions, prevalence_difference
from sklearn_m3l.metrics._articles import first_of_each

# Topics in a table, rows in a list, and words in the label of a topic.
_N_TOPICS, _N_ROWS, _N_WORDS = 20, 10, 3
_N_RESAMPLES = 500
# Words at a leaf of the tree, its width, and the most topics for which it is open.
_N_LEAF_WORDS, _TREE, _MOST_OPEN = 6, 100, 30
# With more views than this, intervals would not fit next to the differences.
_MOST_INTERVALS = 3
# Width and height of a chart in SVG units.
_WIDTH, _HEIGHT = 240, 60


@dataclass(frozen=True)
class Findings:
    """Tables that describe all documents.

    Parameters
    ----------
    differences : dict of str to DataFrame
        By view, the differences in the prevalence of topics from `Documents.lead`; see
        `prevalence_difference`.
    prevalence : dict of str to DataFrame
        By the name of the values that group documents, the prevalence of topics; see
        `mean_proportions`.
    articles : ndarray of shape (n_rows,)
        The article of each row.
    linkage : ndarray of shape (n_topics - 1, 4) or None
        The hierarchy of the topics, as `topic_hierarchy` of the models returns it; None
        for a single topic.
    """

    differences: dict[str, pd.DataFrame]
    prevalence: dict[str, pd.DataFrame]
    articles: np.ndarray
    linkage: np.ndarray | None


def find(
    model: Any,
    contents: Contents,
    articles: np.ndarray,
    values: Mapping[str, Any],
    bins: Mapping[str, Any],
    random_state: np.random.RandomState,
) -> Findings | None:
    """Compare views with the lead, average documents over values, and link topics."""
    documents = contents.documents
    if documents is None:  # a page with only the topic space
        return None
    bootstrap = {"n_resamples": _N_RESAMPLES, "random_state": random_state}
    lead, differences = documents.by_view[documents.lead], {}
    for view, theta in documents.by_view.items():
        both = ~np.isnan(lead[:, 0]) & ~np.isnan(theta[:, 0])
        if view != documents.lead and len(np.unique(articles[both])) > 1:
            differences[view] = prevalence_difference(
                lead, theta, articles, **bootstrap
            )
    prevalence = {}
    for name, given in values.items():
        try:
            prevalence[name] = mean_proportions(
                documents.mixed, given, articles, bins=bins.get(name), **bootstrap
            )
        except ValueError as error:
            raise ValueError(f"values[{name!r}]: {error}") from error
    linkage = model.topic_hierarchy() if contents.n_topics > 1 else None
    return Findings(differences, prevalence, articles, linkage)


def topic_tree(contents: Contents, findings: Findings) -> dict[str, Any] | None:
    """Return the hierarchy of topics as lines to draw, and its leaves from the top."""
    if findings.linkage is None:
        return None
    tree = dendrogram(findings.linkage, no_plot=True)
    # In SciPy, leaves are 10 apart, and the first is at 5; the root is on the left.
    largest = max(map(max, tree["dcoord"])) or 1
    return {
        "height": 10 * contents.n_topics,
        "is_open": contents.n_topics <= _MOST_OPEN,
        "lines": [
            " ".join(
                f"{_TREE * (1 - distance / largest):.1f},{place:.1f}"
                for place, distance in zip(places, distances, strict=True)
            )
            for places, distances in zip(tree["icoord"], tree["dcoord"], strict=True)
        ],
        "leaves": [
            (topic, contents.first_words[topic][:_N_LEAF_WORDS])
            for topic in tree["leaves"]
        ],
    }


def comparison_table(
    contents: Contents, documents: Documents, findings: Findings
) -> dict[str, Any] | None:
    """Return the topics that differ most between views; None without two views."""
    if not findings.differences:
        return None
    views = list(findings.differences)
    tables = list(findings.differences.values())
    gaps = np.max([np.abs(table["difference"]) for table in tables], axis=0)
    order = np.argsort(-gaps, kind="stable")[:_N_TOPICS].tolist()
    with_interval = len(views) <= _MOST_INTERVALS
    share = documents.prevalence_by_view[documents.lead]
    return {
        "lead": contents.views[documents.lead],
        "views": [contents.views[view] for view in views],
        "n_topics": contents.n_topics,
        "with_interval": with_interval,
        "rows": [
            {
                "topic": topic,
                "words": contents.first_words[topic][:_N_WORDS],
                "share": f"{share[topic]:.1%}",
                "cells": [_difference(table.iloc[topic]) for table in tables],
            }
            for topic in order
        ],
    }


def disagreement_rows(
    contents: Contents, documents: Documents, findings: Findings
) -> list[dict[str, Any]]:
    """Return the documents whose views differ most, one per article."""
    if not documents.divergences:
        return []
    pairs = list(documents.divergences)
    values = np.nan_to_num(np.stack(list(documents.divergences.values())), nan=-1)
    widest, pair_of = values.max(axis=0), values.argmax(axis=0)
    order = first_of_each(findings.articles, np.argsort(-widest, kind="stable"))
    rows = []
    for row in order[:_N_ROWS].tolist():
        value = widest[row]
        if value <= 0:  # equal, or without two views
            break
        rows.append(
            {
                "row": row,
                "title": _title(contents, documents, row),
                "divergence": f"{value:.0%}",
                "topics": [
                    (
                        contents.views[view],
                        topic,
                        contents.first_words[topic][:_N_WORDS],
                    )
                    for view in pairs[pair_of[row]]
                    for topic in [int(documents.by_view[view][row].argmax())]
                ],
            }
        )
    return rows


def prevalence_tables(
    contents: Contents, documents: Documents, findings: Findings
) -> list[dict[str, Any]]:
    """Return topics by values as tables of shares, the most prevalent topics first."""
    order = np.argsort(-documents.prevalence, kind="stable")[:_N_TOPICS].tolist()
    tables = []
    for number, (name, table) in enumerate(findings.prevalence.items()):
        largest = max(table["prevalence"].max(), 1e-9)
        levels = list(dict.fromkeys(table["value"]))
        first = table[table["topic"] == 0]
        by_topic = dict(iter(table.groupby("topic")))
        tables.append(
            {
                "id": f"values-{number}",
                "name": name,
                "levels": level_texts(levels),
                "n_rows": [f"{n:,}" for n in first["n_rows"]],
                "n_topics": contents.n_topics,
                "rows": [
                    {
                        "topic": topic,
                        "words": contents.first_words[topic][:_N_WORDS],
                        "cells": [
                            {
                                "share": f"{row.prevalence / largest:.2f}",
                                "shown": _percent(row.prevalence),
                                "title": _interval(row.low, row.high),
                            }
                            for row in by_topic[topic].itertuples()
                        ],
                    }
                    for topic in order
                ],
            }
        )
    return tables


def topic_charts(findings: Findings, topic: int) -> list[dict[str, Any]]:
    """Return the prevalence of a topic over each value, as a line or as bars."""
    charts = []
    for name, table in findings.prevalence.items():
        own = table[table["topic"] == topic]
        levels = own["value"].tolist()
        highs = own["high"].fillna(own["prevalence"])
        lows = own["low"].fillna(own["prevalence"])
        top = max(highs.max(), 1e-9)
        chart: dict[str, Any] = {
            "name": name,
            "top": f"{top:.0%}",
            "levels": [
                (text, f"{share / top:.2f}", _percent(share), _interval(low, high))
                for text, share, low, high in zip(
                    level_texts(levels),
                    own["prevalence"],
                    own["low"],
                    own["high"],
                    strict=True,
                )
            ],
        }
        if is_ordered(levels[0]) and len(levels) > 2:
            places = np.array(level_places(levels), dtype=float)
            x = _WIDTH * (places - places[0]) / (places[-1] - places[0])
            line = _points(x, own["prevalence"] / top)
            chart["line"] = " ".join(line)
            chart["band"] = " ".join(
                _points(x, lows / top) + _points(x, highs / top)[::-1]
            )
            chart["size"] = (_WIDTH, _HEIGHT)
        charts.append(chart)
    return charts


def _points(x: np.ndarray, shares: pd.Series) -> list[str]:
    return [
        f"{place:.1f},{_HEIGHT * (1 - share):.1f}"
        for place, share in zip(x, shares, strict=True)
    ]


def _difference(row: pd.Series) -> dict[str, Any]:
    """Return a difference in percentage points, and whether its interval excludes 0."""
    return {
        "shown": _points_of(row["difference"]),
        "interval": f"{_points_of(row['low'])} to {_points_of(row['high'])}",
        "certain": row["low"] > 0 or row["high"] < 0,
    }


def _points_of(share: float) -> str:
    """Return percentage points with a sign, except for 0."""
    shown = f"{100 * share:+.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown.replace("-", "\u2212")


def _interval(low: float, high: float) -> str:
    if np.isnan(low):
        return "no interval: a single article"
    return f"{low:.1%} to {high:.1%}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.0995 else f"{share:.0%}"


def _title(contents: Contents, documents: Documents, row: int) -> str:
    """Return the title of a document, or the first name of its views."""
    if documents.titles is not None and documents.titles[row]:
        return str(documents.titles[row])
    view = next(v for v, points in contents.point_of.items() if points[row] >= 0)
    return str(contents.names[view][row])

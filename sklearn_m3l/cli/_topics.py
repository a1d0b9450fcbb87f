"""The commands that print topics: topics and describe."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.cli._formats import print_frame
from sklearn_m3l.cli._models import load_pipeline, read_beside
from sklearn_m3l.cli._tables import TableFile, normalize
from sklearn_m3l.display._names import topic_label
from sklearn_m3l.inspection import topic_entropy
from sklearn_m3l.models._topic_words import NO_WORDS


def topics(
    model: Path,
    *,
    n_words: int = 10,
    ranking: str = "probability",
    ranking_weight: float | None = None,
    form: str = "table",
) -> None:
    """Print the topics of a stored pipeline, the languages side by side if they fit.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    n_words : int
        Words per topic and language.
    ranking, ranking_weight
        The order of the words; see `top_words` of the models.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    """
    topic_model = load_pipeline(model)["topics"]
    words = topic_model.known_words(
        n_words, ranking=ranking, ranking_weight=ranking_weight
    )
    shares = [round(float(share), 4) for share in topic_model.prevalence_]
    frame = pd.DataFrame({"topic": range(len(shares)), "share": shares})
    names = topic_model.topic_names_
    if any(names):
        frame.insert(1, "topic_name", names)
    n_key = frame.shape[1]
    for view, own in words.items():
        lists = own if form == "json" else [", ".join(w) or NO_WORDS for w in own]
        frame[view] = lists

    def heading(row: int) -> str:
        label = topic_label(row, names[row])
        return f"{label} ({shares[row]:.1%} of the words)"

    print_frame(frame, form, heading, n_key)


def describe(
    model: Path,
    table: Path,
    *,
    only: Sequence[str] = (),
    title: str | None = None,
    n_words: int = 5,
    ranking: str = "probability",
    ranking_weight: float | None = None,
    max_entropy: float | None = None,
    form: str = "table",
    **options: Any,
) -> None:
    """Print the dominant topic of each row of a table, and its words.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    only : sequence of str
        Columns to infer topics from; by default all of the model that the table has.
    title : str, optional
        A column that names the rows.
    n_words : int
        Words per row and language.
    ranking, ranking_weight
        The order of the words; see `top_words` of the models.
    max_entropy : float, optional
        The topic is left out if its `topic_entropy` is above this.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    **options : dict
        See `TableFile`.
    """
    pipeline = load_pipeline(model)
    given = read_beside(form, TableFile(table, **options), pipeline, title, only=only)
    theta = np.asarray(pipeline.transform(given.frame))
    if max_entropy is not None:
        theta = _only_clear(theta, max_entropy)
    topic_model = pipeline["topics"]
    words = topic_model._describe(
        theta,
        given.frame.index,
        None,
        topic_model.topics_frame(
            n_words, ranking=ranking, ranking_weight=ranking_weight
        ),
    )
    frame = pd.DataFrame({"row": np.arange(1, len(theta) + 1)})
    if title is not None:
        frame["title"] = given.others[normalize(title)].to_numpy()
    frame["topic"] = words["topic"].to_numpy()
    names = topic_model.topic_names_
    if any(names):
        frame["topic_name"] = words["topic_name"].to_numpy()
    frame["share"] = [
        None if np.isnan(row[0]) else round(float(row.max()), 4) for row in theta
    ]
    n_key = frame.shape[1]
    for name in topic_model.vocabularies_:
        frame[name] = words[name].to_numpy()

    def heading(row: int) -> str:
        cells = frame.iloc[row]
        named = f"Row {cells['row']}"
        if title is not None and cells["title"]:
            named += f", {cells['title']}"
        if pd.isna(cells["topic"]):
            return f"{named}: no {'topic' if max_entropy is None else 'clear topic'}"
        topic = int(cells["topic"])
        label = topic_label(topic, names[topic])
        return f"{named}: {label[0].lower()}{label[1:]} ({cells['share']:.0%})"

    print_frame(frame, form, heading, n_key)


def _only_clear(theta: np.ndarray, max_entropy: float) -> np.ndarray:
    """Return topics, NaN in rows without a clear one; print how many these are."""
    known = ~np.isnan(theta[:, 0])
    unclear = topic_entropy(theta) > max_entropy
    print(
        f"{unclear.sum():,} of {known.sum():,} rows have no clear topic",
        file=sys.stderr,
    )
    return np.where(unclear[:, np.newaxis], np.nan, theta)

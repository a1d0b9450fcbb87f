"""The contents of a report as arrays: topics, documents, and their positions."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._names import name_rows
from sklearn_m3l.display._topic_space import lay_out
from sklearn_m3l.metrics import paired_jensen_shannon, pairwise_jensen_shannon
from sklearn_m3l.metrics._articles import first_of_each
from sklearn_m3l.metrics._topics import infer_topics, topics_by_view
from sklearn_m3l.multiview import MultiView

# Words of a topic in each language: number to search, and number to show.
N_WORDS, N_WORDS_SHOWN = 30, 10
# Largest numbers of examples for a topic.
_N_NEAREST, _N_EXAMPLES, _N_PICTURES = 3, 5, 8


@dataclass(frozen=True)
class Contents:
    """The contents of a report; a page with only the topic space has no `documents`.

    Parameters
    ----------
    views : dict of str to str
        Label of each view that has points.
    languages : dict of str to str
        Label of each language in which topics have words.
    words : dict of str to list of list of str
        By language, the top words of each topic, at most `N_WORDS`; none if hardly any
        text is behind them.
    topic_names : dict of int to str
        Names of topics that have one.
    names : dict of str to ndarray of shape (n_rows,)
        By view, the name of each row.
    points : DataFrame of shape (n_points, 6)
        As returned by `topic_space`.
    point_of : dict of str to ndarray of shape (n_rows,)
        By view, the point that shows each row; -1 if it lacks the view.
    documents : Documents or None
        Topics of the rows.
    """

    views: dict[str, str]
    languages: dict[str, str]
    words: dict[str, list[list[str]]]
    topic_names: dict[int, str]
    names: dict[str, np.ndarray]
    points: pd.DataFrame
    point_of: dict[str, np.ndarray]
    documents: "Documents | None" = None

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(next(iter(self.words.values())))

    @property
    def first_words(self) -> list[list[str]]:
        """The words of each topic in the first language in which it has words."""
        by_topic = zip(*self.words.values(), strict=True)
        return [next(filter(None, words), []) for words in by_topic]


@dataclass(frozen=True)
class Documents:
    """The topics of the rows, and typical rows of each topic.

    Parameters
    ----------
    mixed : ndarray of shape (n_rows, n_components)
        Topics of whole rows; NaN if a row has no view.
    by_view : dict of str to ndarray of shape (n_rows, n_components)
        Topics by view; NaN if a row lacks it.
    divergences : dict of (str, str) to ndarray of shape (n_rows,)
        By pair of views, from 0 (the same topics) to 1 (none in common), or NaN.
    weights : dict of str to ndarray of shape (n_components, n_words)
        By language, the probabilities of the words to show.
    nearest : list of list of int
        The most similar topics of each topic, by their words.
    examples : list of list of int
        The rows in `lead` that show each topic best.
    lead : str
        The view whose rows the examples are.
    pictures : dict of str to list of list of int
        For each view without words, the rows that show each topic best.
    texts : dict of str to list of str or None
        By view, the texts of the rows, if they are known.
    keys : dict of str to ndarray of shape (n_rows,)
        By view, the keys of the rows: rows with the same key are one point.
    thumbnails : mapping of str to bytes
        JPEG files by key.
    titles : list of (str or None) or None
        Titles of the rows, if they are known.
    links : list of (str or None) or None
        Web addresses of the rows, if they are known.
    """

    mixed: np.ndarray
    by_view: dict[str, np.ndarray]
    divergences: dict[tuple[str, str], np.ndarray]
    weights: dict[str, np.ndarray]
    nearest: list[list[int]]
    examples: list[list[int]]
    lead: str
    pictures: dict[str, list[list[int]]]
    texts: Mapping[str, Sequence[str | None]]
    keys: dict[str, np.ndarray]
    thumbnails: Mapping[str, bytes]
    titles: Sequence[str | None] | None
    links: Sequence[str | None] | None

    @property
    def prevalence(self) -> np.ndarray:
        """Mean share of each topic in the rows."""
        return _mean_over_rows(self.mixed)

    @property
    def prevalence_by_view(self) -> dict[str, np.ndarray]:
        """Mean share of each topic in each view that any row has."""
        return {
            view: _mean_over_rows(theta)
            for view, theta in self.by_view.items()
            if not np.isnan(theta).all()
        }


def collect(
    model: Any,
    X: MultiView,
    *,
    names: Mapping[str, Any] | None,
    texts: Mapping[str, Any] | None,
    view_labels: Mapping[str, str] | None,
    thumbnails: Mapping[str, bytes] | None,
    titles: Sequence[str | None] | None,
    links: Sequence[str | None] | None,
    ranking: str,
    ranking_weight: float | None,
    random_state: Any,
) -> Contents:
    """Infer topics of all rows, and collect the contents of a report."""
    known_texts = {
        view: [text if isinstance(text, str) else None for text in given]
        for view, given in (texts or {}).items()
    }
    keys, called = name_rows(X, names, known_texts)
    topics = topics_by_view(model, X)
    points = lay_out(topics, keys, X.present, random_state)
    order = {"ranking": ranking, "ranking_weight": ranking_weight}
    words = model.known_words(N_WORDS, **order)
    given = dict(view_labels or {})
    lead = next((view for view in X.view_names if view in words), X.view_names[0])
    mixed = infer_topics(model, X)
    has_lead = X[lead].present[:, np.newaxis]
    documents = Documents(
        mixed=mixed,
        by_view=topics,
        divergences=_divergences(topics),
        weights=_weights(model, words, order),
        nearest=_nearest(model.topic_word_),
        examples=_top_rows(np.where(has_lead, mixed, np.nan), keys[lead], _N_EXAMPLES),
        lead=lead,
        pictures=_pictures(topics, keys, words, thumbnails or {}),
        texts=known_texts,
        keys=keys,
        thumbnails=thumbnails or {},
        titles=titles,
        links=links,
    )
    return Contents(
        views={view: given.get(view, view) for view in X.view_names},
        languages={view: given.get(view, view) for view in words},
        words=words,
        topic_names={k: v for k, v in enumerate(model.topic_names_) if v},
        names=called,
        points=points,
        point_of=points_of_rows(points, keys, X.present),
        documents=documents,
    )


def points_of_rows(
    points: pd.DataFrame,
    keys: Mapping[str, np.ndarray],
    present: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return by view the point that shows each row, -1 if it lacks the view."""
    found = {}
    for view, key in keys.items():
        own = np.flatnonzero(points["view"] == view)
        shown = pd.Index(key[points["row"].to_numpy()[own]], dtype=object)
        number = shown.get_indexer(pd.Index(key, dtype=object))
        found[view] = np.where(present[view], np.append(own, -1)[number], -1)
    return found


def _divergences(topics: Mapping[str, np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
    """Return the divergence of each pair of views in bits, from 0 to 1."""
    return {
        (one, other): paired_jensen_shannon(topics[one], topics[other]) / np.log(2)
        for one, other in combinations(topics, 2)
    }


def _weights(
    model: Any, views: Iterable[str], order: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Return by view the probabilities of the words in a report."""
    return {
        view: np.take_along_axis(
            np.asarray(model.topic_word_[view]),
            model._top_columns(view, N_WORDS_SHOWN, **order),
            axis=1,
        )
        for view in views
    }


def _pictures(
    topics: Mapping[str, np.ndarray],
    keys: Mapping[str, np.ndarray],
    texts: Container[str],
    thumbnails: Mapping[str, bytes],
) -> dict[str, list[list[int]]]:
    """Return by view the rows whose pictures show each topic best."""
    return {
        view: _top_rows(
            _only(theta, keys[view], thumbnails), keys[view], _N_PICTURES, own=True
        )
        for view, theta in topics.items()
        if view not in texts
    }


def _nearest(topic_word: Mapping[str, np.ndarray]) -> list[list[int]]:
    distances: Any = sum(
        pairwise_jensen_shannon(np.asarray(words)) for words in topic_word.values()
    )
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")
    return order[:, : min(_N_NEAREST, len(order) - 1)].tolist()


def _top_rows(theta, names, n: int, own: bool = False) -> list[list[int]]:
    """Return for each topic the rows with distinct names that show it best.

    With `own`, only rows whose largest topic it is.
    """
    rows = np.flatnonzero(~np.isnan(theta[:, 0]))
    theta = theta[rows]
    dominant = theta.argmax(axis=1)
    found = []
    for topic, share in enumerate(theta.T):
        order = np.argsort(-share, kind="stable")
        if own:
            order = order[dominant[order] == topic]
        found.append(first_of_each(names, rows[order])[:n].tolist())
    return found


def _only(theta: np.ndarray, names: np.ndarray, thumbnails) -> np.ndarray:
    """Return topics, NaN if there is no thumbnail for the name."""
    known = np.array([name in thumbnails for name in names], dtype=bool)
    return np.where(known[:, np.newaxis], theta, np.nan)


def _mean_over_rows(theta: np.ndarray) -> np.ndarray:
    return theta[~np.isnan(theta[:, 0])].mean(axis=0)

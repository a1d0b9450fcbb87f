"""Sparse rows of the word-topic matrix: the topics in which each word occurs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_m3l.gibbs._kernels import fill_rows


class WordRows(NamedTuple):
    """Unordered sparse rows, one per word, with spare capacity.

    The topics of word `w` are `topic[start[w] : start[w] + length[w]]`.
    """

    start: np.ndarray  # (n_words + 1,) int64
    length: np.ndarray  # (n_words,) int32
    topic: np.ndarray  # (room,) int16
    value: np.ndarray  # (room,) float64, above 0


def empty_rows(room: np.ndarray) -> WordRows:
    """Return rows with no topics and room for `room[w]` of them."""
    start = np.concatenate(([0], np.cumsum(room, dtype=np.int64)))
    return WordRows(
        start,
        np.zeros(len(room), np.int32),
        np.zeros(start[-1], np.int16),
        np.zeros(start[-1]),
    )


def rows_above(matrices: Sequence[np.ndarray], floors: np.ndarray) -> WordRows:
    """Return the values above a floor of arrays of shape (n_topics, n_words).

    Parameters
    ----------
    matrices : sequence of ndarray of shape (n_topics, n_words_l)
        One array per language.
    floors : ndarray of shape (n_languages, n_topics)
        The smallest value among the words of each topic.
    """
    room = [
        (matrix > floor[:, None]).sum(axis=0)
        for matrix, floor in zip(matrices, floors, strict=True)
    ]
    rows = empty_rows(np.concatenate(room))
    first = 0
    for matrix, floor in zip(matrices, floors, strict=True):
        fill_rows(rows, first, np.require(matrix, np.float64, ["C", "W"]), floor)
        first += matrix.shape[1]
    return rows


def dense_rows(rows: WordRows, n_topics: int) -> np.ndarray:
    """Return the rows as an array of shape (n_topics, n_words)."""
    matrix = np.zeros((n_topics, len(rows.length)))
    place = used_places(rows)
    words = np.repeat(np.arange(len(rows.length)), rows.length)
    matrix[rows.topic[place], words] = rows.value[place]
    return matrix


def topic_totals(rows: WordRows, first_word: np.ndarray, n_topics: int) -> np.ndarray:
    """Return the sum of each topic over each language's words."""
    word = np.repeat(np.arange(len(rows.length)), rows.length)
    language = np.searchsorted(first_word, word, side="right") - 1
    place = used_places(rows)
    n_languages = len(first_word) - 1
    totals = np.zeros((n_languages, n_topics))
    np.add.at(totals, (language, rows.topic[place]), rows.value[place])
    return totals


def used_places(rows: WordRows) -> np.ndarray:
    """Return the places in use in `rows.topic` and `rows.value`, word by word."""
    shift = rows.start[:-1] + rows.length - np.cumsum(rows.length, dtype=np.int64)
    return np.arange(rows.length.sum()) + np.repeat(shift, rows.length)

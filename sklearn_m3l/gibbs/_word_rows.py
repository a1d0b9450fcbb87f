"""Sparse rows of the word-topic matrix: the topics that each word really has."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_m3l.utils._numba import inlined, kernel


class WordRows(NamedTuple):
    """For each word the topics with a value, in no order, with room for more.

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
    """Return what arrays of shape (n_topics, n_words) have above a floor.

    Parameters
    ----------
    matrices : sequence of ndarray of shape (n_topics, n_words_l)
        An array for each language.
    floors : ndarray of shape (n_languages, n_topics)
        The value that all words of a topic have at least.
    """
    room = [
        (matrix > floor[:, None]).sum(axis=0)
        for matrix, floor in zip(matrices, floors, strict=True)
    ]
    rows = empty_rows(np.concatenate(room))
    first = 0
    for matrix, floor in zip(matrices, floors, strict=True):
        _fill_rows(rows, first, np.require(matrix, np.float64, ["C", "W"]), floor)
        first += matrix.shape[1]
    return rows


@kernel
def _fill_rows(rows, first, matrix, floor):
    """Append what one language has above the floor, its first word being `first`."""
    for topic in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            excess = matrix[topic, column] - floor[topic]
            if excess > 0:
                word = first + column
                place = rows.start[word] + rows.length[word]
                rows.topic[place] = topic
                rows.value[place] = excess
                rows.length[word] += 1


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
    """Return where `rows.topic` and `rows.value` hold something, word by word."""
    shift = rows.start[:-1] + rows.length - np.cumsum(rows.length, dtype=np.int64)
    return np.arange(rows.length.sum()) + np.repeat(shift, rows.length)


@inlined
def add_value(rows, word, topic, amount):
    """Add an amount to one cell; a cell that comes to zero leaves the row."""
    start = rows.start[word]
    last = start + rows.length[word] - 1
    place = start
    while place <= last and rows.topic[place] != topic:
        place += 1
    if place > last:
        rows.topic[place] = topic
        rows.value[place] = amount
        rows.length[word] += 1
    else:
        rows.value[place] += amount
        if rows.value[place] == 0:
            rows.topic[place] = rows.topic[last]
            rows.value[place] = rows.value[last]
            rows.length[word] -= 1


@kernel
def copy_rows(source, target):
    """Copy rows into others that have at least as much room for each word."""
    for word in range(len(source.length)):
        target.length[word] = source.length[word]
        begin = source.start[word]
        shift = target.start[word] - begin
        for place in range(begin, begin + source.length[word]):
            target.topic[place + shift] = source.topic[place]
            target.value[place + shift] = source.value[place]


@kernel
def merge_copies(rows, lengths, topics, values, merged):
    """Add to the rows what each of their copies gained or lost.

    Row `c` of `lengths`, `topics` and `values` is copy `c`, laid out as `rows` is.
    `merged`, of shape (n_topics,), is zero before and after.
    """
    n_copies = len(lengths)
    for word in range(len(rows.length)):
        start = rows.start[word]
        for place in range(start, start + rows.length[word]):
            merged[rows.topic[place]] -= (n_copies - 1) * rows.value[place]
        for copy in range(n_copies):
            for place in range(start, start + lengths[copy, word]):
                merged[topics[copy, place]] += values[copy, place]
        end = start
        for copy in range(n_copies):
            for place in range(start, start + lengths[copy, word]):
                topic = topics[copy, place]
                if merged[topic] != 0:
                    rows.topic[end] = topic
                    rows.value[end] = merged[topic]
                    merged[topic] = 0.0
                    end += 1
        rows.length[word] = end - start

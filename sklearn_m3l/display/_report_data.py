"""The data of a report: compressed JSON with compact arrays."""

import gzip
import json
from base64 import b64encode
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._names import beginning
from sklearn_m3l.display._report_contents import N_WORDS_SHOWN, Contents, Documents

# Number of topics to keep per view of a row, and the largest 16-bit number.
_N_TOPICS, _LARGEST = 6, 65535
# Largest number of letters to keep of a text or a name, and of bytes in all.
_LENGTHS = (2000, 1500, 1000, 700, 500, 350, 250, 180, 120, 90, 60, 30)
_TEXT_BYTES, _NAME_BYTES = 8_000_000, 2_500_000
# Bytes of pictures besides those that illustrate topics.
_PICTURE_BYTES = 1_000_000


def report_data(contents: Contents) -> str:
    """Return the data for the scripts of a report: compressed JSON in base64.

    Base64, so that no text can end the block of the page. Numbers are arrays of
    little-endian integers, also in base64: shares and positions in 65,535ths, and
    numbers of rows or points, with -1 for none.
    """
    points = contents.points
    data: dict[str, Any] = {
        "views": [{"id": view, "label": name} for view, name in contents.views.items()],
        "languages": [
            {"id": view, "label": name} for view, name in contents.languages.items()
        ],
        "nTopics": contents.n_topics,
        "nShown": N_WORDS_SHOWN,
        "nRows": len(next(iter(contents.names.values()))),
        "words": list(contents.words.values()),
        "topicNames": [contents.topic_names.get(k) for k in range(contents.n_topics)],
        "names": _cut_pool(_names(contents), _NAME_BYTES),
        "points": {
            "row": _pack(points["row"], "<i4"),
            "view": _pack(pd.Index(contents.views).get_indexer(points["view"]), "u1"),
            "topic": _pack(points["topic"], "<u2"),
            "x": _pack(_scaled(points)[:, 0], "<u2"),
            "y": _pack(_scaled(points)[:, 1], "<u2"),
        },
        "pointOf": [_pack(contents.point_of[view], "<i4") for view in contents.views],
    }
    if contents.documents is not None:
        data |= _document_data(contents, contents.documents)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark.
    packed = gzip.compress(text.encode("utf-8", "replace"), mtime=0)
    return b64encode(packed).decode()


def picture_uri(picture: bytes) -> str:
    """Return a data URI with the picture."""
    return f"data:image/jpeg;base64,{b64encode(picture).decode()}"


def shown_pictures(documents: Documents) -> list[Hashable]:
    """Return the keys of the pictures that illustrate topics, in a fixed order."""
    keys = [
        documents.keys[view][row]
        for view, by_topic in documents.pictures.items()
        for rows in by_topic
        for row in rows
    ]
    return list(dict.fromkeys(keys))


def _document_data(contents: Contents, documents: Documents) -> dict[str, Any]:
    thetas = [documents.mixed, *(documents.by_view[view] for view in contents.views)]
    texts = [documents.texts.get(view, ()) for view in contents.views]
    views = list(contents.views)
    return {
        # The whole row first, then its views.
        "shares": [_largest_shares(theta) for theta in thetas],
        "divergences": [
            {
                "views": [views.index(first), views.index(second)],
                "values": _pack(np.nan_to_num(values, nan=-1) * 1000, "<i2"),
            }
            for (first, second), values in documents.divergences.items()
        ],
        "texts": _cut_pool(texts, _TEXT_BYTES),
        "titles": _cut_pool([documents.titles or ()], _NAME_BYTES),
        "links": _cut_pool([documents.links or ()], _NAME_BYTES),
        "pictures": _picture_data(contents, documents),
    }


def _largest_shares(theta: np.ndarray) -> dict[str, Any]:
    """Return the largest topics of each row, and their shares."""
    known = np.nan_to_num(theta, nan=0)
    topics = np.argsort(-known, axis=1, kind="stable")[:, :_N_TOPICS]
    shares = np.take_along_axis(known, topics, axis=1)
    return {
        "width": topics.shape[1],
        "topics": _pack(topics, "u1" if theta.shape[1] <= 256 else "<u2"),
        "shares": _pack(shares * _LARGEST, "<u2"),
    }


def _picture_data(contents: Contents, documents: Documents) -> dict[str, Any]:
    """Return pictures by number; null for those that are on the page anyway."""
    numbers: dict[Hashable, int] = {
        key: number for number, key in enumerate(shown_pictures(documents))
    }
    sources: list[str | None] = [None] * len(numbers)
    left = _PICTURE_BYTES
    by_view = []
    for view in contents.views:
        of = np.full(len(documents.mixed), -1)
        if view not in contents.languages:
            for row in np.flatnonzero(contents.point_of[view] >= 0):
                key = documents.keys[view][row]
                if key not in numbers and left > 0 and key in documents.thumbnails:
                    picture = documents.thumbnails[key]
                    left -= len(picture)
                    numbers[key] = len(sources)
                    sources.append(picture_uri(picture))
                of[row] = numbers.get(key, -1)
        by_view.append(_pack(of, "<i4"))
    return {"sources": sources, "of": by_view}


def _names(contents: Contents) -> list[list[str | None]]:
    """Return by view the names of the rows, None for the beginning of a text."""
    texts = {} if contents.documents is None else contents.documents.texts
    columns = []
    for view in contents.views:
        names = contents.names[view]
        told = texts.get(view, [None] * len(names))
        columns.append(
            [
                None if text and beginning(text) == name else str(name)
                for name, text in zip(names, told, strict=True)
            ]
        )
    return columns


def _cut_pool(
    columns: Sequence[Sequence[str | None]], most_bytes: int
) -> dict[str, Any]:
    """Return the distinct strings of columns, truncated, and each row's number."""
    numbers: dict[str, int] = {}
    of = [
        [-1 if s is None else numbers.setdefault(s, len(numbers)) for s in column]
        for column in columns
    ]
    for length in _LENGTHS:
        kept = [s if len(s) <= length else f"{s[:length]} …" for s in numbers]
        if sum(len(s.encode("utf-8", "replace")) for s in kept) <= most_bytes:
            break
    return {"values": kept, "of": [_pack(column, "<i4") for column in of]}


def _scaled(points: pd.DataFrame) -> np.ndarray:
    """Fit points into a square, whatever their scale."""
    xy = points[["x", "y"]].to_numpy(float)
    middle = (xy.max(axis=0) + xy.min(axis=0)) / 2
    half = max(np.abs(xy - middle).max(), 1e-9)
    return ((xy - middle) / half + 1) / 2 * _LARGEST


def _pack(values: Any, dtype: str) -> str:
    numbers = np.rint(np.asarray(values, dtype=float)).astype(dtype)
    return b64encode(numbers.tobytes()).decode()

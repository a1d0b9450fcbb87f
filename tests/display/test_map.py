"""Tests of the topic space as inline SVG."""

import re

import pandas as pd

from sklearn_m3l.display._map import topic_map

WORDS = [["brush"], ["pencil"], ["layer"], ["rare"]]


def draw(topics, x, y):
    points = pd.DataFrame(
        {
            "view": "en",
            "name": [f"page {row}" for row in range(len(x))],
            "topic": topics,
            "x": x,
            "y": y,
        }
    )
    return topic_map(points, {"en": "English"}, WORDS)


def test_names_of_large_topics_that_do_not_overlap():
    topics = [0] * 60 + [1] * 40 + [2] * 40 + [3]
    x = [-10.0] * 60 + [-9.9] * 40 + [10.0] * 40 + [0.0]
    names = re.findall(r"<text [^>]*>(.*?)</text>", draw(topics, x, [0.0] * len(x)))
    # "pencil" would lie on "brush", and one point is too few for "rare".
    assert names == ["brush", "layer"]


def test_points_fill_the_plane_whatever_their_scale():
    places = re.findall(r'x="(\S+)" y="(\S+)"><title>', draw([0, 1], [5, 9], [2, 3]))
    assert sorted(places) == [("-425.0", "-106.2"), ("425.0", "106.2")]


def test_points_in_one_place_are_in_the_middle():
    places = re.findall(r'x="(\S+)" y="(\S+)"><title>', draw([0, 0], [7, 7], [7, 7]))
    assert places == [("0.0", "0.0")] * 2

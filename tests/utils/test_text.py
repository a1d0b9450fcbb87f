"""Tests of tables that fit a terminal."""

import pytest

from sklearn_m3l.utils._text import format_table

ROWS = [
    ("Topic", "English", "German"),
    ("0", "brush, pencil, eraser, ink", "pinsel, stift, radierer, tinte"),
    ("12", "layer", "ebene"),
]


def test_wide_enough():
    assert format_table(ROWS, 100).splitlines() == [
        "Topic  English                     German",
        "    0  brush, pencil, eraser, ink  pinsel, stift, radierer, tinte",
        "   12  layer                       ebene",
    ]


@pytest.mark.parametrize("width", range(28, 70))
def test_fits_and_cuts_between_words(width):
    lines = format_table(ROWS, width).splitlines()
    assert len(lines) == len(ROWS)
    assert max(map(len, lines)) <= width
    words = {word for row in ROWS for cell in row for word in cell.split(", ")}
    shown = lines[1].split(maxsplit=1)[1].replace("…", "").replace(",", "").split()
    assert set(shown) <= words


def test_never_narrower_than_can_be_read():
    assert format_table(ROWS, 1) == format_table(ROWS, 28)


def test_cuts_within_a_word_that_is_too_long():
    line = format_table([("Picture", "Topic"), ("x" * 50, "1")], 30).splitlines()[1]
    assert line == "x" * 21 + " …      1"

"""Tests of tables that fit a terminal."""

import pytest

from sklearn_m3l.utils._text import display_width, fits, format_table, wrap

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


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("brush", 5),
        ("幻灯片", 6),
        ("カメラ", 6),
        ("카메라", 6),
        ("กล้อง", 4),
        ("e\u0301", 1),
    ],
)
def test_width_of_scripts(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize("width", range(18, 40))
def test_wide_characters_take_two_columns(width):
    rows = [("ja", "en"), ("写真, 映画, カメラ", "photo, film"), ("花", "flower")]
    lines = format_table(rows, width).splitlines()
    assert max(map(display_width, lines)) <= width
    # The second column begins at one place.
    starts = {display_width(line[: line.rindex("  ") + 2]) for line in lines}
    assert len(starts) == 1
    assert fits(rows, width) == ("…" not in "".join(lines))


@pytest.mark.parametrize("width", range(12, 40))
def test_lines_break_between_words(width):
    words = "写真, カメラ, photograph, film, elokuvakamera"
    lines = wrap(words, width, "  ja  ", "      ")
    assert lines[0].startswith("  ja  ")
    assert all(line.startswith("      ") for line in lines[1:])
    shown = [word for line in lines for word in line[6:].split()]
    assert shown == words.split()
    for line in lines:
        assert display_width(line) <= width or len(line[6:].split()) == 1

"""Texts and tables that a terminal can show."""

import re
import unicodedata
from collections.abc import Sequence

_GAP = "  "
_NARROWEST = 8

# All control characters except tabs and line feeds: a terminal would obey them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Return a text in which control characters are escaped."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def format_table(rows: Sequence[Sequence[str]], width: int) -> str:
    """Lay out rows in columns, one line per row.

    Parameters
    ----------
    rows : sequence of sequences of str
        The cells; the first row is the header.
    width : int
        Columns per line; a Chinese or Japanese character takes two. If the cells need
        more, those of the widest columns are truncated, if possible between words.

    Returns
    -------
    str
        The lines, without a newline at the end.

    Examples
    --------
    >>> rows = [("Topic", "Words"), ("0", "brush, pencil"), ("1", "layer, mask, blend")]
    >>> print(format_table(rows, 22))
    Topic  Words
        0  brush, pencil
        1  layer, mask …
    """
    widths = _widths(rows)
    room = max(width - len(_GAP) * (len(widths) - 1), _NARROWEST * len(widths))
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(
        _GAP.join(_pad(cell, n) for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def fits(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether `format_table` truncates no cell."""
    widths = _widths(rows)
    return sum(widths) + len(_GAP) * (len(widths) - 1) <= width


def wrap(text: str, width: int, first: str, indent: str) -> list[str]:
    """Break a text into lines between words, never within one.

    Parameters
    ----------
    text : str
        Words, separated by blanks.
    width : int
        Columns per line.
    first, indent : str
        Prefixes of the first line and of all others.

    Returns
    -------
    list of str
        The lines. A line with a single long word can be wider.
    """
    lines, line, filled = [], first, False
    for word in text.split():
        longer = f"{line} {word}" if filled else line + word
        if filled and display_width(longer) > width:
            lines.append(line)
            longer = indent + word
        line, filled = longer, True
    return [*lines, line]


def display_width(text: str) -> int:
    """Return the number of columns that a text takes on a terminal."""
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
        if unicodedata.category(letter) not in ("Mn", "Me", "Cf")
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(display_width, column)) for column in zip(*rows, strict=True)]


def _pad(cell: str, width: int) -> str:
    shown = _cut(cell, width)
    blanks = " " * (width - display_width(shown))
    return blanks + shown if cell.isdecimal() else shown + blanks


def _cut(cell: str, width: int) -> str:
    if display_width(cell) <= width:
        return cell
    start = cell
    while display_width(start) > width - 2:
        start = start[:-1]
    if cell[len(start)] != " " and " " in start:
        start = start[: start.rindex(" ")]
    return start.rstrip(" ,") + " …"

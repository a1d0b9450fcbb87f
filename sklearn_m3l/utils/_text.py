"""Texts and tables that a terminal can show."""

import re
from collections.abc import Sequence

_GAP = "  "
_NARROWEST = 8

# All control characters but tabs and line feeds: a terminal would obey them.
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
        Characters per line. If the cells need more, those of the widest columns are
        cut, where possible between words.

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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = max(width - len(_GAP) * (len(widths) - 1), _NARROWEST * len(widths))
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(
        _GAP.join(
            cell.rjust(n) if cell.isdecimal() else _cut(cell, n).ljust(n)
            for cell, n in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _cut(cell: str, width: int) -> str:
    if len(cell) <= width:
        return cell
    start = cell[: width - 2]
    if cell[len(start)] != " " and " " in start:
        start = start[: start.rindex(" ")]
    return start.rstrip(" ,") + " …"

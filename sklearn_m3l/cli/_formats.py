"""Print tables for a terminal, or as CSV, JSON or Markdown."""

from collections.abc import Callable, Sequence

import pandas as pd

from sklearn_m3l.cli._scores import terminal_width
from sklearn_m3l.utils._text import fits, format_table, wrap


def print_frame(
    frame: pd.DataFrame, form: str, heading: Callable[[int], str], n_key: int
) -> None:
    """Print the rows of a frame of strings and numbers.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The table to print, without its index.
    form : {"table", "csv", "json", "markdown"}
        The format. A table that is too wide for the terminal becomes one block per row.
    heading : callable
        Maps the position of a row to the heading of its block.
    n_key : int
        Number of first columns, which the heading replaces.
    """
    if form == "csv":
        print(frame.to_csv(index=False), end="")
    elif form == "json":
        print(frame.to_json(orient="records", force_ascii=False, indent=2))
    elif form == "markdown":
        print(_markdown(frame))
    else:
        print(_for_terminal(frame, heading, n_key))


def _for_terminal(
    frame: pd.DataFrame, heading: Callable[[int], str], n_key: int
) -> str:
    rows = [tuple(map(_text, row)) for row in frame.itertuples(index=False)]
    table = [tuple(map(str, frame)), *rows]
    width = terminal_width()
    if fits(table, width):
        return format_table(table, width)
    names = list(map(str, frame))[n_key:]
    indent = max(map(len, names)) + 4
    blocks = []
    for number, row in enumerate(rows):
        lines, cells = [heading(number)], row[n_key:]
        for name, cell in zip(names, cells if any(cells) else (), strict=False):
            lines += wrap(cell or "–", width, f"  {name}".ljust(indent), " " * indent)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _markdown(frame: pd.DataFrame) -> str:
    rows: list[Sequence[str]] = [
        list(map(str, frame)),
        ["---"] * frame.shape[1],
        *(list(map(_text, row)) for row in frame.itertuples(index=False)),
    ]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        for row in rows
    )


def _text(cell: object) -> str:
    """Return a cell on one line."""
    if isinstance(cell, list):
        return ", ".join(cell)
    return "" if pd.isna(cell) else " ".join(str(cell).split())

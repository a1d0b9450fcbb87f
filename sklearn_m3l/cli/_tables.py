"""Tables of the commands: texts, pictures and article ids."""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from sklearn_m3l.datasets.readers._csv import Format, Table, read_table
from sklearn_m3l.embedding._languages import knows_language
from sklearn_m3l.utils._references import resolve_inside


class TableFile(NamedTuple):
    """A table, its format, and the folder of its pictures.

    Parameters
    ----------
    path : Path
        A CSV, TSV or Parquet file, or a folder of Parquet files.
    separator, quoting, encoding
        See `Format`.
    image_folder : Path or None
        The folder that picture paths are relative to; by default that of the file.
    language : str or None
        The language of all texts in `text_column`; the view has its name.
    language_column : str or None
        The column with the language of the text in `text_column` of each row. Each
        language is a view, absent in the rows of other languages.
    text_column : str
        See `language` and `language_column`; without them, it is an ordinary column.
    """

    path: Path
    separator: str | None = None
    quoting: str = "auto"
    encoding: str = "utf-8"
    image_folder: Path | None = None
    language: str | None = None
    language_column: str | None = None
    text_column: str = "text"

    @property
    def pictures(self) -> Path:
        """Return the folder that contains all pictures."""
        return self.image_folder or self.path.parent

    @property
    def form(self) -> Format:
        """Return the format of the file."""
        return Format(self.separator, self.quoting, self.encoding)

    def find_languages(self) -> list[str]:
        """Return the languages of the texts in one column, if any are given."""
        if self.language is not None:
            return [normalize(self.language)]
        if self.language_column is None:
            return []
        column = normalize(self.language_column)
        cells = read_table(self.path, lambda _: [column], self.form).frame[column]
        return list(dict.fromkeys(map(normalize, cells.dropna())))

    def read(self, select) -> Table:
        """Read the columns that `select` chooses from all names, and print a note."""
        languages = self.find_languages()
        table = self._read_languages(languages, select) if languages else None
        if table is None:
            table = read_table(self.path, select, self.form)
        if table.unit == "row":
            print(f"Read {table.n_lines:,} rows of {self.path}", flush=True)
            return table
        ends = [*table.lines[1:], table.n_lines + 1]
        n_long = sum(
            end - line > 1 for line, end in zip(table.lines, ends, strict=True)
        )
        print(
            f"Read {len(table.frame):,} rows of {self.path} ({table.n_lines:,} lines"
            f"{f', {n_long:,} rows over several' if n_long else ''})",
            flush=True,
        )
        return table

    def _read_languages(self, languages: Sequence[str], select) -> Table:
        """Read a table with a column for each language."""
        text = normalize(self.text_column)
        own = [text]
        if self.language_column is not None:
            own.append(normalize(self.language_column))
        chosen: list[str] = []

        def choose(columns):
            others = [column for column in columns if column not in languages]
            chosen.extend(select([*others, *languages]))
            real = [name for name in chosen if name not in languages]
            return list(dict.fromkeys([*real, *own]))

        table = read_table(self.path, choose, self.form)
        frame = table.frame.copy()
        given = pd.Series(languages[0], frame.index, dtype=object)
        if self.language_column is not None:
            given = frame[own[1]].map(normalize, na_action="ignore")
            lost = given.isna() & frame[text].notna()
            if lost.any():
                line = table.lines[lost.to_numpy().argmax()]
                raise ValueError(
                    f"{self.path}, {table.unit} {line}: the text has no language in "
                    f"the column {own[1]!r}"
                )
        for name in languages:
            frame[name] = frame[text].where(given == name, None)
        return table._replace(frame=frame[list(dict.fromkeys(chosen))])

    def with_pictures(self, table: Table, names: Iterable[str]) -> pd.DataFrame:
        """Return the frame of a table by line, with full paths of pictures.

        Raises
        ------
        ValueError
            If a path leads out of the folder. The message names the line.
        """
        # Messages about rows name their lines.
        df = table.frame.set_axis([f"{table.unit} {line}" for line in table.lines])
        root = self.pictures.resolve()
        for name in names:
            cells = filter(None, df[name].unique())
            paths = {cell: resolve_inside(cell, root) for cell in cells}
            for cell, line in zip(df[name], table.lines, strict=True):
                if cell and paths[cell] is None:
                    raise ValueError(
                        f"{self.path}, {table.unit} {line}: the picture {cell!r} is "
                        f"not inside the folder {self.pictures}; set --image-folder to "
                        "one that contains all pictures"
                    )
            whole = [cell and str(self.pictures / cell) for cell in df[name]]
            df[name] = pd.Series(whole, df.index, dtype=object)
        return df

    def names_of_pictures(self, paths: Iterable[str | None]) -> list[str]:
        """Return paths relative to the folder of the pictures, "" for no path."""
        return [os.path.relpath(path, self.pictures) if path else "" for path in paths]


def find_text_column(argument: str, columns: Sequence[str]) -> tuple[str, Any]:
    """Return the column and the language in ``COLUMN[:LANGUAGE]``.

    The language is None if none is named, and () if a colon at the end means that the
    column has none, whatever its name.

    Raises
    ------
    ValueError
        If it is ambiguous, or names no language.
    """
    argument = normalize(argument)
    name, colon, language = argument.rpartition(":")
    has_language = bool(name) and knows_language(language)
    if argument in columns:
        if has_language and name in columns:
            raise ValueError(
                f"--text {argument} can mean the column {argument!r} or the column "
                f"{name!r} in the language {language!r}; for the former, write --text "
                f"{argument}:; for the latter, rename a column"
            )
        return argument, None
    if has_language:
        return name, language
    if language and name in columns:
        raise ValueError(
            f"--text {argument} names the column {name!r}, but {language!r} is not the "
            "ISO 639-1 code of a language, such as 'en' or 'ja'"
        )
    return (name, ()) if name and colon and not language else (argument, None)


def normalize(name: str) -> str:
    """Return the name of a column in the form for comparisons."""
    return unicodedata.normalize("NFC", name)


def read_values(cells: pd.Series) -> pd.Series:
    """Return numbers if all cells are numbers, and None for empty cells."""
    cells = cells.where(cells.notna() & (cells != ""), None)
    numbers = pd.to_numeric(cells, errors="coerce")
    return cells if (numbers.isna() & cells.notna()).any() else numbers

"""Readers of the CSV files of the paper's authors and the TSV files of WIT."""

import os
import re
from collections.abc import Iterator, Sequence

import pandas as pd

from sklearn_m3l.datasets.readers._streams import (
    PathLike,
    Rows,
    Source,
    check_options,
    reading,
    to_frames,
)

_M3L_COLUMN = re.compile(r"(?P<language>\w+)_(?P<kind>title|text)")
_WIT_COLUMNS = (
    "language",
    "page_url",
    "image_url",
    "page_title",
    "section_title",
    "hierarchical_section_title",
    "caption_reference_description",
    "caption_attribution_description",
    "caption_alt_text_description",
    "mime_type",
    "original_height",
    "original_width",
    "is_main_image",
    "attribution_passes_lang_id",
    "page_changed_recently",
    "context_page_description",
    "context_section_description",
)


def read_m3l_csv(
    path: PathLike,
    *,
    chunksize: int | None = None,
    on_error: str = "raise",
    verbose: bool = False,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Read tuples from a CSV file in the format of the paper's authors.

    Its columns are ``de_title,en_title,de_text,en_text,image_url`` [1]_, or the same
    for other languages. The authors published files with titles of all their tuples;
    these lack the texts.

    Parameters
    ----------
    path : str or path-like
        A ``.csv`` file, or compressed, ``.csv.gz`` or ``.csv.bz2``.
    chunksize : int, default=None
        If given, an iterator of frames with this many rows is returned.
    on_error : {"raise", "skip"}, default="raise"
        Whether a damaged row raises an error, or is skipped, with one summary warning.
        A wrong header always raises an error.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    frame : DataFrame, or iterator of DataFrame if `chunksize` is given
        Each row is a tuple. A text column "en_text" is renamed "en", "image_url" is
        renamed "image", and titles stay "en_title". Empty cells are missing.

    Raises
    ------
    ValueError
        If the header differs or, unless skipped, a row has more or fewer fields, is
        repeated, or is not UTF-8, or the file is truncated. The error names the line.

    See Also
    --------
    make_tuples : Joins articles with more images.

    References
    ----------
    .. [1] https://github.com/ezosa/M3L-topic-model/tree/master/data

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_m3l.datasets import read_m3l_csv
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "train.csv")
    >>> _ = path.write_text('''de_title,en_title,de_text,en_text,image_url
    ... hauspferd,horse,"Das Hauspferd, ein Haustier",The horse,https://a.org/b.jpg
    ... ''')
    >>> read_m3l_csv(path).iloc[0]
    de_title                      hauspferd
    en_title                          horse
    de          Das Hauspferd, ein Haustier
    en                            The horse
    image               https://a.org/b.jpg
    Name: 0, dtype: ...
    >>> folder.cleanup()
    """
    check_options(chunksize, on_error)
    return to_frames(_m3l_rows(path, on_error, verbose), chunksize)


def _m3l_rows(path, on_error, verbose) -> Rows:
    with reading([path], on_error, verbose) as (source,):
        rows = source.table(",")
        line, header = next(rows)
        columns = [_m3l_name(source, line, column) for column in header]
        repeated = {name for name in columns if columns.count(name) > 1}
        if repeated:
            raise source.fail(line, f"the header repeats {sorted(repeated)}")
        if "image" not in columns or not any(c.endswith("_title") for c in columns):
            raise source.fail(
                line, f"the header lacks image_url or any title: {','.join(header)}"
            )
        yield columns
        for line, row in rows:
            if source.is_new(line, hash(tuple(row)), "the same row"):
                yield [field or None for field in row]


def _m3l_name(source: Source, line: int, column: str) -> str:
    if column == "image_url":
        return "image"
    match = _M3L_COLUMN.fullmatch(column)
    if match is None:
        raise source.fail(
            line, f"the header has {column!r}, no en_title, en_text or image_url"
        )
    return match["language"] if match["kind"] == "text" else column


def read_wit(
    paths: PathLike | Sequence[PathLike],
    language: str | Sequence[str] = "en",
    *,
    columns: Sequence[str] = (),
    chunksize: int | None = None,
    on_error: str = "raise",
    verbose: bool = False,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Read the images of the Wikipedia-based Image Text dataset (WIT).

    WIT [1]_ is published as ten TSV files with 17 columns [2]_. The images in the paper
    come from it.

    Parameters
    ----------
    paths : str, path-like, or sequence of them
        The files, ``.tsv.gz``, ``.tsv.bz2`` or plain, each with its header.
    language : str or sequence of str, default="en"
        The languages of the pages to keep, in WIT's codes.
    columns : sequence of str, default=()
        More columns of WIT to keep, such as "caption_reference_description".
    chunksize : int, default=None
        If given, an iterator of frames with this many rows is returned, so that
        all of WIT can be read in little memory.
    on_error : {"raise", "skip"}, default="raise"
        Whether a damaged row raises an error, or is skipped, with one summary warning.
        A wrong header always raises an error.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    frame : DataFrame, or iterator of DataFrame if `chunksize` is given
        Each row is an image on a page. It has a column of titles for each language,
        such as "en_title", missing if the page is in another language; "image", the
        URL; and `columns`, as text. Empty cells are missing. If WIT has an image of a
        page in several rows, all are kept.

    Raises
    ------
    ValueError
        If the header of a file differs, no row is in a language or, unless skipped, a
        row has more or fewer fields, no title, no URL, or is not UTF-8, or a file is
        truncated. The error names the line.

    See Also
    --------
    make_tuples : Joins articles with these images.

    References
    ----------
    .. [1] K. Srinivasan et al., "WIT: Wikipedia-based Image Text Dataset for
       Multimodal Multilingual Machine Learning", SIGIR 2021.
    .. [2] https://github.com/google-research-datasets/wit/blob/main/DATA.md

    Examples
    --------
    >>> import csv, gzip, tempfile
    >>> from pathlib import Path
    >>> from sklearn_m3l.datasets import read_wit
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "wit_v1.train.all-00000-of-00010.tsv.gz")
    >>> header = '''language page_url image_url page_title section_title
    ... hierarchical_section_title caption_reference_description
    ... caption_attribution_description caption_alt_text_description mime_type
    ... original_height original_width is_main_image attribution_passes_lang_id
    ... page_changed_recently context_page_description
    ... context_section_description'''.split()
    >>> with gzip.open(path, "wt", newline="") as file:
    ...     rows = csv.DictWriter(file, header, dialect="excel-tab", restval="")
    ...     _ = rows.writeheader()
    ...     for code, page in [("en", "Horse"), ("fr", "Cheval")]:
    ...         image = f"https://upload.wikimedia.org/{page}.jpg"
    ...         row = {"language": code, "page_title": page, "image_url": image}
    ...         _ = rows.writerow(row)
    >>> read_wit([path], "en")
      en_title                                   image
    0    Horse  https://upload.wikimedia.org/Horse.jpg
    >>> folder.cleanup()
    """
    check_options(chunksize, on_error)
    if isinstance(columns, str):
        raise TypeError("columns is a sequence of str, such as ['mime_type']")
    unknown = sorted(set(columns) - set(_WIT_COLUMNS))
    if unknown:
        raise ValueError(f"unknown columns {unknown}; WIT has {list(_WIT_COLUMNS)}")
    files = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    languages = [language] if isinstance(language, str) else list(language)
    if not files or not languages or len(set(languages)) < len(languages):
        raise ValueError(
            "paths and language must each have at least one entry, without duplicates"
        )
    rows = _wit_rows(files, languages, list(columns), on_error, verbose)
    return to_frames(rows, chunksize)


def _wit_rows(paths, languages, columns, on_error, verbose) -> Rows:
    with reading(paths, on_error, verbose) as sources:
        tables = [source.table("\t") for source in sources]
        for source, table in zip(sources, tables, strict=True):
            _check_wit_header(source, *next(table))
        yield [*(f"{language}_title" for language in languages), "image", *columns]
        place = {column: i for i, column in enumerate(_WIT_COLUMNS)}
        i_language, i_title = place["language"], place["page_title"]
        i_image = place["image_url"]
        kept = [place[column] for column in columns]
        seen = dict.fromkeys(languages, False)
        for source, table in zip(sources, tables, strict=True):
            for line, row in table:
                of_page = row[i_language]
                if not (row[i_title] and row[i_image]):
                    source.report(line, "the page_title or the image_url is empty")
                elif of_page in seen:
                    seen[of_page] = True
                    titles = (row[i_title] if of_page == n else None for n in languages)
                    more = (row[i] or None for i in kept)
                    yield [*titles, row[i_image], *more]
        unseen = [language for language, is_seen in seen.items() if not is_seen]
        if unseen:
            raise ValueError(f"no row in {[*map(str, paths)]} is in language {unseen}")


def _check_wit_header(source: Source, line: int, header: list[str]) -> None:
    lacking = [column for column in _WIT_COLUMNS if column not in header]
    if lacking:
        raise source.fail(line, f"the header lacks the columns {lacking} of WIT")
    if tuple(header) != _WIT_COLUMNS:
        raise source.fail(line, "the header is not the 17 columns of WIT in order")

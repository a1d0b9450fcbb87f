"""Readers of MALLET's instance lists and of OCTIS folders."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from sklearn_m3l.datasets.readers._streams import (
    LONGEST,
    PathLike,
    Rows,
    Source,
    check_options,
    reading,
    to_frames,
)

# MALLET's import-file splits lines like this, but only at ASCII spaces.
_INSTANCE = re.compile(r"(\S*)[\s,]*(\S*)[\s,]*(.*)", re.ASCII | re.DOTALL)
_SPLITS = ("train", "val", "test")


def read_mallet(
    paths: Mapping[str, PathLike],
    *,
    chunksize: int | None = None,
    on_error: str = "raise",
    verbose: bool = False,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    r"""Read the instance lists of MALLET's polylingual topic model.

    There is one file per language. Each line is an instance, "name label text", split
    as by MALLET's ``import-file``. Line i is the same document in every file; an empty
    line marks a missing translation [1]_.

    Parameters
    ----------
    paths : mapping of str to str or path-like
        The file of each language, plain or compressed, ``.gz`` or ``.bz2``.
    chunksize : int, default=None
        If given, an iterator of frames with this many rows is returned.
    on_error : {"raise", "skip"}, default="raise"
        Whether a damaged line raises an error, or its row is skipped in every language,
        with one summary warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    frame : DataFrame, or iterator of DataFrame if `chunksize` is given
        Each row is a tuple. Each language, such as "en", has the columns "en_name",
        "en_label" and "en", the text; empty texts are missing.

    Raises
    ------
    ValueError
        If `paths` is empty or, unless skipped, a line has no name and label, repeats a
        name in its file or is not UTF-8, or a file ends before another. The error names
        the line.

    See Also
    --------
    PolylingualLDA : The topic model for such lists.

    References
    ----------
    .. [1] https://mallet.cs.umass.edu/topics-polylingual.php

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_m3l.datasets import read_mallet
    >>> folder = tempfile.TemporaryDirectory()
    >>> en, de = Path(folder.name, "en.txt"), Path(folder.name, "de.txt")
    >>> _ = en.write_text("horse en The horse is an animal.\nmule en A mule.\n")
    >>> _ = de.write_text("horse de Das Pferd ist ein Tier.\nmule de\n")
    >>> frame = read_mallet({"en": en, "de": de})
    >>> frame["de"][0]
    'Das Pferd ist ein Tier.'
    >>> frame["de"].isna().tolist()
    [False, True]
    >>> folder.cleanup()
    """
    check_options(chunksize, on_error)
    if not isinstance(paths, Mapping) or not paths:
        raise ValueError("paths must map each language to its file")
    return to_frames(_mallet_rows(dict(paths), on_error, verbose), chunksize)


def _mallet_rows(paths, on_error, verbose) -> Rows:
    with reading(paths.values(), on_error, verbose) as sources:
        yield [
            column
            for name in paths
            for column in (f"{name}_name", f"{name}_label", name)
        ]
        lists = [_instances(source) for source in sources]
        for line, row in enumerate(zip_longest(*lists), start=1):
            ended = [
                source for source, i in zip(sources, row, strict=True) if i is None
            ]
            if ended:
                others = [str(other.path) for other in sources if other not in ended]
                ended[0].report(line, f"the file ends before {', '.join(others)}")
                return
            if all(row):
                yield [part for instance in row for part in instance]


def _instances(source: Source) -> Iterator[tuple]:
    """Yield name, label and text of each line, except for damaged lines."""
    for number, line in source.lines():
        if line is None:
            yield ()
            continue
        name, label, text = _INSTANCE.findall(line)[0]
        if not label:
            source.report(number, "no name and label before the text")
            yield ()
        elif source.is_new(number, name, f"the name {name!r}"):
            yield name, label, text.strip() or None
        else:
            yield ()


def read_octis(
    folder: PathLike,
    *,
    view: str = "text",
    chunksize: int | None = None,
    on_error: str = "raise",
    verbose: bool = False,
    return_info: bool = False,
) -> Any:
    r"""Read an OCTIS folder: a preprocessed corpus in one language.

    The folder contains ``corpus.tsv``, without a header: documents as words separated
    by spaces, their splits, and their labels. It may contain ``vocabulary.txt`` with
    one word per line, ``indexes.txt`` with one row label per line, and
    ``metadata.json`` [1]_.

    Parameters
    ----------
    folder : str or path-like
        The folder.
    view : str, default="text"
        The name of the column of documents, such as the language, "en".
    chunksize : int, default=None
        If given, an iterator of frames with this many rows is returned.
    on_error : {"raise", "skip"}, default="raise"
        Whether a damaged row raises an error, or is skipped, with one summary warning.
        Damage in the other files always raises an error.
    verbose : bool, default=False
        Whether to show a progress bar.
    return_info : bool, default=False
        Whether to return ``(frame, info)``.

    Returns
    -------
    frame : DataFrame, or iterator of DataFrame if `chunksize` is given
        Each row is a document. The columns are `view`, missing if a document is empty,
        and, if the corpus has them, "split" ("train", "val" or "test") and "label". The
        index comes from ``indexes.txt`` if it exists.
    info : :class:`~sklearn.utils.Bunch`, if `return_info` is True
        With the attributes vocabulary, a list of str for
        :class:`~sklearn.feature_extraction.text.CountVectorizer`, and metadata, a dict;
        each is None if the folder lacks its file.

    Raises
    ------
    ValueError
        If ``metadata.json`` is not a JSON object, a word or a row label is repeated,
        the numbers of row labels and rows differ or, unless skipped, a row has more or
        fewer fields than the first, has an unknown split, or is not UTF-8. The error
        names the line.

    References
    ----------
    .. [1] S. Terragni et al., "OCTIS: Comparing and Optimizing Topic Models is
       Simple!", EACL 2021: System Demonstrations.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_m3l.datasets import read_octis
    >>> folder = tempfile.TemporaryDirectory()
    >>> corpus = "broadband join\ttrain\ttech\nshare sale\ttest\tbusiness\n"
    >>> _ = Path(folder.name, "corpus.tsv").write_text(corpus)
    >>> read_octis(folder.name, view="en")
                   en  split     label
    0  broadband join  train      tech
    1      share sale   test  business
    >>> folder.cleanup()
    """
    check_options(chunksize, on_error)
    if view in ("split", "label", "index"):
        raise ValueError(f"view must be another name than {view!r}")
    folder = Path(folder)
    labels = _octis_list(folder / "indexes.txt")
    rows = _octis_rows(folder / "corpus.tsv", view, labels, on_error, verbose)
    frame = to_frames(rows, chunksize, index=None if labels is None else "index")
    if not return_info:
        return frame
    vocabulary = _octis_list(folder / "vocabulary.txt")
    metadata = _octis_metadata(folder / "metadata.json")
    return frame, Bunch(vocabulary=vocabulary, metadata=metadata)


def _octis_rows(path, view, labels, on_error, verbose) -> Rows:
    with reading([path], on_error, verbose) as (source,):
        rows = source.rows("\t")
        first = next(rows, (1, []))
        width = len(first[1])
        if not 1 <= width <= 3:
            raise source.fail(1, f"{width} columns, not document, split and label")
        head = [] if labels is None else ["index"]
        yield [*head, *[view, "split", "label"][:width]]
        for line, row in source.even(chain([first], rows), width):
            if width > 1 and row[1] not in _SPLITS:
                source.report(line, f"unknown split {row[1]!r}; use one of {_SPLITS}")
            elif labels is not None and line > len(labels):
                source.report(line, f"indexes.txt has only {len(labels)} labels")
            else:
                head = [] if labels is None else [labels[line - 1]]
                yield [*head, *(field or None for field in row)]
        if labels is not None and source.n_lines < len(labels):
            source.report(
                source.n_lines, f"the end, but indexes.txt has {len(labels)} labels"
            )


def _octis_list(path: Path) -> list[str] | None:
    """Return the distinct lines of a file, or None if there is no file."""
    if not path.exists():
        return None
    words = []
    with reading([path]) as (source,):
        for number, line in source.lines():
            word = (line or "").strip()
            if not word:
                raise source.fail(number, "empty")
            source.is_new(number, word, repr(word))
            words.append(word)
    return words


def _octis_metadata(path: Path) -> dict | None:
    if not path.exists():
        return None
    if path.stat().st_size > LONGEST:
        raise ValueError(f"{path} is longer than {LONGEST:,} bytes")
    try:
        metadata = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(metadata, dict):
        raise ValueError(f"{path} is not a JSON object")
    return metadata

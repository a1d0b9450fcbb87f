"""All tables of a model in one workbook."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.inspection._comparison import compare_views, disagreements
from sklearn_m3l.inspection._documents import document_topics, topic_words
from sklearn_m3l.inspection._inputs import table_of, topic_names
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._files import replace_file
from sklearn_m3l.utils._text import printable

# Limits of a sheet of a workbook.
_MOST_ROWS, _MOST_LETTERS = 1_048_576, 32_767
# The widest column, in letters.
_WIDEST = 60


def write_workbook(
    path: str | os.PathLike,
    estimator: Any,
    X: Any = None,
    *,
    n_words: int = 10,
    ranking: str = "probability",
    ranking_weight: float | None = None,
    n_topics: int | None = None,
    columns: Any = None,
    random_state: Any = None,
) -> None:
    """Write topics, words and documents as sheets of a workbook (XLSX).

    An existing file is replaced only once the new one is complete.

    Parameters
    ----------
    path : str or path-like
        The file to write; it must end with ``.xlsx``.
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features), default=None
        Documents, in the form that the estimator takes. By default the workbook has the
        sheets "topics" and "words".
    n_words : int, default=10
        Words per topic and language.
    ranking : {"probability", "relevance", "frex"}, default="probability"
        The order of the words; see `top_words` of the models.
    ranking_weight : float in [0, 1], default=None
        Weight of probability in the order.
    n_topics : int, default=None
        Number of largest topics to write for each document; by default all.
    columns : DataFrame or list of str, default=None
        Additional columns of the documents; see `document_topics`.
    random_state : int, RandomState instance or None, default=None
        Seed of the intervals.

    Raises
    ------
    ImportError
        If openpyxl is not installed (``pip install 'sklearn-m3l[workbook]'``).
    ValueError
        If the path does not end with ``.xlsx``, or a sheet would have more rows or a
        cell more letters than a workbook can hold.
    OSError
        If the file cannot be written.

    See Also
    --------
    document_topics, topic_words, compare_views, disagreements : The sheets.

    Notes
    -----
    Texts that begin with an equals sign do not become formulas. Control characters,
    which no workbook can hold, are escaped.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import write_workbook
    >>> X = load_gimp_help("test").data[["en", "de"]][:40]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> write_workbook("topics.xlsx", model, X)  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"path must end with .xlsx, not {path.name!r}")
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise ImportError(
            "a workbook needs the package openpyxl; run: pip install "
            "'sklearn-m3l[workbook]'"
        ) from error
    order = {"ranking": ranking, "ranking_weight": ranking_weight}
    tables = list(
        _tables(estimator, X, n_words, order, n_topics, columns, random_state)
    )
    for name, table in tables:
        _check_sheet(name, table)
    book = Workbook(write_only=True)
    for name, table in tables:
        _write_sheet(book.create_sheet(name), table)
    content = io.BytesIO()
    book.save(content)
    replace_file(path, content.getvalue())


def _tables(
    estimator: Any,
    X: Any,
    n_words: int,
    order: Mapping[str, Any],
    n_topics: int | None,
    columns: Any,
    random_state: Any,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the sheets, each with its name."""
    model, _ = reach_topic_model(estimator, None)
    known = model.known_words(n_words, **order)
    topics = {
        "topic": range(len(model.components_)),
        "topic_name": topic_names(model),
        "prevalence": model.prevalence_,
    }
    words = {f"words_{v}": list(map(", ".join, of)) for v, of in known.items()}
    yield "topics", table_of({**topics, **words})
    yield "words", topic_words(model, n_words=n_words, **order)
    if X is None:
        return
    yield (
        "documents",
        document_topics(estimator, X, n_topics=n_topics, columns=columns),
    )
    _, views = reach_topic_model(estimator, X)
    if isinstance(views, MultiView) and _meet(views, model.usable_views(views)):
        yield "views", compare_views(model, views, random_state=random_state)
        yield "disagreements", disagreements(model, views, n=100)


def _meet(X: MultiView, names: Sequence[str]) -> bool:
    """Return whether two articles have the same two views."""
    ids = np.arange(len(X)) if X.groups is None else X.groups
    return any(
        len(np.unique(ids[X[one].present & X[other].present])) > 1
        for place, one in enumerate(names)
        for other in names[:place]
    )


def _check_sheet(name: str, table: pd.DataFrame) -> None:
    """Refuse a table that no sheet can hold, before anything is written."""
    if len(table) >= _MOST_ROWS:
        raise ValueError(
            f"the sheet {name} would have {len(table):,} rows, but a workbook holds "
            f"{_MOST_ROWS - 1:,}; lower n_topics, or write the table as CSV"
        )
    for column in table:
        if pd.api.types.is_numeric_dtype(table[column]):
            continue
        for value in table[column].unique():
            if isinstance(value, str) and len(printable(value)) > _MOST_LETTERS:
                raise ValueError(
                    f"the sheet {name} would have a cell of {len(value):,} letters in "
                    f"column {column!r}, but a workbook holds {_MOST_LETTERS:,}; leave "
                    "the column out of columns"
                )


def _write_sheet(sheet: Any, table: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for number, column in enumerate(table, start=1):
        shown = [str(value) for value in (column, *table[column].head(100))]
        width = min(max(map(len, shown)) + 2, _WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width

    def cell(value: Any, bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet, _plain(value))
        if isinstance(made.value, str):
            made.data_type = "s"  # not a formula
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(str(column), bold=True) for column in table])
    for row in table.itertuples(index=False):
        sheet.append([cell(value) for value in row])


def _plain(value: Any) -> Any:
    """Return a value that a cell can hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    if isinstance(value, (bool, int)) or (
        isinstance(value, float) and np.isfinite(value)
    ):
        return value
    # Half a surrogate pair, which no file can hold, becomes a question mark.
    return printable(str(value)).encode("utf-8", "replace").decode()

"""The command report: a page with the topics of a stored pipeline and of rows."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_m3l.cli._models import (
    Given,
    load_pipeline,
    read_views,
    refuse_to_overwrite,
)
from sklearn_m3l.cli._tables import TableFile, normalize, read_values
from sklearn_m3l.display import TopicReport
from sklearn_m3l.embedding import ImageView
from sklearn_m3l.embedding._pictures import open_picture
from sklearn_m3l.multiview import MultiView

_THUMBNAIL_SIDE = 96


def report(
    model: Path,
    table: Path,
    output: Path,
    *,
    title: str | None = None,
    link: str | None = None,
    values: Sequence[tuple[str, Any]] = (),
    ranking: str = "probability",
    ranking_weight: float | None = None,
    max_rows: int = 20_000,
    random_state: int = 0,
    **options: Any,
) -> None:
    """Write a page with the topics of a stored pipeline and of rows of a table.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    output : Path
        The page to write.
    title, link : str, optional
        Columns with the titles and the web addresses of the rows.
    values : sequence of (str, (int or str or None))
        Columns of dates, categories or numbers to average topics over, and their bins.
    ranking, ranking_weight
        The order of the words; see `top_words` of the models.
    max_rows : int
        Largest number of rows to show.
    random_state : int
        Seed of the map, and of the choice of rows.
    **options : dict
        See `TableFile`.
    """
    refuse_to_overwrite(output, model, table)
    pipeline = load_pipeline(model)
    file = TableFile(table, **options)
    given = read_views(file, pipeline, title, link, *(name for name, _ in values))
    write_page(
        pipeline,
        file,
        given,
        output,
        title=title,
        link=link,
        values=values,
        ranking=ranking,
        ranking_weight=ranking_weight,
        max_rows=max_rows,
        random_state=random_state,
    )


def write_page(
    pipeline: Pipeline,
    file: TableFile,
    given: Given,
    output: Path,
    *,
    X: MultiView | None = None,
    title: str | None,
    link: str | None,
    values: Sequence[tuple[str, Any]] = (),
    ranking: str = "probability",
    ranking_weight: float | None = None,
    random_state: int,
    max_rows: int = 20_000,
) -> None:
    """Write a page for a pipeline and the columns of a table; see `report`.

    Rows are encoded unless they are also given as `X`.
    """
    df, others = given
    shown = f"{len(df):,} rows of {file.path.name}"
    if len(df) > max_rows:
        shown = f"{max_rows:,} of {shown}, picked at random"
        rows = pd.Series(range(len(df))).sample(max_rows, random_state=random_state)
        rows = np.sort(rows)
        df, others = df.iloc[rows], others.iloc[rows]
        X = None if X is None else X[rows]
    if X is None:
        X = pipeline["encode"].transform(df)
    names = {
        name: file.names_of_pictures(df[name])
        for name, view in pipeline["encode"].views_
        if name in df and isinstance(view, ImageView)
    }
    paths = {
        shown_as: path
        for name in names
        for shown_as, path in zip(names[name], df[name], strict=True)
        if shown_as
    }
    page = TopicReport.from_estimator(
        pipeline["topics"],
        X,
        names=names,
        texts={name: df[name] for name in df if name not in names},
        titles=None if title is None else others[normalize(title)],
        links=None if link is None else others[normalize(link)],
        values={name: read_values(others[normalize(name)]) for name, _ in values},
        bins={name: bins for name, bins in values if bins is not None},
        thumbnails=_Thumbnails(paths),
        title=f"Topics of {file.path.name}",
        intro=f"{len(pipeline['topics'].prevalence_)} topics, and {shown}."
        f"{_left_out(pipeline, df)}",
        ranking=ranking,
        ranking_weight=ranking_weight,
        random_state=random_state,
    )
    page.save(output)
    print(f"Wrote {output}: {shown}")


def _left_out(pipeline, df) -> str:
    """Name the views of the table or the model that the page does not show."""
    views = [name for name, _ in pipeline["encode"].views_]
    absent = [name for name in views if name not in df]
    unused = [name for name in df if name not in pipeline["topics"].views_]
    told = ""
    if absent:
        told += f" Left out, as the table has no such column: {', '.join(absent)}."
    if unused:
        told += f" The model infers no topics from {', '.join(unused)}."
    return told


class _Thumbnails(Mapping):
    """Small JPEG files of pictures by name, created on demand."""

    def __init__(self, paths: Mapping[str, str]):
        self._paths = paths

    def __getitem__(self, name: str) -> bytes:
        picture, file = open_picture(Path(self._paths[name])), io.BytesIO()
        picture.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        picture.save(file, "JPEG")
        return file.getvalue()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, name: object) -> bool:
        return name in self._paths

"""The command transform: write the topics of the rows of a table."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.cli._models import load_pipeline, read_views, refuse_to_overwrite
from sklearn_m3l.cli._tables import TableFile, normalize
from sklearn_m3l.inspection import segment_topics
from sklearn_m3l.metrics._alignment import topics_by_view


def transform(
    model: Path,
    table: Path,
    output: Path,
    *,
    by: str = "row",
    max_words: int | None = None,
    keep: Sequence[str] = (),
    only: Sequence[str] = (),
    **options: Any,
) -> None:
    """Write the topics of the rows of a table, in order, to another table.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    output : Path
        The table to write; its suffix determines the format.
    by : {"row", "view", "sentence", "paragraph", "window"}
        Whether topics are inferred from all views of a row, from each view separately,
        or from parts of texts.
    max_words : int, optional
        Largest number of words in a part.
    keep : sequence of str
        Columns to copy.
    only : sequence of str
        Columns to infer topics from; by default all of the model that the table has.
    **options : dict
        See `TableFile`.
    """
    refuse_to_overwrite(output, model, table)
    pipeline = load_pipeline(model)
    keep = list(dict.fromkeys(map(normalize, keep)))
    given = read_views(TableFile(table, **options), pipeline, *keep, only=only)
    kept = given.others
    if max_words is not None and by in ("row", "view"):
        raise ValueError("--max-words needs --by sentence, paragraph, or window")
    if by not in ("row", "view"):
        frame = _topics_of_segments(pipeline, given.frame, kept, by, max_words)
    elif by == "view":
        frame = _topics_of_views(pipeline, given.frame, kept)
    else:
        theta = np.asarray(pipeline.transform(given.frame))
        frame = _beside(kept, theta)
    with whole_file(output) as part:
        write_table(frame, part)
    n_topics = len(pipeline["topics"].components_)
    print(f"Wrote {output}: {len(frame):,} rows of {n_topics} topics")


def _topics_of_views(pipeline, df: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Return one row per view of each row of a table."""
    X = pipeline["encode"].transform(df)
    parts = []
    for name, theta in topics_by_view(pipeline["topics"], X).items():
        rows = np.flatnonzero(~np.isnan(theta[:, 0]))
        more = kept.iloc[rows]
        more = pd.DataFrame({"row": rows + 1, "view": name}).join(
            more.reset_index(drop=True)
        )
        parts.append(_beside(more, theta[rows]))
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values("row", kind="stable", ignore_index=True)


def _topics_of_segments(
    pipeline, df: pd.DataFrame, kept: pd.DataFrame, by: str, max_words: int | None
) -> pd.DataFrame:
    """Return one row per part of each text of a table."""
    texts = [name for name in df if name in pipeline["topics"].vocabularies_]
    found = segment_topics(pipeline, df[texts], by=by, max_words=max_words)
    more = found.segments[["row", "view", "segment", "start", "end"]].copy()
    repeated = kept.iloc[more["row"].to_numpy()].reset_index(drop=True)
    more["row"] += 1
    return _beside(more.join(repeated), found.proportions)


def _beside(kept: pd.DataFrame, theta: np.ndarray) -> pd.DataFrame:
    """Put columns before topics."""
    topics = [f"topic_{number}" for number in range(theta.shape[1])]
    twice = [name for name in topics if name in kept]
    if twice:
        raise ValueError(
            f"--keep {twice[0]}: the result has a column of topics of that name"
        )
    frame = kept.reset_index(drop=True)
    return pd.concat([frame, pd.DataFrame(theta, columns=topics)], axis=1)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix.lower() == ".parquet":
        frame.to_parquet(path, index=False)
        return
    separator = "\t" if ".tsv" in path.suffixes else ","
    frame.to_csv(path, sep=separator, index=False, float_format="%.6g")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a file to write, which is moved into place once it is complete."""
    path = path.resolve()  # write to the target of a link
    with TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        part = Path(folder) / path.name  # the suffix determines the format
        yield part
        os.replace(part, path)

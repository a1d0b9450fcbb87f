"""Load models, and read tables for them."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_m3l.cli._overview import tell_views, warn_of_data
from sklearn_m3l.cli._tables import TableFile, normalize
from sklearn_m3l.embedding import ImageView
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.persistence import load_model


class Given(NamedTuple):
    """The columns that a command reads from a table.

    The index of both is the line in which a row begins.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_views)
        The columns that are views of the model; pictures have full paths.
    others : DataFrame of shape (n_rows, n_others)
        The other columns that the command needs.
    """

    frame: pd.DataFrame
    others: pd.DataFrame


def refuse_to_overwrite(output: Path, *sources: Path) -> None:
    """Raise ValueError if an output is also an input."""
    if output.resolve() in [path.resolve() for path in sources]:
        raise ValueError(f"{output} is an input; write to another file")


def load_pipeline(path: Path) -> Pipeline:
    """Load a model of the command fit."""
    pipeline = load_model(path)
    steps = list(getattr(pipeline, "named_steps", ()))
    if steps != ["encode", "topics"]:
        kind = type(pipeline).__name__
        raise ValueError(f"{path} is not a model that fit wrote, but a {kind}")
    return pipeline


def read_views(
    file: TableFile,
    pipeline: Pipeline,
    *others: str | None,
    only: Sequence[str] = (),
) -> Given:
    """Read the columns of a table that are views of a pipeline, and some others.

    Prints what was read, and warns of columns that are missing or unused. With `only`,
    no other views are read.
    """
    views = dict(pipeline["encode"].views_)
    only = [normalize(name) for name in only]
    for name in only:
        if name not in views:
            raise ValueError(
                f"--view {name} is not a column of the model; its columns are "
                f"{', '.join(views)}"
            )
    views = {name: views[name] for name in only or views}
    wanted = [*{normalize(name): None for name in others if name is not None}]
    known: list[str] = []

    def select(columns):
        known.extend(name for name in views if name in columns)
        if not known:
            raise ValueError(
                f"{file.path} has none of the columns {', '.join(views)} that the "
                f"model knows; its columns are {', '.join(columns)}; use --language "
                "for texts in a column with another name"
            )
        return list(dict.fromkeys([*known, *wanted]))

    table = file.read(select)
    images = [name for name in known if isinstance(views[name], ImageView)]
    texts = {name: views[name].language for name in known if name not in images}
    tell_views(table.frame, texts, images)
    absent = [name for name in views if name not in known]
    if absent:
        print(
            f"{file.path} has no column {', '.join(absent)}; topics are inferred from "
            f"{', '.join(known)}",
            file=sys.stderr,
        )
    unused = [name for name in known if name not in pipeline["topics"].views_]
    if unused and len(unused) < len(known):
        print(
            f"{type(pipeline['topics']).__name__} infers no topics from "
            f"{', '.join(unused)}",
            file=sys.stderr,
        )
    warn_of_data(table.frame[known], texts)
    frame = file.with_pictures(table, images)
    return Given(frame[known], table.frame[wanted].set_axis(frame.index))


def read_beside(
    form: str,
    file: TableFile,
    pipeline: Pipeline,
    *others: str | None,
    only: Sequence[str] = (),
) -> Given:
    """Read a table as in `read_views`, for a result that is printed as `form`.

    Notes about the input go above a table; otherwise they go to standard error, because
    another program may read the result.
    """
    with redirect_stdout(sys.stdout if form == "table" else sys.stderr):
        given = read_views(file, pipeline, *others, only=only)
        print()
    return given


def encode(pipeline: Pipeline, given: Given, groups: str | None) -> MultiView:
    """Return the views of a table, with the articles of its rows."""
    frame, name = given.frame, None if groups is None else normalize(groups)
    if name is not None and name not in frame:
        frame = frame.join(given.others[[name]])
    return pipeline["encode"].set_params(groups=name).transform(frame)

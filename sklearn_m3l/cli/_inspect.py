"""The commands that inspect a model: views, values, stability, and intrusion tests."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_m3l.cli._formats import print_frame
from sklearn_m3l.cli._models import (
    encode,
    load_pipeline,
    read_beside,
    read_views,
    refuse_to_overwrite,
)
from sklearn_m3l.cli._tables import TableFile, normalize, read_values
from sklearn_m3l.cli._transform import whole_file, write_table
from sklearn_m3l.inspection import (
    compare_views,
    disagreements,
    document_topics,
    match_topics,
    prevalence_by,
    score_intrusion,
    topic_intrusion,
    topic_network,
    topic_stability,
    word_intrusion,
    write_intrusion,
    write_workbook,
)
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._files import replace_file


def compare_languages(
    model: Path,
    table: Path,
    *,
    groups: str | None = None,
    only: Sequence[str] = (),
    plot: Path | None = None,
    random_state: int = 0,
    form: str = "table",
    **options: Any,
) -> None:
    """Print how the prevalence of topics differs between columns of a table.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    groups : str, optional
        Column of article ids.
    only : sequence of str
        The columns to compare; by default all of the model that the table has.
    plot : Path, optional
        The figure of the differences to write.
    random_state : int
        Seed of the intervals.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    **options : dict
        See `TableFile`.
    """
    pipeline, X, _ = _read(model, table, groups, only=only, form=form, **options)
    frame = compare_views(pipeline["topics"], X, random_state=random_state)
    if plot is not None:
        _plot_comparison(frame, plot)
    _print(frame, form, ["view_a", "view_b", "topic"])


def print_disagreements(
    model: Path,
    table: Path,
    *,
    groups: str | None = None,
    only: Sequence[str] = (),
    title: str | None = None,
    n_rows: int = 20,
    form: str = "table",
    **options: Any,
) -> None:
    """Print the rows of a table whose columns differ most in their topics.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    groups : str, optional
        Column of article ids.
    only : sequence of str
        The columns to compare; by default all of the model that the table has.
    title : str, optional
        A column that names the rows.
    n_rows : int
        Rows per pair of columns.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    **options : dict
        See `TableFile`.
    """
    pipeline, X, others = _read(
        model, table, groups, title, only=only, form=form, **options
    )
    frame = disagreements(pipeline["topics"], X, n=n_rows)
    if title is not None:
        titles = others[normalize(title)].to_numpy()[frame["row"]]
        frame.insert(frame.columns.get_loc("label") + 1, "title", titles)
    frame["row"] += 1  # as in the table
    _print(frame, form, ["view_a", "view_b", "row"])


def prevalence(
    model: Path,
    table: Path,
    *,
    values: str,
    bins: Any = None,
    by: str = "view",
    groups: str | None = None,
    only: Sequence[str] = (),
    plot: Path | None = None,
    random_state: int = 0,
    form: str = "table",
    **options: Any,
) -> None:
    """Print the prevalence of topics over the values of a column.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    values : str
        A column of dates, categories or numbers.
    bins : int, str or None
        See `prevalence_by`.
    by : {"row", "view"}
        Whether topics are inferred from all views of a row, or from each view
        separately.
    groups : str, optional
        Column of article ids.
    only : sequence of str
        Columns to infer topics from; by default all of the model that the table has.
    plot : Path, optional
        A figure to write.
    random_state : int
        Seed of the intervals.
    form : {"table", "csv", "json", "markdown"}
        How to print it.
    **options : dict
        See `TableFile`.
    """
    pipeline, X, others = _read(
        model, table, groups, values, only=only, form=form, **options
    )
    column = read_values(others[normalize(values)])
    frame = prevalence_by(
        pipeline["topics"], X, column, bins=bins, by=by, random_state=random_state
    )
    if plot is not None:
        from sklearn_m3l.display import PrevalenceDisplay

        display = PrevalenceDisplay(frame, value_name=values)
        _save_figure(display.plot(), plot)
    frame["value"] = frame["value"].astype(str)
    _print(frame, form, ["view", "value", "topic"])


def stability(
    model: Path,
    table: Path,
    *,
    n_runs: int = 5,
    bootstrap: bool = False,
    groups: str | None = None,
    random_state: int = 0,
    form: str = "table",
    **options: Any,
) -> None:
    """Print how stable the topics of a model are over seeds or samples.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        The table that it was trained on.
    n_runs : int
        Number of times to fit the model again.
    bootstrap : bool
        Whether articles are drawn with replacement.
    groups : str, optional
        Column of article ids.
    random_state : int
        Seed of the runs.
    form : {"table", "csv", "json", "markdown"}
        How to print it.
    **options : dict
        See `TableFile`.
    """
    pipeline, X, _ = _read(model, table, groups, form=form, **options)
    frame = topic_stability(
        pipeline["topics"],
        X,
        n_runs,
        bootstrap=bootstrap,
        random_state=random_state,
    )
    _print(frame, form, ["topic"])


def match(model: Path, other: Path, *, form: str = "table") -> None:
    """Print the counterparts of the topics of a model in another.

    Parameters
    ----------
    model, other : Path
        Files that fit wrote.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    """
    frame = match_topics(load_pipeline(model), load_pipeline(other))
    _print(frame, form, ["topic_a", "topic_b"])


def documents(
    model: Path,
    table: Path,
    output: Path,
    *,
    by: str = "view",
    n_topics: int | None = None,
    keep: Sequence[str] = (),
    only: Sequence[str] = (),
    **options: Any,
) -> None:
    """Write one row per document and topic, or a workbook of all tables.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    output : Path
        The table or workbook to write; its suffix determines the format.
    by : {"row", "view"}
        Whether topics are inferred from all views of a row, or from each view
        separately.
    n_topics : int, optional
        Number of largest topics to write for each document.
    keep : sequence of str
        Columns to copy.
    only : sequence of str
        Columns to infer topics from; by default all of the model that the table has.
    **options : dict
        See `TableFile`.
    """
    refuse_to_overwrite(output, model, table)
    pipeline, X, others = _read(model, table, None, *keep, only=only, **options)
    kept = others[[normalize(name) for name in dict.fromkeys(keep)]]
    if output.suffix.lower() == ".xlsx":
        if by != "view":
            raise ValueError("a workbook has the topics of each view; omit --by")
        write_workbook(
            output,
            pipeline["topics"],
            X,
            n_topics=n_topics,
            columns=kept,
            random_state=0,
        )
        print(f"Wrote {output}: {len(X):,} rows")
        return
    frame = document_topics(
        pipeline["topics"], X, by=by, n_topics=n_topics, columns=kept
    )
    frame["row"] += 1  # as in the table
    with whole_file(output) as part:
        write_table(frame, part)
    print(f"Wrote {output}: {len(frame):,} proportions of {len(X):,} rows")


def network(
    model: Path,
    table: Path | None,
    output: Path,
    *,
    n_neighbors: int = 3,
    **options: Any,
) -> None:
    """Write the network of topics for other programs.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path, optional
        A CSV or TSV file: links topics that occur in the same rows. By default topics
        are linked by their words.
    output : Path
        The file to write: .graphml or .gexf.
    n_neighbors : int
        Number of topics that each topic is linked with.
    **options : dict
        See `TableFile`.
    """
    writers = {".graphml": "write_graphml", ".gexf": "write_gexf"}
    if output.suffix.lower() not in writers:
        raise ValueError(f"{output} must end with .graphml or .gexf")
    if table is None:
        graph = topic_network(load_pipeline(model), n_neighbors=n_neighbors)
    else:
        refuse_to_overwrite(output, model, table)
        pipeline, X, _ = _read(model, table, None, **options)
        graph = topic_network(pipeline["topics"], X, n_neighbors=n_neighbors)
    import networkx

    with whole_file(output) as part:
        getattr(networkx, writers[output.suffix.lower()])(graph, part)
    print(f"Wrote {output}: {len(graph)} topics, {graph.number_of_edges()} links")


def intrusion(
    model: Path,
    table: Path | None,
    output: Path,
    *,
    view: str | None = None,
    n_rows: int = 20,
    random_state: int = 0,
    **options: Any,
) -> None:
    """Write an intrusion test of the words of topics, or of the topics of texts.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path, optional
        A CSV or TSV file, for questions about its texts; by default questions are about
        words.
    output : Path
        The test to write: .csv or .html.
    view : str, optional
        The column whose words and texts to show; by default the first column of texts.
    n_rows : int
        Number of texts.
    random_state : int
        Seed of the test.
    **options : dict
        See `TableFile`.
    """
    if table is None:
        topics = load_pipeline(model)["topics"]
        sheet = word_intrusion(
            topics,
            normalize(view or next(iter(topics.vocabularies_))),
            random_state=random_state,
        )
    else:
        refuse_to_overwrite(output, model, table)
        pipeline = load_pipeline(model)
        view = normalize(view or next(iter(pipeline["topics"].vocabularies_)))
        given = read_views(TableFile(table, **options), pipeline)
        if view not in given.frame:
            raise ValueError(
                f"--view {view} is not a column that the model and the table have"
            )
        sheet = topic_intrusion(
            pipeline["topics"],
            pipeline["encode"].transform(given.frame),
            given.frame[view],
            view,
            n_rows=n_rows,
            random_state=random_state,
        )
    key = write_intrusion(sheet, output)
    print(f"Wrote {output}: {len(sheet)} questions; the key is {key}")


def score_answers(answers: Path, key: Path, *, form: str = "table") -> None:
    """Print the scores of the answers to an intrusion test.

    Parameters
    ----------
    answers : Path
        A CSV file with the columns question and answer.
    key : Path
        The key of the test.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    """
    frame = score_intrusion(answers, key)
    _print(frame, form, ["question"])
    if form == "table":
        mean = frame["precision"].mean()
        print(
            f"\nMean precision {mean:.3f}, chance {frame['chance'].iloc[0]:.3f}, "
            f"{frame['n_answers'].sum():,} answers"
        )


def _read(
    model: Path,
    table: Path,
    groups: str | None,
    *others: str | None,
    only: Sequence[str] = (),
    form: str = "table",
    **options: Any,
) -> tuple[Pipeline, MultiView, pd.DataFrame]:
    """Return a model, the views of a table, and other columns of it."""
    pipeline = load_pipeline(model)
    file = TableFile(table, **options)
    given = read_beside(form, file, pipeline, groups, *others, only=only)
    return pipeline, encode(pipeline, given, groups), given.others


def _print(frame: pd.DataFrame, form: str, key: Sequence[str]) -> None:
    """Print a table; in a narrow terminal, its key columns become headings."""
    key = [name for name in key if name in frame]
    frame = frame[[*key, *(name for name in frame if name not in key)]]
    rounded = frame.copy()
    for name in frame.select_dtypes(np.floating):
        rounded[name] = frame[name].round(4)

    def heading(row: int) -> str:
        return ", ".join(f"{name} {rounded[name].iloc[row]}" for name in key)

    print_frame(rounded, form, heading, len(key))


def _plot_comparison(frame: pd.DataFrame, path: Path) -> None:
    from sklearn_m3l.display import ViewComparisonDisplay

    pairs = frame[["view_a", "view_b"]].drop_duplicates()
    if len(pairs) > 1:
        raise ValueError(
            f"--plot shows two columns, but {len(pairs)} pairs were compared; choose "
            "two columns with --view"
        )
    _save_figure(ViewComparisonDisplay(frame).plot(), path)


def _save_figure(display: Any, path: Path) -> None:
    """Write a figure in the format of its suffix."""
    import io

    import matplotlib.pyplot as plt

    content = io.BytesIO()
    display.figure_.savefig(content, format=path.suffix[1:].lower() or "png", dpi=150)
    plt.close(display.figure_)
    replace_file(path, content.getvalue())
    print(f"Wrote {path}", file=sys.stderr)

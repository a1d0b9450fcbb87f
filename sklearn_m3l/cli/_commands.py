"""What the command line does with tables: fit, topics, transform, evaluate, report."""

import csv
import gzip
import io
import os
import shutil
import sys
import textwrap
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_m3l.display import TopicReport
from sklearn_m3l.embedding import (
    ImageStatisticsEncoder,
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)
from sklearn_m3l.embedding._pictures import open_picture
from sklearn_m3l.embedding._vectorizer import has_stop_words
from sklearn_m3l.metrics import Score, evaluate_alignment
from sklearn_m3l.metrics._alignment import MEASURES
from sklearn_m3l.models import M3LContrastTopicModel
from sklearn_m3l.persistence import load_model, save_model
from sklearn_m3l.persistence._checks import is_inside
from sklearn_m3l.utils._text import format_table

_THUMBNAIL_SIDE = 96
_LIKELIHOOD = "Likelihood"
_MORE_MEASURES = {
    _LIKELIHOOD: "mean log-likelihood of a word of the texts; the closer to 0 the "
    "better, among models of the same words"
}


def fit(
    table: Path,
    texts: Sequence[tuple[str, str | None]],
    images: Sequence[str],
    output: Path,
    *,
    sentence_transformer: str | None = None,
    group: str | None = None,
    random_state: int = 0,
    settings: Sequence[tuple[str, Any]] = (),
    **parameters: Any,
) -> None:
    """Learn topics of a table and store the pipeline.

    Parameters
    ----------
    table : Path
        A CSV or TSV file.
    texts : sequence of (str, str or None) tuples
        Columns of texts, and their languages where the names do not tell.
    images : sequence of str
        Columns of paths of pictures, relative to the folder of the table.
    output : Path
        The file to write.
    sentence_transformer : str, optional
        Name of the model that embeds texts, or its folder, relative to the working
        folder; by default, LSA does.
    group : str, optional
        Column of article ids.
    random_state : int, default=0
        Seed.
    settings : sequence of (str, object) tuples
        Further parameters of M3LContrastTopicModel, which win over `parameters`.
    **parameters : dict
        Parameters of M3LContrastTopicModel.
    """
    # Faults show before texts are embedded, which can take long.
    model = M3LContrastTopicModel(**parameters, random_state=random_state, verbose=1)
    model.set_params(**dict(settings))._validate_params()
    embedder: Any = LsaEncoder(random_state=random_state)
    if sentence_transformer is not None:
        if not is_inside(sentence_transformer):
            raise ValueError(
                f"--sentence-transformer {sentence_transformer}: a model file refers "
                "to folders below the working folder alone; run this in a folder "
                "above that one, or link it"
            )
        embedder = SentenceTransformerEncoder(sentence_transformer, verbose=1)
    names = [*(name for name, _ in texts), *images]
    df = _read_table(table, names, images, group)
    print(f"Read {len(df):,} rows of {table}", flush=True)
    views: list[tuple[str, TextView | ImageView]]
    views = [(name, _text_view(name, code, embedder)) for name, code in texts]
    pictures = ImageStatisticsEncoder(on_error="missing")
    views += [(name, ImageView(pictures)) for name in images]
    encoder = MultiViewEncoder(views, groups=group, verbose=1)
    pipeline = Pipeline([("encode", encoder), ("topics", model)])
    pipeline.fit(df)
    save_model(pipeline, output)
    print(f"Wrote {output}: {model.n_components} topics, {model.n_iter_} epochs")


def topics(model: Path) -> None:
    """Print the topics of a stored pipeline, the languages side by side."""
    frame = _load_pipeline(model)["topics"].topics_frame()
    rows = [(str(topic), *words) for topic, *words in frame.itertuples()]
    print(format_table([("Topic", *frame), *rows], shutil.get_terminal_size().columns))


def transform(model: Path, table: Path, output: Path) -> None:
    """Write the topics of the rows of a table, in its order, as another table."""
    pipeline = _load_pipeline(model)
    df = _read_known_views(table, pipeline)
    theta = np.asarray(pipeline.transform(df))
    columns = [f"topic_{number}" for number in range(theta.shape[1])]
    separator = "\t" if _is_tsv(output) else ","
    with _whole_file(output) as part:
        pd.DataFrame(theta, columns=columns).to_csv(
            part, sep=separator, index=False, float_format="%.6g"
        )
    print(f"Wrote {output}: {len(theta):,} rows of {len(columns)} topics")


def evaluate(model: Path, table: Path, *, group: str | None = None) -> None:
    """Print how well a stored pipeline aligns the views of a table."""
    pipeline = _load_pipeline(model)
    df = _read_known_views(table, pipeline, group)
    X = pipeline["encode"].set_params(groups=group).transform(df)
    # Coherence is that of the training documents, which are not here.
    scores = evaluate_alignment(pipeline["topics"], X, metrics=("mrr", "uap", "jsd"))
    if any(view.is_text for view in X.views.values()):
        scores[_LIKELIHOOD] = Score(pipeline["topics"].score(X))
    rows = [("", "Score", "Chance")]
    for name, (value, chance) in scores.items():
        rows.append((name, f"{value:.3f}", "" if chance is None else f"{chance:.3f}"))
    width = shutil.get_terminal_size().columns
    n_articles = len(df) if X.groups is None else len(set(X.groups))
    print(f"{len(df):,} rows of {n_articles:,} articles\n")
    print(format_table(rows, width) + "\n")
    for measure in dict.fromkeys(name.split()[0] for name in scores):
        meaning = f"{measure}: {(MEASURES | _MORE_MEASURES)[measure]}."
        print(textwrap.fill(meaning, width, subsequent_indent="  "))


def report(
    model: Path,
    table: Path,
    output: Path,
    *,
    max_rows: int = 20_000,
    random_state: int = 0,
) -> None:
    """Write a page of the topics of a stored pipeline and of rows of a table."""
    pipeline = _load_pipeline(model)
    df = _read_known_views(table, pipeline)
    shown = f"{len(df):,} rows of {table.name}"
    if len(df) > max_rows:
        shown = f"{max_rows:,} of {shown}, picked at random"
        df = df.sample(max_rows, random_state=random_state).sort_index()
    images = [
        name
        for name, view in pipeline["encode"].views_
        if name in df and isinstance(view, ImageView)
    ]
    names = {
        name: [
            os.path.relpath(path, table.parent) if isinstance(path, str) else ""
            for path in df[name]
        ]
        for name in images
    }
    paths = {
        shown_as: path
        for name in images
        for shown_as, path in zip(names[name], df[name], strict=True)
        if shown_as
    }
    page = TopicReport.from_estimator(
        pipeline,
        df,
        names=names,
        thumbnails=_Thumbnails(paths),
        title=f"Topics of {table.name}",
        intro=f"{pipeline['topics'].n_components} topics, and {shown}.",
        random_state=random_state,
    )
    page.save(output)
    print(f"Wrote {output}: {shown}")


def _text_view(name: str, language: str | None, embedder: Any) -> TextView:
    if language is None and not has_stop_words(name):
        print(
            f"no stop words are left out of {name!r}, which is no code of a language; "
            f"give one, such as --text {name}:en",
            file=sys.stderr,
        )
        return TextView(clone(embedder), language=())
    return TextView(clone(embedder), language=language)


class _Thumbnails(Mapping):
    """Small JPEG files of pictures, by name; each is made when it is asked for."""

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


def _load_pipeline(path: Path) -> Pipeline:
    pipeline = load_model(path)
    steps = list(getattr(pipeline, "named_steps", ()))
    if steps != ["encode", "topics"]:
        kind = type(pipeline).__name__
        raise ValueError(f"{path} is not a model of the command fit, but a {kind}")
    return pipeline


def _read_known_views(
    path: Path, pipeline: Pipeline, group: str | None = None
) -> pd.DataFrame:
    """Read those columns of a table that are views of a pipeline, and article ids."""
    views = dict(pipeline["encode"].views_)
    with _open_table(path) as (_, _, columns):
        known = [name for name in views if name in columns]
    absent = [name for name in views if name not in known]
    if not known:
        raise ValueError(
            f"{path} has none of the columns {', '.join(views)} that the model knows; "
            f"its columns are {', '.join(columns)}"
        )
    if absent:
        print(
            f"{path} has no column {', '.join(absent)}; topics are inferred from "
            f"{', '.join(known)}",
            file=sys.stderr,
        )
    images = [name for name in known if isinstance(views[name], ImageView)]
    return _read_table(path, known, images, group)


def _read_table(
    path: Path, names: Sequence[str], images: Sequence[str], group: str | None
) -> pd.DataFrame:
    """Return columns of a table, with full paths of pictures, and article ids."""
    wanted = [*names, *([] if group is None else [group])]
    with _open_table(path) as (file, separator, columns):
        for name in wanted:
            if columns.count(name) != 1:
                count = "no column" if name not in columns else "several columns"
                raise ValueError(
                    f"{path} has {count} {name!r}; its columns are {', '.join(columns)}"
                )
        df = pd.read_csv(
            file,
            sep=separator,
            dtype=str,
            keep_default_na=False,  # "None" and "NA" are texts
            na_values=[""],
        )
        if not isinstance(df.index, pd.RangeIndex):
            raise ValueError("the rows have more cells than the header")
    df = df[list(dict.fromkeys(wanted))]
    if df.empty:
        raise ValueError(f"{path} has no rows below its header")
    df.index += 1
    for name in images:
        df[name] = [
            None if pd.isna(cell) else str(path.parent / cell) for cell in df[name]
        ]
    return df


@contextmanager
def _open_table(path: Path) -> Iterator[tuple[io.TextIOBase, str, list[str]]]:
    """Open a table; give the file, its separator and the names of its columns."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # Excel writes a byte order mark.
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            separator = "\t" if _is_tsv(path) else max(",;\t", key=header.count)
            file.seek(0)
            columns = next(csv.reader(file, delimiter=separator), [])
            if not columns:
                raise ValueError("there is no header")
            file.seek(0)
            yield file, separator, columns
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = str(error)
        if not message.startswith(str(path)):
            message = f"cannot read {path}: {message}"
        raise ValueError(message) from error


def _is_tsv(path: Path) -> bool:
    return ".tsv" in path.suffixes


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes its place once it is complete."""
    path = path.resolve()  # a link stays a link
    with TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        part = Path(folder) / path.name  # whose suffix tells the compression
        yield part
        os.replace(part, path)

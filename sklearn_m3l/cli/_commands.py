"""What the commands do with tables: fit, topics, transform, evaluate, report."""

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_m3l.cli._scores import LIKELIHOOD, print_scores, terminal_width
from sklearn_m3l.cli._tables import TableFile, find_text_column, normalize
from sklearn_m3l.display import TopicReport
from sklearn_m3l.embedding import (
    ImageStatisticsEncoder,
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)
from sklearn_m3l.embedding._languages import knows_language
from sklearn_m3l.embedding._pictures import open_picture
from sklearn_m3l.metrics import Score, evaluate_alignment
from sklearn_m3l.models import M3LContrastTopicModel
from sklearn_m3l.persistence import load_model, save_model
from sklearn_m3l.persistence._save_load import check_savable
from sklearn_m3l.utils._text import format_table

_THUMBNAIL_SIDE = 96


def fit(
    table: Path,
    texts: Sequence[str],
    images: Sequence[str],
    output: Path,
    *,
    separator: str | None = None,
    quoting: str = "auto",
    encoding: str = "utf-8",
    image_folder: Path | None = None,
    sentence_transformer: str | None = None,
    groups: str | None = None,
    random_state: int = 0,
    settings: Sequence[tuple[str, Any]] = (),
    **parameters: Any,
) -> None:
    """Learn topics from a table and store the pipeline.

    Parameters
    ----------
    table : Path
        A CSV or TSV file.
    texts : sequence of str
        Columns of texts, as ``COLUMN[:LANGUAGE]``.
    images : sequence of str
        Columns of paths of pictures.
    output : Path
        The file to write.
    separator, quoting, encoding, image_folder
        See `TableFile`.
    sentence_transformer : str, optional
        Name of the model that embeds texts, or its folder, which must be below that of
        `output`; by default, LSA does.
    groups : str, optional
        Column of article ids.
    random_state : int, default=0
        Seed.
    settings : sequence of (str, object) tuples
        Further parameters of M3LContrastTopicModel, which win over `parameters`.
    **parameters : dict
        Parameters of M3LContrastTopicModel.
    """
    _refuse_to_overwrite(output, table)
    file = TableFile(table, separator, quoting, encoding, image_folder)
    model = M3LContrastTopicModel(**parameters, random_state=random_state, verbose=1)
    model.set_params(**dict(settings))._validate_params()
    embedder = _make_embedder(sentence_transformer, random_state, output)
    images = [normalize(name) for name in images]
    groups = None if groups is None else normalize(groups)
    languages: list[tuple[str, str | None]] = []

    def select(columns):
        languages.extend(find_text_column(text, columns) for text in texts)
        more = [] if groups is None or groups in images else [groups]
        return dict.fromkeys([*(name for name, _ in languages), *images, *more])

    df = file.with_pictures(file.read(select), images)
    views: list[tuple[str, TextView | ImageView]]
    views = [(name, _text_view(name, code, embedder)) for name, code in languages]
    pictures = ImageStatisticsEncoder(on_error="missing")
    views += [(name, ImageView(pictures)) for name in images]
    encoder = MultiViewEncoder(views, groups=groups, verbose=1)
    pipeline = Pipeline([("encode", encoder), ("topics", model)])
    check_savable(pipeline, output)
    pipeline.fit(df)
    save_model(pipeline, output)
    print(f"Wrote {output}: {model.n_components} topics, {model.n_iter_} epochs")


def topics(model: Path) -> None:
    """Print the topics of a stored pipeline, the languages side by side."""
    frame = _load_pipeline(model)["topics"].topics_frame()
    rows = [(str(topic), *words) for topic, *words in frame.itertuples()]
    print(format_table([("Topic", *frame), *rows], terminal_width()))


def transform(model: Path, table: Path, output: Path, **options: Any) -> None:
    """Write the topics of the rows of a table, in its order, as another table."""
    _refuse_to_overwrite(output, model, table)
    pipeline = _load_pipeline(model)
    df = _read_known_views(TableFile(table, **options), pipeline)
    theta = np.asarray(pipeline.transform(df))
    columns = [f"topic_{number}" for number in range(theta.shape[1])]
    separator = "\t" if ".tsv" in output.suffixes else ","
    with _whole_file(output) as part:
        pd.DataFrame(theta, columns=columns).to_csv(
            part, sep=separator, index=False, float_format="%.6g"
        )
    print(f"Wrote {output}: {len(theta):,} rows of {len(columns)} topics")


def evaluate(
    model: Path, table: Path, *, groups: str | None = None, **options: Any
) -> None:
    """Print how well a stored pipeline aligns the views of a table."""
    pipeline = _load_pipeline(model)
    groups = None if groups is None else normalize(groups)
    df = _read_known_views(TableFile(table, **options), pipeline, groups)
    X = pipeline["encode"].set_params(groups=groups).transform(df)
    # Coherence is that of the training documents, which are not here.
    scores = evaluate_alignment(pipeline["topics"], X, metrics=("mrr", "uap", "jsd"))
    if any(view.is_text for view in X.views.values()):
        scores[LIKELIHOOD] = Score(pipeline["topics"].score(X))
    n_articles = len(X) if X.groups is None else len(set(X.groups))
    print(f"{len(X):,} rows of {n_articles:,} articles\n")
    print_scores(scores)


def report(
    model: Path,
    table: Path,
    output: Path,
    *,
    max_rows: int = 20_000,
    random_state: int = 0,
    **options: Any,
) -> None:
    """Write a page of the topics of a stored pipeline and of rows of a table."""
    _refuse_to_overwrite(output, model, table)
    pipeline = _load_pipeline(model)
    file = TableFile(table, **options)
    df = _read_known_views(file, pipeline)
    shown = f"{len(df):,} rows of {table.name}"
    if len(df) > max_rows:
        shown = f"{max_rows:,} of {shown}, picked at random"
        rows = pd.Series(range(len(df))).sample(max_rows, random_state=random_state)
        df = df.iloc[np.sort(rows)]
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


def _refuse_to_overwrite(output: Path, *sources: Path) -> None:
    if output.resolve() in [path.resolve() for path in sources]:
        raise ValueError(f"{output} is an input; write to another file")


def _make_embedder(
    sentence_transformer: str | None, random_state: int, output: Path
) -> Any:
    if sentence_transformer is None:
        return LsaEncoder(random_state=random_state)
    embedder = SentenceTransformerEncoder(sentence_transformer, verbose=1)
    try:
        check_savable(embedder, output)
    except ValueError as error:
        raise ValueError(
            f"--sentence-transformer {sentence_transformer} must be a model on the "
            "Hugging Face hub, or a folder below that of --output, which refers to it"
        ) from error
    return embedder


def _text_view(name: str, language: str | None, embedder: Any) -> TextView:
    if language is None and not knows_language(name):
        print(
            f"no stop words are left out of {name!r}, which is not the code of a "
            f"language; to name one, write --text {name}:en, for example",
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
    file: TableFile, pipeline: Pipeline, groups: str | None = None
) -> pd.DataFrame:
    """Read those columns of a table that are views of a pipeline, and article ids."""
    views = dict(pipeline["encode"].views_)
    known: list[str] = []

    def select(columns):
        known.extend(name for name in views if name in columns)
        if not known:
            raise ValueError(
                f"{file.path} has none of the columns {', '.join(views)} that the "
                f"model knows; its columns are {', '.join(columns)}"
            )
        more = [] if groups is None or groups in known else [groups]
        return [*known, *more]

    table = file.read(select)
    absent = [name for name in views if name not in known]
    if absent:
        print(
            f"{file.path} has no column {', '.join(absent)}; topics are inferred from "
            f"{', '.join(known)}",
            file=sys.stderr,
        )
    images = [name for name in known if isinstance(views[name], ImageView)]
    return file.with_pictures(table, images)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes its place once it is complete."""
    path = path.resolve()  # a link stays a link
    with TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        part = Path(folder) / path.name  # whose suffix tells the compression
        yield part
        os.replace(part, path)

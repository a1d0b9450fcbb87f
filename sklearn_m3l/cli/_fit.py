"""The command fit: learn topics from a table and store the pipeline."""

import sys
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

import sklearn_m3l.models as models
from sklearn_m3l.cli._encoder import EncoderOptions, make_encoder
from sklearn_m3l.cli._models import Given, refuse_to_overwrite
from sklearn_m3l.cli._overview import tell_views, warn_of_data
from sklearn_m3l.cli._parser import MODELS
from sklearn_m3l.cli._report import write_page
from sklearn_m3l.cli._tables import TableFile, find_text_column, normalize
from sklearn_m3l.datasets.readers._csv import Table
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._checks import list_labels
from sklearn_m3l.persistence import save_model
from sklearn_m3l.persistence._save_load import check_savable
from sklearn_m3l.utils._files import check_writable, replace_file


def fit(
    table: Path,
    texts: Sequence[str],
    images: Sequence[str],
    output: Path,
    *,
    record: str,
    model: str = "m3l-contrast",
    separator: str | None = None,
    quoting: str = "auto",
    encoding: str = "utf-8",
    image_folder: Path | None = None,
    groups: str | None = None,
    seed_words: Path | None = None,
    seed_weight: float | None = None,
    random_state: int = 0,
    settings: Sequence[tuple[str, Any]] = (),
    report: Path | None = None,
    title: str | None = None,
    link: str | None = None,
    **parameters: Any,
) -> None:
    """Learn topics from a table, store the pipeline, and record how.

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
    record : str
        What is written beside it.
    model : str
        A key of `MODELS`.
    separator, quoting, encoding, image_folder
        See `TableFile`.
    groups : str, optional
        Column of article ids.
    seed_words : Path, optional
        A TOML file of seed words.
    seed_weight : float, optional
        Their weight.
    random_state : int, default=0
        Seed.
    settings : sequence of (str, object) tuples
        Further parameters of the model, which win over `parameters`.
    report : Path, optional
        A page to write, of the topics and the rows of the table.
    title, link : str, optional
        Columns of what the rows are called there, and of their web addresses.
    **parameters : dict
        Fields of `EncoderOptions`, and parameters of the model.
    """
    ours = [name for name in EncoderOptions._fields if name in parameters]
    options = EncoderOptions(**{name: parameters.pop(name) for name in ours})
    beside = record_file(output)
    _check_outputs(table, output, beside, report)
    file = TableFile(table, separator, quoting, encoding, image_folder)
    images = [normalize(name) for name in images]
    groups, title, link = (name and normalize(name) for name in (groups, title, link))
    topic_model = _make_model(model, random_state, {**parameters, **dict(settings)})
    others = [name for name in (groups, title, link) if name is not None]
    read, languages = _read_columns(file, texts, [*images, *others])
    names = [name for name, _ in languages]
    _choose_view(topic_model, names, images, options)
    _set_seed_words(topic_model, seed_words, seed_weight)
    encoder = make_encoder(
        languages,
        images,
        options,
        groups=groups,
        random_state=random_state,
        output=output,
    )
    pipeline = Pipeline([("encode", encoder), ("topics", topic_model)])
    check_savable(pipeline, output)
    tell_views(read.frame, dict(languages), images)
    warn_of_data(read.frame[[*names, *images]], dict(languages))
    df = file.with_pictures(read, images)
    X = encoder.fit_transform(df)
    topic_model.fit(_with_a_view(X))
    save_model(pipeline, output)
    replace_file(beside, record)
    kind = "sweeps" if model == "polylingual-lda" else "epochs"
    print(
        f"Wrote {output}: {topic_model.n_components} topics, {topic_model.n_iter_} "
        f"{kind}; its options are in {beside}"
    )
    if report is not None:
        given = Given(df[[*names, *images]], read.frame.set_axis(df.index))
        write_page(
            pipeline,
            file,
            given,
            report,
            title=title,
            link=link,
            random_state=random_state,
        )


def _check_outputs(
    table: Path, output: Path, beside: Path, report: Path | None
) -> None:
    """Refuse to write over what is read, or over another file that is written."""
    refuse_to_overwrite(output, table)
    refuse_to_overwrite(beside, table)
    if report is not None:
        refuse_to_overwrite(report, table, output, beside)
    check_writable(beside)


def _read_columns(
    file: TableFile, texts: Sequence[str], others: Sequence[str]
) -> tuple[Table, list[tuple[str, Any]]]:
    """Return some columns of a table, and the names and languages of the texts."""
    languages: list[tuple[str, Any]] = []

    def select(columns):
        languages.extend(find_text_column(text, columns) for text in texts)
        return dict.fromkeys([*(name for name, _ in languages), *others])

    return file.read(select), languages


def _with_a_view(X: MultiView) -> MultiView:
    """Return the rows that have a view; say which others there are."""
    present = np.any(list(X.present.values()), axis=0)
    if present.all():
        return X
    print(
        f"{(~present).sum():,} of {len(X):,} rows have none of the columns "
        f"{', '.join(X.view_names)}, and are left out: "
        f"{list_labels(X.index[~present])}",
        file=sys.stderr,
    )
    return X[np.flatnonzero(present)]


def record_file(model: Path) -> Path:
    """Return the file beside a model that records its options."""
    return model.with_name(f"{model.name}.toml")


def _make_model(name: str, random_state: int, parameters: Mapping[str, Any]) -> Any:
    """Return a model whose parameters are valid."""
    model = getattr(models, MODELS[name])(random_state=random_state, verbose=1)
    model.set_params(**parameters)._validate_params()
    return model


def _set_seed_words(model: Any, path: Path | None, weight: float | None) -> None:
    """Give seed words to a model, or to the teacher of a student."""
    if path is None:
        if weight is not None:
            raise ValueError("--seed-weight needs --seed-words")
        return
    try:
        seeds = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, or no TOML
        raise ValueError(f"{path} is not a TOML file of seed words: {error}") from error
    if isinstance(model, models.DistilledTopicModel):
        model = model.teacher
    model.set_params(seed_words=seeds)
    if weight is not None:
        model.set_params(seed_weight=weight)


def _choose_view(
    model: Any, names: Sequence[str], images: Sequence[str], options: EncoderOptions
) -> None:
    """Choose the view that a model learns, or teaches, where none is set."""
    if isinstance(model, models.ZeroShotTopicModel):
        if model.view is None and names:
            model.set_params(view=names[0])
        if len(names) > 1 and not options.text_encoders:
            warnings.warn(
                f"topics are learned from {model.view}, and LSA does not align other "
                "columns with it; name a multilingual model with --text-encoder",
                UserWarning,
                stacklevel=3,
            )
    elif isinstance(model, models.DistilledTopicModel) and names:
        if model.view is None:
            model.set_params(view=[*images, *names[1:], *names][0])
        if model.teacher is None:
            model.set_params(teacher=models.ZeroShotTopicModel(view=names[0]))

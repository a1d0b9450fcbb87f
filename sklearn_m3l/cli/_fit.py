"""The command fit: learn topics from a table and store the pipeline."""

import tomllib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

import sklearn_m3l.models as models
from sklearn_m3l.cli._encoder import EncoderOptions, make_encoder
from sklearn_m3l.cli._models import Given, refuse_to_overwrite
from sklearn_m3l.cli._overview import never_meet, tell_views, warn_of_data
from sklearn_m3l.cli._parser import MODELS
from sklearn_m3l.cli._report import write_page
from sklearn_m3l.cli._tables import TableFile, find_text_column, normalize
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._checks import list_labels
from sklearn_m3l.multiview._tuples import mine_where_none
from sklearn_m3l.persistence import save_model
from sklearn_m3l.persistence._save_load import check_savable
from sklearn_m3l.utils._files import check_writable, replace_file


def fit(
    table: Path | None,
    texts: Sequence[str],
    images: Sequence[str],
    output: Path,
    *,
    record: str,
    model: str = "m3l-contrast",
    corpora: Sequence[str] = (),
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
    """Learn topics from tables, and store the pipeline with its options.

    Parameters
    ----------
    table : Path or None
        A CSV or TSV file; None if `corpora` are given.
    texts : sequence of str
        Columns of texts, as ``COLUMN[:LANGUAGE]``; by default the languages that
        `corpora` or the ``language_column`` name.
    images : sequence of str
        Columns of picture paths.
    output : Path
        The file to write.
    record : str
        The text to write to the file next to it.
    model : str
        A key of `MODELS`.
    corpora : sequence of str
        Tables with texts of one language each, as ``LANGUAGE=FILE``.
    groups : str, optional
        Column of article ids.
    seed_words : Path, optional
        A TOML file of seed words.
    seed_weight : float, optional
        Their weight.
    random_state : int, default=0
        Seed.
    settings : sequence of (str, object) tuples
        More parameters of the model, which override `parameters`.
    report : Path, optional
        A page to write, with the topics and the rows of the table.
    title, link : str, optional
        Columns with titles and web addresses of rows for the page.
    **parameters : dict
        Fields of `TableFile` and `EncoderOptions`, and parameters of the model.
    """
    options = EncoderOptions(**_take(EncoderOptions, parameters))
    form = _take(TableFile, parameters)
    files = [
        TableFile(path, language=language, **form)
        for language, path in _list_tables(table, corpora)
    ]
    _check_outputs([file.path for file in files], output, report)
    images = [normalize(name) for name in images]
    groups, title, link = (name and normalize(name) for name in (groups, title, link))
    topic_model = _make_model(model, random_state, {**parameters, **dict(settings)})
    others = [name for name in (groups, title, link) if name is not None]
    frame, df, languages = _read_columns(files, texts, images, others)
    names = [name for name, _ in languages]
    _choose_view(topic_model, names, images, options)
    _set_seed_words(topic_model, seed_words, seed_weight)
    pipeline = _make_pipeline(
        topic_model, languages, images, options, groups, random_state, output
    )
    _tell_table(frame, dict(languages), images, options)
    X = pipeline["encode"].fit_transform(df)
    topic_model.fit(_tuples_for(topic_model, _with_a_view(X)))
    save_model(pipeline, output)
    replace_file(record_file(output), record)
    _tell_model(topic_model, output)
    if report is not None:
        given = Given(df[[*names, *images]], frame.set_axis(df.index))
        X = MultiView(X.views, index=X.index)  # without articles, as in report
        write_page(
            pipeline,
            files[0],
            given,
            report,
            X=X,
            title=title,
            link=link,
            random_state=random_state,
        )


def _take(kind: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Remove and return the parameters that are fields of a named tuple."""
    return {name: parameters.pop(name) for name in kind._fields if name in parameters}


def _list_tables(
    table: Path | None, corpora: Sequence[str]
) -> list[tuple[str | None, Path]]:
    """Return the tables to read, each with its language if it has one."""
    if table is not None:
        return [(None, table)]
    parts = [corpus.partition("=") for corpus in corpora]
    return [(language, Path(path)) for language, _, path in parts]


def _check_outputs(tables: Sequence[Path], output: Path, report: Path | None) -> None:
    """Refuse to overwrite an input or another output."""
    beside = record_file(output)
    refuse_to_overwrite(output, *tables)
    refuse_to_overwrite(beside, *tables)
    if report is not None:
        refuse_to_overwrite(report, *tables, output, beside)
    check_writable(beside)


def _read_columns(
    files: Sequence[TableFile],
    texts: Sequence[str],
    images: Sequence[str],
    others: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[str, Any]]]:
    """Return columns of tables, and the names and languages of the texts.

    Several tables are concatenated; a column is empty in the rows of tables that lack
    it.

    Returns
    -------
    frame : DataFrame
        The columns; None for empty cells.
    df : DataFrame
        The same, with lines as row labels, and full paths of pictures.
    languages : list of (str, object) tuples
        Columns of texts, and their languages if they are named.
    """
    found = list(dict.fromkeys(n for file in files for n in file.find_languages()))
    languages: list[tuple[str, Any]] = []
    seen: set[str] = set()

    def select(columns):
        known = [*columns, *found]
        if not languages:
            languages.extend(find_text_column(text, known) for text in texts or found)
        wanted = dict.fromkeys([*(name for name, _ in languages), *images, *others])
        if len(files) == 1:
            return list(wanted)
        seen.update(columns)
        return [name for name in wanted if name in columns]

    tables = [file.read(select) for file in files]
    wanted = [*(name for name, _ in languages), *images, *others]
    if len(files) > 1:
        for name in wanted:
            if name not in seen:
                raise ValueError(
                    f"none of the tables has a column {name!r}; their columns are "
                    f"{', '.join(sorted(seen))}"
                )
    parts = []
    for file, table in zip(files, tables, strict=True):
        own = [name for name in images if name in table.frame]
        part = file.with_pictures(table, own)
        if len(files) > 1:
            part.index = pd.Index([f"{file.path}, {label}" for label in part.index])
        parts.append(part)
    frame, df = (
        pd.concat([part.reindex(columns=list(dict.fromkeys(wanted))) for part in own])
        for own in ([table.frame for table in tables], parts)
    )
    frame = frame.set_axis(range(1, len(frame) + 1)) if len(files) > 1 else frame
    frame, df = (x.astype(object).where(x.notna(), None) for x in (frame, df))
    return frame, df, languages


def _make_pipeline(
    model: Any,
    languages: Sequence[tuple[str, Any]],
    images: Sequence[str],
    options: EncoderOptions,
    groups: str | None,
    random_state: int,
    output: Path,
) -> Pipeline:
    """Return a pipeline of an encoder and a model that can be stored."""
    encoder = make_encoder(
        languages,
        images,
        options,
        groups=groups,
        random_state=random_state,
        output=output,
    )
    pipeline = Pipeline([("encode", encoder), ("topics", model)])
    check_savable(pipeline, output)
    return pipeline


def _tell_table(
    frame: pd.DataFrame,
    languages: Mapping[str, Any],
    images: Sequence[str],
    options: EncoderOptions,
) -> None:
    """Print what was read, and warn of problems."""
    tell_views(frame, languages, images)
    warn_of_data(frame[[*languages, *images]], languages)
    if never_meet(frame[[*languages]]) and options.uses_lsa([*languages]):
        warnings.warn(
            f"no row has two of the columns {', '.join(languages)}, and LSA does not "
            "align languages; leave out --text-encoder lsa, so that likely "
            "counterparts can be found",
            UserWarning,
            stacklevel=3,
        )


def _with_a_view(X: MultiView) -> MultiView:
    """Return the rows that have a view; warn of the others."""
    present = np.any(list(X.present.values()), axis=0)
    if present.all():
        return X
    warnings.warn(
        f"{(~present).sum():,} of {len(X):,} rows have none of the columns "
        f"{', '.join(X.view_names)}, and are left out: "
        f"{list_labels(X.index[~present])}",
        UserWarning,
        stacklevel=2,
    )
    return X[np.flatnonzero(present)]


def _tuples_for(model: Any, X: MultiView) -> MultiView:
    """Return tuples of likely counterparts if a model needs them and finds none."""
    if not isinstance(model, (models.PolylingualLDA, models.DistilledTopicModel)):
        return X
    tuples = mine_where_none(X)
    if tuples is None:
        return X
    print(
        f"no row has two texts; training on {np.count_nonzero(tuples.weights):,} "
        "tuples of likely counterparts, which were found by the embeddings"
    )
    return tuples.data


def _tell_model(model: Any, output: Path) -> None:
    """Print what was written."""
    kind = "sweep" if isinstance(model, models.PolylingualLDA) else "epoch"
    rounds = f"{model.n_iter_} {kind}{'s' if model.n_iter_ != 1 else ''}"
    print(
        f"Wrote {output}: {model.n_components} topics, {rounds}; its options are "
        f"in {record_file(output)}"
    )


def record_file(model: Path) -> Path:
    """Return the file next to a model that records its options."""
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
    except ValueError as error:  # not UTF-8, or not TOML
        raise ValueError(f"{path} is not a TOML file of seed words: {error}") from error
    if isinstance(model, models.DistilledTopicModel):
        model = model.teacher
    model.set_params(seed_words=seeds)
    if weight is not None:
        model.set_params(seed_weight=weight)


def _choose_view(
    model: Any, names: Sequence[str], images: Sequence[str], options: EncoderOptions
) -> None:
    """Choose the view that a model learns or teaches, if none is set."""
    if isinstance(model, models.ZeroShotTopicModel):
        if model.view is None and names:
            model.set_params(view=names[0])
        if len(names) > 1 and options.uses_lsa(names):
            warnings.warn(
                f"topics are learned from {model.view}, and LSA does not align other "
                "columns with it; leave out --text-encoder lsa",
                UserWarning,
                stacklevel=3,
            )
    elif isinstance(model, models.DistilledTopicModel) and names:
        if model.view is None:
            model.set_params(view=[*images, *names[1:], *names][0])
        if model.teacher is None:
            model.set_params(teacher=models.ZeroShotTopicModel(view=names[0]))

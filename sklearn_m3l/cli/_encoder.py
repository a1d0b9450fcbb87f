"""Make the encoder of the columns from the options of fit."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.base import clone

from sklearn_m3l.cli._tables import normalize
from sklearn_m3l.embedding import (
    ImageStatisticsEncoder,
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)
from sklearn_m3l.embedding._languages import (
    has_lemmas,
    knows_language,
    list_languages,
)
from sklearn_m3l.persistence._save_load import check_savable

# What --text-encoder calls the encoder that learns from the column.
_LSA = "lsa"


class EncoderOptions(NamedTuple):
    """Options for embedding columns and counting words.

    Parameters
    ----------
    text_encoders, image_encoders : sequence of str
        Names or folders of models that embed texts and pictures, as ``[COLUMN=]MODEL``,
        or "lsa" for texts.
    tokenizers, stop_words : sequence of str
        Names of tokenizers, and files of stop words, as ``[COLUMN=]NAME``.
    lemmatize : bool
        Whether to count words in their dictionary form if it is known.
    min_df, max_df, max_features
        See `WordVectorizer`.
    min_tokens : int
        See `TextView`.
    """

    text_encoders: Sequence[str] = ()
    image_encoders: Sequence[str] = ()
    tokenizers: Sequence[str] = ()
    stop_words: Sequence[str] = ()
    lemmatize: bool = False
    min_df: float = 1
    max_df: float = 1.0
    max_features: int = 2000
    min_tokens: int = 0

    def embedders(self, names: Sequence[str]) -> dict[str, str | None]:
        """Return what embeds each of the columns of texts, None for the default."""
        given = _by_column("--text-encoder", self.text_encoders, names)
        return {name: given.get(name, given.get(None)) for name in names}

    def uses_lsa(self, names: Sequence[str]) -> bool:
        """Return whether LSA, which does not align languages, embeds a column."""
        return _LSA in self.embedders(names).values()


def make_encoder(
    languages: Sequence[tuple[str, Any]],
    images: Sequence[str],
    options: EncoderOptions,
    *,
    groups: str | None,
    random_state: int,
    output: Path,
) -> MultiViewEncoder:
    """Return the encoder of a table.

    Parameters
    ----------
    languages : sequence of (str, str, () or None) tuples
        Columns of texts, and their languages from `find_text_column`.
    images : sequence of str
        Columns of pictures.
    options : EncoderOptions
        How to encode them.
    groups : str or None
        Column of article ids.
    random_state : int
        Seed.
    output : Path
        The model to write, which may refer to folders below its own.
    """
    names = [name for name, _ in languages]
    embedders = options.embedders(names)
    tokenizers = _by_column("--tokenizer", options.tokenizers, names)
    files = _by_column("--stop-words", options.stop_words, names)
    own_words = {name: _read_words(Path(path)) for name, path in files.items()}
    vectorizer = WordVectorizer(
        min_df=options.min_df,
        max_df=options.max_df,
        max_features=options.max_features,
    )
    lemmatized = _lemmatized_columns(languages) if options.lemmatize else []
    views: list[tuple[str, TextView | ImageView]] = []
    for name, language in languages:
        more = [*own_words.get(None, []), *own_words.get(name, [])]
        words = clone(vectorizer).set_params(
            tokenizer=tokenizers.get(name, tokenizers.get(None)),
            extra_stop_words=more or None,
            lemmatize=name in lemmatized,
        )
        chosen = embedders[name]
        embedder: Any = StaticEncoder()
        if chosen == _LSA:
            embedder = LsaEncoder(random_state=random_state)
        elif chosen is not None:
            embedder = _pretrained("--text-encoder", chosen, "text", output)
        known = _check_language(name, language)
        view = TextView(embedder, words, language=known, min_tokens=options.min_tokens)
        views.append((name, view))
    views += _image_views(images, options.image_encoders, output)
    return MultiViewEncoder(views, groups=groups, verbose=1)


def _image_views(images: Sequence[str], given: Sequence[str], output: Path):
    """Return a view for each column of pictures."""
    encoders = _by_column("--image-encoder", given, images)
    for name in images:
        chosen = encoders.get(name, encoders.get(None))
        embedder: Any = ImageStatisticsEncoder()
        if chosen is not None:
            embedder = _pretrained("--image-encoder", chosen, "image", output)
        yield name, ImageView(embedder.set_params(on_error="missing"))


def _lemmatized_columns(languages: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the columns whose words can be lemmatized; warn of the others."""
    names = [name for name, _ in languages]
    known = [
        name
        for name, given in languages
        if has_lemmas(list_languages(name if given is None else given))
    ]
    others = [name for name in names if name not in known]
    if not known:  # if it is impossible for all columns, that is an error
        return names
    if others:
        warnings.warn(
            f"words of {', '.join(others)} are counted as they are: simplemma does not "
            "know the language",
            UserWarning,
            stacklevel=2,
        )
    return known


def _by_column(
    option: str, given: Sequence[str], names: Sequence[str]
) -> dict[str | None, str]:
    """Return the values of ``[COLUMN=]VALUE`` by column; None means all columns."""
    values: dict[str | None, str] = {}
    for argument in given:
        start, equals, end = argument.partition("=")
        column = normalize(start) if equals else None
        if column is not None and column not in names:
            raise ValueError(
                f"{option} {argument} names the unknown column {column!r}; the columns "
                f"are: {', '.join(names) or 'none'}"
            )
        values[column] = end if equals else argument
    return values


def _pretrained(
    option: str, name: str, modality: str, output: Path
) -> SentenceTransformerEncoder:
    encoder = SentenceTransformerEncoder(name, modality=modality, verbose=1)
    try:
        check_savable(encoder, output)
    except ValueError as error:
        raise ValueError(
            f"{option} {name} must be a model on the Hugging Face Hub, or a folder "
            "below that of --output, which refers to it"
        ) from error
    return encoder


def _read_words(path: Path) -> list[str]:
    """Return the lines of a file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except ValueError as error:
        raise ValueError(f"{path} is not in UTF-8: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def _check_language(name: str, language: Any) -> Any:
    """Return the language of a column; warn if nothing is known about it."""
    if language is not None or knows_language(name):
        return language
    warnings.warn(
        f"no stop words are left out of {name!r}, which is not the code of a language; "
        f"to name one, write --text {name}:en, for example",
        UserWarning,
        stacklevel=2,
    )
    return ()

"""The usual encoder of a table, given only the names of its columns."""

from collections.abc import Iterable, Mapping
from typing import Any

from sklearn.base import clone

from sklearn_m3l.embedding._image_statistics import ImageStatisticsEncoder
from sklearn_m3l.embedding._multiview_encoder import MultiViewEncoder
from sklearn_m3l.embedding._static import StaticEncoder
from sklearn_m3l.embedding._vectorizer import WordVectorizer
from sklearn_m3l.embedding._views import ImageView, TextView


def make_multiview_encoder(
    texts: Iterable[str] = (),
    images: Iterable[str] = (),
    *,
    languages: Mapping[str, Any] | None = None,
    text_encoder: Any = None,
    image_encoder: Any = None,
    tokenizer: Any = None,
    lemmatize: Any = False,
    extra_stop_words: Any = None,
    min_df: Any = 1,
    max_df: Any = 1.0,
    max_features: Any = 2000,
    min_tokens: Any = 0,
    groups: str | None = None,
    memmap_dir: Any = None,
    verbose: int = 0,
    random_state: Any = None,
) -> MultiViewEncoder:
    """Build the usual `MultiViewEncoder` from the names of columns.

    The parameters from `tokenizer` to `min_tokens` are those of `WordVectorizer` and
    `TextView`. Each is one value for all texts, or a dict from column to value; columns
    that are not in the dict get the default.

    Parameters
    ----------
    texts : iterable of str
        Columns of texts. A column whose name is an ISO 639-1 code, such as "de", holds
        texts in that language.
    images : iterable of str
        Columns of pictures.
    languages : dict of str to str, list of str, or None, default=None
        The languages of columns whose names do not tell, such as ``{"title": "en"}``;
        None for a column with the name of a language, such as "it" or "no", whose texts
        are not in that language.
    text_encoder : transformer, default=None
        Encodes the texts, with a clone for each column; by default a `StaticEncoder`.
    image_encoder : transformer, default=None
        Encodes the pictures; by default an `ImageStatisticsEncoder`.
    tokenizer : str, callable, None, or dict, default=None
        Splits texts into words; by default the package for the language.
    lemmatize : bool, callable, or dict, default=False
        Whether to count words in their dictionary form.
    extra_stop_words : list of str, None, or dict, default=None
        Words to leave out, in addition to those of the language.
    min_df, max_df : int, float, or dict, default=1 and 1.0
        Leave out words that fewer, or more, texts have: a number of texts, or a share
        if it is a float.
    max_features : int, None, or dict, default=2000
        Count only the most frequent words.
    min_tokens : int or dict, default=0
        Rows whose text has fewer counted words lack the view.
    groups : str, default=None
        The column of article ids; see `MultiViewEncoder`.
    memmap_dir : str or path, default=None
        See `MultiViewEncoder`.
    verbose : int, default=0
        Whether to show progress bars.
    random_state : int, RandomState instance or None, default=None
        Seed of those encoders that take one, but have none.

    Returns
    -------
    MultiViewEncoder
        Unfitted; every nested parameter can be set.

    Raises
    ------
    ValueError
        If a dict names a column that is not one of `texts`.
    TypeError
        If `texts` or `images` is a single string.

    Examples
    --------
    >>> from sklearn_m3l.embedding import make_multiview_encoder
    >>> encoder = make_multiview_encoder(
    ...     texts=["title", "de"],
    ...     images=["image"],
    ...     languages={"title": "en"},
    ...     min_df={"de": 2},
    ... )
    >>> [name for name, _ in encoder.views]
    ['title', 'de', 'image']
    >>> encoder.get_params()["de__vectorizer__min_df"]
    2
    """
    for argument, names in (("texts", texts), ("images", images)):
        if isinstance(names, str):
            raise TypeError(f"{argument} is a list of column names, not {names!r}")
    texts = list(texts)
    text = StaticEncoder() if text_encoder is None else text_encoder
    image = ImageStatisticsEncoder() if image_encoder is None else image_encoder
    given = {
        "tokenizer": tokenizer,
        "lemmatize": lemmatize,
        "extra_stop_words": extra_stop_words,
        "min_df": min_df,
        "max_df": max_df,
        "max_features": max_features,
    }
    counted = {name: _by_column(name, value, texts) for name, value in given.items()}
    least = _by_column("min_tokens", min_tokens, texts)
    spoken = _by_column("languages", languages or {}, texts)
    views = [
        (
            column,
            TextView(
                _seeded(text, random_state),
                WordVectorizer(
                    **{n: v[column] for n, v in counted.items() if column in v}
                ),
                # None means no language; without an entry, the column's name tells it.
                language=(spoken[column] or ()) if column in spoken else None,
                min_tokens=least.get(column, 0),
            ),
        )
        for column in texts
    ]
    return MultiViewEncoder(
        [*views, *((name, ImageView(_seeded(image, random_state))) for name in images)],
        groups=groups,
        memmap_dir=memmap_dir,
        verbose=verbose,
    )


def _seeded(encoder: Any, random_state: Any) -> Any:
    """Return a clone of an encoder that has a seed wherever it takes one."""
    seeded = clone(encoder)
    missing = [
        name
        for name, value in seeded.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    ]
    return seeded.set_params(**dict.fromkeys(missing, random_state))


def _by_column(argument: str, given: Any, texts: list[str]) -> dict[str, Any]:
    """Return the value of an argument for each column that has one."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(texts, given)
    unknown = [str(name) for name in given if name not in texts]
    if unknown:
        raise ValueError(
            f"{argument} names {', '.join(unknown)}, but the texts are "
            f"{', '.join(texts) or 'none'}"
        )
    return dict(given)

"""How a column of a table becomes a view: an embedding and word counts."""

import warnings
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.embedding._column_encoder import ColumnEncoder
from sklearn_m3l.embedding._columns import (
    column_name,
    distinct_rows,
    first_rows,
    naming_rows,
    read_pictures,
    read_texts,
    row_labels,
)
from sklearn_m3l.embedding._image_statistics import ImageStatisticsEncoder
from sklearn_m3l.embedding._languages import knows_language
from sklearn_m3l.embedding._static import StaticEncoder
from sklearn_m3l.embedding._vectorizer import WordVectorizer
from sklearn_m3l.multiview import View
from sklearn_m3l.utils._fitted import MAX_WIDTH, Fitted, Integer, require
from sklearn_m3l.utils._sklearn import HasMethods, Interval, fit_context

# Rows to encode at a time, so that only their vectors need memory besides the array of
# all vectors.
CHUNK_ROWS = 4096

Allocate = Callable[[tuple[int, int]], np.ndarray]


def _in_memory(shape: tuple[int, int]) -> np.ndarray:
    return np.zeros(shape, dtype=np.float32)


class _ColumnView(BaseEstimator):
    """What texts and pictures share: the encoder learns from the distinct cells."""

    _reads_pictures = False

    _parameter_constraints: dict = {
        "encoder": [HasMethods(["fit", "transform"]), None],
    }
    _fitted_state: dict = {
        "encoder_": Fitted(BaseEstimator),
        "n_features_out_": Integer(1, MAX_WIDTH),
    }

    def _check_fitted_state(self, state: dict) -> None:
        """Raise ValueError if stored attributes contradict each other."""
        width = state["n_features_out_"]
        fits = getattr(state["encoder_"], "_n_features_out", width) == width
        require(fits, "n_features_out_ is not the width of its encoder")

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Learn from a column.

        Parameters
        ----------
        X : Series or other array-like of shape (n_rows,)
            The column.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted view.
        """
        cells = self._read(X)
        distinct = [cells[row] for row in distinct_rows(first_rows(cells))]
        if not distinct:
            raise ValueError(
                f"all {len(cells)} rows are missing, so there is nothing to learn "
                "from; leave this view out"
            )
        with naming_rows(cells, row_labels(X)):
            self._fit(distinct, column_name(X))
        return self

    def transform(self, X):
        """Encode a column.

        Parameters
        ----------
        X : Series or other array-like of shape (n_rows,)
            The column.

        Returns
        -------
        View
            Embedding, word counts of a text, and which rows are present.
        """
        return self.encode(X, _in_memory)

    def encode(self, X: Any, allocate: Allocate, progress: Any = None) -> View:
        """Encode a column in chunks into an array that `allocate` returns.

        Parameters
        ----------
        X : Series or other array-like of shape (n_rows,)
            The column.
        allocate : callable
            Maps a shape to a float32 array to write to.
        progress : tqdm, optional
            Counts the distinct cells that are encoded.

        Returns
        -------
        View
            Its embedding is the array that `allocate` returned.
        """
        check_is_fitted(self)
        cells = self._read(X)
        with naming_rows(cells, row_labels(X)):
            view = self._encode(cells, allocate, progress)
        self._warn_of_unknown(view, column_name(X))
        return view

    def _encode(self, cells: list, allocate: Allocate, progress: Any) -> View:
        first = first_rows(cells)
        rows = distinct_rows(first)
        counts, vocabulary = self._count([cells[row] for row in rows])
        if counts is not None:
            enough = self._have_enough(counts)
            first[np.isin(first, rows[~enough])] = -1
            rows, counts = rows[enough], counts[enough]
        embedding = allocate((len(cells), self.n_features_out_))
        present = first >= 0
        if progress is not None:
            progress.reset(len(rows))
        for chunk in _chunks(rows):
            vectors = self._vectors([cells[row] for row in chunk])
            unreadable = np.isnan(vectors).all(axis=1)
            present[chunk] = ~unreadable
            vectors[unreadable] = 0
            embedding[chunk] = vectors
            if progress is not None:
                progress.update(len(chunk))
        for chunk in _chunks(np.flatnonzero((first >= 0) & (first != _range(first)))):
            embedding[chunk] = embedding[first[chunk]]
            present[chunk] = present[first[chunk]]
        if counts is not None:
            place = np.full(len(cells) + 1, -1)
            place[rows] = np.arange(len(rows))
            counts = _spread(counts, place[first])
        return View(embedding, counts, vocabulary, present)

    def _read(self, X) -> list:
        return read_pictures(X) if self._reads_pictures else read_texts(X)

    def _fit(self, cells: list, name) -> None:
        """Learn from the distinct cells of a column with a name."""
        raise NotImplementedError

    def _fit_encoder(self, encoder, cells) -> None:
        kind = "image" if self._reads_pictures else "text"
        if getattr(encoder, "modality", kind) != kind:
            raise ValueError(
                f"{type(self).__name__} needs an encoder of {kind}s, but "
                f"{type(encoder).__name__} has modality={encoder.modality!r}"
            )
        # Cells are read and made distinct only once: our own encoders take them
        # directly and know the width of their vectors. Any other encoder must encode a
        # cell to show it.
        if isinstance(encoder, ColumnEncoder):
            self.encoder_ = encoder._fit_distinct(cells)
            self.n_features_out_ = self.encoder_._n_features_out
        else:
            self.encoder_ = encoder.fit(cells)
            self.n_features_out_ = self._vectors(cells[:1]).shape[1]

    def _vectors(self, cells) -> np.ndarray:
        own = isinstance(self.encoder_, ColumnEncoder)
        vectors = (self.encoder_._encode if own else self.encoder_.transform)(cells)
        if sparse.issparse(vectors):
            raise TypeError(
                f"{type(self.encoder_).__name__} returns a sparse matrix; put a "
                "TruncatedSVD after it, in a Pipeline"
            )
        vectors = np.array(vectors, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(cells):
            raise ValueError(
                f"{type(self.encoder_).__name__} returns an array of shape "
                f"{vectors.shape} for {len(cells)} rows"
            )
        return vectors

    def _count(self, cells):
        """Return counts and vocabulary of distinct cells, or None."""
        return None, None

    def _have_enough(self, counts: sparse.csr_array) -> np.ndarray:
        """Return which cells have enough words to be a view."""
        raise NotImplementedError

    def _warn_of_unknown(self, view: View, name: Any) -> None:
        """Warn of present cells that have neither known words nor an embedding."""


class TextView(_ColumnView):
    """A column of texts: how it is embedded, and which words are counted.

    Parameters
    ----------
    encoder : transformer, default=None
        Makes the embedding: any transformer from a list of texts to a 2-D array. By
        default a `StaticEncoder`, whose vectors are aligned across languages.
    vectorizer : transformer, default=None
        Counts the words: any transformer from a list of texts to a sparse matrix that
        has `get_feature_names_out`. By default a `WordVectorizer`, which counts the
        2,000 most frequent words that are not stop words.
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts, or several. A `WordVectorizer` or
        encoder that takes a `language`, but has none, gets it. By default the name of
        the column, if it is a known language; otherwise none, with a warning. ``()`` is
        for texts in no known language, such as those of a column "it" that are not
        Italian.
    min_tokens : int, default=0
        Rows whose text has fewer counted words lack the view. With 0, a text without
        known words is present; if its embedding is also zero, `transform` warns.

    Attributes
    ----------
    encoder_, vectorizer_ : transformer
        The fitted clones.
    n_features_out_ : int
        Width of the embedding.

    See Also
    --------
    MultiViewEncoder : Encodes several columns.

    Notes
    -----
    Both learn from the distinct texts: a text that several rows share counts once.

    Examples
    --------
    >>> from sklearn_m3l.embedding import TextView
    >>> view = TextView(language="en").fit(["The brush", "A layer and the mask", None])
    >>> encoded = view.transform(["mask the mask"])
    >>> dict(zip(encoded.vocabulary.tolist(), encoded.counts.toarray()[0].tolist()))
    {'brush': 0, 'layer': 0, 'mask': 2}
    """

    _parameter_constraints: dict = {
        **_ColumnView._parameter_constraints,
        "vectorizer": [
            HasMethods(["fit", "transform", "get_feature_names_out"]),
            None,
        ],
        "language": [str, list, tuple, None],
        "min_tokens": [Interval(Integral, 0, None, closed="left")],
    }

    _fitted_state: dict = {
        **_ColumnView._fitted_state,
        "vectorizer_": Fitted(BaseEstimator),
    }

    def __init__(self, encoder=None, vectorizer=None, *, language=None, min_tokens=0):
        self.encoder = encoder
        self.vectorizer = vectorizer
        self.language = language
        self.min_tokens = min_tokens

    def _fit(self, cells, name):
        default = WordVectorizer()
        vectorizer = clone(default if self.vectorizer is None else self.vectorizer)
        encoder = clone(StaticEncoder() if self.encoder is None else self.encoder)
        language = self.language
        if isinstance(vectorizer, WordVectorizer):
            if vectorizer.language is None:
                vectorizer.set_params(language=self._language(vectorizer, name))
            language = vectorizer.language
        params = encoder.get_params() if hasattr(encoder, "get_params") else {}
        if params.get("language", ()) is None:
            encoder.set_params(language=language)
        self.vectorizer_ = vectorizer.fit(cells)
        if self.min_tokens:
            enough = self._have_enough(self._count(cells)[0])
            cells = [cell for cell, kept in zip(cells, enough, strict=True) if kept]
            if not cells:
                raise ValueError(
                    f"no text has min_tokens={self.min_tokens} counted words; lower "
                    "min_tokens"
                )
        self._fit_encoder(encoder, cells)

    def _language(self, vectorizer, name):
        if self.language is not None:
            return self.language
        if isinstance(name, str) and knows_language(name):
            return name
        if vectorizer.stop_words == "language":
            column = "the column has no name" if name is None else f"column {name!r}"
            warnings.warn(
                f"no stop words are left out: {column} names no language; give "
                "TextView language='en', for example, or a vectorizer with "
                "stop_words=None if that is intended",
                UserWarning,
                stacklevel=2,
            )
        return None

    def _have_enough(self, counts):
        return counts.sum(axis=1) >= self.min_tokens

    def _warn_of_unknown(self, view, name):
        unknown = view.present & (view.counts.sum(axis=1) == 0)
        for rows, vectors in view.chunks():
            unknown[rows] &= ~vectors.any(axis=1)
        n_unknown = np.count_nonzero(unknown)
        if n_unknown:
            column = "" if name is None else f"column {name!r}: "
            warnings.warn(
                f"{column}{n_unknown} of {len(view)} rows have no known word, so they "
                "all get the same topics; set min_tokens=1 to let them lack the view",
                UserWarning,
                stacklevel=4,
            )

    def _count(self, cells):
        vocabulary = np.asarray(self.vectorizer_.get_feature_names_out(), dtype=str)
        if not cells:
            return sparse.csr_array((0, len(vocabulary)), dtype=np.int64), vocabulary
        return sparse.csr_array(self.vectorizer_.transform(cells)), vocabulary


class ImageView(_ColumnView):
    """A column of pictures, and how they are embedded.

    Parameters
    ----------
    encoder : transformer, default=None
        Makes the embedding: any transformer from a list of pictures to a 2-D array.
        It gets the pictures as they are in the column: paths (as `pathlib.Path`),
        bytes, PIL images or arrays. It returns a row of NaN for a picture that it could
        not read. By default an `ImageStatisticsEncoder`, which needs no pretrained
        model; for good topics use a `SentenceTransformerEncoder` with a CLIP model and
        ``modality="image"``.

    Attributes
    ----------
    encoder_ : transformer
        The fitted clone.
    n_features_out_ : int
        Width of the embedding.

    See Also
    --------
    MultiViewEncoder : Encodes several columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l.embedding import ImageView
    >>> dark, light = np.zeros((8, 8)), np.ones((8, 8))
    >>> view = ImageView().fit([dark, light])
    >>> view.transform([light, None]).present
    array([ True, False])
    """

    _reads_pictures = True

    def __init__(self, encoder=None):
        self.encoder = encoder

    def _fit(self, cells, name):
        encoder = ImageStatisticsEncoder() if self.encoder is None else self.encoder
        self._fit_encoder(clone(encoder), cells)


def _range(rows: np.ndarray) -> np.ndarray:
    return np.arange(len(rows))


def _chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (
        rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)
    )


def _spread(counts: sparse.csr_array, place: np.ndarray) -> sparse.csr_array:
    """Give each row the counts at its place, none if the place is -1."""
    empty = sparse.csr_array((1, counts.shape[1]), dtype=counts.dtype)
    return sparse.vstack([counts, empty], format="csr")[place]

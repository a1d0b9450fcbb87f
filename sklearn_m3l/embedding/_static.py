"""Multilingual word vectors that come with the package: static embeddings."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.embedding._column_encoder import ColumnEncoder, batches
from sklearn_m3l.embedding._languages import list_languages
from sklearn_m3l.utils._fitted import String, require
from sklearn_m3l.utils._words import iter_runs, lower_text, normalize_text

FILE = Path(__file__).parent / "data" / "static" / "vectors.npz"
# Another file needs another version.
_VERSION = "1"

# Begins a piece that begins a word, as in SentencePiece.
START = "\u2581"

# Logarithm of the probability of a character that is not a piece.
_UNKNOWN = -30.0

# Texts whose words are in memory at once.
_BLOCK = 4096


class StaticEncoder(ColumnEncoder):
    """Embed texts by the mean of multilingual word vectors that come with the package.

    The vector of a word is the one that multilingual-e5-small [1]_ gives it, so words
    with the same meaning have similar vectors in about 100 languages: texts of
    different languages are aligned before a model is trained. Nothing is downloaded,
    and no network runs, so that a page takes about a millisecond. Such static
    embeddings [2]_ do not know the order of the words.

    Parameters
    ----------
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts, or several, the main one first. It
        determines lower case: Turkish and Azerbaijani have a different one for I. A
        `TextView` sets it.

    Attributes
    ----------
    version_ : str
        Version of the word vectors. Models that are stored with others are refused.

    See Also
    --------
    SentenceTransformerEncoder : Runs a multilingual model, which is better and slower.
    LsaEncoder : Learns from the column itself, in any language.
    KeyedVectorsEncoder : Takes word vectors from a file of yours.

    Notes
    -----
    The words are the most frequent ones of 43 languages; others are split into the
    likeliest pieces of words [3]_ in the vocabulary of XLM-RoBERTa. Frequent words
    weigh less: the weight of a word is the negative logarithm of its probability; if it
    is split into n pieces, each of them has its own such weight, divided by the square
    root of n. Scripts without spaces need no package that finds words: what stands
    between two spaces or marks is split like a word. A text without any known word is a
    row of zeros.

    Vectors are reduced to their 96 principal components, and stored by product
    quantization [4]_, 24 bytes for each. ``benchmarks/build_static.py`` makes them. The
    weights and the sizes were chosen on training rows of the bundled emoji.

    References
    ----------
    .. [1] L. Wang, N. Yang, X. Huang, L. Yang, R. Majumder, F. Wei (2024). Multilingual
       E5 text embeddings: a technical report. arXiv:2402.05672.
    .. [2] S. Tulkens, T. van Dongen (2024). Model2Vec: fast state-of-the-art static
       embeddings. doi:10.5281/zenodo.17270888.
    .. [3] T. Kudo (2018). Subword regularization: improving neural network translation
       models with multiple subword candidates. ACL, 66-75.
    .. [4] H. Jegou, M. Douze, C. Schmid (2011). Product quantization for nearest
       neighbor search. IEEE Transactions on Pattern Analysis and Machine Intelligence
       33(1), 117-128.

    Examples
    --------
    >>> from sklearn_m3l.embedding import StaticEncoder
    >>> encoder = StaticEncoder()
    >>> english = encoder.fit_transform(["the cat sleeps", "a mountain in winter"])
    >>> english.shape
    (2, 96)
    >>> german = encoder.transform(["ein Berg im Winter", "die Katze schläft"])
    >>> (english @ german.T).argmax(axis=1).tolist()
    [1, 0]
    """

    _parameter_constraints: dict = {"language": [str, list, tuple, None]}

    _fitted_state: dict = {"version_": String()}

    def __init__(self, *, language=None):
        self.language = language

    def _check_fitted_state(self, state: dict) -> None:
        """Raise ValueError if a model was fitted with other word vectors."""
        version = state["version_"]
        require(
            version == _VERSION,
            f"version_ is {version!r}, but the word vectors of the installed "
            f"sklearn-m3l are version {_VERSION!r}; fit the model again",
        )

    def _learn(self, cells):
        self.version_ = _VERSION

    def _encode(self, cells):
        vectors = np.zeros((len(cells), self._n_features_out), dtype=np.float32)
        for block in batches(cells, _BLOCK):
            vectors[block] = self._means(cells[block])
        return vectors

    def _means(self, cells: Sequence[str]) -> np.ndarray:
        """Return the weighted mean of the vectors of the words of each text."""
        table = _load()
        places: list[int] = []
        weights: list[float] = []
        ends = [0]
        for cell in cells:
            for word in self._words(cell):
                pieces = _split(word)
                places += pieces
                share = max(len(pieces), 1) ** -0.5
                weights += [-table.scores[piece] * share for piece in pieces]
            ends.append(len(places))
        used, columns = np.unique(np.array(places, dtype=int), return_inverse=True)
        matrix = sparse.csr_array(
            (np.array(weights), columns, ends), (len(cells), len(used))
        )
        total = matrix.sum(axis=1)[:, np.newaxis]
        return matrix @ table.vectors(used) / np.where(total > 0, total, 1)

    def _words(self, cell: str) -> Iterator[str]:
        """Iterate over the words, and the runs of scripts without spaces, of a text."""
        language = next(iter(list_languages(self.language)), None)
        text = lower_text(normalize_text(cell), language)
        for part, is_unspaced in iter_runs(text, language):
            yield part if is_unspaced else START + part

    @property
    def _n_features_out(self):
        check_is_fitted(self)
        return _load().width


class _Table(NamedTuple):
    """Vectors of words and pieces, by product quantization.

    ``codes[i, j]`` is the number of the center, in ``centers[j]``, that is the j-th
    part of the i-th vector.
    """

    places: dict[str, int]
    scores: list[float]  # logarithms of probabilities
    codes: np.ndarray
    centers: np.ndarray
    longest: int

    @property
    def width(self) -> int:
        return self.centers.shape[0] * self.centers.shape[2]

    def vectors(self, places: np.ndarray) -> np.ndarray:
        """Return the vectors at some places."""
        parts = self.centers[np.arange(len(self.centers)), self.codes[places]]
        return parts.reshape(len(places), self.width)


@cache
def _load() -> _Table:
    with np.load(FILE) as stored:
        words = stored["words"].tobytes().decode().split("\n")
        return _Table(
            {word: place for place, word in enumerate(words)},
            stored["scores"].astype(float).tolist(),
            stored["codes"],
            stored["centers"].astype(float),
            max(map(len, words)),
        )


@lru_cache(maxsize=100_000)
def _split(word: str) -> list[int]:
    """Return the places of a word, or else of its likeliest pieces, by Viterbi."""
    table = _load()
    if word in table.places:
        return [table.places[word]]
    best = [0.0]
    came_from: list[tuple[int, int | None]] = [(0, None)]
    for end in range(1, len(word) + 1):
        likeliest = best[-1] + _UNKNOWN
        origin: tuple[int, int | None] = (end - 1, None)
        for start in range(max(0, end - table.longest), end):
            place = table.places.get(word[start:end])
            if place is not None and best[start] + table.scores[place] > likeliest:
                likeliest, origin = best[start] + table.scores[place], (start, place)
        best.append(likeliest)
        came_from.append(origin)
    pieces: list[int] = []
    end = len(word)
    while end > 0:
        end, place = came_from[end]
        if place is not None and place != table.places[START]:
            pieces.append(place)
    return pieces[::-1]

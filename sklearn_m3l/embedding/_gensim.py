"""Embeddings by gensim: from word vectors, or trained on the texts themselves."""

import os
from collections.abc import Sequence
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sklearn_m3l.embedding._column_encoder import ColumnEncoder
from sklearn_m3l.embedding._languages import (
    SEGMENTERS,
    find_segmenter,
    list_languages,
)
from sklearn_m3l.embedding._vectorizer import WordVectorizer
from sklearn_m3l.utils._files import file_state
from sklearn_m3l.utils._fitted import (
    MAX_IDF,
    MAX_WIDTH,
    Choice,
    Integer,
    Kind,
    NotStored,
    are_names,
    is_floats,
    require,
)
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._references import ReferringMixin, check_reference
from sklearn_m3l.utils._sklearn import Interval, StrOptions
from sklearn_m3l.utils._words import lower_text

# The first bytes of a model file of Facebook's fastText.
_FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")

# Names of files that are never unpickled.
WORD2VEC_SUFFIXES = {".bin", ".txt", ".vec"}


class _Weights(Kind):
    """A dict from words to weights, which are at least 1."""

    expected = f"an array of words and one of as many numbers from 1 to {MAX_IDF}"

    def store(self, value, owner):
        return [np.array(list(value), dtype=str), np.array(list(value.values()), float)]

    def accepts(self, value):
        if not (isinstance(value, list) and len(value) == 2):
            return False
        words, weights = value
        given = isinstance(words, np.ndarray) and words.dtype.kind == "U"
        given = given and words.ndim == 1 and is_floats(weights, np.float64, 1)
        given = given and len(words) == len(weights)
        given = given and bool(((weights >= 1) & (weights <= MAX_IDF)).all())
        return given and (len(words) == 0 or are_names(words.tolist()))

    def build(self, value, owner):
        words, weights = value
        return dict(zip(words.tolist(), weights.tolist(), strict=True))


class KeyedVectorsEncoder(ReferringMixin, ColumnEncoder):
    """Embed texts by the mean of the vectors of their words.

    Word vectors (word2vec or fastText) exist for many languages that sentence encoders
    do not know. The file is read at first use and shared by all encoders of a process
    that name it: `clone` and `pickle` neither read nor copy it.

    Parameters
    ----------
    vectors : str or path
        The file of the vectors: one saved by gensim, a fastText model (``.bin``, which
        also has vectors for words that it never saw), or a word2vec file, as text
        (``.vec``, ``.txt``) or binary (``.bin``), also compressed (``.gz``). The text
        format of GloVe, which has no header, is recognized. Files that gensim saves are
        pickles: load only your own.
    weights : {"idf", "uniform"}, default="idf"
        Weights of the words: "idf" gives more weight to words that are rarer in the
        column, "uniform" the same to all.
    lowercase : bool, default=True
        Whether to look words up in lower case; words that the file has only with a
        capital are then looked up as written.
    encoding : str, default="utf-8"
        Encoding of the words in the file, such as "latin-1".
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts, or several, the main one first. It
        determines how texts are split into words, as in `WordVectorizer`, and lower
        case. A `TextView` sets it.

    Attributes
    ----------
    tokenizer_ : str
        The name of the tokenizer; see `WordVectorizer`.
    idf_ : dict of str to float
        The inverse document frequency of each word in the column.
    n_features_out_ : int
        Length of the vectors.

    See Also
    --------
    Doc2VecEncoder : Trains on the column, without given vectors.
    LsaEncoder : Also trains on the column, and is faster.

    Notes
    -----
    A text without known words is a row of zeros.

    References
    ----------
    .. [1] P. Bojanowski, E. Grave, A. Joulin, T. Mikolov (2017). Enriching word vectors
       with subword information. Transactions of the ACL 5, 135-146.
    """

    _parameter_constraints: dict = {
        "vectors": [str, os.PathLike],
        "weights": [StrOptions({"idf", "uniform"})],
        "lowercase": ["boolean"],
        "encoding": [str],
        "language": [str, list, tuple, None],
    }

    _fitted_state: dict = {
        "tokenizer_": Choice("pairs", *SEGMENTERS),
        "idf_": _Weights(),
        "_n_documents": Integer(1),
        "n_features_out_": Integer(1, MAX_WIDTH),
        "_references": NotStored(),
    }
    _path_parameters: tuple[str, ...] = ("vectors",)

    def __init__(
        self,
        vectors,
        *,
        weights="idf",
        lowercase=True,
        encoding="utf-8",
        language=None,
    ):
        self.vectors = vectors
        self.weights = weights
        self.lowercase = lowercase
        self.encoding = encoding
        self.language = language

    def _check_storable(self) -> None:
        self._check_encoding()
        name = Path(self.vectors)
        name = name.with_suffix("") if name.suffix in (".gz", ".bz2") else name
        if name.suffix not in WORD2VEC_SUFFIXES:
            raise TypeError(
                f"the word vectors {os.fspath(self.vectors)!r} may be a pickle, which "
                "a model file cannot refer to; store them with gensim's "
                "save_word2vec_format, in a file whose name ends in "
                f"{', '.join(sorted(WORD2VEC_SUFFIXES))}"
            )

    def _check_encoding(self) -> None:
        try:
            "".encode(self.encoding)  # fails for codecs that are not encodings of text
            known = True
        except (LookupError, ValueError):
            known = False
        require(known, f"encoding={self.encoding!r} is not an encoding of text")

    def _learn(self, cells):
        self._check_encoding()
        self.tokenizer_ = find_segmenter(list_languages(self.language))
        documents: dict[str, int] = {}
        for words in map(self._words(), cells):
            for word in set(words):
                documents[word] = documents.get(word, 0) + 1
        self._n_documents = len(cells)
        self.idf_ = {word: self._idf(n) for word, n in documents.items()}
        self.n_features_out_ = self._vectors().vector_size

    def _idf(self, n_documents: int) -> float:
        """Return the weight of a word, smooth as in scikit-learn's TF-IDF."""
        return float(np.log((1 + self._n_documents) / (1 + n_documents)) + 1)

    def _encode(self, cells):
        known, split = self._vectors(), self._words()
        unseen = self._idf(0)
        language = next(iter(list_languages(self.language)), None)
        out = np.zeros((len(cells), self._n_features_out), dtype=np.float32)
        for row, text in enumerate(cells):
            total = 0.0
            for word in split(text):
                lower = lower_text(word, language) if self.lowercase else word
                vector = _lookup(known, [lower, word])
                if vector is None:
                    continue
                uniform = self.weights == "uniform"
                weight = 1.0 if uniform else self.idf_.get(word, unseen)
                out[row] += weight * vector
                total += weight
            if total:
                out[row] /= total
        return out

    def _words(self):
        return WordVectorizer(
            language=self.language,
            stop_words=None,
            tokenizer=self.tokenizer_,
            lowercase=False,
        ).build_analyzer()

    def _vectors(self):
        check_reference(self, "vectors")
        path = Path(self.vectors)
        return _load(path, self.encoding, file_state(path))

    @property
    def _n_features_out(self):
        return self.n_features_out_


def _lookup(vectors: Any, forms: Sequence[str]) -> np.ndarray | None:
    """Return the vector of a word in one of its forms, or None if there is none."""
    for form in forms:
        for spelled in (form, form.replace("\u2019", "'")):
            if spelled in vectors.key_to_index:
                return vectors.get_vector(spelled)
    # fastText composes vectors for words that it does not have.
    return vectors.get_vector(forms[0]) if forms[0] in vectors else None


@lru_cache(maxsize=4)
def _load(path: Path, encoding: str, state: tuple[int, ...]) -> Any:
    """Read word vectors of any format; the last four files stay in memory."""
    if not path.is_file():
        raise ValueError(f"the word vectors {path} are not a regular file")
    with path.open("rb") as file:
        head = file.read(4)
    # Otherwise a model file could refer to a pickle under such a name.
    if head[:1] == b"\x80" and set(path.suffixes) & WORD2VEC_SUFFIXES:
        raise ValueError(
            f"{path} is a pickle, but its name says word2vec; rename the file"
        )
    try:
        return _read(path, encoding, head)
    except UnicodeError as error:
        raise ValueError(
            f"cannot read the word vectors {path}: a word is not {encoding}; set "
            "encoding, for example to 'latin-1'"
        ) from error
    except Exception as error:  # gensim does not check files
        raise ValueError(
            f"cannot read the word vectors {path}: {type(error).__name__}: {error}"
        ) from error


def _read(path: Path, encoding: str, head: bytes) -> Any:
    """Read word vectors with gensim."""
    from gensim.models import KeyedVectors
    from gensim.models.fasttext import load_facebook_vectors

    if head == _FASTTEXT_MAGIC:
        return load_facebook_vectors(str(path), encoding=encoding)
    if head[:1] == b"\x80":
        loaded = KeyedVectors.load(str(path), mmap="r")
        return getattr(loaded, "wv", loaded)  # of a whole model
    if ".bin" in path.suffixes:
        return KeyedVectors.load_word2vec_format(
            str(path), binary=True, encoding=encoding
        )
    return _read_text(path, encoding)


def _read_text(path: Path, encoding: str) -> Any:
    """Read a word and its vector from each line, in the format of word2vec or GloVe.

    gensim would pad short lines. A word2vec file begins with the numbers of words and
    dimensions. A word of GloVe may contain spaces.
    """
    from gensim.models import KeyedVectors
    from gensim.utils import open as open_any

    words: list[str] = []
    numbers = bytearray()
    n_words, width = None, 0
    with open_any(str(path), "rb") as file:
        for number, line in enumerate(file, start=1):
            fields = line.decode(encoding).rstrip().split(" ")
            if number == 1 and len(fields) == 2 and "".join(fields).isdecimal():
                n_words, width = map(int, fields)
                continue
            width = width or len(fields) - 1
            try:
                vector = np.array(fields[-width:], dtype=np.float32)
                fits = 0 < len(vector) == width < len(fields)
            except ValueError:
                fits = False
            if not (fits and np.isfinite(vector).all()):
                raise ValueError(f"line {number} is not a word and {width} numbers")
            words.append(" ".join(fields[:-width]))
            numbers += vector.tobytes()
    if not words or n_words not in (None, len(words)):
        raise ValueError(f"it has {len(words)} words, not {n_words or 'any'}")
    read = KeyedVectors(width)
    read.vectors = np.frombuffer(numbers, dtype=np.float32).reshape(len(words), width)
    read.index_to_key = words
    # If a word comes twice, use the first, which is the more frequent form.
    read.key_to_index = {
        word: place for place, word in reversed(list(enumerate(words)))
    }
    return read


class Doc2VecEncoder(ColumnEncoder):
    """Embed texts with Doc2Vec, trained on the column.

    The vector of a text predicts its words (distributed bag of words [1]_). It needs no
    pretrained model and works in any language, but needs many texts. Encoders of two
    languages are not aligned, so a topic model gives each text its own inference
    network.

    Parameters
    ----------
    n_components : int, default=100
        Length of the vectors.
    min_count : int, default=2
        Ignore words that occur less often.
    max_iter : int, default=20
        Passes over the column.
    random_state : int, RandomState instance or None, default=None
        Seed. Training uses one thread, so that the same seed gives the same vectors.
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts; see `LsaEncoder`.
    verbose : int, default=0
        Whether to show a progress bar when texts are encoded.

    Attributes
    ----------
    model_ : gensim.models.doc2vec.Doc2Vec
        The trained model.
    n_iter_ : int
        Number of passes.

    See Also
    --------
    LsaEncoder : Faster, and better on few texts.

    Notes
    -----
    A text without known words is a row of zeros.

    :func:`~sklearn_m3l.save_model` does not store this encoder, because gensim's files
    are pickles. :func:`joblib.dump` does.

    References
    ----------
    .. [1] Q. Le, T. Mikolov (2014). Distributed representations of sentences and
       documents. ICML, 1188-1196.

    Examples
    --------
    >>> from sklearn_m3l.embedding import Doc2VecEncoder
    >>> texts = ["brush and ink", "brush and paint", "layer mask", "layer and mask"]
    >>> encoder = Doc2VecEncoder(n_components=3, max_iter=2, random_state=0)
    >>> encoder.fit_transform(texts).shape
    (4, 3)
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "language": [str, list, tuple, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components=100,
        *,
        min_count=2,
        max_iter=20,
        random_state=None,
        language=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.min_count = min_count
        self.max_iter = max_iter
        self.random_state = random_state
        self.language = language
        self.verbose = verbose

    def _learn(self, cells):
        from gensim.models.doc2vec import Doc2Vec, TaggedDocument

        split = self._words()
        texts = [TaggedDocument(split(text), [row]) for row, text in enumerate(cells)]
        seed = private_generator(self.random_state).randint(np.iinfo(np.int32).max)
        model = Doc2Vec(
            vector_size=self.n_components,
            dm=0,
            min_count=self.min_count,
            epochs=self.max_iter,
            seed=int(seed),
            workers=1,
        )
        model.build_vocab(texts)
        if not len(model.wv):
            raise ValueError(
                f"no word occurs min_count={self.min_count} times in {len(cells)} "
                "texts; lower min_count"
            )
        model.train(texts, total_examples=len(texts), epochs=self.max_iter)
        self.model_ = model
        self.n_iter_ = self.max_iter

    def _encode(self, cells):
        split, known = self._words(), self.model_.wv.key_to_index
        out = np.zeros((len(cells), self._n_features_out), dtype=np.float32)
        bar = tqdm(cells, desc="encode texts", disable=not self.verbose)
        for row, text in enumerate(bar):
            words = [word for word in split(text) if word in known]
            if words:
                out[row] = self._infer(words)
        return out

    def _infer(self, words: list[str]) -> np.ndarray:
        """Return the vector of a text; the words of the model do not change.

        Like `Doc2Vec.infer_vector`, and as fast, but it starts from zeros. gensim
        starts from Python's hash of the text, which differs between processes and
        cannot be seeded: the vectors of 132 pages of the bundled corpus would then
        differ between processes by up to 1.6 % of their length.
        """
        from gensim.models.doc2vec import train_document_dbow

        model = self.model_
        # Restart the generator, so that vectors do not depend on earlier texts.
        model.random = np.random.RandomState(model.seed)
        vector = np.zeros((1, model.vector_size), dtype=np.float32)
        for rate in np.linspace(model.alpha, model.min_alpha, self.n_iter_):
            train_document_dbow(
                model,
                words,
                [0],
                rate,
                np.zeros(model.layer1_size, dtype=np.float32),
                learn_words=False,
                learn_hidden=False,
                doctag_vectors=vector,
                doctags_lockf=np.ones(1, dtype=np.float32),
            )
        return vector[0]

    def _words(self):
        return WordVectorizer(
            language=self.language, stop_words=None, tokenizer="pairs"
        ).build_analyzer()

    @property
    def _n_features_out(self):
        return self.model_.vector_size

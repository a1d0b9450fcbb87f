"""Latent semantic analysis: embeddings learned from the texts themselves."""

from numbers import Integral

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.extmath import randomized_svd

from sklearn_m3l.embedding._column_encoder import ColumnEncoder
from sklearn_m3l.embedding._vectorizer import WordVectorizer
from sklearn_m3l.utils._fitted import Array, Fitted, require
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval, StrOptions
from sklearn_m3l.utils._threads import one_thread
from sklearn_m3l.utils._words import WORD_PATTERN


class LsaEncoder(ColumnEncoder):
    """Embed the texts of a column with latent semantic analysis.

    The embeddings are TF-IDF weights of words (or of pieces of words), reduced by a
    truncated singular value decomposition. There is no pretrained model to download,
    and it works in any language. Encoders of two languages are not aligned, so a topic
    model gives each text its own inference network.

    Parameters
    ----------
    n_components : int, default=50
        Width of the embeddings; less if the texts have fewer words or rows. More is not
        better: the last components are noise, which counts as much as the others after
        standardization.
    analyzer : {"word", "char_wb"}, default="word"
        Whether to weigh words, or pieces of 2 to 4 characters inside words.
    min_df : int, default=1
        Ignore words that fewer texts have.
    max_features : int or None, default=50000
        Use only the most frequent words.
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts, or several, the main one first. It
        determines lower case: Turkish and Azerbaijani have a different one for I. A
        `TextView` sets it.
    random_state : int, RandomState instance or None, default=None
        Seed of the randomized decomposition.

    Attributes
    ----------
    vectorizer_ : WordVectorizer
        Counts the words.
    tfidf_ : TfidfTransformer
        The weights of the words.
    components_ : ndarray of shape (n_components, n_words)
        The words of each component.

    See Also
    --------
    StaticEncoder : Word vectors that are aligned across languages.
    SentenceTransformerEncoder : Pretrained embeddings, aligned across languages.

    References
    ----------
    .. [1] S. Deerwester, S. T. Dumais, G. W. Furnas, T. K. Landauer, R. Harshman
       (1990). Indexing by latent semantic analysis. Journal of the American Society
       for Information Science 41(6), 391-407.

    Examples
    --------
    >>> from sklearn_m3l.embedding import LsaEncoder
    >>> texts = ["brush and ink", "brush and paint", "layer mask", "layer and mask"]
    >>> vectors = LsaEncoder(n_components=2, random_state=0).fit_transform(texts)
    >>> vectors.shape
    (4, 2)
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "analyzer": [StrOptions({"word", "char_wb"})],
        "min_df": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "language": [str, list, tuple, None],
        "random_state": ["random_state"],
    }

    _fitted_state: dict = {
        "vectorizer_": Fitted(WordVectorizer),
        "tfidf_": Fitted(TfidfTransformer),
        # Row of length 1.
        "components_": Array(2, low=-1.001, high=1.001),
    }

    def __init__(
        self,
        n_components=50,
        *,
        analyzer="word",
        min_df=1,
        max_features=50_000,
        language=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.analyzer = analyzer
        self.min_df = min_df
        self.max_features = max_features
        self.language = language
        self.random_state = random_state

    def _check_fitted_state(self, state: dict) -> None:
        """Raise ValueError if stored attributes contradict each other."""
        n_words = len(state["vectorizer_"].vocabulary_)
        same = n_words == len(state["tfidf_"].idf_) == state["components_"].shape[1]
        require(same, "vectorizer_, tfidf_ and components_ have other words")

    def _learn(self, cells):
        words = self.analyzer == "word"
        self.vectorizer_ = WordVectorizer(
            language=self.language,
            # Pairs of characters separate texts as well as words do, in less time.
            tokenizer="pairs" if words else None,
            analyzer=self.analyzer,
            ngram_range=(1, 1) if words else (2, 4),
            token_pattern=WORD_PATTERN if words else None,
            stop_words=None,
            max_features=self.max_features,
            min_df=self.min_df,
            dtype=np.float32,
        )
        self.tfidf_ = TfidfTransformer(sublinear_tf=True)
        weights = self.tfidf_.fit_transform(self.vectorizer_.fit_transform(cells))
        width = min(self.n_components, *weights.shape)
        generator = private_generator(self.random_state)
        with one_thread():
            _, _, self.components_ = randomized_svd(
                weights, width, n_iter=5, random_state=generator
            )

    def _encode(self, cells):
        weights = self.tfidf_.transform(self.vectorizer_.transform(cells))
        with one_thread():
            vectors = weights @ self.components_.T
        return np.asarray(vectors, dtype=np.float32)

    @property
    def _n_features_out(self):
        return len(self.components_)

"""Word counts of texts in any language, without stop words."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_m3l.embedding._columns import cells_of, is_missing
from sklearn_m3l.embedding._languages import (
    SEGMENTERS,
    find_segmenter,
    list_languages,
    load_lemmatizer,
    load_segmenter,
    stop_words_of,
    warn_without_stop_words,
)
from sklearn_m3l.utils._fitted import (
    Boolean,
    Choice,
    Kind,
    NotStored,
    Optional,
    require,
)
from sklearn_m3l.utils._sklearn import StrOptions
from sklearn_m3l.utils._words import (
    WORD_PATTERN,
    iter_runs,
    lower_text,
    normalize_text,
    only_words,
    split_words,
)

# Patterns whose time is proportional to the length of any text.
_SAFE_PATTERNS = (WORD_PATTERN, r"(?u)\b\w\w+\b", r"(?u)\b\w+\b")

# Longer n-grams than anyone counts.
_MAX_NGRAM = 20


class _Columns(Kind):
    """A dict from words to their columns."""

    expected = "a list of distinct non-empty strings"

    def store(self, value, owner):
        return sorted(value, key=value.__getitem__)

    def accepts(self, value):
        if not (isinstance(value, list) and value):
            return False
        given = all(type(word) is str and word for word in value)
        return given and len(set(value)) == len(value)

    def build(self, value, owner):
        return {word: column for column, word in enumerate(value)}


class WordVectorizer(CountVectorizer):
    r"""Count words in any language, without its stop words.

    A `CountVectorizer` with other defaults: it counts the 2,000 most frequent words, in
    lower case, and leaves out the stop words of `language`. A word is a run of two
    letters or more, in any script, with its combining marks and joiners. Spellings that
    differ only in ligatures, half-width letters, soft hyphens or the like count as one
    word.

    Texts in Chinese, Japanese, Korean, Thai, Lao, Khmer, and Burmese are split into
    words by the package for that language, if it is installed. Otherwise, and in any
    other script without spaces between words, pairs of neighboring characters are
    counted.

    Parameters
    ----------
    language : str or sequence of str, default=None
        ISO 639-1 code of the language of the texts, such as "de", or several for texts
        that mix languages, the main one first. It determines the stop words, the
        tokenizer, and, for Turkish and Azerbaijani, the lower case of I. With None, no
        words are left out. The stop words are those of the package `stop-words` (33
        languages), and of `stopwordsiso` for others; a warning says if neither has any.
    stop_words : "language", "english", list or None, default="language"
        Stop words other than those of `language`: a list of words, or None for none.
        They are tokenized like texts, so that "don't" matches.
    extra_stop_words : list of str, default=None
        Words to leave out in addition to `stop_words`.
    max_features : int or None, default=2000
        Count only the most frequent words.
    tokenizer : str or callable, default=None
        Splits texts into words: "jieba", "fugashi", "kiwipiepy", "pythainlp", "icu4py",
        "pairs", or a callable. By default, the package for `language`: jieba for
        Chinese, fugashi (with unidic-lite) for Japanese, kiwipiepy for Korean,
        pythainlp for Thai, icu4py for Khmer, Lao, and Burmese. If it is not installed,
        a warning says so, and pairs of characters are counted, as with "pairs". A
        callable returns the tokens of a text; only words among them are counted.
        Japanese and Korean verbs and adjectives are counted in their dictionary form.
        Numbers are not counted, nor are particles in Chinese, Japanese, and Korean.
    lemmatize : bool or callable, default=False
        Whether to count words in their dictionary form, using the package simplemma (50
        languages); useful for Finnish, Russian, or Turkish, for example. A callable
        returns the form of one word.
    token_pattern : str, default=r"(?u)\\b[^\\W\\d_]{2,}\\b"
        Regular expression of a word. Any other pattern is used as it is, without the
        handling of combining marks and scripts without spaces described above.
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, analyzer
        As in :class:`~sklearn.feature_extraction.text.CountVectorizer`.
    ngram_range, max_df, min_df, vocabulary, binary, dtype
        As in :class:`~sklearn.feature_extraction.text.CountVectorizer`, too.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The column of each word.
    tokenizer_ : str or None
        The name of the tokenizer that `fit` used; None for a callable or a custom
        pattern. `transform` uses the same one, or raises ImportError.

    See Also
    --------
    TextView : Counts the words of one column of a table.

    Notes
    -----
    `fit` and `transform` take a list, a Series, or a table or 2-D array of one column.
    A missing cell has no words.

    Examples
    --------
    >>> from sklearn_m3l.embedding import WordVectorizer
    >>> vectorizer = WordVectorizer(language="de", extra_stop_words=["gimp"])
    >>> texts = ["Die Ebene und der Pinsel in GIMP", "Der Pinsel"]
    >>> counts = vectorizer.fit_transform(texts)
    >>> vectorizer.get_feature_names_out()
    array(['ebene', 'pinsel'], dtype=object)
    >>> counts.toarray()
    array([[1, 1],
           [0, 1]])
    """

    _parameter_constraints: dict = {
        **CountVectorizer._parameter_constraints,
        "language": [str, list, tuple, None],
        "stop_words": [StrOptions({"language", "english"}), list, None],
        "extra_stop_words": [list, None],
        "tokenizer": [StrOptions({*SEGMENTERS, "pairs"}), callable, None],
        "lemmatize": ["boolean", callable],
    }

    _fitted_state: dict = {
        "vocabulary_": _Columns(),
        "fixed_vocabulary_": Boolean(),
        "tokenizer_": Optional(Choice(None, "pairs", *SEGMENTERS)),
        "_stop_words_id": NotStored(),
    }

    def __init__(
        self,
        *,
        language=None,
        stop_words="language",
        extra_stop_words=None,
        max_features=2000,
        tokenizer=None,
        lemmatize=False,
        token_pattern=WORD_PATTERN,
        input="content",
        encoding="utf-8",
        decode_error="strict",
        strip_accents=None,
        lowercase=True,
        preprocessor=None,
        analyzer="word",
        ngram_range=(1, 1),
        max_df=1.0,
        min_df=1,
        vocabulary=None,
        binary=False,
        dtype=int,
    ):
        super().__init__(
            stop_words=stop_words,
            max_features=max_features,
            token_pattern=token_pattern,
            tokenizer=tokenizer,
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            analyzer=analyzer,
            ngram_range=ngram_range,
            max_df=max_df,
            min_df=min_df,
            vocabulary=vocabulary,
            binary=binary,
            dtype=dtype,
        )
        self.language = language
        self.extra_stop_words = extra_stop_words
        self.lemmatize = lemmatize

    def _warn_for_unused_params(self) -> None:
        # Skip scikit-learn's warning that token_pattern is unused with a tokenizer.
        if self.tokenizer is None or self.token_pattern != WORD_PATTERN:
            super()._warn_for_unused_params()

    def _check_storable(self) -> None:
        require(
            self.input == "content",
            f"a stored WordVectorizer may not read files; set input='content', not "
            f"{self.input!r}",
        )
        for name in ("language", "stop_words", "extra_stop_words"):
            given = getattr(self, name)
            texts = [given] if given is None or isinstance(given, str) else given
            require(
                all(text is None or isinstance(text, str) for text in texts),
                f"{name} must be a string or a list of strings, not {given!r}",
            )
        # Other patterns can take forever on a malicious text.
        require(
            self.token_pattern is None or self.token_pattern in _SAFE_PATTERNS,
            "a stored WordVectorizer may not have a token_pattern of its own, such as "
            f"{self.token_pattern!r}; leave token_pattern out",
        )
        # NumPy would parse other strings as code.
        known = isinstance(self.dtype, (type, np.dtype)) or self.dtype in np.sctypeDict
        require(
            known and np.dtype(self.dtype).kind in "iuf",
            f"dtype must be a type of numbers, not {self.dtype!r}",
        )
        sizes = self.ngram_range
        pair = isinstance(sizes, tuple) and len(sizes) == 2
        pair = pair and all(type(size) is int for size in sizes)
        require(
            pair and 1 <= sizes[0] <= sizes[1] <= _MAX_NGRAM,
            "ngram_range must be a pair of whole numbers such as (1, 2), at most "
            f"{_MAX_NGRAM}, not {sizes}",
        )

    def fit_transform(self, raw_documents, y=None):
        """Learn the words of a column and count them.

        Parameters
        ----------
        raw_documents : array-like of shape (n_rows,)
            The texts: a list, a Series, or a table or 2-D array of one column.
        y : None
            Ignored.

        Returns
        -------
        sparse matrix of shape (n_rows, n_words)
            The counts.
        """
        self._validate_params()
        texts = self._read(raw_documents)
        self.tokenizer_ = self._find_tokenizer()
        first = self._languages()[:1]
        if self.stop_words == "language" and first and not self.extra_stop_words:
            warn_without_stop_words(first[0])
        return super().fit_transform(texts)

    def transform(self, raw_documents):
        """Count the words of a column.

        Parameters
        ----------
        raw_documents : array-like of shape (n_rows,)
            The texts: a list, a Series, or a table or 2-D array of one column.

        Returns
        -------
        sparse matrix of shape (n_rows, n_words)
            The counts.
        """
        return super().transform(self._read(raw_documents))

    def _read(self, column: Any) -> list:
        """Return the texts of a column, empty ones for missing cells."""
        cells = cells_of(column)
        if self.input != "content" or callable(self.analyzer) or self.preprocessor:
            return cells
        texts = []
        for row, cell in enumerate(cells):
            if not (is_missing(cell) or isinstance(cell, (str, bytes))):
                raise TypeError(f"row {row} holds {type(cell).__name__}, not a text")
            texts.append("" if is_missing(cell) else cell)
        return texts

    def _languages(self) -> list[str]:
        """Return the languages of the texts, the main one first."""
        return list_languages(self.language)

    def _find_tokenizer(self) -> str | None:
        """Return the name of the tokenizer; None if it has no name."""
        if isinstance(self.tokenizer, str):
            return self.tokenizer
        usual = self.analyzer == "word" and self.token_pattern == WORD_PATTERN
        if self.tokenizer is not None or not usual:
            return None
        return find_segmenter(self._languages())

    def build_preprocessor(self):
        """Return a function that normalizes a text: one form per letter, lower case.

        Returns
        -------
        callable
            From a text to a text.
        """
        prepare = super().build_preprocessor()
        if self.preprocessor is not None:
            return prepare
        language = next(iter(self._languages()), None)
        if not self.lowercase:
            return lambda text: prepare(normalize_text(text))
        return lambda text: prepare(lower_text(normalize_text(text), language))

    def build_tokenizer(self):
        """Return a function that splits a text into words.

        Returns
        -------
        callable
            From a text to a list of words.

        Raises
        ------
        ImportError
            If it needs a package that is not installed.
        """
        split = self._build_splitter()
        if self.lemmatize is False:
            return split
        lemma = self.lemmatize
        if lemma is True:
            lemma = load_lemmatizer(self._languages())
        language = next(iter(self._languages()), None)
        if not self.lowercase:
            return lambda text: only_words(map(lemma, split(text)))
        return lambda text: only_words(
            lower_text(lemma(word), language) for word in split(text)
        )

    def _build_splitter(self) -> Callable[[str], list[str]]:
        """Return a function that splits a text into words as they are written."""
        if callable(self.tokenizer):
            own = self.tokenizer
            return lambda text: only_words(own(text))
        name = getattr(self, "tokenizer_", None) or self._find_tokenizer()
        if name is None:
            return super().build_tokenizer()
        languages = self._languages()
        main = next(iter(languages), None)
        if name == "pairs":
            return lambda text: split_words(text, main)
        segment = load_segmenter(name, languages)
        if not SEGMENTERS[name].reads_runs:
            return lambda text: only_words(segment(text))
        return lambda text: list(
            chain.from_iterable(
                only_words(segment(part)) if is_unspaced else [part]
                for part, is_unspaced in iter_runs(text, main)
            )
        )

    def get_stop_words(self):
        """Return the words that are left out, in tokenized form.

        Returns
        -------
        frozenset of str or None
            None if all words count.

        Raises
        ------
        ValueError
            If `language` is not an ISO 639-1 code.
        """
        if self.stop_words == "language":
            words = [w for code in self._languages() for w in stop_words_of(code)]
        else:
            words = list(super().get_stop_words() or ())
        words += self.extra_stop_words or ()
        if not words:
            return None
        prepare, split = self.build_preprocessor(), self.build_tokenizer()
        # A set, because every word of every text is looked up in it.
        stop_words: set[str] = set()
        new = {token for word in words for token in split(prepare(word))}
        while new:  # a form may have another form
            stop_words |= new
            new = {token for word in new for token in split(word)} - stop_words
        return frozenset(stop_words)

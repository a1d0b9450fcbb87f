"""Word counts of a text in any language: which words, and which are left out."""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_m3l.utils._fitted import Boolean, Kind, NotStored, require
from sklearn_m3l.utils._sklearn import StrOptions

WORD_PATTERN = r"(?u)\b[^\W\d_]{2,}\b"

# Unicode blocks of the scripts that write no space between words.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)


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

    A `CountVectorizer` with other defaults: it counts the 2,000 most frequent words,
    in lower case, which are runs of two letters or more, and leaves out the stop words
    of `language`. Letters of every script count, and the combining marks that words
    of Hindi or Thai are written with, do too. Runs of a script without spaces between
    words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) count as pairs of
    neighboring characters; for real words give a `tokenizer`.

    Parameters
    ----------
    language : str or sequence of str, default=None
        ISO 639-1 code of the language whose stop words are left out, such as "de", or
        several for texts that mix languages. None leaves out none. The lists are those
        of the package `stop-words` (33 languages), and of `stopwordsiso` for others.
    stop_words : "language", "english", list or None, default="language"
        Stop words other than those of `language`: a list of words, or None for none.
        They are taken apart as texts are, so that "don't" matches.
    max_features : int or None, default=2000
        Count the most frequent words only.
    token_pattern : str, default=r"(?u)\\b[^\\W\\d_]{2,}\\b"
        What a word is. Any other pattern is used as it stands, without the care for
        combining marks and scripts without spaces that is described above.
    tokenizer : callable, default=None
        Splits a text into words, such as ``jieba.lcut`` for Chinese; give
        ``token_pattern=None`` with it.
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, analyzer
        As in :class:`~sklearn.feature_extraction.text.CountVectorizer`.
    ngram_range, max_df, min_df, vocabulary, binary, dtype
        As there, too.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The column of each word.

    See Also
    --------
    TextView : Counts the words of one column of a table.

    Examples
    --------
    >>> from sklearn_m3l.embedding import WordVectorizer
    >>> vectorizer = WordVectorizer(language="de")
    >>> counts = vectorizer.fit_transform(["Die Ebene und der Pinsel", "Der Pinsel"])
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
    }

    _fitted_state: dict = {
        "vocabulary_": _Columns(),
        "fixed_vocabulary_": Boolean(),
        "_stop_words_id": NotStored(),
    }

    def __init__(
        self,
        *,
        language=None,
        stop_words="language",
        max_features=2000,
        token_pattern=WORD_PATTERN,
        tokenizer=None,
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

    def _check_storable(self) -> None:
        require(
            self.input == "content",
            f"a stored WordVectorizer may not read files; set input='content', not "
            f"{self.input!r}",
        )
        for name in ("language", "stop_words"):
            given = getattr(self, name)
            texts = [given] if given is None or isinstance(given, str) else given
            require(
                all(text is None or isinstance(text, str) for text in texts),
                f"{name} must be a string or a list of strings, not {given!r}",
            )
        # Other strings are parsed by numpy as if they were code.
        known = isinstance(self.dtype, (type, np.dtype)) or self.dtype in np.sctypeDict
        require(
            known and np.dtype(self.dtype).kind in "iuf",
            f"dtype must be a type of numbers, not {self.dtype!r}",
        )
        sizes = self.ngram_range
        pair = isinstance(sizes, tuple) and len(sizes) == 2
        pair = pair and all(type(size) is int for size in sizes)
        require(
            pair and 1 <= sizes[0] <= sizes[1],
            f"ngram_range must be a pair of whole numbers such as (1, 2), not {sizes}",
        )

    def build_preprocessor(self):
        """Return what prepares a text: letters and accents in one form, lower case.

        Returns
        -------
        callable
            From a text to a text.
        """
        prepare = super().build_preprocessor()
        if self.preprocessor is not None:
            return prepare
        return lambda text: prepare(unicodedata.normalize("NFC", text))

    def build_tokenizer(self):
        """Return what splits a text into words.

        Returns
        -------
        callable
            From a text to a list of words.
        """
        if self.tokenizer is None and self.token_pattern == WORD_PATTERN:
            return split_words
        return super().build_tokenizer()

    def get_stop_words(self):
        """Return the words that are left out, as they look once they are tokenized.

        Returns
        -------
        frozenset of str or None
            None where all words count.

        Raises
        ------
        ValueError
            Where there is no list of stop words for `language`.
        """
        if self.stop_words == "language":
            languages = self.language or ()
            if isinstance(languages, str):
                languages = [languages]
            words = [word for code in languages for word in stop_words_of(code)]
        else:
            words = list(super().get_stop_words() or ())
        if not words:
            return None
        prepare, split = self.build_preprocessor(), self.build_tokenizer()
        # A set, as every word of every text is looked up in it.
        return frozenset(token for word in words for token in split(prepare(word)))


def split_words(text: str) -> list[str]:
    """Split a text into words of two letters or more, of any script.

    Runs of a script without spaces give pairs of neighboring characters.
    """
    word, run, character = _patterns()
    words: list[str] = []
    for token in word.findall(text):
        if not run.search(token):
            words.append(token)
            continue
        for unspaced, part in groupby(
            character.findall(token), lambda unit: bool(run.match(unit))
        ):
            units = list(part)
            if unspaced:
                words.extend(map("".join, zip(units, units[1:], strict=False)))
            elif len(units) > 1:
                words.append("".join(units))
    return words


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern, re.Pattern, re.Pattern]:
    """Return patterns of a word, of an unspaced character, and of a character."""
    marks = "".join(_ranges(_combining_marks()))
    letter = rf"(?:[^\W\d_]|[{marks}])"
    word = rf"(?<![\w{marks}])[^\W\d_]{letter}+(?![\w{marks}])"
    return (
        re.compile(word),
        re.compile(f"[{_UNSPACED}]"),
        re.compile(rf".[{marks}]*", re.DOTALL),
    )


def _combining_marks() -> Iterator[int]:
    # There is none beyond but a few hundred variation selectors.
    for code in range(0x300, min(0x1F000, sys.maxunicode)):
        if unicodedata.category(chr(code)).startswith("M"):
            yield code


def _ranges(codes: Iterator[int]) -> Iterator[str]:
    """Return runs of consecutive code points as ranges of a regular expression."""
    for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        points = [code for _, code in run]
        yield f"{chr(points[0])}-{chr(points[-1])}"


def has_stop_words(language: str) -> bool:
    """Whether there is a list of stop words for a language."""
    return language in _languages()


def stop_words_of(language: str) -> Sequence[str]:
    """Return the stop words of a language by its ISO 639-1 code.

    Raises
    ------
    ValueError
        Where there is no list for it; the message names those that there are.
    """
    known = _languages()
    if language not in known:
        raise ValueError(
            f"no stop words for language={language!r}; there are lists for "
            f"{', '.join(sorted(known))}; or give stop_words, a list of your own"
        )
    if known[language] == "stop-words":
        from stop_words import get_stop_words

        return get_stop_words(_alias(language))
    import stopwordsiso

    return sorted(stopwordsiso.stopwords(language))


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    """Return the package that has the stop words of each language."""
    import stopwordsiso
    from stop_words import LANGUAGE_MAPPING

    return {
        **dict.fromkeys(LANGUAGE_MAPPING, "stop-words"),
        **dict.fromkeys(stopwordsiso.langs() - set(LANGUAGE_MAPPING), "stopwordsiso"),
        # The other list is of single characters, and words are pairs of them.
        "zh": "stopwordsiso",
        "no": "stop-words",
    }


def _alias(language: str) -> str:
    return "nb" if language == "no" else language

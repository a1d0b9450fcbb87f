"""Stop words, segmenters and lemmas of languages."""

import os
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec

Segment = Callable[[str], list[str]]

# Parts of speech of UniDic and of Kiwi that are content words.
_CONTENT_JA = {"名詞", "動詞", "形容詞", "形状詞", "副詞", "代名詞", "感動詞"}
_FUNCTION_JA = {"数詞", "助動詞語幹", "非自立可能"}
_CONTENT_KO = {"NNG", "NNP", "XR", "MAG", "SL", "SH"}
_VERBS_KO = ("VV", "VA")

# Chinese function words of one character.
_FUNCTION_ZH = (
    "的了着过得是在有和与或及以于为从到会要也就都又还而且但则其这那它他她我你您们该各每只可将把"
    "被让使由向对当等时中上下里之所最更很太才再已并若如因总用个些"
)
_NUMBER_ZH = re.compile(
    "第?[〇一二三四五六七八九十百千万亿两几]+"
    "[个只条张种次名位件份本册幅部杯片颗块场项步对双组台篇句根间座排行列页]?"
)
# Words with at most this count come from jieba's lists, not from its corpus: 200,000 of
# 349,000. CC-CEDICT knows only every tenth of them.
_UNSEEN_ZH = 3

# The codes of ISO 639-1: the first letter, and all second ones.
_CODES = {
    "a": "abefkmnrsvyz", "b": "aeghimnors", "c": "aehorsuvy", "d": "aevz",
    "e": "elnostu", "f": "afijory", "g": "adlnuv", "h": "aeiortuyz", "i": "adegikostu",
    "j": "av", "k": "agijklmnorsuvwy", "l": "abginotuv", "m": "ghiklnrsty",
    "n": "abdeglnorvy", "o": "cjmrs", "p": "ailst", "q": "u", "r": "mnouw",
    "s": "acdegiklmnoqrstuvw", "t": "aeghiklnorstwy", "u": "gkrz", "v": "eio",
    "w": "ao", "x": "h", "y": "io", "z": "ahu",
}  # fmt: skip

# Languages that have another code in simplemma.
_SIMPLEMMA_CODES = {"no": "nb", "bs": "hbs", "hr": "hbs", "sr": "hbs"}


@dataclass(frozen=True)
class Segmenter:
    """A package that splits texts of some languages into words.

    Parameters
    ----------
    languages : tuple of str
        The languages for which it is the default.
    modules : tuple of str
        Modules that must be installed.
    load : callable
        Maps a language to a function that splits a text. Its result must stay in one
        process.
    reads_runs : bool
        Whether it takes single runs of characters without spaces, rather than whole
        texts.
    """

    languages: tuple[str, ...]
    modules: tuple[str, ...]
    load: Callable[[str], Segment]
    reads_runs: bool = True

    @property
    def packages(self) -> str:
        """The names of the packages for pip."""
        return " ".join(name.replace("_", "-") for name in self.modules)

    def is_installed(self) -> bool:
        """Return whether all its modules can be imported."""
        return all(find_spec(name) is not None for name in self.modules)


def _load_jieba(language: str) -> Segment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from compiling its source
        import jieba

    own = jieba.Tokenizer()
    # By default it reads and writes a file in the folder for temporary files, where
    # anyone may have put one.
    own.FREQ, own.total = own.gen_pfdict(own.get_dict_file())
    own.initialized = True
    known, function = own.FREQ, re.compile(f"[{_FUNCTION_ZH}]")

    def split(word: str) -> list[str]:
        count = known.get(word, 0)
        if not count:
            # A guess, such as 框时, may join a word with its neighbor.
            return function.split(word)
        if count <= _UNSEEN_ZH:
            # The lists also hold phrases, such as 传递数据.
            pairs = [(word[:n], word[n:]) for n in range(2, len(word) - 1)]
            counts = [min(known.get(part, 0) for part in pair) for pair in pairs]
            if counts and max(counts) > _UNSEEN_ZH:
                return list(pairs[counts.index(max(counts))])
        return [word]

    def segment(text: str) -> list[str]:
        parts = [part for word in own.cut(text) for part in split(word)]
        return [
            part
            for part in parts
            if not (function.fullmatch(part) or _NUMBER_ZH.fullmatch(part))
        ]

    return segment


def _load_fugashi(language: str) -> Segment:
    import fugashi
    import unidic_lite

    tagger = fugashi.Tagger(f'-d "{unidic_lite.DICDIR}" -r "{os.devnull}"')

    def segment(text: str) -> list[str]:
        words = []
        for token in tagger(text):
            feature = token.feature
            if feature.pos1 in _CONTENT_JA and feature.pos2 not in _FUNCTION_JA:
                # Use the dictionary form of verbs: a stem is not a word.
                base = getattr(feature, "orthBase", None)
                words.append(base if base not in (None, "*") else token.surface)
        return words

    return segment


def _load_pythainlp(language: str) -> Segment:
    # Otherwise importing it creates a folder in the home folder.
    name = "PYTHAINLP_READ_ONLY"
    unset = not {name, "PYTHAINLP_READ_MODE"} & set(os.environ)
    if unset:
        os.environ[name] = "1"
    try:
        from pythainlp.tokenize import word_tokenize
    finally:
        if unset:
            del os.environ[name]

    return lambda text: word_tokenize(text, engine="newmm", keep_whitespace=False)


def _load_kiwi(language: str) -> Segment:
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1)

    def segment(text: str) -> list[str]:
        words = []
        for token in kiwi.tokenize(text):
            tag = token.tag.partition("-")[0]
            if tag in _VERBS_KO:
                words.append(token.lemma)
            elif tag in _CONTENT_KO:
                words.append(token.form)
        return words

    return segment


def _load_icu(language: str) -> Segment:
    from icu4py.breakers import WordBreaker

    return lambda text: list(WordBreaker(text, language))


SEGMENTERS = {
    "jieba": Segmenter(("zh",), ("jieba",), _load_jieba),
    "fugashi": Segmenter(("ja",), ("fugashi", "unidic_lite"), _load_fugashi),
    "kiwipiepy": Segmenter(("ko",), ("kiwipiepy",), _load_kiwi, reads_runs=False),
    "pythainlp": Segmenter(("th",), ("pythainlp",), _load_pythainlp),
    "icu4py": Segmenter(("km", "lo", "my"), ("icu4py",), _load_icu),
}
_BY_LANGUAGE = {code: name for name, s in SEGMENTERS.items() for code in s.languages}


def list_languages(language: str | Sequence[str] | None) -> list[str]:
    """Return the languages that a parameter names, the main one first."""
    return [language] if isinstance(language, str) else list(language or ())


def find_segmenter(languages: Sequence[str]) -> str:
    """Return the name of the segmenter for texts in some languages.

    Returns
    -------
    str
        The segmenter of the first language that has one; "pairs" if none has, or, with
        one warning per process, if it is not installed.
    """
    for language in languages:
        name = _BY_LANGUAGE.get(language)
        if name is not None and SEGMENTERS[name].is_installed():
            return name
        if name is not None:
            _warn_missing(language, SEGMENTERS[name].packages)
            break
    return "pairs"


@cache
def _warn_missing(language: str, packages: str) -> None:
    what = "words are whole" if language == "ko" else "words are pairs of characters"
    warnings.warn(
        f"texts in {language!r} are not split into words of that language, as "
        f"{packages} is not installed, so {what}; run pip install {packages}",
        UserWarning,
        stacklevel=2,
    )


@cache
def warn_without_stop_words(language: str) -> None:
    """Warn, once per process, that the stop words of a language are unknown."""
    if knows_language(language) and not has_stop_words(language):
        warnings.warn(
            f"there is no list of stop words for language={language!r}, so none are "
            "left out; give your own (extra_stop_words, or --stop-words on the command "
            "line)",
            UserWarning,
            stacklevel=3,
        )


def load_segmenter(name: str, languages: Sequence[str]) -> Segment:
    """Return a function that splits a text into words.

    Raises
    ------
    ImportError
        If its package is not installed.
    """
    segmenter = SEGMENTERS[name]
    if not segmenter.is_installed():
        raise ImportError(
            f"tokenizer={name!r} needs a package that is not installed; run pip "
            f"install {segmenter.packages}"
        )
    own = [code for code in languages if code in segmenter.languages]
    return _load(name, (own or segmenter.languages)[0], os.getpid())


@lru_cache(maxsize=8)
def _load(name: str, language: str, process: int) -> Segment:
    segment, lock = SEGMENTERS[name].load(language), threading.Lock()

    def one_at_a_time(text: str) -> list[str]:
        with lock:
            return segment(text)

    return one_at_a_time


def load_lemmatizer(languages: Sequence[str]) -> Callable[[str], str]:
    """Return a function from a word to its dictionary form.

    Raises
    ------
    ImportError
        If simplemma is not installed.
    ValueError
        If no language is given, or simplemma does not know it.
    """
    if find_spec("simplemma") is None:
        raise ImportError(
            "lemmatize=True needs a package that is not installed; run pip install "
            "simplemma"
        )
    import simplemma

    inflected = [code for code in languages if code not in _BY_LANGUAGE]
    if languages and not inflected:
        return str  # segmenters already return dictionary forms
    if not languages:
        raise ValueError(
            "lemmatize=True needs the language of the texts; give language='fi', for "
            "example"
        )
    codes = tuple(_SIMPLEMMA_CODES.get(code, code) for code in inflected)
    try:
        simplemma.lemmatize("a", lang=codes)
    except ValueError as error:
        raise ValueError(
            f"lemmatize=True does not know language={', '.join(inflected)!r}; set "
            "lemmatize=False, or give a function from a word to its dictionary form"
        ) from error
    return lambda word: simplemma.lemmatize(word, lang=codes)


def has_lemmas(languages: Sequence[str]) -> bool:
    """Return whether the dictionary forms of words in some languages are known.

    Raises
    ------
    ImportError
        If simplemma is not installed.
    """
    try:
        load_lemmatizer(languages)
    except ValueError:
        return False
    return True


def knows_language(code: str) -> bool:
    """Return whether a string is the code of a language."""
    return len(code) == 2 and code[1] in _CODES.get(code[0], "")


def has_stop_words(code: str) -> bool:
    """Return whether there is a list of stop words for a language."""
    return code in _stop_word_lists()


def stop_words_of(language: str) -> Sequence[str]:
    """Return the stop words of a language by its ISO 639-1 code, if it has any.

    Raises
    ------
    ValueError
        If it is not the code of a language.
    """
    known = _stop_word_lists()
    if not knows_language(language):
        raise ValueError(
            f"language={language!r} is not an ISO 639-1 code, such as 'en' or 'zh'; "
            "give the code of the language, or None"
        )
    if language not in known:
        return []
    if known[language] == "stop-words":
        from stop_words import get_stop_words

        return get_stop_words("nb" if language == "no" else language)
    import stopwordsiso

    return sorted(stopwordsiso.stopwords(language))


@lru_cache(maxsize=1)
def _stop_word_lists() -> dict[str, str]:
    """Return the package that has the stop words of each language."""
    import stopwordsiso
    from stop_words import LANGUAGE_MAPPING

    return {
        **dict.fromkeys(LANGUAGE_MAPPING, "stop-words"),
        **dict.fromkeys(stopwordsiso.langs() - set(LANGUAGE_MAPPING), "stopwordsiso"),
        # The other list has single characters.
        "zh": "stopwordsiso",
        "no": "stop-words",
    }

"""Letters and words of every script: normalize texts, and split them into words.

All text encoders, vectorizers and lists of stop words use this module, so that two
spellings of a word are one word everywhere.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

WORD_PATTERN = r"(?u)\b[^\W\d_]{2,}\b"

# Alphabets in which I and i are two letters, each with both cases.
_DOTLESS = {"az", "crh", "gag", "tr"}

# Languages in Latin script whose alphabets have an apostrophe. In all others it joins
# two words (French "l'image") or ends one (English "layer's").
_APOSTROPHE_LETTERS = {
    "br", "gn", "haw", "nv", "qu", "sm", "sw", "to", "ty", "uz",
}  # fmt: skip
_APOSTROPHES = "'\u2018\u2019\u02bb\u02bc\uff07"
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_INNER_APOSTROPHE = re.compile(
    rf"(?<=[^\W\d_\u02bb\u02bc])[{_APOSTROPHES}](?=[^\W\d_\u02bb\u02bc])"
)

# Blocks of scripts without spaces between words.
UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
# Characters that can be a word by themselves: Han, and syllables of Hangul.
_WHOLE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\uac00-\ud7a3"

# Joiners are part of the spelling between letters of Arabic, Indic and similar scripts.
_JOINERS = "\u200c\u200d\u180e"
_JOINING = "\u0600-\u0fff\u1000-\u109f\u1780-\u18af\ua840-\ua87f\U00010a00-\U00011fff"

# Spellings with a joiner at the end, from before these letters had code points.
_OLD_SPELLINGS = {
    "\u09a4\u09cd\u200d": "\u09ce",  # Bengali khanda ta
    "\u0d23\u0d4d\u200d": "\u0d7a",  # Malayalam chillu letters
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u0d15\u0d4d\u200d": "\u0d7f",
}

# Visible format characters, which belong to numbers.
_NUMBER_SIGNS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD}

# Kinds of variants to replace by the usual letters. Exponents, for example, are not
# among them, because replacing them would change the meaning.
_VARIANTS = {
    "compat", "final", "font", "initial", "isolated", "medial", "narrow", "wide",
}  # fmt: skip
# Letters that are variants in Unicode, but not in written Armenian, Thai, Lao and
# Korean.
_USUAL = {0x587, 0xE33, 0xEB3, 0xEDC, 0xEDD, *range(0x3131, 0x318F)}
_RADICALS = range(0x2E80, 0x2FE0)  # of Han characters; in texts from PDF files


def normalize_text(text: str) -> str:
    r"""Return a text in which each word has one spelling.

    Letters are composed (NFC). Letters that Unicode has only for a typeface or another
    encoding become the usual ones: ligatures, half-width and full-width forms, Arabic
    presentation forms. Unlike NFKC, this does not change exponents, fractions, the
    vowels of Thai and Lao, or the letters of Hangul. Soft hyphens, direction marks,
    variation selectors and Arabic elongation are removed; zero-width spaces and control
    characters become spaces; joiners stay only between letters of scripts that need
    them.

    Examples
    --------
    >>> normalize_text("e\ufb03zient Donau\u00addampfer \uff76\uff9e x\u00b2")
    'effizient Donaudampfer ガ x²'
    """
    text = _CONTROLS.sub(" ", text)
    if text.isascii():
        return text
    variants, joiner = _variants()
    text = unicodedata.normalize("NFC", text)
    text = unicodedata.normalize("NFC", text.translate(variants))
    if any(mark in text for mark in _JOINERS):
        for old, new in _OLD_SPELLINGS.items():
            text = text.replace(old, new)
        text = unicodedata.normalize("NFC", joiner.sub("", text))
    return text


@lru_cache(maxsize=1)
def _variants() -> tuple[dict[int, str | None], re.Pattern]:
    """Return the replacements of letters, and a pattern of superfluous joiners."""
    table: dict[int, str | None] = {}
    for code in _code_points():
        letter = chr(code)
        category = unicodedata.category(letter)
        if category == "Cf" and letter not in _JOINERS and code not in _NUMBER_SIGNS:
            table[code] = None
        elif (category[0] == "L" or code in _RADICALS) and code not in _USUAL:
            kind = unicodedata.decomposition(letter).partition(">")[0]
            if kind.lstrip("<") in _VARIANTS:
                table[code] = unicodedata.normalize("NFKC", letter).strip()
    selectors = [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
    table |= dict.fromkeys([*selectors, 0x34F, 0x17B4, 0x17B5, 0x640])
    table[0x200B] = " "
    marks = _marks()
    inside = rf"(?<=[{_JOINING}])[{_JOINERS}](?=[^\W\d_]|[{marks}])"
    return table, re.compile(rf"(?!{inside})[{_JOINERS}]")


def lower_text(text: str, language: str | None = None) -> str:
    """Return a text in the lower case of a language.

    Examples
    --------
    >>> lower_text("IŞIK İstanbul", "tr"), lower_text("İstanbul", "de")
    ('ışık istanbul', 'istanbul')
    """
    if language in _DOTLESS:
        text = text.replace("İ", "i").replace("I", "ı")
    text = text.lower()
    # Python keeps the dot of İ as a separate mark, which only Lithuanian uses.
    return text if language == "lt" else text.replace("i\u0307", "i")


def split_words(text: str, language: str | None = None) -> list[str]:
    """Split a text into words of two letters or more, of any script.

    Runs of a script without spaces become pairs of neighboring characters.

    Parameters
    ----------
    text : str
        Normalized by `normalize_text`.
    language : str, optional
        Determines whether an apostrophe is a letter; in Cyrillic script it always is.
    """
    words: list[str] = []
    for part, is_unspaced in iter_runs(text, language):
        if is_unspaced:
            units = _patterns(False).unit.findall(part)
            words.extend(map("".join, zip(units, units[1:], strict=False)))
        else:
            words.append(part)
    return words


def iter_runs(text: str, language: str | None = None) -> Iterator[tuple[str, bool]]:
    """Iterate over words, and over runs of characters of scripts without spaces.

    Yields
    ------
    part : str
        A word of two letters or more, or a run of one or more characters.
    is_unspaced : bool
        Whether it is a run.
    """
    patterns = _patterns(language in _APOSTROPHE_LETTERS)
    plain = not patterns.rare.search(text)
    for token in patterns.word.findall(text):
        if plain or (token.isascii() and token.isalpha()):
            if len(token) > 1:
                yield token, False
            continue
        if not patterns.unspaced.search(token):
            if len(token) > 1:
                yield _same_apostrophes(token), False
            continue
        for is_unspaced, group in groupby(
            patterns.unit.findall(token),
            lambda unit: bool(patterns.unspaced.match(unit)),
        ):
            units = list(group)
            if is_unspaced or len(units) > 1:
                yield "".join(units), is_unspaced


def only_words(tokens: Iterable[str]) -> list[str]:
    """Return the tokens that are words.

    A word begins and ends with a letter, and has at least two letters, or is a single
    character of Han or Hangul. Between its letters it may have an apostrophe, a hyphen,
    an underscore or a space.
    """
    patterns = _patterns(False)
    return [
        token
        for token in map(str.strip, tokens)
        if patterns.whole.fullmatch(token)
        and (len(token) > 1 or patterns.alone.match(token))
    ]


def _same_apostrophes(word: str) -> str:
    """Return a word with apostrophes, and Hebrew quotation marks, of one kind."""
    word = _INNER_APOSTROPHE.sub("\u2019", word)
    if "\u0590" <= word[0] <= "\u05ff":
        word = word.replace('"', "\u05f4").replace("\u2019", "\u05f3")
    return word


class _Patterns:
    """Compiled patterns of words and their parts.

    Parameters
    ----------
    apostrophes : bool
        Whether an apostrophe between any two letters is one, too.
    """

    def __init__(self, apostrophes: bool):
        marks = _marks()
        letter = rf"[^\W\d_]|[{marks}{_JOINERS}]"
        inner = [
            rf"(?<=[\u0400-\u052f])[{_APOSTROPHES}](?=[\u0400-\u052f])",
            rf"(?<=[\u05d0-\u05f4])[{_APOSTROPHES}\u05f3\u05f4\"](?=[\u05d0-\u05ea])",
            r"(?<=[lL])\u00b7(?=[lL])",  # Catalan
        ]
        if apostrophes:
            inner.append(rf"(?<=[^\W\d_])[{_APOSTROPHES}](?=[^\W\d_])")
        letters = rf"(?:{letter}|{'|'.join(inner)})"
        bounds = rf"[\w{marks}{_JOINERS}]"
        self.word = re.compile(rf"(?<!{bounds})[^\W\d_]{letters}*+(?!{bounds})")
        self.unspaced = re.compile(f"[{UNSPACED}]")
        # A text without any of these has no runs, and one spelling of each word.
        self.rare = re.compile(f'[{UNSPACED}{_APOSTROPHES}"]')
        self.unit = re.compile(rf".[{marks}{_JOINERS}]*", re.DOTALL)
        between = rf"[{_APOSTROPHES}\-\u2010\u2011_\u00b7\u05f3\u05f4\" ](?=[^\W\d_])"
        self.whole = re.compile(rf"[^\W\d_](?:{letter}|{between})*+")
        self.alone = re.compile(f"[{_WHOLE}]")


_patterns = lru_cache(maxsize=2)(_Patterns)


@lru_cache(maxsize=1)
def _marks() -> str:
    """Return the combining marks as ranges of a regular expression."""
    codes = [c for c in _code_points() if unicodedata.category(chr(c))[0] == "M"]
    return "".join(_ranges(codes))


def _code_points() -> Iterator[int]:
    """Iterate over the code points that may be marks, variants or format characters."""
    yield from range(0x80, 0x20000)
    yield from range(0xE0000, 0xE0200)


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    """Return runs of consecutive code points as ranges of a regular expression."""
    for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        points = [code for _, code in run]
        yield f"{chr(points[0])}-{chr(points[-1])}"

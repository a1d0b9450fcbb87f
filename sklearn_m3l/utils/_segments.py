"""Positions of sentences, paragraphs and words in a text, in any script."""

import re

from sklearn_m3l.utils._words import UNSPACED

# A letter of a script without spaces counts as a word.
_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_PARAGRAPH = re.compile(r"\n\s*\n")
# A sentence ends at a mark before a space or at a full-width mark, plus closing marks.
_CLOSING = "\"')\\]\u2019\u201d\u00bb\u300d\u300f\uff09"
_SENTENCE = re.compile(
    rf"[.!?\u2026\u061f\u06d4\u0964\u0965\u17d4\u1362]+[{_CLOSING}]*(?=\s|$)"
    rf"|[\u3002\uff01\uff1f\uff61]+[{_CLOSING}]*"
)

Span = tuple[int, int]


def word_spans(text: str) -> list[Span]:
    """Return the start and end of each word of a text."""
    return [found.span() for found in _WORD.finditer(text)]


def paragraph_spans(text: str) -> list[Span]:
    """Return the start and end of each paragraph; empty lines separate them."""
    return _between(text, [found.end() for found in _PARAGRAPH.finditer(text)])


def sentence_spans(text: str) -> list[Span]:
    """Return the start and end of each sentence; none crosses a paragraph.

    It ends at a mark such as a period before a space, so abbreviations also end
    sentences.
    """
    spans = []
    for begin, end in paragraph_spans(text):
        part = text[begin:end]
        ends = [found.end() for found in _SENTENCE.finditer(part)]
        spans += [(begin + a, begin + b) for a, b in _between(part, ends)]
    return spans


def window_spans(text: str, max_words: int) -> list[Span]:
    """Return the start and end of runs of `max_words` words; the last is the rest."""
    words = word_spans(text)
    runs = [words[n : n + max_words] for n in range(0, len(words), max_words)]
    return [(run[0][0], run[-1][1]) for run in runs]


def _between(text: str, ends: list[int]) -> list[Span]:
    """Return the parts of a text between ends, without surrounding spaces."""
    spans = []
    for begin, end in zip([0, *ends], [*ends, len(text)], strict=True):
        part = text[begin:end]
        stripped = part.strip()
        if stripped:
            begin += len(part) - len(part.lstrip())
            spans.append((begin, begin + len(stripped)))
    return spans

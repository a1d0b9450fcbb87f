"""Tests of where sentences, paragraphs and words are."""

import pytest

from sklearn_m3l.utils._segments import (
    paragraph_spans,
    sentence_spans,
    window_spans,
    word_spans,
)


def parts(text, spans):
    return [text[begin:end] for begin, end in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ('He said "no." Then left', ['He said "no."', "Then left"]),
        ("Version 2.10 is out... Get it", ["Version 2.10 is out...", "Get it"]),
        (
            "雨が降る。風が吹く！「そう。」晴れ",
            ["雨が降る。", "風が吹く！", "「そう。」", "晴れ"],
        ),
        ("هل تمطر؟ نعم.", ["هل تمطر؟", "نعم."]),
        ("बारिश हुई। धूप है।", ["बारिश हुई।", "धूप है।"]),
        ("A title\n\nA sentence. Another", ["A title", "A sentence.", "Another"]),
        ("no mark", ["no mark"]),
        (" \n\n ", []),
        ("", []),
    ],
)
def test_sentences(text, expected):
    assert parts(text, sentence_spans(text)) == expected


def test_paragraphs():
    text = "\n\n First\nline \n \n\nSecond.\n\n\n"
    assert parts(text, paragraph_spans(text)) == ["First\nline", "Second."]


def test_words_and_windows():
    text = " a bb, ccc  d 雨が x"
    assert parts(text, word_spans(text)) == ["a", "bb,", "ccc", "d", "雨", "が", "x"]
    assert parts(text, window_spans(text, 3)) == ["a bb, ccc", "d 雨が", "x"]
    assert window_spans("  ", 3) == []

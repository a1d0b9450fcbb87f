"""Spellings of a word that are one word, and where words end."""

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_m3l.utils._words import (
    lower_text,
    normalize_text,
    only_words,
    split_words,
)


def words(text, language=None):
    return split_words(lower_text(normalize_text(text), language), language)


@pytest.mark.parametrize(
    ("language", "spellings", "word"),
    [
        ("tr", ["İstanbul", "istanbul", "I\u0307stanbul"], "istanbul"),
        ("tr", ["IŞIK", "ışık", "IS\u0327IK"], "ışık"),
        ("az", ["QIRMIZI", "qırmızı"], "qırmızı"),
        ("de", ["İstanbul", "istanbul", "ISTANBUL"], "istanbul"),
        ("lt", ["JIS", "jis"], "jis"),
        ("el", ["ΟΔΟΣ", "Οδος", "οδος"], "οδος"),
        (
            "de",
            ["Donau\u00addampf\u00adschiff", "Donaudampfschiff"],
            "donaudampfschiff",
        ),
        ("de", ["Auf\u200clage", "Auflage", "Auf\u2060lage"], "auflage"),
        ("de", ["e\ufb03zient", "effizient", "EFFIZIENT"], "effizient"),
        ("de", ["Wa\u017f\u017fer", "Wasser"], "wasser"),
        ("en", ["ｂｒｕｓｈ", "\U0001d41b\U0001d42bush", "brush"], "brush"),
        ("ca", ["col·lecció", "co\u0140lecció"], "col·lecció"),
        ("uk", ["п’ять", "п'ять", "п\u02bcять", "П’ЯТЬ"], "п’ять"),
        ("be", ["сям'я", "сям’я"], "сям’я"),
        ("uz", ["oʻzbek", "o'zbek", "O‘zbek"], "o’zbek"),
        ("br", ["c’hoar", "c'hoar"], "c’hoar"),
        ("fa", ["می\u200cخواهم\u200c", "می\u200cخواهم"], "می\u200cخواهم"),
        ("ar", ["كتـــاب", "كتاب", "ﻛﺘﺎﺏ", "\u200fكتاب\u200e"], "كتاب"),
        ("he", ['צה"ל', "צה״ל"], "צה״ל"),
        ("hi", ["क्\u200dषमा"], "क्\u200dषमा"),
        ("si", ["ශ්\u200dරී"], "ශ්\u200dරී"),
        ("bn", ["র\u200d্যাব"], "র\u200d্যাব"),
        ("bn", ["উত্\u200d", "উৎ"], "উৎ"),
        ("kn", ["ಕ್\u200cಷಣ"], "ಕ್\u200cಷಣ"),
        ("ml", ["അവന്\u200d", "അവൻ"], "അവൻ"),
        ("ja", ["ｶﾞｽ", "ガス", "ｶﾞ\u00adｽ"], "ガス"),
        ("ja", ["葛\U000e0100城", "葛\ufe00城", "葛城"], "葛城"),
        ("zh", ["\u2f00\u2f08", "一人"], "一人"),
        ("hy", ["նաև"], "նաև"),
    ],
)
def test_spellings_of_one_word(language, spellings, word):
    found = [words(spelling, language) for spelling in spellings]
    assert found == [[word]] * len(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x² ½ № ™", ["x²"]),
        ("l'été d’or", ["été", "or"]),
        ("don't rock'n'roll", ["don", "rock", "roll"]),
        ("'слово' «слово»", ["слово", "слово"]),
        ("ภาษา\u200bไทย", ["ภา", "าษ", "ษา", "ไท", "ทย"]),
        ("a\x00b brush\x1b[2J ink", ["brush", "ink"]),
        ("ㅋㅋㅋ", ["ㅋㅋㅋ"]),
        ("\u200d\u200c \u00ad \ufeff", []),
        ("👩\u200d🎨 painter ❤\ufe0f", ["painter"]),
    ],
)
def test_where_words_end(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("text", ["น้ำ", "ກຳ", "ໜູ", "ㅋ", "x²", "½", "①", "և"])
def test_what_nfkc_would_change(text):
    assert normalize_text(text) == text != unicodedata.normalize("NFKC", text)


@pytest.mark.slow
@given(st.text())
def test_normalizing_twice_changes_nothing(text):
    once = normalize_text(text)
    assert normalize_text(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(), st.sampled_from([None, "tr", "uz", "uk", "he"]))
def test_words_of_any_text_are_words(text, language):
    found = words(text, language)
    assert only_words(found) == found


def test_tokens_that_are_words():
    tokens = [" New York ", "don't", "state-of-the-art", "犬", "물", "में", "snake_case"]
    assert only_words(tokens) == [token.strip() for token in tokens]
    assert (
        only_words(["x86", ",", "a", "か", "--", "brush,", "$x$", "", " ", "2026"])
        == []
    )


def test_long_tokens_take_no_time():
    assert only_words(["a-" * 100_000 + "!", "a" * 100_000 + "1"]) == []
    assert split_words("a'" * 100_000 + "1", "uz") != ["a"]


def test_words_can_be_sent_to_workers():
    assert pickle.loads(pickle.dumps(split_words))("brush") == ["brush"]

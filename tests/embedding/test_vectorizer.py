"""Words of any language, and the stop words that are left out."""

import pickle
import re
import unicodedata

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from stop_words import LANGUAGE_MAPPING, get_stop_words
from stopwordsiso import langs

from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import WordVectorizer
from sklearn_m3l.embedding._languages import has_stop_words
from sklearn_m3l.utils._words import WORD_PATTERN, split_words


def split_at_slashes(text):
    return text.split("/")


@pytest.fixture(scope="module")
def pages():
    return load_gimp_help("train").frame[["en", "de"]].drop_duplicates()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_words_of_latin_texts_are_those_of_the_pattern(pages, language):
    texts = [unicodedata.normalize("NFC", text).lower() for text in pages[language]]
    for text in texts:
        assert split_words(text) == re.findall(WORD_PATTERN, text)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_counts_are_those_of_scikit_learn(pages, language):
    stop_words = [
        token
        for word in get_stop_words(language)
        for token in re.findall(WORD_PATTERN, word.lower())
    ]
    plain = CountVectorizer(
        token_pattern=WORD_PATTERN, stop_words=stop_words, max_features=2000
    )
    ours = WordVectorizer(language=language)
    counts = ours.fit_transform(pages[language])
    assert (counts != plain.fit_transform(pages[language])).nnz == 0
    assert ours.vocabulary_ == plain.vocabulary_
    assert counts.shape[1] == 2000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe, Ärger und x86 a", ["größe", "ärger", "und"]),
        ("ÅNGSTRÖM A\u030angstro\u0308m", ["ångström", "ångström"]),
        ("हिन्दी में लिखा", ["हिन्दी", "में", "लिखा"]),
        ("кисть и слой", ["кисть", "слой"]),
        ("شكل الفرشاة", ["شكل", "الفرشاة"]),
        ("图层蒙版", ["图层", "层蒙", "蒙版"]),
        ("GIMP的图层 OK", ["gimp", "的图", "图层", "ok"]),
        ("カタカナ、x", ["カタ", "タカ", "カナ"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ที่นี่", ["ที่นี่"]),
        ("한국어 문서", ["한국어", "문서"]),
        ("a 1 ! 层", []),
    ],
)
def test_words_of_other_scripts(text, words):
    assert WordVectorizer().build_analyzer()(text) == words


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted({*LANGUAGE_MAPPING, *langs()}))
def test_every_language_has_stop_words_that_agree_with_the_words(language):
    assert has_stop_words(language)
    vectorizer = WordVectorizer(language=language)
    stop_words = vectorizer.get_stop_words()
    assert len(stop_words) > 10
    analyze = vectorizer.build_analyzer()  # warns where the two disagree
    assert [token for word in stop_words for token in analyze(word)] == []


def test_norwegian_has_one_list_under_both_codes():
    lists = [WordVectorizer(language=code).get_stop_words() for code in ("no", "nb")]
    assert lists[0] == lists[1]


def test_stop_words_are_taken_apart_as_texts_are():
    vectorizer = WordVectorizer(stop_words=["Don't", "ÜBER"])
    assert vectorizer.get_stop_words() == frozenset({"don", "über"})
    assert vectorizer.build_analyzer()("I don't go über Ebenen") == ["go", "ebenen"]


def test_several_languages_none_and_english():
    both = WordVectorizer(language=["de", "en"])
    assert both.build_analyzer()("the und Pinsel") == ["pinsel"]
    assert WordVectorizer(language="de", stop_words=None).get_stop_words() is None
    assert WordVectorizer().get_stop_words() is None
    assert "the" in WordVectorizer(stop_words="english").get_stop_words()


def test_stop_words_of_your_own_come_on_top():
    texts = ["die Ebene und der Pinsel", "der BRUSH"]
    both = WordVectorizer(language="de", extra_stop_words=["Brush", "don't"])
    assert both.fit(texts).get_feature_names_out().tolist() == ["ebene", "pinsel"]
    alone = WordVectorizer(stop_words=None, extra_stop_words=["ebene"])
    assert alone.fit(texts).vocabulary_.keys() == {
        "die",
        "und",
        "der",
        "pinsel",
        "brush",
    }
    instead = WordVectorizer(language="de", stop_words=["brush"])
    assert "der" in instead.fit(texts).vocabulary_


def test_stop_words_are_spelled_as_texts_are():
    vectorizer = WordVectorizer(language="tr").fit(["İÇİN IŞIK için ışık"])
    assert vectorizer.get_feature_names_out().tolist() == ["ışık"]
    extra = WordVectorizer(extra_stop_words=["e\ufb03zient", "п'ять"])
    assert extra.build_analyzer()("EFFIZIENT П’ЯТЬ слів") == ["слів"]


TEXTS = ["brush ink", "the layer"]
COLUMNS = {
    "table": pd.DataFrame({"en": TEXTS}),
    "polars table": pl.DataFrame({"en": TEXTS}),
    "2-D array": np.array(TEXTS, dtype=object)[:, np.newaxis],
    "2-D array of strings": np.array(TEXTS)[:, np.newaxis],
    "series": pd.Series(TEXTS, index=["a", "b"]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_one_column_of_a_table_is_its_cells(column):
    vectorizer = WordVectorizer(language="en")
    counts = vectorizer.fit_transform(column)
    assert counts.shape == (2, 3)
    assert vectorizer.get_feature_names_out().tolist() == ["brush", "ink", "layer"]
    assert (counts != vectorizer.transform(column)).nnz == 0


@pytest.mark.parametrize(
    "columns",
    [
        pd.DataFrame({"en": TEXTS, "de": TEXTS}),
        np.array([TEXTS, TEXTS], dtype=object),
        pl.DataFrame({"en": TEXTS, "de": TEXTS}),
    ],
)
def test_several_columns_are_an_error(columns):
    vectorizer = WordVectorizer()
    with pytest.raises(ValueError, match="expected one column"):
        vectorizer.fit(columns)
    with pytest.raises(ValueError, match="expected one column"):
        vectorizer.fit(TEXTS).transform(columns)


def test_a_column_transformer():
    df = pd.DataFrame({"en": TEXTS, "de": ["die Ebene", None]})
    counts = ColumnTransformer(
        [
            ("en", WordVectorizer(language="en"), ["en"]),
            ("de", WordVectorizer(language="de"), "de"),
        ]
    )
    found = counts.fit_transform(df)
    names = ["en__brush", "en__ink", "en__layer", "de__ebene"]
    assert counts.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(found, [[1, 1, 0, 1], [0, 0, 1, 0]])


def test_cells_that_are_missing_or_no_texts():
    counts = WordVectorizer().fit_transform(["brush", None, np.nan, pd.NA, b"ink"])
    assert counts.toarray().sum(axis=1).tolist() == [1, 0, 0, 0, 1]
    with pytest.raises(TypeError, match="row 1 holds int, not a text"):
        WordVectorizer().fit(["brush", 3])
    tokens = WordVectorizer(analyzer=list, stop_words=None, token_pattern=None)
    assert tokens.fit_transform([["a b"], ["c"]]).shape == (2, 2)


def test_what_is_no_language_is_refused():
    for code in ("xx", "english", "zh-CN"):
        with pytest.raises(ValueError, match=f"language='{code}' is not an ISO 639-1"):
            WordVectorizer(language=code).fit(["a text"])
    with pytest.raises(ValueError, match="'language' parameter"):
        WordVectorizer(language=3).fit(["a text"])


def test_tokens_of_your_own_are_filtered_to_words():
    vectorizer = WordVectorizer(language="zh", tokenizer=split_at_slashes)
    vectorizer.fit(["图层/蒙版/，/1", "图层/的/x/x86/犬"])
    assert set(vectorizer.vocabulary_) == {"图层", "蒙版", "犬"}
    again = pickle.loads(pickle.dumps(vectorizer))
    assert again.tokenizer_ is None
    assert again.transform(["图层/犬"]).sum() == 2


def test_any_other_pattern_is_used_as_it_stands():
    words = WordVectorizer(token_pattern=r"[a-z]+").build_analyzer()("ab1c größe")
    assert words == ["ab", "c", "gr", "e"]


def test_it_is_a_vectorizer_of_scikit_learn():
    vectorizer = clone(WordVectorizer(language="de", max_features=2, binary=True))
    counts = vectorizer.fit_transform(["Pinsel Pinsel Ebene", "Ebene Pinsel Maske"])
    np.testing.assert_array_equal(counts.toarray(), [[1, 1], [1, 1]])
    again = pickle.loads(pickle.dumps(vectorizer))
    assert again.vocabulary_ == vectorizer.vocabulary_
    assert again.get_params() == vectorizer.get_params()

"""Segmenters and lemmas: chosen by language, stored by name, missing with a warning."""

import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_m3l import load_model, save_model
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import (
    KeyedVectorsEncoder,
    LsaEncoder,
    TextView,
    WordVectorizer,
    make_multiview_encoder,
)
from sklearn_m3l.embedding import _languages as languages
from sklearn_m3l.utils._words import only_words

# A text of each language, and words of it.
TEXTS = {
    "zh": ("图层蒙版是一个工具，我们使用画笔。GIMP", ["图层", "蒙版", "画笔", "gimp"]),
    "ja": (
        "レイヤーマスクで画像を描画しました。猫が走っている",
        ["レイヤー", "画像", "猫", "走る"],
    ),
    "ko": (
        "레이어 마스크를 사용하여 이미지를 그렸습니다",
        ["레이어", "이미지", "그리다"],
    ),
    "th": ("ภาษาไทยเป็นภาษาที่ใช้ในประเทศไทย", ["ภาษาไทย", "ในประเทศ"]),
    "km": ("ភាសាខ្មែរជាភាសាផ្លូវការ", ["ភាសាខ្មែរ"]),
    "lo": ("ພາສາລາວເປັນພາສາ", ["ພາສາ", "ລາວ"]),
    "my": ("မြန်မာဘာသာစကားသည်", ["စကား"]),
}
NAMES = {
    "zh": "jieba", "ja": "fugashi", "ko": "kiwipiepy", "th": "pythainlp",
    "km": "icu4py", "lo": "icu4py", "my": "icu4py",
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings(
    "ignore:there is no list of stop words for language:UserWarning"
)


@pytest.fixture
def without(monkeypatch):
    """Return a function that makes a package look as if it were not installed."""

    def remove(package):
        find = languages.find_spec
        monkeypatch.setattr(
            languages,
            "find_spec",
            lambda name: None if name == package else find(name),
        )
        languages._warn_missing.cache_clear()

    yield remove
    languages._warn_missing.cache_clear()


# What splits Korean and Thai takes seconds to load.
each_language = pytest.mark.parametrize(
    "language",
    [
        pytest.param(language, marks=pytest.mark.slow if language in "ko th" else ())
        for language in TEXTS
    ],
)


@each_language
def test_the_language_chooses_what_splits_texts(language):
    text, words = TEXTS[language]
    vectorizer = WordVectorizer(language=language).fit([text])
    assert vectorizer.tokenizer_ == NAMES[language]
    assert {*words} <= {*vectorizer.vocabulary_}
    named = WordVectorizer(language=language, tokenizer=NAMES[language]).fit([text])
    assert named.vocabulary_ == vectorizer.vocabulary_
    assert WordVectorizer(tokenizer=NAMES[language]).fit([text]).vocabulary_.keys() >= {
        *words
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # What the package guesses joins no word with what stands beside it.
        ("图像的框时，条上改，物上画", ["图像", "改", "条", "框", "物", "画"]),
        ("在屏幕里, 从纯色到色阶", ["屏幕", "纯色", "色", "阶"]),
        ("图层蒙版和笔刷", ["图层", "笔刷", "蒙版"]),
        # It lists phrases among its words.
        ("神话故事", ["故事", "神话"]),
        ("打开文件格式并传递数据", ["传递", "打开", "数据", "文件", "格式"]),
        ("公共汽车, 直方图, 剪贴板", ["公共汽车", "剪贴板", "直方图"]),
        # Numbers do not count, as in Japanese and Korean.
        ("两个朋友, 第一名, 三片面包", ["朋友", "面包"]),
        ("三角形, 四季, 零件, 百科, 数组", ["三角形", "四季", "数组", "百科", "零件"]),
    ],
)
def test_words_of_chinese(text, words):
    found = WordVectorizer(language="zh").fit([text]).get_feature_names_out()
    assert sorted(found) == sorted(words)


@each_language
def test_clones_pickles_files_and_workers(language, tmp_path):
    text, _ = TEXTS[language]
    vectorizer = clone(WordVectorizer(language=language, stop_words=None)).fit([text])
    counts = vectorizer.transform([text, text[::-1]]).toarray()
    save_model(vectorizer, tmp_path / "words")
    for other in (
        pickle.loads(pickle.dumps(vectorizer)),
        load_model(tmp_path / "words"),
    ):
        assert other.tokenizer_ == NAMES[language]
        np.testing.assert_array_equal(
            other.transform([text, text[::-1]]).toarray(), counts
        )


@pytest.mark.slow
def test_worker_processes():
    text, _ = TEXTS["ja"]
    vectorizer = WordVectorizer(language="ja").fit([text])
    counts = joblib.Parallel(n_jobs=2)(
        joblib.delayed(vectorizer.transform)([text]) for _ in range(2)
    )
    for own in counts:
        assert (own != vectorizer.transform([text])).nnz == 0


def test_threads():
    text, _ = TEXTS["ja"]
    vectorizer = WordVectorizer(language="ja").fit([text])
    expected = vectorizer.transform([text])
    counts = joblib.Parallel(n_jobs=4, prefer="threads")(
        joblib.delayed(vectorizer.transform)([text] * 50) for _ in range(8)
    )
    for own in counts:
        assert (own[[7]] != expected).nnz == 0


@pytest.mark.parametrize("language", TEXTS)
def test_a_missing_segmenter_is_one_warning_that_names_it(language, without):
    text, _ = TEXTS[language]
    without(languages.SEGMENTERS[NAMES[language]].modules[-1])
    packages = languages.SEGMENTERS[NAMES[language]].packages
    with pytest.warns(UserWarning, match=f"run pip install {packages}") as seen:
        vectorizer = WordVectorizer(language=language).fit([text])
    assert len(seen) == 1 and vectorizer.tokenizer_ == "pairs"
    pairs = WordVectorizer(language=language, tokenizer="pairs", stop_words=None)
    assert vectorizer.vocabulary_.keys() <= pairs.fit([text]).vocabulary_.keys()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        WordVectorizer(language=language).fit([text])


def test_a_missing_segmenter_of_a_fitted_vectorizer_is_an_error(without):
    vectorizer = WordVectorizer(language="ja").fit([TEXTS["ja"][0]])
    without("unidic_lite")
    with pytest.raises(ImportError, match="pip install fugashi unidic-lite"):
        vectorizer.transform(["猫"])
    with pytest.raises(ImportError, match="pip install fugashi unidic-lite"):
        WordVectorizer(tokenizer="fugashi").fit(["猫"])


def test_an_unknown_tokenizer():
    with pytest.raises(ValueError, match="'tokenizer' parameter of WordVectorizer"):
        WordVectorizer(tokenizer="mecab").fit(["猫"])


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("km", TEXTS["km"][0], "ភាសាខ្មែរ"),
        ("ta", "பூனை முகம்", "பூனை"),
        ("az", "IŞIQ", "ışıq"),
    ],
)
def test_a_language_without_stop_words_warns_once(language, text, word):
    languages.warn_without_stop_words.cache_clear()
    df = pd.DataFrame({language: [text]})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert word in WordVectorizer(language=language).fit([text]).vocabulary_
        view = make_multiview_encoder([language]).fit_transform(df)[language]
    assert word in view.vocabulary
    assert len(seen) == 1
    told = f"no list of stop words for language={language!r}"
    assert told in str(seen[0].message)


def test_the_name_of_a_column_chooses_it():
    df = pd.DataFrame({"ja": [TEXTS["ja"][0], "猫と犬"], "zh": [TEXTS["zh"][0], "犬"]})
    X = make_multiview_encoder(["ja", "zh"], random_state=0).fit_transform(df)
    assert {"レイヤー", "猫", "犬"} <= {*X["ja"].vocabulary}
    assert {"图层", "犬"} <= {*X["zh"].vocabulary}


def test_words_of_two_languages():
    vectorizer = WordVectorizer(language=["de", "ja"]).fit(
        ["Die Ebene は レイヤーです"]
    )
    assert set(vectorizer.vocabulary_) == {"ebene", "レイヤー"}


def test_word_vectors_are_looked_up_by_words(tmp_path):
    lines = ["3 2", "猫 1 0", "犬 0 1", "ışık 1 1"]
    (tmp_path / "a.vec").write_text("\n".join(lines), encoding="utf-8")
    encoder = KeyedVectorsEncoder(tmp_path / "a.vec", weights="uniform")
    view = TextView(encoder).fit(pd.Series(["猫と犬", "猫"], name="ja"))
    assert view.encoder_.tokenizer_ == "fugashi"
    np.testing.assert_array_equal(
        view.transform(["猫と犬", "犬"]).embedding, [[0.5, 0.5], [0, 1]]
    )
    turkish = TextView(encoder, language="tr").fit(["IŞIK", "ışık"])
    np.testing.assert_array_equal(turkish.transform(["IŞIK"]).embedding, [[1, 1]])


def test_embeddings_know_the_case_of_the_language():
    view = TextView(LsaEncoder(2, random_state=0), language="tr")
    texts = ["IŞIK İSTANBUL", "ışık", "istanbul"]
    view.fit(texts)
    one, two = view.transform(["IŞIK", "ışık"]).embedding
    np.testing.assert_array_equal(one, two)
    assert view.encoder_.get_params()["language"] == "tr"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("fi", "talossa työkalut kerroksen", ["kerros", "talo", "työkalu"]),
        ("ru", "кистью слоёв", ["кисть", "слой"]),
        ("tr", "KİTAPLAR fırçalar", ["fırça", "kitap"]),
        ("de", "Häuser gemalt", ["haus", "malen"]),
        ("hr", "kistovima slojeva", ["kist", "sloj"]),
        ("ja", "画像を描いた", ["描く", "画像"]),
    ],
)
def test_words_in_their_dictionary_form(language, text, words):
    vectorizer = WordVectorizer(language=language, lemmatize=True).fit([text])
    assert vectorizer.get_feature_names_out().tolist() == words


def test_lemmas_of_your_own():
    vectorizer = WordVectorizer(lemmatize=lambda word: word[:3]).fit(["brushes layers"])
    assert set(vectorizer.vocabulary_) == {"bru", "lay"}


def test_lemmas_that_cannot_be(without):
    with pytest.raises(ValueError, match="lemmatize=True needs the language"):
        WordVectorizer(lemmatize=True).fit(["brush"])
    with pytest.raises(ValueError, match="lemmatize=True does not know language='vi'"):
        WordVectorizer(language="vi", lemmatize=True).fit(["bút vẽ"])
    without("simplemma")
    with pytest.raises(ImportError, match="pip install simplemma"):
        WordVectorizer(language="fi", lemmatize=True).fit(["talo"])


HOME = """
import sys
from sklearn_m3l.embedding import WordVectorizer
for language, text in {texts!r}.items():
    WordVectorizer(language=language, stop_words=None).fit([text])
"""


@pytest.mark.slow
def test_nothing_is_written_or_printed(tmp_path):
    """Not into the home folder, the folder for temporary files, or the terminal."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    texts = {language: text for language, (text, _) in TEXTS.items()}
    ended = subprocess.run(
        [sys.executable, "-c", HOME.format(texts=texts)],
        env={
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHONPATH": ":".join(sys.path),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        check=True,
    )
    assert ended.stderr == b"" == ended.stdout
    assert list(home.iterdir()) == [] == list(temporary.iterdir())


@pytest.mark.slow
def test_names_of_emoji_in_every_language():
    """Words in 12 languages are words, none of them left to be stopped."""
    df = load_emoji().frame
    codes = ["en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko", "tr"]
    found = {}
    for code in codes:
        vectorizer = WordVectorizer(language=code).fit(df[code])
        found[code] = words = vectorizer.get_feature_names_out().tolist()
        assert vectorizer.tokenizer_ == NAMES.get(code, "pairs")
        assert only_words(words) == words and len(words) > 500
        assert not {*words} & vectorizer.get_stop_words()
    expected = {
        "ja": "顔",
        "zh": "脸",
        "th": "หน้า",
        "hi": "चेहरा",
        "ko": "얼굴",
        "tr": "bayrak",
    }
    for code, word in expected.items():
        assert word in found[code]

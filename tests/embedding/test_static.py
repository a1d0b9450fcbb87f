"""Bundled word vectors: what they align, what is computed, and that it repeats."""

import hashlib
import json
import pickle
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import normalize, scale
from threadpoolctl import threadpool_limits

from sklearn_m3l import load_model, save_model
from sklearn_m3l.datasets import load_emoji, load_gimp_help
from sklearn_m3l.embedding import (
    LsaEncoder,
    MultiViewEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
    make_multiview_encoder,
)
from sklearn_m3l.embedding import _static as static

# Begins the pieces that begin a word.
START = "\u2581"
# Runes are letters, but in no word.
UNKNOWN = "\u16a0\u16a2\u16a6"

SENTENCES = {
    "en": [
        "The cat sleeps on the sofa",
        "We eat bread and cheese for breakfast",
        "The train arrives at the station in the evening",
        "The doctor works in a hospital",
        "In winter there is snow on the mountains",
    ],
    "de": [
        "Die Katze schläft auf dem Sofa",
        "Wir essen Brot und Käse zum Frühstück",
        "Der Zug kommt am Abend am Bahnhof an",
        "Die Ärztin arbeitet im Krankenhaus",
        "Im Winter liegt Schnee auf den Bergen",
    ],
    "fr": [
        "Le chat dort sur le canapé",
        "Nous mangeons du pain et du fromage au petit déjeuner",
        "Le train arrive à la gare le soir",
        "Le médecin travaille à l’hôpital",
        "En hiver, il y a de la neige sur les montagnes",
    ],
    "ru": [
        "Кошка спит на диване",
        "Мы едим хлеб и сыр на завтрак",
        "Поезд приходит на вокзал вечером",
        "Врач работает в больнице",
        "Зимой в горах лежит снег",
    ],
    "fi": [
        "Kissa nukkuu sohvalla",
        "Syömme leipää ja juustoa aamiaiseksi",
        "Juna saapuu asemalle illalla",
        "Lääkäri työskentelee sairaalassa",
        "Talvella vuorilla on lunta",
    ],
    "tr": [
        "Kedi kanepede uyuyor",
        "Kahvaltıda ekmek ve peynir yiyoruz",
        "Tren akşam istasyona varıyor",
        "Doktor hastanede çalışıyor",
        "Kışın dağlarda kar var",
    ],
    "ar": [
        "القطة تنام على الأريكة",
        "نأكل الخبز والجبن في الفطور",
        "يصل القطار إلى المحطة في المساء",
        "يعمل الطبيب في المستشفى",
        "في الشتاء يوجد ثلج على الجبال",
    ],
    "hi": [
        "बिल्ली सोफे पर सोती है",
        "हम नाश्ते में रोटी और पनीर खाते हैं",
        "ट्रेन शाम को स्टेशन पर पहुँचती है",
        "डॉक्टर अस्पताल में काम करता है",
        "सर्दियों में पहाड़ों पर बर्फ होती है",
    ],
    "ko": [
        "고양이가 소파에서 잠을 잔다",
        "우리는 아침으로 빵과 치즈를 먹는다",
        "기차는 저녁에 역에 도착한다",
        "의사는 병원에서 일한다",
        "겨울에는 산에 눈이 있다",
    ],
    "ja": [
        "猫がソファで寝ている",
        "私たちは朝食にパンとチーズを食べる",
        "電車は夕方に駅に着く",
        "医者は病院で働いている",
        "冬には山に雪がある",
    ],
    "zh": [
        "猫在沙发上睡觉",
        "我们早餐吃面包和奶酪",
        "火车晚上到达车站",
        "医生在医院工作",
        "冬天山上有雪",
    ],
    "th": [
        "แมวนอนบนโซฟา",
        "เรากินขนมปังและชีสเป็นอาหารเช้า",
        "รถไฟมาถึงสถานีตอนเย็น",
        "หมอทำงานในโรงพยาบาล",
        "ในฤดูหนาวมีหิมะบนภูเขา",
    ],
}


@pytest.fixture(scope="module")
def encoder():
    return StaticEncoder().fit(["a text"])


@pytest.fixture(scope="module")
def texts():
    return [text for sentences in SENTENCES.values() for text in sentences]


@pytest.fixture(scope="module")
def stored():
    """Return the words in the file, with their scores and vectors."""
    with np.load(files("sklearn_m3l") / "embedding/data/static/vectors.npz") as arrays:
        words = arrays["words"].tobytes().decode().split("\n")
        scores, codes, centers = (
            arrays[name] for name in ("scores", "codes", "centers")
        )
    places = {word: place for place, word in enumerate(words)}
    assert len(places) == len(words) == len(scores) == len(codes)

    def vector(word):
        return np.concatenate(
            [
                part[code]
                for part, code in zip(centers, codes[places[word]], strict=True)
            ]
        ).astype(float)

    return {word: float(scores[places[word]]) for word in words}, vector


def splits(word, known):
    """Iterate over all ways to split a word into pieces and unknown characters."""
    if not word:
        yield []
    for end in range(1, len(word) + 1):
        if end == 1 or word[:end] in known:
            for rest in splits(word[end:], known):
                yield [word[:end], *rest]


def likeliest(word, scores):
    """Return the likeliest ways to split a word, without what is unknown."""
    found = list(splits(word, scores))
    totals = np.array([sum(scores.get(p, -30.0) for p in split) for split in found])
    return [
        [piece for piece in found[best] if piece in scores and piece != START]
        for best in np.flatnonzero(totals == totals.max())
    ]


def weighted_mean(words, stored):
    """Return the mean for a text, of which each word is a list of pieces."""
    scores, vector = stored
    weights = [-scores[p] / np.sqrt(len(pieces)) for pieces in words for p in pieces]
    vectors = [vector(piece) for pieces in words for piece in pieces]
    return np.average(vectors, axis=0, weights=weights)


def reciprocal_rank(queries, others):
    """Return the MRR of counterparts by the cosine of standardized vectors."""
    first, second = (
        normalize(scale(vectors.astype(float))) for vectors in (queries, others)
    )
    cosines = first @ second.T
    ranks = (cosines >= np.diag(cosines)[:, np.newaxis]).sum(axis=1)
    return (1 / ranks).mean()


class TestAlignment:
    @pytest.mark.parametrize("language", [name for name in SENTENCES if name != "en"])
    def test_translations_are_nearest(self, language, encoder):
        english, other = (
            normalize(encoder.transform(SENTENCES[name])) for name in ("en", language)
        )
        for cosines in (english @ other.T, other @ english.T):
            assert (cosines.argmax(axis=1) == np.arange(5)).sum() >= 4

    def test_translations_of_neither_english(self, encoder):
        for first, second in (("ja", "fi"), ("ar", "th"), ("ko", "ru"), ("hi", "tr")):
            vectors = [
                normalize(encoder.transform(SENTENCES[n])) for n in (first, second)
            ]
            nearest = (vectors[0] @ vectors[1].T).argmax(axis=1)
            assert (nearest == np.arange(5)).sum() >= 4, (first, second)

    def test_names_of_emoji(self, encoder):
        frame = load_emoji("validation").frame
        english = encoder.transform(frame["en"])
        for language in SENTENCES:
            if language != "en":
                other = StaticEncoder(language=language).fit_transform(frame[language])
                assert reciprocal_rank(english, other) > 0.35, language
        lsa = [LsaEncoder(random_state=0).fit_transform(frame[n]) for n in ("en", "de")]
        assert reciprocal_rank(*lsa) < 0.15

    def test_pages(self, encoder):
        frame = load_gimp_help("test").frame.drop_duplicates("page")
        found = [encoder.transform(frame[name]) for name in ("en", "de")]
        assert reciprocal_rank(*found) > 0.6
        lsa = [LsaEncoder(random_state=0).fit_transform(frame[n]) for n in ("en", "de")]
        assert reciprocal_rank(*lsa) < 0.15

    @pytest.mark.parametrize(
        ("words", "english"),
        [
            # With the vowels that are one character here, and two in XLM-RoBERTa.
            (["น้ำ", "คำ", "ทำงาน"], ["water", "word", "work"]),
            (["ນ້ຳ"], ["water", "gold"]),
            # With a joiner.
            (["می‌روم", "کتاب‌ها"], ["i am going", "books"]),
        ],
    )
    def test_spellings(self, words, english, encoder):
        cosines = encoder.transform(words) @ encoder.transform(english).T
        assert cosines.argmax(axis=1).tolist() == list(range(len(words)))


class TestMean:
    @pytest.mark.parametrize(
        "text", ["cat", "the cat is here", "die die katze", "дом или дом", "고양이"]
    )
    def test_of_words(self, text, encoder, stored):
        words = [[START + word] for word in text.split()]
        np.testing.assert_allclose(
            encoder.transform([text])[0], weighted_mean(words, stored), atol=1e-5
        )

    def test_frequent_words_weigh_less(self, encoder):
        the, cat, both = encoder.transform(["the", "cat", "the cat"])
        assert np.linalg.norm(both - cat) < np.linalg.norm(both - the)

    def test_of_the_likeliest_pieces(self, encoder, stored):
        rng = np.random.default_rng(0)
        words = ["".join(rng.choice([*"etaoinshrdlä"], 8)) for _ in range(40)]
        words += ["".join(rng.choice([*"оеаинтсрвл"], 7)) for _ in range(20)]
        words += ["".join(rng.choice([*"ابتلمنور"], 7)) for _ in range(20)]
        n_pieces = []
        for word in words:
            scores, _ = stored
            assert START + word not in scores
            possible = likeliest(START + word, scores)
            found = encoder.transform([word])[0]
            assert any(
                np.allclose(found, weighted_mean([pieces], stored), atol=1e-5)
                for pieces in possible
            ), word
            n_pieces.append(len(possible[0]))
        assert len(set(n_pieces)) > 2

    @pytest.mark.parametrize(
        "run", ["我们早餐吃面包", "猫がソファで寝ている", "แมวนอนบนโซฟา", "ປະເທດລາວ"]
    )
    def test_of_pieces_of_scripts_without_spaces(self, run, encoder, stored):
        scores, _ = stored
        assert run not in scores
        found = encoder.transform([run])[0]
        means = [weighted_mean([p], stored) for p in likeliest(run, scores)]
        assert any(np.allclose(found, mean, atol=1e-5) for mean in means)

    def test_pieces_share_the_weight_of_a_word(self, encoder, stored):
        scores, _ = stored
        (pieces,) = likeliest(START + "katzomobil", scores)
        assert len(pieces) > 1
        expected = weighted_mean([[START + "the"], pieces, [START + "cat"]], stored)
        found = encoder.transform(["the katzomobil cat"])[0]
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_unknown_characters_are_skipped(self, encoder, stored):
        scores, _ = stored
        assert not set(UNKNOWN) & scores.keys()
        known = encoder.transform(["the cat"])[0]
        for text in (f"the {UNKNOWN} cat", f"{UNKNOWN} the 12 cat!", "the, a CAT."):
            np.testing.assert_array_equal(encoder.transform([text])[0], known)
        mixed = f"ka{UNKNOWN}t"
        expected = weighted_mean(likeliest(START + mixed, scores)[:1], stored)
        np.testing.assert_allclose(encoder.transform([mixed])[0], expected, atol=1e-5)

    @pytest.mark.parametrize(
        "text", [UNKNOWN, f"{UNKNOWN} {UNKNOWN}", "12 %", "a", "."]
    )
    def test_a_text_without_known_words_is_zero(self, text, encoder):
        np.testing.assert_array_equal(encoder.transform([text]), np.zeros((1, 96)))
        both = encoder.transform([text, "the cat", text])
        assert both[1].any() and not both[[0, 2]].any()

    def test_long_texts_and_words(self, encoder):
        words = encoder.transform(["cat", "cat " * 100_000])
        np.testing.assert_allclose(words[0], words[1], rtol=1e-4)
        assert np.isfinite(
            encoder.transform(["x" * 20_000, "\ud800", "猫" * 9_999])
        ).all()


class TestRepeats:
    def test_rows_depend_on_nothing_else(self, encoder, texts):
        together = encoder.transform(texts)
        for start, text in enumerate(texts):
            np.testing.assert_array_equal(encoder.transform([text])[0], together[start])
        turned = encoder.transform(texts[::-1] * 2)
        np.testing.assert_array_equal(turned[: len(texts)], together[::-1])
        again = StaticEncoder().fit(texts[:1]).transform(texts)
        np.testing.assert_array_equal(again, together)

    def test_any_number_of_threads(self, encoder, texts):
        expected = encoder.transform(texts)
        for n_threads in (1, 3):
            with threadpool_limits(n_threads):
                np.testing.assert_array_equal(encoder.transform(texts), expected)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: encoder.transform(texts), range(8)):
                np.testing.assert_array_equal(found, expected)

    @pytest.mark.slow
    def test_another_process_without_torch(self, encoder, texts):
        code = (
            "import sys, json, hashlib, random, numpy as np;"
            "from sklearn_m3l.embedding import StaticEncoder;"
            "texts = json.load(sys.stdin);"
            "before = str(np.random.get_state()), random.getstate();"
            "vectors = StaticEncoder().fit_transform(texts);"
            "assert before == (str(np.random.get_state()), random.getstate());"
            "assert not {'torch', 'numba', 'gensim'} & set(sys.modules);"
            "print(hashlib.sha256(vectors.tobytes()).hexdigest())"
        )
        there = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(texts),
            env={"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        vectors = encoder.transform(texts)
        assert there == hashlib.sha256(vectors.tobytes()).hexdigest()

    @pytest.mark.slow
    def test_processes_of_joblib(self, encoder, texts):
        parts = [texts[:30], texts[30:]]
        found = joblib.Parallel(n_jobs=2)(
            joblib.delayed(encoder.transform)(part) for part in parts
        )
        np.testing.assert_array_equal(np.concatenate(found), encoder.transform(texts))

    def test_pickles_and_files_are_small(self, encoder, texts, tmp_path):
        expected = encoder.transform(texts)
        data = pickle.dumps(encoder)
        assert len(data) < 1000
        np.testing.assert_array_equal(pickle.loads(data).transform(texts), expected)
        save_model(encoder, tmp_path / "model")
        assert (tmp_path / "model").stat().st_size < 2000
        loaded = load_model(tmp_path / "model")
        assert vars(loaded) == vars(encoder)
        np.testing.assert_array_equal(loaded.transform(texts), expected)


class TestSpellings:
    @pytest.mark.parametrize(
        "text",
        [
            "die Käseglocke",
            "tiếng Việt đẹp",
            "고양이가 소파에서 잠을 잔다",
            "ガラスのドア",
            "कमरा बड़ा है",
            "Ελληνικά Τραγούδια",
        ],
    )
    def test_case_and_forms_of_unicode(self, text, encoder):
        expected = encoder.transform([text])
        assert expected.any()
        for form in ("NFC", "NFD"):
            other = unicodedata.normalize(form, text)
            for changed in (other, other.upper(), other.lower()):
                np.testing.assert_array_equal(encoder.transform([changed]), expected)

    def test_forms_of_a_typeface(self, encoder):
        usual = ["effizient", "the cat", "カメラ", "Schifffahrt"]
        others = ["e\ufb03zient", "ｔｈｅ ｃａｔ", "ｶﾒﾗ", "Schiff\u00adfahrt"]
        np.testing.assert_array_equal(
            encoder.transform(others), encoder.transform(usual)
        )

    @pytest.mark.parametrize("language", ["tr", "az", ["tr", "en"], ("az",)])
    def test_turkish_letters(self, language, encoder):
        turkish = StaticEncoder(language=language).fit(["bir"])
        lower = ["ışık", "istanbul", "kırmızı balık"]
        upper = ["IŞIK", "İSTANBUL", "KIRMIZI BALIK"]
        expected = encoder.transform(lower)
        np.testing.assert_array_equal(turkish.transform(upper), expected)
        np.testing.assert_array_equal(turkish.transform(lower), expected)
        differ = (encoder.transform(upper) != expected).any(axis=1)
        assert differ.tolist() == [True, False, True]

    def test_a_view_knows_its_language(self):
        df = pd.DataFrame({"tr": ["IŞIK", "KIRMIZI BALIK"], "title": ["IŞIK", "BALIK"]})
        X = make_multiview_encoder(["tr", "title"], languages={"title": "tr"})
        X = X.fit_transform(df)
        for name, column in df.items():
            expected = StaticEncoder(language="tr").fit_transform(column)
            np.testing.assert_array_equal(X[name].embedding, expected)
        assert (X["tr"].embedding != StaticEncoder().fit_transform(df["tr"])).any()


class TestColumns:
    def test_missing_and_blank_cells(self, encoder):
        cells = ["the cat", None, "", " \n", float("nan"), "the cat"]
        vectors = encoder.transform(cells)
        assert np.isnan(vectors).all(axis=1).tolist() == [False, *[True] * 4, False]
        np.testing.assert_array_equal(vectors[0], vectors[5])
        assert np.isnan(encoder.transform([None, ""])).all()
        assert encoder.transform([]).shape == (0, 96)

    def test_an_empty_column_is_an_error(self):
        for cells in (["", None], []):
            with pytest.raises(ValueError, match="rows are missing or blank"):
                StaticEncoder().fit(cells)
        with pytest.raises(ValueError, match="'language' parameter of StaticEncoder"):
            StaticEncoder(language=3).fit(["a text"])

    def test_it_is_to_be_fitted(self, encoder):
        assert encoder.version_
        for unfitted in (StaticEncoder(), clone(encoder)):
            with pytest.raises(NotFittedError):
                unfitted.transform(["a text"])
            with pytest.raises(NotFittedError):
                unfitted.get_feature_names_out()

    def test_it_is_the_default(self):
        df = pd.DataFrame({"en": ["the cat", "a mountain"]})
        expected = StaticEncoder(language="en").fit_transform(df["en"])
        words = WordVectorizer(language="en")
        for encode in (
            make_multiview_encoder(["en"]),
            MultiViewEncoder([("en", TextView())]),
            MultiViewEncoder([("en", TextView(vectorizer=words))]),
        ):
            fitted = encode.fit(df)
            assert type(fitted.named_views_["en"].encoder_) is StaticEncoder
            vectors = fitted.transform(df)["en"].embedding
            np.testing.assert_array_equal(vectors, expected)

    def test_rows_without_known_words_are_counted(self):
        df = pd.DataFrame({"en": ["brush ink", "layer mask", "ink brush"]})
        fitted = make_multiview_encoder(["en"]).fit(df)
        # The vectors know more words than the counts.
        more = pd.DataFrame({"en": ["ink", "unheard", UNKNOWN, None, f"{UNKNOWN} 12"]})
        with pytest.warns(UserWarning, match="column 'en': 2 of 5 rows have no"):
            X = fitted.transform(more)
        assert X.present["en"].tolist() == [True, True, True, False, True]
        assert X["en"].embedding.any(axis=1).tolist() == [True, True, *[False] * 3]


def test_other_vectors_need_another_version():
    content = hashlib.sha256(static.FILE.read_bytes()).hexdigest()
    encoder = StaticEncoder().fit(["a text"])
    assert (encoder.version_, content[:32]) == ("1", "c48b22cd1896e5995f6d93db26e1f2b0")

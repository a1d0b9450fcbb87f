"""LSA: what it computes, on what, and that it repeats."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import LsaEncoder


@pytest.fixture(scope="module")
def texts():
    return load_gimp_help("test").frame["en"].drop_duplicates().tolist()


def test_it_is_tfidf_and_a_truncated_svd(texts):
    encoder = LsaEncoder(n_components=5, random_state=0).fit(texts)
    analyze = encoder.vectorizer_.build_analyzer()
    tfidf = TfidfVectorizer(analyzer=analyze, sublinear_tf=True)
    weights = tfidf.fit_transform(texts)
    vectors = encoder.transform(texts)
    assert vectors.dtype == np.float32
    expected = weights @ encoder.components_.T
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    best = TruncatedSVD(5, algorithm="arpack", random_state=0).fit(weights)
    kept = np.linalg.norm(best.transform(weights)), np.linalg.norm(vectors)
    assert 0.99 * kept[0] < kept[1] < 1.001 * kept[0]


def test_pieces_of_words(texts):
    encoder = LsaEncoder(n_components=8, analyzer="char_wb", random_state=0).fit(texts)
    assert encoder.transform(["brushes"]).any()
    assert {"br", "rus", "ush"} <= set(encoder.vectorizer_.vocabulary_)


def test_the_width_is_what_the_texts_allow():
    encoder = LsaEncoder(random_state=0).fit(["brush ink", "layer mask", "path"])
    assert encoder.transform(["ink"]).shape == (1, 3)


def test_equal_texts_count_once_and_rows_keep_their_order():
    texts = ["brush ink", "layer mask", "brush layer"]
    once = LsaEncoder(2, random_state=0).fit(texts)
    often = LsaEncoder(2, random_state=0).fit([*texts, None, *texts[:1] * 5])
    np.testing.assert_array_equal(once.components_, often.components_)
    vectors = once.transform([texts[1], texts[0], "", texts[1]])
    np.testing.assert_array_equal(vectors[[0, 1, 3]], once.transform(texts)[[1, 0, 1]])
    assert np.isnan(vectors[2]).all()


def test_a_text_of_unknown_words_is_zero():
    encoder = LsaEncoder(2, random_state=0).fit(["brush ink", "layer mask"])
    np.testing.assert_array_equal(encoder.transform(["unheard of"]), [[0, 0]])


@pytest.mark.slow
def test_seeds_repeat_in_another_process(texts):
    code = (
        "import sys, json, hashlib; from sklearn_m3l.embedding import LsaEncoder;"
        "texts = json.load(sys.stdin);"
        "vectors = LsaEncoder(8, random_state=0).fit_transform(texts);"
        "print(hashlib.sha256(vectors.tobytes()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(texts[:40]),
        env={"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with threadpool_limits(1):
        vectors = LsaEncoder(8, random_state=0).fit_transform(texts[:40])
    assert there == hashlib.sha256(vectors.tobytes()).hexdigest()


@pytest.mark.slow
def test_any_number_of_threads(texts):
    vectors = []
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads):
            encoder = LsaEncoder(random_state=0).fit(texts)
            vectors.append(encoder.transform(texts))
            before = [pool["num_threads"] for pool in threadpool_info()]
            assert max(before) == n_threads  # as it was
    assert all(np.array_equal(vectors[0], other) for other in vectors[1:])


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(ValueError, match="all 2 rows are missing or blank"):
        LsaEncoder().fit(["", None])
    with pytest.raises(ValueError, match="n_components"):
        LsaEncoder(n_components=0).fit(["a text"])

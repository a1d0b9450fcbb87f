"""Rank-biased overlap, C_V, UMass, and the coherence of pictures."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from sklearn_m3l.metrics import (
    cv_coherence,
    image_embedding_coherence,
    image_embedding_similarity,
    inverted_rbo,
    rank_biased_overlap,
    umass_coherence,
)


def test_overlap_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    words = np.arange(12).astype(str)
    for _ in range(20):
        a, b = rng.permutation(words)[:8], rng.permutation(words)[:8]
        shares = [len({*a[:k]} & {*b[:k]}) / k for k in range(1, 9)]
        expected = 0.1 / 0.9 * sum(x * 0.9**k for k, x in enumerate(shares, start=1))
        expected += shares[-1] * 0.9**8
        assert rank_biased_overlap(a, b) == pytest.approx(expected)
        assert rank_biased_overlap(b, a) == pytest.approx(expected)


def test_bounds_and_order_of_overlap():
    ranking = list("abcdef")
    assert rank_biased_overlap(ranking, ranking) == pytest.approx(1)
    assert rank_biased_overlap(ranking, list("ghijkl")) == 0
    top, bottom = list("axyzuv"), list("xyzuva")
    assert rank_biased_overlap(ranking, top) > rank_biased_overlap(ranking, bottom)
    assert inverted_rbo([ranking, ranking], n_words=6) == pytest.approx(0)
    assert inverted_rbo([ranking, list("ghijkl")], n_words=6) == 1


def test_bad_rankings():
    with pytest.raises(ValueError, match="a has 2 words and b 1"):
        rank_biased_overlap(["x", "y"], ["x"])
    with pytest.raises(ValueError, match="b repeats a word"):
        rank_biased_overlap(["x", "y"], ["x", "x"])
    with pytest.raises(ValueError, match="at least 2 topics"):
        inverted_rbo([["x"]], n_words=1)


def test_pictures_by_brute_force():
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(20, 4))
    embedding[3] = np.nan  # no picture
    rows = np.array([[0, 1, 2], [4, 5, 6], [7, 1, 9]])
    cosine = cosine_similarity(np.nan_to_num(embedding))
    upper = np.triu_indices(3, k=1)
    coherence = [cosine[np.ix_(own, own)][upper].mean() for own in rows]
    np.testing.assert_allclose(
        image_embedding_coherence(embedding, rows, average=False), coherence
    )
    assert image_embedding_coherence(embedding, rows) == pytest.approx(
        np.mean(coherence)
    )
    between = [
        cosine[np.ix_(rows[a], rows[b])].mean() for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    similarity = image_embedding_similarity(embedding, rows)
    assert similarity == pytest.approx(np.mean(between))


def test_bad_pictures():
    embedding = np.eye(4)
    for rows, message in [
        ([[0, 4]], "positions from 0 to 3"),
        ([[-1, 0]], "positions from 0 to 3"),
        ([[0, 0]], "topic 0 of top_rows repeats a row"),
        ([[0.5, 1.0]], "must hold integers"),
        ([[0], [1]], "at least 2 pictures"),
    ]:
        with pytest.raises(ValueError, match=message):
            image_embedding_coherence(embedding, rows)
    embedding[2] = 0
    with pytest.raises(ValueError, match="row 2 is all zeros"):
        image_embedding_coherence(embedding, [[1, 2]])
    with pytest.raises(ValueError, match="NaN"):
        image_embedding_coherence(np.full((4, 2), np.nan), [[1, 2]])
    with pytest.raises(ValueError, match="at least 2 topics"):
        image_embedding_similarity(np.eye(4), [[0, 1]])


TEXTS = [["sea", "ship"], ["ship", "sea", "oak"], ["oak", "leaf"], ["leaf", "oak"]]
WORDS = ["leaf", "oak", "sea", "ship"]
COUNTS = np.array([[text.count(word) for word in WORDS] for text in TEXTS])


def test_umass_is_that_of_the_definition():
    topics = [["ship", "sea", "oak"], ["leaf", "oak", "sea"]]
    seen = COUNTS > 0
    expected = []
    for topic in topics:
        at = [WORDS.index(word) for word in topic]
        logs = [
            np.log((seen[:, at[m]] & seen[:, at[n]]).sum() / 4 + 1e-12)
            - np.log(seen[:, at[n]].sum() / 4)
            for m in range(1, 3)
            for n in range(m)
        ]
        expected.append(np.mean(logs))
    found = umass_coherence(topics, COUNTS, WORDS, n_words=3, average=False)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert umass_coherence(topics, COUNTS, WORDS, n_words=3) == pytest.approx(
        np.mean(expected)
    )


def test_measures_prefer_words_that_meet():
    topics = [["sea", "ship"], ["sea", "leaf"]]
    for scores in (
        cv_coherence(topics, TEXTS, n_words=2, average=False),
        umass_coherence(topics, COUNTS, WORDS, n_words=2, average=False),
    ):
        assert scores[0] > scores[1]


def test_words_that_no_text_has():
    with pytest.raises(ValueError, match="1 topic words are in no text, such as 'sky'"):
        cv_coherence([["sea", "sky"]], TEXTS, n_words=2)
    with pytest.raises(ValueError, match="not in vocabulary"):
        umass_coherence([["sea", "sky"]], COUNTS, WORDS, n_words=2)
    with pytest.raises(ValueError, match="in no document, such as 'sea'"):
        umass_coherence([["oak", "sea"]], COUNTS[2:], WORDS, n_words=2)
    with pytest.raises(ValueError, match="texts holds a string"):
        cv_coherence([["sea", "ship"]], ["sea ship"], n_words=2)

"""CNPMI on a reference corpus, topic uniqueness and topic quality."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_m3l.metrics import (
    cnpmi,
    cross_lingual_npmi,
    topic_diversity,
    topic_quality,
    topic_uniqueness,
)

# Ten pairs of documents; "the" and "die" are in all of them.
ENGLISH = [
    "the sea ship sea",
    "the sea",
    "the oak leaf",
    "the oak sea",
    "the oak",
    *["the"] * 5,
]
GERMAN = [
    "die Meer Schiff",
    "die Meer Meer",
    "die Eiche Blatt",
    "die Eiche",
    "die Eiche",
    *["die"] * 5,
]
TOPICS = [["sea", "ship"], ["oak", "leaf"]], [["Meer", "Schiff"], ["Eiche", "Blatt"]]


def npmi(joint, a, b):
    return np.log(joint / (a * b)) / -np.log(joint)


def test_cnpmi_worked_by_hand():
    # sea 3, ship 1, Meer 2, Schiff 1 of 10 documents.
    pairs = [npmi(0.2, 0.3, 0.2), npmi(0.1, 0.3, 0.1), npmi(0.1, 0.1, 0.2), 1.0]
    found = cnpmi(*TOPICS, ENGLISH, GERMAN, n_words=2, average=False)
    assert_allclose(found[0], np.mean(pairs))
    assert cnpmi(*TOPICS, ENGLISH, GERMAN, n_words=2) == pytest.approx(found.mean())


def test_the_published_script_counts_occurrences():
    # sea occurs 4 times and Meer 3 times.
    pairs = [npmi(0.2, 0.4, 0.3), npmi(0.1, 0.4, 0.1), npmi(0.1, 0.1, 0.3), 1.0]
    found = cnpmi(
        *TOPICS, ENGLISH, GERMAN, n_words=2, average=False, word_counts="occurrences"
    )
    assert_allclose(found[0], np.mean(pairs))


def test_tokens_are_taken_as_they_are():
    tokens = [[text.split() for text in texts] for texts in (ENGLISH, GERMAN)]
    expected = cnpmi(*TOPICS, ENGLISH, GERMAN, n_words=2)
    assert cnpmi(*TOPICS, *tokens, n_words=2) == expected
    assert cnpmi(*TOPICS, *map(np.array, (ENGLISH, GERMAN)), n_words=2) == expected


@pytest.mark.parametrize(
    ("word", "other"),
    [("leaf", "Schiff"), ("unseen", "Meer"), ("the", "die")],
    ids=["never together", "in no document", "in every document"],
)
def test_words_that_say_nothing_count_0(word, other):
    topics = [["oak"], [word]], [["Eiche"], [other]]
    found = cnpmi(*topics, ENGLISH, GERMAN, n_words=1, average=False)
    assert found[0] > 0 and found[1] == 0


def test_agrees_with_cross_lingual_npmi_where_all_words_meet():
    random = np.random.RandomState(0)
    counts = [random.poisson(1, size=(40, 3)) + [1, 0, 0] for _ in range(2)]
    words = [["a", "b", "c"], ["x", "y", "z"]]
    texts = [
        [" ".join(np.repeat(w, row)) for row in c]
        for w, c in zip(words, counts, strict=True)
    ]
    topics = [["c", "b"]], [["z", "y"]]
    assert cnpmi(*topics, *texts, n_words=2) == pytest.approx(
        cross_lingual_npmi(*topics, *counts, *words, n_words=2), abs=1e-9
    )


def test_uniqueness():
    topics = [["a", "b"], ["a", "c"], ["a", "d"]]
    assert_allclose(topic_uniqueness(topics, n_words=2, average=False), 2 / 3)
    assert topic_uniqueness(topics, n_words=1) == pytest.approx(1 / 3)
    assert topic_uniqueness(topics, n_words=2) == topic_diversity(topics, n_words=2)


def test_quality_is_the_product():
    repeated = [topics + topics[:1] for topics in TOPICS]
    coherence = cnpmi(*repeated, ENGLISH, GERMAN, n_words=2)
    found = topic_quality(*repeated, ENGLISH, GERMAN, n_words=2)
    assert found == pytest.approx(coherence * 2 / 3)
    assert coherence > 0.5


def test_quality_is_0_where_words_avoid_each_other():
    texts = ["sea"] * 4 + [""] * 2, [""] * 3 + ["Eiche"] * 3
    given = [["sea"]], [["Eiche"]], *texts
    assert cnpmi(*given, n_words=1) < 0 == topic_quality(*given, n_words=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts_b": GERMAN[1:]}, "texts_a has 10 documents and texts_b 9"),
        ({"topics_b": TOPICS[1][:1]}, "topics_a has 2 topics and topics_b 1"),
        ({"topics_a": [["sea"], ["oak"]]}, "topic 0 of topics_a has 1 words, fewer"),
        ({"texts_a": [""] * 10}, "texts_a has no word of topics_a; preprocess"),
        ({"n_words": 0}, "'n_words' parameter"),
        ({"word_counts": "tokens"}, "'word_counts' parameter"),
    ],
)
def test_bad_input(change, message):
    given = {
        "topics_a": TOPICS[0],
        "topics_b": TOPICS[1],
        "texts_a": ENGLISH,
        "texts_b": GERMAN,
        "n_words": 2,
    }
    for function in (cnpmi, topic_quality):
        with pytest.raises(ValueError, match=message):
            function(**given | change)

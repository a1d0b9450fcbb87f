"""Coherence against gensim and hand-worked cases, and topic diversity."""

import numpy as np
import pandas as pd
import pytest
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from numpy.testing import assert_allclose
from scipy import sparse

from sklearn_m3l.metrics import cross_lingual_npmi, npmi_coherence, topic_diversity


@pytest.fixture
def corpus():
    """Counts of 200 documents over 30 words, ten of them doubled, two empty."""
    rng = np.random.default_rng(0)
    topics = rng.dirichlet(np.full(30, 0.2), 4)
    mixtures = rng.dirichlet(np.full(4, 0.3), 200)
    counts = rng.poisson(9 * mixtures @ topics)
    counts[:2] = 0
    counts[10:20] = counts[20:30]
    vocabulary = np.array([f"word{number:02d}" for number in range(30)])
    frequent = counts.sum(axis=0) > 0
    counts, vocabulary = counts[:, frequent], vocabulary[frequent]
    top = [
        vocabulary[np.argsort(-topic[frequent], kind="stable")[:8]].tolist()
        for topic in topics
    ]
    return counts, vocabulary, top


def as_texts(counts, vocabulary):
    return [np.repeat(vocabulary, row).tolist() for row in counts]


def gensim_coherence(topics, texts, window_size):
    model = CoherenceModel(
        topics=topics,
        texts=texts,
        dictionary=Dictionary(texts),
        coherence="c_npmi",
        window_size=window_size,
        processes=1,
    )
    return model.get_coherence_per_topic()


def unique(texts):
    return [list(text) for text in dict.fromkeys(map(tuple, texts)) if text]


@pytest.mark.parametrize("n_words", [2, 5, 8])
def test_documents_agree_with_gensim(corpus, n_words):
    counts, vocabulary, topics = corpus
    texts = unique(as_texts(counts, vocabulary))
    assert len(texts) < len(counts) - 5  # there are repeats to leave out
    expected = gensim_coherence(
        [topic[:n_words] for topic in topics], texts, max(map(len, texts))
    )
    assert np.ptp(expected) > 0.02
    for given in (counts, sparse.csr_matrix(counts), pd.DataFrame(counts)):
        result = npmi_coherence(
            topics, given, vocabulary, n_words=n_words, average=False
        )
        assert_allclose(result, expected, rtol=1e-12)
    mean = npmi_coherence(topics, counts, list(vocabulary), n_words=n_words)
    assert isinstance(mean, float)
    assert mean == pytest.approx(np.mean(expected), rel=1e-12)


@pytest.mark.parametrize("window_size", [3, 10])
def test_windows_agree_with_gensim(corpus, window_size):
    counts, vocabulary, topics = corpus
    rng = np.random.default_rng(1)
    texts = [rng.permutation(text).tolist() for text in as_texts(counts, vocabulary)]
    texts += texts[:20]
    options = {"n_words": 6, "average": False, "window_size": window_size}
    result = npmi_coherence(topics, texts=texts, **options)
    topics = [topic[:6] for topic in topics]
    assert_allclose(result, gensim_coherence(topics, unique(texts), window_size))


def test_a_window_as_wide_as_the_documents_equals_counts(corpus):
    counts, vocabulary, topics = corpus
    texts = as_texts(counts, vocabulary)
    assert npmi_coherence(
        topics, texts=texts, n_words=8, window_size=max(map(len, texts))
    ) == pytest.approx(npmi_coherence(topics, counts, vocabulary, n_words=8))


def test_worked_by_hand():
    # In 4 documents: sea in 3, ship in 2, both in 2; oak in 1 and never with ship.
    counts = [[1, 1, 0, 0], [5, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    words = ["sea", "ship", "oak", "elm"]
    together = np.log((2 / 4) / (3 / 4 * 2 / 4)) / -np.log(2 / 4)
    apart = np.log(1e-12 / (2 / 4 * 1 / 4)) / -np.log(1e-12)
    result = npmi_coherence(
        [["sea", "ship"], ["oak", "ship"]], counts, words, n_words=2, average=False
    )
    assert_allclose(result, [together, apart])


def test_identical_rows_and_empty_rows_count_once_and_not_at_all(corpus):
    counts, vocabulary, topics = corpus
    expected = npmi_coherence(topics, counts, vocabulary, n_words=8)
    repeated = np.vstack([counts, counts[50:90], np.zeros_like(counts[:9])])
    shuffled = np.random.default_rng(0).permutation(repeated)
    assert npmi_coherence(topics, shuffled, vocabulary, n_words=8) == pytest.approx(
        expected, rel=1e-12
    )


def test_counts_in_any_sparse_form_stay_as_they_were():
    dense = [[1, 1, 0], [1, 1, 0], [0, 1, 2], [3, 0, 0]]
    # The same rows: unsorted, with an explicit zero and a split count.
    data = [1, 1, 1, 1, 0, 1, 1, 1, 3]
    columns = [1, 0, 0, 1, 2, 2, 1, 2, 0]
    given = sparse.csr_matrix((data, columns, [0, 2, 5, 8, 9]), shape=(4, 3))
    topics, vocabulary = [["a", "b"]], ["a", "b", "c"]
    expected = npmi_coherence(topics, dense, vocabulary, n_words=2)
    assert expected == pytest.approx(np.log((1 / 3) / (4 / 9)) / -np.log(1 / 3))
    assert npmi_coherence(topics, given, vocabulary, n_words=2) == expected
    assert given.data.tolist() == data and given.indices.tolist() == columns
    assert npmi_coherence(topics, given.tocsc(), vocabulary, n_words=2) == expected


def test_coherence_bad_input():
    counts, words = [[1, 1, 0], [0, 1, 0]], ["a", "b", "c"]

    def fails(message, topics, *args, **kwargs):
        with pytest.raises(ValueError, match=message):
            npmi_coherence(topics, *args, **{"n_words": 2, **kwargs})

    fails("1 topic words are not in vocabulary, .* 'x'", [["a", "x"]], counts, words)
    fails("no document with a word", [["a", "b"]], np.zeros((2, 3)), words)
    fails("texts has no topic word", [["x", "y"]], texts=[["a", "b"], ["a"]])
    fails("texts holds a string", [["a", "b"]], texts=["a b", "b a"])
    fails("topic 1 of topics has 1 words", [["a", "b"], ["a"]], counts, words)
    fails("topic 0 of topics repeats a word", [["a", "a"]], counts, words)
    fails("topic 0 of topics is a string", ["a", "b"], counts, words)
    fails("topics is empty", [], counts, words)
    fails("has 2 words and counts 3 columns", [["a", "b"]], counts, ["a", "b"])
    fails("vocabulary repeats a word", [["a", "b"]], counts, ["a", "b", "a"])
    fails("Negative values", [["a", "b"]], [[-1, 1, 0]], words)
    fails("give counts and vocabulary, or texts", [["a", "b"]], counts)
    fails("give counts and vocabulary, or texts", [["a", "b"]])
    fails("not both", [["a", "b"]], counts, words, texts=[["a", "b"]])
    fails("'n_words' parameter", [["a", "b"]], counts, words, n_words=1)
    fails("'window_size' parameter", [["a", "b"]], counts, words, window_size=0)


def test_words_that_do_not_occur_count_as_chance():
    counts, words = [[1, 1, 0, 1], [0, 1, 0, 2], [1, 1, 0, 0]], ["a", "b", "c", "d"]
    texts = [["a", "b", "d"], ["b", "d", "d"], ["b", "a"]]
    topics = [["a", "b", "c"], ["b", "c", "d"], ["a", "d", "b"], ["c", "a", "x"]]
    pairs = npmi_coherence(
        [["a", "b"], ["b", "d"]], texts=texts, n_words=2, average=False
    )
    complete = npmi_coherence(topics[2:3], texts=texts, n_words=3)
    expected = [pairs[0] / 3, pairs[1] / 3, complete, 0]
    options = {"n_words": 3, "average": False}
    assert_allclose(npmi_coherence(topics, texts=texts, **options), expected)
    words = [*words, "x"]
    counts = np.c_[counts, [0, 0, 0]]
    assert_allclose(npmi_coherence(topics, counts, words, **options), expected)


def cross_npmi_by_loops(topics_a, topics_b, counts_a, counts_b, words_a, words_b):
    """Definition, one pair of words after the other."""
    tuples = {
        (tuple(a), tuple(b))
        for a, b in zip(counts_a, counts_b, strict=True)
        if sum(a) and sum(b)
    }
    scores = []
    for top_a, top_b in zip(topics_a, topics_b, strict=True):
        pairs = []
        for word_a in top_a:
            for word_b in top_b:
                in_a = [a[words_a.index(word_a)] > 0 for a, _ in tuples]
                in_b = [b[words_b.index(word_b)] > 0 for _, b in tuples]
                joint = np.mean(np.logical_and(in_a, in_b)) + 1e-12
                pmi = np.log(joint / (np.mean(in_a) * np.mean(in_b)))
                pairs.append(pmi / -np.log(joint))
        scores.append(np.mean(pairs))
    return scores


@pytest.fixture
def bilingual():
    """Counts of 60 tuples in two languages, some repeated, some without one."""
    rng = np.random.default_rng(3)
    mixtures = rng.dirichlet(np.full(3, 0.3), 60)
    counts_a = rng.poisson(6 * mixtures @ rng.dirichlet(np.full(9, 0.4), 3))
    counts_b = rng.poisson(6 * mixtures @ rng.dirichlet(np.full(12, 0.4), 3))
    counts_a[6, :], counts_b[7, :] = 1, 1  # every word occurs
    counts_a[:4] = 0
    counts_b[3:6] = 0
    counts_a[20:25], counts_b[20:25] = counts_a[30:35], counts_b[30:35]
    counts_a[40:45] = counts_a[50:55]  # alike in one language alone: another tuple
    words_a, words_b = list("abcdefghi"), list("ABCDEFGHIJKL")
    topics_a = [list("acb"), list("fgh")]
    topics_b = [list("ABC"), list("JDL")]
    return topics_a, topics_b, counts_a, counts_b, words_a, words_b


def test_cross_lingual_npmi_by_loops(bilingual):
    expected = cross_npmi_by_loops(*bilingual)
    assert_allclose(
        cross_lingual_npmi(*bilingual, n_words=3, average=False), expected, rtol=1e-12
    )
    a, b, counts_a, counts_b, words_a, words_b = bilingual
    score = cross_lingual_npmi(
        b,
        a,
        sparse.csr_array(counts_b),
        sparse.csr_matrix(counts_a),
        np.array(words_b),
        np.array(words_a),
        n_words=3,
    )
    assert score == pytest.approx(np.mean(expected), rel=1e-12)


def test_cross_lingual_npmi_of_translations_and_strangers():
    counts = np.eye(4, dtype=int) * [[1], [2], [3], [4]]
    words_a, words_b = ["one", "two", "three", "four"], ["eins", "zwei", "drei", "vier"]
    topics_a, topics_b = [["one"], ["two"]], [["eins"], ["drei"]]
    result = cross_lingual_npmi(
        topics_a, topics_b, counts, counts, words_a, words_b, n_words=1, average=False
    )
    unrelated = np.log(1e-12 * 16) / -np.log(1e-12)
    assert_allclose(result, [1, unrelated], rtol=1e-9)


def test_cross_lingual_npmi_bad_input(bilingual):
    a, b, counts_a, counts_b, words_a, words_b = bilingual

    def fails(message, *args):
        with pytest.raises(ValueError, match=message):
            cross_lingual_npmi(*args, n_words=3)

    fails("2 topics and topics_b 1", a, b[:1], counts_a, counts_b, words_a, words_b)
    fails("60 rows and counts_b 9", a, b, counts_a, counts_b[:9], words_a, words_b)
    fails("not in vocabulary_a", b, b, counts_a, counts_b, words_a, words_b)
    fails("not in vocabulary_b", a, a, counts_a, counts_b, words_a, words_b)
    fails("vocabulary_b has 9 words", a, b, counts_a, counts_b, words_a, words_a)
    fails(
        "topic 0 of topics_b has 2",
        a,
        [["A", "B"]],
        counts_a,
        counts_b,
        words_a,
        words_b,
    )
    counts_b[:] = 0
    fails("no tuple has words in both", a, b, counts_a, counts_b, words_a, words_b)


def test_cross_lingual_npmi_takes_absent_words_for_chance(bilingual):
    a, b, counts_a, counts_b, words_a, words_b = bilingual
    options = {"n_words": 3, "average": False}
    counts_b[3:6, :4] = 1  # of tuples that lack the other language
    counts_b[5:, 2] = 0
    counts_a[3:6] = 0
    result = cross_lingual_npmi(*bilingual, **options)
    without = [["A", "B"], ["J", "D", "L"]]
    pairs = [
        cross_lingual_npmi(
            [[one]], [[other]], counts_a, counts_b, words_a, words_b, n_words=1
        )
        for one in a[0]
        for other in without[0]
    ]
    assert result[0] == pytest.approx(sum(pairs) / 9)
    assert result[1] == pytest.approx(
        cross_lingual_npmi(a[1:], b[1:], *bilingual[2:], n_words=3)
    )


def test_topic_diversity():
    topics = [["a", "b", "c"], ["b", "c", "d"], ("x", "b", "a")]
    assert topic_diversity(topics, n_words=1) == 1
    assert topic_diversity(topics, n_words=2) == 4 / 6
    assert topic_diversity(np.array(topics), n_words=3) == 5 / 9
    assert topic_diversity([["a", "b"]] * 4, n_words=2) == 1 / 4
    with pytest.raises(ValueError, match="has 3 words, fewer than n_words=25"):
        topic_diversity(topics)
    with pytest.raises(ValueError, match="repeats a word"):
        topic_diversity([["a", "a"]], n_words=2)

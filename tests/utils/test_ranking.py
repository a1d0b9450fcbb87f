"""Tests of the orders of words."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_m3l.utils._ranking import RANKINGS, check_ranking, order_words

# Word 0 is common to both topics; words 1 and 2 belong to the first, 3 to the second.
TOPIC_WORD = np.array([[0.50, 0.35, 0.14, 0.01], [0.59, 0.01, 0.01, 0.39]])
EVEN = np.array([0.5, 0.5])


def test_probability_is_a_stable_order():
    tied = np.array([[0.2, 0.4, 0.2, 0.2]])
    assert_array_equal(order_words(tied, np.ones(1)), [[1, 0, 2, 3]])


@pytest.mark.parametrize("ranking", ["relevance", "frex"])
def test_words_that_topics_share_come_later(ranking):
    assert_array_equal(order_words(TOPIC_WORD, EVEN)[:, 0], [0, 0])
    order = order_words(TOPIC_WORD, EVEN, ranking, 0.2)
    assert_array_equal(order[:, 0], [1, 3])


@pytest.mark.parametrize("ranking", ["relevance", "frex"])
def test_a_weight_of_one_is_probability(ranking):
    rng = np.random.default_rng(0)
    topic_word = rng.dirichlet(np.full(30, 0.1), 4)
    expected = order_words(topic_word, np.full(4, 0.25))
    actual = order_words(topic_word, np.full(4, 0.25), ranking, 1.0)
    assert_array_equal(actual, expected)


def test_relevance_is_that_of_the_paper():
    share = np.array([0.8, 0.2])
    total = share @ TOPIC_WORD
    relevance = 0.6 * np.log(TOPIC_WORD) + 0.4 * np.log(TOPIC_WORD / total)
    order = order_words(TOPIC_WORD, share, "relevance")
    assert_array_equal(order, np.argsort(-relevance, axis=1))


def test_frex_is_that_of_the_paper():
    rng = np.random.default_rng(1)
    topic_word = rng.dirichlet(np.full(25, 0.5), 3)

    def ranks(values):
        return (values[:, :, None] >= values[:, None, :]).mean(axis=2)

    exclusive = topic_word / topic_word.sum(axis=0)
    frex = 1 / (0.7 / ranks(topic_word) + 0.3 / ranks(exclusive))
    order = order_words(topic_word, np.ones(3) / 3, "frex", 0.7)
    ranked = np.take_along_axis(frex, order, axis=1)
    assert (np.diff(ranked, axis=1) <= 1e-12).all()


@pytest.mark.parametrize("ranking", RANKINGS)
def test_impossible_words_and_a_single_topic(ranking):
    topic_word = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], np.float32)
    with np.errstate(all="raise"):
        order = order_words(topic_word, EVEN, ranking)
        single = order_words(topic_word[:1], np.ones(1), ranking)
    assert_array_equal(order[:, 0], [0, 2])
    assert_array_equal(single, [[0, 1, 2]])


def test_bad_rankings():
    with pytest.raises(ValueError, match="must be one of 'probability', 'relevance'"):
        check_ranking("lift", None)
    with pytest.raises(ValueError, match="must be one of"):
        check_ranking(["frex"], None)
    with pytest.raises(ValueError, match="ranking='probability' has no weight"):
        check_ranking("probability", 0.5)
    with pytest.raises(ValueError, match="ranking_weight == 1.5, must be <= 1"):
        check_ranking("frex", 1.5)
    with pytest.raises(ValueError, match="ranking_weight"):
        check_ranking("frex", np.nan)
    with pytest.raises(TypeError, match="ranking_weight must be an instance of"):
        check_ranking("relevance", "high")

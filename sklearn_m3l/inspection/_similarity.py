"""Similarity of topics by their words, within a model or between two."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_m3l.metrics import pairwise_jensen_shannon


def shared_texts(a: Any, b: Any, views: Sequence[str] | None) -> list[str]:
    """Return the text views for which both models have words.

    Raises
    ------
    ValueError
        If there is none, or one of `views` is not among them.
    """
    both = [view for view in a.vocabularies_ if view in b.vocabularies_]
    if not both:
        raise ValueError(
            f"the models share no language: one has words in "
            f"{', '.join(a.vocabularies_)}, the other in {', '.join(b.vocabularies_)}"
        )
    for view in views or ():
        if view not in both:
            raise ValueError(
                f"view={view!r} has no words in both models; choose some of "
                f"{', '.join(both)}"
            )
    return both if views is None else list(views)


def word_similarity(a: Any, b: Any, views: Sequence[str]) -> np.ndarray:
    """Return the similarity of the topics of two models, from 0 to 1.

    It is 1 minus the Jensen-Shannon divergence of their word distributions in bits,
    averaged over languages. A word that a model does not know has probability 0 in its
    topics.

    Returns
    -------
    ndarray of shape (n_topics_a, n_topics_b)
        The similarities.
    """
    similarity = np.zeros((len(a.components_), len(b.components_)))
    for view in views:
        words_a, words_b = a.vocabularies_[view], b.vocabularies_[view]
        phi_a, phi_b = (np.asarray(m.topic_word_[view], np.float64) for m in (a, b))
        if not np.array_equal(words_a, words_b):
            union = np.union1d(words_a, words_b)
            phi_a = _spread(phi_a, np.searchsorted(union, words_a), len(union))
            phi_b = _spread(phi_b, np.searchsorted(union, words_b), len(union))
        # With so many words, float32 sums are inexact.
        phi_a /= phi_a.sum(axis=1, keepdims=True)
        phi_b /= phi_b.sum(axis=1, keepdims=True)
        similarity += 1 - pairwise_jensen_shannon(phi_a, phi_b) / np.log(2)
    return similarity / len(views)


def shared_words(a: Any, b: Any, views: Sequence[str], n_words: int) -> np.ndarray:
    """Return the share of top words that the topics of two models share.

    Returns
    -------
    ndarray of shape (n_topics_a, n_topics_b)
        Shares of `n_words`, averaged over languages.
    """
    shares = np.zeros((len(a.components_), len(b.components_)))
    for view in views:
        top_a, top_b = (
            [set(words) for words in m.top_words(view, n_words)] for m in (a, b)
        )
        shares += [[len(one & other) for other in top_b] for one in top_a]
    return shares / (n_words * len(views))


def _spread(phi: np.ndarray, places: np.ndarray, n_words: int) -> np.ndarray:
    wide = np.zeros((len(phi), n_words))
    wide[:, places] = phi
    return wide

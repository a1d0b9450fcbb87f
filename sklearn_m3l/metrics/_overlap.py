"""Rank-biased overlap of two rankings, and the diversity of topics based on it."""

from collections.abc import Sequence
from itertools import combinations
from numbers import Integral, Real

import numpy as np

from sklearn_m3l.metrics._coherence import first_words
from sklearn_m3l.utils._sklearn import Interval, validate_params

_WEIGHT = [Interval(Real, 0, 1, closed="neither")]


@validate_params(
    {"a": ["array-like"], "b": ["array-like"], "p": _WEIGHT},
    prefer_skip_nested_validation=True,
)
def rank_biased_overlap(a: Sequence[str], b: Sequence[str], *, p: float = 0.9) -> float:
    """Similarity of two rankings that gives more weight to their first ranks.

    Parameters
    ----------
    a, b : sequence of str of length n_words
        Two rankings of the same length, such as the top words of two topics, the best
        first.
    p : float, default=0.9
        Probability that a reader continues to the next rank, between 0 and 1: a greater
        one gives more weight to later ranks. With 0.9, the first 10 ranks have 86% of
        the weight.

    Returns
    -------
    overlap : float
        1 if the rankings are equal, 0 if they have no word in common. Beyond their end,
        they are assumed to agree as much as before it.

    Raises
    ------
    ValueError
        If the rankings are empty, differ in length, or repeat a word.

    References
    ----------
    .. [1] W. Webber, A. Moffat and J. Zobel, "A Similarity Measure for Indefinite
       Rankings", ACM TOIS 28(4), 2010, Equation 23.

    Examples
    --------
    >>> from sklearn_m3l.metrics import rank_biased_overlap
    >>> round(rank_biased_overlap(["sea", "ship", "sail"], ["sea", "sail", "oak"]), 3)
    0.685
    """
    first, second = list(a), list(b)
    if not first or len(first) != len(second):
        raise ValueError(
            f"a has {len(first)} words and b {len(second)}; give rankings of the same "
            "length"
        )
    for name, ranking in (("a", first), ("b", second)):
        if len(set(ranking)) < len(ranking):
            raise ValueError(f"{name} repeats a word")
    depths = np.arange(1, len(first) + 1)
    ranks = {word: rank for rank, word in enumerate(second)}
    # The depth from which both rankings have a word.
    met = [max(k, ranks[word]) for k, word in enumerate(first) if word in ranks]
    common = np.cumsum(np.bincount(met, minlength=len(first)))
    agreement = common / depths
    weighted = (1 - p) / p * (agreement * p**depths).sum()
    return float(weighted + agreement[-1] * p ** len(first))


@validate_params(
    {
        "topics": ["array-like"],
        "n_words": [Interval(Integral, 1, None, closed="left")],
        "p": _WEIGHT,
    },
    prefer_skip_nested_validation=True,
)
def inverted_rbo(
    topics: Sequence[Sequence[str]], n_words: int = 10, *, p: float = 0.9
) -> float:
    """Diversity of topics: 1 minus the mean rank-biased overlap of their top words.

    Unlike in :func:`topic_diversity`, a word that is first in two topics costs more
    than one that is last in both.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    n_words : int, default=10
        Number of top words to use of each topic.
    p : float, default=0.9
        Weight of later ranks; see :func:`rank_biased_overlap`.

    Returns
    -------
    diversity : float
        1 if no two topics share a word, 0 if all topics are the same.

    Raises
    ------
    ValueError
        If there are fewer than two topics, or a topic has fewer than ``n_words`` words.

    References
    ----------
    .. [1] F. Bianchi, S. Terragni and D. Hovy, "Pre-training is a Hot Topic:
       Contextualized Document Embeddings Improve Topic Coherence", ACL 2021,
       Section 3.2.

    Examples
    --------
    >>> from sklearn_m3l.metrics import inverted_rbo
    >>> round(inverted_rbo([["ship", "sea"], ["oak", "sea"]], n_words=2), 3)
    0.55
    """
    words = first_words(topics, n_words, "topics")
    if len(words) < 2:
        raise ValueError("diversity needs at least 2 topics")
    overlaps = [rank_biased_overlap(a, b, p=p) for a, b in combinations(words, 2)]
    return 1 - float(np.mean(overlaps))

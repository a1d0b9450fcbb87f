"""Orders of the words of topics: by probability, relevance, or FREX."""

from numbers import Real

import numpy as np
from scipy.stats import rankdata
from sklearn.utils.validation import check_scalar

# Rankings, and the default weight of probability in each; plain probability has none.
RANKINGS = {"probability": None, "relevance": 0.6, "frex": 0.5}


def check_ranking(ranking: str, weight: float | None) -> float | None:
    """Return the weight of a ranking.

    Raises
    ------
    ValueError
        If the ranking is unknown, gets a weight but takes none, or the weight is not
        from 0 to 1.
    TypeError
        If the weight is not a number.
    """
    if not isinstance(ranking, str) or ranking not in RANKINGS:
        known = ", ".join(map(repr, RANKINGS))
        raise ValueError(f"ranking must be one of {known}, not {ranking!r}")
    default = RANKINGS[ranking]
    if weight is None:
        return default
    if default is None:
        raise ValueError(
            f"ranking={ranking!r} has no weight, but ranking_weight={weight!r}; leave "
            "it out, or choose 'relevance' or 'frex'"
        )
    check_scalar(weight, "ranking_weight", Real, min_val=0, max_val=1)
    if np.isnan(weight):
        raise ValueError("ranking_weight must be a number from 0 to 1, not nan")
    return float(weight)


def order_words(
    topic_word: np.ndarray,
    prevalence: np.ndarray,
    ranking: str = "probability",
    weight: float | None = None,
) -> np.ndarray:
    """Return the numbers of all words for each topic, best first.

    Parameters
    ----------
    topic_word : ndarray of shape (n_topics, n_words)
        Word distributions of the topics.
    prevalence : ndarray of shape (n_topics,)
        Share of each topic in all texts.
    ranking : {"probability", "relevance", "frex"}, default="probability"
        "relevance" is the weighted mean of the log-probability of a word in the topic
        and of its log-lift: how much more likely it is there than in all texts [1]_.
        "frex" is the weighted harmonic mean of the word's rank by probability and of
        its rank by exclusivity: the share of the topic in the word's probabilities in
        all topics [2]_.
    weight : float in [0, 1], default=None
        Weight of probability against lift or exclusivity. 1 ranks by probability. By
        default 0.6 for "relevance" and 0.5 for "frex".

    Returns
    -------
    ndarray of int of shape (n_topics, n_words)
        Numbers of words. Tied words are ordered by their probabilities.

    References
    ----------
    .. [1] C. Sievert and K. Shirley, "LDAvis: A method for visualizing and interpreting
       topics", ILLVI 2014, equation 1; the weight is their lambda.
    .. [2] J. Bischof and E. Airoldi, "Summarizing topical content with word frequency
       and exclusivity", ICML 2012, section 3.1; the weight is one minus theirs, and
       tied words have the mean of their ranks.
    """
    weight = check_ranking(ranking, weight)
    by_probability = np.argsort(-topic_word, axis=1, kind="stable")
    if weight is None:
        return by_probability
    likely = np.maximum(np.asarray(topic_word, np.float64), np.finfo(np.float64).tiny)
    if ranking == "relevance":
        lift = np.log(likely) - np.log(prevalence @ likely)
        scores = weight * np.log(likely) + (1 - weight) * lift
    else:
        exclusive = rankdata(likely / likely.sum(axis=0), axis=1)
        scores = 1 / (weight / rankdata(likely, axis=1) + (1 - weight) / exclusive)
    scores = np.take_along_axis(scores, by_probability, axis=1)
    places = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(by_probability, places, axis=1)

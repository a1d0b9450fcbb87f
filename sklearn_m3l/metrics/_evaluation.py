"""How well a model aligns the views of held-out tuples, and how good its topics are."""

from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from sklearn_m3l.metrics import (
    mean_jensen_shannon,
    mean_reciprocal_rank,
    npmi_coherence,
    pairwise_jensen_shannon,
    topic_diversity,
    uninterpolated_average_precision,
)
from sklearn_m3l.metrics._scoring import article_ids
from sklearn_m3l.multiview import MultiView

# What each measure is, by the first word of its name.
MEASURES = {
    "MRR": "mean of 1 / rank of an article's own text, searched by its text in the "
    "other language; 1 is best",
    "UAP": "mean average precision of an article's own pictures, searched by its text; "
    "1 is best",
    "JSD": "mean Jensen-Shannon divergence between the topics of two views of an "
    "article: 0 is equal, 0.69 nothing in common; telling no articles apart gives 0 "
    "too",
    "NPMI": "how closely the 10 top words of a topic keep together in the training "
    "documents, from -1 to 1; 0 is chance",
    "Diversity": "share of different words among the 25 top words of all topics; 1 is "
    "no word twice",
}


class Score(NamedTuple):
    """The value of a measure, and what chance scores where that can be computed."""

    value: float
    chance: float | None = None


def topics_by_view(model: Any, X: MultiView) -> dict[str, np.ndarray]:
    """Infer topics from each view by itself.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Views that the model knows.

    Returns
    -------
    dict of str to ndarray of shape (n_rows, n_components)
        Topics by view; NaN in rows that lack the view.
    """
    topics = {}
    for name, present in X.present.items():
        rows = np.flatnonzero(present)
        theta = np.asarray(model.transform(X[rows][[name]]))
        topics[name] = np.full((len(X), theta.shape[1]), np.nan, dtype=theta.dtype)
        topics[name][rows] = theta
    return topics


def evaluate_alignment(model: Any, train: Any, test: Any) -> dict[str, Score]:
    """Measure a fitted model on held-out tuples.

    Retrieval and divergence are measured on `test`, each article counted once, and
    coherence in the documents of `train`. Views with word counts are texts, all others
    pictures; coherence and diversity are those of the languages that topics have words
    in.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    train, test : Bunch
        With a MultiView ``data``, in `test` of views that the model infers topics from.

    Returns
    -------
    dict of str to Score
        By name: one of `MEASURES` and the views that it was taken on, such as
        "MRR en-de" (from English to German), "JSD de-image" or "NPMI en".
    """
    topics = topics_by_view(model, test.data)
    articles_of_rows = article_ids(test.data)
    texts = [name for name in topics if test.data[name].is_text]
    pictures = [name for name in topics if not test.data[name].is_text]
    decoded = [name for name in texts if name in model.vocabularies_]
    scores = {}
    for query, item in combinations(texts, 2):
        articles, distances = _distances(topics, query, item, articles_of_rows)
        scores[f"MRR {query}-{item}"] = Score(
            mean_reciprocal_rank(distances, articles, articles),
            mean_reciprocal_rank(np.zeros_like(distances), articles, articles),
        )
    for query, item in product(texts, pictures):
        articles, distances = _distances(topics, query, item, articles_of_rows)
        scores[f"UAP {query}-{item}"] = Score(
            uninterpolated_average_precision(distances, articles, articles),
            _chance_average_precision(articles),
        )
    for first, second in combinations([*texts, *pictures], 2):
        pairs = _complete_pairs(topics, first, second, articles_of_rows)
        scores[f"JSD {first}-{second}"] = Score(mean_jensen_shannon(*pairs))
    for name in decoded:
        counts, vocabulary = train.data[name].counts, model.vocabularies_[name]
        coherence = npmi_coherence(model.top_words(name, 10), counts, vocabulary)
        scores[f"NPMI {name}"] = Score(coherence)
    for name in decoded:
        words = model.top_words(name, 25)
        diversity = topic_diversity(words, n_words=len(words[0]))
        scores[f"Diversity {name}"] = Score(diversity)
    return scores


def _complete_pairs(topics, first: str, second: str, articles):
    """Return topics of two views and article ids, of rows that have both views."""
    views = topics[first], topics[second]
    both = ~np.isnan(views[0][:, 0]) & ~np.isnan(views[1][:, 0])
    return views[0][both], views[1][both], np.asarray(articles)[both]


def _distances(topics, query: str, item: str, articles):
    """Return article ids and distances from one view to the other of complete rows."""
    theta_query, theta_item, articles = _complete_pairs(topics, query, item, articles)
    return articles, pairwise_jensen_shannon(theta_query, theta_item)


def _chance_average_precision(articles: np.ndarray) -> float:
    """Return the expected average precision of rows ranked at random, by article.

    A constant distance scores less: average precision takes tied items as one.
    """
    n_items = len(articles)
    n_relevant = np.unique(articles, return_counts=True)[1]
    harmonic = np.sum(1 / np.arange(1, n_items + 1))
    others = (n_relevant - 1) / max(n_items - 1, 1) * (n_items - harmonic)
    return float(np.mean(harmonic + others) / n_items)

"""Evaluation of a model by the topics of its views, and by their words."""

import warnings
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklearn_m3l.metrics._articles import mean_over_articles
from sklearn_m3l.metrics._coherence import (
    cross_lingual_npmi,
    npmi_coherence,
    topic_diversity,
)
from sklearn_m3l.metrics._divergence import divergence_blocks, paired_jensen_shannon
from sklearn_m3l.metrics._retrieval import score_retrieval
from sklearn_m3l.metrics._topics import reach_views, topics_by_view
from sklearn_m3l.multiview import MultiView

Pair = tuple[str, str]
Views = tuple[str, ...]

# The name of each metric in tables, and its meaning.
_LABELS = {
    "mrr": "MRR",
    "uap": "UAP",
    "jsd": "JSD",
    "npmi": "NPMI",
    "cross_npmi": "Cross-NPMI",
    "diversity": "Diversity",
}
MEASURES = {
    "MRR": "mean of 1 / rank of an article's own text, searched by its text in the "
    "other language; 1 is best",
    "UAP": "mean average precision of an article's own pictures, searched by its text; "
    "1 is best",
    "JSD": "mean Jensen-Shannon divergence between the topics of two views of an "
    "article: 0 is equal, 0.69 nothing in common; a model that gives all articles the "
    "same topics has 0, too",
    "NPMI": "how much more often than by chance the 10 top words of a topic occur in "
    "the same document, from -1 to 1; 0 is chance",
    "Cross-NPMI": "the same for the 10 top words of a topic in two languages, which "
    "occur in the two texts of an article",
    "Diversity": "share of distinct words among the 25 top words of all topics; 1 if "
    "no two topics share a word",
}
METRICS = tuple(_LABELS)
_OF_TOPICS = ("mrr", "uap", "jsd")
_OF_WORDS = ("npmi", "cross_npmi", "diversity")
# Top words that coherence and diversity use, or all if a language has fewer.
_N_COHERENT, _N_DIVERSE = 10, 25


class Score(NamedTuple):
    """The value of a metric, and what chance would score.

    Parameters
    ----------
    value : float
        The value; NaN if there was nothing to measure.
    chance : float or None, default=None
        The expected value of random ranks, for MRR and UAP.
    n_rows : int or None, default=None
        The number of rows that it was measured on: those that have both views of a
        pair, or the text whose words are counted; None for the diversity of topics.

    Examples
    --------
    >>> from sklearn_m3l.metrics import Score
    >>> Score(0.75, chance=0.1).value
    0.75
    """

    value: float
    chance: float | None = None
    n_rows: int | None = None


def evaluate_alignment(
    estimator: Any,
    X: Any,
    *,
    X_train: Any = None,
    metrics: Iterable[str] | None = None,
    pairs: Iterable[Pair] | None = None,
    n_jobs: int | None = None,
) -> dict[str, Score]:
    """Measure how well a fitted model aligns views, and how good its topics are.

    Topics are inferred from each view separately, and compared over the rows that have
    both views of a pair. The scorers, the report and the command line use this
    function.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView or DataFrame of shape (n_rows, n_views)
        Rows to measure alignment on, preferably held-out ones, in the form that the
        estimator takes. Each article of ``X.groups`` counts once; without groups every
        row is an article. A pipeline gets the groups of a table from its encoder:
        ``MultiViewEncoder(..., groups="page")``.
    X_train : MultiView or DataFrame of shape (n_documents, n_views), default=None
        Documents in which to count the co-occurrence of words, usually the training
        documents; by default those of `X`.
    metrics : iterable of str, default=None
        Some of the names below; by default all.
    pairs : iterable of (str, str), default=None
        Pairs of views, as query and item, for every metric of pairs. Coherence and
        diversity are then measured for the views in the pairs. By default the pairs
        listed in the Notes, over all views of `X` that the model can use.
    n_jobs : int, default=None
        Number of threads that compute distances, as in :func:`pairwise_jensen_shannon`.

    Returns
    -------
    dict of str to Score
        Scores by metric and views, such as "MRR en-de", "JSD de-image" or "NPMI en".
        A metric for which there are no views is left out.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model, or its input is neither a
        MultiView nor word counts.
    ValueError
        If a metric is unknown, `X` lacks a view of a pair or has no view that the model
        can use, or its vocabulary is not that of `fit`.

    Warns
    -----
    UserWarning
        If scores are NaN, because no row has both views of a pair, or no document has a
        word of a text. One warning names them all.

    See Also
    --------
    make_alignment_scorer : The same figures for `cross_validate` and `GridSearchCV`.

    Notes
    -----
    A view is a *text* if the model has words for it or `X` has its word counts; every
    other view is a *picture*.

    - "mrr", from text to text: :func:`mean_reciprocal_rank`
    - "uap", from text to picture: :func:`uninterpolated_average_precision`
    - "jsd", between all views: :func:`mean_jensen_shannon`
    - "npmi", of each text that the model has words for: :func:`npmi_coherence` of the
      10 top words
    - "cross_npmi", of each pair of these texts: :func:`cross_lingual_npmi` of the 10
      top words
    - "diversity", of each of these texts: :func:`topic_diversity` of the 25 top words

    Distances are computed and ranked in blocks that fit the ``working_memory`` of
    :func:`sklearn.config_context`; its size does not change any bit of the result.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.metrics import evaluate_alignment
    >>> train, test = load_gimp_help("train").data[:400], load_gimp_help("test").data
    >>> model = M3LContrastTopicModel(5, max_iter=1, random_state=0).fit(train)
    >>> scores = evaluate_alignment(model, test, X_train=train)
    >>> list(scores)
    ['MRR en-de', 'UAP en-image', 'UAP de-image', 'JSD en-de', 'JSD en-image', \
'JSD de-image', 'NPMI en', 'NPMI de', 'Cross-NPMI en-de', 'Diversity en', \
'Diversity de']
    >>> scores["MRR en-de"].value > scores["MRR en-de"].chance
    True
    >>> pd.DataFrame(scores.values(), index=scores).shape
    (11, 3)
    """
    found = measure(
        estimator, X, X_train=X_train, metrics=metrics, pairs=pairs, n_jobs=n_jobs
    )
    return {
        f"{_LABELS[metric]} {views}": score
        for metric, scores in found.items()
        for views, score in scores.items()
    }


def measure(
    estimator: Any,
    X: Any,
    *,
    X_train: Any = None,
    metrics: Iterable[str] | None = None,
    pairs: Iterable[Pair] | None = None,
    n_jobs: int | None = None,
) -> dict[str, dict[str, Score]]:
    """Return the scores of `evaluate_alignment` by metric, and then by views."""
    wanted = METRICS if metrics is None else check_metrics(metrics)
    given = None if pairs is None else check_pairs(pairs)
    model, data = reach_views(estimator, X, None if given is None else _names_in(given))
    plan = _plan(model, data, wanted, given)
    found: dict[str, dict[str, Score]] = {metric: {} for metric in wanted}

    of_pair: dict[Views, list[str]] = {}
    for metric in _OF_TOPICS:
        for pair in plan.get(metric, ()):
            of_pair.setdefault(pair, []).append(metric)
    topics = topics_by_view(model, data, _names_in(of_pair))
    articles = _article_numbers(data)
    for pair, some in of_pair.items():
        first, second = (topics[name] for name in pair)
        scores = _compare_topics(some, first, second, articles, n_jobs)
        for metric in some:
            found[metric]["-".join(pair)] = scores[metric]

    documents = data
    of_words = {metric: plan[metric] for metric in wanted if metric in _OF_WORDS}
    spoken = _names_in([*of_words.get("npmi", []), *of_words.get("cross_npmi", [])])
    if X_train is not None and spoken:
        _, documents = reach_views(estimator, X_train, spoken, "X_train")
    for metric, views in of_words.items():
        for names in views:
            value = _score_words(metric, model, documents, names)
            n_rows = None if metric == "diversity" else _n_rows(documents, names)
            found[metric]["-".join(names)] = Score(value, n_rows=n_rows)
    _warn_of_nan(found)
    return found


def _plan(
    model: Any, data: MultiView, metrics: Iterable[str], pairs: Sequence[Pair] | None
) -> dict[str, list[Views]]:
    """Return the views or pairs of views that each metric is measured on."""
    names = model.usable_views(data) if pairs is None else _names_in(pairs)
    texts = [n for n in names if n in model.vocabularies_ or data[n].is_text]
    spoken = [name for name in texts if name in model.vocabularies_]
    pictures = [name for name in names if name not in texts]
    plan: dict[str, list[Views]] = {
        "mrr": list(combinations(texts, 2)),
        "uap": list(product(texts, pictures)),
        "jsd": list(combinations([*texts, *pictures], 2)),
        "npmi": [(name,) for name in spoken],
        "cross_npmi": list(combinations(spoken, 2)),
        "diversity": [(name,) for name in model.vocabularies_],
    }
    if pairs is not None:
        plan["diversity"] = plan["npmi"]
        plan |= {metric: list(pairs) for metric in _OF_TOPICS}
        plan["cross_npmi"] = [p for p in pairs if p[0] in spoken and p[1] in spoken]
    return {metric: plan[metric] for metric in metrics}


def _compare_topics(
    metrics: Sequence[str],
    first: np.ndarray,
    second: np.ndarray,
    articles: np.ndarray,
    n_jobs: int | None,
) -> dict[str, Score]:
    """Return metrics of two views over the rows that have both; NaN without any."""
    both = ~np.isnan(first[:, 0]) & ~np.isnan(second[:, 0])
    n_rows = int(both.sum())
    if n_rows == 0:
        return dict.fromkeys(metrics, Score(np.nan, n_rows=0))
    first, second, articles = first[both], second[both], articles[both]
    scores = {}
    ranked = [metric for metric in metrics if metric in _CHANCE]
    if ranked:
        distances_of = divergence_blocks(first, second, n_jobs=n_jobs)
        values = score_retrieval(ranked, distances_of, articles, articles)
        scores = {m: Score(values[m], _CHANCE[m](articles), n_rows) for m in ranked}
    if "jsd" in metrics:
        divergences = paired_jensen_shannon(first, second)
        value = mean_over_articles(divergences, articles)
        scores["jsd"] = Score(value, n_rows=n_rows)
    return scores


def _n_rows(documents: MultiView, names: Views) -> int:
    """Return the number of rows that have all of some views."""
    return int(np.all([documents[name].present for name in names], axis=0).sum())


def _chance_reciprocal_rank(articles: np.ndarray) -> float:
    """Return the expected reciprocal rank of an article among all, ranked at random."""
    n_articles = len(np.unique(articles))
    return float(np.mean(1 / np.arange(1, n_articles + 1)))


def _chance_average_precision(articles: np.ndarray) -> float:
    """Return the expected average precision of rows ranked at random, by article.

    A constant distance scores less, because average precision treats tied items as one.
    """
    n_items = len(articles)
    n_relevant = np.unique(articles, return_counts=True)[1]
    harmonic = np.sum(1 / np.arange(1, n_items + 1))
    others = (n_relevant - 1) / max(n_items - 1, 1) * (n_items - harmonic)
    return float(np.mean(harmonic + others) / n_items)


_CHANCE = {"mrr": _chance_reciprocal_rank, "uap": _chance_average_precision}


def _score_words(metric: str, model: Any, documents: MultiView, views: Views) -> float:
    """Return coherence in documents, or diversity; NaN without words to measure."""
    if metric == "diversity":
        words = model.top_words(views[0], _N_DIVERSE)
        return topic_diversity(words, n_words=len(words[0]))
    if metric == "npmi":
        return score_coherence(model, documents, views[0])
    return float(np.mean(topic_coherence(model, documents, views)))


def topic_coherence(model: Any, documents: MultiView, views: Views) -> np.ndarray:
    """Return the cross-lingual coherence of each topic; NaN without words in both."""
    counts = [_word_counts(model, documents, name) for name in views]
    spoken = [np.asarray(of_view.sum(axis=1)).ravel() > 0 for of_view in counts]
    if not (spoken[0] & spoken[1]).any():
        return np.full(len(model.components_), np.nan)
    vocabularies = [model.vocabularies_[name] for name in views]
    n_words = min(_N_COHERENT, *map(len, vocabularies))
    topics = [model.top_words(name, n_words) for name in views]
    return np.asarray(
        cross_lingual_npmi(
            *topics, *counts, *vocabularies, n_words=n_words, average=False
        )
    )


def score_coherence(
    model: Any, documents: MultiView, view: str, n_words: int | None = None
) -> float:
    """Return the mean coherence of a model's topics in one language.

    NaN if no document has a word that the model knows, or it knows only one word.
    """
    counts, vocabulary = _word_counts(model, documents, view), model.vocabularies_[view]
    if n_words is None:
        n_words = min(_N_COHERENT, len(vocabulary))
    if len(vocabulary) < n_words:
        raise ValueError(
            f"view {view!r} has {len(vocabulary)} words, fewer than n_words={n_words}"
        )
    if n_words < 2 or not counts.sum():
        return np.nan
    topics = model.top_words(view, n_words)
    return npmi_coherence(topics, counts, vocabulary, n_words=n_words)


def _word_counts(model: Any, X: MultiView, view: str) -> Any:
    """Return the word counts of a view; refuse a vocabulary other than the model's.

    A view without counts has a word in no row.
    """
    given, vocabulary = X[view], np.asarray(model.vocabularies_[view])
    if given.counts is None:
        return sparse.csr_array((len(X), len(vocabulary)))
    if given.counts.shape[1] != len(vocabulary):
        raise ValueError(
            f"view {view!r} of X has counts of {given.counts.shape[1]} words, but the "
            f"model was fitted on {len(vocabulary)}"
        )
    if given.vocabulary is not None and any(given.vocabulary != vocabulary):
        raise ValueError(
            f"view {view!r} of X has a different vocabulary than in fit; count its "
            "words with the vectorizer that was fitted on the training data"
        )
    if given.present.all():
        return given.counts
    return given.counts.multiply(given.present[:, np.newaxis]).tocsr()


def _warn_of_nan(found: dict[str, dict[str, Score]]) -> None:
    """Name all scores that could not be measured, in one warning."""
    unmeasured = [
        f"{_LABELS[metric]} {views}"
        for metric, scores in found.items()
        for views, score in scores.items()
        if np.isnan(score.value)
    ]
    if unmeasured:
        warnings.warn(
            f"{', '.join(unmeasured)}: NaN, because no row has the views that they "
            "measure, or known words in them",
            UserWarning,
            stacklevel=4,
        )


def _article_numbers(X: MultiView) -> np.ndarray:
    """Return the article of each row as a number, by default a separate one."""
    if X.groups is None:
        return np.arange(len(X))
    return np.unique(X.groups, return_inverse=True)[1]


def _names_in(views: Iterable[Views]) -> list[str]:
    """Return the views that are named, each once."""
    return list(dict.fromkeys(name for names in views for name in names))


def check_metrics(metrics: Iterable[str]) -> tuple[str, ...]:
    """Return the names of metrics, each once; refuse unknown ones."""
    if isinstance(metrics, str):
        raise TypeError(f"metrics is a list of names, such as [{metrics!r}]")
    names = tuple(dict.fromkeys(metrics))
    if not names or not set(names) <= set(METRICS):
        raise ValueError(
            f"metrics={list(names)} must name some of {', '.join(METRICS)}"
        )
    return names


def check_pairs(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Return pairs of views, each once; refuse anything else."""
    checked = tuple(dict.fromkeys(check_pair(pair) for pair in pairs))
    if not checked:
        raise ValueError("pairs is empty; give pairs of views, or None")
    return checked


def check_pair(pair: Any) -> Pair:
    """Refuse anything but two different names."""
    if isinstance(pair, str) or len(pair) != 2:
        raise ValueError(f"{pair!r} is not a pair of views; give two names")
    first, second = pair
    if not isinstance(first, str) or not isinstance(second, str):
        raise TypeError(f"views are named by strings, not as in {pair!r}")
    if first == second:
        raise ValueError(f"a pair needs two views, but both are {first!r}")
    return first, second

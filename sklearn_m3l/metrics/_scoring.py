"""What the scorers compute from a fitted model and the rows that it is scored on."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_m3l.metrics._coherence import npmi_coherence
from sklearn_m3l.metrics._divergence import mean_jensen_shannon, pairwise_jensen_shannon
from sklearn_m3l.metrics._retrieval import (
    mean_reciprocal_rank,
    uninterpolated_average_precision,
)
from sklearn_m3l.multiview import MultiView

Pair = tuple[str, str]


def view_names(X: Any) -> list[str]:
    """Return the views of a MultiView, or the columns of a DataFrame."""
    names = X.view_names if isinstance(X, MultiView) else getattr(X, "columns", None)
    if names is None:
        raise TypeError(
            "the views of a MultiView or the columns of a DataFrame can be scored, but "
            f"X is a {type(X).__name__}"
        )
    return list(names)


def check_known(wanted: Iterable[str], names: Iterable[str]) -> None:
    """Refuse names that are no view of X."""
    for name in wanted:
        if name not in names:
            raise ValueError(
                f"X has no view {name!r}; it has {', '.join(map(str, names))}"
            )


def article_ids(X: MultiView) -> np.ndarray:
    """Return the article of each row, by default one each."""
    return np.arange(len(X)) if X.groups is None else X.groups


def infer_topics(estimator: Any, X: Any) -> np.ndarray:
    """Infer topics, NaN in rows that lack the view."""
    with warnings.catch_warnings():
        # Such rows are looked for: they are left out of the pair.
        warnings.filterwarnings("ignore", r"\d+ of \d+ rows have none of the views")
        return np.asarray(estimator.transform(X))


def measure_pair(
    metrics: Iterable[str],
    pair: Pair,
    topics: dict[str, np.ndarray],
    articles: np.ndarray,
) -> dict[str, float]:
    """Return some metrics of one pair, of the rows that have both views."""
    first, second = (topics[name] for name in pair)
    present = [~np.isnan(theta[:, 0]) for theta in (first, second)]
    both = present[0] & present[1]
    if not both.any():
        raise ValueError(
            f"no row has both views {pair[0]!r} and {pair[1]!r}: of {len(both)} rows "
            f"{present[0].sum()} have {pair[0]!r} and {present[1].sum()} {pair[1]!r}"
        )
    first, second, articles = first[both], second[both], articles[both]
    scores = {}
    if any(metric in ("mrr", "uap") for metric in metrics):
        distances = pairwise_jensen_shannon(first, second, n_jobs=None)
    for metric in metrics:
        if metric == "mrr":
            scores[metric] = mean_reciprocal_rank(distances, articles, articles)
        elif metric == "uap":
            scores[metric] = uninterpolated_average_precision(
                distances, articles, articles
            )
        else:
            scores[metric] = -mean_jensen_shannon(first, second, articles)
    return scores


def coherence(model: Any, X: Any, view: str | None, n_words: int) -> float:
    """Return the mean coherence of a model's topics in the texts of `X`."""
    texts = list(model.vocabularies_)
    if view is None and len(texts) == 1:
        view = texts[0]
    if view is None or view not in texts:
        raise ValueError(
            f"the model has no words in view {view!r}; choose one of {', '.join(texts)}"
        )
    vocabulary = np.asarray(model.vocabularies_[view])
    counts = _counts(X, view, vocabulary)
    if counts.shape[1] != len(vocabulary):
        raise ValueError(
            f"view {view!r} of X has counts of {counts.shape[1]} words, but the model "
            f"was fitted on {len(vocabulary)}"
        )
    if len(vocabulary) < n_words:
        raise ValueError(
            f"view {view!r} has {len(vocabulary)} words, fewer than n_words={n_words}"
        )
    if not counts.sum():
        raise ValueError(f"no row of X has a known word in view {view!r}")
    return npmi_coherence(
        model.top_words(view, n_words), counts, vocabulary, n_words=n_words
    )


def _counts(X: Any, view: str, vocabulary: np.ndarray) -> Any:
    """Return the word counts of a view; refuse those of other words."""
    if not isinstance(X, MultiView):
        return sparse.csr_array(X)
    check_known([view], X.view_names)
    if X[view].counts is None:
        raise ValueError(f"view {view!r} of X has no word counts")
    own = X[view].vocabulary
    if own is not None and len(own) == len(vocabulary) and any(own != vocabulary):
        raise ValueError(
            f"view {view!r} of X has another vocabulary than in fit; count its words "
            "with the vectorizer that was fitted on the training data"
        )
    return X[view].counts

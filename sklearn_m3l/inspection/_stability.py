"""Match topics of two models, and measure their stability over seeds and samples."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.inspection._inputs import topic_names
from sklearn_m3l.inspection._similarity import (
    shared_texts,
    shared_words,
    word_similarity,
)
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval, validate_params

_POSITIVE = [Interval(Integral, 1, None, closed="left")]


@validate_params(
    {
        "estimator_a": "no_validation",
        "estimator_b": "no_validation",
        "views": "no_validation",
        "n_words": _POSITIVE,
    },
    prefer_skip_nested_validation=True,
)
def match_topics(
    estimator_a: Any,
    estimator_b: Any,
    *,
    views: Sequence[str] | None = None,
    n_words: int = 10,
) -> pd.DataFrame:
    """Find the counterparts of the topics of one model in another.

    Topics are matched one to one, so that the sum of the similarities of their word
    distributions is largest.

    Parameters
    ----------
    estimator_a, estimator_b : estimator
        Fitted topic models, or pipelines that end with one. They may differ in class,
        number of topics, and vocabulary.
    views : sequence of str, default=None
        The languages to compare; by default all for which both models have words.
    n_words : int, default=10
        Top words per topic and language to compare.

    Returns
    -------
    DataFrame of shape (max(n_topics_a, n_topics_b), 6)
        One row per pair of topics, the most similar first, and then one per topic
        without a counterpart, with the columns

        - "topic_a", "topic_name_a", "topic_b", "topic_name_b": numbers and names of the
          topics, missing if there is no counterpart;
        - "similarity": 1 minus the Jensen-Shannon divergence of their word
          distributions in bits, averaged over languages: 1 if they are equal, 0 if they
          have no word in common;
        - "shared_words": share of the top words that they have in common, averaged over
          languages.

    Raises
    ------
    TypeError
        If an estimator does not end with a topic model.
    ValueError
        If the models share no language, or do not share one of `views`.

    See Also
    --------
    topic_stability : The same over several fits of one model.
    sklearn_m3l.display.compare_models : Scores of several models in one table.

    References
    ----------
    .. [1] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval
       Research Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import match_topics
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(4, max_iter=5, random_state=0).fit(X)
    >>> other = PolylingualLDA(5, max_iter=5, random_state=1).fit(X)
    >>> table = match_topics(model, other)
    >>> len(table), int(table["topic_a"].isna().sum())
    (5, 1)
    """
    a, b = (reach_topic_model(e, None)[0] for e in (estimator_a, estimator_b))
    languages = shared_texts(a, b, views)
    similarity = word_similarity(a, b, languages)
    in_common = shared_words(a, b, languages, n_words)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    order = np.argsort(-similarity[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    alone_a = np.setdiff1d(np.arange(similarity.shape[0]), rows)
    alone_b = np.setdiff1d(np.arange(similarity.shape[1]), columns)
    matched, n_alone = similarity[rows, columns], len(alone_a) + len(alone_b)
    table = pd.DataFrame(
        {
            "topic_a": [*rows, *alone_a, *[pd.NA] * len(alone_b)],
            "topic_b": [*columns, *[pd.NA] * len(alone_a), *alone_b],
            "similarity": [*matched, *[np.nan] * n_alone],
            "shared_words": [*in_common[rows, columns], *[np.nan] * n_alone],
        }
    ).astype({"topic_a": "Int64", "topic_b": "Int64"})
    for place, (side, model) in enumerate((("a", a), ("b", b))):
        names = dict(enumerate(topic_names(model)))
        called = [names.get(topic) for topic in table[f"topic_{side}"]]
        column = pd.Series(called, dtype=object)
        table.insert(2 * place + 1, f"topic_name_{side}", column)
    return table


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "n_runs": _POSITIVE,
        "bootstrap": ["boolean"],
        "n_words": _POSITIVE,
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def topic_stability(
    estimator: Any,
    X: Any,
    n_runs: int = 5,
    *,
    bootstrap: bool = False,
    n_words: int = 10,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Measure how stable the topics of a fitted model are.

    The model is fitted again `n_runs` times, with other seeds and, with `bootstrap`, on
    other samples of the articles. The topics of each run are matched with those of the
    model. A topic that comes back in every run describes the corpus; one that does not
    may be an accident of the seed.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
        Of a pipeline, only the topic model is fitted again.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        The rows that the model was fitted on, in the form that the estimator takes.
    n_runs : int, default=5
        Number of times to fit the model again.
    bootstrap : bool, default=False
        Whether articles (``X.groups``; each row without them) are drawn with
        replacement for each run, as many as there are. Otherwise only the seed differs.
    n_words : int, default=10
        Top words per topic and language to compare.
    random_state : int, RandomState instance or None, default=None
        Seed of the runs.
    n_jobs : int, default=None
        Number of runs at the same time, in processes of joblib.

    Returns
    -------
    DataFrame of shape (n_topics, 7)
        One row per topic of the model, with the columns

        - "topic", "topic_name": its number and name;
        - "stability": similarity to its match, averaged over runs; see "similarity" of
          :func:`match_topics`;
        - "lowest": the lowest similarity of any run;
        - "runner_up": similarity to the most similar other topic of a run, averaged
          over runs; a topic is stable if "stability" is well above it;
        - "shared_words": share of the top words that it has in common with its match,
          averaged over runs and languages;
        - "n_runs": number of runs.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    NotFittedError
        If the model is not fitted.

    See Also
    --------
    match_topics : The same for two fitted models.
    sklearn_m3l.display.TopicStabilityDisplay : The stability as a figure.

    Notes
    -----
    The runs write no checkpoints. They depend only on `random_state`, not on `n_jobs`.

    References
    ----------
    .. [1] D. Greene, D. O'Callaghan and P. Cunningham, "How Many Topics? Stability
       Analysis for Topic Models", ECML-PKDD 2014.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import topic_stability
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(4, max_iter=5, random_state=0).fit(X)
    >>> table = topic_stability(model, X, n_runs=2, random_state=0)
    >>> table.shape
    (4, 7)
    """
    reference, data = reach_topic_model(estimator, X)
    check_is_fitted(reference)
    languages = list(reference.vocabularies_)
    rng = private_generator(random_state)
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_runs)
    models = Parallel(n_jobs=n_jobs)(
        delayed(_fit_again)(reference, data, seed, bootstrap) for seed in seeds
    )
    stability = np.empty((n_runs, len(reference.components_)))
    runner_up, words = np.empty_like(stability), np.empty_like(stability)
    for run, model in enumerate(models):
        similarity = word_similarity(reference, model, languages)
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        stability[run] = similarity[rows, columns]
        in_common = shared_words(reference, model, languages, n_words)
        words[run] = in_common[rows, columns]
        similarity[rows, columns] = -np.inf
        runner_up[run] = similarity.max(axis=1)
    runner_up[np.isinf(runner_up)] = np.nan  # a single topic has no other
    return pd.DataFrame(
        {
            "topic": np.arange(stability.shape[1]),
            "topic_name": pd.Series(topic_names(reference), dtype=object),
            "stability": stability.mean(axis=0),
            "lowest": stability.min(axis=0),
            "runner_up": runner_up.mean(axis=0),
            "shared_words": words.mean(axis=0),
            "n_runs": n_runs,
        }
    )


def _fit_again(model: Any, X: Any, seed: int, bootstrap: bool) -> Any:
    """Fit a copy of a model with another seed, or on another sample of articles."""
    rng = np.random.RandomState(seed)
    copy = clone(model)
    parameters = copy.get_params()
    # Reseed a student and its teacher; a frozen teacher keeps its topics.
    changed = {
        name: rng.randint(np.iinfo(np.int32).max)
        for name in sorted(parameters)
        if name == "random_state" or name.endswith("__random_state")
    }
    changed |= {name: None for name in parameters if name.endswith("checkpoint")}
    copy.set_params(**changed)
    return copy.fit(_resample(X, rng) if bootstrap else X)


def _resample(X: Any, rng: np.random.RandomState) -> Any:
    """Draw articles with replacement; rows of an article stay together.

    An article that is drawn twice stays one article, so that its rows are never each
    other's negatives.
    """
    if not isinstance(X, MultiView):
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        rows = rng.randint(n_rows, size=n_rows)
        return X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows]
    ids = np.arange(len(X)) if X.groups is None else X.groups
    _, article = np.unique(ids, return_inverse=True)
    n_articles = article.max() + 1
    drawn = rng.randint(n_articles, size=n_articles)
    members = np.split(
        np.argsort(article, kind="stable"), np.cumsum(np.bincount(article))[:-1]
    )
    rows = np.concatenate([members[number] for number in drawn])
    part = X[rows]
    return MultiView(part.views, index=part.index, groups=ids[rows])

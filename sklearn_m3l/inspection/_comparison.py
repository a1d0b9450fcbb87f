"""Differences between views: in the prevalence of topics, and in single rows."""

import warnings
from collections.abc import Iterable
from itertools import combinations
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_m3l.inspection._bootstrap import (
    PARAMETERS,
    article_means,
    bootstrap_interval,
)
from sklearn_m3l.inspection._inputs import (
    article_ids,
    check_proportions,
    reach_usable_views,
    table_of,
    topic_names,
)
from sklearn_m3l.metrics import paired_jensen_shannon
from sklearn_m3l.metrics._alignment import check_pairs, topic_coherence
from sklearn_m3l.metrics._articles import first_of_each
from sklearn_m3l.metrics._topics import topics_by_view
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval, validate_params

Pair = tuple[str, str]


@validate_params(
    {"A": ["array-like"], "B": ["array-like"], "groups": ["array-like", None]}
    | PARAMETERS,
    prefer_skip_nested_validation=True,
)
def prevalence_difference(
    A: ArrayLike,
    B: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> pd.DataFrame:
    """Compare the prevalence of each topic in two aligned views.

    Row i of A and row i of B are two views of one tuple. Only rows that have both are
    compared, so a difference is never due to different articles.

    Parameters
    ----------
    A, B : array-like of shape (n_rows, n_topics)
        Topic proportions of the two views, rows that sum to 1. A row of only NaN is an
        absent view.
    groups : array-like of shape (n_rows,), default=None
        Article ids. Each article counts once, by the mean of its rows, and articles are
        resampled; without ids, every row is an article.
    n_resamples : int, default=1000
        Number of resamples of articles for the interval.
    confidence_level : float, default=0.95
        Confidence level of the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling. Pass an int for the same interval in every call.

    Returns
    -------
    DataFrame of shape (n_topics, 9)
        One row per topic, with the columns

        - "topic": its number;
        - "prevalence_a", "prevalence_b": mean proportion in each view;
        - "difference": prevalence in B minus that in A;
        - "low", "high": bootstrap interval of the difference;
        - "correlation": Pearson correlation, over articles, between the proportions in
          the two views; NaN if a view has the same proportion in all articles;
        - "n_rows", "n_articles": numbers of those that have both views.

    Raises
    ------
    ValueError
        If a row is not a distribution, the shapes differ, or fewer than two articles
        have both views.

    See Also
    --------
    compare_views : The same for the views of a fitted model.

    Notes
    -----
    The interval is the symmetric bootstrap t interval over articles [1]_. If most
    articles have next to nothing of a topic and a few have much, it still covers the
    truth about as often as promised, unlike the percentile interval; with few articles
    it is wide. It holds for one topic at a time: of 100 topics that do not differ at
    all, up to about five have a 95% interval that excludes 0.

    References
    ----------
    .. [1] P. Hall, "On Symmetric Bootstrap Confidence Intervals", Journal of the Royal
       Statistical Society B 50(1), 1988.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l.inspection import prevalence_difference
    >>> rng = np.random.default_rng(0)
    >>> english = rng.dirichlet([1, 1, 2], 200)
    >>> german = rng.dirichlet([2, 1, 1], 200)
    >>> table = prevalence_difference(english, german, random_state=0)
    >>> table[["topic", "difference", "low", "high"]].round(2)
       topic  difference   low  high
    0      0        0.21  0.17  0.26
    1      1        0.01 -0.03  0.05
    2      2       -0.22 -0.26 -0.18
    """
    a, b = check_proportions(A, "A"), check_proportions(B, "B")
    if a.shape != b.shape:
        raise ValueError(
            f"the shapes of A and B differ: {a.shape} and {b.shape}; row i of each "
            "must be two views of one tuple, over the same topics"
        )
    ids = article_ids(groups, len(a))
    both = ~np.isnan(a[:, 0]) & ~np.isnan(b[:, 0])
    n_articles = len(np.unique(ids[both]))
    if n_articles < 2:
        raise ValueError(
            f"{both.sum()} rows of {n_articles} articles have both views; a comparison "
            "needs at least 2 articles"
        )
    mean_a, mean_b = (article_means(theta[both], ids[both]) for theta in (a, b))
    low, high = bootstrap_interval(
        mean_b - mean_a,
        bounds=(-1, 1),
        symmetric=True,
        n_resamples=n_resamples,
        confidence_level=confidence_level,
        random_state=random_state,
    )
    return pd.DataFrame(
        {
            "topic": np.arange(a.shape[1]),
            "prevalence_a": mean_a.mean(axis=0),
            "prevalence_b": mean_b.mean(axis=0),
            "difference": (mean_b - mean_a).mean(axis=0),
            "low": low,
            "high": high,
            "correlation": _correlation(mean_a, mean_b),
            "n_rows": both.sum(),
            "n_articles": n_articles,
        }
    )


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "pairs": "no_validation",
    }
    | PARAMETERS,
    prefer_skip_nested_validation=True,
)
def compare_views(
    estimator: Any,
    X: Any,
    *,
    pairs: Iterable[Pair] | None = None,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> pd.DataFrame:
    """Compare the prevalence of each topic between languages and pictures.

    Topics are inferred from each view separately. Two views are compared over the rows
    that have both, so a difference means that the views of an article weigh a topic
    differently, not that they belong to different articles.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView or DataFrame of shape (n_rows, n_views)
        Rows, in the form that the estimator takes. Each article of ``X.groups`` counts
        once; a pipeline gets the groups of a table from its encoder.
    pairs : iterable of (str, str), default=None
        Pairs of views; by default all pairs of views of `X` that the model can use.
    n_resamples : int, default=1000
        Number of resamples of articles for the interval.
    confidence_level : float, default=0.95
        Confidence level of the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling. Pass an int for the same interval in every call.

    Returns
    -------
    DataFrame of shape (n_pairs * n_topics, 13)
        One row per pair of views and topic, with the columns

        - "view_a", "view_b": the pair;
        - "topic", "topic_name": number and name of the topic;
        - "prevalence_a", "prevalence_b": mean proportion in each view;
        - "difference": prevalence in view b minus that in view a;
        - "low", "high": bootstrap interval of the difference;
        - "correlation": Pearson correlation, over articles, between the proportions in
          the two views; low if the views disagree about which articles have a topic;
        - "npmi": cross-lingual NPMI of the 10 top words of the topic in the two
          languages, counted in `X`; near 0 or below if they do not match. NaN unless
          both views are texts with word counts that the model knows;
        - "n_rows", "n_articles": numbers of those that have both views.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model, or `X` has no views.
    ValueError
        If `X` lacks a view of a pair, the model cannot use it, there are fewer than two
        views, or fewer than two articles have both views of a pair.

    Warns
    -----
    UserWarning
        If, without `pairs`, pairs of views are left out for that reason.

    See Also
    --------
    prevalence_difference : The same for given proportions.
    disagreements : The rows whose views differ most.
    sklearn_m3l.display.ViewComparisonDisplay : The differences as a figure.

    Notes
    -----
    See :func:`prevalence_difference` for the interval. A difference can also be due to
    the model, such as to topics that have few words in one language; "npmi" and
    "correlation" show whether the topic is the same in both views.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import compare_views
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> table = compare_views(model, X, random_state=0)
    >>> table.shape
    (5, 13)
    >>> widest = table.sort_values("difference", key=abs, ascending=False)
    """
    model, data, chosen = _reach_pairs(estimator, X, pairs, n_articles=2)
    topics, names = topics_by_view(model, data), topic_names(model)
    # Pairs with the same rows resample the same articles.
    seed = private_generator(random_state).randint(np.iinfo(np.int32).max)
    tables = []
    for pair in chosen:
        table = prevalence_difference(
            *(topics[view] for view in pair),
            data.groups,
            n_resamples=n_resamples,
            confidence_level=confidence_level,
            random_state=seed,
        )
        table.insert(0, "view_a", pair[0])
        table.insert(1, "view_b", pair[1])
        table.insert(3, "topic_name", pd.Series(names, dtype=object))
        npmi = _cross_npmi(model, data, pair)
        table.insert(table.columns.get_loc("n_rows"), "npmi", npmi)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "pairs": "no_validation",
        "n": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def disagreements(
    estimator: Any,
    X: Any,
    *,
    pairs: Iterable[Pair] | None = None,
    n: int | None = 20,
) -> pd.DataFrame:
    """Find the rows whose views differ most in their topics.

    These rows are worth reading: texts that tell a different story in another language,
    pictures that do not fit, or cells in the wrong row.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView or DataFrame of shape (n_rows, n_views)
        Rows, in the form that the estimator takes.
    pairs : iterable of (str, str), default=None
        Pairs of views; by default all pairs of views of `X` that the model can use.
    n : int or None, default=20
        Rows per pair of views; None for all rows that have both.

    Returns
    -------
    DataFrame of shape (n_found, 11)
        At most `n` rows per pair of views, the most different first. Each article of
        ``X.groups`` appears only with its most different row. The columns are

        - "view_a", "view_b": the pair;
        - "row", "label": position of the row in `X`, and its label;
        - "divergence": Jensen-Shannon divergence between the topics of the two views,
          in nats: 0 if they are equal, 0.69 if they have nothing in common;
        - "topic_a", "topic_name_a", "proportion_a": the topic with the largest
          proportion in view a, its name, and its proportion;
        - "topic_b", "topic_name_b", "proportion_b": the same in view b.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model, or `X` has no views.
    ValueError
        If `X` lacks a view of a pair, the model cannot use it, there are fewer than two
        views, or no row has both views of a pair.

    Warns
    -----
    UserWarning
        If, without `pairs`, pairs of views are left out for that reason.

    See Also
    --------
    compare_views : The average differences of views.
    sklearn_m3l.metrics.paired_jensen_shannon : The divergence of given proportions.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import disagreements
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> rows = disagreements(model, X, n=3)
    >>> rows.shape
    (3, 11)
    >>> bool(rows["divergence"].is_monotonic_decreasing)
    True
    """
    model, data, chosen = _reach_pairs(estimator, X, pairs, n_articles=1)
    topics, names = topics_by_view(model, data), np.array(topic_names(model), object)
    ids = article_ids(data.groups, len(data))
    tables = []
    for pair in chosen:
        divergences = paired_jensen_shannon(*(topics[view] for view in pair))
        known = np.flatnonzero(~np.isnan(divergences))
        widest = known[np.argsort(-divergences[known], kind="stable")]
        rows = first_of_each(ids, widest)[:n]
        found = {
            "view_a": pair[0],
            "view_b": pair[1],
            "row": rows,
            "label": data.index[rows],
            "divergence": divergences[rows],
        }
        for side, view in zip("ab", pair, strict=True):
            theta = topics[view][rows]
            largest = theta.argmax(axis=1)
            found[f"topic_{side}"] = largest
            found[f"topic_name_{side}"] = names[largest]
            found[f"proportion_{side}"] = theta.max(axis=1)
        tables.append(table_of(found))
    return pd.concat(tables, ignore_index=True)


def _reach_pairs(
    estimator: Any, X: Any, pairs: Iterable[Pair] | None, n_articles: int
) -> tuple[Any, MultiView, list[Pair]]:
    """Return the model, its views, and the pairs that enough articles have."""
    given = None if pairs is None else check_pairs(pairs)
    named = None if given is None else list(dict.fromkeys(sum(given, ())))
    model, data = reach_usable_views(estimator, X, named)
    candidates = list(combinations(data.view_names, 2)) if given is None else given
    if not candidates:
        raise ValueError(
            "a comparison needs two views that the model can use; X has only "
            f"{data.view_names[0]}"
        )
    ids = article_ids(data.groups, len(data))
    met: list[Pair] = []
    apart: list[Pair] = []
    for pair in candidates:
        both = data[pair[0]].present & data[pair[1]].present
        enough = len(np.unique(ids[both])) >= n_articles
        (met if enough else apart).append(pair)
    if apart:
        named_pairs = ", ".join("-".join(pair) for pair in apart)
        few = "no row has" if n_articles == 1 else "fewer than 2 articles have"
        message = f"{few} both views of {named_pairs}"
        if given is not None or not met:
            raise ValueError(message)
        warnings.warn(f"{message}; left out", UserWarning, stacklevel=4)
    return model, data, met


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlation of columns of two arrays; NaN if one is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.divide(
        (a * b).sum(axis=0), scale, out=np.full(len(scale), np.nan), where=scale > 1e-12
    )


def _cross_npmi(model: Any, X: MultiView, pair: Pair) -> Any:
    """Return the coherence of each topic between two languages, NaN for pictures."""
    if any(view not in model.vocabularies_ or not X[view].is_text for view in pair):
        return np.nan
    return topic_coherence(model, X, pair)

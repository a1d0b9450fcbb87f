"""Prevalence of topics over time, categories and numbers."""

import warnings
from collections.abc import Sequence
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
from sklearn_m3l.inspection._levels import to_levels
from sklearn_m3l.metrics._topics import infer_topics, reach_topic_model, topics_by_view
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import StrOptions, validate_params


@validate_params(
    {
        "theta": ["array-like"],
        "values": ["array-like"],
        "groups": ["array-like", None],
        "bins": "no_validation",
    }
    | PARAMETERS,
    prefer_skip_nested_validation=True,
)
def mean_proportions(
    theta: ArrayLike,
    values: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    bins: int | Sequence[float] | str | None = None,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> pd.DataFrame:
    """Average topic proportions over the rows of each date, category or number.

    Parameters
    ----------
    theta : array-like of shape (n_rows, n_topics)
        Topic proportions, rows that sum to 1. Rows of only NaN are left out.
    values : array-like of shape (n_rows,)
        Dates, names of categories, or numbers; see `prevalence_by`.
    groups : array-like of shape (n_rows,), default=None
        Article ids. Each article counts once within a level, by the mean of its rows,
        and articles are resampled; without ids, every row is an article.
    bins : int, sequence of float, str or None, default=None
        How values become levels; see `prevalence_by`.
    n_resamples : int, default=1000
        Number of resamples of articles for the interval.
    confidence_level : float, default=0.95
        Confidence level of the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling. Pass an int for the same interval in every call.

    Returns
    -------
    DataFrame of shape (n_levels * n_topics, 7)
        One row per level and topic, with the columns "value" (the level), "topic",
        "prevalence", "low", "high", "n_rows" and "n_articles".

    Raises
    ------
    ValueError
        If a row is not a distribution, the lengths differ, the values do not parse, or
        fewer than two articles have a value and proportions.

    Warns
    -----
    UserWarning
        If rows have no value, or a level has a single article and therefore no
        interval.

    See Also
    --------
    prevalence_by : The same for a fitted model.

    Notes
    -----
    The interval is the bootstrap t interval over articles [1]_, for one level and topic
    at a time. If most articles have next to nothing of a topic and a few have much, it
    still covers the truth about as often as promised, unlike the percentile interval;
    with few articles it is wide.

    References
    ----------
    .. [1] P. Hall, "Theoretical Comparison of Bootstrap Confidence Intervals", The
       Annals of Statistics 16(3), 1988.

    Examples
    --------
    >>> from sklearn_m3l.inspection import mean_proportions
    >>> theta = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9]]
    >>> table = mean_proportions(
    ...     theta, ["news", "news", "news", "sports", "sports"], random_state=0
    ... )
    >>> table[["value", "topic", "prevalence", "n_rows"]].round(2)
        value  topic  prevalence  n_rows
    0    news      0        0.80       3
    1    news      1        0.20       3
    2  sports      0        0.15       2
    3  sports      1        0.85       2
    """
    checked = check_proportions(theta, "theta")
    labels = np.arange(len(checked))
    table = _average(
        checked,
        to_levels(values, bins, labels),
        article_ids(groups, len(checked)),
        n_resamples=n_resamples,
        confidence_level=confidence_level,
        random_state=random_state,
    )
    _warn_of_gaps(pd.isna(values), table)
    return table


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "values": [str, "array-like"],
        "bins": "no_validation",
        "by": [StrOptions({"row", "view"})],
        "views": "no_validation",
    }
    | PARAMETERS,
    prefer_skip_nested_validation=True,
)
def prevalence_by(
    estimator: Any,
    X: Any,
    values: Any,
    *,
    bins: int | Sequence[float] | str | None = None,
    by: str = "view",
    views: Sequence[str] | None = None,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> pd.DataFrame:
    """Average topic proportions over time, categories or numbers, by view.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        Rows, in the form that the estimator takes. Each article of ``X.groups`` counts
        once within a level; a pipeline gets the groups of a table from its encoder.
    values : str or array-like of shape (n_rows,)
        Values to group rows by: dates, names of categories, or numbers; a string is the
        name of a column of the table `X`. Rows without a value are left out.
    bins : int, sequence of float, str or None, default=None
        How values become levels.

        - None: dates become years. More than 20 distinct numbers become 10 bins with
          equally many rows. Any other value is a level.
        - str: dates become periods of this pandas frequency, such as "Y", "Q", "M" or
          "W". Strings are parsed, such as "1999-12-31" or "1999-12" (ISO 8601).
        - int: numbers become this many bins with equally many rows.
        - sequence of float: numbers become bins with these edges.
    by : {"view", "row"}, default="view"
        Whether topics are inferred from each view separately, or from all views of a
        row.
    views : sequence of str, default=None
        The views to infer topics from; by default all that the model can use.
    n_resamples : int, default=1000
        Number of resamples of articles for the interval.
    confidence_level : float, default=0.95
        Confidence level of the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling. Pass an int for the same interval in every call.

    Returns
    -------
    DataFrame of shape (n_views * n_levels * n_topics, 9)
        One row per topic of each view and level that has rows, with the columns

        - "view" (unless ``by="row"``);
        - "value": the level, in order: the first day of a period, an interval of
          numbers, or the value itself;
        - "topic", "topic_name": number and name of the topic;
        - "prevalence": mean proportion;
        - "low", "high": its bootstrap interval;
        - "n_rows", "n_articles": numbers of rows and articles in the mean.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If `X` lacks a column or view, `values` and `X` differ in length, dates do not
        parse, bins do not fit the values, or fewer than two articles of a view have a
        value.

    Warns
    -----
    UserWarning
        If rows have no value, or a level has a single article and therefore no
        interval.

    See Also
    --------
    mean_proportions : The same for given proportions.
    sklearn_m3l.display.PrevalenceDisplay : The table as lines, bars or a heat map.

    Notes
    -----
    See :func:`mean_proportions` for the interval. It shows how certain the mean of a
    level is, given the topics of the rows; it does not include the uncertainty of the
    topics themselves (see :func:`topic_stability`).

    Each view is averaged over the rows that have it. To compare views, pass rows that
    have all of them, or use :func:`compare_views`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import prevalence_by
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> chapter = [page.split("/")[0].split("-")[0] for page in X.groups]
    >>> table = prevalence_by(model, X, np.arange(len(X)), bins=4, random_state=0)
    >>> list(table)
    ['view', 'value', 'topic', 'topic_name', 'prevalence', 'low', 'high', 'n_rows', \
'n_articles']
    >>> len(table)  # 2 views, 4 levels, 5 topics
    40
    """
    if isinstance(values, str):
        values = _column(X, values)
    model, data, topics = topics_of(estimator, X, by=by, views=views)
    labels = getattr(data, "index", np.arange(len(next(iter(topics.values())))))
    levels = to_levels(values, bins, np.asarray(labels))
    ids = article_ids(getattr(data, "groups", None), len(levels))
    names = topic_names(model)
    rng = private_generator(random_state)
    tables = []
    for view, theta in topics.items():
        try:
            table = _average(
                theta,
                levels,
                ids,
                n_resamples=n_resamples,
                confidence_level=confidence_level,
                random_state=rng,
            )
        except ValueError as error:
            raise ValueError(f"view {view!r}: {error}") from error
        called = np.array(names, object)[table["topic"]]
        table.insert(2, "topic_name", pd.Series(called, dtype=object))
        if by == "view":
            table.insert(0, "view", view)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    _warn_of_gaps(pd.isna(levels), table)
    return table


def topics_of(
    estimator: Any, X: Any, *, by: str, views: Sequence[str] | None
) -> tuple[Any, Any, dict[str, np.ndarray]]:
    """Return the model, its input, and topics by view, or of whole rows as "row"."""
    if views is None:
        model, data = reach_topic_model(estimator, X)
        if not isinstance(data, MultiView):  # counts of words
            view = "row" if by == "row" else next(iter(model.vocabularies_))
            return model, data, {view: infer_topics(model, data)}
    model, data = reach_usable_views(estimator, X, views)
    if by == "row":
        return model, data, {"row": infer_topics(model, data)}
    return model, data, topics_by_view(model, data)


def _average(
    theta: np.ndarray, levels: pd.Categorical, ids: np.ndarray, **bootstrap: Any
) -> pd.DataFrame:
    """Return a row for each level that has rows, and each topic."""
    known = ~np.isnan(theta[:, 0]) & (levels.codes >= 0)
    n_articles = len(np.unique(ids[known]))
    if n_articles < 2:
        raise ValueError(
            f"{known.sum()} rows of {n_articles} articles have a value and topics; "
            "intervals need at least 2 articles"
        )
    rng = private_generator(bootstrap.pop("random_state"))
    parts = []
    for code, level in enumerate(levels.categories):
        rows = known & (levels.codes == code)
        if not rows.any():
            continue
        means = article_means(theta[rows], ids[rows])
        low, high = bootstrap_interval(
            means, bounds=(0, 1), symmetric=False, random_state=rng, **bootstrap
        )
        parts.append(
            table_of(
                {
                    "value": [level] * theta.shape[1],
                    "topic": np.arange(theta.shape[1]),
                    "prevalence": means.mean(axis=0),
                    "low": low,
                    "high": high,
                    "n_rows": rows.sum(),
                    "n_articles": len(means),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _column(X: Any, name: str) -> Any:
    """Return a column of a table."""
    columns = getattr(X, "columns", None)
    if columns is None:
        raise ValueError(
            f"values={name!r} names a column, but X is a {type(X).__name__}; pass the "
            "values themselves"
        )
    if name not in columns:
        raise ValueError(
            f"X has no column {name!r}; it has {', '.join(map(str, columns))}"
        )
    return X[name]


def _warn_of_gaps(missing: Any, table: pd.DataFrame) -> None:
    """Warn of rows without a value, and of levels without an interval."""
    n_missing = int(np.sum(missing))
    if n_missing:
        warnings.warn(
            f"left out {n_missing} of {len(missing)} rows that have no value",
            UserWarning,
            stacklevel=4,
        )
    single = table.loc[table["n_articles"] == 1, "value"].drop_duplicates()
    if len(single):
        shown = ", ".join(str(value) for value in single[:10])
        warnings.warn(
            f"{len(single)} levels have a single article, and therefore no interval: "
            f"{shown}",
            UserWarning,
            stacklevel=4,
        )

"""Topics of documents and words of topics, as tidy tables."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.inspection._inputs import table_of, topic_names
from sklearn_m3l.inspection._prevalence import topics_of
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.utils._sklearn import Interval, StrOptions, validate_params

_POSITIVE = [Interval(Integral, 1, None, closed="left")]


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "by": [StrOptions({"row", "view"})],
        "views": "no_validation",
        "columns": "no_validation",
        "n_topics": [*_POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def document_topics(
    estimator: Any,
    X: Any,
    *,
    by: str = "view",
    views: Sequence[str] | None = None,
    columns: Any = None,
    n_topics: int | None = None,
) -> pd.DataFrame:
    """Return the topic proportions of documents as one tidy table.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        Rows, in the form that the estimator takes.
    by : {"view", "row"}, default="view"
        Whether topics are inferred from each view separately, or from all views of a
        row.
    views : sequence of str, default=None
        The views to infer topics from; by default all that the model can use.
    columns : DataFrame of shape (n_rows, n_columns) or list of str, default=None
        Additional columns to repeat for each topic of a row: a table, or names of
        columns of the table `X`. By default the columns of a table `X` that are not
        views of the model.
    n_topics : int, default=None
        Number of largest topics to return for each document; by default all.

    Returns
    -------
    DataFrame
        One row per document and topic, in the order of `X`, with the columns

        - "row", "label": position of the row in `X`, and its label;
        - "article", if `X` has article ids (``X.groups``);
        - "view", unless ``by="row"``;
        - "topic", "topic_name": number and name of the topic;
        - "proportion": the proportion of the topic;
        - those of `columns`.

        Views that a row lacks are left out.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If `X` lacks a view or column, or `columns` differs from `X` in length or has a
        name of the columns above.

    See Also
    --------
    topic_words : The words of the topics.
    write_workbook : Writes both to a workbook.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import document_topics
    >>> X = load_gimp_help("test").data[["en", "de"]][:10]
    >>> model = PolylingualLDA(3, max_iter=5, random_state=0).fit(X)
    >>> table = document_topics(model, X)
    >>> list(table)
    ['row', 'label', 'article', 'view', 'topic', 'topic_name', 'proportion']
    >>> len(table)  # 10 rows, 2 views, 3 topics
    60
    """
    model, data, topics = topics_of(estimator, X, by=by, views=views)
    n_rows = len(next(iter(topics.values())))
    further = _further_columns(X, columns, model, n_rows)
    labels = np.asarray(getattr(data, "index", np.arange(n_rows)))
    articles = getattr(data, "groups", None)
    names = np.array(topic_names(model), dtype=object)
    parts = []
    for view, theta in topics.items():
        rows = np.flatnonzero(~np.isnan(theta[:, 0]))
        order = np.tile(np.arange(theta.shape[1]), (len(rows), 1))
        if n_topics is not None:
            order = np.argsort(-theta[rows], axis=1, kind="stable")[:, :n_topics]
        repeated, order = np.repeat(rows, order.shape[1]), order.ravel()
        part: dict[str, Any] = {"row": repeated, "label": labels[repeated]}
        if articles is not None:
            part["article"] = articles[repeated]
        if by == "view":
            part["view"] = view
        part |= {
            "topic": order,
            "topic_name": names[order],
            "proportion": theta[repeated, order],
        }
        parts.append(table_of(part))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values("row", kind="stable", ignore_index=True)
    twice = [name for name in further if name in table]
    if twice:
        raise ValueError(
            f"columns has {twice[0]!r}, which is a column of the result; rename it"
        )
    more = further.iloc[table["row"].to_numpy()].reset_index(drop=True)
    return pd.concat([table, more], axis=1)


@validate_params(
    {
        "estimator": "no_validation",
        "n_words": _POSITIVE,
        "views": "no_validation",
        "ranking": "no_validation",
        "ranking_weight": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def topic_words(
    estimator: Any,
    *,
    n_words: int = 10,
    views: Iterable[str] | None = None,
    ranking: str = "probability",
    ranking_weight: float | None = None,
) -> pd.DataFrame:
    """Return the top words of topics as one tidy table.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    n_words : int, default=10
        Words per topic and text view.
    views : iterable of str, default=None
        Text views; by default all that the model has words for.
    ranking : {"probability", "relevance", "frex"}, default="probability"
        The order of the words; see `top_words` of the models.
    ranking_weight : float in [0, 1], default=None
        Weight of probability in the order.

    Returns
    -------
    DataFrame
        One row per topic, view and word, with the columns

        - "topic", "topic_name": number and name of the topic;
        - "view": the text view;
        - "rank": 1 for the first word;
        - "word": the word;
        - "probability": its probability in the topic, from ``topic_word_``.

        A topic has no words in a view that hardly has any text about it (see
        ``known_words`` of the models).

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If the model has no words in one of `views`.

    See Also
    --------
    document_topics : The topics of documents.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.inspection import topic_words
    >>> counts = [[3, 0, 1], [0, 4, 1], [2, 0, 0], [0, 5, 0]]
    >>> model = PolylingualLDA(2, max_iter=20, random_state=0).fit(counts)
    >>> topic_words(model, n_words=1)["view"].tolist()
    ['text', 'text']
    """
    model, _ = reach_topic_model(estimator, None)
    known = model.known_words(n_words, ranking=ranking, ranking_weight=ranking_weight)
    names = topic_names(model)
    chosen = list(known) if views is None else list(views)
    rows = []
    for view in chosen:
        if view not in known:
            raise ValueError(
                f"view={view!r} has no words; choose one of {', '.join(known)}"
            )
        column = {word: place for place, word in enumerate(model.vocabularies_[view])}
        for topic, words in enumerate(known[view]):
            rows += [
                (
                    topic,
                    names[topic],
                    view,
                    rank,
                    word,
                    model.topic_word_[view][topic, column[word]],
                )
                for rank, word in enumerate(words, start=1)
            ]
    names_of_columns = ["topic", "topic_name", "view", "rank", "word", "probability"]
    cells = zip(*rows, strict=True) if rows else [[]] * len(names_of_columns)
    table = table_of(dict(zip(names_of_columns, cells, strict=True)))
    return table.sort_values("topic", kind="stable", ignore_index=True)


def _further_columns(X: Any, columns: Any, model: Any, n_rows: int) -> pd.DataFrame:
    """Return the additional columns, with one row for each row of `X`."""
    if columns is None:
        if not isinstance(X, pd.DataFrame):
            return pd.DataFrame(index=range(n_rows))
        fitted = {*getattr(model, "feature_names_in_", ())}
        columns = [name for name in X.columns if name not in fitted]
    if isinstance(columns, pd.DataFrame):
        if len(columns) != n_rows:
            raise ValueError(f"columns has {len(columns)} rows, but X has {n_rows}")
        return columns.reset_index(drop=True)
    if isinstance(columns, str):
        raise TypeError(f"columns is a list of names, such as [{columns!r}]")
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"columns names columns, but X is a {type(X).__name__}; pass a DataFrame"
        )
    for name in columns:
        if name not in X:
            raise ValueError(
                f"X has no column {name!r}; it has {', '.join(map(str, X.columns))}"
            )
    return X[list(columns)].reset_index(drop=True)

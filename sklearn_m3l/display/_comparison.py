"""Scores of several models in one table."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.metrics._topics import reach_topic_model, share_views
from sklearn_m3l.multiview import MultiView


def compare_models(
    models: Mapping[str, Any],
    X: Any,
    *,
    X_train: Any = None,
    metrics: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Measure several fitted models on the same rows.

    Parameters
    ----------
    models : mapping of str to estimator
        Fitted topic models, or pipelines that end with one, by label.
    X : MultiView or DataFrame of shape (n_rows, n_views)
        Rows to measure alignment on, preferably held-out ones. Each model is measured
        on the views of a MultiView that it can use.
    X_train : MultiView or DataFrame of shape (n_documents, n_views), default=None
        Documents in which to measure coherence; by default those of `X`.
    metrics : iterable of str, default=None
        Some of the metrics of :func:`~sklearn_m3l.metrics.evaluate_alignment`; by
        default all.

    Returns
    -------
    DataFrame of float of shape (n_models + 1, n_scores)
        One row per model and one column per score, such as "MRR en-de"; NaN if a model
        lacks a view. The last row, "Chance", has the scores of random rankings, if
        known.

    Raises
    ------
    ValueError
        If `models` is empty, a model is called "Chance" or can use no view of `X`, or
        no model knows a view of `X`.

    See Also
    --------
    sklearn_m3l.metrics.evaluate_alignment : The scores of one model.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import compare_models
    >>> X = load_gimp_help("test").data[:100][["en", "de"]]
    >>> models = {
    ...     f"{k} topics": PolylingualLDA(k, max_iter=5, random_state=0).fit(X)
    ...     for k in (5, 20)
    ... }
    >>> table = compare_models(models, X, metrics=["mrr", "diversity"])
    >>> table.shape, list(table)
    ((3, 3), ['MRR en-de', 'Diversity en', 'Diversity de'])
    """
    if not models:
        raise ValueError("models is empty; give at least one fitted model")
    if "Chance" in models:
        raise ValueError("no model can be called 'Chance'; give it another name")
    rows = dict.fromkeys(models, X)
    if isinstance(X, MultiView):
        ends = {name: reach_topic_model(m, None)[0] for name, m in models.items()}
        rows = share_views(ends, X)
    values: dict[str, dict[str, float]] = {}
    chance: dict[str, float] = {}
    for name, model in models.items():
        scores = evaluate_alignment(model, rows[name], X_train=X_train, metrics=metrics)
        values[name] = {metric: score.value for metric, score in scores.items()}
        known = {m: s.chance for m, s in scores.items() if s.chance is not None}
        chance = known | chance
    return pd.DataFrame.from_dict(
        {**values, "Chance": chance}, orient="index", dtype=float
    )

"""Get the topic model of an estimator, and the topics of each view."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklearn_m3l.multiview import MultiView


def reach_topic_model(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Return the topic model at the end of a pipeline, and `X` as the model gets it.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or array-like
        The input of the estimator; None to get only the model.

    Returns
    -------
    model : estimator
        The topic model.
    X : MultiView or array-like
        The input after all other steps.

    Raises
    ------
    TypeError
        If there is no topic model at the end.
    """
    model = estimator
    while not hasattr(model, "top_words"):
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline):
            if X is not None and len(model) > 1:
                X = model[:-1].transform(X)
            model = model[-1]
        else:
            raise TypeError(
                "expected a topic model, a pipeline that ends with one, or a search "
                f"over either, not {type(estimator).__name__}"
            )
    return model, X


def reach_views(
    estimator: Any, X: Any, names: Sequence[str] | None = None, given_as: str = "X"
) -> tuple[Any, MultiView]:
    """Return the topic model at the end of a pipeline, and the views that it gets.

    Only the named views of a table are encoded. Word counts become a MultiView with one
    view.
    """
    model, _ = reach_topic_model(estimator, None)
    columns = X.view_names if isinstance(X, MultiView) else getattr(X, "columns", None)
    if names is not None and columns is not None:
        for name in names:
            if name not in columns:
                known = ", ".join(map(str, columns))
                raise ValueError(f"{given_as} has no view {name!r}; it has {known}")
        # The encoder handles other columns, such as that of article ids.
        fitted = getattr(model, "feature_names_in_", ())
        others = {*fitted, *getattr(X, "view_names", ())} - {*names}
        X = X[[column for column in columns if column not in others]]
    model, views = reach_topic_model(estimator, X)
    if isinstance(views, MultiView):
        return model, views
    texts = list(model.vocabularies_)
    if len(texts) != 1 or names not in (None, texts):
        raise TypeError(
            "only a MultiView, or a table that a pipeline makes one of, has views to "
            f"measure, not a {type(views).__name__}"
        )
    return model, MultiView.from_arrays(counts={texts[0]: views})


def share_views(models: Mapping[str, Any], X: MultiView) -> dict[str, MultiView]:
    """Return the views to measure each of several models on.

    A view that one model does not know is ignored for it if another model knows it.

    Raises
    ------
    ValueError
        If no model knows a view, or a model can use none of the views.
    """
    shares, known = {}, set()
    for name, model in models.items():
        usable = model.usable_views(X, unknown="ignore")
        known |= {*usable, *getattr(model, "feature_names_in_", ())}
        shares[name] = X[usable] if usable else X
    for view in X.view_names:
        if view not in known:
            raise ValueError(
                f"none of the models knows the view {view!r}; leave it out"
            )
    return shares


def topics_by_view(
    model: Any, X: MultiView, names: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Infer topics from each view separately.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Rows.
    names : iterable of str, default=None
        Views to infer topics from; by default those that the model can use.

    Returns
    -------
    dict of str to ndarray of shape (n_rows, n_components)
        Topics by view; NaN in rows that lack the view.
    """
    names = model.usable_views(X) if names is None else names
    return {name: infer_topics(model, X[[name]]) for name in names}


def infer_topics(model: Any, X: Any) -> np.ndarray:
    """Return the topics of rows, NaN in those that lack every view.

    `transform` would warn of such rows, so only the others are passed to it.
    """
    if not isinstance(X, MultiView):
        return np.asarray(model.transform(X))
    names = model.usable_views(X)
    present = np.any([X[name].present for name in names], axis=0)
    if present.all():
        return np.asarray(model.transform(X))
    if not present.any():
        return np.full((len(X), len(model.components_)), np.nan, dtype=np.float32)
    theta = np.asarray(model.transform(X[np.flatnonzero(present)]))
    topics = np.full((len(X), theta.shape[1]), np.nan, dtype=theta.dtype)
    topics[present] = theta
    return topics

"""Looking into pipelines: the topic model at the end, and the data that reach it."""

from typing import Any

from sklearn.pipeline import Pipeline


def reach_topic_model(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Return the topic model at the end of a pipeline, and `X` as it gets there.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or array-like
        What the estimator takes; None where the model alone is wanted.

    Returns
    -------
    model : estimator
        The topic model.
    X : MultiView or array-like
        The input after all other steps.

    Raises
    ------
    TypeError
        Where there is no topic model at the end.
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
                f"expected a topic model, or a pipeline that ends with one, not "
                f"{type(estimator).__name__}"
            )
    return model, X

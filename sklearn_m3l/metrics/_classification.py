"""Prediction of labels from topics, within and across languages."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from sklearn_m3l.metrics._alignment import Score
from sklearn_m3l.metrics._topics import (
    infer_topics,
    reach_topic_model,
    topics_by_view,
)
from sklearn_m3l.multiview import MultiView

_METRICS = {
    "Accuracy": accuracy_score,
    "Macro-F1": lambda y, found: f1_score(y, found, average="macro", zero_division=0),
}


def evaluate_classification(
    estimator: Any,
    X_train: Any,
    y_train: ArrayLike,
    X: Any,
    y: ArrayLike,
    *,
    classifier: Any = None,
) -> dict[str, Score]:
    """Predict labels from topics, within each language and across languages.

    A classifier learns labels from the topic proportions of one language and predicts
    those of held-out documents, in the same language and in every other one. If topics
    mean the same in all languages, the classifier works equally well across them.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
        It is not fitted again, and never sees the labels.
    X_train : MultiView or DataFrame of shape (n_train_rows, n_views)
        Rows to fit the classifier on. Rows may have one language each.
    y_train : array-like of shape (n_train_rows,)
        Labels of `X_train`.
    X : MultiView or DataFrame of shape (n_rows, n_views)
        Held-out rows.
    y : array-like of shape (n_rows,)
        Labels of `X`.
    classifier : estimator, default=None
        A scikit-learn classifier, which is cloned for each view; by default
        `LogisticRegression` on standardized topic proportions.

    Returns
    -------
    dict of str to Score
        "Accuracy en" is trained and measured on "en", "Accuracy en-de" is trained on
        "en" and measured on "de"; the same for "Macro-F1". The chance of accuracy is
        that of always predicting the most frequent training label; F1 has none.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If labels and rows differ in number, labels are not classes, the training rows
        of a text all have one label, or no row has a text that the model takes.

    See Also
    --------
    evaluate_alignment : Needs no labels.

    Notes
    -----
    Papers on cross-lingual topic models report this as "intra" and "cross"
    classification. Many use a kernel machine instead of the linear model: pass
    ``classifier=sklearn.svm.SVC()``.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.metrics import evaluate_classification
    >>> corpora = load_gimp_help("train"), load_gimp_help("test")
    >>> X_train, X = (corpus.data[:300][["en", "de"]] for corpus in corpora)
    >>> model = PolylingualLDA(10, max_iter=10, random_state=0).fit(X_train)

    Whether a page is about filters or about something else, by its name:

    >>> y_train, y = (c.frame["page"][:300].str.contains("filter") for c in corpora)
    >>> scores = evaluate_classification(model, X_train, y_train, X, y)
    >>> list(scores)[:4]
    ['Accuracy en', 'Accuracy en-de', 'Accuracy de-en', 'Accuracy de']
    >>> scores["Accuracy en-de"].value > scores["Accuracy en-de"].chance
    True
    """
    topics = _topics_of_texts(estimator, X_train), _topics_of_texts(estimator, X)
    y_train = _check_labels(y_train, topics[0], "y_train")
    y = _check_labels(y, topics[1], "y")
    if classifier is None:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    found: dict[str, dict[str, Score]] = {name: {} for name in _METRICS}
    fitted = {}
    for (source, theta), (target, test_theta) in product(*(t.items() for t in topics)):
        rows = np.flatnonzero(~np.isnan(test_theta[:, 0]))
        if source not in fitted:
            fitted[source] = _fit(classifier, theta, y_train, source)
        predictor, frequent = fitted[source]
        predicted = predictor.predict(test_theta[rows])
        views = source if source == target else f"{source}-{target}"
        for name, metric in _METRICS.items():
            chance = None
            if name == "Accuracy":
                chance = float(np.mean(y[rows] == frequent))
            value = float(metric(y[rows], predicted))
            found[name][views] = Score(value, chance, len(rows))
    return {
        f"{name} {views}": score
        for name, scores in found.items()
        for views, score in scores.items()
    }


def _check_labels(labels: ArrayLike, topics: dict, name: str) -> np.ndarray:
    array, n_rows = column_or_1d(labels), len(next(iter(topics.values())))
    if len(array) != n_rows:
        raise ValueError(f"{name} has {len(array)} labels for {n_rows} rows")
    kind = type_of_target(array, input_name=name)
    if kind not in ("binary", "multiclass"):
        raise ValueError(f"{name} must hold classes, one per row, not {kind} values")
    return array


def _topics_of_texts(estimator: Any, X: Any) -> dict[str, np.ndarray]:
    """Return the topics of each text that some row has."""
    model, X = reach_topic_model(estimator, X)
    if not isinstance(X, MultiView):  # counts of the only text
        return {next(iter(model.vocabularies_)): infer_topics(model, X)}
    names = [
        name
        for name in model.usable_views(X)
        if (name in model.vocabularies_ or X[name].is_text) and X[name].present.any()
    ]
    if not names:
        raise ValueError("no row has a text that the model takes")
    return topics_by_view(model, X, names)


def _fit(classifier: Any, theta: np.ndarray, y: np.ndarray, view: str) -> tuple:
    """Return a fitted classifier and the most frequent label."""
    rows = np.flatnonzero(~np.isnan(theta[:, 0]))
    labels, sizes = np.unique(y[rows], return_counts=True)
    if len(labels) < 2:
        raise ValueError(
            f"all training rows of view {view!r} have the label {str(labels[0])!r}; a "
            "classifier needs two"
        )
    return clone(classifier).fit(theta[rows], y[rows]), labels[sizes.argmax()]

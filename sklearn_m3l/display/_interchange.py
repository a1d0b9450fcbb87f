"""Export topic models to tools of other packages: pyLDAvis and topicwizard."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.metrics._topics import infer_topics, reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._checks import list_labels

# Words in the name of a topic, as in topicwizard.
_NAME_WORDS = 4


class _Texts(NamedTuple):
    """The rows that have a text in one language, with their counts and topics."""

    model: Any
    view: str
    present: np.ndarray
    labels: np.ndarray
    counts: sparse.csr_array
    embedding: Any
    topics: np.ndarray


def to_pyldavis(estimator: Any, X: Any, view: str | None = None) -> dict[str, Any]:
    """Return the arguments of ``pyLDAvis.prepare`` for one language.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, or a pipeline that ends with one.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        The corpus to show, in the form that `estimator` takes, with the word counts of
        `view`. Topics are inferred from all of its views, as in `transform`; pass
        ``X[["en"]]`` to infer them from the English texts alone.
    view : str, optional
        The text view whose words to show. It can be omitted if the model has words in
        only one view.

    Returns
    -------
    dict
        The keyword arguments of ``pyLDAvis.prepare`` that have no default. Rows that
        lack `view` are left out, with one warning. The labels of the remaining rows
        are the index of ``doc_lengths`` and ``doc_topic_dists``.

        topic_term_dists : ndarray of float64 of shape (n_components, n_words)
            Word probabilities per topic; rows sum to 1.
        doc_topic_dists : DataFrame of shape (n_texts, n_components)
            Topic proportions per text; rows sum to 1.
        doc_lengths : Series of shape (n_texts,)
            Number of counted words per text.
        vocab : ndarray of str of shape (n_words,)
            The words.
        term_frequency : ndarray of shape (n_words,)
            How often each word occurs in these texts.

    Raises
    ------
    ValueError
        If the model has no words in `view`, or `X` has no counts of `view` or none with
        a word.
    TypeError
        If `estimator` does not end with a topic model.

    See Also
    --------
    to_topicwizard : The same for topicwizard.
    TopicReport : A page of all languages and pictures, without another package.

    Notes
    -----
    pyLDAvis numbers topics from 1, the most frequent first. To keep the model's
    numbers, pass ``sort_topics=False, start_index=0``.

    References
    ----------
    .. [1] C. Sievert and K. Shirley, "LDAvis: A method for visualizing and
       interpreting topics", Workshop on Interactive Language Learning,
       Visualization, and Interfaces, 2014. https://github.com/bmabey/pyLDAvis

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import to_pyldavis
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=2, random_state=0).fit(X)
    >>> arguments = to_pyldavis(model, X, "de")
    >>> {name: value.shape for name, value in arguments.items()}
    {'topic_term_dists': (5, 2000), 'doc_topic_dists': (394, 5),
     'doc_lengths': (394,), 'vocab': (2000,), 'term_frequency': (2000,)}
    """
    found = _find_texts(*reach_topic_model(estimator, X), view)
    return {
        "topic_term_dists": np.asarray(found.model.topic_word_[found.view], float),
        "doc_topic_dists": pd.DataFrame(found.topics, index=found.labels),
        "doc_lengths": pd.Series(found.counts.sum(axis=1), index=found.labels),
        "vocab": found.model.vocabularies_[found.view],
        "term_frequency": found.counts.sum(axis=0),
    }


def to_topicwizard(
    estimator: Any, X: Any, view: str | None = None, *, texts: Any = None
) -> dict[str, Any]:
    """Return the ``TopicData`` that topicwizard shows, for one language.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, or a pipeline that ends with one. With a pipeline,
        topicwizard can also infer the topics of new texts.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        The corpus to show, in the form that `estimator` takes, with the word counts of
        `view`. Topics are inferred from all of its views, as in `transform`; pass
        ``X[["en"]]`` to infer them from the English texts alone.
    view : str, optional
        The text view whose words to show. It can be omitted if the model has words in
        only one view.
    texts : array-like of str of shape (n_rows,), optional
        The text of each row in that language, such as ``df["en"]``; missing if a row
        lacks it. By default the column `view` if `X` is a DataFrame that has it, and
        the row labels otherwise.

    Returns
    -------
    dict
        For ``topicwizard.visualize(topic_data=...)`` and the functions in
        ``topicwizard.figures``. Rows that lack `view` are left out, with one warning;
        ``X.index[X[view].present]`` are the labels of the remaining rows, for example
        for ``document_names``.

        corpus : list of str, of length n_texts
            The texts.
        vocab : ndarray of str of shape (n_words,)
            The words.
        document_term_matrix : csr_array of shape (n_texts, n_words)
            Word counts.
        document_topic_matrix : ndarray of float32 of shape (n_texts, n_components)
            Topic proportions per text; rows sum to 1.
        topic_term_matrix : ndarray of shape (n_components, n_words)
            Word probabilities per topic; rows sum to 1.
        document_representation : {ndarray, csr_array} of shape (n_texts, width)
            The input of the map of the texts: their embeddings, or their word counts if
            there are none.
        topic_names : list of str, of length n_components
            The number and the top words of each topic.
        transform : callable or None
            Takes a list of texts and returns their topics. None if `estimator` is a
            bare topic model, which cannot read texts.

    Raises
    ------
    ValueError
        If the model has no words in `view`, if `X` has no counts of `view` or none with
        a word, or if `texts` and `X` differ in length or `texts` lacks a text that `X`
        has.
    TypeError
        If `estimator` does not end with a topic model.

    See Also
    --------
    to_pyldavis : The same for pyLDAvis.

    References
    ----------
    .. [1] M. Kardos et al., "topicwizard -- a Modern, Model-agnostic Framework for
       Topic Model Visualization and Interpretation", 2025.
       https://github.com/x-tabdeveloping/topicwizard

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import to_topicwizard
    >>> corpus = load_gimp_help("test")
    >>> X = corpus.data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=2, random_state=0).fit(X)
    >>> data = to_topicwizard(model, X, "de", texts=corpus.frame["de"])
    >>> data["document_term_matrix"].shape, len(data["topic_names"])
    ((394, 2000), 5)
    """
    model, rows = reach_topic_model(estimator, X)
    found = _find_texts(model, rows, view)
    if texts is None and rows is not X and isinstance(X, pd.DataFrame):
        texts = X.get(found.view)
    transform = None
    if rows is not X:
        column = found.view if isinstance(rows, MultiView) else None
        transform = partial(_infer, estimator=estimator, column=column)
    representation = found.counts if found.embedding is None else found.embedding
    return {
        "corpus": _corpus(found, texts),
        "vocab": model.vocabularies_[found.view],
        "document_term_matrix": found.counts,
        "document_topic_matrix": found.topics,
        "topic_term_matrix": model.topic_word_[found.view],
        "document_representation": representation,
        "topic_names": _topic_names(model, found.view),
        "transform": transform,
    }


def _find_texts(model: Any, X: Any, view: str | None) -> _Texts:
    """Return the rows that have the text, with their counts and topics."""
    check_is_fitted(model)
    model.top_words(view, 1)  # refuses a view without words
    view = next(iter(model.vocabularies_)) if view is None else view
    if not isinstance(X, MultiView):
        topics = np.asarray(model.transform(X))
        counts = sparse.csr_array(check_array(X, accept_sparse="csr"))
        labels = np.asarray(getattr(X, "index", np.arange(len(topics))))
        present = np.ones(len(topics), dtype=bool)
        return _Texts(model, view, present, labels, counts, None, topics)
    if view not in X or not X[view].is_text:
        raise ValueError(
            f"X has no word counts of view {view!r}, which are needed to show its "
            f"words; its views are {', '.join(X.view_names)}"
        )
    present = X[view].present
    rows = X[np.flatnonzero(present)]
    text = rows[view]
    if not text.counts.sum():
        raise ValueError(f"view {view!r} has no known word in any of {len(X)} rows")
    _warn_of_missing(view, X.index[~present])
    topics = np.asarray(model.transform(rows))
    embedding = None if text.embedding is None else np.asarray(text.embedding)
    return _Texts(model, view, present, rows.index, text.counts, embedding, topics)


def _warn_of_missing(view: str, labels: np.ndarray) -> None:
    if not len(labels):
        return
    warnings.warn(
        f"{len(labels)} rows lack the view {view!r} and are left out: "
        f"{list_labels(labels)}",
        UserWarning,
        stacklevel=4,  # the caller of the public function
    )


def _corpus(found: _Texts, texts: Any) -> list[str]:
    """Return the texts of the rows to show."""
    if texts is None:
        return [str(label) for label in found.labels]
    texts = list(texts)
    if len(texts) != len(found.present):
        raise ValueError(
            f"texts has {len(texts)} texts, but X has {len(found.present)} rows"
        )
    corpus = [texts[row] for row in np.flatnonzero(found.present)]
    for label, text in zip(found.labels, corpus, strict=True):
        if not isinstance(text, str):
            raise ValueError(
                f"texts has {text!r} in row {label}, which has the view {found.view!r}"
            )
    return corpus


def _topic_names(model: Any, view: str) -> list[str]:
    """Return the number of each topic with its name, or its top words without one."""
    words = model.top_words(view, _NAME_WORDS)
    named = zip(model.topic_names_, words, strict=True)
    return [
        "_".join([str(topic), *([name] if name else first)])
        for topic, (name, first) in enumerate(named)
    ]


def _infer(texts: Sequence[str], *, estimator: Any, column: str | None) -> np.ndarray:
    """Return the topics of new texts."""
    X = list(texts) if column is None else pd.DataFrame({column: list(texts)})
    topics = infer_topics(*reach_topic_model(estimator, X))
    empty = np.flatnonzero(np.isnan(topics[:, 0]))
    if len(empty):
        raise ValueError(
            f"text {empty[0]} of {len(topics)} is empty, so it has no topics"
        )
    return topics

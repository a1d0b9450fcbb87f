"""What tools of other packages show a topic model by: pyLDAvis and topicwizard."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._checks import list_labels

# Words in the name of a topic, as many as topicwizard gives.
_NAME_WORDS = 4


class _Texts(NamedTuple):
    """The rows that have a text, in one language, and the topics in its words."""

    view: str
    present: np.ndarray
    rows: MultiView
    counts: sparse.csr_array
    topics: np.ndarray
    topic_word: np.ndarray
    words: np.ndarray


class InterchangeMixin:
    """Methods of a topic model that hand it, with a corpus, to other packages."""

    def to_pyldavis(self, X, view=None):
        """Return what ``pyLDAvis.prepare`` takes, for one language.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            The corpus to show, with the word counts of `view`. Topics are inferred
            from all of its views, as `transform` does; ``X[["en"]]`` has them
            inferred from the English texts alone.
        view : str, optional
            The language of the words; may be left out where there is only one.

        Returns
        -------
        dict
            The keyword arguments of ``pyLDAvis.prepare`` that have no default.
            Rows that lack `view` are left out, with one warning; those that are
            there are the labels of ``doc_lengths`` and ``doc_topic_dists``.

            topic_term_dists : ndarray of shape (n_components, n_words)
                Rows that sum to 1.
            doc_topic_dists : DataFrame of shape (n_texts, n_components)
                Rows that sum to 1.
            doc_lengths : Series of shape (n_texts,)
                Counted words of each text.
            vocab : ndarray of str of shape (n_words,)
                The words.
            term_frequency : ndarray of shape (n_words,)
                How often each word is counted in these texts.

        Raises
        ------
        ValueError
            Where `X` has no counts of `view`, or not one word in them.

        Notes
        -----
        pyLDAvis numbers topics from 1, the most frequent first. For the numbers that
        the model gives them, pass ``sort_topics=False, start_index=0``.

        References
        ----------
        .. [1] C. Sievert and K. Shirley, "LDAvis: A method for visualizing and
           interpreting topics", Workshop on Interactive Language Learning,
           Visualization, and Interfaces, 2014. https://github.com/bmabey/pyLDAvis

        Examples
        --------
        >>> from sklearn_m3l import PolylingualLDA
        >>> from sklearn_m3l.datasets import load_gimp_help
        >>> X = load_gimp_help("test").data[["en", "de"]]
        >>> model = PolylingualLDA(5, max_iter=2, random_state=0).fit(X)
        >>> arguments = model.to_pyldavis(X, "de")
        >>> {name: value.shape for name, value in arguments.items()}
        {'topic_term_dists': (5, 2000), 'doc_topic_dists': (394, 5),
         'doc_lengths': (394,), 'vocab': (2000,), 'term_frequency': (2000,)}
        """
        found = _find_texts(self, X, view)
        labels = found.rows.index
        return {
            "topic_term_dists": np.asarray(found.topic_word, dtype=float),
            "doc_topic_dists": pd.DataFrame(found.topics, index=labels),
            "doc_lengths": pd.Series(found.counts.sum(axis=1), index=labels),
            "vocab": found.words,
            "term_frequency": found.counts.sum(axis=0),
        }

    def to_topicwizard(self, X, view=None, *, texts=None, encoder=None):
        """Return what topicwizard shows, its ``TopicData``, for one language.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            The corpus to show, with the word counts of `view`. Topics are inferred
            from all of its views, as `transform` does; ``X[["en"]]`` has them
            inferred from the English texts alone.
        view : str, optional
            The language of the words; may be left out where there is only one.
        texts : array-like of str of shape (n_rows,), optional
            The texts of the rows in that language, such as ``df["en"]``, in the
            order of `X`; missing where `X` lacks them. By default the row labels
            stand for them.
        encoder : transformer, optional
            What made `X`: a fitted `MultiViewEncoder`, or for a model of a 2-D array
            the vectorizer. With it, topicwizard can infer the topics of new texts.

        Returns
        -------
        dict
            For ``topicwizard.visualize(topic_data=...)`` and the functions of
            ``topicwizard.figures``. Rows that lack `view` are left out, with one
            warning; ``X.index[X[view].present]`` are the labels of those that are
            there, such as for its ``document_names``.

            corpus : list of str, of length n_texts
                The texts.
            vocab : ndarray of str of shape (n_words,)
                The words.
            document_term_matrix : csr_array of shape (n_texts, n_words)
                Word counts.
            document_topic_matrix : ndarray of float32 of shape (n_texts, n_components)
                Rows that sum to 1.
            topic_term_matrix : ndarray of shape (n_components, n_words)
                Rows that sum to 1.
            document_representation : {ndarray, csr_array} of shape (n_texts, width)
                What the map of the texts is drawn by: their embeddings, or the word
                counts where there are none.
            topic_names : list of str, of length n_components
                The number and the foremost words of each topic.
            transform : callable or None
                From a list of texts to their topics; None without `encoder`.

        Raises
        ------
        ValueError
            Where `X` has no counts of `view`, or not one word in them; or where
            `texts` are not as many as the rows, or lack one that `X` has.

        References
        ----------
        .. [1] M. Kardos et al., "topicwizard -- a Modern, Model-agnostic Framework for
           Topic Model Visualization and Interpretation", 2025.
           https://github.com/x-tabdeveloping/topicwizard

        Examples
        --------
        >>> from sklearn_m3l import PolylingualLDA
        >>> from sklearn_m3l.datasets import load_gimp_help
        >>> corpus = load_gimp_help("test")
        >>> X = corpus.data[["en", "de"]]
        >>> model = PolylingualLDA(5, max_iter=2, random_state=0).fit(X)
        >>> data = model.to_topicwizard(X, "de", texts=corpus.frame["de"])
        >>> data["document_term_matrix"].shape, len(data["topic_names"])
        ((394, 2000), 5)
        """
        found = _find_texts(self, X, view)
        embedding = found.rows[found.view].embedding
        transform = None
        if encoder is not None:
            transform = partial(_infer, model=self, encoder=encoder, view=found.view)
        return {
            "corpus": _corpus(found, texts),
            "vocab": found.words,
            "document_term_matrix": found.counts,
            "document_topic_matrix": found.topics,
            "topic_term_matrix": found.topic_word,
            "document_representation": (
                found.counts if embedding is None else np.asarray(embedding)
            ),
            "topic_names": _topic_names(self, found.view),
            "transform": transform,
        }


def _find_texts(model: Any, X, view: str | None) -> _Texts:
    """Return the rows that have the text, with their counts and topics."""
    check_is_fitted(model)
    X = model._check_X(X, reset=False)
    view = model._check_text_view(view)
    if view not in X or not X[view].is_text:
        raise ValueError(
            f"X needs the word counts of view {view!r}, to show its words; it has "
            f"{', '.join(X.view_names)}"
        )
    present = X[view].present
    rows = X[np.flatnonzero(present)]
    counts = rows[view].counts
    if not counts.sum():
        raise ValueError(f"view {view!r} has not one known word in {len(X)} rows")
    _warn_of_missing(view, X.index[~present])
    return _Texts(
        view,
        present,
        rows,
        counts,
        model._transform(rows),
        model.topic_word_[view],
        model.vocabularies_[view],
    )


def _warn_of_missing(view: str, labels: np.ndarray) -> None:
    if not len(labels):
        return
    warnings.warn(
        f"{len(labels)} rows lack the view {view!r} and are left out: "
        f"{list_labels(labels)}",
        UserWarning,
        stacklevel=4,  # the caller of the method
    )


def _corpus(found: _Texts, texts) -> list[str]:
    """Return the texts of the rows that are shown."""
    labels = found.rows.index
    if texts is None:
        return [str(label) for label in labels]
    texts = list(texts)
    if len(texts) != len(found.present):
        raise ValueError(
            f"texts has {len(texts)} texts, but X has {len(found.present)} rows"
        )
    corpus = [texts[row] for row in np.flatnonzero(found.present)]
    for label, text in zip(labels, corpus, strict=True):
        if not isinstance(text, str):
            raise ValueError(
                f"texts has {text!r} in row {label}, which has the view {found.view!r}"
            )
    return corpus


def _topic_names(model: Any, view: str) -> list[str]:
    """Return the number of each topic with its foremost words."""
    words = model.top_words(view, _NAME_WORDS)
    return ["_".join([str(topic), *first]) for topic, first in enumerate(words)]


def _infer(texts: Sequence[str], *, model: Any, encoder: Any, view: str) -> np.ndarray:
    """Return the topics of new texts."""
    if model._fitted_on_array:
        X = encoder.transform(texts)
    else:
        X = encoder.transform(pd.DataFrame({view: list(texts)}))
    topics = model._transform(model._check_X(X, reset=False))
    empty = np.flatnonzero(np.isnan(topics[:, 0]))
    if len(empty):
        raise ValueError(f"text {empty[0]} of {len(topics)} is empty: it has no topics")
    return topics

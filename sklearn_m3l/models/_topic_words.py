"""The topics of a model in words, and rows in the words of their topics."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._text import printable

# A language has words of a topic if it has at least this share of the tokens that the
# topic's prevalence lets expect. Where the rows about a topic lack a language, it has a
# tenth or so, of arbitrary words; where they do not, it has about 1.
_LEAST_SHARE = 0.25

# What tables show in the place of words.
NO_WORDS = "–"


class TopicWordsMixin:
    """The methods of topic models that show topics by their words."""

    def top_words(self, view=None, n_words=10):
        """Return the most probable words of each topic in one language.

        Parameters
        ----------
        view : str, optional
            A text view that the model was fitted on. It can be left out if there is
            only one.
        n_words : int, default=10
            Words per topic.

        Returns
        -------
        list of list of str
            For each topic its words, the most probable first. All topics have some,
            even if hardly any text is behind them; see `known_words`.
        """
        check_is_fitted(self)
        check_scalar(n_words, "n_words", Integral, min_val=1)
        view = self._check_text_view(view)
        order = np.argsort(-self.topic_word_[view], axis=1, kind="stable")
        return self.vocabularies_[view][order[:, :n_words]].tolist()

    def topics_frame(self, n_words=10):
        """Return a table of the topics: their words in every language.

        Where the training texts of a language say nothing about a topic, the table has
        a dash; see `known_words`.

        Parameters
        ----------
        n_words : int, default=10
            Words per topic and text view.

        Returns
        -------
        pandas.DataFrame of str of shape (n_components, n_text_views)
            One row per topic, one column per text view.
        """
        check_is_fitted(self)
        return pd.DataFrame(
            {
                name: [", ".join(words) or NO_WORDS for words in known]
                for name, known in self.known_words(n_words).items()
            },
            index=pd.RangeIndex(self._n_features_out, name="topic"),
        )

    def known_words(self, n_words=10):
        """Return the most probable words of the topics that a language has words of.

        Parameters
        ----------
        n_words : int, default=10
            Words per topic and text view.

        Returns
        -------
        dict of str to list of list of str
            For each text view what `top_words` returns, but an empty list for a topic
            that has less than a quarter of the tokens (`topic_tokens_`) that
            `prevalence_` lets expect in the texts of that view: hardly any row about it
            has a text in that language, and its most probable words are arbitrary.
        """
        check_is_fitted(self)
        prevalence, known = self.prevalence_, {}
        for name, tokens in self.topic_tokens_.items():
            has_words = tokens > _LEAST_SHARE * prevalence * tokens.sum()
            topics = self.top_words(name, n_words)
            known[name] = [
                words if has else []
                for words, has in zip(topics, has_words, strict=True)
            ]
        return known

    def print_topics(self, n_words=8):
        """Print the table of the topics.

        Parameters
        ----------
        n_words : int, default=8
            Words per topic and text view.
        """
        print(printable(self.topics_frame(n_words).to_string()))

    def describe(self, X, view=None, n_words=5):
        """Describe each row by the top words of its dominant topic, in any language.

        This is how a picture gets words: ``describe(X[["image"]], view="de")``.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows, in any of the views in `views_`.
        view : str, optional
            The text view that the words come from; by default every one.
        n_words : int, default=5
            Words per row and text view.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, 1 + n_text_views)
            The number of the topic in column "topic" and its words in one column per
            text view, a dash if the topic has none in a language (see `topics_frame`),
            indexed by the row labels of `X`. Missing in rows that have no view.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        names = list(self.vocabularies_) if view is None else [view]
        theta = self._infer(X)
        known = ~np.isnan(theta[:, 0])
        topics = pd.Series(pd.NA, index=X.index, dtype="Int64", name="topic")
        topics.iloc[np.flatnonzero(known)] = theta[known].argmax(axis=1)
        frame = topics.to_frame()
        known_words = self.known_words(n_words)
        for name in map(self._check_text_view, names):
            words = [", ".join(words) or NO_WORDS for words in known_words[name]]
            frame[name] = [None if pd.isna(topic) else words[topic] for topic in topics]
        return frame

    def top_rows(self, X, view=None, n=10):
        """Return the rows with the largest share of each topic.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows to choose from.
        view : str, optional
            Use the topics of this view alone; by default those of all views.
        n : int, default=10
            Rows per topic.

        Returns
        -------
        ndarray of int of shape (n_components, min(n, number of rows with a view))
            Positions of the rows, the largest share first.
        """
        check_is_fitted(self)
        check_scalar(n, "n", Integral, min_val=1)
        if view is not None and isinstance(X, MultiView):
            X = X[[view]]
        theta = self._infer(self._check_X(X, reset=False))
        known = np.flatnonzero(~np.isnan(theta[:, 0]))
        order = np.argsort(-theta[known], axis=0, kind="stable")[:n]
        return known[order].T

    def _check_text_view(self, view):
        known = list(self.vocabularies_)
        if view is None and len(known) == 1:
            return known[0]
        if view not in known:
            raise ValueError(
                f"view={view!r} has no words; choose one of {', '.join(known)}"
            )
        return view

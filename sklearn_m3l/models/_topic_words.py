"""Words and names of topics, and rows described by the words of their topics."""

from abc import abstractmethod
from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklearn_m3l.models._topic_names import check_topic_names
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._ranking import order_words
from sklearn_m3l.utils._text import printable

# A language has words of a topic if it has at least this share of the tokens that the
# topic's prevalence predicts. If the rows about a topic lack a language, its share is
# about a tenth, of arbitrary words; otherwise it is about 1.
_LEAST_SHARE = 0.25

# What tables show if there are no words, or no name.
NO_WORDS = "–"


class TopicWordsMixin:
    """The methods of topic models that show topics by their words and names."""

    vocabularies_: dict[str, np.ndarray]
    _topic_names: dict[int, str]

    @property
    @abstractmethod
    def topic_word_(self) -> Mapping[str, np.ndarray]:
        """Topic-word distributions of each text, (n_components, n_words)."""

    @property
    @abstractmethod
    def topic_tokens_(self) -> Mapping[str, np.ndarray]:
        """Tokens of each topic in the training texts, by view, (n_components,)."""

    @property
    def prevalence_(self) -> np.ndarray:
        """Share of each topic in the tokens of all training texts."""
        sizes = sum(self.topic_tokens_.values())
        if not np.any(sizes):  # no words at all
            sizes = np.ones(self._n_features_out)
        return sizes / np.sum(sizes)

    @property
    @abstractmethod
    def _n_features_out(self) -> int:
        """Number of topics."""

    @abstractmethod
    def _check_X(self, X, *, reset: bool) -> MultiView:
        """Return the input as a MultiView that fits the model."""

    @abstractmethod
    def _infer(self, X: MultiView) -> np.ndarray:
        """Return topics, (n, n_components), NaN in rows that have no view."""

    def top_words(
        self, view=None, n_words=10, *, ranking="probability", ranking_weight=None
    ):
        """Return the top words of each topic in one language.

        Parameters
        ----------
        view : str, optional
            A text view that the model was fitted on. It can be omitted if there is only
            one.
        n_words : int, default=10
            Words per topic.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words. The most probable words of a topic may be common in
            others, too. "relevance" [1]_ and "frex" [2]_ prefer words that tell topics
            apart.
        ranking_weight : float in [0, 1], default=None
            Weight of a word's probability in the topic, against how much more likely it
            is there than in all texts ("relevance") or how exclusive it is to the topic
            ("frex"); 1 is the order of "probability". By default 0.6 for "relevance"
            and 0.5 for "frex".

        Returns
        -------
        list of list of str
            The words of each topic, best first. All topics have some, even if hardly
            any text is behind them; see `known_words`.

        Raises
        ------
        ValueError
            If a parameter is invalid.

        References
        ----------
        .. [1] C. Sievert and K. Shirley, "LDAvis: A method for visualizing and
           interpreting topics", ILLVI 2014, equation 1.
        .. [2] J. Bischof and E. Airoldi, "Summarizing topical content with word
           frequency and exclusivity", ICML 2012. `ranking_weight` is one minus theirs.
        """
        check_is_fitted(self)
        view = self._check_text_view(view)
        order = self._top_columns(view, n_words, ranking, ranking_weight)
        return self.vocabularies_[view][order].tolist()

    def _top_columns(self, view, n_words, ranking, ranking_weight) -> np.ndarray:
        """Return the columns of the top words of each topic in one language."""
        check_scalar(n_words, "n_words", Integral, min_val=1)
        sizes = np.asarray(self.topic_tokens_[view], np.float64)
        if not sizes.any():
            sizes = np.ones_like(sizes)
        order = order_words(
            self.topic_word_[view], sizes / sizes.sum(), ranking, ranking_weight
        )
        return order[:, :n_words]

    def topics_frame(self, n_words=10, *, ranking="probability", ranking_weight=None):
        """Return a table of the topics: their words in every language.

        If the training texts of a language say nothing about a topic, the table has a
        dash; see `known_words`.

        Parameters
        ----------
        n_words : int, default=10
            Words per topic and text view.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words`.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order; see `top_words`.

        Returns
        -------
        pandas.DataFrame of str of shape (n_components, n_text_views)
            One row per topic, one column per text view. Once topics have names (see
            `set_topic_names`), "topic_name" is the first column.
        """
        check_is_fitted(self)
        known = self.known_words(
            n_words, ranking=ranking, ranking_weight=ranking_weight
        )
        frame = pd.DataFrame(
            {
                name: [", ".join(words) or NO_WORDS for words in own]
                for name, own in known.items()
            },
            index=pd.RangeIndex(self._n_features_out, name="topic"),
        )
        if self._topic_names:
            names = [name or NO_WORDS for name in self.topic_names_]
            frame.insert(0, "topic_name", names, allow_duplicates=True)
        return frame

    def known_words(self, n_words=10, *, ranking="probability", ranking_weight=None):
        """Return the top words of each topic in the languages that cover it.

        Parameters
        ----------
        n_words : int, default=10
            Words per topic and text view.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words`.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order; see `top_words`.

        Returns
        -------
        dict of str to list of list of str
            For each text view the result of `top_words`, but with an empty list for a
            topic that has less than a quarter of the tokens (`topic_tokens_`) that
            `prevalence_` predicts in the texts of that view: hardly any row about it
            has a text in that language, so its words are arbitrary.
        """
        check_is_fitted(self)
        prevalence, known = self.prevalence_, {}
        for name, tokens in self.topic_tokens_.items():
            has_words = tokens > _LEAST_SHARE * prevalence * tokens.sum()
            topics = self.top_words(
                name, n_words, ranking=ranking, ranking_weight=ranking_weight
            )
            known[name] = [
                words if has else []
                for words, has in zip(topics, has_words, strict=True)
            ]
        return known

    def print_topics(self, n_words=8, *, ranking="probability", ranking_weight=None):
        """Print the table of the topics.

        Parameters
        ----------
        n_words : int, default=8
            Words per topic and text view.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words`.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order; see `top_words`.
        """
        frame = self.topics_frame(
            n_words, ranking=ranking, ranking_weight=ranking_weight
        )
        # Chinese, Japanese, and Korean letters are two columns wide.
        with pd.option_context("display.unicode.east_asian_width", True):
            print(printable(frame.to_string()))

    def set_topic_names(self, names):
        """Name the topics: tables, displays, and reports show the names.

        Names are stored with the model and change nothing else: neither the order of
        the topics nor `get_feature_names_out`. A new `fit` forgets them.

        Parameters
        ----------
        names : sequence of (str or None), mapping of int to (str or None), or None
            A name for each topic, or for some by their numbers, while others keep
            theirs. None removes a name, or all of them.

        Returns
        -------
        self : object
            The model.

        Raises
        ------
        ValueError
            If a topic does not exist, two have the same name, or the number of names is
            not that of the topics. A name must be printable and not blank.
        TypeError
            If the names are neither a sequence nor a mapping of strings.

        See Also
        --------
        sklearn_m3l.inspection.suggest_topic_names : Names from words, or by a function.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_m3l import PolylingualLDA
        >>> X = np.repeat([[3, 3, 0, 0], [0, 0, 3, 3]], 20, axis=0)
        >>> model = PolylingualLDA(2, max_iter=20, random_state=0).fit(X)
        >>> model.set_topic_names({1: "layers"}).topic_names_
        [None, 'layers']
        >>> model.topics_frame(1).columns.tolist()
        ['topic_name', 'text']
        """
        check_is_fitted(self)
        n_topics = self._n_features_out
        self._topic_names = check_topic_names(names, self._topic_names, n_topics)
        return self

    @property
    def topic_names_(self) -> list[str | None]:
        """Name of each topic, or None without one; see `set_topic_names`."""
        return [self._topic_names.get(topic) for topic in range(self._n_features_out)]

    def describe(
        self, X, view=None, n_words=5, *, ranking="probability", ranking_weight=None
    ):
        """Describe each row by the top words of its dominant topic, in any language.

        This is how a picture gets words: ``describe(X[["image"]], view="de")``.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows, in any of the views in `views_`.
        view : str, optional
            The text view that the words come from; by default all of them.
        n_words : int, default=5
            Words per row and text view.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words`.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order; see `top_words`.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, 1 + n_text_views)
            The number of the topic in column "topic" and its words in one column per
            text view, with a dash if the topic has no words in a language (see
            `topics_frame`), indexed by the row labels of `X`. Rows without a view have
            missing values. Once topics have names, "topic_name" is the second column.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        table = self.topics_frame(
            n_words, ranking=ranking, ranking_weight=ranking_weight
        )
        return self._describe(self._infer(X), X.index, view, table)

    def _describe(self, theta: np.ndarray, index, view, table) -> pd.DataFrame:
        """Describe rows by their topics and the table of `topics_frame`."""
        known = np.flatnonzero(~np.isnan(theta[:, 0]))
        dominant = theta[known].argmax(axis=1)
        topics = pd.Series(pd.NA, index=index, dtype="Int64", name="topic")
        topics.iloc[known] = dominant
        frame = topics.to_frame()
        names = list(self.vocabularies_) if view is None else [view]
        columns = list(map(self._check_text_view, names))
        shift = table.shape[1] - len(self.vocabularies_)  # of the column of names
        places = [shift + list(self.vocabularies_).index(name) for name in columns]
        for place in [*range(shift), *places]:
            cells = np.full(len(theta), None, dtype=object)
            cells[known] = table.iloc[:, place].to_numpy()[dominant]
            name = table.columns[place]
            frame.insert(frame.shape[1], name, cells.tolist(), allow_duplicates=True)
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

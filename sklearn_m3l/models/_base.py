"""What all topic models share: their input, topics, words and score."""

import warnings
from abc import ABCMeta, abstractmethod

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import (
    check_is_fitted,
    check_non_negative,
    validate_data,
)

from sklearn_m3l.models._completion import split_documents
from sklearn_m3l.models._editing import TopicEditingMixin
from sklearn_m3l.models._topic_names import TopicNames
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._checks import list_labels
from sklearn_m3l.utils._fitted import (
    Boolean,
    Integer,
    Names,
    NotStored,
    Optional,
    PerView,
    Words,
    require,
)
from sklearn_m3l.utils._references import ReferringMixin
from sklearn_m3l.utils._sklearn import transform_output
from sklearn_m3l.utils._sparse import checked_csr

# Name of the only view of a plain 2-D array.
SINGLE_VIEW = "text"

# Word probabilities of this many rows are in memory at once.
_SCORE_ROWS = 2048


class BaseTopicModel(
    TopicEditingMixin,
    ReferringMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Base class of the topic models.

    A subclass has topics (`components_`, `topic_word_`), infers topics from views
    (`_transform`) and predicts words from topics (`_decode`). It adds the attributes
    that its `fit` sets to `_fitted_state`, for `save_model`.
    """

    _fitted_state: dict = {
        "_fitted_on_array": Boolean(),
        "n_features_in_": Integer(1),
        "feature_names_in_": Optional(Names()),
        "view_widths_": PerView(Integer(1)),
        "_embedded": PerView(Boolean()),
        "vocabularies_": PerView(Words()),
        "_topic_names": TopicNames(),
        "_references": NotStored(),
    }
    _path_parameters: tuple[str, ...] = ("checkpoint",)

    @property
    @abstractmethod
    def components_(self) -> np.ndarray:
        """Topic-word weights of all texts side by side."""

    @property
    def views_(self) -> list[str]:
        """Names of the views that `transform` takes, in the order of `fit`."""
        return list(self.view_widths_)

    @abstractmethod
    def _transform(self, X: MultiView) -> np.ndarray:
        """Return topics, (n, n_components), NaN in rows that have no view."""

    @abstractmethod
    def _decode(self, name: str, theta: np.ndarray) -> np.ndarray:
        """Return log-probabilities of the words of a text view, (n, n_words)."""

    def usable_views(self, X, *, unknown="error"):
        """Return the views of some rows that `transform` infers topics from.

        Parameters
        ----------
        X : MultiView of shape (n_rows, n_views)
            Rows.
        unknown : {"error", "ignore"}, default="error"
            Whether a view that the model was not fitted on and cannot use is an error,
            as in `transform`, or ignored.

        Returns
        -------
        list of str
            Names of the views, in the order of `X`.

        Raises
        ------
        ValueError
            If a view is unknown (unless ignored), or none of the views can be used.
        """
        check_is_fitted(self)
        if unknown not in ("error", "ignore"):
            raise ValueError(f"unknown must be 'error' or 'ignore', not {unknown!r}")
        takes = {
            name: self._takes(name, view.embedding is not None, view.width)
            for name, view in X.views.items()
        }
        usable = [name for name, taken in takes.items() if taken]
        if unknown == "ignore":
            return usable
        for name, taken in takes.items():
            if taken is None:
                raise ValueError(self._why_unknown(name, X[name]))
        if not usable:
            raise ValueError(
                f"{type(self).__name__} infers topics from {self._views_taken()}; X "
                f"has only {', '.join(X.view_names)}"
            )
        return usable

    def transform(self, X):
        """Infer the topics of rows from the views that they have.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Any of the views in `views_`, in any order; other views of the training
            data are ignored. A row with several views gets the mean over them;
            ``transform(X[["image"]])`` infers topics from pictures alone.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_components)
            Topic distributions, rows that sum to 1; NaN in rows that have no view.

        Raises
        ------
        ValueError
            If a view is unknown, none of the views can be used, or one differs from
            that of `fit`.
        """
        check_is_fitted(self)
        views = self._check_X(X, reset=False)
        theta = self._infer(views)
        missing = np.isnan(theta[:, 0])
        if missing.any():
            warnings.warn(
                f"{missing.sum()} of {len(theta)} rows have none of the views "
                f"{', '.join(views.view_names)}; their topics are NaN",
                UserWarning,
                stacklevel=3,  # scikit-learn wraps transform
            )
        n_unknown = np.count_nonzero(self._without_known_words(views))
        if n_unknown:
            warnings.warn(
                f"{n_unknown} of {len(theta)} rows have no known word, so they all get "
                "the same topics",
                UserWarning,
                stacklevel=3,
            )
        if transform_output(self) == "pandas" and isinstance(X, MultiView):
            # scikit-learn takes row labels from a DataFrame alone.
            return pd.DataFrame(theta, index=X.index)
        return theta

    @staticmethod
    def _without_known_words(X: MultiView) -> np.ndarray:
        """Return the rows that have a text, but nothing to infer topics from.

        An embedding is enough, if only for its cluster.
        """
        told = np.zeros(len(X), dtype=bool)
        for view in X.views.values():
            if view.embedding is not None:
                told |= view.present
                continue
            for start in range(0, len(X), _SCORE_ROWS):  # counts may be in files
                rows = slice(start, start + _SCORE_ROWS)
                told[rows] |= view.present[rows] & (view.counts[rows].sum(axis=1) > 0)
        present = [view.present for view in X.views.values()]
        return np.any(present, axis=0) & ~told

    def _infer(self, X: MultiView) -> np.ndarray:
        """Return topics; refuse NaN in rows that have a view.

        Embeddings far from those of `fit` overflow, and so do weights of a damaged
        model.
        """
        theta = self._transform(X)
        present = np.any([view.present for view in X.views.values()], axis=0)
        broken = np.flatnonzero(present & ~np.isfinite(theta).all(axis=1))
        if len(broken):
            raise ValueError(
                f"the topics of {len(broken)} of {len(X)} rows are not finite: "
                f"{list_labels(X.index[broken])}; their embeddings are far from those "
                "of fit, or the model is damaged"
            )
        return theta

    def score(self, X, y=None):
        """Return the mean log-likelihood per word of the texts.

        Topics are inferred from all given views, as in `transform`, and the words of
        every text that the model can decode are predicted from them.

        If topics are inferred from the words of a text, as by `PolylingualLDA` or on a
        2-D array, the words to predict must not be known: the tokens of every row are
        split into two halves, and each half is predicted from the other (document
        completion [1]_). Otherwise more topics would always look better. The split
        depends only on the text of the row, so the score does not change between calls.
        Embeddings are not split: they are of the whole text.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            At least one view must be a text with counts.
        y : None
            Ignored.

        Returns
        -------
        float
            Sum over texts and words of count times log-probability, divided by the sum
            of the counts; greater is better.

        Raises
        ------
        ValueError
            If no text has words that the model knows.

        References
        ----------
        .. [1] H. Wallach, I. Murray, R. Salakhutdinov and D. Mimno, "Evaluation Methods
           for Topic Models", ICML 2009.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        names = [n for n in X.view_names if n in self.vocabularies_ and X[n].is_text]
        if not names:
            raise ValueError(
                "score needs the word counts of a view that the model has topics for "
                f"({', '.join(self.vocabularies_)}); X has {', '.join(X.view_names)}"
            )
        read = self._read_as_words(X)
        totals = np.zeros(2)
        for start in range(0, len(X), _SCORE_ROWS):
            part = X[start : start + _SCORE_ROWS]
            if read:
                first, second = split_documents(part, {*names, *read})
                totals += self._log_likelihood(first, second, names)
                totals += self._log_likelihood(second, first, names)
            else:
                totals += self._log_likelihood(part, part, names)
        likelihood, n_tokens = totals
        if n_tokens == 0:
            raise ValueError("score needs a text with at least one known word")
        return float(likelihood / n_tokens)

    def _read_as_words(self, X: MultiView) -> list[str]:
        """Return the views whose counts `_transform` reads."""
        return [n for n, view in X.views.items() if view.embedding is None]

    def _log_likelihood(
        self, given: MultiView, predicted: MultiView, names: list[str]
    ) -> tuple[float, float]:
        """Return the log-likelihood of the words of some texts, and their number."""
        theta = self._infer(given)
        likelihood = n_tokens = 0.0
        for name in names:
            present = predicted[name].present
            counts = predicted[name].counts[np.flatnonzero(present)].tocoo()
            log_p = self._decode(name, theta[present])
            likelihood += float(counts.data @ log_p[counts.row, counts.col])
            n_tokens += float(counts.data.sum())
        return likelihood, n_tokens

    def _check_X(self, X, *, reset: bool) -> MultiView:
        """Return the input as a MultiView that fits the model."""
        if reset:
            self._topic_names = {}
        if not isinstance(X, MultiView):
            return self._check_array(X, reset=reset)
        if reset:
            self._fitted_on_array = False
            self.n_features_in_ = X.shape[1]
            self.feature_names_in_ = np.array(X.view_names, dtype=object)
            self.view_widths_ = {name: view.width for name, view in X.views.items()}
            self._embedded = {n: v.embedding is not None for n, v in X.views.items()}
            self.vocabularies_ = {
                name: _vocabulary(view)
                for name, view in X.views.items()
                if view.is_text
            }
            return X
        if self._fitted_on_array:
            raise TypeError(
                f"this {type(self).__name__} was fitted on a 2-D array; pass one, not "
                "a MultiView"
            )
        taken = self.usable_views(X)
        for name in taken:
            self._check_view(name, X[name])
        return X if len(taken) == X.shape[1] else X[taken]

    def _takes(self, name: str, is_embedded: bool, width: int) -> bool | None:
        """Return whether topics are inferred from a view; None if it is unknown."""
        return name in self.views_ if name in self.view_widths_ else None

    def _why_unknown(self, name, view) -> str:
        """Explain why an unknown view cannot be used."""
        return (
            f"unknown view {name!r}; {type(self).__name__} was fitted on "
            f"{', '.join(self.view_widths_)}"
        )

    def _views_taken(self) -> str:
        """Name the views that can be used, for a message."""
        return ", ".join(self.views_)

    def _check_view(self, name, view):
        """Raise ValueError if a view differs from that of `fit`."""
        if name in self.vocabularies_ and view.is_text:
            vocabulary, fitted = _vocabulary(view), self.vocabularies_[name]
            if len(vocabulary) != len(fitted):
                raise ValueError(
                    f"view {name!r} has counts of {len(vocabulary)} words, but "
                    f"{type(self).__name__} was fitted on {len(fitted)}"
                )
            if view.vocabulary is not None and not np.array_equal(vocabulary, fitted):
                raise ValueError(
                    f"view {name!r} has a different vocabulary than in fit; count its "
                    "words with the vectorizer that was fitted on the training data"
                )

    def _check_array(self, X, *, reset: bool) -> MultiView:
        """Return a 2-D array of counts as a MultiView of one text."""
        if not reset and not self._fitted_on_array:
            raise TypeError(
                f"this {type(self).__name__} was fitted on a MultiView of "
                f"{', '.join(self.view_widths_)}; pass a MultiView, not a "
                f"{type(X).__name__}"
            )
        index = X.index if isinstance(X, pd.DataFrame) else None
        if sparse.issparse(X):
            X = checked_csr(X, "X")
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_min_samples=2 if reset else 1,
        )
        check_non_negative(X, f"{type(self).__name__} (word counts)")
        if reset:
            self._fitted_on_array = True
            self.view_widths_ = {SINGLE_VIEW: X.shape[1]}
            self._embedded = {SINGLE_VIEW: False}
            names = getattr(self, "feature_names_in_", None)
            if names is None:
                names = [f"x{column}" for column in range(X.shape[1])]
            self.vocabularies_ = {SINGLE_VIEW: np.asarray(names, dtype=str)}
        counts = sparse.csr_array(X)
        return MultiView.from_arrays(counts={SINGLE_VIEW: counts}, index=index)

    def _check_fitted_state(self, state: dict) -> None:
        """Raise ValueError if stored attributes contradict each other."""
        widths, vocabularies = state["view_widths_"], state["vocabularies_"]
        embedded, n_features = state["_embedded"], state["n_features_in_"]
        names = state.get("feature_names_in_")
        require(list(embedded) == list(widths), "_embedded has other views")
        require(set(vocabularies) <= set(widths), "vocabularies_ has unknown views")
        for name, words in vocabularies.items():
            fits = embedded[name] or len(words) == widths[name]
            require(fits, f"view {name!r} has other words than its width")
        if state["_fitted_on_array"]:
            fits = list(widths) == list(vocabularies) == [SINGLE_VIEW]
            require(fits and not embedded[SINGLE_VIEW], "an array has a single view")
            n_names = n_features if names is None else len(names)
            fits = widths[SINGLE_VIEW] == n_features == n_names
            require(fits, "n_features_in_ is not the number of words")
        else:
            fits = names is not None and names.tolist() == list(widths)
            require(fits, "feature_names_in_ are not the names of the views")
            require(n_features == len(widths), "n_features_in_ has other views")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def check_training_rows(X: MultiView) -> None:
    """Raise ValueError if there are fewer than two rows, or a row has no view."""
    if len(X) < 2:
        raise ValueError(f"fit needs at least 2 rows; X has n_samples={len(X)}")
    present = np.stack([view.present for view in X.views.values()])
    missing = np.flatnonzero(~present.any(axis=0))
    if len(missing):
        raise ValueError(
            f"{len(missing)} of {len(X)} rows have no view, so nothing can be learned "
            f"from them; leave them out of fit: {list_labels(X.index[missing])}"
        )


def choose_view(view: str | None, candidates: list[str], purpose: str) -> str:
    """Return the view that a parameter names, or the only candidate."""
    if view is None and len(candidates) == 1:
        return candidates[0]
    if view not in candidates:
        raise ValueError(
            f"view={view!r} is not a view {purpose}; set view to one of: "
            f"{', '.join(candidates) or 'none, there is no such view'}"
        )
    return view


def _vocabulary(view) -> np.ndarray:
    """Return the words of a text view, or numbered names if it has no vocabulary."""
    if view.vocabulary is not None:
        return view.vocabulary
    return np.array([f"w{column}" for column in range(view.counts.shape[1])])

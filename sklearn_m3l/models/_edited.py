"""A model of edited topics: those of a fitted model merged, dropped, or reordered."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.models._base import BaseTopicModel
from sklearn_m3l.models._topic_names import TopicNames, require_names
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._fitted import require
from sklearn_m3l.utils._sklearn import HasMethods, own_transform_output

# Fitted attributes that are the same in the original.
_SHARED = (
    "_embedded",
    "_fitted_on_array",
    "feature_names_in_",
    "n_features_in_",
    "n_iter_",
    "view_widths_",
    "vocabularies_",
)


class EditedTopicModel(BaseTopicModel):
    """Topics of another model: merged, dropped, or in another order.

    `merge_topics`, `drop_topics`, `reorder_topics` and `reduce_topics` of the models
    return it, fitted. It infers topics with the original and maps them: proportions of
    merged topics are added, and those of the remaining topics are scaled to sum to 1.
    It describes, scores, and is stored like any other model, but cannot be fitted.

    Parameters
    ----------
    model : FrozenEstimator
        The original, fitted.
    topics : list of list of int
        For each topic, the topics of the original that it consists of.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, sum of vocabulary sizes)
        `topic_word_` of all languages side by side.
    topic_word_ : dict of str to ndarray of shape (n_components, n_words)
        Word distributions of each language: those of merged topics are means, weighted
        by the prevalence of the original.
    topic_tokens_ : dict of str to ndarray of shape (n_components,)
        Tokens of each topic in the training texts of each language.
    prevalence_ : ndarray of shape (n_components,)
        Share of each topic in the tokens of all remaining topics.
    topic_names_ : list of (str or None)
        Name of each topic that has one; see `set_topic_names`.

    Notes
    -----
    `score` decodes words with the original, from proportions in which a merged topic is
    divided among its topics by their prevalence. With a mixture decoder, that equals
    decoding with `topic_word_`; with a product decoder, it does not.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import PolylingualLDA
    >>> X = np.repeat(3 * np.eye(3), 10, axis=0)
    >>> model = PolylingualLDA(3, max_iter=20, random_state=0).fit(X)
    >>> edited = model.merge_topics([[0, 1]]).reorder_topics([1, 0])
    >>> edited.topics
    [[2], [0, 1]]
    >>> edited.transform(X).sum(axis=1).round(3).tolist() == [1.0] * 30
    True
    """

    _fitted_state: dict = {"_topic_names": TopicNames()}
    _path_parameters = ()

    _parameter_constraints: dict = {
        "model": [HasMethods(["fit", "transform"])],
        "topics": [list],
    }

    def __init__(self, model, topics):
        self.model = model
        self.topics = topics

    def fit(self, X=None, y=None):
        """Raise TypeError: only the original can be fitted.

        Parameters
        ----------
        X : object
            Ignored.
        y : None
            Ignored.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            "an EditedTopicModel cannot be fitted; fit the original model, and edit "
            "its topics"
        )

    def __getattr__(self, name: str) -> Any:
        if name in _SHARED:
            return getattr(self._original, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def _original(self) -> Any:
        return self.model.estimator

    @property
    def _members(self) -> np.ndarray:
        """1 where a topic of the original is part of a topic, (n, n_original)."""
        members = np.zeros((len(self.topics), self._original._n_features_out))
        for topic, group in enumerate(self.topics):
            members[topic, group] = 1
        return members

    @property
    def _shares(self) -> np.ndarray:
        """Share of each topic of the original in the topic that it is part of."""
        members = self._members
        weighted = members * self._original.prevalence_
        empty = weighted.sum(axis=1) == 0
        weighted[empty] = members[empty]
        return weighted / weighted.sum(axis=1, keepdims=True)

    def _transform(self, X: MultiView) -> np.ndarray:
        theta = self._original._transform(X)
        mapped = theta @ self._members.T.astype(theta.dtype)
        if sum(map(len, self.topics)) == theta.shape[1]:
            return mapped
        mapped[mapped.sum(axis=1) == 0] = self.prevalence_
        return mapped / mapped.sum(axis=1, keepdims=True)

    def _decode(self, name: str, theta: np.ndarray) -> np.ndarray:
        return self._original._decode(name, theta @ self._shares.astype(theta.dtype))

    def _read_as_words(self, X: MultiView) -> list[str]:
        return self._original._read_as_words(X)

    @property
    def views_(self) -> list[str]:
        """Names of the views that `transform` takes."""
        return self._original.views_

    def _takes(self, name, is_embedded, width) -> bool | None:
        return self._original._takes(name, is_embedded, width)

    def _why_unknown(self, name, view) -> str:
        return self._original._why_unknown(name, view)

    def _views_taken(self) -> str:
        return self._original._views_taken()

    def _check_view(self, name, view):
        self._original._check_view(name, view)

    @property
    def topic_word_(self) -> Mapping[str, np.ndarray]:
        """Topic-word distributions of each language."""
        shares = self._shares
        return {n: shares @ words for n, words in self._original.topic_word_.items()}

    @property
    def components_(self) -> np.ndarray:
        """Topic-word distributions of all languages side by side."""
        return np.hstack(list(self.topic_word_.values()))

    @property
    def topic_tokens_(self) -> Mapping[str, np.ndarray]:
        """Tokens of each topic in the training texts of each language."""
        tokens = self._original.topic_tokens_.items()
        return {name: self._members @ own for name, own in tokens}

    @property
    def _n_features_out(self) -> int:
        return len(self.topics)

    def __sklearn_is_fitted__(self) -> bool:
        return "_topic_names" in vars(self)

    def _check_storable(self) -> None:
        """Refuse anything but a map of topics over a fitted model."""
        model = self.model
        known = isinstance(model, FrozenEstimator)
        known = known and isinstance(model.estimator, BaseTopicModel)
        require(known, "model must be a FrozenEstimator of a topic model")
        check_is_fitted(model.estimator)
        n_topics = model.estimator._n_features_out
        lists = all(type(group) is list and group for group in self.topics)
        require(self.topics and lists, "topics must be a list of lists of topics")
        members = [topic for group in self.topics for topic in group]
        numbers = all(type(k) is int and 0 <= k < n_topics for k in members)
        require(numbers, "topics has topics that the original lacks")
        require(len(set(members)) == len(members), "topics has a topic twice")

    def _check_fitted_state(self, state: dict) -> None:
        require_names(state["_topic_names"], len(self.topics))


def edit(model: Any, topics: list[list[int]]) -> EditedTopicModel:
    """Return a fitted map over a model, or over the original of another map."""
    names = [[model._topic_names.get(k) for k in group] for group in topics]
    if isinstance(model, EditedTopicModel):
        topics = [[k for own in group for k in model.topics[own]] for group in topics]
        edited = EditedTopicModel(model.model, topics)
    else:
        edited = EditedTopicModel(FrozenEstimator(model), topics)
    known = {topic: [n for n in own if n] for topic, own in enumerate(names)}
    edited._topic_names = {k: own[0] for k, own in known.items() if len(own) == 1}
    edited.set_output(transform=own_transform_output(model))
    return edited

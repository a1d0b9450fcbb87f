"""Methods that merge, drop and reorder the topics of a fitted model."""

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklearn_m3l.models._topic_words import TopicWordsMixin

_LINKAGES = ("ward", "average")


class TopicEditingMixin(TopicWordsMixin):
    """The methods of topic models that return a model with edited topics.

    The model itself stays as it is.
    """

    def merge_topics(self, groups):
        """Return a model in which some topics are merged.

        The proportion of a merged topic is the sum of those of its topics, and its word
        distributions are their means, weighted by `prevalence_`.

        Parameters
        ----------
        groups : sequence of sequences of int
            Numbers of the topics to merge, such as ``[[3, 7], [1, 4, 5]]``. A merged
            topic takes the place of the lowest number, and later topics move up. It
            keeps a name if exactly one of its topics has one.

        Returns
        -------
        EditedTopicModel
            A fitted model.

        Raises
        ------
        TypeError
            If `groups` is not a sequence of sequences.
        ValueError
            If a topic does not exist or is in several groups, or a group has fewer than
            two topics.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_m3l import PolylingualLDA
        >>> X = np.repeat(3 * np.eye(3), 10, axis=0)
        >>> model = PolylingualLDA(3, max_iter=20, random_state=0).fit(X)
        >>> model.merge_topics([[0, 2]]).transform(X).shape
        (30, 2)
        """
        check_is_fitted(self)
        if not _is_list(groups) or not all(map(_is_list, groups)):
            raise TypeError(
                f"groups must be a list of lists of topics, such as [[3, 7]], not "
                f"{groups!r}"
            )
        members = [self._check_topics("groups", group) for group in groups]
        self._check_topics("groups", [topic for group in members for topic in group])
        for group in members:
            if len(group) < 2:
                raise ValueError(
                    f"groups has the group {group}, which merges nothing; give at "
                    "least two topics"
                )
        first = {min(group): sorted(group) for group in members}
        merged = {topic for group in members for topic in group}
        return self._edit(
            [
                first.get(topic, [topic])
                for topic in range(self._n_features_out)
                if topic in first or topic not in merged
            ]
        )

    def drop_topics(self, topics):
        """Return a model without some topics, such as those of boilerplate.

        The proportions of the others are renormalized to sum to 1. A row that has no
        other topic gets `prevalence_`.

        Parameters
        ----------
        topics : sequence of int
            Numbers of the topics to drop. Later topics move up.

        Returns
        -------
        EditedTopicModel
            A fitted model.

        Raises
        ------
        ValueError
            If a topic does not exist or is named twice, or none would be left.
        """
        check_is_fitted(self)
        dropped = self._check_topics("topics", topics)
        kept = [[k] for k in range(self._n_features_out) if k not in dropped]
        if not kept:
            raise ValueError("topics has all topics; leave at least one")
        return self._edit(kept)

    def reorder_topics(self, order="prevalence"):
        """Return a model with the topics in another order.

        Parameters
        ----------
        order : "prevalence" or sequence of int, default="prevalence"
            The numbers of all topics in their new order, or the most prevalent first.

        Returns
        -------
        EditedTopicModel
            A fitted model.

        Raises
        ------
        ValueError
            If the order does not have each topic exactly once.
        """
        check_is_fitted(self)
        if isinstance(order, str) and order == "prevalence":
            order = np.argsort(-self.prevalence_, kind="stable")
        numbers = self._check_topics("order", order)
        missing = sorted({*range(self._n_features_out)} - {*numbers})
        if missing:
            raise ValueError(
                f"order lacks the topics {', '.join(map(str, missing))}; to leave "
                "topics out, use drop_topics"
            )
        return self._edit([[topic] for topic in numbers])

    def reduce_topics(self, n_components, method="ward"):
        """Return a model in which the most similar topics are merged.

        Parameters
        ----------
        n_components : int
            Number of topics to keep.
        method : {"ward", "average"}, default="ward"
            How to measure the distance of groups of topics; see `topic_hierarchy`.

        Returns
        -------
        EditedTopicModel
            A fitted model.

        Raises
        ------
        ValueError
            If there are fewer topics, or the method is unknown.
        """
        check_is_fitted(self)
        n_topics = self._n_features_out
        check_scalar(
            n_components, "n_components", Integral, min_val=1, max_val=n_topics
        )
        if n_components == n_topics:
            return self._edit([[topic] for topic in range(n_topics)])
        tree = self.topic_hierarchy(method)
        labels = cut_tree(tree, n_clusters=n_components)[:, 0]
        groups = [np.flatnonzero(labels == label).tolist() for label in set(labels)]
        return self.merge_topics([group for group in groups if len(group) > 1])

    def topic_hierarchy(self, method="ward"):
        """Return a hierarchy of the topics, by the words of all languages.

        The distance of two topics is the Euclidean distance of the square roots of
        their word distributions (the Hellinger distance, up to a factor), all languages
        side by side.

        Parameters
        ----------
        method : {"ward", "average"}, default="ward"
            The distance of two groups of topics: the increase in variance, or the mean
            over pairs.

        Returns
        -------
        ndarray of shape (n_components - 1, 4)
            The linkage matrix, as :func:`scipy.cluster.hierarchy.linkage` returns it:
            one row per merger.

        Raises
        ------
        ValueError
            If the method is unknown, or there is only one topic.

        See Also
        --------
        reduce_topics : Merge the most similar topics.
        sklearn_m3l.display.TopicHierarchyDisplay : Draw the hierarchy.
        """
        check_is_fitted(self)
        if method not in _LINKAGES:
            known = " or ".join(map(repr, _LINKAGES))
            raise ValueError(f"method must be {known}, not {method!r}")
        if self._n_features_out < 2:
            raise ValueError("a hierarchy needs at least two topics; there is one")
        words = [np.asarray(own, np.float64) for own in self.topic_word_.values()]
        return linkage(np.sqrt(np.hstack(words) / len(words)), method)

    def _edit(self, topics: list[list[int]]):
        from sklearn_m3l.models._edited import edit

        return edit(self, topics)

    def _check_topics(self, name: str, topics: Any) -> list[int]:
        """Return numbers of topics; refuse those that do not exist or come twice."""
        if not _is_list(topics):
            raise TypeError(f"{name} must be a list of topics, not {topics!r}")
        n_topics = self._n_features_out
        seen: set[int] = set()
        for topic in topics:
            is_number = isinstance(topic, Integral) and not isinstance(topic, bool)
            if not is_number or not 0 <= topic < n_topics:
                raise ValueError(
                    f"{name} has the unknown topic {topic!r}; topics are numbered from "
                    f"0 to {n_topics - 1}"
                )
            if topic in seen:
                raise ValueError(f"{name} has topic {topic} twice")
            seen.add(int(topic))
        return [int(topic) for topic in topics]


def _is_list(value: Any) -> bool:
    """Return whether a value has items that are neither letters nor keys."""
    return isinstance(value, Collection) and not isinstance(value, (str, Mapping))

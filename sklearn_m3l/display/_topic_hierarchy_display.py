"""The hierarchy of topics as a dendrogram."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.metrics._topics import reach_topic_model

# Inches: the width, the height of a topic, and the height of everything else.
_WIDTH, _TOPIC, _REST = 7, 0.2, 0.8


class TopicHierarchyDisplay:
    """The hierarchy of the topics of a model, as a dendrogram.

    It is recommended to use `from_estimator` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    linkage : ndarray of shape (n_topics - 1, 4)
        The result of `topic_hierarchy` of the models.
    labels : sequence of str
        Labels of the topics.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the dendrogram.
    figure_ : matplotlib Figure
        Figure with the axes.
    dendrogram_ : dict
        The result of :func:`scipy.cluster.hierarchy.dendrogram`.

    See Also
    --------
    sklearn_m3l.PolylingualLDA.reduce_topics : Merge topics by their hierarchy.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import TopicHierarchyDisplay
    >>> X = load_gimp_help("test").data[:60]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> display = TopicHierarchyDisplay.from_estimator(model, view="de")
    >>> len(display.dendrogram_["leaves"])
    5
    >>> display.figure_.savefig("hierarchy.png")  # doctest: +SKIP
    """

    def __init__(self, linkage: np.ndarray, labels: Sequence[str]):
        self.linkage = linkage
        self.labels = labels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        method: str = "ward",
        view: str | None = None,
        n_words: int = 3,
        ranking: str = "probability",
        ranking_weight: float | None = None,
        ax: Any = None,
        **dendrogram_kw: Any,
    ) -> "TopicHierarchyDisplay":
        """Cluster the topics of a model, and plot the hierarchy.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, or a pipeline that ends with one.
        method : {"ward", "average"}, default="ward"
            The distance of groups of topics; see `topic_hierarchy` of the models.
        view : str, default=None
            The text view whose words label topics without a name; by default the first.
        n_words : int, default=3
            Words per topic.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words` of the models.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **dendrogram_kw : dict
            Passed to :func:`scipy.cluster.hierarchy.dendrogram`.

        Returns
        -------
        TopicHierarchyDisplay
            The display, plotted.
        """
        model, _ = reach_topic_model(estimator, None)
        view = next(iter(model.vocabularies_)) if view is None else view
        words = model.top_words(
            view, n_words, ranking=ranking, ranking_weight=ranking_weight
        )
        named = zip(model.topic_names_, words, strict=True)
        labels = [
            f"{topic}: {name or ', '.join(own)}"
            for topic, (name, own) in enumerate(named)
        ]
        display = cls(model.topic_hierarchy(method), labels)
        return display.plot(ax=ax, **dendrogram_kw)

    def plot(self, ax: Any = None, **dendrogram_kw: Any) -> "TopicHierarchyDisplay":
        """Plot the dendrogram, with one topic below the other.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **dendrogram_kw : dict
            Passed to :func:`scipy.cluster.hierarchy.dendrogram`.

        Returns
        -------
        TopicHierarchyDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from scipy.cluster.hierarchy import dendrogram

        if ax is None:
            size = (_WIDTH, _TOPIC * len(self.labels) + _REST)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        style = {"orientation": "left", "color_threshold": 0}
        style["above_threshold_color"] = "C0"
        self.dendrogram_ = dendrogram(self.linkage, ax=ax, **style | dendrogram_kw)
        shown = [self.labels[topic] for topic in self.dendrogram_["leaves"]]
        sideways = (style | dendrogram_kw)["orientation"] in ("left", "right")
        axis, other = (ax.yaxis, ax.xaxis) if sideways else (ax.xaxis, ax.yaxis)
        axis.set_ticklabels(
            shown,
            fontsize=9,
            family=find_families(shown),
            parse_math=False,
            rotation=0 if sideways else 90,
        )
        other.set_label_text("Distance")
        ax.spines[["top", "left", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

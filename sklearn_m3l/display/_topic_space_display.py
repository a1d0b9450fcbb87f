"""The topic space as a figure: every view of every row is a point."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._report_contents import N_WORDS, Contents
from sklearn_m3l.display._report_page import report_page
from sklearn_m3l.display._style import color, marker
from sklearn_m3l.display._topic_space import topic_space
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.utils._files import replace_file

# The figure names topics with at least this share of the points, if no other name is
# near: within a share of the width per letter, and of the height.
_NAMED_SHARE, _LETTER = 0.02, (0.01, 0.02)


class TopicSpaceDisplay:
    """The topic space: t-SNE of all views, the paper's Figure 2.

    It is recommended to use `from_estimator` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    points : DataFrame of shape (n_points, 6)
        As returned by `topic_space`.
    words : mapping of str to list of list of str, default=None
        By view, the top words of each topic, which label the larger topics.
    view_labels : mapping of str to str, default=None
        Labels of the views; by default their names.
    topic_names : mapping of int to str, default=None
        Names of topics, to show instead of their top words.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the points.
    figure_ : matplotlib Figure
        Figure with the axes.
    scatter_ : dict of str to matplotlib PathCollection
        The points of each view.
    text_ : list of matplotlib Text
        The names of the larger topics.

    See Also
    --------
    topic_space : Only the points.
    TopicReport : A page of all topics and documents, with this map.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import TopicSpaceDisplay
    >>> X = load_gimp_help("test").data[:20]
    >>> model = M3LContrastTopicModel(2, max_iter=1, random_state=0).fit(X)
    >>> display = TopicSpaceDisplay.from_estimator(model, X, random_state=0)
    >>> list(display.scatter_)
    ['en', 'de', 'image']
    >>> display.figure_.savefig("topics.png")  # doctest: +SKIP
    >>> display.write_html("topics.html")  # doctest: +SKIP
    """

    def __init__(
        self,
        points: pd.DataFrame,
        *,
        words: Mapping[str, list[list[str]]] | None = None,
        view_labels: Mapping[str, str] | None = None,
        topic_names: Mapping[int, str] | None = None,
    ):
        self.points = points
        self.words = words
        self.view_labels = view_labels
        self.topic_names = topic_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        names: Mapping[str, Any] | None = None,
        view_labels: Mapping[str, str] | None = None,
        ranking: str = "probability",
        ranking_weight: float | None = None,
        random_state: Any = None,
        ax: Any = None,
        **scatter_kw: Any,
    ) -> "TopicSpaceDisplay":
        """Lay out the views of all rows, and plot them.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, or a pipeline that ends with one.
        X : MultiView or DataFrame of shape (n_rows, n_views)
            Rows to show, in the form that the estimator takes.
        names : mapping of str to array-like of shape (n_rows,), default=None
            Names of the rows in a view, such as the page of a text. Rows with the same
            name are one point. By default the row labels.
        view_labels : mapping of str to str, default=None
            Labels of the views; by default their names.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words` of the models.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order.
        random_state : int, RandomState instance or None, default=None
            Seed of the t-SNE.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **scatter_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.scatter`.

        Returns
        -------
        TopicSpaceDisplay
            The display, plotted.
        """
        model, X = reach_topic_model(estimator, X)
        display = cls(
            topic_space(model, X, names=names, random_state=random_state),
            words={
                view: model.top_words(
                    view, N_WORDS, ranking=ranking, ranking_weight=ranking_weight
                )
                for view in X.view_names
                if view in model.vocabularies_
            },
            view_labels=view_labels,
            topic_names={k: v for k, v in enumerate(model.topic_names_) if v},
        )
        return display.plot(ax=ax, **scatter_kw)

    def plot(
        self, ax: Any = None, *, view: str | None = None, **scatter_kw: Any
    ) -> "TopicSpaceDisplay":
        """Plot the points, with the names of the larger topics.

        Each view has its own color and marker.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        view : str, default=None
            The text view whose words name the topics; by default the first.
        **scatter_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.scatter`.

        Returns
        -------
        TopicSpaceDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from matplotlib.patheffects import withStroke

        words = self._words_of(view)
        if ax is None:
            _, ax = plt.subplots(figsize=(7, 7), layout="constrained")
        self.scatter_ = {}
        for number, (name, label) in enumerate(self._labels().items()):
            points = self.points[self.points["view"] == name]
            style = {
                "s": 18,
                "alpha": 0.7,
                "linewidths": 0,
                "color": color(number),
                "marker": marker(number),
            }
            self.scatter_[name] = ax.scatter(
                points["x"],
                points["y"],
                label=f"{label} ({len(points):,})",
                **style | scatter_kw,
            )
        places = self.points.groupby("topic")[["x", "y"]].median()
        given = self.topic_names or {}
        called = {k: given.get(k, own[0]) for k, own in enumerate(words)} or given
        named = _named_topics(self.points, called)
        names = [called[topic] for topic, _, _ in named]
        labels = self._labels()
        family = find_families([*names, *labels.values()], view or next(iter(labels)))
        self.text_ = [
            ax.text(
                *places.loc[topic],
                called[topic],
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold",
                family=family,
                parse_math=False,
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )
            for topic, _, _ in named
        ]
        # The axes of a t-SNE have no unit.
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=4,
            frameon=False,
            prop={"family": family},
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def write_html(
        self,
        path: str | os.PathLike,
        *,
        title: str = "Topic space",
        view: str | None = None,
    ) -> None:
        """Write the topic space as an interactive page, with the words of all topics.

        Readers can zoom the map, point at a point to see its name, and search words.
        The file is self-contained and loads nothing. An existing file is replaced only
        once the new one is complete.

        Parameters
        ----------
        path : str or path-like
            The file to write.
        title : str, default="Topic space"
            The heading.
        view : str, default=None
            The text view whose words name the topics; by default the first.

        Raises
        ------
        ValueError
            If the display has no words, or no words in `view`.
        OSError
            If the file cannot be written.
        """
        words = self._words_of(view)
        if not words or self.words is None:
            raise ValueError(
                "the page shows the words of the topics; create the display with words"
            )
        by_view = {} if view is None else {view: words}
        by_view |= dict(self.words)
        given = self.view_labels or {}
        contents = Contents(
            views=self._labels(),
            languages={name: given.get(name, name) for name in by_view},
            words=by_view,
            topic_names=dict(self.topic_names or {}),
            names=self._by_row(self.points["name"].astype(str), ""),
            points=self.points,
            point_of=self._by_row(self.points.index, -1),
        )
        replace_file(Path(path), report_page(contents, title=title))

    def _by_row(self, values: Any, absent: Any) -> dict[str, np.ndarray]:
        """Return by view and row the values of the points."""
        rows, found = self.points["row"].to_numpy(), {}
        for view in self.points["view"].unique():
            own = (self.points["view"] == view).to_numpy()
            found[view] = np.full(rows.max() + 1, absent, dtype=object)
            found[view][rows[own]] = np.asarray(values)[own]
        return found

    def _labels(self) -> dict[str, str]:
        """Return the label of each view, in the order of the points."""
        given = self.view_labels or {}
        return {view: given.get(view, view) for view in self.points["view"].unique()}

    def _words_of(self, view: str | None) -> list[list[str]]:
        """Return the words of each topic in one view, or an empty list."""
        words = self.words or {}
        if view is None:
            return next(iter(words.values()), [])
        if not words:
            raise ValueError(f"view={view!r} has no words, and no other view has any")
        if view not in words:
            raise ValueError(
                f"view={view!r} has no words; choose one of {', '.join(words)}"
            )
        return words[view]


def _named_topics(points: pd.DataFrame, labels: Mapping[int, str]) -> list[tuple]:
    """Return numbers and positions of larger topics whose names do not overlap."""
    places = points.groupby("topic")[["x", "y"]].median()
    sizes = points["topic"].value_counts(sort=False)
    width = max((points[["x", "y"]].max() - points[["x", "y"]].min()).max(), 1e-9)
    named: list[tuple] = []
    for topic in sizes.sort_values(ascending=False, kind="stable").index:
        x, y = places.loc[topic]
        shown = topic in labels and sizes[topic] >= _NAMED_SHARE * len(points)
        if shown and not any(
            abs(y - other_y) < _LETTER[1] * width
            and abs(x - other_x)
            < _LETTER[0] * width * (len(labels[topic]) + len(labels[other])) / 2
            for other, other_x, other_y in named
        ):
            named.append((topic, x, y))
    return named

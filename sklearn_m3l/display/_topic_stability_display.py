"""The stability of topics, compared with the runner-up of each match."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._style import color, marker
from sklearn_m3l.display._view_comparison_display import choose_topics, topic_labels
from sklearn_m3l.inspection import topic_stability

# Inches: the width, the height of a topic, and the height of everything else.
_WIDTH, _TOPIC, _AROUND = 7, 0.25, 1.2


class TopicStabilityDisplay:
    """The stability of topics as bars, the most stable at the top.

    A bar is the similarity of a topic to its matches in other runs, and a point is that
    to the runner-up. A topic came back if its bar ends well beyond the point. It is
    recommended to use `from_estimator` to create a display. All parameters are stored
    as attributes.

    Parameters
    ----------
    stability : DataFrame
        One row per topic, as returned by
        :func:`~sklearn_m3l.inspection.topic_stability`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure with the axes.
    bars_ : matplotlib BarContainer
        The bars.

    See Also
    --------
    sklearn_m3l.inspection.topic_stability : The numbers.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import TopicStabilityDisplay
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(4, max_iter=5, random_state=0).fit(X)
    >>> display = TopicStabilityDisplay.from_estimator(
    ...     model, X, n_runs=1, random_state=0
    ... )
    >>> display.figure_.savefig("stability.png")  # doctest: +SKIP
    """

    def __init__(self, stability: pd.DataFrame):
        self.stability = stability

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        n_runs: int = 5,
        *,
        bootstrap: bool = False,
        topics: Iterable[int] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        ax: Any = None,
        **bar_kw: Any,
    ) -> "TopicStabilityDisplay":
        """Fit a model again, and plot which of its topics came back.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, a pipeline that ends with one, or a search.
        X : MultiView, DataFrame or array-like of shape (n_rows, n_features)
            The rows that the model was fitted on, in the form that the estimator takes.
        n_runs : int, default=5
            Number of times to fit the model again.
        bootstrap : bool, default=False
            Whether articles are drawn with replacement for each run.
        topics : iterable of int, default=None
            Numbers of the topics; by default all.
        random_state : int, RandomState instance or None, default=None
            Seed of the runs.
        n_jobs : int, default=None
            Number of runs at the same time.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        TopicStabilityDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            As in :func:`~sklearn_m3l.inspection.topic_stability`, and if the model has
            no such topic.
        """
        stability = topic_stability(
            estimator,
            X,
            n_runs,
            bootstrap=bootstrap,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        return cls(choose_topics(stability, topics)).plot(ax=ax, **bar_kw)

    def plot(self, ax: Any = None, **bar_kw: Any) -> "TopicStabilityDisplay":
        """Plot a bar for each topic, the most stable at the top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        TopicStabilityDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        rows = self.stability.sort_values("stability", kind="stable")
        if ax is None:
            size = (_WIDTH, _TOPIC * len(rows) + _AROUND)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        places = range(len(rows))
        style = {"color": color(0), "label": "match"}
        self.bars_ = ax.barh(places, rows["stability"], **style | bar_kw)
        ax.plot(
            rows["runner_up"],
            places,
            marker(3),
            color=color(1),
            label="runner-up",
        )
        labels = topic_labels(rows)
        family = find_families(labels)
        ax.set_yticks(places, labels, fontsize=9, family=family, parse_math=False)
        ax.set_xlabel(f"Similarity of words, mean of {rows['n_runs'].max()} runs")
        ax.set_xlim(0, 1)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="lower right", frameon=True)
        self.ax_, self.figure_ = ax, ax.figure
        return self

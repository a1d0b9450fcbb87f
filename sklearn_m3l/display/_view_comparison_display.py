"""Differences in prevalence between two views, with their intervals."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._style import color
from sklearn_m3l.inspection import compare_views

# Inches: the width, the height of a topic, and the height of everything else.
_WIDTH, _TOPIC, _AROUND = 7, 0.25, 1.2


class ViewComparisonDisplay:
    """Differences in the prevalence of topics between two views, with intervals.

    Each topic is a line; topics to the right of 0 are more prevalent in the second
    view. They are sorted by their difference. It is recommended to use `from_estimator`
    to create a display. All parameters are stored as attributes.

    Parameters
    ----------
    differences : DataFrame
        One row per topic of one pair of views, as returned by
        :func:`~sklearn_m3l.inspection.compare_views`.
    view_labels : mapping of str to str, default=None
        Labels of the views; by default their names.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the differences.
    figure_ : matplotlib Figure
        Figure with the axes.
    errorbar_ : matplotlib ErrorbarContainer
        The differences and their intervals.

    See Also
    --------
    sklearn_m3l.inspection.compare_views : The numbers.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import ViewComparisonDisplay
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> display = ViewComparisonDisplay.from_estimator(
    ...     model, X, ("en", "de"), random_state=0
    ... )
    >>> display.figure_.savefig("differences.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        differences: pd.DataFrame,
        *,
        view_labels: Mapping[str, str] | None = None,
    ):
        self.differences = differences
        self.view_labels = view_labels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        pair: tuple[str, str],
        *,
        topics: Iterable[int] | None = None,
        n_resamples: int = 1000,
        confidence_level: float = 0.95,
        random_state: Any = None,
        view_labels: Mapping[str, str] | None = None,
        ax: Any = None,
        **errorbar_kw: Any,
    ) -> "ViewComparisonDisplay":
        """Compare two views, and plot their differences.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, a pipeline that ends with one, or a search.
        X : MultiView or DataFrame of shape (n_rows, n_views)
            Rows, in the form that the estimator takes.
        pair : (str, str)
            The two views.
        topics : iterable of int, default=None
            Numbers of the topics; by default all.
        n_resamples : int, default=1000
            Number of resamples of articles for the intervals.
        confidence_level : float, default=0.95
            Confidence level of the intervals.
        random_state : int, RandomState instance or None, default=None
            Seed of the resampling.
        view_labels : mapping of str to str, default=None
            Labels of the views; by default their names.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **errorbar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        ViewComparisonDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            As in :func:`~sklearn_m3l.inspection.compare_views`, and if the model has no
            such topic.
        """
        differences = compare_views(
            estimator,
            X,
            pairs=[pair],
            n_resamples=n_resamples,
            confidence_level=confidence_level,
            random_state=random_state,
        )
        differences = choose_topics(differences, topics)
        return cls(differences, view_labels=view_labels).plot(ax=ax, **errorbar_kw)

    def plot(self, ax: Any = None, **errorbar_kw: Any) -> "ViewComparisonDisplay":
        """Plot a line for each topic, the greatest difference at the top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **errorbar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        ViewComparisonDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the table has several pairs of views.
        """
        import matplotlib.pyplot as plt

        pairs = self.differences[["view_a", "view_b"]].drop_duplicates()
        if len(pairs) != 1:
            raise ValueError(f"the table has {len(pairs)} pairs of views; choose one")
        rows = self.differences.sort_values("difference", kind="stable")
        if ax is None:
            size = (_WIDTH, _TOPIC * len(rows) + _AROUND)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        places = np.arange(len(rows))
        difference = rows["difference"].to_numpy()
        # The interval may lie on one side of the difference.
        bounds = np.abs([difference - rows["low"], rows["high"] - difference])
        style = {"fmt": "o", "color": color(0), "capsize": 3}
        ax.axvline(0, color="gray", linewidth=1)
        self.errorbar_ = ax.errorbar(
            difference, places, xerr=bounds, **style | errorbar_kw
        )
        view_a, view_b = (
            (self.view_labels or {}).get(view, view) for view in pairs.iloc[0]
        )
        labels = topic_labels(rows)
        family = find_families([*labels, view_a, view_b])
        ax.set_yticks(places, labels, fontsize=9, family=family, parse_math=False)
        ax.set_ylim(-0.75, len(rows) - 0.25)
        ax.set_xlabel(
            f"Prevalence in {view_b} minus prevalence in {view_a}", family=family
        )
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def choose_topics(table: pd.DataFrame, topics: Iterable[int] | None) -> pd.DataFrame:
    """Return the rows of some topics; refuse unknown ones."""
    if topics is None:
        return table
    chosen = list(topics)
    unknown = [topic for topic in chosen if topic not in set(table["topic"])]
    if unknown or not chosen:
        raise ValueError(
            f"topics={chosen} must be numbers of topics, from 0 to "
            f"{table['topic'].max()}"
        )
    return table[table["topic"].isin(chosen)]


def topic_labels(table: pd.DataFrame) -> list[str]:
    """Return number and name of the topic of each row."""
    return [
        f"{topic}: {name}"
        for topic, name in zip(table["topic"], table["topic_name"], strict=True)
    ]

"""Figures of the prevalence of topics over time, categories or numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._levels import (
    is_ordered,
    level_places,
    level_texts,
)
from sklearn_m3l.display._style import color, marker
from sklearn_m3l.display._view_comparison_display import choose_topics
from sklearn_m3l.inspection import prevalence_by

_KINDS = ("line", "bar", "heatmap")
# Default number of topics for lines and bars.
_N_TOPICS = 6
# Inches: width and height of the plot of one topic, and of a cell of a heat map.
_PLACE, _CELL = (3.4, 2.4), 0.28
# Share of the width of a category that its bars take.
_BARS = 0.8


class PrevalenceDisplay:
    """Prevalence of topics over time, categories or numbers.

    Lines and bars show each topic in a separate plot, with a line or bar and a
    bootstrap interval for each view; a heat map shows all topics of a view. It is
    recommended to use `from_estimator` to create a display. All parameters are stored
    as attributes.

    Parameters
    ----------
    prevalence : DataFrame
        One row per view, value and topic to show, as returned by
        :func:`~sklearn_m3l.inspection.prevalence_by`.
    value_name : str, default="value"
        Label of the values, such as "Year".
    view_labels : mapping of str to str, default=None
        Labels of the views; by default their names.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes around all plots.
    axes_ : ndarray of matplotlib Axes
        The plots, one per topic (lines, bars) or per view (heat map).
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    sklearn_m3l.inspection.prevalence_by : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import PrevalenceDisplay
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> display = PrevalenceDisplay.from_estimator(
    ...     model, X, np.arange(len(X)) % 4, topics=[0, 3], random_state=0
    ... )
    >>> len(display.axes_)
    2
    >>> display.figure_.savefig("prevalence.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        prevalence: pd.DataFrame,
        *,
        value_name: str = "value",
        view_labels: Mapping[str, str] | None = None,
    ):
        self.prevalence = prevalence
        self.value_name = value_name
        self.view_labels = view_labels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        values: Any,
        *,
        bins: int | Sequence[float] | str | None = None,
        by: str = "view",
        views: Sequence[str] | None = None,
        topics: Iterable[int] | None = None,
        kind: str | None = None,
        n_resamples: int = 1000,
        confidence_level: float = 0.95,
        random_state: Any = None,
        value_name: str | None = None,
        view_labels: Mapping[str, str] | None = None,
        ax: Any = None,
    ) -> "PrevalenceDisplay":
        """Average the topics of the rows of each value, and plot them.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, a pipeline that ends with one, or a search.
        X : MultiView, DataFrame or array-like of shape (n_rows, n_features)
            Rows, in the form that the estimator takes.
        values : str or array-like of shape (n_rows,)
            Dates, categories or numbers, or the name of a column of the table `X`.
        bins : int, sequence of float, str or None, default=None
            How values become levels, as in
            :func:`~sklearn_m3l.inspection.prevalence_by`.
        by : {"view", "row"}, default="view"
            Whether topics are inferred from each view separately, or from whole rows.
        views : sequence of str, default=None
            The views; by default all that the model can use.
        topics : iterable of int, default=None
            Numbers of the topics. By default, a heat map shows all topics, and lines
            and bars show the six whose prevalence varies most.
        kind : {"line", "bar", "heatmap"}, default=None
            What to plot; by default lines for dates and numbers, and bars for
            categories.
        n_resamples : int, default=1000
            Number of resamples of articles for the intervals.
        confidence_level : float, default=0.95
            Confidence level of the intervals.
        random_state : int, RandomState instance or None, default=None
            Seed of the resampling.
        value_name : str, default=None
            Label of the values; by default the name of the column.
        view_labels : mapping of str to str, default=None
            Labels of the views; by default their names.
        ax : matplotlib Axes, default=None
            Axes to divide into plots; by default a new figure.

        Returns
        -------
        PrevalenceDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            As in :func:`~sklearn_m3l.inspection.prevalence_by`, and if there is no such
            topic or kind.
        """
        _check_kind(kind)
        prevalence = prevalence_by(
            estimator,
            X,
            values,
            bins=bins,
            by=by,
            views=views,
            n_resamples=n_resamples,
            confidence_level=confidence_level,
            random_state=random_state,
        )
        if value_name is None:
            name = values if isinstance(values, str) else getattr(values, "name", None)
            value_name = "value" if name is None else str(name)
        if topics is None and (kind or _default_kind(prevalence)) != "heatmap":
            topics = _varying_topics(prevalence)
        prevalence = choose_topics(prevalence, topics)
        display = cls(prevalence, value_name=value_name, view_labels=view_labels)
        return display.plot(ax=ax, kind=kind)

    def plot(self, ax: Any = None, *, kind: str | None = None) -> "PrevalenceDisplay":
        """Plot lines, bars or a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide into plots; by default a new figure.
        kind : {"line", "bar", "heatmap"}, default=None
            What to plot; by default lines for dates and numbers, and bars for
            categories.

        Returns
        -------
        PrevalenceDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        _check_kind(kind)
        table = self.prevalence
        if "view" not in table:
            table = table.assign(view="")
        if (kind or _default_kind(table)) == "heatmap":
            return self._plot_heatmap(table, ax)
        line = (kind or _default_kind(table)) == "line"
        topics = (
            table[["topic", "topic_name"]].drop_duplicates().itertuples(index=False)
        )
        topics = list(topics)
        n_columns = min(3, len(topics))
        grid = self._divide(ax, -(-len(topics) // n_columns), n_columns, _PLACE)
        levels = list(dict.fromkeys(table["value"].sort_values()))
        places = level_places(levels) if line else list(range(len(levels)))
        family = self._family(table, levels)
        for number, (topic, name) in enumerate(topics):
            cell = grid.flat[number]
            rows = table[table["topic"] == topic]
            (self._plot_lines if line else self._plot_bars)(
                cell, rows, dict(zip(levels, places, strict=True))
            )
            cell.set_title(
                f"{topic}: {name}", fontsize=9, family=family, parse_math=False
            )
            self._mark(cell, levels, places, family)
            if number + n_columns >= len(topics):  # nothing is below
                cell.set_xlabel(self.value_name, family=family)
                cell.tick_params(labelbottom=True)
        grid[0, 0].set_ylim(bottom=0)
        for cell in grid.flat[len(topics) :]:
            cell.set_visible(False)
        self.axes_ = grid.ravel()[: len(topics)]
        for cell in grid[:, 0]:
            cell.set_ylabel("Prevalence")
        if self._labels(table) != [""]:
            handles, labels = self.axes_[0].get_legend_handles_labels()
            self.figure_.legend(
                handles,
                labels,
                loc="outside lower center",
                ncols=4,
                frameon=False,
                prop={"family": family},
            )
        return self

    def _divide(self, ax: Any, n_rows: int, n_columns: int, size: Sequence[float]):
        """Divide axes, or a new figure, into a grid."""
        import matplotlib.pyplot as plt

        if ax is None:
            whole = (size[0] * n_columns, size[1] * n_rows + 0.5)
            _, ax = plt.subplots(figsize=whole, layout="constrained")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        grid = ax.get_subplotspec().subgridspec(n_rows, n_columns)
        return grid.subplots(sharex=True, sharey=True, squeeze=False)

    def _labels(self, table: pd.DataFrame) -> list[str]:
        """Return the labels of the views."""
        given = self.view_labels or {}
        return [given.get(view, view) for view in table["view"].unique()]

    def _family(self, table: pd.DataFrame, levels: list) -> list[str]:
        """Return fonts for all texts of the figure."""
        names = table["topic_name"].unique()
        texts = [*names, *level_texts(levels), *self._labels(table), self.value_name]
        return find_families(texts)

    def _plot_lines(self, ax, rows: pd.DataFrame, places: Mapping) -> None:
        for number, (view, part) in enumerate(rows.groupby("view", sort=False)):
            at = [places[value] for value in part["value"]]
            label = (self.view_labels or {}).get(view, view)
            style = {"color": color(number), "marker": marker(number), "markersize": 4}
            ax.plot(at, part["prevalence"], label=label, **style)
            ax.fill_between(
                at,
                part["low"].astype(float),
                part["high"].astype(float),
                color=color(number),
                alpha=0.2,
                linewidth=0,
            )

    def _plot_bars(self, ax, rows: pd.DataFrame, places: Mapping) -> None:
        n_views = rows["view"].nunique()
        width = _BARS / n_views
        for number, (view, part) in enumerate(rows.groupby("view", sort=False)):
            step = (number - (n_views - 1) / 2) * width
            mean = part["prevalence"].to_numpy()
            ax.bar(
                [places[value] + step for value in part["value"]],
                mean,
                width,
                yerr=np.abs([mean - part["low"], part["high"] - mean]),
                color=color(number),
                error_kw={"elinewidth": 1, "capsize": 2},
                label=(self.view_labels or {}).get(view, view),
            )

    def _mark(self, ax, levels: list, places: Sequence[float], family: list) -> None:
        """Label the axis with the values."""
        ax.spines[["top", "right"]].set_visible(False)
        if places is not levels:  # Matplotlib chooses ticks for numbers
            turned = {"rotation": 45, "ha": "right"} if _is_long(levels) else {}
            turned |= {"family": family, "parse_math": False}
            ax.set_xticks(places, level_texts(levels), **turned)

    def _plot_heatmap(self, table: pd.DataFrame, ax: Any) -> "PrevalenceDisplay":
        labels = self._labels(table)
        names = table[["topic", "topic_name"]].drop_duplicates().sort_values("topic")
        levels = list(dict.fromkeys(table["value"].sort_values()))
        family = self._family(table, levels)
        size = (_CELL * len(levels) + 3 / len(labels) + 0.8, _CELL * len(names) + 1)
        (cells,) = self._divide(ax, 1, len(labels), size)
        largest = table["prevalence"].max()
        for cell, (_, part), label in zip(
            cells, table.groupby("view", sort=False), labels, strict=True
        ):
            wide = part.pivot(index="topic", columns="value", values="prevalence")
            wide = wide.reindex(index=names["topic"], columns=levels)
            image = cell.imshow(
                wide.to_numpy(), cmap="Blues", vmin=0, vmax=largest, aspect="auto"
            )
            turned = {"rotation": 45, "ha": "right"} if _is_long(levels) else {}
            turned |= {"family": family, "parse_math": False}
            cell.set_xticks(range(len(levels)), level_texts(levels), **turned)
            cell.set_title(label, fontsize=10, family=family)
            cell.set_xlabel(self.value_name, family=family)
        shown = [f"{number}: {name}" for number, name in names.to_numpy()]
        cells[0].set_yticks(
            range(len(names)), shown, fontsize=9, family=family, parse_math=False
        )
        self.figure_.colorbar(image, ax=list(cells), label="Prevalence")
        self.axes_ = cells
        return self


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in _KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(_KINDS)}, or None")


def _default_kind(table: pd.DataFrame) -> str:
    """Return lines for values with an order and distances, bars otherwise."""
    has_order = is_ordered(table["value"].iloc[0])
    return "line" if has_order and table["value"].nunique() > 1 else "bar"


def _varying_topics(table: pd.DataFrame) -> list[int]:
    """Return the topics whose prevalence varies most between values."""
    keys = ["topic", *(["view"] if "view" in table else [])]
    spread = table.groupby(keys)["prevalence"].agg(np.ptp).groupby("topic").max()
    order = spread.sort_values(ascending=False, kind="stable").index[:_N_TOPICS]
    return sorted(order.tolist())


def _is_long(levels: list) -> bool:
    return sum(map(len, level_texts(levels))) > 24

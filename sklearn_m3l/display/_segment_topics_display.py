"""The topics of a long document, from beginning to end."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._style import color
from sklearn_m3l.inspection import segment_topics
from sklearn_m3l.inspection._inputs import topic_names
from sklearn_m3l.metrics._topics import reach_topic_model

# Color of all other topics.
_REST = "#d0d0d0"


class SegmentTopicsDisplay:
    """The topics of the segments of one document, side by side and in order.

    Each segment is a bar whose width is its share of the words. The largest topics of
    the document have colors; the rest is gray. It is recommended to use
    `from_estimator` to create a display. All parameters are stored as attributes.

    Parameters
    ----------
    proportions : ndarray of shape (n_segments, n_components)
        Topics of the segments; NaN if a segment has none.
    n_words : ndarray of int of shape (n_segments,)
        Words of the segments.
    names : sequence of str
        Names of the topics.
    n_topics : int, default=5
        Largest number of topics with a color.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure with the axes.
    bars_ : dict of int to matplotlib BarContainer
        The bars of each topic with a color.

    See Also
    --------
    sklearn_m3l.inspection.segment_topics : The table of segments.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import SegmentTopicsDisplay
    >>> from sklearn_m3l.embedding import make_multiview_encoder
    >>> df = load_gimp_help("test").frame[["en", "de"]][:20]
    >>> pipeline = make_pipeline(
    ...     make_multiview_encoder(["en", "de"], min_tokens=1),
    ...     PolylingualLDA(3, max_iter=5, random_state=0),
    ... ).fit(df)
    >>> display = SegmentTopicsDisplay.from_estimator(
    ...     pipeline, df, row=2, view="en", by="window", max_words=30
    ... )
    >>> len(display.bars_)
    3
    >>> display.figure_.savefig("segments.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        proportions: np.ndarray,
        n_words: np.ndarray,
        names: Sequence[str],
        *,
        n_topics: int = 5,
    ):
        self.proportions = proportions
        self.n_words = n_words
        self.names = names
        self.n_topics = n_topics

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: pd.DataFrame,
        *,
        row: int = 0,
        view: str | None = None,
        by: str | Callable[[str], Sequence[str]] = "paragraph",
        max_words: int | None = None,
        n_topics: int = 5,
        ax: Any = None,
        **bar_kw: Any,
    ) -> "SegmentTopicsDisplay":
        """Infer the topics of the segments of a document, and plot them.

        Parameters
        ----------
        estimator : estimator
            A fitted pipeline that takes a table of texts and ends with a topic model.
        X : DataFrame of shape (n_rows, n_columns)
            Texts by column.
        row : int, default=0
            Position of the document in `X`.
        view : str, default=None
            Column of the text; by default the first in which the row has a text.
        by : {"sentence", "paragraph", "window"} or callable, default="paragraph"
            The unit of segments; see :func:`~sklearn_m3l.inspection.segment_topics`.
        max_words : int, default=None
            Largest number of words in a segment.
        n_topics : int, default=5
            Largest number of topics with a color.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.bar`.

        Returns
        -------
        SegmentTopicsDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such row, or it has no text.
        """
        check_scalar(n_topics, "n_topics", Integral, min_val=1)
        check_scalar(row, "row", Integral, min_val=0, max_val=len(X) - 1)
        model, _ = reach_topic_model(estimator, None)
        found = segment_topics(
            estimator,
            X.iloc[[row]],
            by=by,
            max_words=max_words,
            views=None if view is None else [view],
        )
        own = found.segments["view"] == found.segments["view"].iloc[0]
        return cls(
            found.proportions[own.to_numpy()],
            found.segments["n_words"][own].to_numpy(),
            topic_names(model),
            n_topics=n_topics,
        ).plot(ax=ax, **bar_kw)

    def plot(self, ax: Any = None, **bar_kw: Any) -> "SegmentTopicsDisplay":
        """Plot a stacked bar for each segment.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.bar`.

        Returns
        -------
        SegmentTopicsDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 3), layout="constrained")
        theta = np.nan_to_num(self.proportions)
        ends = np.cumsum(self.n_words)
        place = {"x": ends - self.n_words, "width": self.n_words, "align": "edge"}
        style = {"edgecolor": "white", "linewidth": 0.5}
        most = np.argsort(-(self.n_words @ theta), kind="stable")[: self.n_topics]
        family = find_families([self.names[topic] for topic in most])
        bottom, self.bars_ = np.zeros(len(theta)), {}
        for number, topic in enumerate(most.tolist()):
            own = {"color": color(number), "label": self.names[topic]}
            height = theta[:, topic]
            self.bars_[topic] = ax.bar(
                height=height, bottom=bottom, **place | style | own | bar_kw
            )
            bottom = bottom + height
        rest = theta.sum(axis=1) - bottom
        if rest.max() > 1e-6:
            own = {"color": _REST, "label": "Other topics"}
            ax.bar(height=rest, bottom=bottom, **place | style | own | bar_kw)
        ax.set(xlabel="Words", ylabel="Proportion", xlim=(0, ends[-1]), ylim=(0, 1))
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(1, 1),
            frameon=False,
            prop={"family": family},
        )
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

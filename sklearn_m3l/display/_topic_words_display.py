"""The top words of topics as bars, the languages side by side."""

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from sklearn_m3l.display._fonts import find_families
from sklearn_m3l.display._names import topic_label
from sklearn_m3l.display._style import color
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.utils._text import wrap

# Inches: the width of a language, the height of a word, and the gaps.
_WIDTH, _WORD, _GAP = 3.2, 0.19, 0.5
# Inches per additional line of a title, and letters per line.
_LINE, _TITLE_LETTERS = 0.17, 30


class TopicWordsDisplay:
    """The top words of topics as horizontal bars, several languages side by side.

    The length of a bar is the weight of the word in `components_`. A topic has no bars
    in a language that hardly has any text about it; see `known_words` of the models.
    Letters that the default font lacks are drawn in an installed font that has them. It
    is recommended to use `from_estimator` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    words : DataFrame
        One row per word to show, in order, with the columns "topic", "view", "word" and
        "weight".
    view_labels : mapping of str to str, default=None
        Labels of the languages; by default the names of the views.
    topic_names : mapping of int to str, default=None
        Names of topics, to show next to their numbers.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes around all bars.
    axes_ : ndarray of matplotlib Axes of shape (n_topics, n_views)
        The axes of each topic and language.
    figure_ : matplotlib Figure
        Figure with the axes.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import TopicWordsDisplay
    >>> X = load_gimp_help("test").data[:20]
    >>> model = M3LContrastTopicModel(5, max_iter=1, random_state=0).fit(X)
    >>> display = TopicWordsDisplay.from_estimator(model, topics=[0, 3])
    >>> display.axes_.shape
    (2, 2)
    >>> display.figure_.savefig("words.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        words: pd.DataFrame,
        *,
        view_labels: Mapping[str, str] | None = None,
        topic_names: Mapping[int, str] | None = None,
    ):
        self.words = words
        self.view_labels = view_labels
        self.topic_names = topic_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        topics: Iterable[int] | None = None,
        views: Iterable[str] | None = None,
        n_words: int = 10,
        ranking: str = "probability",
        ranking_weight: float | None = None,
        view_labels: Mapping[str, str] | None = None,
        ax: Any = None,
        **bar_kw: Any,
    ) -> "TopicWordsDisplay":
        """Take the words of a model, and plot them.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, or a pipeline that ends with one.
        topics : iterable of int, default=None
            Numbers of the topics; by default the first five.
        views : iterable of str, default=None
            The languages; by default all in which the model has words.
        n_words : int, default=10
            Words per topic and language.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words; see `top_words` of the models.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order.
        view_labels : mapping of str to str, default=None
            Labels of the languages; by default the names of the views.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        TopicWordsDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If the model has no such topic or no words in a view.
        """
        model, _ = reach_topic_model(estimator, None)
        check_scalar(n_words, "n_words", Integral, min_val=1)
        weights = _weights(model)
        chosen = list(model.vocabularies_ if views is None else views)
        n_topics = len(model.components_)
        numbers = list(range(min(5, n_topics)) if topics is None else topics)
        if not chosen or not numbers:
            raise ValueError("nothing to show: topics or views is empty")
        for topic in numbers:
            check_scalar(topic, "topics", Integral, min_val=0, max_val=n_topics - 1)
        known_words = model.known_words(
            n_words, ranking=ranking, ranking_weight=ranking_weight
        )
        parts = []
        for view in chosen:
            by_topic = known_words[model._check_text_view(view)]
            column = {w: n for n, w in enumerate(model.vocabularies_[view].tolist())}
            parts += [
                pd.DataFrame(
                    {
                        "topic": topic,
                        "view": view,
                        "word": by_topic[topic],
                        "weight": weights[view][
                            topic, [column[word] for word in by_topic[topic]]
                        ],
                    }
                )
                for topic in numbers
            ]
        display = cls(
            pd.concat(parts, ignore_index=True),
            view_labels=view_labels,
            topic_names={k: v for k, v in enumerate(model.topic_names_) if v},
        )
        return display.plot(ax=ax, **bar_kw)

    def plot(self, ax: Any = None, **bar_kw: Any) -> "TopicWordsDisplay":
        """Plot one row per topic and one column per language.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide into plots; by default a new figure.
        **bar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        TopicWordsDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        topics, views = self.words["topic"].unique(), self.words["view"].unique()
        names = self.topic_names or {}
        titles = {topic: _title_lines(topic, names.get(topic)) for topic in topics}
        most_lines = max(map(len, titles.values()))
        if ax is None:
            most = self.words.groupby(["topic", "view"]).size().max()
            height = _WORD * most + _GAP + _LINE * (most_lines - 1)
            size = (_WIDTH * len(views), height * len(topics) + _GAP)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        ax.set_axis_off()
        grid = ax.get_subplotspec().subgridspec(len(topics), len(views))
        self.axes_ = grid.subplots(sharex="col", squeeze=False)
        labels = {view: (self.view_labels or {}).get(view, view) for view in views}
        families = {
            view: find_families([labels[view], *names.values(), *words], view)
            for view, words in self.words.groupby("view")["word"]
        }
        for (row, column), cell in np.ndenumerate(self.axes_):
            topic, view = topics[row], views[column]
            wanted = (self.words["topic"] == topic) & (self.words["view"] == view)
            family = families[view]
            self._plot_bars(cell, self.words[wanted], color(column), family, bar_kw)
            *lines, last = titles[topic]
            # Names are long, so the language gets a separate line.
            end = f"{last}, {labels[view]}" if not lines else labels[view]
            cell.set_title(
                "\n".join([*lines, end]), fontsize=10, family=family, parse_math=False
            )
        for cell in self.axes_[-1]:
            cell.set_xlabel("Weight")
            cell.xaxis.set_major_locator(MaxNLocator(4))
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @staticmethod
    def _plot_bars(ax, words: pd.DataFrame, fill: str, family: list, bar_kw: dict):
        places = np.arange(len(words))
        ax.barh(places, words["weight"], **{"color": fill} | bar_kw)
        ax.set_yticks(
            places, words["word"], fontsize=9, family=family, parse_math=False
        )
        ax.tick_params(axis="y", length=0)
        ax.invert_yaxis()  # the best at the top
        ax.spines[["top", "right"]].set_visible(False)


def _title_lines(topic: int, name: str | None) -> list[str]:
    """Return the lines of a title; the last one is for the language."""
    if name is None:
        return [topic_label(topic, None)]
    return [*wrap(topic_label(topic, name), _TITLE_LETTERS, "", ""), ""]


def _weights(model: Any) -> dict[str, np.ndarray]:
    """Return the part of `components_` of each text."""
    ends = np.cumsum([len(words) for words in model.vocabularies_.values()])
    parts = np.split(np.asarray(model.components_), ends[:-1], axis=1)
    return dict(zip(model.vocabularies_, parts, strict=True))

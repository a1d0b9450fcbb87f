"""A metric plotted against a parameter, from the results of a search."""

import re
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from sklearn_m3l.display._style import color, marker

# Points between the error bars of different lines, so that none is hidden.
_DODGE = 4
# Points from an axis to below its label, and letters of the legend in a row.
_BELOW, _LETTERS = 32, 80
# The axis is logarithmic if the values span a greater ratio.
_LINEAR_RATIO = 5


class AblationDisplay:
    """A metric against a parameter, one line per model: the paper's Figures 3 to 6.

    It is recommended to use `from_cv_results` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    scores : DataFrame
        One row per score, with the columns "line" (label of the line; the empty string
        if there is only one), "value" (of the parameter), "split" (the fold) and
        "score".
    param_name : str
        Label of the parameter.
    score_name : str, default="score"
        Label of the metric.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the lines.
    figure_ : matplotlib Figure
        Figure with the axes.
    errorbar_ : dict of str to matplotlib ErrorbarContainer
        Each line and its error bars.

    See Also
    --------
    sklearn.model_selection.ValidationCurveDisplay : One line, from an estimator.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import AblationDisplay
    >>> from sklearn_m3l.metrics import make_alignment_scorer
    >>> X = load_gimp_help("test").data[:40]
    >>> search = GridSearchCV(
    ...     M3LContrastTopicModel(max_iter=1, random_state=0),
    ...     {"n_components": [2, 5], "batch_size": [16, 32]},
    ...     scoring=make_alignment_scorer(),
    ...     refit="mrr",
    ...     cv=2,
    ... ).fit(X)
    >>> display = AblationDisplay.from_cv_results(
    ...     search.cv_results_, "n_components", score_name="mrr"
    ... )
    >>> list(display.errorbar_)
    ['batch_size=16', 'batch_size=32']
    >>> display.figure_.savefig("ablation.png")  # doctest: +SKIP
    """

    def __init__(
        self, scores: pd.DataFrame, *, param_name: str, score_name: str = "score"
    ):
        self.scores = scores
        self.param_name = param_name
        self.score_name = score_name

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        param_name: str,
        *,
        score_name: str = "score",
        score_type: str = "test",
        negate_score: bool = False,
        ax: Any = None,
        **errorbar_kw: Any,
    ) -> "AblationDisplay":
        """Take the scores of all folds from a search, and plot them.

        Parameters
        ----------
        cv_results : mapping of str to array-like, or mapping of str to such
            `cv_results_` of a `GridSearchCV`, or several with labels, such as the
            models: ``{"M3L-Contrast": search.cv_results_, "PLTM": ...}``. Each
            combination of other varying parameters is a separate line.
        param_name : str
            The parameter, such as "n_components"; in a pipeline, the name of the step
            may be omitted.
        score_name : str, default="score"
            The metric, such as "mrr" if there are several.
        score_type : {"test", "train"}, default="test"
            Whether to take scores of the held-out or of the training folds, which
            need ``return_train_score=True``.
        negate_score : bool, default=False
            Whether to plot minus the score, such as for `make_jsd_scorer`.
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        **errorbar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        AblationDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such parameter or metric, several candidates have the same
            parameters (as in a `HalvingGridSearchCV`, whose iterations must be plotted
            separately), or all scores are NaN.
        """
        several = cv_results if "params" not in cv_results else {"": cv_results}
        parts = []
        for label, results in several.items():
            frame, name = _tidy(results, param_name, f"{score_type}_{score_name}")
            joined = [", ".join(filter(None, (label, line))) for line in frame["line"]]
            parts.append(frame.assign(line=joined))
        scores = pd.concat(parts, ignore_index=True)
        if scores["score"].isna().all():
            raise ValueError(f"all scores of {score_name!r} are NaN: every fit failed")
        display = cls(scores, param_name=name, score_name=score_name)
        return display.plot(ax=ax, negate_score=negate_score, **errorbar_kw)

    def plot(
        self, ax: Any = None, *, negate_score: bool = False, **errorbar_kw: Any
    ) -> "AblationDisplay":
        """Plot the means over folds, with their standard deviations.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; by default those of a new figure.
        negate_score : bool, default=False
            Whether to plot minus the score.
        **errorbar_kw : dict
            Passed to :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        AblationDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from matplotlib.transforms import offset_copy

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        places = self._places(ax)
        scores = self.scores.assign(place=self.scores["value"].map(places))
        if negate_score:
            scores["score"] *= -1
        self.errorbar_ = {}
        for number, (line, rows) in enumerate(scores.groupby("line", sort=False)):
            folds = rows.pivot(index="place", columns="split", values="score")
            mean = folds.to_numpy().mean(axis=1)
            deviation = folds.to_numpy().std(axis=1)
            points = _DODGE * (number - (scores["line"].nunique() - 1) / 2)
            style = {
                "color": color(number),
                "marker": marker(number),
                "capsize": 3,
                "transform": offset_copy(
                    ax.transData, ax.figure, x=points, units="points"
                ),
            }
            self.errorbar_[line] = ax.errorbar(
                folds.index,
                mean,
                deviation,
                label=line,
                **style | errorbar_kw,
            )
            for bound in (mean - deviation, mean + deviation):
                ax.update_datalim(np.c_[folds.index, bound][np.isfinite(bound)])
        ax.autoscale_view()
        ax.set_xlabel(self.param_name)
        ax.set_ylabel(self.score_name)
        if list(self.errorbar_) != [""]:
            # Below the label of the axis, so that it hides no error bar.
            ax.legend(
                loc="upper center",
                bbox_to_anchor=(0.5, 0),
                bbox_transform=offset_copy(
                    ax.transAxes, ax.figure, y=-_BELOW, units="points"
                ),
                ncols=max(1, _LETTERS // (6 + max(map(len, self.errorbar_)))),
                handlelength=1.5,
                columnspacing=1,
                frameon=False,
            )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _places(self, ax) -> dict:
        """Return the positions of the values on the axis, and set its ticks."""
        values = list(dict.fromkeys(self.scores["value"]))
        if not all(isinstance(v, Real) and not isinstance(v, bool) for v in values):
            ax.set_xticks(range(len(values)), [str(value) for value in values])
            return {value: place for place, value in enumerate(values)}
        if min(values) > 0 and max(values) / min(values) > _LINEAR_RATIO:
            ax.set_xscale("log")
        ax.set_xticks(values, [f"{value:g}" for value in values])
        ax.set_xticks([], minor=True)
        return {value: value for value in values}


def _tidy(
    results: Mapping[str, Any], param_name: str, column: str
) -> tuple[pd.DataFrame, str]:
    """Return the scores of one search, one per row, and the label of the parameter."""
    candidates = [dict(params) for params in results["params"]]
    full_name = _full_name(candidates, param_name)
    pattern = re.compile(rf"split(\d+)_{re.escape(column)}")
    splits = {match[1]: match[0] for match in map(pattern.fullmatch, results) if match}
    if not splits:
        prefix = "split0_"
        found = [key[len(prefix) :] for key in results if key.startswith(prefix)]
        raise ValueError(
            f"the search has no scores {column!r}; it has {', '.join(found)}"
        )
    missing = sum(full_name not in params for params in candidates)
    if missing:
        raise ValueError(
            f"{missing} of {len(candidates)} candidates have no {full_name!r}; plot "
            "them separately"
        )
    values = [_plain(params.pop(full_name)) for params in candidates]
    lines = _line_names(candidates)
    places = list(zip(lines, map(str, values), strict=True))
    if len(set(places)) < len(places):
        line, value = next(place for place in places if places.count(place) > 1)
        raise ValueError(
            f"several candidates have {full_name}={value}{line and ', '}{line}; plot "
            "candidates with the same parameters separately, such as the iterations of "
            "a successive halving"
        )
    frame = pd.concat(
        pd.DataFrame(
            {
                "line": lines,
                "value": pd.Series(values, dtype=object),
                "split": int(split),
                "score": np.asarray(results[key], dtype=float),
            }
        )
        for split, key in splits.items()
    )
    return frame, full_name.rpartition("__")[2]


def _full_name(candidates: list[dict], param_name: str) -> str:
    """Return the name of a parameter with the steps of its pipeline."""
    names = list(dict.fromkeys(name for params in candidates for name in params))
    found = [n for n in names if n == param_name or n.endswith(f"__{param_name}")]
    if param_name in found:
        return param_name
    if len(found) != 1:
        raise ValueError(
            f"the search has {len(found) or 'no'} parameters {param_name!r}; choose "
            f"one of {', '.join(found or names)}"
        )
    return found[0]


def _plain(value: Any) -> Any:
    """Return a hashable value."""
    return value if isinstance(value, (Real, str)) else _describe(value)


def _describe(value: Any) -> str:
    """Return the text of a value, on one line if it is an estimator."""
    text = repr(value) if isinstance(value, BaseEstimator) else str(value)
    return " ".join(text.split())


def _line_names(candidates: list[dict]) -> list[str]:
    """Return labels of candidates from the parameters in which they differ."""
    texts = [
        {name: _describe(value) for name, value in params.items()}
        for params in candidates
    ]
    names = dict.fromkeys(name for params in texts for name in params)
    varying = [
        name for name in names if len({params.get(name) for params in texts}) > 1
    ]
    short = [name.rpartition("__")[2] for name in varying]
    shown = {
        name: brief if short.count(brief) == 1 else name
        for name, brief in zip(varying, short, strict=True)
    }
    return [
        ", ".join(f"{shown[name]}={params[name]}" for name in varying if name in params)
        for params in texts
    ]

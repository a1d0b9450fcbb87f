"""Scorers for scikit-learn's model selection: `evaluate_alignment` as callables."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_m3l.metrics._alignment import (
    Pair,
    check_metrics,
    check_pair,
    check_pairs,
    measure,
    score_coherence,
)
from sklearn_m3l.metrics._topics import reach_topic_model, reach_views


def make_mrr_scorer(view_query: str, view_item: str) -> Any:
    """Make a retrieval scorer: mean reciprocal rank across two views.

    The topics of each row in the view `view_query` are compared with those of all rows
    in the view `view_item`, by Jensen-Shannon divergence.

    Parameters
    ----------
    view_query, view_item : str
        Names of the views, such as "en" and "de".

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from 0 to 1,
        greater is better. See the notes.

    See Also
    --------
    mean_reciprocal_rank : The metric.
    make_alignment_scorer : Several metrics at once, each view transformed once.
    evaluate_alignment : The same figures in one table.

    Notes
    -----
    The following holds for all scorers of this module:

    - `estimator` is a topic model, a pipeline that ends with one, or a search over
      either. `X` is its input: a MultiView or a pandas or polars DataFrame. A pipeline
      encodes only the views of a table that the scorer needs.
    - `y` is ignored. If several rows belong to one article (``X.groups``), each article
      counts once. Pass ``groups=X.groups`` to a search over `GroupKFold`, so that no
      article is in two folds. For a table, name the column of article ids in the
      encoder, ``MultiViewEncoder(..., groups="page")``, and pass ``groups=df["page"]``.
    - Rows that lack one of two views are left out of that pair. If no row has both, the
      score is NaN, with a warning.
    - Scorers can be pickled, so worker processes can use them.

    Ranks depend on the number of articles, so compare only scores of folds of equal
    size.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, GroupKFold
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.metrics import make_jsd_scorer, make_mrr_scorer
    >>> X = load_gimp_help("test").data
    >>> search = GridSearchCV(
    ...     M3LContrastTopicModel(max_iter=1, random_state=0),
    ...     {"n_components": [2, 20]},
    ...     scoring={
    ...         "mrr": make_mrr_scorer("en", "de"),
    ...         "jsd": make_jsd_scorer("en", "de"),
    ...     },
    ...     refit="mrr",
    ...     cv=GroupKFold(2),
    ... )
    >>> search = search.fit(X, groups=X.groups)
    >>> search.best_params_
    {'n_components': 20}
    """
    return _PairScorer("mrr", check_pair((view_query, view_item)))


def make_uap_scorer(view_query: str, view_item: str) -> Any:
    """Make a retrieval scorer for articles with several items, such as pictures.

    The score is the uninterpolated average precision of an article's own items. The
    topics of each row in the view `view_query` are compared with those of all rows in
    the view `view_item`, by Jensen-Shannon divergence.

    Parameters
    ----------
    view_query, view_item : str
        Names of the views, such as "en" and "image".

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from 0 to 1,
        greater is better. ``X.groups`` determines which items belong to an article. See
        the notes of :func:`make_mrr_scorer`.

    See Also
    --------
    uninterpolated_average_precision : The metric.

    Examples
    --------
    >>> from sklearn_m3l.metrics import make_uap_scorer
    >>> make_uap_scorer("en", "image")
    make_uap_scorer('en', 'image')
    """
    return _PairScorer("uap", check_pair((view_query, view_item)))


def make_jsd_scorer(view_a: str, view_b: str) -> Any:
    """Make an alignment scorer: minus the mean Jensen-Shannon divergence.

    Parameters
    ----------
    view_a, view_b : str
        Names of the views, such as "en" and "de"; their order does not matter.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from -ln 2 to 0,
        greater is better. See the notes of :func:`make_mrr_scorer`.

    See Also
    --------
    mean_jensen_shannon : The metric.

    Notes
    -----
    A model that gives all rows the same topics has the best score, 0: select models by
    retrieval (``refit="mrr"``), and use this score as a second figure.

    Examples
    --------
    >>> from sklearn_m3l.metrics import make_jsd_scorer
    >>> make_jsd_scorer("en", "de")
    make_jsd_scorer('en', 'de')
    """
    return _PairScorer("jsd", check_pair((view_a, view_b)))


def make_npmi_scorer(view: str | None = None, *, n_words: int = 10) -> Any:
    """Make a topic coherence scorer in one language: NPMI.

    Parameters
    ----------
    view : str, default=None
        The text view, such as "en". It can be omitted for a model of a single text,
        such as one of a 2-D array of counts.
    n_words : int, default=10
        Number of top words to use of each topic.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from -1 to 1,
        greater is better; NaN if no row has a word that the model knows. See the notes
        of :func:`make_mrr_scorer`.

    See Also
    --------
    npmi_coherence : The metric.

    Notes
    -----
    The topics are those of the estimator. Co-occurrence is counted in the texts of the
    scored `X`, in whole documents; identical ones count once. In a pipeline, the
    encoding steps count the words, so they are the words of ``fit``.

    In cross-validation, `X` is the held-out part: ``test_npmi`` shows whether the words
    of a topic belong together in texts that the model has not seen. It is lower and
    varies more than coherence in the training texts, which most papers report and which
    is ``train_npmi`` with ``return_train_score=True``. A top word that occurs in no
    text of `X` gives no evidence: its pairs count 0, which is chance.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.metrics import make_npmi_scorer
    >>> counts = [[2, 1, 0, 0], [3, 2, 0, 0], [0, 0, 2, 2], [0, 0, 1, 3], [4, 0, 0, 0]]
    >>> model = PolylingualLDA(n_components=2, max_iter=50, random_state=0).fit(counts)
    >>> round(make_npmi_scorer(n_words=2)(model, counts), 3)
    0.779
    """
    if view is not None and not isinstance(view, str):
        raise TypeError(f"view is the name of a text view, not {view!r}")
    check_scalar(n_words, "n_words", Integral, min_val=2)
    return _NpmiScorer(view, n_words)


def make_alignment_scorer(
    metrics: Iterable[str] = ("mrr", "jsd"), pairs: Iterable[Pair] | None = None
) -> Any:
    """Make one scorer of several metrics that encodes and transforms each view once.

    Parameters
    ----------
    metrics : iterable of str, default=("mrr", "jsd")
        What to measure: some of "mrr", "uap", "jsd", "npmi", "cross_npmi" and
        "diversity", see :func:`evaluate_alignment`.
    pairs : iterable of (str, str), default=None
        Views to compare, as query and item; by default those of
        :func:`evaluate_alignment`.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a dict of floats; greater is
        better for all of them. Each metric is one key, such as "mrr", with the mean
        over those of its pairs that can be measured. If it has several pairs, each is
        also a key, such as "mrr_en-de", or "npmi_en" for a language. A score that
        cannot be measured is NaN, with a warning. See the notes of
        :func:`make_mrr_scorer`.

    See Also
    --------
    evaluate_alignment : The same figures, along with those of chance.
    make_mrr_scorer, make_uap_scorer, make_jsd_scorer, make_npmi_scorer : One metric
        each.

    Notes
    -----
    Pass it as ``scoring`` to `cross_validate`, or to `GridSearchCV` with
    ``refit="mrr"``. Functions that take only a single score (`HalvingGridSearchCV`,
    `validation_curve`) need one of the other scorers.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.metrics import make_alignment_scorer
    >>> X = load_gimp_help("test").data
    >>> model = M3LContrastTopicModel(5, max_iter=1, random_state=0).fit(X)
    >>> scorer = make_alignment_scorer(["mrr", "uap"])
    >>> list(scorer(model, X))
    ['mrr', 'uap', 'uap_en-image', 'uap_de-image']
    """
    checked = None if pairs is None else check_pairs(pairs)
    return _AlignmentScorer(check_metrics(metrics), checked)


@dataclass(frozen=True, repr=False)
class _PairScorer:
    """One metric of one pair of views."""

    metric: str
    pair: Pair

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator on rows."""
        found = measure(estimator, X, metrics=[self.metric], pairs=[self.pair])
        return _greater_is_better(found)[self.metric]["-".join(self.pair)]

    def __repr__(self) -> str:
        return f"make_{self.metric}_scorer({self.pair[0]!r}, {self.pair[1]!r})"


@dataclass(frozen=True, repr=False)
class _NpmiScorer:
    """Coherence in one language."""

    view: str | None
    n_words: int

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator by the counts of rows."""
        model, _ = reach_topic_model(estimator, None)
        texts = list(model.vocabularies_)
        chosen = [text for text in texts if text == self.view]
        if self.view is None and len(texts) == 1:
            chosen = texts
        if not chosen:
            raise ValueError(
                f"the model has no words in view {self.view!r}; choose one of "
                f"{', '.join(texts)}"
            )
        (view,) = chosen
        named = None if self.view is None else chosen
        _, documents = reach_views(estimator, X, named)
        score = score_coherence(model, documents, view, self.n_words)
        if np.isnan(score):
            _warn_of_nan(f"no row of X has a word that the model knows in {view!r}")
        return score

    def __repr__(self) -> str:
        view = "" if self.view is None else f"{self.view!r}, "
        return f"make_npmi_scorer({view}n_words={self.n_words})"


@dataclass(frozen=True, repr=False)
class _AlignmentScorer:
    """Several metrics of several pairs of views."""

    metrics: tuple[str, ...]
    pairs: tuple[Pair, ...] | None

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> dict[str, float]:
        """Score a fitted estimator on rows."""
        found = measure(estimator, X, metrics=self.metrics, pairs=self.pairs)
        unfit = [metric for metric, of_views in found.items() if not of_views]
        if unfit:
            _warn_of_nan(f"X and the model have no views for {', '.join(unfit)}")
        scores: dict[str, float] = {}
        for metric, values in _greater_is_better(found).items():
            known = [value for value in values.values() if not np.isnan(value)]
            # A single pair has no key of its own.
            scores[metric] = float(np.mean(known)) if known else np.nan
            if len(values) > 1:
                scores |= {f"{metric}_{name}": value for name, value in values.items()}
        return scores

    def __repr__(self) -> str:
        pairs = None if self.pairs is None else list(self.pairs)
        return f"make_alignment_scorer({list(self.metrics)}, pairs={pairs})"


def _greater_is_better(found) -> dict[str, dict[str, float]]:
    """Return the values of scores, with divergences as negative numbers."""
    return {
        metric: {
            name: -score.value if metric == "jsd" else score.value
            for name, score in of_views.items()
        }
        for metric, of_views in found.items()
    }


def _warn_of_nan(why: str) -> None:
    warnings.warn(f"the score is NaN: {why}", UserWarning, stacklevel=3)

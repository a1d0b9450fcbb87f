"""Scorers for scikit-learn's model selection, built on the metrics."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_m3l.metrics._pipelines import reach_topic_model
from sklearn_m3l.metrics._scoring import (
    Pair,
    article_ids,
    check_known,
    coherence,
    infer_topics,
    measure_pair,
    view_names,
)

_PAIR_METRICS = ("mrr", "uap", "jsd")
_METRICS = (*_PAIR_METRICS, "npmi")


def make_mrr_scorer(query: str, item: str) -> Any:
    """Make a scorer of retrieval: mean reciprocal rank across two views.

    Every row's topics in the view `query` are compared with all rows' topics in the
    view `item`, by Jensen-Shannon divergence.

    Parameters
    ----------
    query, item : str
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

    Notes
    -----
    All scorers of this module are used alike:

    - `estimator` is a topic model, a pipeline that ends with one, or a search over
      either; `X` is what it takes, a MultiView or a DataFrame of pandas or polars,
      whose views are selected by ``X[[name]]``. What the encoding steps of a pipeline
      learnt, they learnt in ``fit``.
    - `y` is ignored. Where several rows belong to one article (``X.groups``), each
      article counts once. Pass ``groups=X.groups`` to a search over `GroupKFold`, so
      that no article is in two folds. For a table, name the column of article ids in
      the encoder, ``MultiViewEncoder(..., groups="page")``, and pass
      ``groups=df["page"]``.
    - Rows that lack one of the two views are left out of that pair. If no row has
      both, that is a ValueError.
    - They can be pickled, so that worker processes get them.

    Ranks depend on how many articles there are to choose from: compare scores of folds
    of one size.

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
    ...     cv=GroupKFold(3),
    ... )
    >>> search = search.fit(X, groups=X.groups)
    >>> search.best_params_
    {'n_components': 20}
    """
    return _PairScorer("mrr", *_check_pair((query, item)))


def make_uap_scorer(query: str, item: str) -> Any:
    """Make a scorer of retrieval where an article has several items, such as pictures.

    The score is the uninterpolated average precision of an article's own items: every
    row's topics in the view `query` are compared with all rows' topics in the view
    `item`, by Jensen-Shannon divergence.

    Parameters
    ----------
    query, item : str
        Names of the views, such as "en" and "image".

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from 0 to 1,
        greater is better. ``X.groups`` tells which items belong to an article. See the
        notes of :func:`make_mrr_scorer`.

    See Also
    --------
    uninterpolated_average_precision : The metric.

    Examples
    --------
    >>> from sklearn_m3l.metrics import make_uap_scorer
    >>> make_uap_scorer("en", "image")
    make_uap_scorer('en', 'image')
    """
    return _PairScorer("uap", *_check_pair((query, item)))


def make_jsd_scorer(first: str, second: str) -> Any:
    """Make a scorer of alignment: minus the mean Jensen-Shannon divergence.

    Parameters
    ----------
    first, second : str
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
    A model that tells nothing apart has the best score, 0: choose by retrieval
    (``refit="mrr"``), and look at this beside it.

    Examples
    --------
    >>> from sklearn_m3l.metrics import make_jsd_scorer
    >>> make_jsd_scorer("en", "de")
    make_jsd_scorer('en', 'de')
    """
    return _PairScorer("jsd", *_check_pair((first, second)))


def make_npmi_scorer(view: str | None = None, *, n_words: int = 10) -> Any:
    """Make a scorer of topic coherence in one language, by NPMI.

    Parameters
    ----------
    view : str, default=None
        The text view, such as "en". May be left out for a model of a 2-D array of
        counts.
    n_words : int, default=10
        Top words used of each topic.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a float from -1 to 1,
        greater is better. See the notes of :func:`make_mrr_scorer`.

    See Also
    --------
    npmi_coherence : The metric.

    Notes
    -----
    The topics are those that the estimator learnt, and what occurs together is counted
    in the texts of the `X` that is scored, whole documents, identical ones once. In a
    pipeline the counts come out of the encoding steps, so that the words are those
    that were counted in ``fit``.

    In cross-validation `X` is the held-out part: ``test_npmi`` says whether words of
    a topic keep together in texts that the model has not seen. It is lower and more
    variable than coherence in the training texts, which tables in papers mostly give;
    that is ``train_npmi`` with ``return_train_score=True``. A top word that occurs in
    no text of `X` is no evidence: its pairs count as 0, which is chance.

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
    metrics : iterable of {"mrr", "uap", "jsd", "npmi"}, default=("mrr", "jsd")
        What to measure; see the scorers of these names. "npmi" is that of every
        language among the views.
    pairs : iterable of (str, str), default=None
        Views to compare, as query and item, for every metric of pairs. By default
        those of the paper, among the views that the model was fitted on and that `X`
        has: "mrr" from text to text, "uap" from text to picture, "jsd" between all.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, returns a dict of floats, all of
        them greater is better. Each metric is one key, such as "mrr", the mean over
        its pairs; if it has several pairs, each is a key too, such as "mrr_en-de",
        and "npmi_en" for a language. See the notes of :func:`make_mrr_scorer`.

    See Also
    --------
    make_mrr_scorer, make_uap_scorer, make_jsd_scorer, make_npmi_scorer : One metric
        each.

    Notes
    -----
    scikit-learn takes it as ``scoring`` of `cross_validate`, and of `GridSearchCV` with
    ``refit="mrr"``. What takes a single score alone (`HalvingGridSearchCV`,
    `validation_curve`) needs one of the other scorers.

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
    if isinstance(metrics, str):
        raise TypeError(f"metrics is a list of names, such as [{metrics!r}]")
    names = tuple(dict.fromkeys(metrics))
    unknown = [name for name in names if name not in _METRICS]
    if unknown or not names:
        raise ValueError(
            f"metrics={list(names)} must name some of {', '.join(_METRICS)}"
        )
    if pairs is None:
        return _AlignmentScorer(names, None)
    checked = tuple(dict.fromkeys(_check_pair(pair) for pair in pairs))
    if not checked:
        raise ValueError("pairs is empty; give pairs of views, or None")
    return _AlignmentScorer(names, checked)


@dataclass(frozen=True, repr=False)
class _PairScorer:
    """One metric of one pair of views."""

    metric: str
    first: str
    second: str

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator on rows."""
        pair = (self.first, self.second)
        check_known(pair, view_names(X))
        model, X = reach_topic_model(estimator, X)
        articles = article_ids(X)
        topics = {name: infer_topics(model, X[[name]]) for name in pair}
        return measure_pair((self.metric,), pair, topics, articles)[self.metric]

    def __repr__(self) -> str:
        return f"make_{self.metric}_scorer({self.first!r}, {self.second!r})"


@dataclass(frozen=True, repr=False)
class _NpmiScorer:
    """Coherence in one language."""

    view: str | None
    n_words: int

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator by the counts of rows."""
        if self.view is not None:
            check_known([self.view], view_names(X))
            X = X[[self.view]]
        model, X = reach_topic_model(estimator, X)
        return coherence(model, X, self.view, self.n_words)

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
        model, _ = reach_topic_model(estimator, None)
        pairs = self._pairs(model, view_names(X))
        needed = view_names(X)
        model, X = reach_topic_model(estimator, X)
        articles = article_ids(X)
        metrics_of: dict[Pair, list[str]] = {}
        for metric, chosen in pairs.items():
            for pair in chosen:
                metrics_of.setdefault(pair, []).append(metric)
        topics: dict[str, np.ndarray] = {}
        found: dict[str, dict[str, float]] = {metric: {} for metric in self.metrics}
        for name in self._views(model, metrics_of, needed):
            encoded = X[[name]]
            if any(name in pair for pair in metrics_of):
                topics[name] = infer_topics(model, encoded)
            if "npmi" in self.metrics and name in model.vocabularies_:
                found["npmi"][name] = coherence(model, encoded, name, 10)
        for pair, metrics in metrics_of.items():
            scores = measure_pair(metrics, pair, topics, articles)
            for metric, score in scores.items():
                found[metric]["-".join(pair)] = score
        return _with_means(found)

    def _pairs(self, model: Any, names: list[str]) -> dict[str, list[Pair]]:
        """Return the pairs of each metric of pairs."""
        wanted = [metric for metric in self.metrics if metric in _PAIR_METRICS]
        if self.pairs is not None:
            check_known([name for pair in self.pairs for name in pair], names)
            return {metric: list(self.pairs) for metric in wanted}
        known = [name for name in model.feature_names_in_ if name in names]
        texts = [name for name in known if name in model.vocabularies_]
        others = [name for name in known if name not in model.vocabularies_]
        defaults = {
            "mrr": list(combinations(texts, 2)),
            "uap": [(text, other) for text in texts for other in others],
            "jsd": list(combinations([*texts, *others], 2)),
        }
        for metric in wanted:
            if not defaults[metric]:
                raise ValueError(
                    f"{metric!r} finds no pair of views that it is meant for: the "
                    f"texts are {', '.join(texts) or 'none'}, the others "
                    f"{', '.join(others) or 'none'}; leave it out or give pairs"
                )
        return {metric: defaults[metric] for metric in wanted}

    def _views(self, model, pairs: Iterable[Pair], names: list[str]) -> list[str]:
        """Return the views that are needed, each once."""
        needed = {name: None for pair in pairs for name in pair}
        if "npmi" not in self.metrics:
            return list(needed)
        if self.pairs is None:
            needed |= {n: None for n in model.vocabularies_ if n in names}
        else:
            needed |= {name: None for pair in self.pairs for name in pair}
        if not any(name in model.vocabularies_ for name in needed):
            raise ValueError(
                "'npmi' needs a text that the model has words for "
                f"({', '.join(model.vocabularies_)}); the views are "
                f"{', '.join(needed) or 'none of them'}"
            )
        return list(needed)

    def __repr__(self) -> str:
        pairs = None if self.pairs is None else list(self.pairs)
        return f"make_alignment_scorer({list(self.metrics)}, pairs={pairs})"


def _with_means(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the mean of each metric, and what it is the mean of where there are more.

    A metric of one pair has one key, whatever the pair.
    """
    scores: dict[str, float] = {}
    for metric, values in found.items():
        scores[metric] = float(np.mean(list(values.values())))
        if len(values) > 1:
            scores |= {f"{metric}_{name}": value for name, value in values.items()}
    return scores


def _check_pair(pair: Any) -> Pair:
    """Refuse what is not two different names."""
    if isinstance(pair, str) or len(pair) != 2:
        raise ValueError(f"{pair!r} is no pair of views; give two names")
    first, second = pair
    if not isinstance(first, str) or not isinstance(second, str):
        raise TypeError(f"views are named by strings, not as in {pair!r}")
    if first == second:
        raise ValueError(f"a pair needs two views, but both are {first!r}")
    return first, second

"""Our own systems: how each learns from a corpus, and what it delivers."""

import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.frozen import FrozenEstimator
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import StandardScaler

import sklearn_m3l
from benchmarks.configurations import PAPER
from benchmarks.leaderboard.corpora import Corpus, first_rows
from benchmarks.leaderboard.exchange import Delivery
from benchmarks.leaderboard.sizes import installed_mib, own_requirements
from benchmarks.processes import peak_memory
from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    mine_tuples,
)

_N_WORDS = 25
_WARM_UP_ROWS = 4  # per topic
# How sharply nearer clusters are preferred: 1 to 128 were tried on a quarter of the
# training rows of the GIMP manual and of Multi30k. One-hot rows find less than half.
_SHARPNESS = 8.0
_NO_WORDS_OF_PICTURES = "it learns from word counts, and pictures have none"
_NOT_ALIGNED = "its embeddings are not in the space of the texts"


@dataclass
class Fitted:
    """What a system has learned.

    Parameters
    ----------
    words : dict of str to list of lists of str
        Top words of each topic, by language.
    infer : dict of str to callable
        For each view that is taken, from rows of that view to topics, or vectors.
    log_p : callable, optional
        From a language and topics to log-probabilities of all words.
    reads_words : bool
        Whether topics of a text are inferred from its words.
    cannot : dict of str to str
        Why a measure or a view is missing.
    are_vectors : bool
        Whether `infer` returns vectors, to be compared by their cosine.
    """

    words: dict[str, list[list[str]]]
    infer: dict[str, Callable[[MultiView], np.ndarray]]
    log_p: Callable[[str, np.ndarray], np.ndarray] | None = None
    reads_words: bool = False
    cannot: dict[str, str] = field(default_factory=dict)
    are_vectors: bool = False


class System(NamedTuple):
    """A row of the leaderboard.

    Parameters
    ----------
    title, configuration : str
        What it is called, and its settings in a phrase.
    fit : callable
        Takes a corpus, a seed, and perhaps a number of iterations.
    packages : tuple of str
        The packages whose versions matter.
    requires : tuple of str, optional
        The packages that it needs; by default this one.
    """

    title: str
    configuration: str
    fit: Callable[..., Fitted]
    packages: tuple[str, ...] = ("numpy", "scipy", "scikit-learn", "torch", "skorch")
    requires: tuple[str, ...] | None = None


class CannotFit(Exception):
    """Says why a system cannot learn from a corpus."""


def pages(X: MultiView, views: list[str]) -> MultiView:
    """Return the first row of each article that has one of some views."""
    X = X[first_rows(X)][views]
    return X[np.any(list(X.present.values()), axis=0)]


def _paired_texts(corpus: Corpus) -> MultiView:
    """Return tuples of texts, mined where it is not known which belong together."""
    if corpus.paired:
        return pages(corpus.train, corpus.languages)
    if not corpus.aligned:
        raise CannotFit("it needs pairs, and none can be mined without aligned texts")
    return _mined(corpus).data


def _mined(corpus: Corpus) -> Any:
    """Return tuples mined from the texts, as `fit` itself mines them."""
    try:
        return mine_tuples(corpus.train)
    except ValueError as error:
        raise CannotFit(f"it needs pairs, and none can be mined: {error}") from error


def _top_words(model: Any, views: list[str]) -> dict[str, list[list[str]]]:
    return {view: model.top_words(view, _N_WORDS) for view in views}


def _fit_m3l(corpus, seed, max_iter=None, configuration=None):
    parameters = {**(configuration or {}), "n_components": corpus.n_topics}
    if max_iter is not None:
        parameters["max_iter"] = max_iter
    model = M3LContrastTopicModel(**parameters, random_state=seed)
    X, pair_weight = corpus.train, None
    if not corpus.paired and corpus.aligned:
        tuples = _mined(corpus)
        X, pair_weight = tuples.data, tuples.weights
    model.fit(X, pair_weight=pair_weight)
    infer = dict.fromkeys(corpus.test.view_names, model.transform)
    return Fitted(_top_words(model, corpus.languages), infer, model._decode)


def _fit_zero_shot(corpus, seed, max_iter=None):
    first, *others = corpus.languages
    model = _zero_shot(corpus, seed, max_iter)
    taken = corpus.aligned or (first,)
    cannot = {f"view:{view}": _NOT_ALIGNED for view in corpus.pictures}
    if not corpus.aligned:
        cannot |= {f"view:{view}": _NOT_ALIGNED for view in others}
    infer = dict.fromkeys(taken, model.transform)
    return Fitted(_top_words(model, [first]), infer, model._decode, cannot=cannot)


def _zero_shot(corpus, seed, max_iter):
    first = corpus.languages[0]
    parameters = {} if max_iter is None else {"max_iter": max_iter}
    model = ZeroShotTopicModel(
        corpus.n_topics, view=first, random_state=seed, **parameters
    )
    return model.fit(pages(corpus.train, [first]))


def _fit_distilled(corpus, seed, max_iter=None):
    if not corpus.paired:
        raise CannotFit("a student learns from pairs, which are hidden here")
    first, *others = corpus.languages
    teacher = _zero_shot(corpus, seed, max_iter)
    parameters = {} if max_iter is None else {"max_iter": max_iter}
    words, infer = _top_words(teacher, [first]), {first: teacher.transform}
    decoders = {first: teacher}
    for view in [*others, *corpus.pictures]:
        X = (
            corpus.train
            if view in corpus.pictures
            else pages(corpus.train, corpus.languages)
        )
        X = X[np.flatnonzero(X[first].present & X[view].present)]
        student = DistilledTopicModel(
            corpus.n_topics,
            teacher=FrozenEstimator(teacher),
            view=view,
            random_state=seed,
            **parameters,
        ).fit(X[[first, view]])
        infer[view] = student.transform
        if view in others:
            words |= _top_words(student, [view])
            decoders[view] = student

    def log_p(view, theta):
        return decoders[view]._decode(view, theta)

    return Fitted(words, infer, log_p)


def _fit_pltm(corpus, seed, max_iter=None):
    parameters = {} if max_iter is None else {"max_iter": max_iter}
    model = PolylingualLDA(corpus.n_topics, random_state=seed, **parameters)
    model.fit(_paired_texts(corpus))
    infer = dict.fromkeys(corpus.languages, model.transform)
    cannot = {f"view:{view}": _NO_WORDS_OF_PICTURES for view in corpus.pictures}
    words = _top_words(model, corpus.languages)
    return Fitted(words, infer, model._decode, reads_words=True, cannot=cannot)


def _fit_lda(corpus, seed, max_iter=None):
    view = corpus.languages[0]
    parameters = {} if max_iter is None else {"max_iter": max_iter}
    model = LatentDirichletAllocation(corpus.n_topics, random_state=seed, **parameters)
    model.fit(pages(corpus.train, [view])[view].counts)
    vocabulary = np.asarray(corpus.train[view].vocabulary)
    order = np.argsort(-model.components_, axis=1, kind="stable")[:, :_N_WORDS]
    others = [name for name in corpus.test.view_names if name != view]
    return Fitted(
        {view: vocabulary[order].tolist()},
        {view: lambda X: model.transform(X[view].counts)},
        reads_words=True,
        cannot={f"view:{name}": "it knows one language alone" for name in others},
    )


def _fit_clusters(corpus, seed, max_iter=None):
    """Cluster standardized embeddings; words are those of c-TF-IDF, as in BERTopic.

    Where tuples are known, the texts of a tuple are clustered side by side, and the
    center of a cluster in another view is the mean of its rows there.
    """
    languages, X = corpus.languages, corpus.train
    views = list(corpus.test.view_names)
    scaled, places = {}, {}
    for view in views:
        rows = np.flatnonzero(X[view].present)
        scaler = StandardScaler().fit(X[view].read(rows))
        scaled[view] = partial(_standardized, scaler=scaler, view=view)
    kmeans = KMeans(corpus.n_topics, n_init=1, random_state=seed)
    labels = np.full(len(X), -1)
    if corpus.paired:
        firsts = first_rows(X)
        texts = np.all([X[view].present[firsts] for view in languages], axis=0)
        rows = firsts[texts]
        if len(rows) < corpus.n_topics:
            raise CannotFit(f"{len(rows)} articles have a text in each language")
        side_by_side = np.hstack([scaled[view](X[rows]) for view in languages])
        found = kmeans.fit_predict(side_by_side)
        articles = np.arange(len(X)) if X.groups is None else X.groups
        cluster = dict(zip(articles[rows].tolist(), found.tolist(), strict=True))
        labels = np.array([cluster.get(article, -1) for article in articles.tolist()])
    elif corpus.aligned:
        places = {view: np.flatnonzero(X[view].present) for view in languages}
        stacked = np.vstack([scaled[view](X[places[view]]) for view in languages])
        labels[np.concatenate([*places.values()])] = kmeans.fit_predict(stacked)
    else:
        raise CannotFit("without pairs it needs aligned embeddings")
    infer = {}
    for view in views:
        rows = np.flatnonzero((labels >= 0) & X[view].present)
        infer[view] = _nearest_centers(scaled[view], X[rows], labels[rows], corpus)
    counted = first_rows(X)
    words = {
        view: _words_of_clusters(X[counted][view], labels[counted], corpus.n_topics)
        for view in languages
    }
    no_words = "clusters have no word probabilities"
    return Fitted(words, infer, cannot={"Gain": no_words})


def _standardized(X: MultiView, scaler: StandardScaler, view: str) -> np.ndarray:
    return scaler.transform(X[view].read(slice(None)))


def _nearest_centers(scaled, X, labels, corpus):
    """Return a function from rows to shares of clusters, the nearest the largest.

    The unit is the mean squared distance of training rows to their own center.
    """
    vectors = scaled(X)
    of_cluster = np.eye(corpus.n_topics)[labels].T
    sizes = of_cluster.sum(axis=1, keepdims=True)
    # A cluster without rows in this view is at the mean of all.
    centers = of_cluster @ vectors / np.maximum(sizes, 1)
    unit = ((vectors - centers[labels]) ** 2).sum(axis=1).mean()

    def infer(rows):
        squares = euclidean_distances(scaled(rows), centers, squared=True)
        return softmax(-_SHARPNESS / 2 * squares / unit, axis=1)

    return infer


def _words_of_clusters(view, labels, n_topics) -> list[list[str]]:
    rows = np.flatnonzero(labels >= 0)
    counts = np.eye(n_topics)[labels[rows]].T @ view.counts[rows]
    idf = np.log1p(counts.sum() / n_topics / np.maximum(counts.sum(axis=0), 1))
    weights = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) * idf
    order = np.argsort(-weights, axis=1, kind="stable")[:, :_N_WORDS]
    return np.asarray(view.vocabulary)[order].tolist()


def _take_embeddings(corpus, seed, max_iter=None, scale=False):
    if not corpus.aligned:
        raise CannotFit("the embeddings of the views are not aligned")

    def read(X):
        ((name, view),) = X.views.items()
        vectors = view.read(slice(None))
        return scalers[name].transform(vectors) if scale else vectors

    scalers = {}
    if scale:
        for name in corpus.aligned:
            rows = np.flatnonzero(corpus.train[name].present)
            scalers[name] = StandardScaler().fit(corpus.train[name].read(rows))
    no_topics = "embeddings have no topics"
    reasons = ["JSD", "JSD-gap", "Topics", "Gain", "NPMI", "NPMI-window", "Cross-NPMI"]
    reasons += ["TU", "TQ", "IEC", "IEPS", "Stability"]
    cannot = dict.fromkeys(reasons, no_topics)
    cannot |= {f"view:{view}": _NOT_ALIGNED for view in corpus.pictures}
    infer = dict.fromkeys(corpus.aligned, read)
    return Fitted({}, infer, cannot=cannot, are_vectors=True)


SYSTEMS = {
    "m3l": System("M3LContrastTopicModel", "defaults", _fit_m3l),
    "m3l-paper": System(
        "M3LContrastTopicModel",
        "the paper's configuration, with the product decoder",
        partial(_fit_m3l, configuration=PAPER["M3LContrastTopicModel"]),
    ),
    "zero-shot": System("ZeroShotTopicModel", "defaults", _fit_zero_shot),
    "distilled": System(
        "DistilledTopicModel",
        "defaults; one student per view other than the first",
        _fit_distilled,
    ),
    "polylingual-lda": System(
        "PolylingualLDA",
        "defaults",
        _fit_pltm,
        ("numpy", "scipy", "scikit-learn", "numba"),
    ),
    "k-means": System(
        "k-means and c-TF-IDF",
        "of standardized embeddings, by scikit-learn",
        _fit_clusters,
        ("numpy", "scikit-learn"),
        ("scikit-learn",),
    ),
    "lda": System(
        "scikit-learn LDA",
        "defaults; of the first language",
        _fit_lda,
        ("numpy", "scikit-learn"),
        ("scikit-learn",),
    ),
    "embeddings-standardized": System(
        "embeddings, standardized per language",
        "their cosine",
        partial(_take_embeddings, scale=True),
        ("numpy", "scikit-learn"),
        ("scikit-learn",),
    ),
    "embeddings": System(
        "embeddings", "their own cosine", _take_embeddings, ("numpy",), ("numpy",)
    ),
}


def deliver(name: str, corpus: Corpus, seed: int) -> Delivery:
    """Fit a system in this process, and return what it delivers."""
    system = SYSTEMS[name]
    about = {
        "corpus": corpus.name,
        "system": name,
        "title": system.title,
        "configuration": system.configuration,
        "seed": seed,
        "n_topics": corpus.n_topics,
        "seconds": {},
        "packages": {package: version(package) for package in system.packages},
        "python": platform.python_version(),
        "sources": [],
    }
    # Imports and compilation happen here.
    n_rows = _WARM_UP_ROWS * corpus.n_topics
    rows = np.linspace(0, len(corpus.train) - 1, n_rows).astype(int)
    with suppress(CannotFit):  # what too few rows lack, all may have
        system.fit(corpus.take(np.unique(rows)), seed, max_iter=1)
    start = time.process_time()
    try:
        fitted = system.fit(corpus, seed)
    except CannotFit as reason:
        return Delivery(about, cannot={"all": str(reason)})
    about["seconds"]["fit"] = time.process_time() - start
    about["reads_words"] = fitted.reads_words
    start = time.process_time()
    test = _infer(fitted, corpus.test)
    about["seconds"]["transform"] = time.process_time() - start
    about["peak_mib"] = peak_memory()
    if system.requires is None:
        package = Path(sklearn_m3l.__file__).parent
        about["installed_mib"] = installed_mib(own_requirements(), package)
    else:
        about["installed_mib"] = installed_mib(system.requires)
    return Delivery(
        about,
        fitted.words,
        _infer(fitted, corpus.train),
        test,
        log_likelihood=_log_likelihoods(fitted, corpus, test),
        cannot=fitted.cannot,
        are_vectors=fitted.are_vectors,
    )


def _infer(fitted: Fitted, X: MultiView) -> dict[str, np.ndarray]:
    """Return the topics of each view alone, NaN where it is absent."""
    topics = {}
    for view, infer in fitted.infer.items():
        if view not in X.view_names:
            continue
        rows = np.flatnonzero(X[view].present)
        found = np.asarray(infer(X[rows][[view]]))
        topics[view] = np.full((len(X), found.shape[1]), np.nan, dtype=found.dtype)
        topics[view][rows] = found
    return topics


def _log_likelihoods(
    fitted: Fitted, corpus: Corpus, test: dict[str, np.ndarray]
) -> dict[tuple[str, str], np.ndarray]:
    """Return those of the words of each text, its topics inferred from each view."""
    X, found = corpus.test, {}
    if fitted.log_p is None:
        return found
    for source, theta in test.items():
        for target in fitted.words:
            rows = np.flatnonzero(X[source].present & X[target].present)
            cells = X[target].counts[rows].tocoo()
            log_p = fitted.log_p(target, theta[rows])[cells.row, cells.col]
            of_rows = np.bincount(cells.row, cells.data * log_p, len(rows))
            found[source, target] = np.full(len(X), np.nan)
            found[source, target][rows] = of_rows
    return found

"""What is measured of a delivery: one flat dict, by measure and views.

All measures are those of `sklearn_m3l.metrics`. Means that degenerate answers would
raise are guarded: ties count as the mean of their ranks, so one topic for all scores
what chance does; beside the divergence of counterparts stands by how much it is
smaller than that of others; coherence of one good topic, repeated, has a low topic
quality; pictures are compared after their mean is subtracted.
"""

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
from scipy.stats import entropy
from sklearn.metrics.pairwise import cosine_distances

from benchmarks.leaderboard.corpora import Corpus, first_rows
from benchmarks.leaderboard.exchange import Delivery
from benchmarks.reproduce.windows import window_coherence
from sklearn_m3l import MultiView, View
from sklearn_m3l.metrics import (
    evaluate_alignment,
    evaluate_classification,
    image_embedding_coherence,
    image_embedding_similarity,
    mean_reciprocal_rank,
    paired_jensen_shannon,
    topic_quality,
    topic_uniqueness,
    uninterpolated_average_precision,
)

MEANINGS = {
    "MRR": "mean reciprocal rank of an article's own text, searched by its text in the "
    "other language",
    "UAP": "mean average precision of an article's own pictures, searched by its text",
    "JSD": "mean Jensen-Shannon divergence between two views of an article; a system "
    "that gives all articles the same topics has 0, too",
    "JSD-gap": "by how much that is smaller than the divergence from another article; "
    "0 if all articles have the same topics",
    "NPMI": "coherence of the 10 top words of a topic in whole training documents",
    "NPMI-window": "coherence of the 10 top words in windows of 10 counted words",
    "Cross-NPMI": "coherence of the 10 top words of a topic in two languages",
    "TU": "topic uniqueness: how few topics share each of their 15 top words",
    "TQ": "topic quality: positive CNPMI of the 15 top words times topic uniqueness",
    "Topics": "effective topics per document: the exponential of the entropy",
    "Gain": "log-likelihood per held-out word above a unigram model; en-de predicts "
    "German words from the topics of the English text",
    "Accuracy": "of labels predicted from topic proportions; en-de is learned in "
    "English and applied to German; without languages whose training texts have all "
    "the same label",
    "Macro-F1": "mean F1 of the labels so predicted",
    "IEC": "mean cosine of the 10 top pictures of a topic, after centering",
    "IEPS": "mean cosine of top pictures of different topics, after centering; lower "
    "is better",
    "Stability": "share of the 10 top words that matched topics of two seeds have in "
    "common",
    "Fit": "processor seconds of training, on one thread",
    "Transform": "processor seconds of inferring the topics of all test rows, each "
    "view alone",
    "Peak": "most memory of the process",
    "Installed": "size of the installed packages",
}
_N_COHERENT, _N_PUBLISHED, _N_PICTURES = 10, 15, 10
_LEAST_LABELS = 2


class Delivered:
    """Delivered topics in the place of a fitted model, whose input they are."""

    def __init__(
        self,
        words: Mapping[str, list[list[str]]],
        vocabularies: Mapping[str, np.ndarray],
        n_topics: int,
    ):
        self._words = words
        self.vocabularies_ = {view: vocabularies[view] for view in words}
        self.components_ = np.empty((n_topics, 0))

    def usable_views(self, X: MultiView, **_) -> list[str]:
        """Return the names of all views."""
        return list(X.view_names)

    def transform(self, X: MultiView) -> np.ndarray:
        """Return the topics of one view, which are its embedding."""
        (view,) = X.views.values()
        return view.embedding

    def top_words(self, view: str, n_words: int) -> list[list[str]]:
        """Return the first words of each topic, or all where there are fewer."""
        return [topic[:n_words] for topic in self._words[view]]


def measure(delivery: Delivery, corpus: Corpus) -> dict[str, dict[str, float]]:
    """Return all that can be measured of a delivery.

    Parameters
    ----------
    delivery : Delivery
        What a system has delivered.
    corpus : Corpus
        What it learned from.

    Returns
    -------
    dict
        "values" by measure and views, such as "MRR en-de", and what "chance" scores,
        where that is known.
    """
    vocabularies = {
        view: np.asarray(corpus.train[view].vocabulary) for view in corpus.languages
    }
    n_topics = delivery.about["n_topics"]
    model = Delivered(delivery.words, vocabularies, n_topics)
    test = _as_embeddings(corpus.test, delivery.test)
    values: dict[str, float] = {}
    chance: dict[str, float] = {}
    if test is not None:
        of_rows = ["mrr", "uap"] if delivery.are_vectors else ["mrr", "uap", "jsd"]
        if delivery.are_vectors:
            values |= _retrieve_by_cosine(test, corpus)
        else:
            scores = evaluate_alignment(model, test, metrics=of_rows)
            values |= {name: score.value for name, score in scores.items()}
            chance |= {n: s.chance for n, s in scores.items() if s.chance is not None}
            values |= _divergence_gaps(test)
            values |= _effective_topics(test)
            values |= _gains(delivery, corpus)
        train = _as_embeddings(corpus.train, delivery.train)
        if train is not None:
            found = _classify(model, train, test, corpus)
            values |= {name: score.value for name, score in found.items()}
            chance |= {n: s.chance for n, s in found.items() if s.chance is not None}
    values |= _score_words(delivery, corpus, model)
    values |= _score_pictures(delivery, corpus)
    kept = {name: float(v) for name, v in values.items() if np.isfinite(v)}
    known = {name: float(v) for name, v in chance.items() if name in kept}
    return {"values": kept, "chance": known}


def _as_embeddings(
    X: MultiView, proportions: Mapping[str, np.ndarray]
) -> MultiView | None:
    """Return rows whose embeddings are their topics; None without any."""
    views = {}
    for name, theta in proportions.items():
        present = ~np.isnan(theta[:, 0])
        if present.any():
            own = X[name]
            topics = np.nan_to_num(theta)
            views[name] = View(topics, own.counts, own.vocabulary, present)
    if not views:
        return None
    return MultiView(views, index=X.index, groups=X.groups)


def _views(X: MultiView) -> tuple[list[str], list[str]]:
    texts = [name for name in X.view_names if X[name].is_text]
    return texts, [name for name in X.view_names if name not in texts]


def _both(X: MultiView, one: str, other: str) -> np.ndarray:
    return np.flatnonzero(X[one].present & X[other].present)


def _groups(X: MultiView) -> np.ndarray:
    return np.arange(len(X)) if X.groups is None else X.groups


def _retrieve_by_cosine(X: MultiView, corpus: Corpus) -> dict[str, float]:
    texts, pictures = _views(X)
    values = {}
    pairs = [(p, "MRR", mean_reciprocal_rank) for p in combinations(texts, 2)]
    pairs += [
        (p, "UAP", uninterpolated_average_precision) for p in product(texts, pictures)
    ]
    for (one, other), name, metric in pairs:
        if one in corpus.aligned and other in corpus.aligned:
            rows = _both(X, one, other)
            vectors = [X[view].embedding[rows] for view in (one, other)]
            groups = _groups(X)[rows]
            values[f"{name} {one}-{other}"] = metric(
                cosine_distances(*vectors), groups, groups
            )
    return values


def _divergence_gaps(X: MultiView) -> dict[str, float]:
    """Return how much nearer an article is to itself than to the next one."""
    firsts = X[first_rows(X)]
    values = {}
    for one, other in combinations(X.view_names, 2):
        rows = _both(firsts, one, other)
        if len(rows) < 2:
            continue
        a, b = (firsts[view].embedding[rows] for view in (one, other))
        own, others = (
            paired_jensen_shannon(a, c).mean() for c in (b, np.roll(b, 1, axis=0))
        )
        values[f"JSD-gap {one}-{other}"] = others - own
    return values


def _effective_topics(X: MultiView) -> dict[str, float]:
    firsts = X[first_rows(X)]
    return {
        f"Topics {name}": np.exp(
            entropy(view.embedding[np.asarray(view.present)], axis=1)
        ).mean()
        for name, view in firsts.views.items()
    }


def _gains(delivery: Delivery, corpus: Corpus) -> dict[str, float]:
    """Return log-likelihoods per word above a unigram model of the training texts."""
    X = corpus.test
    firsts = first_rows(X)
    likelihoods = dict(delivery.log_likelihood)
    for target, phi in delivery.topic_word.items():
        cells = X[target].counts.tocoo()
        for source, theta in delivery.test.items():
            p = np.einsum("ij,ij->i", theta[cells.row], phi[:, cells.col].T)
            with np.errstate(divide="ignore"):
                weights = cells.data * np.log(p)
            likelihoods[source, target] = np.bincount(cells.row, weights, len(X))
    values = {}
    for (source, target), likelihood in likelihoods.items():
        if source == target and delivery.about.get("reads_words", True):
            continue  # it has read the words that it predicts
        counts = X[target].counts
        rows = firsts[np.isin(firsts, _both(X, source, target))]
        seen = corpus.reference[target].counts
        share = (seen.sum(axis=0) + 0.5) / (seen.sum() + 0.5 * seen.shape[1])
        unigram = counts @ np.log(np.asarray(share).ravel())
        gain = (likelihood - unigram)[rows].sum() / counts[rows].sum()
        views = source if source == target else f"{source}-{target}"
        values[f"Gain {views}"] = gain
    return values


def _classify(model: Delivered, train: MultiView, test: MultiView, corpus: Corpus):
    """Return the scores of labels predicted from topics, one row per article."""
    rows, labels = [], []
    for X, part in ((train, "train"), (test, "test")):
        firsts = first_rows(X)
        all_labels = np.array(corpus.labels[part], dtype=object)
        known = firsts[[all_labels[row] is not None for row in firsts]]
        texts, _ = _views(X)
        some = np.any([X[name].present[known] for name in texts], axis=0)
        rows.append(X[known[some]][texts] if texts else None)
        labels.append(all_labels[known[some]].astype(str) if some.any() else [])
    if None in rows or not len(labels[0]) or not len(labels[1]):
        return {}
    # A classifier needs two labels to tell apart.
    taken = [
        name
        for name, view in rows[0].views.items()
        if len(set(labels[0][view.present])) >= _LEAST_LABELS
    ]
    if not taken:
        return {}
    rows = [X[taken] for X in rows]
    return evaluate_classification(model, rows[0], labels[0], rows[1], labels[1])


def _score_words(
    delivery: Delivery, corpus: Corpus, model: Delivered
) -> dict[str, float]:
    """Return the measures of top words."""
    languages = list(delivery.words)
    if not languages:
        return {}
    counted = corpus.reference[languages]
    scores = evaluate_alignment(model, counted, metrics=["npmi", "cross_npmi"])
    values = {name: score.value for name, score in scores.items()}
    for view in languages:
        words = delivery.words[view]
        if view in corpus.windows:
            values[f"NPMI-window {view}"] = window_coherence(
                words, corpus.windows[view], model.vocabularies_[view]
            )
        if len(words[0]) >= _N_PUBLISHED:
            values[f"TU {view}"] = topic_uniqueness(words)
    return values | _topic_quality(delivery, counted)


def _topic_quality(delivery: Delivery, X: MultiView) -> dict[str, float]:
    """Return topic quality, counted in the training texts as the words stand there."""
    firsts = X[first_rows(X)]
    documents = {}
    for view in delivery.words:
        words = np.asarray(X[view].vocabulary)
        counts = firsts[view].counts
        documents[view] = [
            words[counts.indices[start:stop]].tolist()
            for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
        ]
    values = {}
    for one, other in combinations(delivery.words, 2):
        words = [delivery.words[view] for view in (one, other)]
        if min(len(topics[0]) for topics in words) < _N_PUBLISHED:
            continue
        rows = _both(firsts, one, other)
        texts = [[documents[view][row] for row in rows] for view in (one, other)]
        values[f"TQ {one}-{other}"] = topic_quality(*words, *texts)
    return values


def _score_pictures(delivery: Delivery, corpus: Corpus) -> dict[str, float]:
    """Return how alike the training pictures are that show a topic best."""
    values = {}
    for view in corpus.pictures:
        if view not in delivery.train or delivery.are_vectors:
            continue
        own = corpus.train[view]
        rows = np.flatnonzero(own.present)
        vectors = np.asarray(own.read(slice(None)), dtype=np.float64)
        # A picture can be on several pages.
        rows = rows[np.sort(np.unique(vectors[rows], axis=0, return_index=True)[1])]
        theta = delivery.train[view][rows]
        if np.isnan(theta).any():
            continue
        centered = vectors - vectors[rows].mean(axis=0)
        order = np.argsort(-theta, axis=0, kind="stable")
        top_rows = rows[order[:_N_PICTURES].T]
        values[f"IEC {view}"] = image_embedding_coherence(centered, top_rows)
        values[f"IEPS {view}"] = image_embedding_similarity(centered, top_rows)
    return values

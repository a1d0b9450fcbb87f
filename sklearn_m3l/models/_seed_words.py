"""Seed words: what some topics should be about, as a prior on their words."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from sklearn_m3l.models._topic_names import is_name
from sklearn_m3l.utils._fitted import require
from sklearn_m3l.utils._sklearn import Interval

# Parameters of the models that have them.
SEED_CONSTRAINTS: dict = {
    "seed_words": [Mapping, None],
    "seed_weight": [Interval(Real, 0, 1e6, closed="right")],
}


def check_seed_words(
    seed_words: Mapping[str, Any],
    vocabularies: Mapping[str, np.ndarray],
    n_components: int,
) -> dict[str, dict[str, np.ndarray]]:
    """Return the columns of the seed words, by the name of the topic and by view.

    Parameters
    ----------
    seed_words : mapping of str to mapping of str to sequence of str
        For each topic, seed words by language; with one language, a sequence of words
        is enough.
    vocabularies : mapping of str to ndarray of str
        Words of each language.
    n_components : int
        Number of topics.

    Raises
    ------
    TypeError, ValueError
        If words or names are invalid, or there are too many topics. One message lists
        all words that are not in a vocabulary.
    """
    if len(seed_words) > n_components:
        raise ValueError(
            f"seed_words has {len(seed_words)} topics, but "
            f"n_components={n_components}; raise n_components"
        )
    found: dict[str, dict[str, np.ndarray]] = {}
    unknown: dict[str, list[str]] = {}
    for topic, by_view in seed_words.items():
        if not is_name(topic):
            raise ValueError(
                f"seed_words has the topic {topic!r}; its name must be a string, not "
                "blank and without control characters"
            )
        found[topic] = {}
        given = _by_view(topic, by_view, vocabularies)
        if not any(map(len, given.values())):
            raise ValueError(f"seed_words has no word of topic {topic!r}")
        for view, words in given.items():
            column = {word: n for n, word in enumerate(vocabularies[view].tolist())}
            known = [column[word] for word in words if word in column]
            found[topic][view] = np.unique(np.array(known, dtype=np.int64))
            absent = [f"{word!r} ({topic})" for word in words if word not in column]
            unknown.setdefault(view, []).extend(absent)
    listed = [f"{view}: {', '.join(own)}" for view, own in unknown.items() if own]
    if listed:
        raise ValueError(
            "seed_words has words that are not in the vocabulary; leave them out, or "
            f"write them as the vocabulary has them; {'; '.join(listed)}"
        )
    return found


def _by_view(
    topic: str, given: Any, vocabularies: Mapping[str, np.ndarray]
) -> dict[str, Sequence[str]]:
    """Return the seed words of a topic by view."""
    if not isinstance(given, Mapping):
        if len(vocabularies) > 1:
            raise TypeError(
                f"seed_words[{topic!r}] must be a mapping from languages to lists of "
                f"words, not {given!r}; the languages are {', '.join(vocabularies)}"
            )
        given = dict.fromkeys(vocabularies, given)
    for view, words in given.items():
        if view not in vocabularies:
            raise ValueError(
                f"seed_words[{topic!r}] has the unknown language {view!r}; those with "
                f"words are {', '.join(vocabularies)}"
            )
        is_list = isinstance(words, (Sequence, np.ndarray))
        if not is_list or isinstance(words, str):
            raise TypeError(
                f"seed_words[{topic!r}][{view!r}] must be a list of words, not "
                f"{words!r}"
            )
        for word in words:
            if not isinstance(word, str):
                raise TypeError(
                    f"seed_words[{topic!r}][{view!r}] has {word!r}, which is not a "
                    "string"
                )
    return dict(given)


def seed_counts(
    seeds: Mapping[str, Mapping[str, np.ndarray]],
    documents: Mapping[str, sparse.csr_array],
    weight: float,
) -> dict[str, np.ndarray]:
    """Return the pseudo-counts that the prior adds to the words of the seeded topics.

    Parameters
    ----------
    seeds : mapping of str to mapping of str to ndarray
        What `check_seed_words` returned.
    documents : mapping of str to CSR array of shape (n_rows, n_words)
        Counts of each language.
    weight : float
        Added for each occurrence of a seed word in the documents; a word that does not
        occur counts as one occurrence.

    Returns
    -------
    dict of str to ndarray of shape (n_seeded_topics, n_words)
        Pseudo-counts by language.
    """
    counts = {}
    for view, matrix in documents.items():
        sizes = np.maximum(matrix.sum(axis=0, dtype=np.float64), 1)
        counts[view] = np.zeros((len(seeds), len(sizes)))
        for topic, by_view in enumerate(seeds.values()):
            columns = by_view.get(view, np.empty(0, dtype=np.int64))
            counts[view][topic, columns] = weight * sizes[columns]
    return counts


def clusters_by_seeds(
    labels: np.ndarray,
    n_clusters: int,
    seeds: Mapping[str, np.ndarray],
    documents: Mapping[str, sparse.csr_array],
) -> np.ndarray:
    """Return an order of clusters that puts those of the seeded topics in their places.

    Cluster k becomes topic k, and the first topics are the seeded ones. Each gets the
    cluster whose documents have the largest share of its seed words.

    Parameters
    ----------
    labels : ndarray of int of shape (n_rows,)
        Cluster of each document, or -1.
    n_clusters : int
        Number of clusters.
    seeds : mapping of str to ndarray of shape (n_seeded_topics, n_words)
        What `seed_counts` returned.
    documents : mapping of str to CSR array of shape (n_rows, n_words)
        Counts of each language.

    Returns
    -------
    ndarray of int of shape (n_clusters,)
        Numbers of clusters in their new order.
    """
    rows = np.flatnonzero(labels >= 0)
    member = sparse.csr_array(
        (np.ones(len(rows)), (labels[rows], rows)), shape=(n_clusters, len(labels))
    )
    seeded = sum(documents[view] @ (own > 0).T for view, own in seeds.items())
    sizes = sum(matrix.sum(axis=1) for matrix in documents.values())
    density = (member @ seeded) / np.maximum(member @ sizes, 1)[:, np.newaxis]
    # There may be fewer clusters than topics.
    topics, chosen = linear_sum_assignment(-density[:, :n_clusters].T)
    order = np.full(n_clusters, -1)
    order[topics] = chosen
    order[order < 0] = np.setdiff1d(np.arange(n_clusters), chosen)
    return order


def place_of(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the places of clusters in an order; -1 stays -1."""
    return np.append(np.argsort(order), -1)[labels]


def require_seeds(
    seeds: Mapping[str, np.ndarray],
    vocabularies: Mapping[str, np.ndarray],
    n_topics: int,
) -> None:
    """Raise ValueError if stored seeds do not fit the words and topics."""
    known = list(seeds) in ([], list(vocabularies))
    require(known, "_seed_counts has other texts")
    for name, own in seeds.items():
        fits = own.shape[1] == len(vocabularies[name]) and len(own) <= n_topics
        require(fits, f"_seed_counts of view {name!r} has another shape")
    require(len({len(own) for own in seeds.values()}) < 2, "_seed_counts differ")

"""Clusters of embeddings, which hint at the topic of a tuple before its words do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler, normalize

from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._aligned import aligned_views
from sklearn_m3l.utils._hash import hash_rows
from sklearn_m3l.utils._threads import one_thread

# Learn the clusters from at most this many rows: k-means needs no more.
_MAX_ROWS = 20_000

# With at most this many rows, several runs of k-means cost little; a single one often
# gets stuck.
_FEW_ROWS = 2000

# Rows that are assigned at once, so that a memmap is read in bounded memory.
_CHUNK_ROWS = 8192

# For each view: "mean" and "scale", of shape (width,), standardize its embeddings;
# "centers", of shape (n_clusters, width), are in standardized rows of unit length.
Clusters = dict[str, dict[str, np.ndarray]]


@one_thread()
def fit_clusters(
    X: MultiView, names: Iterable[str], max_clusters: int, seed: int
) -> Clusters:
    """Return clusters of tuples by their embeddings.

    Aligned views are clustered together, by k-means of the mean of their standardized
    vectors of unit length, starting with the views that most rows have. A view that is
    not aligned with these adopts their clusters in the rows that have both, with its
    own centers. If no row has both, it is clustered on its own.

    Parameters
    ----------
    X : MultiView
        Tuples.
    names : iterable of str
        Views to cluster by. Those without embeddings are ignored.
    max_clusters : int
        Number of clusters; fewer if there are fewer distinct vectors.
    seed : int
        Seed of k-means.

    Returns
    -------
    dict of str to dict of str to ndarray
        Clusters by view; empty if two clusters cannot be told apart.
    """
    names = [name for name in names if X[name].embedding is not None]
    names = [name for name in names if X[name].present.any()]
    groups: dict[str, list[str]] = {}
    for name, first in aligned_views(X, names).items():
        groups.setdefault(first, []).append(name)
    rows = _choose_rows(X, names, seed)
    present = {name: X[name].present[rows] for name in names}
    labels = np.full(len(rows), -1)
    clusters: Clusters = {}
    for group in sorted(groups.values(), key=lambda group: -_count(present, group)):
        has = np.any([present[name] for name in group], axis=0)
        total, scalings = np.zeros((len(rows), X[group[0]].width), np.float32), {}
        for name in group:
            vectors = X[name].read(rows[present[name]])
            scaler = StandardScaler().fit(vectors)
            scalings[name] = {"mean": scaler.mean_, "scale": scaler.scale_}
            total[present[name]] += _standardize(vectors, **scalings[name])
        n_views = np.sum([present[name] for name in group], axis=0)
        vectors = total[has] / n_views[has, np.newaxis]
        if clusters:  # all views have the same number
            max_clusters = len(next(iter(clusters.values()))["centers"])
        if (labels[has] >= 0).any():
            centers: np.ndarray | None = _label_means(
                vectors, labels[has], max_clusters
            )
        else:
            n_distinct = len(np.unique(vectors.round(4), axis=0))
            fitted = _k_means(vectors, n_distinct, max_clusters, seed)
            centers = None
            if fitted is not None:
                centers = fitted.cluster_centers_.astype(np.float64)
            if clusters and centers is not None:
                # Ties go to the first of equal centers, so the others stay empty.
                n_missing = max_clusters - len(centers)
                centers = np.concatenate(
                    [centers, np.tile(centers[:1], (n_missing, 1))]
                )
        if centers is None:
            continue
        new = has & (labels < 0)
        labels[new] = _distances(total[new], centers).argmin(axis=1)
        for name in group:
            clusters[name] = scalings[name] | {"centers": centers}
    return clusters


def assign_clusters(clusters: Mapping, X: MultiView) -> np.ndarray:
    """Return the cluster of each row: that of the nearest center in any of its views.

    Parameters
    ----------
    clusters : dict of str to dict of str to ndarray
        What `fit_clusters` returned.
    X : MultiView
        Tuples in any of the views.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Numbers of clusters; -1 in rows that have no embedding of these views.
    """
    names = [name for name in clusters if name in X and X[name].embedding is not None]
    labels = np.full(len(X), -1)
    if not names:
        return labels
    for start in range(0, len(X), _CHUNK_ROWS):
        part = X[start : start + _CHUNK_ROWS]
        distances: Any = 0.0
        with one_thread():
            for name in names:
                own, present = clusters[name], part[name].present
                vectors = part[name].read(np.flatnonzero(present))
                vectors = _standardize(vectors, own["mean"], own["scale"])
                partial = np.zeros((len(part), len(own["centers"])))
                partial[present] = _distances(vectors, own["centers"])
                distances = distances + partial
        has = np.any([part[name].present for name in names], axis=0)
        labels[start : start + len(part)][has] = distances[has].argmin(axis=1)
    return labels


@one_thread()
def cluster_counts(
    documents: Sequence[sparse.csr_array], max_clusters: int, seed: int
) -> np.ndarray:
    """Return clusters of tuples by their words, from which topics start.

    Parameters
    ----------
    documents : sequence of CSR array of shape (n_rows, n_words_l)
        Counts of each language.
    max_clusters : int
        Number of clusters; fewer if there are fewer distinct rows.
    seed : int
        Seed of k-means.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Numbers of clusters by k-means of the square roots of the counts, of unit length
        in each language; -1 in all rows if two clusters cannot be told apart.
    """
    vectors = sparse.hstack(
        [normalize(np.sqrt(counts)) for counts in documents], format="csr"
    )
    if vectors.nnz < 2**31:  # scikit-learn's k-means takes no wider indices
        places = (part.astype(np.int32) for part in (vectors.indices, vectors.indptr))
        vectors = sparse.csr_array((vectors.data, *places), vectors.shape)
    labels = np.full(vectors.shape[0], -1)
    rows = np.flatnonzero(vectors.sum(axis=1) > 0)
    sample = vectors[_draw(rows, seed)]
    rounded = sample.copy()
    rounded.data = rounded.data.round(4)
    n_distinct = len(np.unique(hash_rows(rounded)))
    fitted = _k_means(sample, n_distinct, max_clusters, seed)
    if fitted is not None:
        labels[:] = fitted.predict(vectors)
    return labels


def _standardize(
    vectors: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return standardized vectors of unit length."""
    vectors = (vectors - mean) / scale
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def _choose_rows(X: MultiView, names: list[str], seed: int) -> np.ndarray:
    """Return the rows to learn from: at most `_MAX_ROWS`, in order."""
    has = np.zeros(len(X), bool)
    for name in names:
        has |= X[name].present
    return _draw(np.flatnonzero(has), seed)


def _draw(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return some of the rows, in order; all of them if there are few enough."""
    if len(rows) <= _MAX_ROWS:
        return rows
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(rows, _MAX_ROWS, replace=False))


def _count(present: Mapping[str, np.ndarray], group: list[str]) -> int:
    return int(np.any([present[name] for name in group], axis=0).sum())


def _k_means(vectors, n_distinct: int, max_clusters: int, seed: int) -> KMeans | None:
    """Return fitted clusters, or None if all vectors are the same.

    Vectors are distinct if they differ after rounding: k-means does not separate those
    that differ only in their last digit.
    """
    n_clusters = min(max_clusters, n_distinct)
    if n_clusters < 2:
        return None
    n_init = 10 if vectors.shape[0] <= _FEW_ROWS else 1
    return KMeans(n_clusters, n_init=n_init, random_state=seed).fit(vectors)


def _label_means(
    vectors: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the mean of the rows of each label, zero for labels without rows.

    Zero is the mean of all rows: such a center is chosen only by rows that are far from
    every other one.
    """
    centers = np.zeros((n_clusters, vectors.shape[1]))
    known = labels >= 0
    np.add.at(centers, labels[known], vectors[known])
    sizes = np.bincount(labels[known], minlength=n_clusters)
    return centers / np.maximum(sizes, 1)[:, np.newaxis]


def _distances(vectors: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Return squared distances to the centers, less the vectors' own squared length.

    They are rounded, so that ties do not depend on how many rows are multiplied at
    once.
    """
    products = vectors.astype(np.float64) @ centers.T
    return ((centers**2).sum(axis=1) - 2 * products).round(9)

"""Join rows that are likely counterparts to tuples, by aligned embeddings."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse.csgraph import connected_components
from sklearn.utils import Bunch

from sklearn_m3l.multiview._multiview import MultiView
from sklearn_m3l.multiview._pairs import (
    CONSTRAINTS,
    Options,
    can_mine,
    check_seeds,
    mine,
)
from sklearn_m3l.utils._sklearn import validate_params


@validate_params(
    {"X": [MultiView], "views": ["array-like", None], **CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def mine_tuples(
    X: MultiView,
    views: Iterable[str] | None = None,
    *,
    n_neighbors: int = 5,
    n_counterparts: int = 1,
    matching: str = "optimal",
    min_margin: float = -2.0,
    algorithm: str = "exact",
    seed_pairs: Any = None,
) -> Bunch:
    """Join rows of different languages that are likely counterparts.

    Corpora whose documents have no known counterparts, such as newspapers of two
    countries, become tuples that every model can be trained on. `mine_pairs` describes
    how counterparts are found.

    Parameters
    ----------
    X : MultiView
        Rows with one language each. Views that already share a row stay together; two
        rows are joined only if they have no view in common.
    views : list of str, default=None
        The views to compare, which must have aligned embeddings; by default all texts
        that have embeddings.
    n_neighbors, n_counterparts, matching, min_margin, algorithm
        As in `mine_pairs`, for each pair of views.
    seed_pairs : array-like of int of shape (n_seeds, 2), default=None
        Known pairs, as positions of rows that have different views. The same position
        twice is a row that has both. They are joined with a weight of 1. If the views
        do not look aligned, a map between them is learned from these pairs, as in
        `mine_pairs`.

    Returns
    -------
    tuples : :class:`~sklearn.utils.Bunch`
        With these attributes:

        data : MultiView
            The tuples. Rows without a counterpart stay, and every row of `X` is in at
            least one tuple. Tuples that share a row, equal embeddings, or an article of
            `X` have the same article id in ``data.groups``, so that they are never each
            other's negatives. They are in the order of their first rows.
        margins : ndarray of float of shape (n_tuples,)
            Mean margin of the pairs of each tuple: how certain the tuple is. 1 for
            known tuples, 0 for a row that was not joined.
        weights : ndarray of float of shape (n_tuples,)
            How much a model should rely on each tuple, from 0 to 1; see Notes.
            `M3LContrastTopicModel` takes them as ``pair_weight`` in ``fit``.
        rows : dict of str to ndarray of int of shape (n_tuples,)
            The row of `X` that each view of a tuple comes from; -1 if it is absent.

    Raises
    ------
    ValueError
        As in `mine_pairs`, and if there are fewer than two views to compare, or a view
        is absent in every row or has no embedding.

    See Also
    --------
    mine_pairs : The same for two arrays.

    Notes
    -----
    Tuples with a margin of at least 0 have a weight of 1. Below 0, weights fall to 0 at
    minus the mean margin of the others. Lower weights for small margins would make
    models align unseen documents worse: a wrong counterpart usually has the same theme,
    and a document without contrast teaches nothing about the alignment.

    Pairs form tuples of all views, starting with those of the greatest margin. A pair
    that would bring a second document of a view is left out. So if languages disagree,
    the most certain pairs decide.

    A row has several counterparts only with ``n_counterparts`` or
    ``matching="one-way"``, if known pairs say so, or if documents are equal. Then, if a
    view occurs twice among counterparts, each pair is a tuple, and chains of pairs
    share an article id. Metrics count a chain once, but models learn from the words of
    each tuple, so a row in two tuples counts twice.

    Examples
    --------
    Pages of the GIMP manual in English and German, with the pairing hidden:

    >>> from sklearn_m3l import MultiView, mine_tuples
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> pages = load_gimp_help("test").data
    >>> hidden = MultiView.concat([pages[["en"]], pages[["de"]][::-1]])
    >>> tuples = mine_tuples(hidden)
    >>> tuples.data.shape, len(hidden)
    ((..., 2), 788)
    >>> tuples.weights.shape == (len(tuples.data),)
    True
    """
    names = _check_views(X, views)
    options = Options(n_neighbors, n_counterparts, matching, min_margin, algorithm)
    seeds = check_seeds(seed_pairs, (len(X), len(X)))
    return _mine_views(X, names, list(combinations(names, 2)), seeds, options)


def lack_tuples(X: MultiView) -> list[str]:
    """Return the names of the texts if there are several, but no row has two."""
    names = [n for n, view in X.views.items() if view.is_text and view.present.any()]
    n_texts = np.sum([X[name].present for name in names], axis=0)
    return names if len(names) > 1 and np.max(n_texts) == 1 else []


def mine_where_none(X: MultiView) -> Bunch | None:
    """Return tuples of texts that look aligned, if no row has two texts.

    None if some row has two texts, no embeddings look aligned, or no texts are
    counterparts.
    """
    options = Options()
    names = [name for name in lack_tuples(X) if X[name].embedding is not None]
    rows = {name: np.flatnonzero(X[name].present) for name in names}
    between = [
        (a, b)
        for a, b in combinations(names, 2)
        if can_mine(X[a].read(rows[a]), X[b].read(rows[b]), options.n_neighbors)
    ]
    if not between:
        return None
    tuples = _mine_views(X, names, between, np.empty((0, 2), int), options)
    return tuples if tuples.weights.any() else None


def _mine_views(X: MultiView, names, between, seeds, options) -> Bunch:
    """Return the tuples from mining pairs of views, and from known pairs."""
    known_of = _seeds_of_views(X, seeds, names)
    pairs, margins = [seeds], [np.ones(len(seeds))]
    copies = []
    for a, b in between:
        known = known_of[a, b]
        own = np.flatnonzero(X[a].present & ~X[b].present)
        other = np.flatnonzero(X[b].present & ~X[a].present)
        if not (len(own) and len(other)):  # all rows are in known tuples
            continue
        own, other = np.union1d(own, known[:, 0]), np.union1d(other, known[:, 1])
        places = [
            np.searchsorted(own, known[:, 0]),
            np.searchsorted(other, known[:, 1]),
        ]
        mined = mine(
            X[a].read(own), X[b].read(other), np.column_stack(places), options, (a, b)
        )
        pairs.append(
            np.column_stack([own[mined.pairs[:, 0]], other[mined.pairs[:, 1]]])
        )
        margins.append(mined.margins)
        copies += [own[mined.copies[0]], other[mined.copies[1]]]
    found, certain = np.concatenate(pairs), np.concatenate(margins)
    of_mined = certain[len(seeds) :]
    above = of_mined[of_mined > 0]
    if options.n_counterparts == 1 and options.matching != "one-way":
        kept = _consistent(X, found, certain, copies, len(seeds))
        found, certain = found[kept], certain[kept]
    is_known = np.sum([X[name].present for name in names], axis=0) > 1
    tuples = _join(X, found, certain, copies, is_known)
    usual = above.mean() if len(above) else 1.0
    joined = np.sum([tuples.rows[name] >= 0 for name in names], axis=0) > 1
    tuples.weights = joined * (1 + tuples.margins / usual).clip(0, 1)
    return tuples


def _check_views(X: MultiView, views) -> list[str]:
    """Return the names of the views to compare."""
    if views is None:
        names = [n for n, v in X.views.items() if v.is_text and v.embedding is not None]
    else:
        names = list(X[list(views)].view_names)
    if len(names) < 2:
        raise ValueError(
            "counterparts are sought between two or more views, but there is only "
            f"{names[0]!r}; name those to compare in `views`"
            if names
            else "X has no texts with embeddings; name the views to compare in `views`"
        )
    for name in names:
        if X[name].embedding is None:
            raise ValueError(
                f"view {name!r} has no embedding, which finding counterparts needs"
            )
        if not X[name].present.any():
            raise ValueError(f"view {name!r} is absent in every row; leave it out")
    return names


def _seeds_of_views(X: MultiView, seeds: np.ndarray, names: list[str]) -> dict:
    """Return the known pairs by pair of views; refuse those of no pair of views."""
    present = np.column_stack(list(X.present.values()))
    shared = (present[seeds[:, 0]] & present[seeds[:, 1]]).any(axis=1)
    refused = shared & (seeds[:, 0] != seeds[:, 1])
    if refused.any():
        raise ValueError(
            f"the rows {seeds[refused][0].tolist()} of seed_pairs have a view in common"
        )
    known, used = {}, np.zeros(len(seeds), bool)
    for a, b in combinations(names, 2):
        parts = []
        for pairs in (seeds, seeds[:, ::-1]):
            fits = X[a].present[pairs[:, 0]] & X[b].present[pairs[:, 1]]
            parts.append(pairs[fits])
            used |= fits
        known[a, b] = np.unique(np.concatenate(parts), axis=0)
    if not used.all():
        raise ValueError(
            f"the rows {seeds[~used][0].tolist()} of seed_pairs do not have two of the "
            f"views {', '.join(names)}"
        )
    return known


def _components(n_rows: int, pairs: np.ndarray) -> np.ndarray:
    """Return a number for each row, the same for rows that pairs connect."""
    graph = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(n_rows, n_rows))
    return connected_components(graph, directed=False)[1]


def _consistent(X: MultiView, pairs, margins, copies, n_known: int) -> list[int]:
    """Return the pairs that bring no second document of a view, the most certain first.

    The first pairs are known and always stay.
    """
    of = _components(len(X), np.concatenate([np.empty((0, 2), int), *copies]))
    views = np.zeros((of.max(initial=-1) + 1, len(X.views)), bool)
    np.logical_or.at(views, of, np.column_stack(list(X.present.values())))
    joined = DisjointSet(range(len(views)))
    order = np.argsort(-margins[n_known:], kind="stable") + n_known
    kept = []
    for pair in [*range(n_known), *order]:
        a, b = (joined[document] for document in of[pairs[pair]])
        if pair >= n_known and a != b and (views[a] & views[b]).any():
            continue
        joined.merge(a, b)
        views[joined[a]] = views[a] | views[b]
        kept.append(pair)
    return kept


def _join(X: MultiView, pairs, margins, copies, is_known) -> Bunch:
    """Return the tuples that pairs of rows form."""
    present = np.column_stack(list(X.present.values()))
    disjoint = ~(present[pairs[:, 0]] & present[pairs[:, 1]]).any(axis=1)
    pairs, of = np.unique(np.sort(pairs[disjoint], axis=1), axis=0, return_inverse=True)
    of = of.ravel()
    margins = np.bincount(of, margins[disjoint]) / np.bincount(of)
    # Connected rows are one tuple, unless a view occurs twice among them.
    part = _components(len(X), pairs)
    n_parts = part.max(initial=-1) + 1
    twice = np.zeros(n_parts, bool)
    for column in present.T:
        twice |= np.bincount(part, column, n_parts) > 1
    alone = np.flatnonzero(twice[part[pairs[:, 0]]])
    whole = np.flatnonzero(~twice[part])
    rows = np.concatenate([whole, pairs[alone].ravel()])
    unit = np.concatenate([part[whole], n_parts + np.repeat(np.arange(len(alone)), 2)])
    pair_unit = part[pairs[:, 0]]
    pair_unit[alone] = n_parts + np.arange(len(alone))
    first, last = np.full(n_parts + len(alone), len(X)), np.zeros(n_parts + len(alone))
    np.minimum.at(first, unit, rows)
    np.maximum.at(last, unit, rows)
    order = np.lexsort([last, first])[: len(np.unique(unit))]
    place = np.empty(len(first), int)
    place[order] = np.arange(len(order))
    first, unit, pair_unit = first[order], place[unit], place[pair_unit]

    of_tuple = np.where(is_known[first], 1.0, 0.0)
    n_pairs = np.bincount(pair_unit, minlength=len(first))
    total = np.bincount(pair_unit, margins, len(first))
    np.divide(total, n_pairs, out=of_tuple, where=n_pairs > 0)
    source, views = {}, {}
    for number, (name, view) in enumerate(X.views.items()):
        has = present[rows, number]
        source[name] = np.full(len(first), -1)
        source[name][unit[has]] = rows[has]
        # An added row that lacks the view stands for absent rows.
        views[name] = view._take(np.where(source[name] < 0, first, source[name]))
    articles = [pairs, *copies]
    if X.groups is not None:
        _, one, of = np.unique(X.groups, return_index=True, return_inverse=True)
        articles.append(np.column_stack([np.arange(len(X)), one[of]]))
    groups = _components(len(X), np.concatenate(articles))[first]
    data = MultiView._of_checked(views, np.arange(len(first)), groups)
    return Bunch(data=data, margins=of_tuple, rows=source)

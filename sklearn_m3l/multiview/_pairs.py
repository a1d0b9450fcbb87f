"""Find rows of two arrays that are likely counterparts, by aligned embeddings."""

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import orthogonal_procrustes, svd
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.utils import check_array

from sklearn_m3l.multiview._aligned import spread, standardize
from sklearn_m3l.utils._sklearn import Interval, StrOptions, validate_params
from sklearn_m3l.utils._threads import one_thread

# Smallest agreement of aligned encoders; see `Alignment`. Measured for one multilingual
# encoder of 384 dimensions: at least 0.30 for names of emoji, captions and manuals, and
# 0.14 if none of 60 documents has a counterpart. Measured for LSA of each language,
# which can share some dimensions: at most 0.08 with 50 dimensions or more.
_LEAST_AGREEMENT = 0.1

# Documents of either array whose neighbors decide whether encoders are aligned.
_MAX_QUERIES = 1000

# Rounds in which a map between views learns from the pairs that it found.
_MAX_ROUNDS = 5

# Least number of known pairs to learn a map from. One in five is held out to judge it,
# and more than half of these must have their counterpart among the nearest neighbors.
_FEWEST_SEEDS, _HOLD_OUT = 10, 5

# Neighbors among which the best set of pairs is searched. With fewer, more documents
# stay without a counterpart; more neighbors change hardly any pair (measured on
# training parts).
_CANDIDATES = 20

# Regularizes the rotation of one array toward the other: it acts like this many pairs
# of equal rows in every direction. With 0, the rotation adapts to wrong pairs if most
# documents have no counterpart; with 30, it finds fewer right ones (measured on
# training parts of the GIMP manual and of Multi30k).
_HOLD_BACK = 3.0

# Parts of an approximate index per square root of its rows, and the share of parts to
# search for each row.
_PARTS, _PROBED = 2, 1 / 16

CONSTRAINTS = {
    "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    "n_counterparts": [Interval(Integral, 1, None, closed="left")],
    "matching": [StrOptions({"optimal", "mutual", "one-way"})],
    "min_margin": [Interval(Real, None, None, closed="neither")],
    "algorithm": [StrOptions({"exact", "approximate"})],
    "seed_pairs": ["array-like", None],
}


class Options(NamedTuple):
    """Options of the search for pairs; see `mine_pairs`."""

    n_neighbors: int = 5
    n_counterparts: int = 1
    matching: str = "optimal"
    min_margin: float = -2.0
    algorithm: str = "exact"


class Mined(NamedTuple):
    """Pairs of positions, their margins, and positions of equal documents."""

    pairs: np.ndarray
    margins: np.ndarray
    copies: tuple[np.ndarray, ...]


@validate_params(
    {"A": ["array-like"], "B": ["array-like"], **CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def mine_pairs(
    A: Any,
    B: Any,
    *,
    n_neighbors: int = 5,
    n_counterparts: int = 1,
    matching: str = "optimal",
    min_margin: float = -2.0,
    algorithm: str = "exact",
    seed_pairs: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows of two arrays of embeddings that are likely counterparts.

    The embeddings of each array are standardized and scaled to unit length, and those
    of `B` are rotated slightly so that the most certain pairs agree better
    (Procrustes). The margin of two rows is their cosine minus the mean cosine to their
    `n_neighbors` nearest neighbors in the other array, averaged over the two: the
    "distance" margin of [1]_. It distinguishes a counterpart from a row that is near
    everything.

    Parameters
    ----------
    A : array-like of shape (n_rows_a, width)
        Embeddings of documents in one language.
    B : array-like of shape (n_rows_b, width)
        Embeddings of documents in the other language, from the same encoder or an
        aligned one.
    n_neighbors : int, default=5
        Neighbors that a margin is measured against. Counterparts of a row are among
        these; with "optimal", among at least the 20 nearest.
    n_counterparts : int, default=1
        Largest number of counterparts of a row; at most `n_neighbors`. With "one-way",
        this limits only those that a row itself chooses.
    matching : {"optimal", "mutual", "one-way"}, default="optimal"
        Which neighbors are counterparts. "optimal" takes the pairs with the greatest
        total margin above `min_margin`, with each row in at most one pair [2]_.
        "mutual" takes rows that are each other's best: the most certain pairs.
        "one-way" takes the best of each row, so a row can be in many pairs, and the
        fewest of them are right.
    min_margin : float, default=-2.0
        Smallest margin of a pair. No margin is below the default, so almost every row
        of the smaller array finds a counterpart. Raise it, such as to 0, if many rows
        have no counterpart.
    algorithm : {"exact", "approximate"}, default="exact"
        "approximate" divides an array into parts by k-means and searches only the
        nearest parts, with an inverted file of faiss. It misses few neighbors, and
        takes a fraction of the time for more than about 100,000 rows. Needs the extra
        ``faiss``.
    seed_pairs : array-like of int of shape (n_seeds, 2), default=None
        Known pairs: positions in `A` and in `B`. They are part of the result, with a
        margin of 1, and their rows get no other counterparts. If the embeddings do not
        look aligned, a map between them is learned from the known pairs; see Notes.

    Returns
    -------
    pairs : ndarray of int of shape (n_pairs, 2)
        Positions in `A` and in `B`, sorted.
    margins : ndarray of float of shape (n_pairs,)
        Their margins.

    Raises
    ------
    ValueError
        If the arrays differ in width, contain NaN or infinity, have fewer than
        `n_neighbors` distinct rows, or do not look aligned; see Notes. With known
        pairs, if a map that is learned without some of them does not find those.
    ImportError
        If `algorithm` is "approximate", and faiss is not installed.

    See Also
    --------
    mine_tuples : The same for the views of a MultiView.

    Notes
    -----
    The result does not depend on the order of the rows. Equal rows count as one
    document in the search; if it has a counterpart, each of the rows is in a pair. The
    time of the exact search grows with ``n_rows_a * n_rows_b``, its memory with the
    arrays. "optimal" adds two seconds for 20,000 rows each, and a minute or more for
    100,000; for many more rows, use "mutual".

    Embeddings look aligned if documents that are neighbors in one half of the
    dimensions, chosen at random, are similar in most dimensions of the other half, too:
    their median correlation there is above 0.1, or above ``1 / sqrt(width)`` with fewer
    than 100 dimensions. Those of unrelated encoders have a median correlation near 0,
    even if they share a few dimensions.

    A map is learned from known pairs as in [3]_. It is the orthogonal map that brings
    their embeddings closest together (Procrustes), with dimensions weighted by the
    agreement of the two arrays. A few more rounds learn it again from the known pairs
    and the mutual pairs that it found. Half as many known pairs as dimensions are
    usually enough, so fewer dimensions need fewer pairs.

    References
    ----------
    .. [1] M. Artetxe and H. Schwenk, "Margin-based Parallel Corpus Mining with
       Multilingual Sentence Embeddings", ACL 2019.
    .. [2] R. Jonker and A. Volgenant, "A Shortest Augmenting Path Algorithm for Dense
       and Sparse Linear Assignment Problems", Computing 38, 1987.
    .. [3] M. Artetxe, G. Labaka and E. Agirre, "A Robust Self-Learning Method for Fully
       Unsupervised Cross-Lingual Mappings of Word Embeddings", ACL 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import mine_pairs
    >>> english = np.random.default_rng(0).normal(size=(100, 20))
    >>> order = np.random.default_rng(1).permutation(100)
    >>> pairs, margins = mine_pairs(english, english[order] + 0.1)
    >>> len(pairs), bool((order[pairs[:, 1]] == pairs[:, 0]).all())
    (100, True)
    """
    A, B = _check_array(A, "A"), _check_array(B, "B")
    seeds = check_seeds(seed_pairs, (len(A), len(B)))
    options = Options(n_neighbors, n_counterparts, matching, min_margin, algorithm)
    mined = mine(A, B, seeds, options, ("A", "B"))
    pairs = np.concatenate([mined.pairs, seeds])
    margins = np.concatenate([mined.margins, np.ones(len(seeds))])
    order = np.lexsort(pairs.T[::-1])
    return pairs[order], margins[order]


def _check_array(array, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # values infinite as float32 are refused below
        array = check_array(
            array,
            dtype=np.float32,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name=name,
        )
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} has NaN or infinity (as float32) in {len(bad)} rows, the first is "
            f"row {bad[0]}; leave them out"
        )
    return array


def check_seeds(seeds, lengths: tuple[int, int]) -> np.ndarray:
    """Return known pairs as an array of positions, without duplicates."""
    if seeds is None:
        return np.empty((0, 2), dtype=int)
    seeds = np.asarray(seeds)
    if seeds.ndim != 2 or seeds.shape[1] != 2 or seeds.dtype.kind not in "iu":
        raise ValueError(
            "seed_pairs must be integers of shape (n_seeds, 2), not "
            f"{seeds.dtype} of shape {seeds.shape}"
        )
    outside = np.flatnonzero(((seeds < 0) | (seeds >= lengths)).any(axis=1))
    if len(outside):
        raise ValueError(
            f"seed_pairs[{outside[0]}] is {seeds[outside[0]].tolist()}, but there are "
            f"{' and '.join(map(str, dict.fromkeys(lengths)))} rows"
        )
    return np.unique(seeds, axis=0).astype(int)


def mine(A, B, seeds, options: Options, names: tuple[str, str]) -> Mined:
    """Return the pairs of two float32 arrays, without the known ones."""
    n_neighbors = options.n_neighbors
    if options.n_counterparts > n_neighbors:
        raise ValueError(
            f"n_counterparts={options.n_counterparts} is more than "
            f"n_neighbors={n_neighbors}; raise n_neighbors"
        )
    if A.shape[1] != B.shape[1]:
        raise ValueError(
            f"{names[0]!r} has embeddings of width {A.shape[1]}, but {names[1]!r} of "
            f"width {B.shape[1]}; embed both with one multilingual encoder"
        )
    (a, first_a, of_a), (b, first_b, of_b) = _distinct(A), _distinct(B)
    left, right = of_a[seeds[:, 0]], of_b[seeds[:, 1]]
    free_a = np.setdiff1d(np.arange(len(a)), left)
    free_b = np.setdiff1d(np.arange(len(b)), right)
    for name, free in zip(names, (free_a, free_b), strict=True):
        if len(free) < n_neighbors:
            raise ValueError(
                f"{name!r} has {len(free)} distinct documents to match, fewer than "
                f"n_neighbors={n_neighbors}; lower n_neighbors"
            )
    a, b = standardize(a), standardize(b)
    found = measure_alignment(a[free_a], b[free_b])
    if not found.is_aligned:
        if not len(seeds):
            raise ValueError(
                f"the embeddings of {names[0]!r} and {names[1]!r} do not look aligned: "
                "neighbors in one half of the dimensions have a median correlation of "
                f"{found.agreement:.2f} in the other half, not above "
                f"{found.least:.2f}; embed both with one multilingual encoder, or pass "
                "known pairs as seed_pairs"
            )
        known = np.unique(np.column_stack([left, right]), axis=0)
        _check_map(a, b, known, options, names)
        a, b = _align(a, b, known, options)
    else:
        b = _turn(a[free_a], b[free_b], b, options)
    own, other, margins = _best(a[free_a], b[free_b], options)
    pairs, pair = _expand(free_a[own], free_b[other], of_a, of_b)
    copies = tuple(
        np.column_stack([np.arange(len(of)), first[of]])
        for first, of in ((first_a, of_a), (first_b, of_b))
    )
    return Mined(pairs, margins[pair], copies)


def _mutual(options: Options) -> Options:
    """Return the options for the most certain pairs."""
    return options._replace(n_counterparts=1, matching="mutual", min_margin=0.0)


def _distinct(array: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct rows in a canonical order, and their positions.

    The order does not depend on positions, so neither does the result.
    """
    array = np.ascontiguousarray(array) + np.float32(0)  # -0 becomes 0
    rows = array.view(np.dtype((np.void, array.strides[0]))).ravel()
    _, first, of = np.unique(rows, return_index=True, return_inverse=True)
    return array[first], first, of


def _align(a, b, known, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Return arrays of unit rows in a space learned from known pairs."""
    free_a, free_b = (
        np.setdiff1d(np.arange(len(x)), rows)
        for x, rows in ((a, known[:, 0]), (b, known[:, 1]))
    )
    pairs, n_before = known, -1
    for _ in range(_MAX_ROUNDS):
        with one_thread():
            left, weights, right = svd(
                a[pairs[:, 0]].T @ b[pairs[:, 1]], full_matrices=False
            )
            root = np.sqrt(weights)
            mapped = normalize(a @ (left * root)), normalize(b @ (right.T * root))
        own, other, _ = _best(mapped[0][free_a], mapped[1][free_b], _mutual(options))
        if len(own) <= n_before:
            break
        n_before = len(own)
        found = np.column_stack([free_a[own], free_b[other]])
        pairs = np.concatenate([known, found])
    return mapped


def _turn(a, free_b, b, options: Options) -> np.ndarray:
    """Return `b`, rotated slightly so that the mutual pairs of `free_b` agree more."""
    own, other, _ = _best(a, free_b, _mutual(options))
    equal = np.sqrt(np.float32(_HOLD_BACK)) * np.eye(b.shape[1], dtype=b.dtype)
    sources = np.concatenate([free_b[other], equal])
    targets = np.concatenate([a[own], equal])
    with one_thread():
        return b @ orthogonal_procrustes(sources, targets)[0]


def _check_map(a, b, known, options: Options, names: tuple[str, str]) -> None:
    """Refuse known pairs if a map from some of them does not find the others."""
    between = f"{names[0]!r} and {names[1]!r}"
    if len(known) < _FEWEST_SEEDS:
        raise ValueError(
            f"{len(known)} distinct seed_pairs are too few to align {between}; pass at "
            f"least {_FEWEST_SEEDS}, or better half as many as there are dimensions"
        )
    held_out = np.arange(len(known)) % _HOLD_OUT == 0
    own, other = known[held_out].T
    a, b = _align(a, b, known[~held_out], options)
    free = np.setdiff1d(np.arange(len(b)), known[~held_out, 1])
    near = free[_neighbors(a[own], b[free], options.n_neighbors)[1]]
    share = (near == other[:, np.newaxis]).any(axis=1).mean()
    if share <= 0.5:
        raise ValueError(
            f"the {len(known)} seed_pairs are too few to align {between}, or wrong: a "
            f"map learned from four fifths of them finds {share:.0%} of the others "
            f"among the {options.n_neighbors} nearest neighbors; pass more pairs, or "
            "embeddings of fewer dimensions"
        )


def _neighbors(
    a, b, n_neighbors: int, algorithm: str = "exact"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosines and positions of the nearest rows of `b`, of unit length."""
    if algorithm == "approximate":
        return _approximate_neighbors(a, b, n_neighbors)
    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(b)
    distances, found = search.kneighbors(a)
    return 1 - distances**2 / 2, found


def _approximate_neighbors(a, b, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "algorithm='approximate' needs the package faiss-cpu; run: pip install "
            "'sklearn-m3l[faiss]'"
        ) from error
    n_parts = max(1, round(_PARTS * np.sqrt(len(b))))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(b.shape[1]), b.shape[1], n_parts, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.min_points_per_centroid = 1  # avoids a warning
    index.train(b)
    index.add(b)
    index.nprobe = max(1, round(_PROBED * n_parts))
    cosines, found = index.search(a, n_neighbors)
    short = np.flatnonzero((found < 0).any(axis=1))  # their parts have too few rows
    if len(short):
        cosines[short], found[short] = _neighbors(a[short], b, n_neighbors)
    return cosines, found


class Alignment(NamedTuple):
    """How well documents agree in dimensions that did not pair them.

    Parameters
    ----------
    agreement : float
        The correlation of documents with their nearest neighbors by one half of the
        dimensions, in the dimensions of the other half: the median over dimensions, so
        that a few shared ones do not count.
    least : float
        That of aligned encoders: at least what two directions in so few dimensions have
        by chance.
    """

    agreement: float
    least: float

    @property
    def is_aligned(self) -> bool:
        """Whether most dimensions mean the same in both arrays."""
        return self.agreement > self.least


def measure_alignment(a, b) -> Alignment:
    """Measure whether neighbors in one half of the dimensions agree in the other.

    Dimensions of unrelated encoders have nothing in common, so neighbors by some of
    them are arbitrary pairs to the others. The arrays have rows of unit length.
    """
    width = a.shape[1]
    order = np.random.RandomState(0).permutation(width)
    halves = order[: width // 2], order[width // 2 :]
    some_a, some_b = (spread(len(x), _MAX_QUERIES) for x in (a, b))
    agreement = np.zeros(width)
    for near, others in (halves, halves[::-1]) if width > 1 else ():
        x, y = normalize(a[:, near]), normalize(b[:, near])
        of_a, of_b = (
            _neighbors(queries, found, 1)[1].ravel()
            for queries, found in ((x[some_a], y), (y[some_b], x))
        )
        rows = np.concatenate([some_a, of_b]), np.concatenate([of_a, some_b])
        left, right = (
            StandardScaler().fit_transform(array[own][:, others])
            for array, own in zip((a, b), rows, strict=True)
        )
        agreement[others] = (left * right).mean(axis=0)
    least = max(_LEAST_AGREEMENT, 1 / np.sqrt(width))
    return Alignment(float(np.median(agreement)), float(least))


def can_mine(A: np.ndarray, B: np.ndarray, n_neighbors: int) -> bool:
    """Return whether two arrays are large enough to mine, and look aligned."""
    if A.shape[1] != B.shape[1]:
        return False
    a, b = (_distinct(array)[0] for array in (A, B))
    if min(len(a), len(b)) < n_neighbors:
        return False
    return measure_alignment(standardize(a), standardize(b)).is_aligned


def _best(a, b, options: Options):
    """Return positions and margins of the best pairs of rows of unit length."""
    n_neighbors, n_counterparts, matching, min_margin, algorithm = options
    is_optimal = matching == "optimal"
    n_sought = max(n_neighbors, _CANDIDATES) if is_optimal else n_neighbors
    cosine_a, found_a = _neighbors(a, b, min(n_sought, len(b)), algorithm)
    cosine_b, found_b = _neighbors(b, a, min(n_sought, len(a)), algorithm)
    near_a, near_b = (x[:, :n_neighbors].mean(axis=1) for x in (cosine_a, cosine_b))
    margin_a = cosine_a - (near_a[:, np.newaxis] + near_b[found_a]) / 2
    margin_b = cosine_b - (near_b[:, np.newaxis] + near_a[found_b]) / 2
    n_kept = n_sought if is_optimal else n_counterparts
    own_a, other_a, margin_a = _chosen(margin_a, found_a, n_kept)
    own_b, other_b, margin_b = _chosen(margin_b, found_b, n_kept)
    keys = np.concatenate([own_a * len(b) + other_a, other_b * len(b) + own_b])
    keys, places, n_chosen = np.unique(keys, return_index=True, return_counts=True)
    margins = np.concatenate([margin_a, margin_b])[places]
    kept = margins >= min_margin
    if matching == "mutual":
        kept &= n_chosen == 2
    own, other = np.divmod(keys[kept], len(b))
    margins = margins[kept]
    if is_optimal:
        chosen = _assign(own, other, margins - min_margin, n_counterparts)
        own, other, margins = own[chosen], other[chosen], margins[chosen]
    return own, other, margins


def _chosen(margins, found, n_counterparts):
    """Return the neighbors of each row with the greatest margins."""
    best = np.argsort(-margins, axis=1, kind="stable")[:, :n_counterparts]
    own = np.repeat(np.arange(len(found)), best.shape[1])
    taken = [np.take_along_axis(x, best, axis=1).ravel() for x in (found, margins)]
    return own, *taken


def _assign(own, other, gains, n_counterparts: int) -> np.ndarray:
    """Return the pairs with the greatest total gain, each row in at most one.

    If rows can have several counterparts, the best of the remaining pairs are added,
    and so on.
    """
    n_rows, n_columns = own.max(initial=-1) + 1, other.max(initial=-1) + 1
    rows, left = np.arange(n_rows), np.arange(len(gains))
    none = gains.max(initial=0) + 1  # costs are positive
    for _ in range(n_counterparts if n_rows else 0):
        # Column n_columns + i means that row i has no counterpart.
        costs = np.concatenate([none - gains[left], np.full(n_rows, none)])
        columns = np.concatenate([other[left], n_columns + rows])
        graph = sparse.csr_array((costs, (np.concatenate([own[left], rows]), columns)))
        matched, by = min_weight_full_bipartite_matching(graph)
        left = left[by[np.searchsorted(matched, own[left])] != other[left]]
    return np.setdiff1d(np.arange(len(gains)), left)


def _expand(own, other, of_a, of_b) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of rows for pairs of documents, with each of their rows in one.

    Also return the pair of documents of each pair of rows.
    """
    places, sizes, starts = [], [], []
    for documents, of in ((own, of_a), (other, of_b)):
        n_rows = np.bincount(of)
        places.append(np.argsort(of, kind="stable"))
        sizes.append(n_rows[documents])
        starts.append((np.cumsum(n_rows) - n_rows)[documents])
    n_pairs = np.maximum(*sizes)
    pair = np.repeat(np.arange(len(own)), n_pairs)
    number = np.arange(len(pair)) - (np.cumsum(n_pairs) - n_pairs)[pair]
    columns = [
        place[start[pair] + number % size[pair]]
        for place, start, size in zip(places, starts, sizes, strict=True)
    ]
    return np.column_stack(columns), pair

"""Jensen-Shannon divergence: of every pair of rows, and of aligned rows."""

import warnings
from collections.abc import Callable
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array

from sklearn_m3l.metrics._articles import check_groups, mean_over_articles
from sklearn_m3l.utils._sklearn import validate_params
from sklearn_m3l.utils._threads import count_threads

# Added to one side of each mixture: turns 0 log 0 from NaN into a negligible 1e-297,
# and is rounded away next to any probability above 1e-284.
_TINY = 1e-300
# Terms of a scratch buffer: two of them (1 MiB) stay in the L2 cache of a core.
_TILE_TERMS = 1 << 16
# Terms of a task: about 30 ms of work, so that starting a thread pays off.
_TASK_TERMS = 1 << 24
# Terms of a block of aligned rows: each array of it takes 8 MiB.
_BLOCK_TERMS = 1 << 20


def check_distributions(rows: ArrayLike, name: str) -> np.ndarray:
    """Return rows scaled to sum to 1, or all NaN; refuse others, and name the first.

    The caller may overwrite the result.
    """
    checked: np.ndarray = check_array(
        rows, dtype=np.float64, ensure_all_finite=False, input_name=name
    )
    with np.errstate(invalid="ignore"):
        sums = checked.sum(axis=1)
    good = (checked >= 0).all(axis=1) & (np.abs(sums - 1) <= 1e-3)
    bad = np.flatnonzero(~good & ~np.isnan(checked).all(axis=1))
    if bad.size:
        raise ValueError(
            f"{bad.size} of {len(checked)} rows of {name} are not distributions, the "
            f"first is row {bad[0]} (sum {sums[bad[0]]:.6g}, smallest entry "
            f"{checked[bad[0]].min():.6g}); entries must be finite, non-negative and "
            "sum to 1 within 1e-3, or all be NaN in the row of an absent view"
        )
    return checked / sums[:, np.newaxis]


def _check_same_width(X: np.ndarray, Y: np.ndarray) -> None:
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and Y has {Y.shape[1]}; both must be "
            "distributions over the same topics"
        )


def _negative_entropy(rows: np.ndarray, logs: np.ndarray | None = None) -> np.ndarray:
    """Sum of p log p over each row of strictly positive ``rows``."""
    return np.einsum("ij,ij->i", rows, np.log(rows, out=logs))


def _divergence_block(
    p: np.ndarray,
    q: np.ndarray,
    p_terms: np.ndarray,
    q_terms: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill ``out`` with the divergences of halved rows, tile by tile."""
    n_columns = p.shape[1]
    q_step = min(len(q), max(1, _TILE_TERMS // n_columns))
    p_step = min(len(p), max(1, _TILE_TERMS // (q_step * n_columns)))
    mixtures = np.empty((p_step * q_step, n_columns))
    logs = np.empty_like(mixtures)
    for q_part in gen_batches(len(q), q_step):
        for p_part in gen_batches(len(p), p_step):
            tile = out[p_part, q_part]
            mixture = mixtures[: tile.size]
            np.add(
                p[p_part, np.newaxis],
                q[q_part],
                out=mixture.reshape(*tile.shape, n_columns),
            )
            terms = _negative_entropy(mixture, logs[: tile.size])
            np.add(p_terms[p_part, np.newaxis], q_terms[q_part], out=tile)
            tile -= terms.reshape(tile.shape)
    np.clip(out, 0, np.log(2), out=out)


@validate_params(
    {
        "X": ["array-like"],
        "Y": ["array-like", None],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def pairwise_jensen_shannon(
    X: ArrayLike, Y: ArrayLike | None = None, *, n_jobs: int | None = -1
) -> np.ndarray:
    """Jensen-Shannon divergence between every row of X and every row of Y.

    It is the divergence, not its square root (the distance that
    :func:`scipy.spatial.distance.jensenshannon` returns), in natural logarithm:
    0 for equal rows, ln 2 for rows that share no topic. It is computed in float64, in
    tiles: besides the result, it needs memory for a few copies of X and Y.

    Parameters
    ----------
    X : array-like of shape (n, n_topics)
        Distributions, one per row: non-negative and summing to 1 within 1e-3 (they are
        normalized). A row of only NaN is an absent view.
    Y : array-like of shape (m, n_topics), default=None
        Distributions to compare with; X itself if None.
    n_jobs : int, default=-1
        Number of threads. The default takes every core; None is 1 unless in a
        :func:`joblib.parallel_config` context, as in scikit-learn.

    Returns
    -------
    divergences : ndarray of shape (n, m), dtype float64
        Values from 0 to ln 2, in nats; NaN if either row is absent.

    Raises
    ------
    ValueError
        If a row is not a distribution or the widths differ.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE
       Transactions on Information Theory 37(1), 1991, Eq. 4.1.

    Examples
    --------
    >>> from sklearn_m3l.metrics import pairwise_jensen_shannon
    >>> english = [[1.0, 0.0], [0.5, 0.5]]
    >>> german = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    >>> pairwise_jensen_shannon(english, german).round(3)
    array([[0.   , 0.693, 0.216],
           [0.216, 0.216, 0.   ]])
    """
    rows_of = divergence_blocks(X, Y, n_jobs=n_jobs)
    return rows_of(slice(None))


def divergence_blocks(
    X: ArrayLike, Y: ArrayLike | None, *, n_jobs: int | None
) -> Callable[[slice], np.ndarray]:
    """Check the input, and return the function from rows of X to their divergences.

    Each pair has the same bits, whatever the block of rows.
    """
    p = check_distributions(X, "X")
    q = p if Y is None else check_distributions(Y, "Y")
    _check_same_width(p, q)
    # H(m) - (H(p) + H(q)) / 2 with m = p/2 + q/2. The entropies of p and q are computed
    # from the same sums of halves, so that equal rows cancel to exactly 0.
    p, q = p / 2, q / 2
    q_shifted = q + _TINY
    p_terms = _negative_entropy(p + (p + _TINY)) / 2
    q_terms = _negative_entropy(q + q_shifted) / 2

    def divergences_of(rows: slice) -> np.ndarray:
        some, terms = p[rows], p_terms[rows]
        divergences = np.empty((len(some), len(q)))
        n_tasks = min(len(some), -(-len(some) * q.size // _TASK_TERMS))
        # Threads suffice, because NumPy releases the interpreter's lock in its loops.
        parallel = Parallel(
            n_jobs=min(count_threads(n_jobs), n_tasks), require="sharedmem"
        )
        parallel(
            delayed(_divergence_block)(
                some[part], q_shifted, terms[part], q_terms, divergences[part]
            )
            for part in gen_batches(len(some), -(-len(some) // n_tasks))
        )
        return divergences

    return divergences_of


@validate_params(
    {"X": ["array-like"], "Y": ["array-like"]}, prefer_skip_nested_validation=True
)
def paired_jensen_shannon(X: ArrayLike, Y: ArrayLike) -> np.ndarray:
    """Jensen-Shannon divergence between row i of X and row i of Y.

    Row i of X and row i of Y are two views of one tuple. The result is the diagonal of
    the matrix of :func:`pairwise_jensen_shannon`, up to rounding. It is computed in
    blocks of rows: besides the result, it needs memory for one copy of X and Y.

    Parameters
    ----------
    X : array-like of shape (n, n_topics)
        Distributions of one view: non-negative and summing to 1 within 1e-3 (they are
        normalized). A row of only NaN is an absent view.
    Y : array-like of shape (n, n_topics)
        Distributions of the other view.

    Returns
    -------
    divergences : ndarray of shape (n,), dtype float64
        Values from 0 to ln 2, in nats; NaN if either row is absent. Divide by ln 2 for
        bits.

    Raises
    ------
    ValueError
        If a row is not a distribution or the shapes differ.

    See Also
    --------
    mean_jensen_shannon : Their mean, in which each article counts once.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE
       Transactions on Information Theory 37(1), 1991, Eq. 4.1.

    Examples
    --------
    >>> from sklearn_m3l.metrics import paired_jensen_shannon
    >>> english = [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]
    >>> german = [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    >>> paired_jensen_shannon(english, german).round(3)
    array([0.693, 0.   , 0.216])
    """
    p, q = check_distributions(X, "X"), check_distributions(Y, "Y")
    _check_same_width(p, q)
    if len(p) != len(q):
        raise ValueError(
            f"X has {len(p)} rows and Y has {len(q)}; row i of each must be two views "
            "of one tuple"
        )
    divergences = np.empty(len(p))
    for rows in gen_batches(len(p), max(1, _BLOCK_TERMS // p.shape[1])):
        p_half, q_half = p[rows] / 2, q[rows] / 2
        p_shifted, q_shifted = p_half + _TINY, q_half + _TINY
        entropies = _negative_entropy(p_half + p_shifted)
        entropies += _negative_entropy(q_half + q_shifted)
        divergences[rows] = entropies / 2 - _negative_entropy(p_half + q_shifted)
    return np.clip(divergences, 0, np.log(2), out=divergences)


@validate_params(
    {
        "X": ["array-like"],
        "Y": ["array-like"],
        "groups": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def mean_jensen_shannon(
    X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None
) -> float:
    """Mean Jensen-Shannon divergence between two aligned views.

    Row i of X and row i of Y are two views of one tuple; the lower the mean, the
    closer the views are. Rows that lack a view are skipped and counted in a warning.

    Parameters
    ----------
    X : array-like of shape (n, n_topics)
        Distributions of one view: non-negative and summing to 1 within 1e-3. A row of
        only NaN is an absent view.
    Y : array-like of shape (n, n_topics)
        Distributions of the other view.
    groups : array-like of shape (n,), default=None
        Article ids. The rows of one article are averaged first, so that each
        article counts once; without ids, each row counts once.

    Returns
    -------
    divergence : float
        Mean divergence in nats, from 0 to ln 2.

    Raises
    ------
    ValueError
        If a row is not a distribution, the shapes differ, or no row has both views.

    Warns
    -----
    UserWarning
        If rows are skipped because a view is absent.

    References
    ----------
    .. [1] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with
       Pretrained Embeddings", COLING 2022, Section 4 (the JSD columns).

    Examples
    --------
    >>> from sklearn_m3l.metrics import mean_jensen_shannon
    >>> english = [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]
    >>> german = [[0.0, 1.0], [0.5, 0.5], [0.5, 0.5]]
    >>> round(mean_jensen_shannon(english, german), 3)
    0.231
    >>> round(mean_jensen_shannon(english, german, groups=["a", "b", "b"]), 3)
    0.347
    """
    divergences = paired_jensen_shannon(X, Y)
    n_rows = len(divergences)
    ids = np.arange(n_rows) if groups is None else check_groups(groups, n_rows)
    present = ~np.isnan(divergences)
    if not present.any():
        raise ValueError("no row has both views: in each row, X or Y is NaN")
    if not present.all():
        warnings.warn(
            f"skipped {(~present).sum()} of {n_rows} rows that lack a view (NaN)",
            UserWarning,
            stacklevel=3,
        )
    return mean_over_articles(divergences[present], ids[present])

"""Jensen-Shannon divergence: of every pair of rows, and of aligned rows."""

import warnings
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_array

from sklearn_m3l.metrics._articles import check_labels, mean_over_articles

# Added to one side of each mixture: makes 0 log 0 a negligible 1e-297 rather than
# NaN, and is lost to rounding beside any probability above 1e-284.
_TINY = 1e-300
# Terms of a scratch buffer: two of them (1 MiB) stay in the L2 cache of a core.
_TILE_TERMS = 1 << 16
# Terms of a task: some 30 ms, so that threads are worth their start.
_TASK_TERMS = 1 << 24


def _check_distributions(rows: ArrayLike, name: str) -> np.ndarray:
    """Rows that sum to 1 exactly (or are all NaN), or an error naming the first bad."""
    checked: np.ndarray = check_array(
        rows, dtype=np.float64, ensure_all_finite=False, input_name=name
    )
    with np.errstate(invalid="ignore"):
        sums = checked.sum(axis=1)
    good = (checked >= 0).all(axis=1) & (np.abs(sums - 1) <= 1e-3)
    bad = np.flatnonzero(~good & ~np.isnan(checked).all(axis=1))
    if bad.size:
        raise ValueError(
            f"Row {bad[0]} of {name} is no distribution (sum {sums[bad[0]]:.6g}, "
            f"least entry {checked[bad[0]].min():.6g}); {bad.size} such row(s) in all. "
            "Entries must be finite, non-negative and sum to 1 within 1e-3; only the "
            "row of an absent view may be NaN, and then in every column."
        )
    return checked / sums[:, np.newaxis]


def _check_same_width(X: np.ndarray, Y: np.ndarray) -> None:
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and Y has {Y.shape[1]}; both must be "
            "distributions over the same topics."
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
    0 for equal rows, ln 2 for rows without a common topic. It is computed in float64
    and in tiles: beyond the result it needs the memory of a few copies of X and Y.

    Parameters
    ----------
    X : array-like of shape (n, n_topics)
        Distributions, one a row: non-negative and summing to 1 within 1e-3 (they are
        normalized). A row of NaN alone is an absent view.
    Y : array-like of shape (m, n_topics), default=None
        Distributions to compare with; X itself if None.
    n_jobs : int, default=-1
        Number of threads. The default takes every core; None is 1 unless in a
        :func:`joblib.parallel_config` context, as in scikit-learn.

    Returns
    -------
    divergences : ndarray of shape (n, m), dtype float64
        Values from 0 to ln 2, in nats; NaN where either row is absent.

    Raises
    ------
    ValueError
        If a row is no distribution or the widths differ.

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
    p = _check_distributions(X, "X")
    q = p if Y is None else _check_distributions(Y, "Y")
    _check_same_width(p, q)
    # H(m) - (H(p) + H(q)) / 2 with m = p/2 + q/2. The entropies of p and q are taken
    # of the same sums of halves, so that equal rows cancel to exactly 0.
    p, q = p / 2, q / 2
    q_shifted = q + _TINY
    p_terms = _negative_entropy(p + (p + _TINY)) / 2
    q_terms = _negative_entropy(q + q_shifted) / 2
    divergences = np.empty((len(p), len(q)))
    n_tasks = min(len(p), -(-len(p) * q.size // _TASK_TERMS))
    # Threads, because numpy drops the interpreter's lock in its loops.
    parallel = Parallel(
        n_jobs=min(effective_n_jobs(n_jobs), n_tasks), require="sharedmem"
    )
    parallel(
        delayed(_divergence_block)(
            p[rows], q_shifted, p_terms[rows], q_terms, divergences[rows]
        )
        for rows in gen_batches(len(p), -(-len(p) // n_tasks))
    )
    return divergences


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
    closer the views lie. Pairs that lack a view are skipped and counted in a warning.

    Parameters
    ----------
    X : array-like of shape (n, n_topics)
        Distributions of one view: non-negative and summing to 1 within 1e-3. A row of
        NaN alone is an absent view.
    Y : array-like of shape (n, n_topics)
        Distributions of the other view.
    groups : array-like of shape (n,), default=None
        Article ids. The pairs of one article are averaged first, so that each
        article counts once; without ids each pair does.

    Returns
    -------
    divergence : float
        Mean divergence in nats, from 0 to ln 2.

    Raises
    ------
    ValueError
        If a row is no distribution, the shapes differ, or no pair has both views.

    Warns
    -----
    UserWarning
        If pairs are skipped because a view is absent.

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
    p, q = _check_distributions(X, "X"), _check_distributions(Y, "Y")
    _check_same_width(p, q)
    if len(p) != len(q):
        raise ValueError(
            f"X has {len(p)} rows and Y has {len(q)}; row i of each must be two views "
            "of one tuple."
        )
    labels = (
        np.arange(len(p))
        if groups is None
        else check_labels(groups, len(p), "groups", "rows")
    )
    present = ~(np.isnan(p[:, 0]) | np.isnan(q[:, 0]))
    if not present.any():
        raise ValueError("No row has both views: in each, X or Y is NaN.")
    if not present.all():
        warnings.warn(
            f"Skipped {(~present).sum()} of {len(p)} pairs that lack a view (NaN).",
            UserWarning,
            stacklevel=3,
        )
    p, q = p[present] / 2, q[present] / 2
    p_shifted, q_shifted = p + _TINY, q + _TINY
    entropies = _negative_entropy(p + p_shifted) + _negative_entropy(q + q_shifted)
    divergences = entropies / 2 - _negative_entropy(p + q_shifted)
    return mean_over_articles(np.clip(divergences, 0, np.log(2)), labels[present])

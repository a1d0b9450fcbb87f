"""Topics that a neural topic model starts from."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.models._polylingual_lda import PolylingualLDA
from sklearn_m3l.models._token_counts import check_sizes
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._hash import hash_rows, mix_bits

# How "gibbs" samples: a learned, asymmetric prior, informed by clusters.
GIBBS = {"cluster_weight": 20.0, "optimize_interval": 5}

# In one of K topics, a word can be up to K times as likely as in all texts. The odds of
# the background therefore grow with K; otherwise few topics would lose to it.
_TOPICS_AT_EVEN_ODDS = 20

# Number of tokens in an average tuple above which its words say more than its cluster.
_LONG = 150

# Number of topics below which the sampler must start from the clusters, whatever the
# texts: with few topics, it often gets stuck with two subjects in one of them.
_FEW = 25


def select_training_tuples(
    X: MultiView, max_tokens: float, random_state: np.random.RandomState | int
) -> np.ndarray:
    """Return rows with distinct texts, up to a number of tokens.

    Parameters
    ----------
    X : MultiView
        Training tuples. Rows of one article (``X.groups``) with the same texts, such as
        a page with each of its pictures, count once: the first of them is taken.
    max_tokens : float
        Largest sum of the counts of all texts in the result. If there are more, rows
        are drawn at random, at least two of them.
    random_state : RandomState or int
        Draws the rows.

    Returns
    -------
    ndarray of int
        Positions of the rows, in order. Rows without a word are left out if there are
        at least two others.
    """
    texts = [name for name, view in X.views.items() if view.is_text]
    sizes = np.zeros(len(X))
    keys = np.zeros(len(X), np.uint64)
    for number, name in enumerate(texts):
        view = X[name]
        sizes += np.where(view.present, view.counts.sum(axis=1), 0)
        own = mix_bits(hash_rows(view.counts) + np.uint64(number))
        keys = mix_bits(keys ^ np.where(view.present, own, np.uint64(0)))
    rows = np.arange(len(X))
    if X.groups is not None:
        articles = np.unique(X.groups, return_inverse=True)[1].astype(np.uint64)
        keys = mix_bits(keys ^ mix_bits(articles))
        rows = np.sort(np.unique(keys, return_index=True)[1])
    full = rows[sizes[rows] > 0]
    if len(full) >= 2:
        rows = full
    if sizes[rows].sum() <= max_tokens:
        return rows
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    rows = random_state.permutation(rows)
    n_rows = np.searchsorted(np.cumsum(sizes[rows]), max_tokens, side="right")
    return np.sort(rows[: max(n_rows, 2)])


def fit_start(
    init,
    X: MultiView,
    n_components: int,
    *,
    seed_words: Mapping | None = None,
    seed_weight: float = 1.0,
    max_iter: int,
    max_tokens: float,
    seed: int,
    checkpoint,
    verbose: int,
) -> PolylingualLDA | None:
    """Return topics of texts, from which a network starts.

    Parameters
    ----------
    init : "gibbs", PolylingualLDA or FrozenEstimator of one
        "gibbs" samples topics, with a learned prior, and for short texts with the
        clusters of the embeddings in it. An estimator is cloned and fitted instead; a
        frozen one is used as is.
    X : MultiView
        The texts of the training tuples.
    n_components : int
        Number of topics.
    seed_words, seed_weight
        Seed words of "gibbs", or of an estimator that has none.
    max_iter : int
        Sweeps of "gibbs".
    max_tokens : float
        Largest number of tokens to sample; see `select_training_tuples`.
    seed : int
        Seed of an estimator that has none.
    checkpoint : str, path or None
        Folder of an estimator that has none.
    verbose : int
        Verbosity of "gibbs".

    Returns
    -------
    PolylingualLDA or None
        None if fewer than two rows have words: there is nothing to sample from.

    Raises
    ------
    ValueError
        If frozen topics differ from the network's in number or words, or a count is too
        large to sample.
    TypeError
        If `init` is another estimator.
    """
    if isinstance(init, FrozenEstimator):
        if seed_words:
            raise ValueError(
                "seed_words cannot change the topics of a frozen init; give them to "
                "its fit, or let init sample topics"
            )
        return _check_frozen(_check_type(init.estimator), X, n_components)
    if init == "gibbs":
        share = n_components / (n_components + _TOPICS_AT_EVEN_ODDS)
        model = PolylingualLDA(
            max_iter=max_iter,
            background_share=share,
            n_jobs=1,  # not joblib's default: the number of threads changes the topics
            verbose=verbose,
            **GIBBS,
        )
    else:
        model = clone(_check_type(init))
        if seed_words and model.seed_words:
            raise ValueError("seed_words is set here and in init; set only one of them")
    if seed_words:
        model.set_params(seed_words=seed_words, seed_weight=seed_weight)
    model.set_params(n_components=n_components)
    if model.random_state is None:
        model.set_params(random_state=seed)
    if model.checkpoint is None:
        model.set_params(checkpoint=checkpoint)
    check_sizes(X)  # of all rows, not only of those drawn
    rows = select_training_tuples(X, max_tokens, seed)
    texts = X[rows]
    n_words = sum(
        view.counts.sum(axis=1) * view.present for view in texts.views.values()
    )
    if np.count_nonzero(n_words) < 2:
        return None
    if init == "gibbs" and n_words.mean() > _LONG and n_components >= _FEW:
        model.set_params(cluster_weight=0.0)
    return model.fit(texts)


def _check_type(model) -> PolylingualLDA:
    if not isinstance(model, PolylingualLDA):
        raise TypeError(
            "init must be 'gibbs', 'random', a PolylingualLDA, or a FrozenEstimator of "
            f"one, not a {type(model).__name__}"
        )
    return model


def _check_frozen(model, X: MultiView, n_components: int) -> PolylingualLDA:
    check_is_fitted(model)
    n_topics = len(model.doc_topic_prior_)
    if n_topics != n_components:
        raise ValueError(
            f"the frozen init has {n_topics} topics, but n_components={n_components}; "
            "set n_components to its number of topics"
        )
    for name in X.view_names:
        if name not in model.vocabularies_:
            raise ValueError(
                f"the frozen init has no words of view {name!r}, only of "
                f"{', '.join(model.vocabularies_)}; fit it on all texts"
            )
    model._check_X(X, reset=False)
    return model


def word_shares(view) -> np.ndarray:
    """Return the share of each word in the rows that have a text, all above zero."""
    counts = view.counts[np.flatnonzero(view.present)].sum(axis=0) + 0.5
    return counts / counts.sum()

"""A map of the topic space: every view of every row is a point in the plane."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsRegressor

from sklearn_m3l.display._names import names_by_view
from sklearn_m3l.metrics import pairwise_jensen_shannon
from sklearn_m3l.metrics._articles import first_of_each
from sklearn_m3l.metrics._topics import topics_by_view
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._threads import one_thread

# Number of points that t-SNE lays out, and of neighbors that place any other point.
_N_LAID_OUT, _N_NEIGHBORS = 3000, 5


def topic_space(
    model: Any,
    X: MultiView,
    *,
    names: Mapping[str, Any] | None = None,
    random_state: Any = None,
) -> pd.DataFrame:
    """Lay out the views of all rows in the plane, by t-SNE of their topics.

    Points are close if their topics are: the distance is the square root of the
    Jensen-Shannon divergence. Above 3,000 points, t-SNE runs on a random sample of
    3,000; each other point is placed at the mean of its 5 nearest neighbors by
    Hellinger distance, weighted by closeness. A map of 60,000 points therefore takes
    little longer.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Rows to show, with the views that the model infers topics from (``views_``).
    names : mapping of str to array-like of shape (n_rows,), optional
        Names of the rows in a view, such as the page of a text. Rows with the same name
        are one point. By default the row labels.
    random_state : int, RandomState instance or None, default=None
        Seed of the t-SNE.

    Returns
    -------
    pandas.DataFrame of shape (n_points, 6)
        For each point its position in `X` ("row"), its "view" and "name", its dominant
        "topic", and its coordinates ("x", "y").

    Raises
    ------
    ValueError
        If there are fewer than 2 points, or `names` does not fit `X`.

    References
    ----------
    .. [1] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with
       Pretrained Embeddings", COLING 2022, Figure 2.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import topic_space
    >>> X = load_gimp_help("test").data[:20]
    >>> model = M3LContrastTopicModel(2, max_iter=1, random_state=0).fit(X)
    >>> points = topic_space(model, X, random_state=0)
    >>> list(points)
    ['row', 'view', 'name', 'topic', 'x', 'y']
    >>> points["view"].value_counts().to_dict()
    {'en': 20, 'de': 20, 'image': 14}
    """
    named = names_by_view(X, names)
    topics = topics_by_view(model, X)
    return lay_out(topics, named, X.present, random_state)


def lay_out(
    topics: Mapping[str, np.ndarray],
    names: Mapping[str, np.ndarray],
    present: Mapping[str, np.ndarray],
    random_state: Any,
) -> pd.DataFrame:
    """Return the topic space of given topics by view."""
    shown = {
        view: first_of_each(names[view], np.flatnonzero(present[view]))
        for view in topics
    }
    theta = np.concatenate([topics[view][rows] for view, rows in shown.items()])
    if len(theta) < 2:
        raise ValueError(f"a topic space needs at least 2 points, not {len(theta)}")
    places = _place(theta, random_state)
    return pd.DataFrame(
        {
            "row": np.concatenate(list(shown.values())),
            "view": np.repeat(list(shown), [len(rows) for rows in shown.values()]),
            # Not as Arrow strings, which cannot hold half a surrogate pair.
            "name": pd.Series(
                np.concatenate([names[view][rows] for view, rows in shown.items()]),
                dtype=object,
            ),
            "topic": theta.argmax(axis=1),
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )


def _place(theta: np.ndarray, random_state: Any) -> np.ndarray:
    rng = private_generator(random_state)
    laid_out = np.arange(len(theta))
    if len(theta) > _N_LAID_OUT:
        laid_out = np.sort(rng.choice(len(theta), _N_LAID_OUT, replace=False))
    divergences = pairwise_jensen_shannon(theta[laid_out])
    tsne = TSNE(
        metric="precomputed",
        init="random",
        perplexity=min(30, (len(laid_out) - 1) / 3),
        random_state=rng,
    )
    # Steps take milliseconds: waiting for other threads only slows them down.
    with one_thread():
        places = tsne.fit_transform(np.sqrt(divergences))
        if len(laid_out) < len(theta):
            # By Hellinger distance, which a matrix product computes.
            neighbors = KNeighborsRegressor(_N_NEIGHBORS, weights="distance")
            roots = np.sqrt(theta)
            places = neighbors.fit(roots[laid_out], places).predict(roots)
    return places

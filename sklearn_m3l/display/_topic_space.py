"""A map of the topic space: every view of every row as a point in the plane."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from sklearn_m3l._evaluation import topics_by_view
from sklearn_m3l.display._names import first_of_each, names_by_view
from sklearn_m3l.metrics import pairwise_jensen_shannon
from sklearn_m3l.multiview import MultiView


def topic_space(
    model: Any,
    X: MultiView,
    *,
    names: Mapping[str, Any] | None = None,
    random_state: Any = None,
) -> pd.DataFrame:
    """Lay the views of all rows out in the plane, by t-SNE of their topics.

    Points are near each other if their topics are: the distance is the square root of
    the Jensen-Shannon divergence. Time and memory grow with the square of the number
    of points, so pass a sample of a large corpus.

    Parameters
    ----------
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Rows to show.
    names : mapping of str to array-like of shape (n_rows,), optional
        What the rows show in a view, such as the page of a text. Rows of one name
        are one point. By default the row labels.
    random_state : int, RandomState instance or None, default=None
        Seed of the t-SNE.

    Returns
    -------
    pandas.DataFrame of shape (n_points, 6)
        For each point its position in `X` ("row"), its "view" and "name", its
        foremost "topic", and where it lies ("x", "y").

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
    points, topics = [], []
    for view, theta in topics_by_view(model, X).items():
        rows = first_of_each(named[view], np.flatnonzero(X[view].present))
        topics.append(theta[rows])
        points.append(
            pd.DataFrame(
                {
                    "row": rows,
                    "view": view,
                    "name": named[view][rows],
                    "topic": theta[rows].argmax(axis=1),
                }
            )
        )
    frame = pd.concat(points, ignore_index=True)
    if len(frame) < 2:
        raise ValueError(f"a topic space needs at least 2 points, not {len(frame)}")
    divergences = pairwise_jensen_shannon(np.concatenate(topics))
    tsne = TSNE(
        metric="precomputed",
        init="random",
        perplexity=min(30, (len(frame) - 1) / 3),
        random_state=random_state,
    )
    # A step takes milliseconds: threads that wait for each other only slow it down.
    with threadpool_limits(1, user_api="openmp"):
        places = tsne.fit_transform(np.sqrt(divergences))
    return frame.assign(x=places[:, 0], y=places[:, 1])

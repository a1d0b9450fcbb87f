"""Coherence and diversity of the pictures of topics, from their embeddings."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_array

from sklearn_m3l.utils._sklearn import validate_params


@validate_params(
    {"embedding": ["array-like"], "top_rows": ["array-like"], "average": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def image_embedding_coherence(
    embedding: ArrayLike, top_rows: ArrayLike, *, average: bool = True
) -> float | np.ndarray:
    """Coherence of the top pictures of topics (IEC).

    The mean cosine similarity of all pairs of the pictures that show a topic best.

    Parameters
    ----------
    embedding : array-like of shape (n_rows, width)
        Embeddings of the pictures, such as ``X["image"].embedding``; those of CLIP in
        the paper.
    top_rows : array-like of int of shape (n_topics, n_pictures)
        The rows that show each topic best, such as the result of a model's
        ``top_rows(X, "image")``.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        From -1 to 1; greater is better.

    Raises
    ------
    ValueError
        If a topic has fewer than two pictures or the same one twice, a row does not
        exist, or an embedding is not finite or all zeros.

    See Also
    --------
    image_embedding_similarity : How alike the pictures of different topics are.

    Notes
    -----
    The embeddings of many encoders all point in about the same direction, so they are
    similar in every topic. Compare with random rows, or subtract the mean first.

    References
    ----------
    .. [1] F. Gonzalez-Pizarro and G. Carenini, "Neural Multimodal Topic Modeling: A
       Comprehensive Evaluation", LREC-COLING 2024.

    Examples
    --------
    >>> from sklearn_m3l.metrics import image_embedding_coherence
    >>> embedding = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> image_embedding_coherence(embedding, [[0, 1], [2, 3]], average=False).round(3)
    array([1.   , 0.707])
    """
    units, rows = _check_pictures(embedding, top_rows)
    n_pictures = rows.shape[1]
    if n_pictures < 2:
        raise ValueError("coherence needs at least 2 pictures per topic")
    # The square of the sum contains each pair twice, and each picture with itself once.
    squares = (units[rows].sum(axis=1) ** 2).sum(axis=1)
    coherence = (squares - n_pictures) / (n_pictures * (n_pictures - 1))
    return float(coherence.mean()) if average else coherence


@validate_params(
    {"embedding": ["array-like"], "top_rows": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def image_embedding_similarity(embedding: ArrayLike, top_rows: ArrayLike) -> float:
    """Similarity of the top pictures of different topics (IEPS).

    The mean cosine similarity of a picture of one topic and a picture of another, over
    all pairs of topics.

    Parameters
    ----------
    embedding : array-like of shape (n_rows, width)
        Embeddings of the pictures.
    top_rows : array-like of int of shape (n_topics, n_pictures)
        The rows that show each topic best.

    Returns
    -------
    similarity : float
        From -1 to 1; lower values mean more diverse topics.

    Raises
    ------
    ValueError
        If there are fewer than two topics, a topic has a picture twice, a row does not
        exist, or an embedding is not finite or all zeros.

    See Also
    --------
    image_embedding_coherence : How alike the pictures of one topic are.

    References
    ----------
    .. [1] F. Gonzalez-Pizarro and G. Carenini, "Neural Multimodal Topic Modeling: A
       Comprehensive Evaluation", LREC-COLING 2024.

    Examples
    --------
    >>> from sklearn_m3l.metrics import image_embedding_similarity
    >>> embedding = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> round(image_embedding_similarity(embedding, [[0, 1], [2, 3]]), 3)
    0.354
    """
    units, rows = _check_pictures(embedding, top_rows)
    if len(rows) < 2:
        raise ValueError("the similarity of topics needs at least 2 topics")
    centers = units[rows].mean(axis=1)
    similarity = centers @ centers.T
    return float(similarity[np.triu_indices(len(rows), k=1)].mean())


def _check_pictures(
    embedding: ArrayLike, top_rows: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of the top rows, of length 1, and the positions by topic."""
    rows = check_array(top_rows, dtype=None, input_name="top_rows")
    if rows.dtype.kind not in "iu":
        raise ValueError("top_rows must hold integers, the positions of rows")
    shape = np.shape(embedding)
    if len(shape) != 2:
        raise ValueError(f"embedding must have 2 dimensions, not {len(shape)}")
    if rows.min() < 0 or rows.max() >= shape[0]:
        raise ValueError(
            f"top_rows must be positions from 0 to {shape[0] - 1}; it has "
            f"{rows.min()} to {rows.max()}"
        )
    for topic, own in enumerate(rows):
        if len(set(own)) < len(own):
            raise ValueError(f"topic {topic} of top_rows repeats a row")
    used, places = np.unique(rows, return_inverse=True)
    # Ignore rows without a picture, which may be NaN.
    vectors = check_array(
        np.asarray(embedding)[used], dtype=np.float64, input_name="embedding"
    )
    lengths = np.linalg.norm(vectors, axis=1)
    if not lengths.all():
        raise ValueError(
            f"the embedding of row {used[np.argmin(lengths)]} is all zeros, which has "
            "no direction"
        )
    return normalize(vectors), places.reshape(rows.shape)

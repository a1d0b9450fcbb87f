"""C_V and UMass, coherence measures of gensim that older papers report."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from sklearn_m3l.metrics._coherence import (
    _check_counts,
    _columns_of,
    first_words,
)
from sklearn_m3l.utils._sklearn import Interval, validate_params

_N_WORDS = [Interval(Integral, 2, None, closed="left")]


@validate_params(
    {
        "topics": ["array-like"],
        "texts": ["array-like"],
        "n_words": _N_WORDS,
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "average": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def cv_coherence(
    topics: Sequence[Sequence[str]],
    texts: Sequence[Sequence[str]],
    *,
    n_words: int = 10,
    window_size: int = 110,
    average: bool = True,
) -> float | np.ndarray:
    """Topic coherence C_V, as in gensim.

    Each top word has a vector of its NPMI with all top words, counted in sliding
    windows. C_V is the mean cosine similarity of these vectors and their sum. It
    correlates with human ratings [1]_, but rewards rare words; also report
    :func:`npmi_coherence`.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    texts : sequence of sequences of str
        Tokens of each document in order.
    n_words : int, default=10
        Number of top words to use of each topic.
    window_size : int, default=110
        Width of the sliding window, in tokens.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        From 0 to 1; greater is better.

    Raises
    ------
    ValueError
        If a topic has fewer than ``n_words`` words, or a word that no text has.

    References
    ----------
    .. [1] M. Roeder, A. Both and A. Hinneburg, "Exploring the Space of Topic Coherence
       Measures", WSDM 2015.

    Examples
    --------
    >>> from sklearn_m3l.metrics import cv_coherence
    >>> texts = [["sea", "ship"], ["ship", "sea"], ["oak", "leaf"], ["leaf", "oak"]]
    >>> topics = [["sea", "ship"], ["sea", "oak"]]
    >>> cv_coherence(topics, texts, n_words=2, average=False).round(2)
    array([1.  , 0.03])
    """
    # Imported here, because importing gensim takes a second.
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    words = first_words(topics, n_words, "topics")
    if any(isinstance(text, str) for text in texts):
        raise ValueError("texts holds a string; give each text as a list of tokens")
    tokens = [list(text) for text in texts]
    dictionary = Dictionary(tokens)
    unknown = {word for topic in words for word in topic} - {*dictionary.token2id}
    if unknown:
        shown = ", ".join(repr(word) for word in sorted(unknown)[:10])
        raise ValueError(
            f"{len(unknown)} topic words are in no text, such as {shown}; are texts "
            "the tokens of the model?"
        )
    model = CoherenceModel(
        topics=words,
        texts=tokens,
        dictionary=dictionary,
        coherence="c_v",
        window_size=window_size,
        topn=n_words,
        processes=1,
    )
    coherence = np.array(model.get_coherence_per_topic())
    return float(coherence.mean()) if average else coherence


@validate_params(
    {
        "topics": ["array-like"],
        "counts": ["array-like", "sparse matrix"],
        "vocabulary": ["array-like"],
        "n_words": _N_WORDS,
        "average": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def umass_coherence(
    topics: Sequence[Sequence[str]],
    counts: ArrayLike,
    vocabulary: ArrayLike,
    *,
    n_words: int = 10,
    average: bool = True,
) -> float | np.ndarray:
    """Topic coherence UMass, as in gensim.

    The mean log probability of each top word in documents that have a higher-ranked
    one. It rewards frequent words; also report :func:`npmi_coherence`.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    counts : {array-like, sparse matrix} of shape (n_documents, n_vocabulary)
        Word counts of the (training) documents.
    vocabulary : array-like of shape (n_vocabulary,)
        Word of each column of ``counts``.
    n_words : int, default=10
        Number of top words to use of each topic.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Usually below 0; greater is better.

    Raises
    ------
    ValueError
        If a topic word is not in the vocabulary or in no document, or a topic has fewer
        than ``n_words`` words.

    References
    ----------
    .. [1] D. Mimno, H. Wallach, E. Talley, M. Leenders and A. McCallum, "Optimizing
       Semantic Coherence in Topic Models", EMNLP 2011.

    Examples
    --------
    >>> from sklearn_m3l.metrics import umass_coherence
    >>> counts = [[1, 2, 0, 0], [2, 1, 0, 0], [0, 0, 1, 1], [0, 1, 3, 1]]
    >>> topics = [["ship", "sea"], ["oak", "sea"]]
    >>> vocabulary = ["ship", "sea", "oak", "leaf"]
    >>> umass_coherence(topics, counts, vocabulary, n_words=2, average=False).round(2)
    array([ 0.  , -0.69])
    """
    from gensim.corpora import Dictionary
    from gensim.matutils import Sparse2Corpus
    from gensim.models import CoherenceModel

    words = first_words(topics, n_words, "topics")
    canonical = _check_counts(counts, "counts")
    columns = _columns_of(words, vocabulary, canonical.shape[1], "")
    seen = np.bincount(canonical.indices, minlength=canonical.shape[1]) > 0
    unseen = [
        word
        for topic, places in zip(words, columns, strict=True)
        for word, place in zip(topic, places, strict=True)
        if not seen[place]
    ]
    if unseen:
        raise ValueError(
            f"{len(set(unseen))} topic words are in no document, such as {unseen[0]!r}"
        )
    dictionary = Dictionary()
    dictionary.token2id = {
        str(word): number for number, word in enumerate(np.asarray(vocabulary).tolist())
    }
    dictionary.id2token = {number: word for word, number in dictionary.token2id.items()}
    model = CoherenceModel(
        topics=words,
        corpus=Sparse2Corpus(canonical, documents_columns=False),
        dictionary=dictionary,
        coherence="u_mass",
        topn=n_words,
        processes=1,
    )
    coherence = np.array(model.get_coherence_per_topic())
    return float(coherence.mean()) if average else coherence

"""Coherence of topics within a language and across two, and their diversity."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils.validation import check_array

from sklearn_m3l.utils._sklearn import Interval, validate_params
from sklearn_m3l.utils._sparse import checked_csr

# Added to the probability that two words occur together, as in gensim.
_EPSILON = 1e-12

_COUNTS = ["array-like", "sparse matrix"]


def first_words(
    topics: Sequence[Sequence[str]], n_words: int, name: str
) -> list[list[str]]:
    """Return the top words of each topic; refuse repeated or too few words."""
    if not len(topics):
        raise ValueError(f"{name} is empty; give one list of words per topic")
    first = []
    for number, topic in enumerate(topics):
        if isinstance(topic, str):
            raise ValueError(
                f"topic {number} of {name} is a string; give a list of words"
            )
        words = list(topic)[:n_words]
        if len(words) < n_words:
            raise ValueError(
                f"topic {number} of {name} has {len(words)} words, fewer than "
                f"n_words={n_words}; give more words or lower n_words"
            )
        if len(set(words)) < n_words:
            raise ValueError(f"topic {number} of {name} repeats a word")
        first.append(words)
    return first


def _check_counts(counts: ArrayLike, name: str) -> sparse.csr_array:
    """Copy the counts into canonical form: sorted, without explicit zeros."""
    if sparse.issparse(counts):
        counts = checked_csr(counts, name)
    checked = check_array(
        counts, accept_sparse="csr", ensure_non_negative=True, input_name=name
    )
    canonical = sparse.csr_array(checked, copy=True)
    canonical.sum_duplicates()
    canonical.eliminate_zeros()
    return canonical


def _columns_of(
    topics: list[list[str]], vocabulary: ArrayLike, n_columns: int, suffix: str
) -> list[list[int]]:
    """Return the columns of the topics' words; errors name parameters by suffix."""
    words = np.asarray(vocabulary).tolist()
    column = {word: position for position, word in enumerate(words)}
    if len(words) != n_columns:
        raise ValueError(
            f"vocabulary{suffix} has {len(words)} words and counts{suffix} {n_columns} "
            "columns; give one word per column"
        )
    if len(column) < len(words):
        raise ValueError(f"vocabulary{suffix} repeats a word")
    unknown = {word for words in topics for word in words} - column.keys()
    if unknown:
        shown = ", ".join(repr(str(word)) for word in sorted(unknown)[:10])
        raise ValueError(
            f"{len(unknown)} topic words are not in vocabulary{suffix}, such as {shown}"
        )
    return [[column[word] for word in words] for words in topics]


def _unique_documents(counts: sparse.csr_array) -> np.ndarray:
    """Return the first position of each distinct row of canonical counts."""
    first: dict[tuple[bytes, bytes], int] = {}
    bounds = zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    for row, (start, stop) in enumerate(bounds):
        words, numbers = counts.indices[start:stop], counts.data[start:stop]
        first.setdefault((words.tobytes(), numbers.tobytes()), row)
    return np.array(list(first.values()))


def _presence(counts: sparse.csr_array, documents: np.ndarray) -> sparse.csc_array:
    """Return a matrix of 1 where a word (column) occurs in a document (row), else 0."""
    presence = sparse.csc_array(counts[documents])
    presence.data = np.ones_like(presence.data, dtype=np.float64)
    return presence


def _npmi(
    together: np.ndarray, alone_a: np.ndarray, alone_b: np.ndarray, n_documents: int
) -> np.ndarray:
    """Return gensim's log ratio measure, computed from numbers of documents.

    It is 0, as for independent words, if either word is in no document.
    """
    joint = together / n_documents + _EPSILON
    independent = np.outer(alone_a / n_documents, alone_b / n_documents)
    seen = independent > 0
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=seen)
    return np.log(ratio) / -np.log(joint)


def _document_coherence(
    topics: list[list[str]], counts: ArrayLike, vocabulary: ArrayLike
) -> np.ndarray:
    """Return the coherence of each topic, from co-occurrence in whole documents."""
    canonical = _check_counts(counts, "counts")
    topic_columns = _columns_of(topics, vocabulary, canonical.shape[1], "")
    documents = _unique_documents(canonical)
    documents = documents[np.diff(canonical.indptr)[documents] > 0]
    if not len(documents):
        raise ValueError("counts has no document with a word")
    presence = _presence(canonical, documents)
    pairs = np.triu_indices(len(topics[0]), k=1)
    coherence = []
    for columns in topic_columns:
        block = presence[:, columns]
        together = (block.T @ block).toarray()
        alone = together.diagonal()
        npmi = _npmi(together, alone, alone, presence.shape[0])
        coherence.append(npmi[pairs].mean())
    return np.array(coherence)


def _window_coherence(
    topics: list[list[str]], texts: Sequence[Sequence[str]], window_size: int
) -> np.ndarray:
    """Return the coherence of each topic, from gensim's sliding windows."""
    # Imported here, because importing gensim takes a second.
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    if any(isinstance(text, str) for text in texts):
        raise ValueError("texts holds a string; give each text as a list of tokens")
    unique = [list(text) for text in dict.fromkeys(map(tuple, texts)) if text]
    dictionary = Dictionary(unique)
    n_words = len(topics[0])
    coherence = np.zeros(len(topics))
    # gensim takes only words that it has seen, and equally many per topic.
    seen = [[word for word in words if word in dictionary.token2id] for words in topics]
    if not any(seen):
        raise ValueError("texts has no topic word; are they the tokens of the model?")
    for n_seen in {len(words) for words in seen} - {0, 1}:
        chosen = [number for number, words in enumerate(seen) if len(words) == n_seen]
        model = CoherenceModel(
            topics=[seen[number] for number in chosen],
            texts=unique,
            dictionary=dictionary,
            coherence="c_npmi",
            window_size=window_size,
            topn=n_seen,
            processes=1,
        )
        share = n_seen * (n_seen - 1) / (n_words * (n_words - 1))
        coherence[chosen] = np.array(model.get_coherence_per_topic()) * share
    return coherence


@validate_params(
    {
        "topics": ["array-like"],
        "counts": [*_COUNTS, None],
        "vocabulary": ["array-like", None],
        "texts": ["array-like", None],
        "n_words": [Interval(Integral, 2, None, closed="left")],
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "average": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def npmi_coherence(
    topics: Sequence[Sequence[str]],
    counts: ArrayLike | None = None,
    vocabulary: ArrayLike | None = None,
    *,
    texts: Sequence[Sequence[str]] | None = None,
    n_words: int = 10,
    window_size: int = 10,
    average: bool = True,
) -> float | np.ndarray:
    """Topic coherence: normalized pointwise mutual information of the top words.

    The measure is ``c_npmi`` of gensim's ``CoherenceModel``, the mean NPMI over all
    pairs of a topic's top words. Words can occur together

    - in whole documents, from ``counts`` and ``vocabulary``: this is gensim with a
      window as wide as the longest document;
    - in gensim's sliding windows of ``window_size`` tokens, from ``texts``: this is
      what the paper does, and needs the order of the words.

    Identical documents count once: rows are tuples, so that a page with five pictures
    is five rows with equal counts. Empty documents (absent views) are left out. A top
    word that occurs in no document gives no evidence: its pairs count 0, like those of
    independent words.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    counts : {array-like, sparse matrix} of shape (n_documents, n_vocabulary), \
            default=None
        Word counts of the (training) documents.
    vocabulary : array-like of shape (n_vocabulary,), default=None
        Word of each column of ``counts``.
    texts : sequence of sequences of str, default=None
        Tokens of each document in order; pass either these or ``counts``.
    n_words : int, default=10
        Number of top words to use of each topic.
    window_size : int, default=10
        Width of the sliding window over ``texts``, in tokens.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        From -1 (never together) to 1 (never apart), 0 if independent. As in gensim,
        a pair found in every document or window has -1.

    Raises
    ------
    ValueError
        If a topic word is not in the vocabulary, a topic has fewer than ``n_words``
        words, no document has a word, or no text has any of the topics' words.

    References
    ----------
    .. [1] G. Bouma, "Normalized (Pointwise) Mutual Information in Collocation
       Extraction", GSCL 2009.
    .. [2] M. Roeder, A. Both and A. Hinneburg, "Exploring the Space of Topic Coherence
       Measures", WSDM 2015.

    Examples
    --------
    >>> from sklearn_m3l.metrics import npmi_coherence
    >>> counts = [[1, 2, 0, 0], [2, 1, 0, 0], [0, 0, 1, 1], [0, 1, 3, 1]]
    >>> vocabulary = ["ship", "sea", "oak", "leaf"]
    >>> topics = [["ship", "sea"], ["oak", "sea"]]
    >>> npmi_coherence(topics, counts, vocabulary, n_words=2, average=False).round(3)
    array([ 0.415, -0.292])
    """
    words = first_words(topics, n_words, "topics")
    if texts is not None:
        if counts is not None or vocabulary is not None:
            raise ValueError("give texts, or counts and vocabulary, not both")
        coherence = _window_coherence(words, texts, window_size)
    elif counts is None or vocabulary is None:
        raise ValueError("give counts and vocabulary, or texts")
    else:
        coherence = _document_coherence(words, counts, vocabulary)
    return float(coherence.mean()) if average else coherence


@validate_params(
    {
        "topics_a": ["array-like"],
        "topics_b": ["array-like"],
        "counts_a": _COUNTS,
        "counts_b": _COUNTS,
        "vocabulary_a": ["array-like"],
        "vocabulary_b": ["array-like"],
        "n_words": [Interval(Integral, 1, None, closed="left")],
        "average": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def cross_lingual_npmi(
    topics_a: Sequence[Sequence[str]],
    topics_b: Sequence[Sequence[str]],
    counts_a: ArrayLike,
    counts_b: ArrayLike,
    vocabulary_a: ArrayLike,
    vocabulary_b: ArrayLike,
    *,
    n_words: int = 10,
    average: bool = True,
) -> float | np.ndarray:
    """Cross-lingual coherence: NPMI of one language's top words with another's.

    A word of one language and a word of the other occur together in a tuple that has
    both. Tuples without a word in either language are left out, and identical tuples
    count once. A top word that occurs in no such tuple gives no evidence: its pairs
    count 0, like those of independent words.

    Parameters
    ----------
    topics_a, topics_b : sequence of sequences of str
        Top words of the same topics in each language, the best first.
    counts_a, counts_b : {array-like, sparse matrix} of shape \
            (n_tuples, n_vocabulary)
        Word counts of the tuples in each language, row by row.
    vocabulary_a, vocabulary_b : array-like of shape (n_vocabulary,)
        Word of each column of the counts.
    n_words : int, default=10
        Number of top words to use of each topic.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Mean NPMI over all pairs of a word of each language, from -1 to 1, smoothed
        as in :func:`npmi_coherence`.

    Raises
    ------
    ValueError
        If a topic word is not in its vocabulary, a topic has fewer than ``n_words``
        words, the numbers of topics or tuples differ, or no tuple has words in both
        languages.

    References
    ----------
    .. [1] S. Hao, J. Boyd-Graber and M. J. Paul, "Lessons from the Bible on Modern
       Topics: Low-Resource Multilingual Topic Model Evaluation", NAACL 2018
       (arXiv:1804.10184), Section 3.1.

    Examples
    --------
    >>> from sklearn_m3l.metrics import cross_lingual_npmi
    >>> cross_lingual_npmi(
    ...     [["sea"], ["oak"]],
    ...     [["Meer"], ["Meer"]],
    ...     [[1, 0], [2, 0], [1, 1], [0, 1]],
    ...     [[1, 0], [2, 1], [0, 1], [0, 2]],
    ...     ["sea", "oak"],
    ...     ["Meer", "Eiche"],
    ...     n_words=1,
    ...     average=False,
    ... ).round(3)
    array([ 0.415, -0.95 ])
    """
    words_a = first_words(topics_a, n_words, "topics_a")
    words_b = first_words(topics_b, n_words, "topics_b")
    if len(words_a) != len(words_b):
        raise ValueError(
            f"topics_a has {len(words_a)} topics and topics_b {len(words_b)}; they "
            "must be the same topics"
        )
    a, b = _check_counts(counts_a, "counts_a"), _check_counts(counts_b, "counts_b")
    if a.shape[0] != b.shape[0]:
        raise ValueError(
            f"counts_a has {a.shape[0]} rows and counts_b {b.shape[0]}; row i of each "
            "must be one tuple"
        )
    columns_a = _columns_of(words_a, vocabulary_a, a.shape[1], "_a")
    columns_b = _columns_of(words_b, vocabulary_b, b.shape[1], "_b")
    documents = _unique_documents(sparse.hstack([a, b], format="csr"))
    complete = (np.diff(a.indptr) > 0) & (np.diff(b.indptr) > 0)
    documents = documents[complete[documents]]
    if not len(documents):
        raise ValueError("no tuple has words in both counts_a and counts_b")
    presence_a, presence_b = _presence(a, documents), _presence(b, documents)
    alone_a, alone_b = presence_a.sum(axis=0), presence_b.sum(axis=0)
    coherence = np.array(
        [
            _npmi(
                (presence_a[:, in_a].T @ presence_b[:, in_b]).toarray(),
                alone_a[in_a],
                alone_b[in_b],
                len(documents),
            ).mean()
            for in_a, in_b in zip(columns_a, columns_b, strict=True)
        ]
    )
    return float(coherence.mean()) if average else coherence


@validate_params(
    {
        "topics": ["array-like"],
        "n_words": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def topic_diversity(topics: Sequence[Sequence[str]], n_words: int = 25) -> float:
    """Share of distinct words among the top words of all topics.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    n_words : int, default=25
        Number of top words to use of each topic; 25 is the published choice.

    Returns
    -------
    diversity : float
        1 if no two topics share a word, 1 / n_topics if all topics are the same.

    Raises
    ------
    ValueError
        If a topic has fewer than ``n_words`` words.

    References
    ----------
    .. [1] A. B. Dieng, F. J. R. Ruiz and D. M. Blei, "Topic Modeling in Embedding
       Spaces", TACL 8, 2020, Section 6.

    Examples
    --------
    >>> from sklearn_m3l.metrics import topic_diversity
    >>> topic_diversity([["ship", "sea"], ["oak", "sea"]], n_words=2)
    0.75
    """
    words = sum(first_words(topics, n_words, "topics"), [])
    return len(set(words)) / len(words)

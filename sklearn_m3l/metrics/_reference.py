"""Measures of papers on cross-lingual topics: CNPMI, topic uniqueness and quality."""

from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from typing import TypeAlias

import numpy as np
from scipy import sparse

from sklearn_m3l.metrics._coherence import first_words
from sklearn_m3l.utils._sklearn import Interval, StrOptions, validate_params

Topics: TypeAlias = Sequence[Sequence[str]]
Texts: TypeAlias = Sequence[str] | Sequence[Sequence[str]]

_CONSTRAINTS = {
    "topics_a": ["array-like"],
    "topics_b": ["array-like"],
    "texts_a": ["array-like"],
    "texts_b": ["array-like"],
    "n_words": [Interval(Integral, 1, None, closed="left")],
    "word_counts": [StrOptions({"documents", "occurrences"})],
}


@validate_params(
    {**_CONSTRAINTS, "average": ["boolean"]}, prefer_skip_nested_validation=True
)
def cnpmi(
    topics_a: Topics,
    topics_b: Topics,
    texts_a: Texts,
    texts_b: Texts,
    *,
    n_words: int = 15,
    word_counts: str = "documents",
    average: bool = True,
) -> float | np.ndarray:
    """Cross-lingual coherence on a reference corpus of paired documents (CNPMI).

    Papers on cross-lingual topic models count words in a corpus other than the training
    data, such as paired Wikipedia articles, so that models of unpaired corpora can be
    compared. A word of one language and a word of the other co-occur if they are in the
    same pair of documents.

    Parameters
    ----------
    topics_a, topics_b : sequence of sequences of str
        Top words of the same topics in each language, the best first.
    texts_a, texts_b : sequence of str or of sequences of str
        Reference documents in each language; row i of both is a pair. Each is a list of
        tokens, or a text whose tokens are separated by spaces, preprocessed like the
        training texts.
    n_words : int, default=15
        Number of top words to use of each topic; papers use 15.
    word_counts : {"documents", "occurrences"}, default="documents"
        How to estimate the probability of a single word: the share of documents that
        have it, as in [1]_, or its occurrences per document, as in the published script
        [2]_. Most published figures come from the script. They are lower than those of
        "documents", and not comparable with them.
    average : bool, default=True
        If False, return the coherence of each topic.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Mean NPMI over all pairs of a word of each language. Two words that never occur
        together count 0, as does a word that is in no document.

    Raises
    ------
    ValueError
        If the numbers of topics or documents differ, a topic has fewer than ``n_words``
        words, or no document has a topic word.

    See Also
    --------
    cross_lingual_npmi : Counts in tuples of the training data.
    topic_quality : Multiplies CNPMI by topic uniqueness.

    Notes
    -----
    In :func:`cross_lingual_npmi`, two words that never occur together count almost -1.
    Here they count 0, as in [2]_, so CNPMI is rarely below 0.

    References
    ----------
    .. [1] S. Hao, J. Boyd-Graber and M. J. Paul, "Lessons from the Bible on Modern
       Topics: Low-Resource Multilingual Topic Model Evaluation", NAACL 2018
       (arXiv:1804.10184), Section 3.1.
    .. [2] https://github.com/BobXWu/CNPMI

    Examples
    --------
    >>> from sklearn_m3l.metrics import cnpmi
    >>> english = ["sea ship", "sea", "oak leaf", "oak sea"]
    >>> german = ["Meer Schiff", "Meer", "Eiche Blatt", "Eiche"]
    >>> topics = [["sea"], ["oak"]], [["Meer"], ["Eiche"]]
    >>> cnpmi(*topics, english, german, n_words=1, average=False).round(3)
    array([0.415, 1.   ])
    """
    words_a = first_words(topics_a, n_words, "topics_a")
    words_b = first_words(topics_b, n_words, "topics_b")
    if len(words_a) != len(words_b):
        raise ValueError(
            f"topics_a has {len(words_a)} topics and topics_b {len(words_b)}; they "
            "must be the same topics"
        )
    if len(texts_a) != len(texts_b):
        raise ValueError(
            f"texts_a has {len(texts_a)} documents and texts_b {len(texts_b)}; row i "
            "of each must be a pair"
        )
    column_a, a = _count(words_a, texts_a, "a")
    column_b, b = _count(words_b, texts_b, "b")
    n_documents = len(texts_a)
    single_a, single_b = (
        (counts > 0 if word_counts == "documents" else counts).sum(axis=0) / n_documents
        for counts in (a, b)
    )
    a, b = (sparse.csc_array(counts > 0, dtype=np.float64) for counts in (a, b))
    coherence = []
    for topic_a, topic_b in zip(words_a, words_b, strict=True):
        of_a = [column_a[word] for word in topic_a]
        of_b = [column_b[word] for word in topic_b]
        joint = (a[:, of_a].T @ b[:, of_b]).toarray() / n_documents
        # Words that are in every document are independent; the others never co-occur.
        some = (joint > 0) & (joint < 1)
        ratio = joint[some] / np.outer(single_a[of_a], single_b[of_b])[some]
        coherence.append((np.log(ratio) / -np.log(joint[some])).sum() / joint.size)
    return float(np.mean(coherence)) if average else np.array(coherence)


def _count(topics, texts, suffix: str) -> tuple[dict[str, int], sparse.csr_array]:
    """Return the column of each topic word, and its count in each text."""
    column: dict[str, int] = {}
    for words in topics:
        for word in words:
            column.setdefault(word, len(column))
    columns, values, ends = [], [], [0]
    for text in texts:
        tokens = Counter(text.split() if isinstance(text, str) else text)
        found = [word for word in tokens if word in column]
        columns += [column[word] for word in found]
        values += [tokens[word] for word in found]
        ends.append(len(columns))
    if not columns:
        raise ValueError(
            f"texts_{suffix} has no word of topics_{suffix}; preprocess the reference "
            "documents like the training texts"
        )
    shape = len(ends) - 1, len(column)
    return column, sparse.csr_array((values, columns, ends), shape=shape)


@validate_params(
    {
        "topics": ["array-like"],
        "n_words": [Interval(Integral, 1, None, closed="left")],
        "average": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def topic_uniqueness(
    topics: Topics, *, n_words: int = 15, average: bool = True
) -> float | np.ndarray:
    """Topic uniqueness (TU): how few topics share each of their top words [1]_.

    Parameters
    ----------
    topics : sequence of sequences of str
        Top words of each topic, the best first.
    n_words : int, default=15
        Number of top words to use of each topic; papers use 15.
    average : bool, default=True
        If False, return the uniqueness of each topic.

    Returns
    -------
    uniqueness : float or ndarray of shape (n_topics,)
        Mean over the top words of 1 divided by the number of topics that have the word:
        1 if no two topics share a word, 1 / n_topics if all topics are the same.

    Raises
    ------
    ValueError
        If a topic has fewer than ``n_words`` words.

    See Also
    --------
    topic_diversity : Share of distinct words among the top words; equals the mean TU
        for the same number of words.

    References
    ----------
    .. [1] F. Nan, R. Ding, R. Nallapati and B. Xiang, "Topic Modeling with Wasserstein
       Autoencoders", ACL 2019, Section 4.2.

    Examples
    --------
    >>> from sklearn_m3l.metrics import topic_uniqueness
    >>> topics = [["ship", "sea"], ["oak", "sea"], ["owl", "elk"]]
    >>> topic_uniqueness(topics, n_words=2, average=False)
    array([0.75, 0.75, 1.  ])
    """
    words = first_words(topics, n_words, "topics")
    n_topics = Counter(word for topic in words for word in topic)
    uniqueness = [np.mean([1 / n_topics[word] for word in topic]) for topic in words]
    return float(np.mean(uniqueness)) if average else np.array(uniqueness)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def topic_quality(
    topics_a: Topics,
    topics_b: Topics,
    texts_a: Texts,
    texts_b: Texts,
    *,
    n_words: int = 15,
    word_counts: str = "documents",
) -> float:
    """Topic quality (TQ): CNPMI where positive, times topic uniqueness.

    It is high only if the words of a topic belong together and differ from those of
    other topics: a single good topic, repeated, also has a high CNPMI.

    Parameters
    ----------
    topics_a, topics_b, texts_a, texts_b, n_words, word_counts
        As in :func:`cnpmi`.

    Returns
    -------
    quality : float
        max(0, CNPMI) times the mean of the topic uniqueness in the two languages.

    Raises
    ------
    ValueError
        As in :func:`cnpmi`.

    See Also
    --------
    cnpmi : The first factor.
    topic_uniqueness : The second factor, in each language.

    Examples
    --------
    >>> from sklearn_m3l.metrics import topic_quality
    >>> english, german = ["sea ship", "sea", "oak"], ["Meer", "Meer", "Eiche"]
    >>> topics = [["sea"], ["oak"]], [["Meer"], ["Eiche"]]
    >>> round(topic_quality(*topics, english, german, n_words=1), 3)
    1.0
    """
    coherence = cnpmi(
        topics_a, topics_b, texts_a, texts_b, n_words=n_words, word_counts=word_counts
    )
    uniqueness = [topic_uniqueness(t, n_words=n_words) for t in (topics_a, topics_b)]
    return float(max(0.0, coherence) * np.mean(uniqueness))

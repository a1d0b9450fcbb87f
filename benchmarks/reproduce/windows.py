"""Coherence in sliding windows, as gensim counts it, for many models of one corpus."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from sklearn_m3l.metrics import npmi_coherence

_SIZE = 10
# What a measure that is taken in windows is called.
WINDOW = f"window {_SIZE}"


def make_windows(
    texts: list[str], vocabulary: np.ndarray, split: Callable[[str], list[str]]
) -> sparse.csr_array:
    """Return which words are in each window of 10 tokens, as gensim slides it.

    Tokens are the words of the vocabulary, in order. A text of fewer is one window;
    texts that are there twice count once.
    """
    column = {word: number for number, word in enumerate(vocabulary.tolist())}
    indptr, indices = [0], []
    documents = (
        tuple(column[word] for word in split(text.lower()) if word in column)
        for text in dict.fromkeys(texts)
    )
    for words in filter(None, dict.fromkeys(documents)):
        present = set(words[:_SIZE])
        for start in range(max(1, len(words) - _SIZE + 1)):
            if start:
                # As gensim does, even where the word is in the window once more.
                present.discard(words[start - 1])
                present.add(words[start + _SIZE - 1])
            indices.extend(present)
            indptr.append(len(indices))
    presence = np.ones(len(indices), np.int8)
    shape = (len(indptr) - 1, len(column))
    return sparse.csr_array((presence, np.array(indices, np.int32), indptr), shape)


def window_coherence(
    topics: list[list[str]], windows: sparse.csr_array, vocabulary: np.ndarray
) -> float:
    """Return what ``npmi_coherence(topics, texts=tokens)`` does, from windows.

    gensim takes many times as long, as it goes through all texts for each model.
    """
    # Equal documents count once, but equal windows do not: no two rows may be equal.
    numbers = np.repeat(np.arange(1.0, windows.shape[0] + 1), np.diff(windows.indptr))
    distinct = sparse.csr_array(
        (numbers, windows.indices, windows.indptr), shape=windows.shape
    )
    return npmi_coherence(topics, distinct, vocabulary)

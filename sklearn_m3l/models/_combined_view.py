"""Views whose vectors are an embedding and what the words say of the topics."""

from dataclasses import dataclass

import numpy as np

from sklearn_m3l.multiview import View
from sklearn_m3l.utils._hash import mix_bits

# Weight of equal proportions beside the words of a text, in tokens.
_PRIOR_TOKENS = 10.0

# One training row in this many is encoded without the words of a text, so that the
# network knows texts of which nothing but an embedding is given.
_WORDLESS = 10


@dataclass(frozen=True, eq=False)
class CombinedView(View):
    """A view whose vectors are its embedding and the topics of its words.

    Each word votes for topics by the probability that they give it; the square roots
    of the shares of the votes follow the embedding.

    Parameters
    ----------
    embedding, counts, vocabulary, present
        As in `View`. Without counts, it has texts without known words.
    word_topics : ndarray of float32 of shape (n_words, n_components)
        Share of each topic in the votes of each word.
    no_votes : ndarray of float32 of shape (n_components,), optional
        What follows the embedding of a text without known words; by default equal
        shares.
    seed : int, optional
        Draws the rows that are read without their words; by default none are.
    """

    word_topics: np.ndarray | None = None
    no_votes: np.ndarray | None = None
    seed: int | None = None

    @property
    def width(self) -> int:
        """Length of the vectors that a model encodes."""
        return super().width + self._votes.shape[1]

    def read(self, rows) -> np.ndarray:
        """Return embeddings and votes of some rows; see `View.read`."""
        vectors = super().read(rows)
        n_topics = self._votes.shape[1]
        votes = np.zeros((len(vectors), n_topics), dtype=np.float32)
        if self.counts is not None:
            votes += self.counts[rows] @ self._votes
            if self.seed is not None:
                places = range(len(self))[rows] if isinstance(rows, slice) else rows
                keys = mix_bits(np.asarray(places) + self.seed * len(self))
                votes[keys % np.uint64(_WORDLESS) == 0] = 0
        silent = ~votes.any(axis=1)
        votes += _PRIOR_TOKENS / n_topics
        roots = np.sqrt(votes / votes.sum(axis=1, keepdims=True))
        if self.no_votes is not None:
            roots[silent] = self.no_votes
        if self.embedding is not None and self.embedding.dtype == np.float16:
            roots = roots.astype(np.float16)  # as training may keep all vectors
        return np.hstack([vectors, roots], dtype=np.float32)

    @property
    def _votes(self) -> np.ndarray:
        assert self.word_topics is not None
        return self.word_topics

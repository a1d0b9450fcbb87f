"""Models that the tests of this room share, and topics whose truth is known."""

import numpy as np
import pytest

from sklearn_m3l import MultiView, PolylingualLDA

N_TOPICS = 3


@pytest.fixture(scope="session")
def lda(small_multiview):
    """Return a fitted model of English and German; its rows have pictures, too."""
    X = small_multiview[["en", "de"]]
    return PolylingualLDA(N_TOPICS, max_iter=20, random_state=0).fit(X)


@pytest.fixture(scope="session")
def planted():
    """Return 80 articles of two rows, in which German is about topic 2 more often.

    English articles are about topics 0, 1 and 2 alike. Every fourth German text is
    about topic 2 where the English one is about topic 0: articles 0, 12, 24 and so on.
    """
    topic = np.repeat(np.arange(80) % N_TOPICS, 2)
    changed = np.repeat(np.arange(80) % 12 == 0, 2)
    rng = np.random.default_rng(0)
    counts = {}
    for view in ("en", "de"):
        own = np.where(changed & (view == "de"), 2, topic)
        words = np.full((N_TOPICS, 12), 0.01)
        for number in range(N_TOPICS):
            words[number, 4 * number : 4 * number + 4] = 1
        words /= words.sum(axis=1, keepdims=True)
        counts[view] = rng.multinomial(40, words[own])
    vocabularies = {v: [f"{v}-{n // 4}-{n % 4}" for n in range(12)] for v in counts}
    groups = [f"article {row // 2}" for row in range(160)]
    return MultiView.from_arrays(
        counts=counts, vocabularies=vocabularies, groups=groups
    )


@pytest.fixture(scope="session")
def planted_lda(planted):
    """Return a model of the planted topics, learned from unchanged articles."""
    unchanged = np.repeat(np.arange(80) % 12 != 0, 2)
    model = PolylingualLDA(N_TOPICS, max_iter=60, random_state=0)
    return model.fit(planted[unchanged])


@pytest.fixture(scope="session")
def number_of(planted_lda):
    """Return the model's number of each planted topic."""
    words = planted_lda.top_words("en", 1)
    return {int(first.split("-")[1]): topic for topic, (first,) in enumerate(words)}

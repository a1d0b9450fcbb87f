"""Corpora whose topics are known, and models that are quickly fitted."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_m3l import M3LContrastTopicModel, MultiView

N_TOPICS, WORDS_A_TOPIC = 4, 6
WIDTHS = {"en": 24, "de": 16, "fr": 20, "image": 12}


@pytest.fixture(scope="session")
def plant():
    """Return a function that builds tuples, and the topics that they are about.

    A topic has six words of its own in each language, "de-2-5" being the sixth
    German word of topic 2. Embeddings are random projections of the topics, of
    another width in each view, and noise.
    """

    def build(views=("en", "de", "image"), n_rows=200, seed=0):
        rng = np.random.default_rng(seed)
        theta = rng.dirichlet(np.full(N_TOPICS, 0.15), n_rows)
        words = [(t, w) for t in range(N_TOPICS) for w in range(WORDS_A_TOPIC)]
        topic_word = np.repeat(np.eye(N_TOPICS), WORDS_A_TOPIC, axis=1) / WORDS_A_TOPIC
        embeddings, counts, vocabularies = {}, {}, {}
        for name in views:
            directions = rng.normal(size=(N_TOPICS, WIDTHS[name]))
            noise = 0.02 * rng.normal(size=(n_rows, WIDTHS[name]))
            embeddings[name] = theta @ directions + noise
            if name != "image":
                counts[name] = rng.multinomial(300, theta @ topic_word)
                vocabularies[name] = [f"{name}-{t}-{w}" for t, w in words]
        return MultiView.from_arrays(embeddings, counts, vocabularies), theta

    return build


@pytest.fixture(scope="session")
def quick():
    """Return a function that makes a model that is fitted in a moment."""

    def make(n_components=3, **parameters):
        fast = {
            "max_iter": 2,
            "init_max_iter": 10,
            "hidden_layer_sizes": (8,),
            "random_state": 0,
        }
        return M3LContrastTopicModel(n_components, **fast | parameters)

    return make


@pytest.fixture(scope="session")
def _fitted(quick, small_multiview):
    return quick().fit(small_multiview)


@pytest.fixture
def fitted(_fitted):
    """Return a model of `small_multiview`, a copy for each test."""
    copy = clone(_fitted)
    vars(copy).update(vars(_fitted))
    return copy

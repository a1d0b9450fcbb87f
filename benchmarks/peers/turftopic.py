"""turftopic: KeyNMF in several languages, and its models of texts with pictures."""

from functools import partial

import numpy as np

from benchmarks.peers.delivery import (
    NEEDS_CLIP,
    NOT_A_MIXTURE,
    Corpus,
    Fitted,
    System,
    main,
    reasons,
    top_words,
)
from benchmarks.peers.multimodal import fit_multimodal


class Words:
    """Vectors of words that were made before, in the place of an encoder."""

    def __init__(self, vectors: dict[str, np.ndarray]):
        self.vectors = vectors

    def encode(self, texts, **_) -> np.ndarray:
        """Return the vectors of words."""
        return np.stack([self.vectors[text] for text in texts])


def least_threshold(vectors: np.ndarray) -> float:
    """Return from which cosine on words match.

    It is the least from its default of 0.9 on, in steps of 0.01, at which no term holds
    more than 1% of the words. At 0.9 nearly all words of E5 are one term.
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T
    least = 0.99
    # The less words match, the smaller is the graph.
    for threshold in (np.arange(99, 89, -1) / 100).tolist():
        _, terms = connected_components(sparse.csr_array(cosine > threshold))
        if np.bincount(terms).max() > len(vectors) / 100:
            break
        least = threshold
    return least


def fit_keynmf(corpus: Corpus, seed: int, _: int | None) -> Fitted:
    """Learn from the texts of all languages, whose words are matched."""
    from sklearn.feature_extraction.text import CountVectorizer
    from turftopic import KeyNMF

    documents, vectors = corpus.all_texts()
    of_words: dict[str, np.ndarray] = {}
    vocabularies = {view: corpus.vocabulary(view) for view in corpus.texts}
    for view, vocabulary in vocabularies.items():
        own = zip(vocabulary, corpus.word_embeddings(view), strict=True)
        of_words = dict(own) | of_words
    model = KeyNMF(
        corpus.n_topics,
        encoder=Words(of_words),
        vectorizer=CountVectorizer(analyzer=str.split, vocabulary=sorted(of_words)),
        cross_lingual=True,
        term_match_threshold=least_threshold(np.stack([*of_words.values()])),
        random_state=seed,
    )
    model.fit(documents, embeddings=vectors)

    # Words that match are one term: the words of a language that it stands for.
    known = model.extractor.vocab
    term_of = {
        word: next(iter(terms))
        for word, terms in zip(
            known,
            model.extractor.match_terms(
                [{word: 1.0} for word in known], model.term_match_threshold
            ),
            strict=True,
        )
    }
    place = {term: number for number, term in enumerate(model.get_vocab())}
    words = {}
    for view, vocabulary in vocabularies.items():
        weights = np.zeros((corpus.n_topics, len(vocabulary)))
        for column, word in enumerate(vocabulary):
            if term_of.get(word) in place:
                weights[:, column] = model.components_[:, place[term_of[word]]]
        words[view] = top_words(weights, vocabulary)

    def infer(view, part, rows):
        return model.transform(
            corpus.documents(part, view, rows),
            embeddings=corpus.embeddings(part, view, rows),
        )

    return Fitted(
        corpus.n_topics,
        words,
        {view: partial(infer, view) for view in corpus.texts},
        reads_words=True,
        cannot={"Gain": NOT_A_MIXTURE, **reasons(corpus.pictures, NEEDS_CLIP)},
    )


SYSTEMS = {
    "turftopic-keynmf": System(
        "turftopic KeyNMF",
        "cross-lingual; words match from a cosine at which no term holds more than 1% "
        "of them",
        fit_keynmf,
    ),
    "turftopic-multimodal": System(
        "turftopic, texts with pictures", "defaults", fit_multimodal
    ),
}

if __name__ == "__main__":
    main(SYSTEMS, ["turftopic", "scikit-learn", "numpy"], ["turftopic"])

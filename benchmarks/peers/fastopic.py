"""FASTopic, with the texts of all languages as its documents."""

from functools import partial

import numpy as np

from benchmarks.peers.delivery import (
    NOT_ALIGNED,
    Corpus,
    Fitted,
    System,
    main,
    reasons,
    top_words,
)

_TINY = 1e-12


class Counter:
    """Counts known words, in the place of topmost's preprocessing."""

    def __init__(self, words: list[str]):
        self.words = words

    def preprocess(self, documents: list[str]) -> dict:
        """Return the vocabulary and the counts of documents."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(analyzer=str.split, vocabulary=self.words)
        return {"vocab": self.words, "train_bow": counter.transform(documents)}


def fit_texts(corpus: Corpus, seed: int, iterations: int | None) -> Fitted:
    """Learn from the texts of all languages."""
    import torch
    from fastopic import FASTopic

    documents, vectors = corpus.all_texts()
    vocabularies = {view: corpus.vocabulary(view) for view in corpus.texts}
    words = sorted({word for own in vocabularies.values() for word in own})
    torch.manual_seed(seed)
    np.random.seed(seed)  # shuffles documents
    model = FASTopic(
        corpus.n_topics, Counter(words), device="cpu", doc_embed_model=Counter(words)
    )
    model.fit(documents, epochs=iterations, preset_doc_embeddings=vectors)
    place = {word: number for number, word in enumerate(words)}
    weights = {
        view: model.beta[:, [place[word] for word in own]]
        for view, own in vocabularies.items()
    }

    def infer(view, part, rows):
        vectors = torch.as_tensor(corpus.embeddings(part, view, rows))
        return model.transform(doc_embeddings=vectors)

    def log_p(view, theta):
        p = np.maximum(theta @ weights[view].astype(np.float64), _TINY)
        return np.log(p / p.sum(axis=1, keepdims=True))

    return Fitted(
        corpus.n_topics,
        {view: top_words(weights[view], own) for view, own in vocabularies.items()},
        {view: partial(infer, view) for view in corpus.texts},
        log_p=log_p,
        cannot=reasons(corpus.pictures, NOT_ALIGNED),
    )


SYSTEMS = {
    "fastopic": System("FASTopic", "defaults; texts of all languages", fit_texts, 200),
}

if __name__ == "__main__":
    main(SYSTEMS, ["fastopic", "torch", "numpy"], ["fastopic"])

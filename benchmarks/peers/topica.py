"""topica: PolylingualLDA, InfoCTM, and ZeroShotTM."""

from functools import partial

import numpy as np

from benchmarks.peers.delivery import (
    NO_WORDS_OF_PICTURES,
    NOT_A_MIXTURE,
    NOT_ALIGNED,
    Corpus,
    Fitted,
    System,
    columns_of,
    main,
    reasons,
    shares,
    top_words,
)


def fit_polylingual(corpus: Corpus, seed: int, iterations: int | None) -> Fitted:
    """Learn from tuples of all languages."""
    import topica

    rows = corpus.articles()
    texts = {view: corpus.tokens("train", view, rows) for view in corpus.texts}
    model = topica.PolylingualLDA(corpus.n_topics, seed=seed)
    model.fit(texts, iters=iterations, progress=False)
    vocabularies = {view: corpus.vocabulary(view) for view in corpus.texts}
    topic_word = {
        view: columns_of(model.topic_word(view), model.vocabulary(view), words)
        for view, words in vocabularies.items()
    }

    def infer(view, part, rows):
        empty = [[] for _ in rows]
        given = dict.fromkeys(corpus.texts, empty)
        return model.transform(given | {view: corpus.tokens(part, view, rows)})

    return Fitted(
        corpus.n_topics,
        {
            view: top_words(topic_word[view], words)
            for view, words in vocabularies.items()
        },
        {view: partial(infer, view) for view in corpus.texts},
        topic_word,
        reads_words=True,
        cannot=reasons(corpus.pictures, NO_WORDS_OF_PICTURES),
    )


def fit_infoctm(corpus: Corpus, seed: int, iterations: int | None) -> Fitted:
    """Learn from two languages and a dictionary."""
    import topica

    languages, pairs = corpus.dictionary()
    model = topica.InfoCTM(corpus.n_topics, seed=seed, languages=tuple(languages))
    texts = [corpus.tokens("train", v, corpus.articles(v)) for v in languages]
    vectors = [centered_words(corpus, view) for view in languages]
    model.fit(
        *texts,
        dictionary=pairs,
        embeddings_a=vectors[0],
        embeddings_b=vectors[1],
        iters=iterations,
        progress=False,
    )

    def infer(view, part, rows):
        return model.transform(corpus.tokens(part, view, rows), lang=view)

    words = {}
    for view in languages:
        vocabulary = corpus.vocabulary(view)
        found = columns_of(model.topic_word(view), model.vocabulary(view), vocabulary)
        words[view] = top_words(found, vocabulary)
    others = [view for view in corpus.texts if view not in languages]
    return Fitted(
        corpus.n_topics,
        words,
        {view: partial(infer, view) for view in languages},
        reads_words=True,
        cannot={
            "Gain": NOT_A_MIXTURE,
            **reasons(others, "it takes two languages"),
            **reasons(corpus.pictures, NO_WORDS_OF_PICTURES),
        },
    )


def centered_words(corpus: Corpus, view: str) -> dict[str, list[float]]:
    """Return the vectors of words less their mean, by word.

    The threshold of InfoCTM is made for vectors whose cosine is about 0 as a rule.
    """
    vectors = corpus.word_embeddings(view)
    vectors = (vectors - vectors.mean(axis=0)).astype(float).tolist()
    return dict(zip(corpus.vocabulary(view), vectors, strict=True))


def fit_zero_shot(corpus: Corpus, seed: int, iterations: int | None) -> Fitted:
    """Learn from the first language; the others have its encoder in common."""
    import topica

    first, *others = corpus.texts
    rows = corpus.articles(first)
    model = topica.ZeroShotTM(corpus.n_topics, seed=seed)
    vectors = corpus.embeddings("train", first, rows).astype(np.float64)
    model.fit(corpus.tokens("train", first, rows), vectors, iters=iterations)

    def infer(view, part, rows):
        vectors = corpus.embeddings(part, view, rows).astype(np.float64)
        return shares(model.transform([[] for _ in rows], vectors))

    vocabulary = corpus.vocabulary(first)
    found = columns_of(model.topic_word, model.vocabulary, vocabulary)
    taken = corpus.about["aligned"] or [first]
    alone = "it has words of one language"
    return Fitted(
        corpus.n_topics,
        {first: top_words(found, vocabulary)},
        {view: partial(infer, view) for view in taken},
        cannot={
            "Gain": NOT_A_MIXTURE,
            "Cross-NPMI": alone,
            "TQ": alone,
            **reasons([v for v in others if v not in taken], NOT_ALIGNED),
            **reasons(corpus.pictures, NOT_ALIGNED),
        },
    )


DEFAULTS = "defaults"
SYSTEMS = {
    "topica-polylingual-lda": System(
        "topica PolylingualLDA", DEFAULTS, fit_polylingual, 1000, "sweeps"
    ),
    "topica-zeroshottm": System("topica ZeroShotTM", DEFAULTS, fit_zero_shot, 200),
    "topica-infoctm": System(
        "topica InfoCTM",
        "defaults; vectors of words centered; a dictionary",
        fit_infoctm,
        500,
    ),
}

if __name__ == "__main__":
    main(SYSTEMS, ["topica", "numpy"], ["topica"])

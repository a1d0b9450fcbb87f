"""BERTopic: texts of several languages, and texts with pictures."""

from functools import partial

import numpy as np

from benchmarks.peers.delivery import (
    NEEDS_CLIP,
    NOT_A_MIXTURE,
    Cannot,
    Corpus,
    Fitted,
    System,
    columns_of,
    main,
    reasons,
    top_words,
)
from benchmarks.peers.multimodal import fit_multimodal


def fit_texts(
    corpus: Corpus, seed: int, _: int | None, k_means: bool = False
) -> Fitted:
    """Cluster the texts of all languages.

    Its documentation recommends a seeded UMAP where results must be reproducible;
    k-means for a given number of topics; and for topic distributions
    `calculate_probabilities`, or `approximate_distribution` with other clusters than
    those of HDBSCAN, which finds the number of topics itself.
    """
    from bertopic import BERTopic
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import CountVectorizer
    from umap import UMAP

    documents, vectors = corpus.all_texts()
    vocabularies = {view: corpus.vocabulary(view) for view in corpus.texts}
    clusters = None
    if k_means:
        n_clusters = min(corpus.n_topics, len(documents))
        clusters = KMeans(n_clusters, random_state=seed)
    model = BERTopic(
        language="multilingual",
        calculate_probabilities=not k_means,
        hdbscan_model=clusters,
        umap_model=UMAP(
            n_neighbors=15,
            n_components=5,
            min_dist=0.0,
            metric="cosine",
            random_state=seed,
        ),
        vectorizer_model=CountVectorizer(tokenizer=str.split, token_pattern=None),
    )
    model.fit(documents, embeddings=vectors)
    # The first topic holds the outliers, if there are any.
    found = sorted(set(model.topics_))
    weights = model.c_tf_idf_.toarray()[np.asarray(found) >= 0]
    n_topics = len(weights)
    if n_topics < 2:
        raise Cannot("it found no two topics")
    known = model.vectorizer_model.get_feature_names_out()
    weights = {
        view: columns_of(weights, known, own) for view, own in vocabularies.items()
    }

    def infer(view, part, rows):
        documents = corpus.documents(part, view, rows)
        if k_means:
            return model.approximate_distribution(documents)[0]
        return model.transform(documents, corpus.embeddings(part, view, rows))[1]

    return Fitted(
        n_topics,
        {view: top_words(weights[view], own) for view, own in vocabularies.items()},
        {view: partial(infer, view) for view in corpus.texts},
        reads_words=k_means,
        cannot={"Gain": NOT_A_MIXTURE, **reasons(corpus.pictures, NEEDS_CLIP)},
    )


SYSTEMS = {
    "bertopic": System(
        "BERTopic",
        "multilingual defaults, which find the number of topics",
        fit_texts,
        warm_up=True,
    ),
    "bertopic-k-means": System(
        "BERTopic",
        "multilingual, with k-means and approximate distributions",
        partial(fit_texts, k_means=True),
        warm_up=True,
    ),
    "bertopic-multimodal": System(
        "BERTopic, texts with pictures", "defaults", fit_multimodal
    ),
}

if __name__ == "__main__":
    main(
        SYSTEMS,
        ["bertopic", "umap-learn", "hdbscan", "scikit-learn", "numpy"],
        ["bertopic", "umap"],
    )

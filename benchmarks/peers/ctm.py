"""contextualized-topic-models: ZeroShotTM."""

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


def fit_zero_shot(corpus: Corpus, seed: int, iterations: int | None) -> Fitted:
    """Learn from the first language; the others have its encoder in common."""
    import torch
    from contextualized_topic_models.datasets.dataset import CTMDataset
    from contextualized_topic_models.models.ctm import ZeroShotTM

    first, *others = corpus.texts
    vocabulary = corpus.vocabulary(first)
    names = dict(enumerate(vocabulary))

    def dataset(part, view, rows):
        if view == first:
            counts = corpus.counts(part, view, rows)
        else:  # the words of other languages are not read
            counts = np.zeros((len(rows), len(vocabulary)), dtype=np.float32)
        return CTMDataset(corpus.embeddings(part, view, rows), counts, names)

    def infer(view, part, rows):
        return model.get_doc_topic_distribution(dataset(part, view, rows), 20)

    def log_p(_, theta):
        network = model.model.eval()
        with torch.no_grad():
            mixed = torch.as_tensor(theta, dtype=torch.float32) @ network.beta
            return torch.log_softmax(network.beta_batchnorm(mixed), dim=1).numpy()

    torch.manual_seed(seed)
    train = dataset("train", first, corpus.articles(first))
    model = ZeroShotTM(
        bow_size=len(vocabulary),
        contextual_size=train.X_contextual.shape[1],
        n_components=corpus.n_topics,
        num_epochs=iterations,
        num_data_loader_workers=0,  # one process, as all others
    )
    model.fit(train, do_train_predictions=False)
    taken = corpus.about["aligned"] or [first]
    alone = "it has words of one language"
    return Fitted(
        corpus.n_topics,
        {first: top_words(model.get_topic_word_matrix(), vocabulary)},
        {view: partial(infer, view) for view in taken},
        log_p=log_p,
        cannot={
            "Cross-NPMI": alone,
            "TQ": alone,
            **reasons([v for v in others if v not in taken], NOT_ALIGNED),
            **reasons(corpus.pictures, NOT_ALIGNED),
        },
    )


SYSTEMS = {
    "ctm-zeroshottm": System(
        "contextualized-topic-models ZeroShotTM", "defaults", fit_zero_shot, 100
    ),
}

if __name__ == "__main__":
    main(
        SYSTEMS,
        ["contextualized-topic-models", "torch", "numpy"],
        ["contextualized_topic_models.models.ctm"],
    )

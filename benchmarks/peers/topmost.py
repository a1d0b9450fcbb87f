"""topmost: NMTM and InfoCTM, which learn two languages from a dictionary."""

import sys
import tempfile
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.peers.delivery import (
    NO_WORDS_OF_PICTURES,
    Corpus,
    Fitted,
    System,
    main,
    reasons,
    top_words,
)

# What topmost calls the first and the second language.
_NAMES = ("en", "cn")


def stand_in_for_torchvision() -> None:
    """Let topmost be imported without torchvision, of which it needs a download.

    PyPI's build of it does not fit a PyTorch for processors.
    """
    import sentence_transformers  # noqa: F401  asks whether torchvision is there

    for name in ("torchvision", "torchvision.datasets", "torchvision.datasets.utils"):
        sys.modules.setdefault(name, ModuleType(name))
    sys.modules["torchvision.datasets.utils"].download_url = None


def write_dataset(corpus: Corpus, folder: Path) -> list[str]:
    """Write the two languages of the dictionary as topmost reads them."""
    from scipy import sparse

    languages, pairs = corpus.dictionary()
    for name, view in zip(_NAMES, languages, strict=True):
        vocabulary = corpus.vocabulary(view)
        (folder / f"vocab_{name}").write_text("\n".join(vocabulary), encoding="utf-8")
        vectors = corpus.word_embeddings(view)
        # The threshold of InfoCTM is made for cosines of about 0 as a rule.
        vectors = sparse.csr_matrix(vectors - vectors.mean(axis=0))
        sparse.save_npz(folder / f"word2vec_{name}.npz", vectors)
        for part in ("train", "test"):
            rows = corpus.articles(view)
            # Nothing of the test part is shown to it.
            rows = rows if part == "train" else rows[:1]
            documents = corpus.documents("train", view, rows)
            path = folder / f"{part}_texts_{name}.txt"
            path.write_text("\n".join(documents), encoding="utf-8")
            counts = corpus.counts("train", view, rows)
            sparse.save_npz(folder / f"{part}_bow_matrix_{name}.npz", counts)
            np.savetxt(folder / f"{part}_labels_{name}.txt", np.zeros(len(rows)))
    lines = [f"{second} {first}" for first, second in pairs]
    (folder / "dictionary.txt").write_text("\n".join(lines), encoding="utf-8")
    return languages


def make_nmtm(topmost, dataset, n_topics: int):
    """Return NMTM with its defaults."""
    sizes = dataset.vocab_size_en, dataset.vocab_size_cn
    return topmost.NMTM(dataset.Map_en2cn, dataset.Map_cn2en, *sizes, n_topics)


def make_infoctm(topmost, dataset, n_topics: int):
    """Return InfoCTM with its defaults."""
    return topmost.InfoCTM(
        dataset.trans_matrix_en,
        dataset.pretrained_WE_en,
        dataset.pretrained_WE_cn,
        dataset.vocab_size_en,
        dataset.vocab_size_cn,
        n_topics,
    )


def fit(corpus: Corpus, seed: int, iterations: int | None, make) -> Fitted:
    """Learn from two languages and a dictionary."""
    import topmost
    import torch

    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        languages = write_dataset(corpus, Path(folder))
        dataset = topmost.CrosslingualDataset(
            folder, *_NAMES, f"{folder}/dictionary.txt"
        )
    model = make(topmost, dataset, corpus.n_topics)
    trainer = topmost.CrosslingualTrainer(model, dataset, epochs=iterations)
    trainer.train()
    beta = dict(zip(languages, trainer.get_beta(), strict=True))
    names = dict(zip(languages, _NAMES, strict=True))

    def infer(view, part, rows):
        counts = torch.as_tensor(corpus.counts(part, view, rows).toarray())
        # It returns the mean before the softmax that topics go through in training.
        means = torch.as_tensor(trainer.infer_theta(counts.float(), names[view]))
        return torch.softmax(means, dim=1).numpy()

    def log_p(view, theta):
        normalize = getattr(model.eval(), f"decoder_bn_{names[view]}")
        with torch.no_grad():
            mixed = torch.as_tensor(theta).float() @ torch.as_tensor(beta[view])
            return torch.log_softmax(normalize(mixed), dim=1).numpy()

    others = [view for view in corpus.texts if view not in languages]
    return Fitted(
        corpus.n_topics,
        {view: top_words(beta[view], corpus.vocabulary(view)) for view in languages},
        {view: partial(infer, view) for view in languages},
        log_p=log_p,
        reads_words=True,
        cannot={
            **reasons(others, "it takes two languages"),
            **reasons(corpus.pictures, NO_WORDS_OF_PICTURES),
        },
    )


SYSTEMS = {
    "topmost-nmtm": System(
        "topmost NMTM", "defaults; a dictionary", partial(fit, make=make_nmtm), 500
    ),
    "topmost-infoctm": System(
        "topmost InfoCTM",
        "defaults; vectors of words centered; a dictionary",
        partial(fit, make=make_infoctm),
        500,
    ),
}

if __name__ == "__main__":
    stand_in_for_torchvision()
    main(SYSTEMS, ["topmost", "torch", "numpy"], ["topmost"])

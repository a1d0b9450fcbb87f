"""Encode the raw texts of the GIMP manual as its bundled embeddings were made.

Run from the root of the repository: ``python -m benchmarks.raw_text --model FOLDER``,
where FOLDER holds multilingual-e5-small for sentence-transformers. It prints how close
the embeddings of `SentenceTransformerEncoder` are to the bundled ones, and the figures
of the whole pipeline beside those of a model of the bundled arrays.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import (
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)
from sklearn_m3l.metrics import evaluate_alignment

# Large parts of the German manual are still English.
STOP_WORDS = {"en": "en", "de": ["de", "en"]}


def read_pages(subset: str) -> Bunch:
    """Return raw texts and bundled arrays, one row per page."""
    corpus = load_gimp_help(subset)
    rows = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
    texts = list(STOP_WORDS)
    return Bunch(
        frame=corpus.frame[texts].iloc[rows],
        data=corpus.data[rows][texts],
    )


def print_similarity(X, pages: Bunch, subset: str) -> None:
    for name, view in X.views.items():
        made, bundled = view.embedding, pages.data[name].embedding
        norms = np.linalg.norm(made, axis=1) * np.linalg.norm(bundled, axis=1)
        cosine = (made * bundled).sum(axis=1) / norms
        print(
            f"{subset} {name}: cosine to the bundled embeddings at least "
            f"{cosine.min():.6f}, mean {cosine.mean():.6f} ({len(X)} pages)"
        )


def print_figures(model, train, test, what: str) -> None:
    scores = evaluate_alignment(model, test.data, X_train=train.data)
    figures = (f"{name} {score.value:.3f}" for name, score in scores.items())
    print(f"{what}: " + ", ".join(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep vectors here"
    )
    parser.add_argument("--random-state", type=int, default=0, metavar="SEED")
    arguments = parser.parse_args()

    encoder = SentenceTransformerEncoder(
        arguments.model,
        prompt="passage: ",
        normalize=True,
        cache_dir=arguments.cache,
        verbose=1,
    )
    views = [
        (name, TextView(encoder, language=code)) for name, code in STOP_WORDS.items()
    ]
    model = M3LContrastTopicModel(random_state=arguments.random_state)
    pipeline = Pipeline([("encode", MultiViewEncoder(views)), ("topics", model)])

    train, test = read_pages("train"), read_pages("test")
    pipeline.fit(train.frame)
    encoded = {}
    for subset, pages in (("train", train), ("test", test)):
        X = pipeline["encode"].transform(pages.frame)
        print_similarity(X, pages, subset)
        encoded[subset] = Bunch(data=X)
    for name, view in encoded["train"].data.views.items():
        shared = np.intersect1d(view.vocabulary, train.data[name].vocabulary)
        print(f"{name}: {len(shared):,} of {view.counts.shape[1]:,} words are bundled")
    print_figures(pipeline["topics"], encoded["train"], encoded["test"], "raw texts")
    print_figures(model.fit(train.data), train, test, "bundled arrays")


if __name__ == "__main__":
    main()

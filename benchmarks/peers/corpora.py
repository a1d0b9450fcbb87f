"""The corpus of the comparison of samplers: English words, and vectors."""

from dataclasses import dataclass

import numpy as np

from benchmarks.corpora import load_multi30k
from sklearn_m3l import MultiView


@dataclass
class Corpus:
    """A corpus whose view "en" has vectors and counts, and whose "de" has vectors.

    Parameters
    ----------
    title : str
        What it is.
    train, test : MultiView
        Its parts.
    """

    title: str
    train: MultiView
    test: MultiView

    @property
    def vocabulary(self) -> np.ndarray:
        """The English words."""
        return self.train["en"].vocabulary


def read_multi30k(folder: str, n_rows: int) -> Corpus:
    """Return the first training rows of Multi30k, and its test rows of 2016."""
    corpus = load_multi30k(folder, ["train", "test_2016"])
    train, test = _keep_words(corpus.train[:n_rows], corpus.test_2016)
    return Corpus(f"Multi30k, {len(train):,} rows", train, test)


def _keep_words(train: MultiView, test: MultiView) -> list[MultiView]:
    """Leave out the words that no training row has, and what is not compared."""
    words = np.flatnonzero(train["en"].counts.sum(axis=0))
    return [
        MultiView.from_arrays(
            embeddings={name: X[name].read(slice(None)) for name in ("en", "de")},
            counts={"en": X["en"].counts[:, words]},
            vocabularies={"en": X["en"].vocabulary[words]},
        )
        for X in (train, test)
    ]

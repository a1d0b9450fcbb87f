"""The corpora that the benchmarks run on, as MultiViews."""

import gzip
import re
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import Bunch
from stop_words import get_stop_words

from sklearn_m3l import MultiView

# Unicode words of two letters or more.
TOKEN_PATTERN = r"(?u)\b[^\W\d_]{2,}\b"


def make_vectorizer(language):
    """Return the paper's vectorizer: no stop words, the 2,000 most frequent words."""
    # The stop words as the vectorizer cuts words ("don't" is "don" there).
    cut = re.compile(TOKEN_PATTERN).findall
    stop_words = sorted(
        {word for stop in get_stop_words(language) for word in cut(stop)}
    )
    return CountVectorizer(
        max_features=2000,
        stop_words=stop_words,
        token_pattern=TOKEN_PATTERN,
        dtype=np.float32,
    )


def load_multi30k(folder, splits=("train", "val", "test_2016")):
    """Read Multi30K task 2: five English and five German descriptions a picture.

    Parameters
    ----------
    folder : str or path
        Holds `{split}.{1..5}.{en,de}.gz` and `text_embeddings.{split}.{en,de}.npy`.
    splits : sequence of str
        The splits to read; the vocabulary is that of "train".

    Returns
    -------
    Bunch
        A MultiView for each split, and `texts`: split -> language -> documents.
    """
    folder = Path(folder)
    texts = {
        split: {lang: read_documents(folder, split, lang) for lang in ("en", "de")}
        for split in {"train", *splits}
    }
    vectorizers = {
        lang: make_vectorizer(lang).fit(texts["train"][lang]) for lang in ("en", "de")
    }
    vocabularies = {
        lang: vectorizer.get_feature_names_out()
        for lang, vectorizer in vectorizers.items()
    }
    bunch = Bunch(texts=texts)
    for split in splits:
        bunch[split] = MultiView.from_arrays(
            {
                lang: np.load(folder / f"text_embeddings.{split}.{lang}.npy")
                for lang in ("en", "de")
            },
            {
                lang: vectorizer.transform(texts[split][lang])
                for lang, vectorizer in vectorizers.items()
            },
            vocabularies,
        )
    return bunch


def read_documents(folder, split, language):
    """Join the five descriptions of each picture of Multi30k into one document."""
    parts = []
    for number in range(1, 6):
        path = Path(folder) / f"{split}.{number}.{language}.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            parts.append(file.read().splitlines())
    return [" ".join(f"{line}." for line in rows) for rows in zip(*parts, strict=True)]

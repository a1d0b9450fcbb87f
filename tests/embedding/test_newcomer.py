"""What a newcomer writes: a table in, aligned topics out, and nothing downloaded."""

import numpy as np
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon


def table(subset):
    """Return raw texts and pictures, a row a page with its first picture."""
    corpus = load_gimp_help(subset)
    frame = corpus.frame[~corpus.frame.duplicated(["en", "de"])].copy()
    frame["image"] = [
        corpus.thumbnails[path] if isinstance(path, str) else None
        for path in frame["image"]
    ]
    return frame


def test_topics_of_raw_texts_and_pictures():
    pipeline = Pipeline(
        [
            ("encode", make_multiview_encoder(["en", "de"], ["image"], random_state=0)),
            ("topics", M3LContrastTopicModel(max_iter=40, random_state=0)),
        ]
    )
    pipeline.fit(table("train"))
    test = table("test")
    english, german = (pipeline.transform(test[[name]]) for name in ("en", "de"))
    assert mean_reciprocal_rank(pairwise_jensen_shannon(english, german)) > 0.75
    pictures = pipeline.transform(test.dropna(subset="image")[["image"]])
    np.testing.assert_allclose(pictures.sum(axis=1), 1, atol=1e-5)
    assert len(set(pictures.argmax(axis=1))) > 10

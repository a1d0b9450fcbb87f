"""A table of raw texts and pictures becomes topics, which are searched and stored."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel, load_model, save_model
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import AblationDisplay
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import (
    make_alignment_scorer,
    mean_reciprocal_rank,
    pairwise_jensen_shannon,
)

pytestmark = pytest.mark.slow


def read_table(subset):
    """Return one row per page: its texts, and a picture as the bytes of a file."""
    corpus = load_gimp_help(subset)
    frame = corpus.frame.drop_duplicates(["en", "de"])
    return frame.assign(image=frame["image"].map(corpus.thumbnails))


def test_a_pipeline_of_raw_texts_and_pictures(tmp_path):
    train, test = read_table("train"), read_table("test")
    model = M3LContrastTopicModel(max_iter=20, init_max_iter=20, random_state=0)
    encoder = make_multiview_encoder(["en", "de"], ["image"], random_state=0)
    pipeline = Pipeline([("encode", encoder), ("topics", model)]).fit(train)
    assert pipeline["topics"].topics_frame().shape == (50, 2)

    english, german = (pipeline.transform(test[[name]]) for name in ("en", "de"))
    distances = pairwise_jensen_shannon(english, german)
    assert mean_reciprocal_rank(distances) > 0.75

    pictures = pipeline.transform(test[["image"]].dropna())
    assert len(set(pictures[0].argsort()[::-1][:3])) == 3

    save_model(pipeline, tmp_path / "topics.safetensors")
    loaded = load_model(tmp_path / "topics.safetensors")
    np.testing.assert_array_equal(loaded.transform(test[["en"]]), english)


def test_a_search_for_the_number_of_topics():
    X = load_gimp_help("train").data[:200]
    search = GridSearchCV(
        M3LContrastTopicModel(max_iter=2, init_max_iter=20, random_state=0),
        {"n_components": [25, 50, 100]},
        scoring=make_alignment_scorer(["mrr", "uap", "jsd", "npmi"]),
        refit="mrr",
        cv=GroupKFold(3),
    )
    search.fit(X, groups=X.groups)
    assert search.best_params_["n_components"] in {25, 50, 100}
    AblationDisplay.from_cv_results(
        search.cv_results_, "n_components", score_name="mrr"
    )

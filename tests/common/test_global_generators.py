"""No public call draws from the global generators of numpy, torch and random, or
seeds them.
"""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    ImageStatisticsEncoder,
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)

from estimators import ESTIMATORS  # isort: skip  # beside this file

TEXTS = ["brush and ink", "the layer mask", "brush and mask", "ink and ink"] * 3
PICTURES = [np.full((6, 8), level) for level in (0.0, 0.3, 0.6, 1.0)] * 3
TABLE = pd.DataFrame({"en": TEXTS, "image": PICTURES})
ENCODERS = [
    (LsaEncoder(2, random_state=0), TEXTS),
    (LsaEncoder(2), TEXTS),
    (StaticEncoder(), TEXTS),
    (Doc2VecEncoder(3, min_count=1, max_iter=2), TEXTS),
    (ImageStatisticsEncoder(), PICTURES),
    (WordVectorizer(), TEXTS),
    (MultiViewEncoder([("en", TextView()), ("image", ImageView())]), TABLE),
]


@pytest.fixture
def unchanged(generator_states):
    """Check that the generators are at the end where they were at the beginning."""
    np.random.seed(7)
    torch.manual_seed(7)
    random.seed(7)
    before = generator_states()
    yield
    assert generator_states() == before


@pytest.mark.slow
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
def test_estimators(unchanged, small_multiview, tmp_path, model):
    X = small_multiview[["en"]] if "Zero" in repr(model) else small_multiview
    parameters = {}
    if isinstance(model, PolylingualLDA):
        parameters |= {"optimize_interval": 2, "burn_in": 1}
    else:
        parameters |= {"n_draws": 3, "early_stopping": True}
    if "Distilled" in repr(model):
        parameters |= {"view": "image", "teacher__view": "en"}
        X = small_multiview[["en", "image"]]
    X = X[X.present["en"]]
    clone(model).set_params(**parameters, random_state=None).fit(X)
    model = clone(model)
    model.set_params(**parameters, random_state=0, checkpoint=tmp_path)
    for _ in range(2):  # the second fit is found in the checkpoint
        model.fit(X)
    if isinstance(model, PolylingualLDA):
        model.partial_fit(X)
    model.fit_transform(X)
    model.transform(X[["en"]])
    model.score(X)
    model.describe(X)
    model.top_rows(X)
    model.topics_frame()
    model.get_feature_names_out()
    assert len(model.components_) == 3 and model.topic_word_


@pytest.mark.parametrize(
    ("encoder", "cells"), ENCODERS, ids=lambda item: type(item).__name__
)
def test_encoders(unchanged, encoder, cells):
    encoder = clone(encoder)
    encoder.fit(cells)
    encoder.transform(cells)
    encoder.fit_transform(cells)

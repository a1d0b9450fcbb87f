"""Tests of the table of several models."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline

from sklearn_m3l import PolylingualLDA, ZeroShotTopicModel
from sklearn_m3l.display import compare_models
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import evaluate_alignment


@pytest.fixture(scope="module")
def models(small_model, small_multiview):
    lda = PolylingualLDA(3, max_iter=5, random_state=0).fit(small_multiview)
    options = {
        "max_iter": 1,
        "init_max_iter": 10,
        "hidden_layer_sizes": (8,),
        "random_state": 0,
    }
    texts = small_multiview[small_multiview["en"].present][["en", "de"]]
    zero_shot = ZeroShotTopicModel(3, view="en", **options).fit(texts)
    return {"M3L": small_model, "PLTM": lda, "ZeroshotTM": zero_shot}


def test_each_row_holds_the_scores_of_a_model(models, small_multiview):
    X = small_multiview
    table = compare_models(models, X)
    assert list(table.index) == [*models, "Chance"]
    assert set(table.dtypes) == {np.dtype(float)}
    for name, model in models.items():
        scores = evaluate_alignment(model, X[list(model.views_)])
        row = table.loc[name].dropna()
        assert row.to_dict() == {n: pytest.approx(s.value) for n, s in scores.items()}
    chance = evaluate_alignment(models["M3L"], X)["UAP en-image"].chance
    assert table.loc["Chance", "UAP en-image"] == pytest.approx(chance)
    assert np.isnan(table.loc["Chance", "JSD en-de"])
    assert table.loc["PLTM", ["UAP en-image", "JSD de-image"]].isna().all()
    assert table.loc["ZeroshotTM", ["NPMI de", "JSD en-image"]].isna().all()


def test_chosen_metrics_and_training_documents(models, small_multiview):
    X, X_train = small_multiview[:30], small_multiview[30:]
    table = compare_models(models, X, X_train=X_train, metrics=["npmi"])
    assert sorted(table) == ["NPMI de", "NPMI en"]
    expected = evaluate_alignment(models["M3L"], X, X_train=X_train, metrics=["npmi"])
    assert_allclose(table.loc["M3L", "NPMI de"], expected["NPMI de"].value)


def test_pipelines_on_tables():
    texts = {"en": ["a brush", "a layer", "an ink"] * 4, "de": ["Pinsel", "Ebene"] * 6}
    df = pd.DataFrame(texts)
    encoder = make_multiview_encoder(["en", "de"], random_state=0)
    pipeline = make_pipeline(encoder, PolylingualLDA(2, max_iter=2, random_state=0))
    table = compare_models({"PLTM": pipeline.fit(df)}, df, metrics=["mrr"])
    score = evaluate_alignment(pipeline, df, metrics=["mrr"])["MRR en-de"]
    assert table["MRR en-de"].tolist() == [score.value, score.chance]


def test_a_new_view_counts_for_the_model_that_can_use_it(models, small_multiview):
    X = small_multiview[small_multiview["en"].present]
    options = {
        "max_iter": 1,
        "init_max_iter": 10,
        "hidden_layer_sizes": (8,),
        "random_state": 0,
    }
    english = ZeroShotTopicModel(3, view="en", **options).fit(X[["en"]])
    lda = PolylingualLDA(3, max_iter=2, random_state=0).fit(X[["en"]])
    table = compare_models({"ZeroshotTM": english, "LDA": lda}, X[["en", "de"]])
    score = evaluate_alignment(english, X[["en", "de"]])["MRR en-de"].value
    assert table.loc["ZeroshotTM", "MRR en-de"] == pytest.approx(score)
    assert np.isnan(table.loc["LDA", "MRR en-de"])
    assert np.isfinite(table.loc["LDA", "NPMI en"])
    with pytest.raises(ValueError, match="none of the models knows the view 'image'"):
        compare_models({"ZeroshotTM": english, "LDA": lda}, X)


@pytest.mark.parametrize(("names", "what"), [([], "empty"), (["Chance"], "'Chance'")])
def test_names_that_cannot_be(models, small_multiview, names, what):
    with pytest.raises(ValueError, match=what):
        compare_models(dict.fromkeys(names, models["M3L"]), small_multiview)

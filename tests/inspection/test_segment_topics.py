"""Tests of topics within documents."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.inspection import segment_topics

SUBJECTS = [
    {"en": "rain snow wind storm", "de": "regen schnee wind sturm"},
    {"en": "brush paint color ink", "de": "pinsel farbe tinte bild"},
]
SMALL = {
    "n_components": 2,
    "max_iter": 1,
    "init_max_iter": 10,
    "hidden_layer_sizes": (4,),
    "random_state": 0,
}
MODELS = {
    "lda": PolylingualLDA(2, doc_topic_prior=0.1, max_iter=40, random_state=0),
    "m3l": M3LContrastTopicModel(**SMALL),
    "zero-shot": ZeroShotTopicModel(**SMALL, view="en"),
    "distilled": DistilledTopicModel(
        **SMALL, view="de", teacher=ZeroShotTopicModel(**SMALL, view="en")
    ),
}


@pytest.fixture(scope="module")
def df():
    """Return 40 rows, each on one subject; row 3 lacks German."""
    rng = np.random.default_rng(0)
    rows = [
        {
            name: " ".join(rng.choice(words.split(), 12))
            for name, words in SUBJECTS[row % 2].items()
        }
        for row in range(40)
    ]
    df = pd.DataFrame(rows, index=[f"page {row}" for row in range(40)])
    df.loc["page 3", "de"] = None
    return df


@pytest.fixture(scope="module")
def encoder(df):
    text_encoder = LsaEncoder(2, random_state=0)
    return make_multiview_encoder(["en", "de"], text_encoder=text_encoder).fit(df)


@pytest.fixture(scope="module")
def pipeline(df, encoder):
    return make_pipeline(encoder, clone(MODELS["lda"]).fit(encoder.transform(df)))


@pytest.fixture(scope="module")
def long():
    """Return a text with a paragraph on each subject, one missing, and one empty."""
    text = "Rain snow. Wind storm rain!\n\nBrush paint color ink brush paint."
    return pd.DataFrame(
        {"en": [text, None, " "], "de": [None, None, None]}, list("abc")
    )


def test_each_paragraph_has_its_topic(pipeline, df, long):
    found = segment_topics(pipeline, long)
    table = found.segments
    assert table["label"].tolist() == ["a", "a"] and table["row"].tolist() == [0, 0]
    assert table["segment"].tolist() == [0, 1] and table["n_words"].tolist() == [5, 6]
    for _, segment in table.iterrows():
        assert segment["text"] == long["en"].iloc[0][segment["start"] : segment["end"]]
    of_subject = pipeline.transform(df[:2]).argmax(axis=1)
    assert table["topic"].tolist() == of_subject.tolist()
    assert (table["proportion"] > 0.8).all()
    names = pipeline[-1].top_words("en", 3)
    assert table["topic_name"].tolist() == [", ".join(names[k]) for k in of_subject]
    expected = (5 * found.proportions[0] + 6 * found.proportions[1]) / 11
    assert_allclose(found.document_proportions[0], expected, rtol=1e-5)
    assert np.isnan(found.document_proportions[1:]).all()


def test_sentences_windows_and_functions(pipeline, long):
    text = long["en"].iloc[0]
    sentences = segment_topics(pipeline, long, by="sentence").segments["text"].tolist()
    assert sentences == ["Rain snow.", "Wind storm rain!", text.split("\n\n")[1]]
    windows = segment_topics(pipeline, long, by="window", max_words=4).segments
    assert windows["n_words"].tolist() == [4, 4, 3]
    assert len(segment_topics(pipeline, long, by="window").segments) == 1
    cut = segment_topics(pipeline, long, max_words=5).segments
    assert cut["n_words"].tolist() == [5, 5, 1]
    lines = segment_topics(pipeline, long, by=str.splitlines).segments["text"].tolist()
    assert lines == text.split("\n\n")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_and_missing_views(df, encoder, name):
    X = encoder.transform(df)
    model = clone(MODELS[name]).fit(X[X.present["de"]])
    found = segment_topics(make_pipeline(encoder, model), df, by="window", max_words=6)
    views = [view for view in model.views_ if view in model.vocabularies_]
    assert set(found.segments["view"]) == set(views)
    assert found.segments["row"].is_monotonic_increasing
    assert len(found.segments) == 2 * sum(df[view].notna().sum() for view in views)
    assert_allclose(found.document_proportions.sum(axis=1), 1, rtol=1e-5)
    own = found.segments.query("row == 5").index
    assert_allclose(
        found.document_proportions[5], found.proportions[own].mean(axis=0), rtol=1e-5
    )


def test_bad_input(pipeline, df, long, encoder):
    with pytest.raises(TypeError, match="texts in a DataFrame, not a MultiView"):
        segment_topics(pipeline[-1], encoder.transform(df))
    with pytest.raises(TypeError, match="the estimator takes no texts"):
        counts = encoder.transform(df)["en"].counts
        segment_topics(
            PolylingualLDA(2, max_iter=1).fit(counts),
            df[["en"]].set_axis(["text"], axis=1),
        )
    with pytest.raises(ValueError, match="no topics from texts of 'fr'; choose among"):
        segment_topics(pipeline, df, views=["fr"])
    with pytest.raises(ValueError, match="X has no column 'de'; it has en"):
        segment_topics(pipeline, df[["en"]], views=["de"])
    with pytest.raises(ValueError, match="none of the texts .*: en, de"):
        segment_topics(pipeline, df[[]])
    with pytest.raises(TypeError, match="views is a list of names"):
        segment_topics(pipeline, df, views="en")
    with pytest.raises(ValueError, match="X has no text in any row"):
        segment_topics(pipeline, long[1:])
    with pytest.raises(
        TypeError, match="column 'en' has 7 in row 0; it must be a text"
    ):
        segment_topics(pipeline, pd.DataFrame({"en": [7]}))
    with pytest.raises(TypeError, match="by must return strings, not 1"):
        segment_topics(pipeline, long, by=lambda text: [1])
    with pytest.raises(ValueError, match="by returned 'else', which is not in"):
        segment_topics(pipeline, long, by=lambda text: ["else"])
    for wrong in ({"by": "page"}, {"max_words": 0}):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
            segment_topics(pipeline, long, **wrong)

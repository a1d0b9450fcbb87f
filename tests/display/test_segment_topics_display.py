"""Tests of the figure of the topics within a document."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.display import SegmentTopicsDisplay
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.inspection import segment_topics


@pytest.fixture(scope="module")
def df():
    words = ["rain snow wind", "brush paint ink", "menu tab button"]
    cells = [
        f"{words[n % 3]}\n\n{words[(n + 1) % 3]} {words[n % 3]}" for n in range(12)
    ]
    return pd.DataFrame({"en": cells, "de": [None, *cells[1:]]})


@pytest.fixture(scope="module")
def pipeline(df):
    encoder = make_multiview_encoder(["en", "de"])
    return make_pipeline(encoder, PolylingualLDA(3, max_iter=10, random_state=0)).fit(
        df
    )


def test_bars_are_the_proportions_of_the_segments(pipeline, df):
    model = pipeline[-1].set_topic_names({0: "$a$"})
    display = SegmentTopicsDisplay.from_estimator(pipeline, df, row=1, n_topics=2)
    found = segment_topics(pipeline, df[1:2], views=["en"])
    assert display.n_words.tolist() == [3, 6]
    for topic, bars in display.bars_.items():
        heights = [bar.get_height() for bar in bars]
        np.testing.assert_allclose(heights, found.proportions[:, topic])
        assert [bar.get_x() for bar in bars] == [0, 3]
        assert [bar.get_width() for bar in bars] == [3, 6]
    tops = [
        max(b.get_y() + b.get_height() for b in bars)
        for bars in zip(*display.ax_.containers, strict=True)
    ]
    np.testing.assert_allclose(tops, 1, rtol=1e-5)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[2] == "Other topics" and len(labels) == 3
    model.set_topic_names(None)


def test_views_rows_and_axes(pipeline, df):
    figure, ax = plt.subplots()
    display = SegmentTopicsDisplay.from_estimator(
        pipeline, df, row=2, view="de", by="window", max_words=2, ax=ax, alpha=0.5
    )
    assert display.figure_ is figure and len(display.proportions) == 5
    assert len(display.bars_) == 3 and len(ax.containers) == 3
    assert SegmentTopicsDisplay.from_estimator(pipeline, df).n_words.tolist() == [3, 6]
    with pytest.raises(ValueError, match="X has no text in any row"):
        SegmentTopicsDisplay.from_estimator(pipeline, df, view="de")
    with pytest.raises(ValueError, match="row == 12, must be <= 11"):
        SegmentTopicsDisplay.from_estimator(pipeline, df, row=12)
    with pytest.raises(ValueError, match="n_topics == 0"):
        SegmentTopicsDisplay.from_estimator(pipeline, df, n_topics=0)

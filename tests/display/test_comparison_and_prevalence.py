"""Figures of differences between views, and of prevalence over values."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_m3l.display import (
    PrevalenceDisplay,
    TopicStabilityDisplay,
    ViewComparisonDisplay,
)
from sklearn_m3l.inspection import compare_views, prevalence_by

matplotlib.use("Agg")


def test_differences_are_those_of_the_table(small_model, small_multiview):
    display = ViewComparisonDisplay.from_estimator(
        small_model,
        small_multiview,
        ("en", "image"),
        random_state=0,
        view_labels={"image": "Pictures"},
    )
    table = compare_views(
        small_model, small_multiview, pairs=[("en", "image")], random_state=0
    )
    pd.testing.assert_frame_equal(display.differences, table)
    points, _, (lines,) = display.errorbar_
    np.testing.assert_array_equal(points.get_xdata(), np.sort(table["difference"]))
    low = [segment[0, 0] for segment in lines.get_segments()]
    np.testing.assert_allclose(sorted(low), np.sort(table["low"]))
    assert "Pictures minus prevalence in en" in display.ax_.get_xlabel()


def test_a_figure_shows_one_pair(small_model, small_multiview):
    table = compare_views(small_model, small_multiview, random_state=0)
    with pytest.raises(ValueError, match="3 pairs of views; choose one"):
        ViewComparisonDisplay(table).plot()
    with pytest.raises(ValueError, match="must be numbers of topics, from 0 to 2"):
        ViewComparisonDisplay.from_estimator(
            small_model, small_multiview, ("en", "de"), topics=[3]
        )


VALUES = {
    "categories": (np.where(np.arange(60) % 2, "odd", "even"), None, "bar"),
    "numbers": (np.arange(60) // 15, None, "line"),
    "bins": (np.arange(60), 4, "line"),
    "dates": (pd.date_range("2001", periods=60, freq="30D"), "Y", "line"),
}


@pytest.mark.parametrize("values", VALUES)
def test_kinds(small_model, small_multiview, values):
    given, bins, kind = VALUES[values]
    display = PrevalenceDisplay.from_estimator(
        small_model, small_multiview, given, bins=bins, random_state=0, n_resamples=20
    )
    table = prevalence_by(
        small_model, small_multiview, given, bins=bins, random_state=0, n_resamples=20
    )
    pd.testing.assert_frame_equal(display.prevalence, table)
    assert len(display.axes_) == 3
    first = table[(table["topic"] == 0) & (table["view"] == "de")]
    if kind == "line":
        drawn = display.axes_[0].lines[1].get_ydata()
    else:
        drawn = [bar.get_height() for bar in display.axes_[0].containers[3]]
    np.testing.assert_array_equal(drawn, first["prevalence"])
    display.figure_.draw_without_rendering()

    display.plot(kind="heatmap")
    image = display.axes_[1].images[0].get_array()
    np.testing.assert_array_equal(image[0], first["prevalence"])
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize("values", ["bins", "dates", "numbers"])
def test_bars_of_ordered_values_stand_side_by_side(
    small_model, small_multiview, values
):
    given, bins, _ = VALUES[values]
    display = PrevalenceDisplay.from_estimator(
        small_model, small_multiview, given, bins=bins, n_resamples=20, kind="bar"
    )
    places = display.axes_[0].get_xticks().tolist()
    assert places == list(range(display.prevalence["value"].nunique()))
    bars = [bar for of_view in display.axes_[0].containers[1::2] for bar in of_view]
    assert len({round(bar.get_x(), 3) for bar in bars}) == len(bars)


def test_rows_in_a_given_place(small_model, small_multiview):
    _, (_, place) = plt.subplots(1, 2, layout="constrained")
    column = pd.Series(np.arange(60) % 3, name="part")
    display = PrevalenceDisplay.from_estimator(
        small_model, small_multiview, column, by="row", topics=[1], ax=place
    )
    assert display.figure_ is place.figure and not display.figure_.legends
    assert display.axes_[0].get_xlabel() == "part"
    with pytest.raises(ValueError, match="kind='pie' must be one of line, bar"):
        display.plot(kind="pie")


def test_stability_is_that_of_the_table():
    table = pd.DataFrame(
        {
            "topic": [0, 1, 2],
            "topic_name": ["sea", "手", "يد"],
            "stability": [0.5, 0.9, 0.7],
            "runner_up": [0.4, 0.2, 0.3],
            "n_runs": 3,
        }
    )
    display = TopicStabilityDisplay(table).plot()
    assert [bar.get_width() for bar in display.bars_] == [0.5, 0.7, 0.9]
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == [
        "0: sea",
        "2: يد",
        "1: 手",
    ]
    assert display.ax_.lines[0].get_xdata().tolist() == [0.4, 0.3, 0.2]
    display.figure_.draw_without_rendering()


def test_values_of_any_script(small_model, small_multiview):
    values = pd.Series(np.where(np.arange(60) % 2, "昔", "الآن"), name="年")
    display = PrevalenceDisplay.from_estimator(
        small_model,
        small_multiview,
        values,
        random_state=0,
        n_resamples=20,
        view_labels={"en": "英語", "de": "الألمانية", "image": "絵"},
    )
    display.figure_.draw_without_rendering()
    display.plot(kind="heatmap").figure_.draw_without_rendering()

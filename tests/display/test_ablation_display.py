"""Tests of the figure of a metric against a parameter."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA
from sklearn_m3l.display import AblationDisplay
from sklearn_m3l.metrics import make_alignment_scorer


def search(X, grid, estimator=None, **parameters):
    if estimator is None:
        estimator = M3LContrastTopicModel(
            max_iter=1, init="random", hidden_layer_sizes=(8,), random_state=0
        )
    searched = GridSearchCV(estimator, grid, refit=False, **{"cv": 2} | parameters)
    return searched.fit(X).cv_results_


@pytest.fixture(scope="module")
def results(small_multiview):
    grid = {"n_components": [5, 3], "batch_size": [8, 16, 64]}
    return search(
        small_multiview,
        grid,
        scoring=make_alignment_scorer(["mrr", "jsd"], [("en", "de")]),
        return_train_score=True,
    )


def curve(display, line):
    """Return where the points of a line are, and the ends of their error bars."""
    points, _, (bars,) = display.errorbar_[line]
    return points.get_xydata(), np.array(bars.get_segments())


def test_a_line_for_each_value_of_the_other_parameter(results):
    display = AblationDisplay.from_cv_results(results, "batch_size", score_name="mrr")
    assert list(display.errorbar_) == ["n_components=5", "n_components=3"]
    table = pd.DataFrame(results).set_index(["param_n_components", "param_batch_size"])
    for topics in (3, 5):
        points, bars = curve(display, f"n_components={topics}")
        own = table.loc[topics]
        np.testing.assert_array_equal(points[:, 0], [8, 16, 64])
        np.testing.assert_allclose(points[:, 1], own["mean_test_mrr"])
        np.testing.assert_allclose(
            np.diff(bars[:, :, 1])[:, 0] / 2, own["std_test_mrr"], atol=1e-12
        )
    assert display.ax_.get_xlabel() == "batch_size"
    assert display.ax_.get_ylabel() == "mrr"
    assert display.ax_.get_xscale() == "log"
    assert list(display.ax_.get_xticks()) == [8, 16, 64]
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == list(display.errorbar_)


def test_all_error_bars_are_in_sight(results):
    display = AblationDisplay.from_cv_results(results, "n_components", score_name="mrr")
    low, high = display.ax_.get_ylim()
    for line in display.errorbar_:
        _, bars = curve(display, line)
        assert low < bars[:, :, 1].min() and bars[:, :, 1].max() < high


def test_values_are_in_order(results):
    display = AblationDisplay.from_cv_results(results, "n_components", score_name="mrr")
    points, _ = curve(display, "batch_size=8")
    np.testing.assert_array_equal(points[:, 0], [3, 5])
    assert display.ax_.get_xscale() == "linear"


def test_negated_scores_of_training_folds(results):
    display = AblationDisplay.from_cv_results(
        results, "n_components", score_name="jsd", score_type="train", negate_score=True
    )
    points, _ = curve(display, "batch_size=64")
    table = pd.DataFrame(results).query("param_batch_size == 64")
    expected = table.sort_values("param_n_components")["mean_train_jsd"]
    np.testing.assert_allclose(points[:, 1], -expected)
    assert (display.scores["score"] <= 0).all()


def test_frames_give_the_same(results):
    one = AblationDisplay.from_cv_results(results, "batch_size", score_name="mrr")
    other = AblationDisplay.from_cv_results(
        pd.DataFrame(results), "batch_size", score_name="mrr"
    )
    pd.testing.assert_frame_equal(one.scores, other.scores)


def test_plot_again_into_given_axes(results):
    display = AblationDisplay.from_cv_results(results, "batch_size", score_name="mrr")
    figure, ax = plt.subplots()
    again = AblationDisplay(
        display.scores, param_name="batch_size", score_name="mrr"
    ).plot(ax, linestyle=":")
    assert again.ax_ is ax and again.figure_ is figure
    assert {bars[0].get_linestyle() for bars in again.errorbar_.values()} == {":"}
    for line in display.errorbar_:
        np.testing.assert_array_equal(curve(again, line)[0], curve(display, line)[0])


def test_a_line_for_each_model(small_multiview):
    X = small_multiview[["en", "de"]]
    grid, kwargs = {"n_components": [2, 3]}, {"scoring": make_alignment_scorer(["mrr"])}
    display = AblationDisplay.from_cv_results(
        {
            "M3L": search(X, grid, **kwargs),
            "PLTM": search(X, grid, PolylingualLDA(max_iter=2), **kwargs),
        },
        "n_components",
        score_name="mrr",
    )
    assert list(display.errorbar_) == ["M3L", "PLTM"]


@pytest.mark.slow
def test_models_and_parameters_of_a_pipeline(small_multiview):
    X = small_multiview[["en", "de"]]
    models = [
        M3LContrastTopicModel(max_iter=1, init="random", random_state=0),
        PolylingualLDA(max_iter=2),
    ]
    results = search(
        X,
        {"model": models, "model__n_components": [2, 3]},
        Pipeline([("model", models[0])]),
        return_train_score=False,
    )
    display = AblationDisplay.from_cv_results(results, "n_components")
    assert display.param_name == "n_components"
    assert [line.partition("(")[0] for line in display.errorbar_] == [
        "model=M3LContrastTopicModel",
        "model=PolylingualLDA",
    ]


def test_values_that_are_no_numbers(small_multiview):
    results = search(small_multiview, {"hidden_layer_sizes": [(8,), (8, 4)]})
    display = AblationDisplay.from_cv_results(results, "hidden_layer_sizes")
    assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == [
        "(8,)",
        "(8, 4)",
    ]
    points, _ = curve(display, "")
    np.testing.assert_allclose(points[:, 1], results["mean_test_score"])
    assert display.ax_.get_legend() is None


def test_a_failed_fold_leaves_a_gap(results):
    broken = dict(results)
    broken["split1_test_mrr"] = np.r_[np.nan, results["split1_test_mrr"][1:]]
    display = AblationDisplay.from_cv_results(broken, "batch_size", score_name="mrr")
    heights = display.errorbar_["n_components=5"][0].get_ydata()
    np.testing.assert_array_equal(np.isnan(heights), [True, False, False])


@pytest.mark.parametrize(
    ("param", "score", "message"),
    [
        ("dropout", "mrr", "no parameters 'dropout'; choose one of batch_size, n_comp"),
        ("batch_size", "uap", "no scores 'test_uap'; it has test_mrr, train_mrr"),
    ],
)
def test_names_that_are_not_there(results, param, score, message):
    with pytest.raises(ValueError, match=message):
        AblationDisplay.from_cv_results(results, param, score_name=score)


def test_results_that_cannot_be_plotted():
    def results(params, scores):
        return {"params": params, "split0_test_score": scores}

    with pytest.raises(ValueError, match="several candidates have a=1, b=2; plot"):
        params = [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 3}]
        AblationDisplay.from_cv_results(results(params, [0, 1, 2]), "a")
    with pytest.raises(ValueError, match="1 of 2 candidates have no 'a'"):
        AblationDisplay.from_cv_results(results([{"a": 1}, {"b": 2}], [0, 1]), "a")
    with pytest.raises(ValueError, match="2 parameters 'a'; choose one of x__a, y__a"):
        AblationDisplay.from_cv_results(results([{"x__a": 1, "y__a": 2}], [0]), "a")
    with pytest.raises(ValueError, match="all scores of 'score' are NaN"):
        AblationDisplay.from_cv_results(results([{"a": 1}], [np.nan]), "a")

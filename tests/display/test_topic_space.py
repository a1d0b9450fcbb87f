"""Tests of the map of the topic space."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon, squareform
from sklearn.manifold import trustworthiness

from sklearn_m3l import MultiView, View
from sklearn_m3l.display import _topic_space, topic_space


@pytest.fixture(scope="module")
def space(small_model, small_multiview):
    return topic_space(small_model, small_multiview, random_state=0)


def test_a_point_for_each_present_view(space, small_multiview):
    for view, present in small_multiview.present.items():
        rows = space.loc[space["view"] == view, "row"]
        np.testing.assert_array_equal(rows, np.flatnonzero(present))
    np.testing.assert_array_equal(space["name"], small_multiview.index[space["row"]])
    assert np.isfinite(space[["x", "y"]]).all(axis=None)


def test_topics_are_those_of_the_view_alone(space, small_model, small_multiview):
    for view, points in space.groupby("view"):
        theta = small_model.transform(small_multiview[points["row"]][[view]])
        np.testing.assert_array_equal(points["topic"], theta.argmax(axis=1))


def test_neighbors_have_like_topics(space, small_model, small_multiview):
    theta = np.vstack(
        [
            small_model.transform(small_multiview[[row]][[view]])
            for row, view in zip(space["row"], space["view"], strict=True)
        ]
    )
    pairs = np.triu_indices(len(theta), k=1)
    distances = squareform(jensenshannon(theta[pairs[0]], theta[pairs[1]], axis=1))
    score = trustworthiness(
        distances, space[["x", "y"]], n_neighbors=5, metric="precomputed"
    )
    assert score > 0.9


def test_same_seed_same_map(space, small_model, small_multiview):
    again = topic_space(small_model, small_multiview, random_state=0)
    assert space.equals(again)
    other = topic_space(small_model, small_multiview, random_state=1)
    assert not np.allclose(space["x"], other["x"])


def test_what_has_one_name_is_one_point(small_model, small_multiview):
    pages = [f"page {row // 2}" for row in range(60)]
    space = topic_space(
        small_model, small_multiview, names={"en": pages}, random_state=0
    )
    english = space[space["view"] == "en"]
    assert list(english["name"]) == [f"page {page}" for page in range(30)]
    # Row 7 lacks English, but row 6 has the same page.
    assert list(english["row"]) == list(range(0, 60, 2))
    assert (space["view"] == "de").sum() == 58


@pytest.mark.slow
def test_of_many_points_some_are_laid_out_and_the_others_among_them(
    small_model, small_multiview, monkeypatch
):
    monkeypatch.setattr(_topic_space, "_N_LAID_OUT", 600)
    rng = np.random.default_rng(0)
    views = {
        name: View(rng.normal(size=(220, view.width)).astype(np.float32))
        for name, view in small_multiview.views.items()
    }
    X = MultiView(views)
    space = topic_space(small_model, X, random_state=0)
    assert len(space) == 660
    theta = np.empty((len(space), 3))
    for view, points in space.groupby("view"):
        theta[points.index] = small_model.transform(X[points["row"]][[view]])
    score = trustworthiness(np.sqrt(theta), space[["x", "y"]], n_neighbors=5)
    assert score > 0.9


def test_few_points_and_a_view_that_is_absent(small_model, small_multiview):
    # Row 0 has no picture.
    space = topic_space(small_model, small_multiview[[0]], random_state=0)
    assert list(space["view"]) == ["en", "de"]
    assert np.isfinite(space[["x", "y"]]).all(axis=None)


def test_one_point_is_refused(small_model, small_multiview):
    with pytest.raises(ValueError, match="at least 2 points, not 1"):
        topic_space(small_model, small_multiview[[0]][["en"]])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"fr": ["x"] * 60}, "unknown view 'fr'; the views are en, de, image"),
        ({"de": ["x"] * 59}, "names\\['de'\\] has 59 names for 60 rows"),
    ],
)
def test_names_must_fit(small_model, small_multiview, names, message):
    with pytest.raises(ValueError, match=message):
        topic_space(small_model, small_multiview, names=names)

"""scikit-learn's own checks of the encoders, and those of its that need texts."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_get_feature_names_out_error,
    check_parameters_default_constructible,
    check_set_output_transform,
    estimator_checks_generator,
)
from sklearn.utils.fixes import parse_version

from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    ImageStatisticsEncoder,
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)

TEXTS = ["brush and ink", "the layer mask", "brush and mask", "ink and ink"]
PICTURES = [np.full((6, 8), level) for level in (0.0, 0.3, 0.6, 1.0)]
ENCODERS = [
    (LsaEncoder(2, random_state=0), TEXTS),
    (StaticEncoder(), TEXTS),
    (Doc2VecEncoder(3, min_count=1, max_iter=2, random_state=0), TEXTS),
    (ImageStatisticsEncoder(), PICTURES),
]
each_encoder = pytest.mark.parametrize(("encoder", "cells"), ENCODERS)


with warnings.catch_warnings():
    # Texts and pictures are not 2-D arrays, so most checks do not apply.
    warnings.simplefilter("ignore", SkipTestWarning)
    CHECKS = [
        check
        for encoder in (
            LsaEncoder(),
            StaticEncoder(),
            Doc2VecEncoder(),
            ImageStatisticsEncoder(),
            SentenceTransformerEncoder(),
            WordVectorizer(),
            MultiViewEncoder([("en", TextView()), ("image", ImageView())]),
        )
        for check in estimator_checks_generator(encoder)
    ]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "kind",
    [
        LsaEncoder,
        StaticEncoder,
        Doc2VecEncoder,
        ImageStatisticsEncoder,
        SentenceTransformerEncoder,
        WordVectorizer,
        TextView,
        ImageView,
    ],
)
def test_parameters_are_kept_as_they_are(kind):
    check_parameters_default_constructible(kind.__name__, kind())


@each_encoder
def test_the_same_in_a_list_a_series_and_an_array(encoder, cells):
    expected = clone(encoder).fit_transform(cells)
    assert expected.dtype == np.float32 and len(expected) == len(cells)
    index = ["d", "c", "b", "a"]
    for column in (tuple(cells), pd.Series(cells, index=index)):
        np.testing.assert_array_equal(clone(encoder).fit_transform(column), expected)
    if cells is TEXTS:
        for column in (np.array(cells), pl.Series(cells), pd.DataFrame({"x": cells})):
            again = clone(encoder).fit_transform(column)
            np.testing.assert_array_equal(again, expected)


@each_encoder
def test_rows_do_not_depend_on_each_other(encoder, cells):
    fitted = clone(encoder).fit(cells)
    together = fitted.transform(cells)
    alone = np.concatenate([fitted.transform([cell]) for cell in cells])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert fitted.transform([]).shape == (0, together.shape[1])
    missing = fitted.transform([None, cells[0]])
    assert np.isnan(missing[0]).all() and np.isfinite(missing[1]).all()


@each_encoder
def test_fitting_changes_no_parameter_and_repeats(encoder, cells):
    fitted = clone(encoder)
    before = fitted.get_params()
    first = fitted.fit_transform(cells)
    assert fitted.get_params() == before
    np.testing.assert_array_equal(fitted.fit(cells).transform(cells), first)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(cells), first)


@each_encoder
def test_names_and_frames(encoder, cells):
    fitted = clone(encoder).fit(cells)
    names = fitted.get_feature_names_out()
    assert names[0] == f"{type(encoder).__name__.lower()}0"
    assert len(names) == fitted.transform(cells).shape[1]
    fitted.set_output(transform="pandas")
    column = pd.Series(cells, index=["d", "c", "b", "a"])
    frame = fitted.transform(column.to_frame())
    assert frame.index.tolist() == ["d", "c", "b", "a"]
    if parse_version(sklearn.__version__) >= parse_version(
        "1.8"
    ):  # it reads labels of a Series
        pd.testing.assert_frame_equal(fitted.transform(column), frame)
    assert frame.columns.tolist() == names.tolist()
    assert fitted.set_output(transform="polars").transform(cells).columns == [*names]


@each_encoder
def test_a_pipeline(encoder, cells):
    scaled = make_pipeline(clone(encoder), StandardScaler()).fit_transform(cells)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize(
    "encoder", [LsaEncoder(), StaticEncoder(), Doc2VecEncoder(), TextView()]
)
def test_an_encoder_that_is_not_fitted_says_so(encoder):
    with pytest.raises(NotFittedError):
        encoder.transform(TEXTS)


@pytest.mark.parametrize("kind", [LsaEncoder, StaticEncoder])
def test_scikit_learns_checks_of_output(kind):
    check_set_output_transform(kind.__name__, kind())
    check_get_feature_names_out_error(kind.__name__, kind())


def test_tags():
    for encoder in (LsaEncoder(), StaticEncoder()):
        tags = get_tags(encoder).input_tags
        assert tags.one_d_array and tags.string and not tags.two_d_array
        assert get_tags(encoder).requires_fit
    assert not get_tags(ImageStatisticsEncoder()).input_tags.string
    assert not get_tags(ImageStatisticsEncoder()).requires_fit
    assert not get_tags(SentenceTransformerEncoder(modality="image")).input_tags.string

"""scikit-learn's own checks, in full and with no expected failure."""

import pytest
from estimators import ESTIMATORS
from sklearn.base import BaseEstimator, clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_m3l

# Checks that scikit-learn has for its own estimators and leaves to others to call.
MORE_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_repr",
    "check_estimators_partial_fit_n_features",
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_inplace_ensure_writeable",
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


@parametrize_with_checks(ESTIMATORS)
@pytest.mark.filterwarnings("error")
def test_estimator(estimator, check):
    check(estimator)


# Some of these fit on a DataFrame and transform its values, or the other way round.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("check", MORE_CHECKS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_estimator_further(estimator, check):
    getattr(estimator_checks, check)(type(estimator).__name__, clone(estimator))


def test_every_topic_model_is_checked():
    public = {getattr(sklearn_m3l, name) for name in sklearn_m3l.__all__}
    models = {
        thing
        for thing in public
        if isinstance(thing, type)
        and issubclass(thing, BaseEstimator)
        and hasattr(thing, "print_topics")
    }
    assert models == {type(estimator) for estimator in ESTIMATORS}

"""scikit-learn's own checks, in full and with no expected failure."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_m3l import M3LContrastTopicModel


@parametrize_with_checks([M3LContrastTopicModel()])
@pytest.mark.filterwarnings("error")
def test_estimator(estimator, check):
    check(estimator)

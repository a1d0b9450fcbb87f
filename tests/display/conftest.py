"""What the tests of the displays share."""

import pytest

from sklearn_m3l import M3LContrastTopicModel


@pytest.fixture(scope="session")
def small_model(small_multiview):
    model = M3LContrastTopicModel(3, max_iter=20, random_state=0)
    return model.fit(small_multiview)

"""The estimators that scikit-learn's checks run on, small so that they are quick."""

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)

_SMALL = {
    "n_components": 3,
    "max_iter": 5,
    "init_max_iter": 10,
    "hidden_layer_sizes": (10,),
}

ESTIMATORS = [
    DistilledTopicModel(teacher=ZeroShotTopicModel(**_SMALL), **_SMALL),
    M3LContrastTopicModel(**_SMALL),
    PolylingualLDA(n_components=3, max_iter=10, transform_max_iter=30),
    ZeroShotTopicModel(**_SMALL),
]

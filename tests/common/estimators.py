"""The estimators that scikit-learn's checks run on, small so that they are quick."""

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)

_SMALL = {
    "n_components": 3,
    "max_iter": 2,
    "init_max_iter": 3,
    "hidden_layer_sizes": (8,),
}

ESTIMATORS = [
    DistilledTopicModel(teacher=ZeroShotTopicModel(**_SMALL), **_SMALL),
    M3LContrastTopicModel(**_SMALL),
    PolylingualLDA(n_components=3, max_iter=4, transform_max_iter=6, burn_in=2),
    ZeroShotTopicModel(**_SMALL),
]

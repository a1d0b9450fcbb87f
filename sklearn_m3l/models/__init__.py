"""Topic models of tuples, as scikit-learn estimators."""

from sklearn_m3l.models._distilled import DistilledTopicModel
from sklearn_m3l.models._edited import EditedTopicModel
from sklearn_m3l.models._m3l_contrast import M3LContrastTopicModel
from sklearn_m3l.models._polylingual_lda import PolylingualLDA
from sklearn_m3l.models._zero_shot import ZeroShotTopicModel

__all__ = [
    "DistilledTopicModel",
    "EditedTopicModel",
    "M3LContrastTopicModel",
    "PolylingualLDA",
    "ZeroShotTopicModel",
]

"""Topic models of tuples, as scikit-learn estimators."""

from sklearn_m3l.models._m3l_contrast import M3LContrastTopicModel

__all__ = ["M3LContrastTopicModel"]

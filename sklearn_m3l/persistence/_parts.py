"""The classes that a model file may hold."""

from sklearn_m3l.persistence._models import MODELS
from sklearn_m3l.persistence._steps import STEPS

PARTS = {part.name: part for part in (*MODELS, *STEPS)}

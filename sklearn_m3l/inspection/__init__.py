"""Questions to a fitted model: tables of what its topics say about the documents."""

from sklearn_m3l.inspection._comparison import (
    compare_views,
    disagreements,
    prevalence_difference,
)
from sklearn_m3l.inspection._prevalence import mean_proportions, prevalence_by

__all__ = [
    "compare_views",
    "disagreements",
    "mean_proportions",
    "prevalence_by",
    "prevalence_difference",
]

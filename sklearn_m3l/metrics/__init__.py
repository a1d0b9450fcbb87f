"""Measures of alignment, retrieval and topic coherence, on arrays and as scorers."""

from sklearn_m3l.metrics._alignment import Score, evaluate_alignment
from sklearn_m3l.metrics._classification import evaluate_classification
from sklearn_m3l.metrics._coherence import (
    cross_lingual_npmi,
    npmi_coherence,
    topic_diversity,
)
from sklearn_m3l.metrics._divergence import (
    mean_jensen_shannon,
    paired_jensen_shannon,
    pairwise_jensen_shannon,
)
from sklearn_m3l.metrics._reference import (
    cnpmi,
    topic_quality,
    topic_uniqueness,
)
from sklearn_m3l.metrics._retrieval import (
    mean_reciprocal_rank,
    uninterpolated_average_precision,
)
from sklearn_m3l.metrics._scorers import (
    make_alignment_scorer,
    make_jsd_scorer,
    make_mrr_scorer,
    make_npmi_scorer,
    make_uap_scorer,
)

__all__ = [
    "Score",
    "cnpmi",
    "cross_lingual_npmi",
    "evaluate_alignment",
    "evaluate_classification",
    "make_alignment_scorer",
    "make_jsd_scorer",
    "make_mrr_scorer",
    "make_npmi_scorer",
    "make_uap_scorer",
    "mean_jensen_shannon",
    "mean_reciprocal_rank",
    "npmi_coherence",
    "paired_jensen_shannon",
    "pairwise_jensen_shannon",
    "topic_diversity",
    "topic_quality",
    "topic_uniqueness",
    "uninterpolated_average_precision",
]

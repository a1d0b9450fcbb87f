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
from sklearn_m3l.metrics._gensim_coherence import cv_coherence, umass_coherence
from sklearn_m3l.metrics._overlap import inverted_rbo, rank_biased_overlap
from sklearn_m3l.metrics._pictures import (
    image_embedding_coherence,
    image_embedding_similarity,
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
    "cv_coherence",
    "evaluate_alignment",
    "evaluate_classification",
    "image_embedding_coherence",
    "image_embedding_similarity",
    "inverted_rbo",
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
    "rank_biased_overlap",
    "topic_diversity",
    "topic_quality",
    "topic_uniqueness",
    "umass_coherence",
    "uninterpolated_average_precision",
]

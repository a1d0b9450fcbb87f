"""Functions on arrays that measure alignment, retrieval and topic coherence."""

from ._coherence import cross_lingual_npmi, npmi_coherence, topic_diversity
from ._divergence import mean_jensen_shannon, pairwise_jensen_shannon
from ._retrieval import mean_reciprocal_rank, uninterpolated_average_precision

__all__ = [
    "cross_lingual_npmi",
    "mean_jensen_shannon",
    "mean_reciprocal_rank",
    "npmi_coherence",
    "pairwise_jensen_shannon",
    "topic_diversity",
    "uninterpolated_average_precision",
]

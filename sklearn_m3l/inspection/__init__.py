"""Questions to a fitted model: tables of what its topics say about the documents."""

from sklearn_m3l.inspection._comparison import (
    compare_views,
    disagreements,
    prevalence_difference,
)
from sklearn_m3l.inspection._documents import document_topics, topic_words
from sklearn_m3l.inspection._network import topic_network
from sklearn_m3l.inspection._prevalence import mean_proportions, prevalence_by
from sklearn_m3l.inspection._workbook import write_workbook

__all__ = [
    "compare_views",
    "disagreements",
    "document_topics",
    "mean_proportions",
    "prevalence_by",
    "prevalence_difference",
    "topic_network",
    "topic_words",
    "write_workbook",
]

"""Tables that describe documents and topics of a fitted model."""

from sklearn_m3l.inspection._clarity import dominant_topics, topic_entropy
from sklearn_m3l.inspection._comparison import (
    compare_views,
    disagreements,
    prevalence_difference,
)
from sklearn_m3l.inspection._documents import document_topics, topic_words
from sklearn_m3l.inspection._intrusion import (
    topic_intrusion,
    word_intrusion,
    write_intrusion,
)
from sklearn_m3l.inspection._intrusion_scores import score_intrusion
from sklearn_m3l.inspection._naming import suggest_topic_names
from sklearn_m3l.inspection._network import topic_network
from sklearn_m3l.inspection._prevalence import mean_proportions, prevalence_by
from sklearn_m3l.inspection._segments import segment_topics
from sklearn_m3l.inspection._stability import match_topics, topic_stability
from sklearn_m3l.inspection._stop_words import suggest_stop_words
from sklearn_m3l.inspection._workbook import write_workbook

__all__ = [
    "compare_views",
    "disagreements",
    "document_topics",
    "dominant_topics",
    "match_topics",
    "mean_proportions",
    "prevalence_by",
    "prevalence_difference",
    "score_intrusion",
    "segment_topics",
    "suggest_stop_words",
    "suggest_topic_names",
    "topic_entropy",
    "topic_intrusion",
    "topic_network",
    "topic_stability",
    "topic_words",
    "word_intrusion",
    "write_intrusion",
    "write_workbook",
]

"""Topics to look at: figures, the topic space and a page that shows everything."""

from sklearn_m3l.display._ablation_display import AblationDisplay
from sklearn_m3l.display._comparison import compare_models
from sklearn_m3l.display._interchange import to_pyldavis, to_topicwizard
from sklearn_m3l.display._prevalence_display import PrevalenceDisplay
from sklearn_m3l.display._report import TopicReport
from sklearn_m3l.display._segment_topics_display import SegmentTopicsDisplay
from sklearn_m3l.display._topic_hierarchy_display import TopicHierarchyDisplay
from sklearn_m3l.display._topic_space import topic_space
from sklearn_m3l.display._topic_space_display import TopicSpaceDisplay
from sklearn_m3l.display._topic_stability_display import TopicStabilityDisplay
from sklearn_m3l.display._topic_words_display import TopicWordsDisplay
from sklearn_m3l.display._view_comparison_display import ViewComparisonDisplay

__all__ = [
    "AblationDisplay",
    "PrevalenceDisplay",
    "SegmentTopicsDisplay",
    "TopicHierarchyDisplay",
    "TopicReport",
    "TopicSpaceDisplay",
    "TopicStabilityDisplay",
    "TopicWordsDisplay",
    "ViewComparisonDisplay",
    "compare_models",
    "to_pyldavis",
    "to_topicwizard",
    "topic_space",
]

"""Topics to look at: the topic space and a page that shows everything."""

from sklearn_m3l.display._page import write_topic_page
from sklearn_m3l.display._topic_space import topic_space

__all__ = ["topic_space", "write_topic_page"]

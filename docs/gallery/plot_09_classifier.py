"""
A classifier on topic features
==============================

Topics are features like any other. All languages share them, so a classifier that
learns from English pages also works on German pages.
"""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help


def load_pages(subset):
    """Return both texts of each page, and whether it is about a filter."""
    corpus = load_gimp_help(subset)
    names, first = np.unique(corpus.data.groups, return_index=True)
    is_filter = [name.startswith(("gimp-filter", "plug-in")) for name in names]
    return corpus.data[first][["en", "de"]], np.array(is_filter)


X, y = load_pages("train")
X_test, y_test = load_pages("test")

# %%
# Learn the topics from both languages. ``FrozenEstimator`` keeps them as they are while
# the classifier learns from one language. (``make_pipeline(topics, classifier)`` works
# too: a topic model ignores the classes.)

topics = M3LContrastTopicModel(n_components=30, max_iter=60, random_state=0).fit(X)
classifier = make_pipeline(FrozenEstimator(topics), LogisticRegression(C=10))

# %%
# Train the classifier on English, and predict German.

classifier.fit(X[["en"]], y)
for name in ["en", "de"]:
    print(f"{name}: accuracy {classifier.score(X_test[[name]], y_test):.3f}")
print(f"always the larger class: {max(y_test.mean(), 1 - y_test.mean()):.3f}")

# %%
# Which topics indicate a filter?

weights = classifier[-1].coef_[0]
topics.topics_frame(n_words=5).assign(weight=weights.round(1)).sort_values(
    "weight", ascending=False
).head(5)

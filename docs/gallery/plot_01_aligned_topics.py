"""
Aligned topics of two languages
===============================

One model, one set of topics, words in English and in German. A German page is found by
the topics of its English counterpart.
"""

import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicWordsDisplay
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon

# %%
# The bundled corpus has a row for every picture of a page. Here pictures do not matter,
# so the first row of each page is enough.


def load_pages(subset):
    """Return the English and the German text of each page."""
    corpus = load_gimp_help(subset)
    first = np.unique(corpus.target, return_index=True)[1]
    return corpus.data[first][["en", "de"]]


train, test = load_pages("train"), load_pages("test")
train

# %%
# Each text has an embedding, which the model reads, and word counts, which it learns to
# predict.

model = M3LContrastTopicModel(n_components=20, random_state=0).fit(train)
model.topics_frame(n_words=6).head(8)

# %%
# The same as bars, for two topics.

TopicWordsDisplay.from_estimator(
    model, topics=[0, 1], n_words=6, view_labels={"en": "English", "de": "German"}
)

# %%
# Topics of pages that the model has never seen, from one language at a time. Each
# English page is compared with all German ones: how near is its own counterpart?

english, german = model.transform(test[["en"]]), model.transform(test[["de"]])
distances = pairwise_jensen_shannon(english, german)
chance = np.mean(1 / np.arange(1, len(test) + 1))
print(f"{len(test)} pages, MRR {mean_reciprocal_rank(distances):.3f}")
print(f"Chance {chance:.3f}")

"""
Aligned topics of two languages
===============================

One model learns one set of topics, with words in English and in German. The topics of
an English page then find its German counterpart.
"""

import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicWordsDisplay
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon

# %%
# The bundled corpus has one row per picture of a page. Pictures do not matter here, so
# we keep the first row of each page.


def load_pages(subset):
    """Return the English and the German text of each page."""
    corpus = load_gimp_help(subset)
    first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
    return corpus.data[first][["en", "de"]]


train, test = load_pages("train"), load_pages("test")
train

# %%
# Each text has an embedding, which the model reads, and word counts, which it learns to
# predict.

model = M3LContrastTopicModel(n_components=20, random_state=0).fit(train)
model.topics_frame(n_words=6).head(8)

# %%
# The word weights of two topics, as bars.

TopicWordsDisplay.from_estimator(
    model, topics=[0, 1], n_words=6, view_labels={"en": "English", "de": "German"}
)

# %%
# Infer topics for pages that the model has never seen, from one language at a time, and
# compare each English page with all German pages. How close is its counterpart?

english, german = model.transform(test[["en"]]), model.transform(test[["de"]])
distances = pairwise_jensen_shannon(english, german)
chance = np.mean(1 / np.arange(1, len(test) + 1))
print(f"{len(test)} pages, MRR {mean_reciprocal_rank(distances):.3f}")
print(f"Chance {chance:.3f}")

"""
Two newspapers that never met
=============================

Two corpora in two languages, and nobody knows which articles belong together. With a
multilingual encoder, ``mine_tuples`` finds likely counterparts, and the model aligns
the topics.
"""

import numpy as np

from sklearn_m3l import M3LContrastTopicModel, MultiView, mine_tuples
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon


def load_pages(subset):
    """Return the first row of each page."""
    corpus = load_gimp_help(subset)
    return corpus.data[np.sort(np.unique(corpus.data.groups, return_index=True)[1])]


train, test = load_pages("train"), load_pages("test")

# %%
# The English pages come from one "newspaper", the German pages from another, in another
# order. A fifth of the pages of each is missing from the other.

rng = np.random.default_rng(0)
order = rng.permutation(len(train))
english, german = order[: 5 * len(order) // 6], order[len(order) // 6 :]
english, german = rng.permutation(english), rng.permutation(german)
corpus = MultiView.concat([train[english][["en"]], train[german][["de"]]])
corpus = MultiView(corpus.views)  # no row labels or article ids
corpus

# %%
# ``mine_tuples`` joins likely counterparts. By default, almost every page gets one.

tuples = mine_tuples(corpus)
tuples.data

# %%
# Here we know the true pairs. How many are right, and are the margins of wrong ones
# lower?

page = np.concatenate([english, german])
joined = (tuples.rows["en"] >= 0) & (tuples.rows["de"] >= 0)
right = page[tuples.rows["en"][joined]] == page[tuples.rows["de"][joined]]
margins = tuples.margins[joined]
print(f"{joined.sum()} pairs, {right.mean():.0%} of them right")
for kind, chosen in {"right": right, "wrong": ~right}.items():
    print(f"mean margin of {kind} pairs: {margins[chosen].mean():.2f}")

# %%
# Train on tuples, and on the true pairs for comparison. The contrast of each tuple is
# weighted by its margin. ``fit(corpus)`` does the same, with a warning.

training = {"mined": (tuples.data, tuples.weights), "true": (train[["en", "de"]], None)}
for name, (X, weights) in training.items():
    model = M3LContrastTopicModel(n_components=20, max_iter=60, random_state=0)
    model.fit(X, pair_weight=weights)
    topics = [model.transform(test[[view]]) for view in ("en", "de")]
    mrr = mean_reciprocal_rank(pairwise_jensen_shannon(*topics))
    print(f"{name} pairs: MRR {mrr:.3f}")
    if name == "mined":
        mined = model

# %%
# The topics mean the same in both languages.

mined.topics_frame(n_words=6).head(8)

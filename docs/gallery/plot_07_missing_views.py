"""
Missing views
=============

Pages without a translation or without a picture stay in the training data. A missing
view takes no part in training, and the other views of the row count in full.
"""

import warnings

import numpy as np

from sklearn_m3l import M3LContrastTopicModel, MultiView
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon


def load_pages(subset):
    """Return the first row of each page."""
    corpus = load_gimp_help(subset)
    return corpus.data[np.sort(np.unique(corpus.data.groups, return_index=True)[1])]


full, test = load_pages("train"), load_pages("test")

# %%
# Remove the German text from half of the pages. ``present`` marks the rows that have
# it.

has_german = np.random.default_rng(0).random(len(full)) < 0.5
texts = ["en", "de"]
half = MultiView.from_arrays(
    embeddings={name: full[name].embedding for name in full.view_names},
    counts={name: full[name].counts for name in texts},
    vocabularies={name: full[name].vocabulary for name in texts},
    present={"de": has_german, "image": full["image"].present},
    index=full.index,
)
half

# %%
# Train on all rows and, for comparison, on the complete pairs only. Which model is
# better at finding the German counterpart of held-out English pages?

for name, X in {"complete pairs alone": half[has_german], "all rows": half}.items():
    model = M3LContrastTopicModel(n_components=20, max_iter=60, random_state=0).fit(X)
    english, german = (model.transform(test[[view]]) for view in texts)
    mrr = mean_reciprocal_rank(pairwise_jensen_shannon(english, german))
    print(f"{name:<21} {len(X)} rows  MRR {mrr:.3f}")

# %%
# A row with one view gets the topics of that view, and a row with several views gets
# the mean over them. A row without any of the requested views gets NaN, with a warning.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    theta = model.transform(test[["image"]])
print(caught[0].message)
np.isnan(theta[:, 0]).sum()

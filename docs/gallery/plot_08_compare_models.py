"""
Comparing the four models
=========================

All four models learn from the same pages and are measured in the same way. This is a
quick look at one small corpus with few epochs, not a ranking.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import compare_models

train, test = load_gimp_help("train"), load_gimp_help("test")
# One row per page.
X = train.data[np.sort(np.unique(train.data.groups, return_index=True)[1])]

# %%
# ZeroshotTM learns from English alone, and PLTM does not read pictures. The student of
# ZeroshotTM-KD reads German here, so it does not read pictures either.

teacher = ZeroShotTopicModel(20, view="en", max_iter=60)
models = {
    "M3L-Contrast": M3LContrastTopicModel(20, max_iter=60, random_state=0),
    "ZeroshotTM": ZeroShotTopicModel(20, view="en", max_iter=60, random_state=0),
    "ZeroshotTM-KD": DistilledTopicModel(
        20, teacher=teacher, view="de", max_iter=60, random_state=0
    ),
    "PLTM": PolylingualLDA(20, max_iter=200, random_state=0),
}
for model in models.values():
    model.fit(X)

# %%
# :func:`~sklearn_m3l.display.compare_models` measures each model on the views that it
# takes, and returns one row per model. MRR measures how well English pages find their
# German counterparts, and UAP how well pages find their pictures, which only
# M3L-Contrast can do here. NPMI measures whether the words of a topic occur together in
# the training pages.

table = compare_models(models, test.data, X_train=X, metrics=["mrr", "uap", "npmi"])
table.round(3)

# %%
# The pretrained embeddings of English and German are aligned here, as ZeroshotTM
# requires. :doc:`/user_guide/choosing` explains when to use which model.

shown = table.loc[list(models), ["MRR en-de", "NPMI en"]]
ax = shown.plot.barh(figsize=(7, 3.5), rot=0)
ax.invert_yaxis()
plt.tight_layout()

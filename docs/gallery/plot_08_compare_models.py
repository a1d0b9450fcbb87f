"""
Comparing the four models
=========================

All four models learn from the same pages and are measured in the same way. This is a
quick look at one small corpus with few epochs, not a ranking.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import (
    make_mrr_scorer,
    make_npmi_scorer,
    make_uap_scorer,
)

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
# MRR measures how well English pages find their German counterparts. NPMI measures
# whether the English words of a topic occur together in the training pages. UAP
# measures how well English pages find their pictures, which only M3L-Contrast can do
# here.

mrr, npmi = make_mrr_scorer("en", "de"), make_npmi_scorer("en")
uap = make_uap_scorer("en", "image")
table = pd.DataFrame(
    {
        name: {
            "MRR en-de": mrr(model, test.data),
            "NPMI en": npmi(model, X),
        }
        for name, model in models.items()
    }
).T
score = uap(models["M3L-Contrast"], test.data)
table.loc["M3L-Contrast", "UAP en-image"] = score
table.round(3)

# %%
# The pretrained embeddings of English and German are aligned here, as ZeroshotTM
# requires. :doc:`/user_guide/choosing` explains when to use which model.

ax = table[["MRR en-de", "NPMI en"]].plot.barh(figsize=(7, 3.5), rot=0)
ax.invert_yaxis()
plt.tight_layout()

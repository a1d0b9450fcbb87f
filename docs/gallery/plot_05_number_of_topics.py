"""
Choosing the number of topics
=============================

``GridSearchCV`` works as it does for any estimator. The scorers of this package define
what to optimize: retrieval across languages, and coherent words.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import AblationDisplay
from sklearn_m3l.metrics import make_alignment_scorer

corpus = load_gimp_help("train")
# One row per page, for speed.
first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
X = corpus.data[first][["en", "de"]]

# %%
# Two folds and forty epochs keep this example short. For a real choice, use more of
# both.

search = GridSearchCV(
    M3LContrastTopicModel(max_iter=40, random_state=0),
    {"n_components": [5, 20, 80]},
    scoring=make_alignment_scorer(["mrr", "npmi"]),
    refit="mrr",
    cv=2,
)
search.fit(X)
search.best_params_

# %%
# Lines connect the means over folds; bars show the standard deviation.

figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
for ax, name in zip(axes, ["mrr", "npmi"], strict=True):
    AblationDisplay.from_cv_results(
        search.cv_results_, "n_components", score_name=name, ax=ax
    )
    ax.set(xlabel="Topics", ylabel=name.upper())

# %%
# In the repository, ``examples/grid_search.py`` searches over topics and batch sizes,
# starting from raw texts and pictures; see :doc:`/user_guide/grid_search`.

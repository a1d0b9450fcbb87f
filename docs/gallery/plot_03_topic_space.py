"""
A map of the topic space
========================

A map places texts and pictures in one plane: points are close if their topics are. This
is Figure 2 of the paper.
"""

import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicSpaceDisplay

train, test = load_gimp_help("train"), load_gimp_help("test")
# One row per page, for speed.
first = np.sort(np.unique(train.data.groups, return_index=True)[1])
model = M3LContrastTopicModel(n_components=20, max_iter=60, random_state=0)
model.fit(train.data[first])

# %%
# A page with five pictures takes five rows. ``names`` identifies what each row shows,
# so that the page is still one point. A word names each of the larger topics.

pages = test.data.groups
display = TopicSpaceDisplay.from_estimator(
    model,
    test.data,
    names={"en": pages, "de": pages, "image": test.frame["image"]},
    view_labels={"en": "English", "de": "German", "image": "Pictures"},
    random_state=0,
)

# %%
# ``display.write_html("map.html")`` writes the map as an interactive page.
# :class:`~sklearn_m3l.display.TopicReport` writes a page that also has the documents.

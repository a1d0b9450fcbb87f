"""
Topics of pictures
==================

A picture gets a topic, and a topic has words in every language. So a picture gets
words, though nobody wrote any for it.
"""

import io

import matplotlib.pyplot as plt
import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help

train, test = load_gimp_help("train"), load_gimp_help("test")
first = np.unique(train.target, return_index=True)[1]  # a row a page, for speed
model = M3LContrastTopicModel(n_components=20, max_iter=30, random_state=0)
model.fit(train.data[first])

# %%
# Held-out pages: the model has seen neither the pictures nor the texts. ``label`` looks
# at the picture alone.

pictures = test.data[test.data["image"].present][["image"]]
labels = model.label(pictures, n_words=4)
labels.head()

# %%
# The four topics that most of these pictures have, each with the four pictures that
# show it best.

paths = test.frame["image"][test.data["image"].present].to_numpy()
best = model.top_rows(pictures, n=40)
words = model.topics_frame(n_words=4)
figure, axes = plt.subplots(4, 4, figsize=(7, 8.5), layout="constrained")
for row, topic in zip(axes, labels["topic"].value_counts().index[:4], strict=True):
    own = dict.fromkeys(paths[best[topic]])  # one picture can be on two pages
    for ax, path in zip(row, own, strict=False):
        ax.imshow(plt.imread(io.BytesIO(test.thumbnails[path]), format="jpeg"))
    for ax in row:
        ax.axis("off")
    row[0].set_title(
        f"{words['en'][topic]}\n{words['de'][topic]}", loc="left", fontsize=11
    )

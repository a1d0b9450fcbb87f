"""
Topics of pictures
==================

The model assigns topics to a picture, and a topic has words in every language. So the
picture gets words, although nobody wrote any for it.
"""

import io

import matplotlib.pyplot as plt
import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help

train, test = load_gimp_help("train"), load_gimp_help("test")
# One row per page, for speed.
first = np.sort(np.unique(train.data.groups, return_index=True)[1])
model = M3LContrastTopicModel(n_components=30, max_iter=60, random_state=0)
model.fit(train.data[first])

# %%
# On held-out pages, the model has seen neither the pictures nor the texts. ``describe``
# reads the picture alone.

pictures = test.data[test.data["image"].present][["image"]]
labels = model.describe(pictures, n_words=4)
labels.head()

# %%
# Show the three topics that pictures represent most clearly, each with its four best
# pictures.

paths = test.frame["image"][test.data["image"].present].to_numpy()
theta = model.transform(pictures)
words = model.topics_frame(n_words=4)
best = {}
for topic, rows in enumerate(model.top_rows(pictures, n=40)):
    # One picture can be on several pages.
    best[topic] = np.unique(paths[rows], return_index=True)[1]
    best[topic] = rows[np.sort(best[topic])[:4]]
clearest = sorted(best, key=lambda topic: -theta[best[topic], topic].mean())[:3]

figure = plt.figure(figsize=(8, 6.5), layout="constrained")
for part, topic in zip(figure.subfigures(3), clearest, strict=True):
    title = f"{words['en'][topic]}\n{words['de'][topic]}"
    part.suptitle(title, x=0.01, ha="left", fontsize=11)
    for ax, path in zip(part.subplots(1, 4), paths[best[topic]], strict=True):
        ax.imshow(plt.imread(io.BytesIO(test.thumbnails[path]), format="jpeg"))
        ax.axis("off")

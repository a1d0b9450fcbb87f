"""
Topics in eight languages
=========================

The texts are the names and keywords of 1,160 emoji, a few words in each of eight
languages. All languages share the topics.
"""

import io

import matplotlib.pyplot as plt
import numpy as np

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import make_multiview_encoder

corpus = load_emoji("train")
languages = ["en", "de", "fr", "fi", "tr", "ru", "ar", "hi"]
encoder = make_multiview_encoder(languages, groups="concept", random_state=0)
X = encoder.fit_transform(corpus.frame)
model = PolylingualLDA(50, max_iter=300, random_state=0).fit(X)
model.topics_frame(n_words=3).head()

# %%
# Show the six clearest topics: three top words in six languages, and the eight emoji
# that show the topic best. The model has read the words and has not seen the pictures.

theta = model.transform(X)
best = model.top_rows(X, n=8)
clearness = [theta[rows, topic].mean() for topic, rows in enumerate(best)]
clearest = np.argsort(clearness)[::-1][:6]
words = model.topics_frame(n_words=3)

figure = plt.figure(figsize=(9, 9), layout="constrained")
for part, topic in zip(figure.subfigures(6), clearest, strict=True):
    own = [f"{name}: {words[name][topic]}" for name in languages[:6]]
    title = "   ".join(own[:3]) + "\n" + "   ".join(own[3:])
    part.suptitle(title, x=0.01, ha="left", fontsize=10)
    for ax, row in zip(part.subplots(1, 8), best[topic], strict=True):
        picture = io.BytesIO(corpus.frame["image"].iloc[row])
        ax.imshow(plt.imread(picture, format="png"))
        ax.axis("off")

# %%
# The words are from CLDR, the pictures from OpenMoji (CC BY-SA 4.0). The command line
# learns topics from your own table with one column per language:
#
# .. code-block:: console
#
#    $ python -m sklearn_m3l fit table.csv --text en --text ja \
#        --model polylingual-lda -o m
#    $ python -m sklearn_m3l topics m

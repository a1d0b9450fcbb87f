"""
Saving and loading
==================

``save_model`` writes a file without code: arrays and JSON. A loaded model gives the
same results, to the bit.
"""

import tempfile
from pathlib import Path

import numpy as np

from sklearn_m3l import M3LContrastTopicModel, load_model, save_model
from sklearn_m3l.datasets import load_gimp_help

corpus = load_gimp_help("train")
X = corpus.data[np.sort(np.unique(corpus.data.groups, return_index=True)[1])]
model = M3LContrastTopicModel(n_components=20, max_iter=40, random_state=0).fit(X)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "topics.safetensors")
    save_model(model, path)
    print(f"{path.stat().st_size / 1e6:.1f} MB")
    loaded = load_model(path)

# %%
# Both models give the same rows the same topics, to the bit.

np.array_equal(loaded.transform(X), model.transform(X))

# %%
# You can save a pipeline that starts with a
# :class:`~sklearn_m3l.embedding.MultiViewEncoder` in the same way.

loaded.topics_frame(n_words=5).head()

"""
Unaligned encoders
==================

If no multilingual encoder knows your languages, embed each language separately. LSA
needs nothing but the texts. The vectors of two languages are then unrelated, and the
model aligns them.
"""

import numpy as np

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.metrics import mean_reciprocal_rank, pairwise_jensen_shannon

train = load_gimp_help("train").frame.drop_duplicates(["en", "de"])
test = load_gimp_help("test").frame.drop_duplicates(["en", "de"])

# %%
# Fit one encoder per language, on that language alone.

encoder = make_multiview_encoder(
    ["en", "de"], text_encoder=LsaEncoder(), random_state=0
).fit(train)
X, X_test = encoder.transform(train), encoder.transform(test)
X

# %%
# Searching German pages with the vectors of English pages is little better than chance.


def standardize(vectors):
    """Standardize every dimension, and scale every vector to length 1."""
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


english, german = (standardize(X_test[name].embedding) for name in ["en", "de"])
print(f"LSA vectors  MRR {mean_reciprocal_rank(1 - english @ german.T):.3f}")
print(f"Chance       MRR {np.mean(1 / np.arange(1, len(test) + 1)):.3f}")

# %%
# Searching with topics that the model infers from the same vectors and the words works.

model = M3LContrastTopicModel(n_components=30, random_state=0).fit(X)
english, german = model.transform(X_test[["en"]]), model.transform(X_test[["de"]])
distances = pairwise_jensen_shannon(english, german)
print(f"Topics       MRR {mean_reciprocal_rank(distances):.3f}")
model.topics_frame(n_words=5).head(8)

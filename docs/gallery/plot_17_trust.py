"""
Which topics can be trusted
===========================

Another seed finds other topics. Trust those that come back with every seed, and let
people judge what they mean.
"""

import numpy as np
import pandas as pd

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicStabilityDisplay
from sklearn_m3l.inspection import (
    match_topics,
    score_intrusion,
    topic_stability,
    word_intrusion,
)
from sklearn_m3l.metrics import inverted_rbo, npmi_coherence, umass_coherence

corpus = load_gimp_help("train")
# One row per page.
first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
X = corpus.data[first][["en", "de"]]
model = PolylingualLDA(10, max_iter=40, random_state=0).fit(X)

# %%
# Fit the model again with other seeds, and match the topics by their words. A topic
# came back if it is more similar to its match than to the runner-up.

stability = topic_stability(model, X, n_runs=3, random_state=0)
stability.sort_values("stability", ascending=False).round(2)

# %%
TopicStabilityDisplay(stability).plot()

# %%
# Compare with a model of fewer topics: which are the same, and which are left over?

smaller = PolylingualLDA(7, max_iter=40, random_state=0).fit(X)
match_topics(model, smaller).drop(columns="topic_name_b").round(2)

# %%
# What people say
# ---------------
#
# In a word intrusion test, people mark the word that does not belong.
# :func:`~sklearn_m3l.inspection.write_intrusion` writes it as a page to print or as a
# CSV file.

sheet = word_intrusion(model, "en", random_state=0)
sheet.drop(columns=["topic", "view", "intruder"]).head()

# %%
# Two people answered; the second one guessed.

guesses = np.random.default_rng(0).integers(1, 7, len(sheet))
answers = pd.concat(
    [
        pd.DataFrame({"question": sheet["question"], "answer": sheet["intruder"]}),
        pd.DataFrame({"question": sheet["question"], "answer": guesses}),
    ]
)
scores = score_intrusion(answers, sheet)
print(f"Precision {scores['precision'].mean():.2f}, chance {scores['chance'][0]:.2f}")

# %%
# What machines say
# -----------------
#
# Two measures of the coherence of each topic, and the diversity of all topics.

words, counts = model.top_words("en"), X["en"].counts
vocabulary = model.vocabularies_["en"]
coherence = pd.DataFrame(
    {
        "npmi": npmi_coherence(words, counts, vocabulary, average=False),
        "umass": umass_coherence(words, counts, vocabulary, average=False),
        "stability": stability["stability"],
    }
)
print(f"Diversity {inverted_rbo(words):.2f}")
coherence.corr(method="spearman").round(2)

"""
Where two languages differ
==========================

Do two languages write about the same topics equally often? Topics are inferred from
each language alone and compared over the pages that have both.
"""

import numpy as np

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import ViewComparisonDisplay
from sklearn_m3l.inspection import compare_views, disagreements

corpus = load_gimp_help("train")
# One row per page.
first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
X, frame = corpus.data[first][["en", "de"]], corpus.frame.iloc[first]
model = PolylingualLDA(15, max_iter=60, random_state=0).fit(X)

# %%
# For each topic: its prevalence in English (a) and in German (b), and the difference
# with a bootstrap interval. A low correlation means that the languages do not agree
# which pages are about the topic, a low NPMI that its words do not match. Either way,
# the topic is not one topic.

table = compare_views(model, X, random_state=0)
columns = ["topic_name", "prevalence_a", "prevalence_b", "correlation", "npmi"]
table[columns].round(2)

# %%
# If an interval excludes 0, other pages of this kind would show a difference, too.
# The German pages are translations of the English ones, so the differences are small.

ViewComparisonDisplay.from_estimator(
    model,
    X,
    ("en", "de"),
    random_state=0,
    view_labels={"en": "English", "de": "German"},
)

# %%
# Which pages are translated most freely, or not at all? The divergence is 0 where both
# languages have the same topics, and 0.69 where they have none in common.

rows = disagreements(model, X, n=5)
rows[["label", "divergence", "topic_name_a", "topic_name_b"]].round(2)

# %%
# Read the first one side by side. Much of the German page is in English: it has hardly
# been translated. :doc:`/auto_examples/plot_19_study` sets such pages aside.

page = frame.iloc[rows["row"][0]]
print(page["en"][:300], page["de"][:300], sep="\n\n")

"""
Topics from your own themes
===========================

You may know some themes beforehand. Seed words say what the first topics are about; the
others stay free.
"""

import pandas as pd

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicWordsDisplay

X = load_gimp_help("train").data[["en", "de"]][::2]

# %%
# Two themes, with seeds in one language or both. Words must be spelled as in the
# vocabulary.

seed_words = {
    "color management": {"en": ["profile", "cmyk"], "de": ["farbprofil"]},
    "painting": {"en": ["brush", "paint", "easel"], "de": ["pinsel"]},
}
try:
    PolylingualLDA(20, seed_words=seed_words).fit(X)
except ValueError as error:
    print(error)

# %%
# One error names all words that the vocabulary lacks. Without them:

known = {
    theme: {
        language: [word for word in words if word in X[language].vocabulary]
        for language, words in by_language.items()
    }
    for theme, by_language in seed_words.items()
}
model = PolylingualLDA(20, seed_words=known, max_iter=40, random_state=0).fit(X)
model.topics_frame(n_words=6).head(4)

# %%
# The seeded topics come first and have the names of the themes. They have taken in
# words that occur with the seeds, in German, too.

TopicWordsDisplay.from_estimator(model, topics=[0, 1], n_words=8)

# %%
# Weight
# ------
# ``seed_weight`` is added to the prior for each occurrence of a seed word. The table
# shows the share of the occurrences of "paint" that end up in the theme, and the
# prevalence of the theme in all texts. If the texts have the theme, 1 changes little.
# With 100, the topic has little but its seeds.

rows = []
word = X["en"].vocabulary.tolist().index("paint")
for weight in (0.01, 1, 100):
    weighted = PolylingualLDA(
        20, seed_words=known, seed_weight=weight, max_iter=40, random_state=0
    ).fit(X)
    counts = weighted.topic_word_counts_["en"][:, word]
    rows.append(
        {
            "seed_weight": weight,
            "share of paint": counts[1] / counts.sum(),
            "prevalence": weighted.prevalence_[1],
        }
    )
pd.DataFrame(rows).round(3)

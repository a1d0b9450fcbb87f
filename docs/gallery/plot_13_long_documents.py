"""
Long documents, unclear rows, and stop words
============================================

Text encoders read the first few hundred tokens of a text. Segments show where in a long
document a topic is. Entropy separates rows with a clear topic from the others, and
words that are frequent in nearly every topic are candidates for stop words.
"""

import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import SegmentTopicsDisplay
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.inspection import (
    dominant_topics,
    segment_topics,
    suggest_stop_words,
    suggest_topic_names,
)

df = load_gimp_help("train").frame[["en", "de"]][::3]
pipeline = make_pipeline(
    make_multiview_encoder(["en", "de"], min_df=3, max_df=0.5, min_tokens=1),
    PolylingualLDA(10, max_iter=40, random_state=0),
).fit(df)
model = pipeline[-1]
model.set_topic_names(suggest_topic_names(model, view="en", n_words=2))
model.topics_frame(n_words=5).head()

# %%
# Segments
# --------
# Split the longest page of the manual into windows of 60 words. You can also split by
# sentence, by paragraph, or with your own function.

longest = df["en"].str.len().idxmax()
found = segment_topics(
    pipeline, df.loc[[longest]], by="window", max_words=60, views=["en"]
)
found.segments[["segment", "n_words", "topic_name", "proportion"]].head(8)

# %%
# The topics of the whole page are the mean over its windows, weighted by their words.
# The figure shows them from the beginning of the page to its end.

SegmentTopicsDisplay.from_estimator(
    pipeline, df.loc[[longest]], view="en", by="window", max_words=60
)

# %%
# Rows without a clear topic
# --------------------------
# A row whose proportions are too even has no clear topic, and the table leaves its
# topic out. The limit decides how many rows that are.

table = dominant_topics(pipeline, df, max_entropy=0.5)
table[["label", "topic_name", "proportion", "entropy", "clear"]].head()

# %%
limits = [0.3, 0.4, 0.5, 0.6, 0.7]
unclear = [(table["entropy"] > limit).mean() for limit in limits]
pd.DataFrame({"max_entropy": limits, "share of unclear rows": unclear}).round(3)

# %%
# Stop words
# ----------
# These words are among the 40 most probable in at least six of ten topics. The German
# pages have untranslated passages, and so English stop words. Read the list, then pass
# the words to remove as ``make_multiview_encoder(extra_stop_words=...)``.

suggest_stop_words(model, n_words=40, min_share=0.6).round(3).head(10)

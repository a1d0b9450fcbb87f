"""
A small study, from table to figure
===================================

Does the German manual of GIMP tell its readers the same as the English one? This page
asks the question as a linguist would, and answers it line by line: read a table, learn
topics, check them, compare the languages, and draw a figure.
"""

import numpy as np
import pandas as pd

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import PrevalenceDisplay, ViewComparisonDisplay
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.inspection import compare_views, disagreements, topic_stability

# %%
# 1. The table
# ------------
#
# One row per page, one column per language. Your own corpus would come from
# ``pd.read_csv``. Other columns say more about the pages: here, the section.

table = load_gimp_help("train").frame.drop_duplicates("page")
prefix = table["page"].str.split("-").str[:2].str.join("-")
sections = {"gimp-filter": "Filters", "gimp-layer": "Layers", "gimp-tool": "Tools"}
table = table[["page", "en", "de"]].assign(section=prefix.map(sections).fillna("Other"))
table["section"].value_counts()

# %%
# 2. The topics
# -------------
#
# The encoder counts words, without those that every text has. The model finds ten
# topics, each with words in both languages.

encoder = make_multiview_encoder(["en", "de"], groups="page")
X = encoder.fit_transform(table)
model = PolylingualLDA(10, max_iter=60, random_state=0).fit(X)
model.topics_frame(n_words=6)

# %%
# 3. Which topics may we speak of?
# --------------------------------
#
# Another seed would have found other topics. We continue with those that came back in
# two further runs, and leave the others alone.

stability = topic_stability(model, X, n_runs=2, random_state=0)
stable = stability[stability["stability"] > stability["runner_up"] + 0.1]
stable[["topic", "topic_name", "stability", "runner_up"]].round(2)

# %%
# 4. The languages
# ----------------
#
# How much of each page is about a topic in English (a), and how much in German (b)? The
# interval says how sure the difference is.

comparison = compare_views(model, X, random_state=0)
comparison = comparison[comparison["topic"].isin(stable["topic"])]
differ = comparison[(comparison["low"] > 0) | (comparison["high"] < 0)]
differ[["topic_name", "difference", "low", "high", "correlation"]].round(3)

# %%
ViewComparisonDisplay(comparison, view_labels={"en": "English", "de": "German"}).plot()

# %%
# 5. The sections
# ---------------
#
# Is a difference everywhere, or in one part of the manual?

widest = differ.sort_values("difference", key=np.abs)["topic"].tail(3)
display = PrevalenceDisplay.from_estimator(
    model,
    X,
    table["section"],
    topics=sorted(widest),
    random_state=0,
    view_labels={"en": "English", "de": "German"},
)

# %%
# 6. Back to the texts
# --------------------
#
# Numbers point at pages, and pages explain numbers. Which pages differ most, and what
# do they say?

rows = disagreements(model, X, n=3)
rows[["label", "divergence", "topic_name_a", "topic_name_b"]].round(2)

# %%
page = table.iloc[rows["row"].iloc[0]]
pd.Series({"English": page["en"][:250], "German": page["de"][:250]}).map(print)

# %%
# The German column holds the English text: the page was never translated. What looked
# like another worldview is a gap in the data, which no mean would have shown.
#
# What we may say in the end: where the languages differ, by how much, how sure we are,
# and which pages show it. What we may not: that topics which did not come back differ.

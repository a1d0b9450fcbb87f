"""
Tables, a workbook, and a network
=================================

Topics for other programs: tidy tables for R or a database, a workbook for a
spreadsheet, and a graph for Gephi.
"""

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import networkx
import numpy as np

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.inspection import (
    document_topics,
    topic_network,
    topic_words,
    write_workbook,
)

corpus = load_gimp_help("train")
# One row per page.
first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
X, frame = corpus.data[first][["en", "de"]], corpus.frame.iloc[first]
model = PolylingualLDA(15, max_iter=60, random_state=0).fit(X)

# %%
# The table has one row per page, language, and topic, and a column of our own. It keeps
# the three largest topics of each text.

pages = frame[["page"]].assign(characters=frame["en"].str.len())
table = document_topics(model, X, n_topics=3, columns=pages)
table.head()

# %%
# Tidy tables answer many questions with pandas alone: which topics are in long pages?

long = table[table["view"] == "en"].groupby("topic_name")["characters"].median()
long.sort_values(ascending=False).head()

# %%
# The words, with their probabilities.

topic_words(model, n_words=3, views=["en"]).head()

# %%
# A workbook has all these tables as sheets, and the differences between the languages.

folder = Path(mkdtemp())
write_workbook(folder / "topics.xlsx", model, X, n_topics=3, random_state=0)
print(f"{(folder / 'topics.xlsx').stat().st_size / 1000:.0f} kB")

# %%
# A graph connects topics that occur in the same pages. GraphML and GEXF files open in
# Gephi and Cytoscape.

graph = topic_network(model, X, n_neighbors=2)
networkx.write_graphml(graph, folder / "topics.graphml")
places = networkx.spring_layout(graph, seed=0, k=0.9)
figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
networkx.draw_networkx(
    graph,
    places,
    labels={t: name.replace(", ", "\n") for t, name in graph.nodes(data="name")},
    node_size=[12000 * share for _, share in graph.nodes(data="prevalence")],
    width=[8 * weight for _, _, weight in graph.edges(data="weight")],
    node_color="#9cc4ea",
    edge_color="#a8b1ba",
    font_size=7,
    ax=ax,
)
ax.margins(0.12)
ax.set_axis_off()

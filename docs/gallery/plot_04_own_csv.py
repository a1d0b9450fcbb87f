"""
Starting from a CSV file
========================

All you need is a table with one column per language and one column of pictures. Here we
first write such a table and then start from it.
"""

import tempfile
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import make_multiview_encoder

# %%
# Write a CSV file and a folder of pictures for the first 300 pages.

folder = tempfile.TemporaryDirectory()
corpus = load_gimp_help("train")
table = corpus.frame.drop_duplicates(["en", "de"]).head(300).reset_index(drop=True)
for row, path in table["image"].dropna().items():
    file = Path(folder.name, f"{row}.jpg")
    file.write_bytes(corpus.thumbnails[path])
    table.loc[row, "image"] = str(file)
table.to_csv(Path(folder.name, "pages.csv"), index=False)

# %%
# Your own script starts here. Cells may be empty: the row then lacks that view, and no
# row is dropped.

df = pd.read_csv(Path(folder.name, "pages.csv"))
df.notna().sum()

# %%
# The column names are ISO 639-1 codes, so the stop words of these languages are
# removed. Word vectors that come with the package embed the texts, simple statistics
# the pictures. For better embeddings, see :doc:`/user_guide/encoders`.

pipeline = Pipeline(
    [
        ("encode", make_multiview_encoder(["en", "de"], ["image"])),
        ("topics", M3LContrastTopicModel(20, random_state=0)),
    ]
)
pipeline.fit(df)
pipeline["topics"].topics_frame(n_words=5).head(8)

# %%
# Infer the topics of each row from all its views, and from German alone.

theta = pipeline.transform(df)
german = pipeline.transform(df[["de"]].dropna())
theta.shape, german.shape

# %%
# Add the dominant topic to the table, and save it.

result = df.assign(topic=theta.argmax(axis=1))
result.to_csv(Path(folder.name, "pages_with_topics.csv"), index=False)
result["topic"].value_counts().head()

# %%
# Remove the files.

folder.cleanup()

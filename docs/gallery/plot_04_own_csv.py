"""
My own CSV
==========

A table with a column for each language and one for pictures is all you need. Here we
first write such a table, as you would have one, and then start from it.
"""

import tempfile
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import make_multiview_encoder

# %%
# A CSV and a folder of pictures. The first 300 pages will do.

folder = tempfile.TemporaryDirectory()
corpus = load_gimp_help("train")
table = corpus.frame.drop_duplicates(["en", "de"]).head(300).reset_index(drop=True)
for row, path in table["image"].dropna().items():
    file = Path(folder.name, f"{row}.jpg")
    file.write_bytes(corpus.thumbnails[path])
    table.loc[row, "image"] = str(file)
table.to_csv(Path(folder.name, "pages.csv"), index=False)

# %%
# From here on it is your script. Cells may be empty: such a row lacks the view, and no
# row is dropped.

df = pd.read_csv(Path(folder.name, "pages.csv"))
df.notna().sum()

# %%
# The columns are named by ISO 639-1 codes, so the stop words of these languages are
# left out. Texts are embedded by LSA and pictures by simple statistics; for better
# embeddings see :doc:`/user_guide/encoders`.

pipeline = Pipeline(
    [
        ("encode", make_multiview_encoder(["en", "de"], ["image"], random_state=0)),
        ("topics", M3LContrastTopicModel(20, random_state=0)),
    ]
)
pipeline.fit(df)
pipeline["topics"].topics_frame(n_words=5).head(8)

# %%
# Topics of each row from all that it has, and from German alone.

theta = pipeline.transform(df)
german = pipeline.transform(df[["de"]].dropna())
theta.shape, german.shape

# %%
# Put the foremost topic beside the texts, and write the table back.

result = df.assign(topic=theta.argmax(axis=1))
result.to_csv(Path(folder.name, "pages_with_topics.csv"), index=False)
result["topic"].value_counts().head()

# %%
# Remove the files again.

folder.cleanup()

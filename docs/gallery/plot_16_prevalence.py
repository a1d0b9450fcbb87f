"""
Topics over sections and numbers
================================

How does the prevalence of topics change with the date, section, or length of a
document? Here we compare sections of the GIMP manual and lengths of pages. Dates work
in the same way: ``prevalence_by(model, X, dates, bins="Y")``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import PrevalenceDisplay
from sklearn_m3l.inspection import prevalence_by

corpus = load_gimp_help("train")
# One row per page.
first = np.sort(np.unique(corpus.data.groups, return_index=True)[1])
X, frame = corpus.data[first][["en", "de"]], corpus.frame.iloc[first]
model = PolylingualLDA(12, max_iter=60, random_state=0).fit(X)

# %%
# The name of a page contains its section.

sections = {"gimp-filter": "filters", "gimp-layer": "layers", "gimp-tool": "tools"}
names = pd.Series(X.groups).str.split("-").str[:2].str.join("-")
section = names.map(sections).fillna("other").rename("Section")
prevalence_by(model, X, section, random_state=0).head()

# %%
# Bars show the topics that vary most, with intervals.

languages = {"en": "English", "de": "German"}
PrevalenceDisplay.from_estimator(
    model, X, section, random_state=0, view_labels=languages
)

# %%
# Numbers become bins with equally many pages, or with the edges that you give.

length = frame["en"].str.len().rename("Characters")
PrevalenceDisplay.from_estimator(
    model,
    X,
    length,
    bins=[0, 500, 1000, 2000, length.max()],
    kind="bar",
    random_state=0,
    view_labels=languages,
)

# %%
# Both at once
# ------------
#
# Do long pages have other topics only because they are in other sections? A linear
# model holds one constant while the other changes. Proportions sum to 1, so we regress
# their centered log-ratios: the logarithm of each proportion minus the mean logarithm
# of the row.


def centered_log_ratio(theta):
    """Return log proportions minus their mean in each row."""
    logs = np.log(np.clip(theta, 1e-4, None))
    return logs - logs.mean(axis=1, keepdims=True)


ratios = FunctionTransformer(centered_log_ratio).transform(model.transform(X))
covariates = pd.get_dummies(section, dtype=float).drop(columns="other")
covariates["length"] = StandardScaler().fit_transform(np.log(length).to_frame())[:, 0]
regression = LinearRegression().fit(covariates, ratios)

# %%
# A coefficient of 1 multiplies the proportion, against the average topic, by e.
# Positive ones are blue.

figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
image = ax.imshow(regression.coef_, cmap="RdBu", vmin=-4, vmax=4, aspect="auto")
labels = [
    f"{topic}: {', '.join(words)}"
    for topic, words in enumerate(model.top_words("en", 3))
]
ax.set_yticks(range(len(labels)), labels)
ax.set_xticks(range(covariates.shape[1]), covariates.columns)
figure.colorbar(image, label="Coefficient")

# %%
# How much of each topic do the covariates explain in all?

print(f"R² {regression.score(covariates, ratios):.2f}")

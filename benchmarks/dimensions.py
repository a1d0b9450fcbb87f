"""How many counterparts as few numbers find as there are topics.

    python -m benchmarks.dimensions
    python -m benchmarks.dimensions --show

A topic model describes a text by one number per topic, an encoder by hundreds. The
first command measures what the numbers alone make of that: the embeddings of the
corpora of the leaderboard, standardized in each language, are searched by their cosine,
first whole, then reduced to their first principal components, of all languages
together, as many as the leaderboard has topics on that corpus. It stores the mean
reciprocal rank over all pairs of languages. Both commands write the table of the docs,
in which the figures of the topic models are those of the leaderboard.

The corpora need the folders that `benchmarks/README.md` names.
"""

import argparse
import json
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler

from benchmarks.provenance import RESULTS, record
from sklearn_m3l import MultiView
from sklearn_m3l.metrics import mean_reciprocal_rank

RESULT = RESULTS / "dimensions" / "dimensions.json"
CORPORA = ["gimp-help", "multi30k_6000_rows", "emoji", "gnome"]


def measure(name: str) -> dict[str, float]:
    """Return the number of topics and of dimensions, and the MRR with each."""
    from benchmarks.leaderboard.corpora import load_corpus

    corpus = load_corpus(name)
    train, test = (
        _standardized(X, corpus.train, corpus.aligned)
        for X in (corpus.train, corpus.test)
    )
    present = {view: corpus.train[view].present for view in corpus.aligned}
    stacked = np.vstack([train[view][rows] for view, rows in present.items()])
    pca = PCA(corpus.n_topics, random_state=0).fit(stacked)
    reduced = {view: pca.transform(vectors) for view, vectors in test.items()}
    return {
        "topics": corpus.n_topics,
        "dimensions": stacked.shape[1],
        "MRR of all": _mean_mrr(test, corpus.test),
        "MRR of components": _mean_mrr(reduced, corpus.test),
    }


def _standardized(X: MultiView, train: MultiView, views) -> dict[str, np.ndarray]:
    """Return the embeddings of rows, by the mean and deviation of training rows."""
    return {
        view: StandardScaler()
        .fit(train[view].read(np.flatnonzero(train[view].present)))
        .transform(X[view].read(slice(None)))
        for view in views
    }


def _mean_mrr(vectors: Mapping[str, np.ndarray], X: MultiView) -> float:
    groups = np.arange(len(X)) if X.groups is None else X.groups
    found = []
    for one, other in combinations(vectors, 2):
        rows = np.flatnonzero(X[one].present & X[other].present)
        distances = cosine_distances(vectors[one][rows], vectors[other][rows])
        found.append(mean_reciprocal_rank(distances, groups[rows], groups[rows]))
    return float(np.mean(found))


def main() -> None:
    """Measure, unless the table alone is asked for, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="write the table alone")
    if not parser.parse_args().show:
        RESULT.parent.mkdir(exist_ok=True)
        result = json.dumps({name: measure(name) for name in CORPORA}, indent=1)
        RESULT.write_text(result + "\n", encoding="utf-8")
        record(RESULT)
    # No figure rests on how it is shown.
    from benchmarks.dimensions_page import write_page

    write_page()


if __name__ == "__main__":
    main()

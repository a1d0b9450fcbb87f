"""What the prior of PolylingualLDA costs and gains, on validation parts only.

    python -m benchmarks.gibbs_defaults gimp-help --output TABLE.md
    python -m benchmarks.gibbs_defaults multi30k --data FOLDER --output TABLE.md

GIMP manual: 50 topics, the training pages without a quarter that is held out; Multi30k:
100 topics, judged on `val`. Each page or picture is one tuple of English and German.
"MRR" is from English to German, each inferred alone. "MRR .1" and "LL .1" are what they
would be if only a tenth of the prior were added to a document's own topics, instead of
the posterior mean that `transform` returns. "LL" is `score`: each half of the tokens
predicted from the other. "topics" is exp(entropy) of an average document.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.stats import entropy

from benchmarks.quality import load
from sklearn_m3l import PolylingualLDA
from sklearn_m3l.metrics import (
    mean_reciprocal_rank,
    npmi_coherence,
    pairwise_jensen_shannon,
)
from sklearn_m3l.models._completion import split_documents
from sklearn_m3l.models._start import select_training_tuples

VIEWS = ["en", "de"]
# The sum of the prior over the topics is `prior`.
SETTINGS = [
    {"prior": 50, "optimize_interval": 0, "cluster_weight": 0},
    {"prior": 50, "optimize_interval": 10, "cluster_weight": 0},
    {"prior": 5, "optimize_interval": 0, "cluster_weight": 0},
    {"prior": 5, "optimize_interval": 10, "cluster_weight": 0},
    {"prior": 5, "optimize_interval": 10, "cluster_weight": 1},
    {"prior": 5, "optimize_interval": 10, "cluster_weight": 2},
    {"prior": 5, "optimize_interval": 10, "cluster_weight": 5},
    {"prior": 5, "optimize_interval": 10, "cluster_weight": 20},
    {
        "prior": 5,
        "optimize_interval": 10,
        "cluster_weight": 20,
        "background_share": 0.7,
    },
]
COLUMNS = ["MRR", "MRR .1", "LL", "LL .1", "NPMI en", "NPMI de", "topics", "seconds"]


def less_prior(model, X, share=0.1):
    """Return topics to which only a share of the prior is added.

    This holds only without clusters, which change the prior, and without a background.
    """
    theta = model.transform(X).astype(float)
    prior = np.tile(model.doc_topic_prior_, (len(X), 1))
    sizes = sum(X[name].counts.sum(axis=1) for name in X.view_names)[:, np.newaxis]
    own = np.maximum(theta * (sizes + prior.sum(axis=1, keepdims=True)) - prior, 0)
    theta = own + share * prior
    return theta / theta.sum(axis=1, keepdims=True)


def log_likelihood(model, X, topics):
    """Return the log-likelihood per word, each half predicted from the other."""
    halves, total = split_documents(X, VIEWS), 0.0
    for given, predicted in (halves, halves[::-1]):
        theta = topics(model, given)
        for name in VIEWS:
            log_p = model._decode(name, theta)
            cells = predicted[name].counts.tocoo()
            total += cells.data @ log_p[cells.row, cells.col]
    return total / sum(X[name].counts.sum() for name in VIEWS)


def mrr(model, X, topics):
    """Return the MRR from English to German, each inferred alone."""
    english, german = (topics(model, X[[name]]) for name in VIEWS)
    return mean_reciprocal_rank(pairwise_jensen_shannon(english, german))


def measure(model, train, held_out):
    """Return the figures of one fitted model, by column."""
    figures = {
        "MRR": mrr(model, held_out, PolylingualLDA.transform),
        "LL": model.score(held_out),
        "topics": np.exp(entropy(model.transform(held_out), axis=1)).mean(),
    }
    if model.cluster_weight == 0:
        figures["MRR .1"] = mrr(model, held_out, less_prior)
        figures["LL .1"] = log_likelihood(model, held_out, less_prior)
    for name in VIEWS:
        view = train[name]
        words = model.top_words(name)
        figures[f"NPMI {name}"] = npmi_coherence(words, view.counts, view.vocabulary)
    return figures


def distinct(X):
    """Return the texts of each page or picture once."""
    return X[select_training_tuples(X, np.inf, 0)][VIEWS]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=["gimp-help", "multi30k"])
    parser.add_argument("--data", help="folder of Multi30k")
    parser.add_argument("--rows", type=int, help="train on this many tuples only")
    parser.add_argument("--sweeps", type=int, default=500)
    parser.add_argument("--output", type=Path, help="add the table to this file")
    arguments = parser.parse_args()
    train, held_out, settings = load(arguments.corpus, arguments.data, validation=True)
    train, held_out = (distinct(part.data) for part in (train, held_out))
    train = train[: arguments.rows]
    lines = [
        f"{arguments.corpus}: {len(train):,} tuples, {len(held_out):,} held out, "
        f"{settings['n_components']} topics, {arguments.sweeps} sweeps, seed 0",
        "",
        f"| setting | {' | '.join(COLUMNS)} |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    print("\n".join(lines), flush=True)
    for parameters in SETTINGS:
        start = time.process_time()
        name = ", ".join(f"{key}={value}" for key, value in parameters.items())
        alpha = parameters.pop("prior") / settings["n_components"]
        model = PolylingualLDA(
            doc_topic_prior=alpha,
            max_iter=arguments.sweeps,
            random_state=0,
            **settings,
            **parameters,
        ).fit(train)
        figures = {"seconds": time.process_time() - start}
        figures |= measure(model, train, held_out)
        shown = [f"{figures[c]:.3f}" if c in figures else "" for c in COLUMNS]
        lines.append(f"| {name} | {' | '.join(shown)} |")
        print(lines[-1], flush=True)
    if arguments.output is not None:
        with arguments.output.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()

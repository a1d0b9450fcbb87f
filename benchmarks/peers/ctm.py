"""ZeroShotTopicModel beside ZeroShotTM of contextualized-topic-models (CTM)."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from contextualized_topic_models.datasets.dataset import CTMDataset
from contextualized_topic_models.models.ctm import ZeroShotTM
from scipy import sparse

from benchmarks.peers.corpora import Corpus, read_gimp_help, read_multi30k
from benchmarks.peers.record import (
    Record,
    speed_table,
    spread,
    table,
    take_turns,
)
from sklearn_m3l import MultiView, ZeroShotTopicModel
from sklearn_m3l.metrics import (
    mean_reciprocal_rank,
    npmi_coherence,
    pairwise_jensen_shannon,
    topic_diversity,
)

FULL = {
    "quick": False,
    "rows": 20_000,
    "rounds": 5,
    "seeds": 3,
    "topics": {"multi30k": 100, "gimp_help": 50},
    "epochs": {"multi30k": 15, "gimp_help": 100},
}
QUICK = {
    **FULL,
    "quick": True,
    "rows": 2_000,
    "rounds": 2,
    "seeds": 1,
    "epochs": {"multi30k": 2, "gimp_help": 5},
}

# What CTM's defaults are in the terms of ZeroShotTopicModel.
CTM_CONFIGURATION = {
    "hidden_layer_sizes": (100, 100),
    "activation": "softplus",
    "dropout": 0.2,
    "input_dropout": 0.0,
    "batch_size": 64,
    "learning_rate_init": 2e-3,
    "beta_1": 0.99,
    "beta_2": 0.99,
    "prior_weight": 1.0,
    "standardize": False,
    "n_samples": 20,
}
N_SAMPLES = CTM_CONFIGURATION["n_samples"]

OURS = "ZeroShotTopicModel, CTM's configuration"
DEFAULTS = "ZeroShotTopicModel, defaults"
THEIRS = "CTM ZeroShotTM"
SAME_MOMENTUM = "CTM ZeroShotTM, momentum 0.9"

NOTES = """\
Ratios are to the first row, the median over rounds in which all took turns; processor
seconds are those of all processes together. CTM gets its counts as CSR, as its data
preparation makes them, or, against its custom, as a dense array that spares it the
conversion of every row; its workers are processes that load data."""

QUALITY_NOTES = """\
"CTM's configuration" has its layers, batches, optimizer and 20 samples, but two things
for which ZeroShotTopicModel has no parameter: CTM learns its prior, and leaves out the
last batch of an epoch if it is not full. German rows are shuffled before they are
matched."""


def run(data: str, folder: Path, quick: bool) -> None:
    """Measure everything, and write the page."""
    settings = QUICK if quick else FULL
    packages = ("sklearn-m3l", "contextualized-topic-models", "torch", "numpy")
    record = Record(folder, "ctm", settings, packages)
    multi30k = read_multi30k(data, settings["rows"])
    rounds = settings["rounds"]
    epochs = record.measure("epoch", lambda: time_epochs(multi30k, rounds))
    topics = record.measure("transform", lambda: time_transform(multi30k, rounds))
    sections = [
        f"## Seconds an epoch ({multi30k.title})",
        speed_table(epochs, OURS),
        f"## Seconds to infer the topics of {len(multi30k.train):,} rows",
        speed_table(topics, next(iter(topics[0]))),
        NOTES,
    ]
    corpora = {"multi30k": multi30k, "gimp_help": read_gimp_help()}
    for name, corpus in corpora.items():
        sections += compare_quality(record, name, corpus)
    sections.append(QUALITY_NOTES)
    record.write_page("ZeroShotTopicModel beside contextualized-topic-models", sections)


def ctm_data(X: MultiView, view: str = "en", dense: bool = False) -> CTMDataset:
    """Return CTM's data set of the vectors of a view, and the English counts."""
    counts = sparse.csr_matrix(X["en"].counts)
    words = dict(enumerate(X["en"].vocabulary))
    return CTMDataset(
        X[view].read(slice(None)), counts.toarray() if dense else counts, words
    )


def make_ctm(corpus: Corpus, **parameters) -> ZeroShotTM:
    """Return CTM with its defaults but for the parameters given."""
    return ZeroShotTM(
        bow_size=len(corpus.vocabulary),
        contextual_size=corpus.train["en"].width,
        **parameters,
    )


def make_ways(corpus: Corpus) -> dict[str, tuple[ZeroShotTM, CTMDataset]]:
    """Return CTM with its own number of workers and without, and fed dense counts."""
    settings = {"n_components": 100, "num_epochs": 1}
    data, dense = ctm_data(corpus.train), ctm_data(corpus.train, dense=True)
    default = make_ctm(corpus, **settings)
    plain = partial(make_ctm, corpus, num_data_loader_workers=0, **settings)
    return {
        f"{THEIRS}, {default.num_data_loader_workers} workers (its default)": (
            default,
            data,
        ),
        f"{THEIRS}, 0 workers": (plain(), data),
        f"{THEIRS}, 0 workers, dense counts": (plain(), dense),
    }


def time_epochs(corpus: Corpus, rounds: int) -> list[dict]:
    """Train all models one epoch in turn."""
    X = corpus.train[["en"]]
    epoch = {"max_iter": 1, "warm_start": True, "random_state": 0}
    same = ZeroShotTopicModel(100, **CTM_CONFIGURATION, **epoch)
    defaults = ZeroShotTopicModel(100, **epoch)
    ways = {OURS: lambda: same.fit(X), DEFAULTS: lambda: defaults.fit(X)}
    for name, (model, data) in make_ways(corpus).items():
        ways[name] = partial(model.fit, data, do_train_predictions=False)
    return take_turns(ways, rounds)


def time_transform(corpus: Corpus, rounds: int) -> list[dict]:
    """Infer the topics of the training rows in turn."""
    X = corpus.train[["en"]]
    sampled = ZeroShotTopicModel(100, **CTM_CONFIGURATION, max_iter=1).fit(X)
    mean = ZeroShotTopicModel(100, max_iter=1).fit(X)
    ways = {
        f"ZeroShotTopicModel, {N_SAMPLES} samples": lambda: sampled.transform(X),
        "ZeroShotTopicModel, defaults (no samples)": lambda: mean.transform(X),
    }
    # Untrained, CTM takes as long.
    for name, (model, data) in make_ways(corpus).items():
        ways[name] = partial(model.get_doc_topic_distribution, data, N_SAMPLES)
    return take_turns(ways, rounds)


def compare_quality(record: Record, name: str, corpus: Corpus) -> list[str]:
    """Return a section about the quality of the topics of a corpus."""
    settings = record.conditions["settings"]
    n_topics, epochs = settings["topics"][name], settings["epochs"][name]
    ways = {
        THEIRS: fit_ctm,
        SAME_MOMENTUM: partial(fit_ctm, momentum=0.9),
        OURS: partial(fit_ours, **CTM_CONFIGURATION),
        DEFAULTS: fit_ours,
    }
    scores = {way: [] for way in ways}
    for seed in range(settings["seeds"]):
        for way, fit in ways.items():
            train = partial(evaluate, fit, corpus, n_topics, epochs, seed)
            scores[way].append(record.measure(f"{name}, seed {seed}, {way}", train))
    rows = [
        [way, *(spread(s[measure] for s in scores[way]) for measure in found[0])]
        for way, found in scores.items()
    ]
    return [
        f"## Quality: {corpus.title}",
        f"{n_topics} topics, {epochs} epochs, trained on English; median and range of "
        f"{settings['seeds']} seeds. MRR: from English to German, {len(corpus.test):,} "
        "held-out rows; NPMI: of the 10 first words in whole training documents; "
        "diversity: of the 25 first words.",
        table(["", "MRR", "NPMI", "diversity"], rows),
    ]


def fit_ours(corpus: Corpus, n_topics: int, epochs: int, seed: int, **parameters):
    """Return the topic-word weights, and what infers topics from a view of rows."""
    model = ZeroShotTopicModel(
        n_topics, max_iter=epochs, random_state=seed, **parameters
    )
    model.fit(corpus.train)
    return model.components_, lambda X, view: model.transform(X[[view]])


def fit_ctm(corpus: Corpus, n_topics: int, epochs: int, seed: int, **parameters):
    """Do what `fit_ours` does with CTM, fed in the way that is fastest."""
    torch.manual_seed(seed)
    model = make_ctm(
        corpus,
        n_components=n_topics,
        num_epochs=epochs,
        num_data_loader_workers=0,
        **parameters,
    )
    model.fit(ctm_data(corpus.train, dense=True), do_train_predictions=False)

    def infer(X, view):
        return model.get_doc_topic_distribution(ctm_data(X, view, True), N_SAMPLES)

    return model.get_topic_word_matrix(), infer


def evaluate(fit, corpus: Corpus, n_topics: int, epochs: int, seed: int) -> dict:
    """Train a model and return its scores."""
    weights, infer = fit(corpus, n_topics, epochs, seed)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :25]
    words = corpus.vocabulary[order].tolist()
    # German in another order, lest draws that go by position tell which row is which.
    rows = np.random.default_rng(seed).permutation(len(corpus.test))
    distances = pairwise_jensen_shannon(
        infer(corpus.test, "en"), infer(corpus.test[rows], "de")
    )
    return {
        "mrr": mean_reciprocal_rank(distances, np.arange(len(rows)), rows),
        "npmi": npmi_coherence(words, corpus.train["en"].counts, corpus.vocabulary),
        "diversity": topic_diversity(words),
    }

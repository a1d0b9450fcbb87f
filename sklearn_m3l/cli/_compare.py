"""The comparison of all models on the bundled corpus, in one table."""

import sys
import textwrap
import time
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_m3l.cli._scores import print_meanings, terminal_width
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import compare_models
from sklearn_m3l.models import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._text import format_table


def run_comparison(**parameters: Any) -> None:
    """Fit and measure every model, and print the table.

    Parameters
    ----------
    **parameters : dict
        ``n_components``, ``random_state`` and, to replace the defaults of neural
        models, ``max_iter``.
    """
    train, test = load_gimp_help("train").data, load_gimp_help("test").data
    _, first = np.unique(train.groups, return_index=True)
    pages = train[np.sort(first)]
    models, notes = {}, []
    for name, model, X, what in _models(train, pages, parameters):
        start = time.perf_counter()
        print(f"Training {name}", end=" ", file=sys.stderr, flush=True)
        models[name] = model.fit(X)
        seconds = time.perf_counter() - start
        print(f"({seconds:.0f} s)", file=sys.stderr, flush=True)
        notes.append(f"{name}: {what}")
    table = compare_models(models, test, X_train=pages)
    print(
        f"The GIMP manual: scores on {len(set(test.groups))} held-out pages, "
        f"{parameters['n_components']} topics, seed {parameters['random_state']}\n"
    )
    cells = [
        [score, *("" if np.isnan(value) else f"{value:.3f}" for value in values)]
        for score, values in zip(table, table.to_numpy().T, strict=True)
    ]
    print(format_table([["", *table.index], *cells], terminal_width()) + "\n")
    for note in notes:
        print(textwrap.fill(f"{note}.", terminal_width(), subsequent_indent="  "))
    print()
    print_meanings(list(table))


def _models(train: MultiView, pages: MultiView, parameters: dict[str, Any]):
    """Yield each model with its name, its training rows and a description of these."""
    shared = {name: parameters[name] for name in ("n_components", "random_state")}
    n_pages = f"{len(pages):,} pages"
    yield (
        "PolylingualLDA",
        PolylingualLDA(**shared),  # no max_iter: its iterations are sweeps, not epochs
        pages,
        f"word counts of {n_pages} in English and German",
    )
    zero_shot = ZeroShotTopicModel(**parameters, view="en")
    yield "ZeroShot", zero_shot, pages, f"English texts of {n_pages}"
    pictured = train[train["image"].present]
    distilled = DistilledTopicModel(
        **parameters, teacher=FrozenEstimator(zero_shot), view="image"
    )
    yield (
        "Distilled",
        distilled,
        pictured,
        f"{len(pictured):,} pictures, with ZeroShot as the teacher",
    )
    yield (
        "M3LContrast",
        M3LContrastTopicModel(**parameters),
        train,
        f"{len(train):,} rows, each a page in English and German with one of its "
        "pictures, if it has any",
    )

"""Fits the model of a cell, and measures all that the tables and figures need."""

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.compare import CONTESTANTS
from benchmarks.reproduce.cells import MODELS, Cell
from benchmarks.reproduce.corpora import Material
from benchmarks.reproduce.windows import WINDOW, window_coherence
from sklearn_m3l.display import topic_space
from sklearn_m3l.metrics import evaluate_alignment

_WARM_UP_ROWS = 64
_MOST_MAPPED = 600  # rows of a map


def measure(cell: Cell, material: Material) -> dict[str, Any]:
    """Return what a cell has, fit for JSON.

    Parameters
    ----------
    cell : Cell
        What to fit.
    material : Material
        What on.

    Returns
    -------
    dict
        "values" and what "chance" scores by the names of measures, "examples" and,
        where the cell asks for it, a "map" of the test rows.
    """
    contestant = CONTESTANTS[MODELS[cell.model].contestant]
    with _one_thread():
        # Imports and compilation happen here, not in the time of the fit.
        head = material.parts.head(_WARM_UP_ROWS)
        contestant.fit(head, {**cell.parameters, "max_iter": 1})
        start = time.perf_counter()
        model = contestant.fit(material.parts, cell.parameters)
        seconds = time.perf_counter() - start
        X = material.test.data
        views = views_of(cell, material.aligned) or X.view_names
        X = X[[view for view in X.view_names if view in views]]
        X = X[model.usable_views(X, unknown="ignore")]
        scores = evaluate_alignment(model, X, X_train=material.train.data)
        values = {name: score.value for name, score in scores.items()}
        for name in model.vocabularies_:
            values[f"NPMI {name}, {WINDOW}"] = window_coherence(
                model.top_words(name, 10),
                material.windows[name],
                material.train.data[name].vocabulary,
            )
        values["Fit s"] = seconds
        result = {
            "date": datetime.date.today().isoformat(),
            "iterations": model.n_iter_,
            "values": {name: round(float(v), 5) for name, v in values.items()},
            "chance": {
                n: round(s.chance, 5) for n, s in scores.items() if s.chance is not None
            },
            "examples": _examples(model, X[material.examples]),
        }
        if cell.mapped:
            result["map"] = _map(model, X)
    return result


def views_of(cell: Cell, aligned: bool) -> list[str] | None:
    """Return the views that a model reads, None if all that it takes.

    Embeddings of equal width that are not aligned mean nothing to a zero-shot model.
    """
    contestant = MODELS[cell.model].contestant
    if contestant.startswith("ZeroShot") and not aligned:
        return [contestant.split()[1]]
    if contestant.startswith("Distilled") and not aligned:
        return contestant.split()[1].split("-")
    return None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread, so that results do not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def _examples(model, X) -> dict[str, list[dict[str, Any]]]:
    """Return the top topic of each view of a few rows, with its words."""
    return {
        view: [
            {name: int(cell) if name == "topic" else cell for name, cell in row.items()}
            for row in model.describe(X[[view]]).to_dict("records")
        ]
        for view in X.view_names
    }


def _map(model, X) -> dict[str, Any]:
    """Return the points of Figure 2, a text once, and the words that name topics."""
    rows = np.unique(np.linspace(0, len(X) - 1, min(len(X), _MOST_MAPPED)).astype(int))
    names = {
        view: X.groups[rows].astype(str) for view in X.view_names if X[view].is_text
    }
    points = topic_space(model, X[rows], names=names, random_state=0)
    points[["x", "y"]] = points[["x", "y"]].astype(float).round(2)
    return {
        "points": points.to_dict("list"),
        "words": {name: model.top_words(name, 10) for name in model.vocabularies_},
    }

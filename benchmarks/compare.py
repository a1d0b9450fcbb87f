"""Every model on the bundled corpus, each in a process of its own.

    python -m benchmarks compare

Prints one table: how well the models align the two languages and the pictures of
held-out pages, how coherent their topics are, and what training costs in time and
memory.
"""

import argparse
import json
import multiprocessing
import shutil
import string
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch

from benchmarks.processes import (
    end_with_parent,
    ending_children,
    peak_memory,
    without_ctrl_c,
)
from sklearn_m3l import __version__
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.metrics._alignment import MEASURES
from sklearn_m3l.models import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
)
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._files import replace_file

# The columns of the table, and the decimals that they are shown with.
COLUMNS = {
    "MRR en-de": 3,
    "JSD en-de": 3,
    "UAP en-image": 3,
    "UAP de-image": 3,
    "JSD en-image": 3,
    "JSD de-image": 3,
    "NPMI en": 3,
    "NPMI de": 3,
    "Fit s": 1,
    "Peak MiB": 0,
}

# What the last two columns are, by the first word of their names.
COSTS = {
    "Fit": "seconds of training, a teacher's included, imports and compilation not",
    "Peak": "most memory that the process had used when training ended, Python and "
    "its libraries included",
}

_TEXTS = ["en", "de"]
_WARM_UP_ROWS = 64


class Corpus(NamedTuple):
    """The training rows of the bundled corpus, as the models take them."""

    pages: MultiView  # one row per page: its two texts
    pictures: MultiView  # one row per picture, with the texts of its page
    rows: MultiView  # `pictures`, and one row per page without pictures

    def head(self, n: int) -> "Corpus":
        """Return the first rows of each."""
        return Corpus(self.pages[:n], self.pictures[:n], self.rows[:n])


class Contestant(NamedTuple):
    """A row of the table: a model, and what it learns from.

    Parameters
    ----------
    fit : callable
        Takes a Corpus and parameters, and returns a fitted model.
    training : str
        What is trained on what, with ``{pages}`` and the like for numbers of rows.
    """

    fit: Callable[[Corpus, Mapping[str, int]], Any]
    training: str


def _fit_polylingual(corpus, parameters):
    # max_iter, if given, is a number of epochs; the sampler does sweeps.
    own = {name: value for name, value in parameters.items() if name != "max_iter"}
    return PolylingualLDA(**own).fit(corpus.pages)


def _fit_zero_shot(corpus, parameters, view):
    return ZeroShotTopicModel(**parameters, view=view).fit(corpus.pages)


def _fit_distilled(corpus, parameters, taught, view):
    teacher = FrozenEstimator(_fit_zero_shot(corpus, parameters, taught))
    model = DistilledTopicModel(**parameters, teacher=teacher, view=view)
    X = corpus.pages if view in _TEXTS else corpus.pictures
    return model.fit(X[[taught, view]])


def _fit_bilingual(corpus, parameters):
    return M3LContrastTopicModel(**parameters).fit(corpus.pages)


def _fit_multimodal(corpus, parameters):
    return M3LContrastTopicModel(**parameters).fit(corpus.rows)


CONTESTANTS = {
    "PolylingualLDA": Contestant(
        _fit_polylingual,
        "PolylingualLDA, {n_iter} sweeps over the English and German words of {pages}",
    ),
    "ZeroShot en": Contestant(
        partial(_fit_zero_shot, view="en"),
        "ZeroShotTopicModel, {n_iter} epochs over the English of {pages}; the German "
        "is only standardized",
    ),
    "ZeroShot de": Contestant(
        partial(_fit_zero_shot, view="de"),
        "ZeroShotTopicModel, {n_iter} epochs over the German of {pages}; the English "
        "is only standardized",
    ),
    "Distilled en-de": Contestant(
        partial(_fit_distilled, taught="en", view="de"),
        "DistilledTopicModel, {n_iter} epochs over the German of {pages}; its teacher "
        "is ZeroShot en",
    ),
    "Distilled de-en": Contestant(
        partial(_fit_distilled, taught="de", view="en"),
        "DistilledTopicModel, {n_iter} epochs over the English of {pages}; its teacher "
        "is ZeroShot de",
    ),
    "Distilled en-image": Contestant(
        partial(_fit_distilled, taught="en", view="image"),
        "DistilledTopicModel, {n_iter} epochs over {pictures}; its teacher is ZeroShot "
        "en, which reads both texts",
    ),
    "Distilled de-image": Contestant(
        partial(_fit_distilled, taught="de", view="image"),
        "DistilledTopicModel, {n_iter} epochs over {pictures}; its teacher is ZeroShot "
        "de, which reads both texts",
    ),
    "M3L en+de": Contestant(
        _fit_bilingual,
        "M3LContrastTopicModel, {n_iter} epochs over the English and German of {pages}",
    ),
    "M3L en+de+image": Contestant(
        _fit_multimodal,
        "M3LContrastTopicModel, {n_iter} epochs over {rows}: each is a page in English "
        "and German with one of its pictures, or with none if it has none",
    ),
}


def why_missing(label: str, column: str) -> str:
    """Say why a model has no value in a column."""
    if column == "Peak MiB":
        return "this system does not tell how much memory a process used"
    if column.startswith("NPMI"):
        return "its topics have words in the other language alone"
    if label == "PolylingualLDA":
        return "it learns from word counts, and pictures have none"
    return (
        "it learns from texts alone, and their embeddings (384 wide) are not aligned "
        "with those of pictures (1,280 wide)"
    )


def add_parser(commands) -> None:
    """Add the command to those of the benchmarks."""
    parser = commands.add_parser(
        "compare", help="measure all models on the GIMP manual, with time and memory"
    )
    parser.add_argument("--n-components", type=int, default=50)
    parser.add_argument("--max-iter", type=int, default=argparse.SUPPRESS)
    parser.add_argument("--random-state", type=int, default=0)
    parser.add_argument("--output", type=Path, help="write the results as JSON, too")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    parameters = vars(arguments).copy()
    del parameters["run"]
    run_comparison(**parameters)


def make_corpus(train: Bunch) -> Corpus:
    """Return the rows that the models are trained on."""
    _, first = np.unique(train.data.groups, return_index=True)
    return Corpus(
        pages=train.data[np.sort(first)][_TEXTS],
        pictures=train.data[train.data["image"].present],
        rows=train.data,
    )


def measure(label: str, parameters: Mapping[str, int]) -> dict[str, Any]:
    """Fit a model and measure it, in this process.

    Parameters
    ----------
    label : str
        One of `CONTESTANTS`.
    parameters : mapping of str to int
        ``n_components``, ``random_state`` and, if it is not to be their own, the
        ``max_iter`` of the neural models.

    Returns
    -------
    dict
        "values" by the names of scores and of costs, "chance" by the names of scores,
        and the "training" in words. Fit for JSON.
    """
    contestant = CONTESTANTS[label]
    train, test = load_gimp_help("train"), load_gimp_help("test")
    corpus = make_corpus(train)
    # Imports and compilation happen here.
    contestant.fit(corpus.head(_WARM_UP_ROWS), {**parameters, "max_iter": 1})

    start = time.perf_counter()
    model = contestant.fit(corpus, parameters)
    values = {"Fit s": time.perf_counter() - start}
    peak = peak_memory()
    if peak is not None:
        values["Peak MiB"] = peak

    held_out = test.data[model.usable_views(test.data, unknown="ignore")]
    scores = evaluate_alignment(model, held_out, X_train=train.data)
    values |= {name: score.value for name, score in scores.items()}
    chance = {n: s.chance for n, s in scores.items() if s.chance is not None}
    training = contestant.training.format(
        n_iter=model.n_iter_,
        pages=f"{len(corpus.pages):,} pages",
        pictures=f"{len(corpus.pictures):,} pictures",
        rows=f"{len(corpus.rows):,} rows",
    )
    return {"values": values, "chance": chance, "training": training}


def measure_alone(label: str, parameters: Mapping[str, int]) -> dict[str, Any]:
    """Do what `measure` does in a new process, which then has a peak of its own.

    Raises
    ------
    BrokenProcessPool
        Where the process ends before it has a result.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, context, initializer=end_with_parent)
    with pool, ending_children():
        with without_ctrl_c():
            future = pool.submit(measure, label, parameters)
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise BrokenProcessPool(
                f"the process that fitted {label} was ended before it was done; it "
                "may have run out of memory"
            ) from error


def fill_in(
    values: Mapping[str, Mapping[str, Any]], show: Callable[[Any, int], str]
) -> tuple[list[list[str]], list[str]]:
    """Return the cells of the table, and its footnotes.

    Parameters
    ----------
    values : mapping of str to mappings
        For each model what it has in columns; a dash and a footnote say what it lacks.
    show : callable
        Takes a value and the decimals of its column.

    Returns
    -------
    rows : list of list of str
        For each model its name and its cells.
    footnotes : list of str
        "- a: reason", in the order of their letters.
    """
    letters: dict[str, str] = {}

    def cell(label: str, column: str) -> str:
        if column in values[label]:
            return show(values[label][column], COLUMNS[column])
        reason = why_missing(label, column)
        return "- " + letters.setdefault(reason, string.ascii_lowercase[len(letters)])

    rows = [[label, *(cell(label, column) for column in COLUMNS)] for label in values]
    return rows, [f"- {letter}: {reason}" for reason, letter in letters.items()]


def run_comparison(output: Path | None = None, **parameters: int) -> None:
    """Fit and measure every model, and print the table.

    Parameters
    ----------
    output : Path, optional
        Where to write the results as JSON.
    **parameters : dict
        See `measure`.
    """
    results = {}
    for number, label in enumerate(CONTESTANTS, start=1):
        progress = f"{number} of {len(CONTESTANTS)}: {label}"
        print(progress, end=" ", file=sys.stderr, flush=True)
        start = time.perf_counter()
        results[label] = measure_alone(label, parameters)
        print(f"({time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)
    print(_format_results(results, parameters))
    if output is not None:
        content = {
            "corpus": "gimp-help",
            "sklearn-m3l": __version__,
            "parameters": parameters,
            "models": results,
        }
        replace_file(output, json.dumps(content, indent=2, allow_nan=False) + "\n")
        print(f"\nWrote {output.absolute()}.")


def _format_results(results: Mapping[str, Mapping], parameters: Mapping) -> str:
    """Return the table, and what explains it."""
    values = {label: result["values"] for label, result in results.items()}
    rows, footnotes = fill_in(values, lambda value, digits: f"{value:.{digits}f}")
    n_pages = len(set(load_gimp_help("test").data.groups))
    chance = {n: v for result in results.values() for n, v in result["chance"].items()}
    paragraphs = [
        f"The GIMP manual, measured on {n_pages} held-out pages; "
        f"{parameters['n_components']} topics, seed {parameters['random_state']}",
        None,
        *(f"{label}: {result['training']}" for label, result in results.items()),
        None,
        *footnotes,
        None,
        "By chance: " + ", ".join(f"{n} {v:.3f}" for n, v in chance.items()),
        *(f"{name}: {meaning}" for name, meaning in explain_columns().items()),
    ]
    width = max(shutil.get_terminal_size().columns, 40)
    lines = [
        textwrap.fill(f"{text}.", width, subsequent_indent="  ") if text else ""
        for text in paragraphs
    ]
    return "\n".join([lines[0], "", _format_table(rows), *lines[1:]])


def explain_columns() -> dict[str, str]:
    """Return what the columns mean, by the first word of their names."""
    meanings = {**MEASURES, **COSTS}
    return {
        name: meanings[name] for name in dict.fromkeys(c.split()[0] for c in COLUMNS)
    }


def _format_table(rows: list[list[str]]) -> str:
    """Lay out the table below a header of three lines, to fit in 80 columns."""
    names = [column.replace("-", " ").split() for column in COLUMNS]
    header = [["", *line] for line in zip_longest(*names, fillvalue="")]
    table = [*header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        " ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in table
    )

"""The demo: print topics of the bundled corpus, and write a page."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_m3l.cli._scores import print_scores, terminal_width
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicReport
from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.models import M3LContrastTopicModel
from sklearn_m3l.utils._text import format_table

_VIEW_LABELS = {"en": "English", "de": "German", "image": "Pictures"}
_N_PICTURES = 6

_NOTE = (
    "Words, texts, page names and pictures are from the GIMP user manual 2.10.34, "
    "https://docs.gimp.org, Copyright (C) 2002-2023 The GIMP Documentation Team, under "
    "the GNU Free Documentation License, version 1.2 or later, "
    "https://www.gnu.org/licenses/fdl-1.2.html. The pictures are reduced in size."
)


def run_demo(output: Path, **parameters: Any) -> None:
    """Train on the bundled corpus, print the results, and write a page.

    Parameters
    ----------
    output : Path
        The page to write.
    **parameters : dict
        Parameters of M3LContrastTopicModel.
    """
    train, test = load_gimp_help("train"), load_gimp_help("test")
    model = M3LContrastTopicModel(**parameters, verbose=1)
    name = type(model).__name__
    corpus = (
        f"{_n_pages(train)} pages of the GIMP manual, in English and German, with "
        f"{train.data['image'].present.sum():,} pictures"
    )
    _print_paragraph(
        f"Training {name} on {corpus}: {model.n_components} topics, {model.max_iter} "
        "epochs."
    )
    model.fit(train.data)

    _print_topics(model)
    _print_pictures(model, test)
    scores = evaluate_alignment(model, test.data, X_train=train.data)
    print(f"\nScores on {_n_pages(test)} held-out pages:\n")
    print_scores(scores)
    pages = test.data.groups
    report = TopicReport.from_estimator(
        model,
        test.data,
        title="Topics of the GIMP manual",
        intro=f"{name} learned {model.n_components} topics from {corpus}, in "
        f"{model.n_iter_} epochs. Each topic has words in both languages; each page "
        "and each picture is a mixture of topics. This report shows "
        f"{_n_pages(test)} other pages and their pictures, which the model has never "
        "seen.",
        note=_NOTE,
        names={"en": pages, "de": pages, "image": test.frame["image"]},
        texts=test.frame[["en", "de"]],
        view_labels=_VIEW_LABELS,
        thumbnails=test.thumbnails,
        scores=scores,
        random_state=model.random_state,
    )
    report.save(output)
    print(f"\nWrote {output.absolute()}: open it in a browser.")


def _n_pages(corpus: Bunch) -> int:
    return len(set(corpus.data.groups))


def _print_paragraph(text: str) -> None:
    # Flushed, so that it comes before the progress bar on standard error.
    print(textwrap.fill(text, terminal_width()), flush=True)


def _print_topics(model: M3LContrastTopicModel) -> None:
    topics = model.topics_frame()
    header = ("Topic", *(_VIEW_LABELS[view] for view in topics))
    rows = [(str(topic), *words) for topic, *words in topics.itertuples()]
    print("\n" + format_table([header, *rows], terminal_width()))


def _print_pictures(model: M3LContrastTopicModel, test: Bunch) -> None:
    """Describe a few pictures, spread over the corpus."""
    rows = np.flatnonzero(test.data["image"].present)
    rows = rows[np.linspace(0, len(rows) - 1, _N_PICTURES).astype(int)]
    described = model.describe(test.data[rows][["image"]])
    print()
    _print_paragraph(
        "Pictures from the held-out pages, described from the picture alone by the top "
        "words of its dominant topic:"
    )
    for path, (topic, *words) in zip(
        test.frame["image"].iloc[rows], described.itertuples(index=False), strict=True
    ):
        print(f"  {path}: topic {topic}")
        for view, text in zip(described.columns[1:], words, strict=True):
            print(f"    {_VIEW_LABELS[view]:<8} {text}")

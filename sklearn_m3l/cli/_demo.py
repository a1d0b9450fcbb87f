"""The demonstration: topics of the bundled corpus, printed and on a page."""

import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicReport
from sklearn_m3l.metrics import Score, evaluate_alignment
from sklearn_m3l.metrics._alignment import MEASURES
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
    """Train on the bundled corpus, print what was learnt, and write a page.

    Parameters
    ----------
    output : Path
        The page to write.
    **parameters : dict
        Parameters of M3LContrastTopicModel.
    """
    train, test = load_gimp_help("train"), load_gimp_help("test")
    model = M3LContrastTopicModel(**parameters, verbose=1)
    corpus = (
        f"{_n_pages(train)} pages of the GIMP manual, in English, German and "
        f"{train.data['image'].present.sum():,} pictures"
    )
    _print_paragraph(
        f"Training {type(model).__name__} on {corpus}: {model.n_components} topics, "
        f"{model.max_iter} epochs."
    )
    model.fit(train.data)

    _print_topics(model)
    _print_pictures(model, test)
    scores = evaluate_alignment(model, test.data, X_train=train.data)
    _print_scores(scores, _n_pages(test))
    pages = test.data.groups
    report = TopicReport.from_estimator(
        model,
        test.data,
        title="Topics of the GIMP manual",
        intro=f"{type(model).__name__} learnt {model.n_components} topics from "
        f"{corpus}, in {model.n_iter_} epochs. A topic has words in both languages; a "
        "page or a picture is a mixture of topics. The pages and pictures shown here "
        f"are those of {_n_pages(test)} others, which the model has never seen.",
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


def _n_pages(corpus) -> int:
    return len(set(corpus.data.groups))


def _terminal_width() -> int:
    return shutil.get_terminal_size().columns


def _print_paragraph(text: str, hanging: str = "") -> None:
    # Shown before the progress bar, which goes another way, even in a file.
    print(
        textwrap.fill(text, max(_terminal_width(), 20), subsequent_indent=hanging),
        flush=True,
    )


def _print_topics(model) -> None:
    topics = model.topics_frame()
    header = ("Topic", *(_VIEW_LABELS[name] for name in topics))
    rows = [(str(topic), *words) for topic, *words in topics.itertuples()]
    print("\n" + format_table([header, *rows], _terminal_width()))


def _print_pictures(model, test) -> None:
    """Print the labels of a few pictures, spread over the corpus."""
    rows = np.flatnonzero(test.data["image"].present)
    rows = rows[np.linspace(0, len(rows) - 1, _N_PICTURES).astype(int)]
    labels = model.describe(test.data[rows][["image"]])
    print()
    _print_paragraph(
        "Pictures of pages that the model has never seen, labelled from the picture "
        "alone:"
    )
    for path, (topic, *words) in zip(
        test.frame["image"].iloc[rows], labels.itertuples(index=False), strict=True
    ):
        print(f"  {path}: topic {topic}")
        for name, label in zip(labels.columns[1:], words, strict=True):
            print(f"    {_VIEW_LABELS[name]:<8} {label}")


def _print_scores(scores: Mapping[str, Score], n_pages: int) -> None:
    print(f"\n{f'Scores on {n_pages} held-out pages':<30} Score  Chance")
    for name, score in scores.items():
        chance = "" if score.chance is None else f"{score.chance:.3f}"
        print(f"  {name:<28} {score.value:.3f}   {chance}".rstrip())
    for measure, meaning in MEASURES.items():
        _print_paragraph(f"{measure}: {meaning}.", hanging="  ")

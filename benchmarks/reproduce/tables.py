"""Tables 1 to 4 and those of the ablations, in Markdown."""

import string
from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.reproduce import paper
from benchmarks.reproduce.cells import (
    MODELS,
    TABLE_1,
    TABLE_2,
    Cell,
    Line,
    Scale,
    encoder_cells,
    reads_pictures,
)
from benchmarks.reproduce.corpora import LANGUAGES, LSA, Corpus, example_rows
from benchmarks.reproduce.store import Store
from benchmarks.reproduce.windows import WINDOW

_COHERENCE = [f"NPMI {name}{how}" for how in ("", f", {WINDOW}") for name in LANGUAGES]
_PICTURES = ["UAP en-image", "JSD en-image", "UAP de-image", "JSD de-image"]
_TEXTS = ["MRR en-de", "JSD en-de"]
_COSTS = ["Fit s"]
_NO_PICTURES = "the corpus has no pictures"


class Footnotes:
    """Reasons for dashes, each with a letter."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def dash(self, reason: str) -> str:
        """Return a dash that refers to a reason."""
        letters = string.ascii_lowercase
        letter = self._letters.setdefault(reason, letters[len(self._letters)])
        return f"- ({letter})"

    def __str__(self) -> str:
        return "\n".join(f"- ({y}) {reason}." for reason, y in self._letters.items())


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], text=False) -> str:
    """Return a table, of numbers or of text in all columns but the first."""
    rule = ["---"] + ["---" if text else "---:"] * (len(header) - 1)
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def show_spread(values: Sequence[float], digits: int = 3) -> str:
    """Return the median of values, and the least and the greatest."""
    shown = f"{median(values):.{digits}f}"
    if len(values) > 1:
        shown += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return shown


def why_missing(model: str, column: str, corpus: Corpus) -> str:
    """Say why a model has no value in a column."""
    if corpus.pictures is None and ("image" in column or reads_pictures(model)):
        return _NO_PICTURES
    if column.startswith("NPMI"):
        return "its topics have words in the other language alone"
    if model.startswith("PolylingualLDA"):
        return "it learns from word counts, and pictures have none"
    if "image" not in column or corpus.texts == LSA:
        return "it needs embeddings that are aligned; those of LSA are not"
    return (
        f"it learns from texts alone, whose embeddings ({corpus.texts}) are not "
        f"aligned with those of pictures ({corpus.pictures})"
    )


def _cells(
    cells: Sequence[Cell],
    columns: Sequence[str],
    corpus: Corpus,
    store: Store,
    notes: Footnotes,
) -> list[str]:
    """Return what one row shows in each column."""
    model, shown = cells[0].model, []
    for column in columns:
        known = [
            store[cell]["values"][column]
            for cell in cells
            if cell in store and column in store[cell]["values"]
        ]
        digits = 1 if column in _COSTS else 3
        shown.append(
            show_spread(known, digits)
            if known
            else notes.dash(why_missing(model, column, corpus))
        )
    return shown


def _paper_row(name: str, values: dict[str, float], columns) -> list[str]:
    found = [f"*{values[c]:.3f}*" if c in values else "" for c in columns]
    return [f"*paper: {name}*", *found]


def model_table(
    models: Sequence[str],
    columns: Sequence[str],
    printed: dict[str, dict[str, float]],
    corpus: Corpus,
    scale: Scale,
    store: Store,
) -> str:
    """Return a table of models, each with what the paper prints below it."""
    notes, rows = Footnotes(), []
    for number, model in enumerate(models):
        shown = _cells(scale.cells(model), columns, corpus, store, notes)
        rows.append([model, *shown])
        name = MODELS[model].paper
        following = models[number + 1 :]
        if not any(MODELS[other].paper == name for other in following):
            rows.append(_paper_row(name, printed[name], columns))
    return f"{markdown(['Model', *columns], rows)}\n\n{notes}".rstrip()


def table_1(corpus: Corpus, scale: Scale, store: Store) -> str:
    """Return the multilingual setting."""
    columns = [*_COHERENCE, *_TEXTS, *_COSTS]
    return model_table(TABLE_1, columns, paper.TABLE_1, corpus, scale, store)


def table_2(corpus: Corpus, scale: Scale, store: Store) -> str:
    """Return the multimodal setting."""
    columns = [*_COHERENCE, *_PICTURES, *_TEXTS, *_COSTS]
    return model_table(TABLE_2, columns, paper.TABLE_2, corpus, scale, store)


def table_3(corpus: Corpus, scale: Scale, store: Store) -> str:
    """Return example tuples with the top topic of each view, by model."""
    views = list(corpus.test.data.view_names)
    header = ["Model", *(f"From {view}" for view in views)]
    notes, parts = Footnotes(), []
    models = list(dict.fromkeys([*TABLE_1, *TABLE_2]))
    for number, row in enumerate(example_rows(corpus)):
        # Descriptions of Multi30k are not ours to publish.
        own = corpus.name != "multi30k"
        title = corpus.test.titles[row] if own else f"Test tuple {row}"
        if "paths" in corpus.test:
            title += f" ({corpus.test.paths[row]})"
        rows = []
        for model in models:
            cell = scale.cells(model)[0]
            if cell not in store:  # a model of pictures, and there are none
                continue
            examples = store[cell]["examples"]
            rows.append([model])
            for view in views:
                if view in examples:
                    rows[-1].append(_label(examples[view][number], view))
                else:
                    reason = why_missing(model, f"UAP en-{view}", corpus)
                    rows[-1].append(notes.dash(reason))
        parts.append(f"**{title}**\n\n{markdown(header, rows, text=True)}")
    parts.append(str(notes))
    header = ["Model", "EN article", "DE article", "Image"]
    for title, printed in paper.TABLE_3.items():
        rows = [[f"*{cell}*" for cell in line] for line in printed]
        parts.append(f"*Paper: {title}*\n\n{markdown(header, rows, text=True)}")
    return "\n\n".join(filter(None, parts))


def _label(example: dict, view: str) -> str:
    """Return the topic with words of its own language, or of the model's first."""
    languages = [name for name in example if name != "topic"]
    language = view if view in languages else languages[0]
    return f"{example['topic']}: {example[language]}"


def table_4(corpus: Corpus, scale: Scale, store: Store) -> str:
    """Return encoder combinations."""
    columns = [*_TEXTS, *_PICTURES, *_COHERENCE[:2], *_COSTS]
    notes, rows = Footnotes(), []
    combinations = corpus.combinations
    for encoders, cells in zip(
        combinations, encoder_cells(scale, combinations), strict=True
    ):
        label = ", ".join(name for name in encoders if name)
        rows.append([label, *_cells(cells, columns, corpus, store, notes)])
    rows += [
        _paper_row(name, values, columns) for name, values in paper.TABLE_4.items()
    ]
    header = [f"Encoders of {encoder_cells(scale, combinations)[0][0].model}", *columns]
    return f"{markdown(header, rows)}\n\n{notes}".rstrip()


def ablation_table(columns: Sequence[str], lines: list[Line], store: Store) -> str:
    """Return what a figure shows, in numbers."""
    values = list(lines[0].points)
    rows = []
    for column in columns:
        for line in lines:
            cells = line.points.values()
            if column in store[next(iter(cells))[0]]["values"]:
                shown = [
                    show_spread([store[c]["values"][column] for c in at_value])
                    for at_value in cells
                ]
                rows.append([f"{column}, {line.model}", *shown])
    return markdown(["", *map(str, values)], rows)


TABLES: dict[str, tuple[str, Callable[[Corpus, Scale, Store], str]]] = {
    "Table 1": ("multilingual setting", table_1),
    "Table 2": ("multimodal setting", table_2),
    "Table 3": ("example tuples with their top topics", table_3),
    "Table 4": ("encoder combinations", table_4),
}

"""Tables of the leaderboard, from stored results: Markdown, and a page of the docs."""

import string
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.leaderboard import results
from benchmarks.provenance import ROOT, changed_sources

DOCS = ROOT / "docs"
STALE = "The code has changed since this was measured."
OURS = ("m3l", "m3l-paper", "zero-shot", "distilled", "polylingual-lda")
NAMES = {
    "gimp-help": "GIMP manual",
    "multi30k": "Multi30k",
    "emoji": "Emoji",
    "emoji-lsa": "Emoji, without a pretrained encoder",
    "gnome": "GNOME documentation",
    "gnome-lsa": "GNOME documentation, without a pretrained encoder",
}
# Rows, test rows, languages, and pictures are told by the corpora themselves.
ABOUT = {
    "gimp-help": "pages in two languages, with pictures",
    "multi30k": "descriptions of photographs in two languages",
    "emoji": "names and keywords in 12 languages, with pictures",
    "emoji-lsa": "names and keywords in 12 languages, with pictures",
    "gnome": "pages in 15 languages, with pictures",
    "gnome-lsa": "pages in 15 languages, with pictures",
}


class Column(NamedTuple):
    """A column of a table.

    Parameters
    ----------
    title : str
        What stands above it.
    measure : str
        The first word of the names of values, of which the mean is taken.
    across : bool, optional
        Whether of pairs of texts alone, or not of pairs.
    digits : int
        Decimals.
    lower : bool
        Whether less is better; None where neither is.
    """

    title: str
    measure: str
    across: bool | None = None
    digits: int = 3
    lower: bool | None = False


QUALITY = [
    Column("MRR", "MRR"),
    Column("UAP", "UAP"),
    Column("Cross-NPMI", "Cross-NPMI"),
    Column("NPMI", "NPMI"),
    Column("NPMI, windows", "NPMI-window"),
    Column("TU", "TU"),
    Column("TQ", "TQ"),
    Column("gain across", "Gain", True),
    Column("accuracy across", "Accuracy", True),
    Column("topics", "Topics", None, 1, None),
    Column("stability", "Stability", None, 2),
]
DETAILS = [
    Column("JSD", "JSD", True, 3, None),
    Column("JSD gap", "JSD-gap", True),
    Column("gain within", "Gain", False),
    Column("accuracy within", "Accuracy", False),
    Column("F1 within", "Macro-F1", False),
    Column("F1 across", "Macro-F1", True),
    Column("IEC", "IEC"),
    Column("IEPS", "IEPS", None, 3, True),
    Column("fit s", "Fit", None, 1, True),
    Column("transform s", "Transform", None, 2, True),
    Column("peak MiB", "Peak", None, 0, True),
    Column("installed MiB", "Installed", None, 0, True),
]
# Why a value is missing of a system that does not say so itself.
_REASONS = {
    "Stability": "one seed was run",
    "NPMI-window": "texts are hardly longer than a window",
    "Installed": "not measured",
    "TU": "topics have fewer than 15 words",
    "TQ": "topics have fewer than 15 words",
    "Accuracy": "the corpus has no labels",
    "Macro-F1": "the corpus has no labels",
    "Gain": "it has read the words, or gives no probabilities",
}
_PICTURE = "image"


def value_of(result: Mapping, column: Column) -> float | None:
    """Return the value of one result in a column: a mean over views or pairs."""
    found = []
    for name, value in result["values"].items():
        measure, _, views = name.partition(" ")
        names = views.split("-")
        if measure != column.measure:
            continue
        of_texts = len(names) == 2 and _PICTURE not in names
        if column.across is None:
            # Pictures have no place in a mean over texts.
            if _PICTURE in names and measure in ("JSD", "JSD-gap", "Topics"):
                continue
        elif column.across != of_texts or _PICTURE in names:
            continue
        found.append(value)
    return mean(found) if found else None


def stability(runs: Iterable[Mapping]) -> float | None:
    """Return the share of words that topics have in common with those of other seeds.

    Topics are matched one to one, such that as many words as possible are shared.
    """
    found = []
    for one, other in combinations(runs, 2):
        views = [view for view in one["words"] if view in other["words"]]
        if not views:
            continue
        shared = sum(_shared(one["words"][v], other["words"][v]) for v in views)
        rows, columns = linear_sum_assignment(shared, maximize=True)
        n_words = len(views) * results.N_WORDS * max(shared.shape)
        found.append(shared[rows, columns].sum() / n_words)
    return mean(found) if found else None


def _shared(one: list[list[str]], other: list[list[str]]) -> np.ndarray:
    """Return how many words each topic shares with each other one."""
    sets = [set(topic) for topic in other]
    return np.array([[len(own & set(topic)) for own in sets] for topic in one])


@cache
def is_current(result: Path) -> bool:
    """Return whether no source of a result has changed."""
    return changed_sources(result) == []


class Row(NamedTuple):
    """A system on a corpus: medians over seeds, and why values are missing."""

    system: str
    title: str
    configuration: str
    seeds: list[int]
    values: dict[str, float]
    cannot: dict[str, str]
    chance: dict[str, float]


def read_rows(corpus: str, stale: bool = False) -> list[Row]:
    """Return the systems of a corpus, the best MRR first.

    Parameters
    ----------
    corpus : str
        What results are filed under.
    stale : bool
        Whether to read results whose sources have changed since.
    """
    rows = []
    for system, by_seed in results.read_results(corpus).items():
        runs = {
            seed: result
            for seed, result in sorted(by_seed.items())
            if stale or is_current(results.result_file(corpus, system, seed))
        }
        if not runs:
            continue
        columns = [*QUALITY, *DETAILS]
        values = {}
        for column in columns:
            found = [value_of(result, column) for result in runs.values()]
            found = [value for value in found if value is not None]
            if found:
                values[column.title] = median(found)
        stable = stability(runs.values())
        if stable is not None:
            values["stability"] = stable
        first = next(iter(runs.values()))
        chance = {
            name.split()[0]: mean(
                v for n, v in first["chance"].items() if n.split()[0] == name.split()[0]
            )
            for name in first["chance"]
        }
        about = (first[name] for name in ("title", "configuration"))
        rows.append(Row(system, *about, [*runs], values, first["cannot"], chance))
    return sorted(rows, key=lambda row: -row.values.get("MRR", -1))


def why_missing(row: Row, column: Column) -> str:
    """Say why a system has no value in a column."""
    if "all" in row.cannot:
        return row.cannot["all"]
    if column.measure in row.cannot:
        return row.cannot[column.measure]
    if column.measure in ("UAP", "IEC", "IEPS"):
        if f"view:{_PICTURE}" in row.cannot:
            return row.cannot[f"view:{_PICTURE}"]
        return "it takes no pictures"
    if column.measure in ("MRR", "JSD", "JSD-gap", "Cross-NPMI", "TQ") or column.across:
        for name, reason in row.cannot.items():
            if name.startswith("view:") and name != f"view:{_PICTURE}":
                return reason
    if column.measure in ("Cross-NPMI", "TQ"):
        return "its topics have words in one language"
    return _REASONS.get(column.measure, "it was not delivered")


def table(
    rows: list[Row], columns: list[Column], bold: Callable[[str], str]
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return the header, the cells, and the footnotes of a table.

    The best value of a column is bold. A column that no system has is left out.
    """
    columns = [c for c in columns if any(c.title in row.values for row in rows)]
    letters: dict[str, str] = {}
    best = {
        column.title: (min if column.lower else max)(
            round(row.values[column.title], column.digits)
            for row in rows
            if column.title in row.values
        )
        for column in columns
        if column.lower is not None
    }
    cells = []
    for row in rows:
        seeds = ", ".join(map(str, row.seeds))
        line = [f"{row.title}, {row.configuration}", seeds]
        for column in columns:
            value = row.values.get(column.title)
            if value is None:
                reason = why_missing(row, column)
                letter = letters.setdefault(reason, _letter(len(letters)))
                line.append(f"– {letter}")
                continue
            value = round(value, column.digits) + 0.0  # not -0.0
            shown = f"{value:.{column.digits}f}"
            is_best = value == best.get(column.title)
            line.append(bold(shown) if is_best else shown)
        cells.append(line)
    header = ["", "seeds", *(column.title for column in columns)]
    return header, cells, [f"{letter}: {reason}" for reason, letter in letters.items()]


def _letter(number: int) -> str:
    return string.ascii_lowercase[number] if number < 26 else f"a{number - 25}"


def name_of(corpus: str) -> str:
    """Return what a corpus is called."""
    known = corpus.removesuffix("-hidden")
    stem, _, size = known.partition("_")
    name = NAMES[stem]
    if size:
        name += f", {int(size.removesuffix('_rows')):,} training tuples"
    return name + (", pairing hidden" if corpus.endswith("-hidden") else "")


def stored_corpora() -> list[str]:
    """Return the corpora that have results, in the order of their names' list."""
    found = [path.name for path in results.FOLDER.iterdir() if path.is_dir()]
    stems = list(NAMES)

    def place(corpus):
        known = corpus.removesuffix("-hidden")
        return corpus.endswith("-hidden"), stems.index(known.split("_")[0]), known

    return sorted(found, key=place)


def markdown(stale: bool = False) -> str:
    """Return all tables in Markdown."""
    parts = [
        "# Leaderboard",
        "Made by `python -m benchmarks.leaderboard tables` from the results beside "
        "this page; commands, versions, and dates are in their `.run.json`. Medians "
        "over seeds; the best of a column is bold. A letter says why a value is "
        "missing.",
    ]
    for corpus in stored_corpora():
        rows = read_rows(corpus, stale)
        if not rows:
            continue
        parts.append(f"## {name_of(corpus)}")
        for columns in (QUALITY, DETAILS):
            header, cells, notes = table(rows, columns, lambda text: f"**{text}**")
            lines = [header, ["---"] * len(header), *cells]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
            if notes:
                parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def list_table(header: list[str], cells: list[list[str]], widths: str = "") -> str:
    """Return a table in reStructuredText, by default with columns of equal width."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    if widths:
        lines.insert(2, f"   :widths: {widths}")
    for row in (header, *cells):
        for number, cell in enumerate(row):
            lines.append(f"   {'*' if number == 0 else ' '} - {cell}".rstrip())
    return "\n".join(lines)


def restructured(stale: bool = False) -> str:
    """Return all tables for the docs."""
    parts = [".. Made by python -m benchmarks.leaderboard tables"]
    for corpus in stored_corpora():
        rows = read_rows(corpus, stale)
        if not rows:
            continue
        title = name_of(corpus)
        parts += [f"{title}\n{'~' * len(title)}"]
        for columns in (QUALITY, DETAILS):
            header, cells, notes = table(rows, columns, lambda text: f"**{text}**")
            parts.append(list_table(header, cells))
            if notes:
                parts.append(f"{'; '.join(notes)}.")
    return "\n\n".join(parts) + "\n"


def write_all(docs: Path = DOCS, stale: bool = False) -> None:
    """Write the tables, the sentences, and the figures of the docs."""
    from benchmarks.leaderboard.plots import write_figures
    from benchmarks.leaderboard.sentences import sentences

    (results.FOLDER / "README.md").write_text(markdown(stale), encoding="utf-8")
    (docs / "benchmark_tables.inc").write_text(restructured(stale), encoding="utf-8")
    (docs / "benchmark_sentences.inc").write_text(sentences(stale), encoding="utf-8")
    write_figures(docs / "_static", stale)

"""What the paper claims, as orderings, and which of them hold in stored results.

    python -m benchmarks claims

writes ``docs/paper_claims.inc`` and the figures that it shows, from the results of
``python -m benchmarks reproduce``.
"""

import argparse
import json
import re
import shutil
import string
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from benchmarks.leaderboard.tables import is_current, list_table
from benchmarks.provenance import RESULTS, ROOT
from benchmarks.reproduce import paper
from benchmarks.reproduce.cells import MODELS, Cell, Scale, reads_pictures
from benchmarks.reproduce.orderings import CLAIMS, Claim, Item

DOCS = ROOT / "docs"
CORPORA = {"gimp-help": "GIMP manual", "multi30k": "Multi30k"}
# How the models are set, and what the page calls it.
SETTINGS = {"paper": "the paper's settings", "defaults": "our defaults"}
_DIGITS = 3
# In cells, where there is little room.
_SHORT = {"ZeroshotTM": "Zeroshot", "ZeroshotTM-KD": "KD", "M3L-Contrast": "M3L"}
_COMMAND = "python -m benchmarks claims"

_NOT_MEASURED = "not measured with these settings"
_NO_PICTURES = "the corpus has no pictures"
_NOT_ALIGNED = "it reads pictures only if they are embedded in the space of the texts"
_NEEDS_CLIP = "this takes CLIP, whose weights we did not have"


class Verdict(NamedTuple):
    """What was measured, and whether a claim holds; if that is unknown, why."""

    shown: str
    holds: bool | None
    reason: str = ""


class Measured:
    """What a run of ``reproduce`` has stored of a corpus.

    Parameters
    ----------
    content : mapping
        That of ``results.json``.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.about = content["setting"]["corpus"]
        self._values = {}
        for result in content["cells"].values():
            cell = replace(Cell(**result["cell"]), mapped=False)
            self._values[cell] = result["values"]
        self.seeds = tuple(sorted({cell.seed for cell in self._values}))
        # Figures alone vary the number of topics, and PLTM with the paper's settings
        # is in none.
        (self.n_components,) = {
            c.n_components for c in self._values if c.model == "PolylingualLDA, paper"
        }
        self.has_pictures = any(reads_pictures(cell.model) for cell in self._values)

    def value(self, item: Item, column: str, settings: str) -> float | str:
        """Return the mean over what was fitted of medians over seeds, or why not."""
        if not item.contestants:
            return _NEEDS_CLIP
        if "image" in column and not self.has_pictures:
            return _NO_PICTURES
        contestants, found = _speaking(item.contestants, column), []
        if "image" in column and not self._has(contestants, column):
            return _NOT_ALIGNED
        for name in contestants:
            model = f"{name}, {settings}"
            if reads_pictures(model) and not self.has_pictures:
                return _NO_PICTURES
            cells = Scale(self.n_components, self.seeds).cells(model, **item.changes)
            known = [
                self._values[replace(cell, mapped=False)]
                for cell in cells
                if replace(cell, mapped=False) in self._values
            ]
            values = [each[column] for each in known if column in each]
            if values:
                found.append(median(values))
        return mean(found) if found else _NOT_MEASURED

    def _has(self, contestants: list[str], column: str) -> bool:
        """Return whether any of some models has a column, however it was set."""
        return any(
            column in values
            for cell, values in self._values.items()
            if MODELS[cell.model].contestant in contestants
        )

    def judge(self, claim: Claim, settings: str) -> Verdict:
        """Compare what was measured with the settings of the paper or ours."""
        shown, held, reasons = [], [], []
        for title, column, groups in claim.comparisons:
            values = [
                {name: self.value(item, column, settings) for name, item in g.items()}
                for g in groups
            ]
            known = [only_known(group) for group in values]
            missing = [v for g in values for v in g.values() if isinstance(v, str)]
            ordered = is_ordered(known, column)
            if ordered and _NOT_MEASURED in missing:
                ordered = None  # what is left to measure may be better
            held.append(ordered)
            if ordered is None:
                reasons += missing
            else:
                shown.append(f"{title}: {list_values(known, column)}")
        text = "; ".join(shown)
        # One that fails is enough, and all must be known to hold.
        if False in held:
            return Verdict(text, False)
        if None not in held:
            return Verdict(text, True)
        reason = _NOT_MEASURED if _NOT_MEASURED in reasons else reasons[0]
        return Verdict(text, None, reason)


def _speaking(contestants: tuple[str, ...], column: str) -> list[str]:
    """Return what was trained on the language of a column, if that is of pictures.

    The paper has a figure for each language there, and one for both elsewhere.
    """
    if not column.endswith("-image"):
        return list(contestants)
    language = column.split()[1].removesuffix("-image")
    return [c for c in contestants if language in re.split(r"[ +-]", c)]


def only_known(values: Mapping[str, float | str]) -> dict[str, float]:
    """Return values as they are shown, without reasons for missing ones."""
    return {n: round(v, _DIGITS) for n, v in values.items() if not isinstance(v, str)}


def is_ordered(groups: list[dict[str, float]], column: str) -> bool | None:
    """Return whether all values of a group are better than those that follow.

    Equal values are not better; None where fewer than two groups have values.
    """
    sign = -1 if column.startswith("JSD") else 1
    known = [[sign * v for v in group.values()] for group in groups if group]
    if len(known) < 2:
        return None
    return all(
        min(better) > max(sum(known[place + 1 :], []))
        for place, better in enumerate(known[:-1])
    )


def list_values(groups: list[dict[str, float]], column: str) -> str:
    """Return labels with their values, the best first."""
    flat = {name: value for group in groups for name, value in group.items()}
    best = sorted(flat, key=flat.__getitem__, reverse=not column.startswith("JSD"))
    return ", ".join(f"{_SHORT.get(n, n)} {flat[n]:.{_DIGITS}f}" for n in best)


def what_is_printed(claim: Claim) -> str:
    """Return the figures of the paper, and whether they contradict its text."""
    shown, held = [], []
    for title, column, groups in claim.comparisons:
        printed = [
            {n: i.printed[column] for n, i in group.items() if column in i.printed}
            for group in groups
        ]
        if any(printed):
            shown.append(f"{title}: {list_values(printed, column)}")
            held.append(is_ordered(printed, column))
    if not shown:
        return "a plot without numbers"
    text = "; ".join(shown)
    return text + (" (these figures do not bear it out)" if False in held else "")


def read(corpus: str, stale: bool = False) -> Measured | None:
    """Return what is stored of a corpus, None if there is nothing or it is stale."""
    path = RESULTS / corpus / "results.json"
    if not path.exists() or not (stale or is_current(path)):
        return None
    return Measured(json.loads(path.read_text(encoding="utf-8")))


_WORDS = {True: "yes", False: "no"}


def _table(measured: Measured) -> str:
    """Return the table of a corpus in reStructuredText, with its footnotes."""
    letters: dict[str, str] = {}

    def word(verdict: Verdict) -> str:
        if verdict.holds is not None:
            return _WORDS[verdict.holds]
        letter = string.ascii_lowercase[len(letters)]
        return f"– {letters.setdefault(verdict.reason, letter)}"

    measured_with = [f"Measured with {settings}" for settings in SETTINGS.values()]
    header, rows = ["The paper's claim", "It prints", *measured_with, "Holds"], []
    for claim in CLAIMS:
        verdicts = [measured.judge(claim, settings) for settings in SETTINGS]
        words = [word(verdict) for verdict in verdicts]
        holds = words[0] if words[0] == words[1] else " / ".join(words)
        shown = [
            verdict.shown or word for verdict, word in zip(verdicts, words, strict=True)
        ]
        says = f"{_capitalized(claim.says)} ({claim.where})"
        rows.append([says, what_is_printed(claim), *shown, holds])
    table = list_table(header, rows, widths="26 20 22 22 10")
    notes = "; ".join(f"{letter}: {reason}" for reason, letter in letters.items())
    return table + (f"\n\n{notes}." if notes else "")


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _summary(measured: Measured) -> str:
    """Return which claims hold with which settings, in words."""
    kinds: dict[tuple[bool, ...], list[str]] = {}
    counts = dict.fromkeys(SETTINGS.values(), (0, 0))
    for claim in CLAIMS:
        held = [measured.judge(claim, settings).holds for settings in SETTINGS]
        for name, holds in zip(SETTINGS.values(), held, strict=True):
            yes, known = counts[name]
            counts[name] = yes + bool(holds), known + (holds is not None)
        if None not in held:
            kinds.setdefault(tuple(map(bool, held)), []).append(claim.says)
    told = ", and ".join(
        f"{yes} of {known} with {name}" for name, (yes, known) in counts.items()
    )
    lines = [f"Of the claims that can be judged here, {told} hold."]
    if kinds:
        lines += ["", "Of those that can be judged with both:", ""]
    for held, title in {
        (True, True): "Hold with both",
        (False, True): "Hold with our defaults alone",
        (True, False): "Hold with the paper's settings alone",
        (False, False): "Hold with neither",
    }.items():
        if held in kinds:
            lines.append(f"- **{title}:** {'; '.join(kinds[held])}.")
    return "\n".join(lines)


# The figures that the docs show, with their alternative texts and what is in them.
_FIGURES = {
    "figure_2": (
        "Maps of the topic space of two models: a point for each text and picture.",
        "Left ZeroshotTM, which cannot place pictures here; right M3L-Contrast; both "
        "with our defaults.",
    ),
    "figure_3": (
        "How well each model finds counterparts, and how coherent its topics are, by "
        "the number of topics.",
        "PolylingualLDA is PLTM, ZeroShot is ZeroshotTM, Distilled is ZeroshotTM-KD, "
        'and "paper" are the paper\'s settings.',
    ),
    "figure_4": (
        "How well each model finds pictures, by the number of topics.",
        "Distilled is ZeroshotTM-KD with an English or a German teacher.",
    ),
}


def _figures(corpus: str) -> list[str]:
    """Return the figures that the last run drew and the docs show."""
    page = (RESULTS / corpus / "README.md").read_text(encoding="utf-8")
    return [name for name in _FIGURES if f"({name}.png)" in page]


def _shown_figures(corpus: str) -> Iterable[str]:
    for name in _figures(corpus):
        title = name.replace("_", " ").capitalize()
        alternative, drawn = _FIGURES[name]
        yield (
            f".. figure:: _static/paper_{corpus}_{name}.png\n"
            f"   :alt: {alternative}\n"
            "   :width: 100%\n\n"
            f"   {title}, {CORPORA[corpus]}. {drawn} The paper says: "
            f"{paper.FIGURES[title]}"
        )


def restructured(stale: bool = False) -> str:
    """Return what the docs show of all corpora."""
    parts = [f".. Made by {_COMMAND}"]
    for corpus, title in CORPORA.items():
        measured = read(corpus, stale)
        if measured is None:
            continue
        seeds = ", ".join(map(str, measured.seeds))
        told = f"One seed, {seeds}: small differences may be chance."
        if len(measured.seeds) > 1:
            told = f"Medians over the seeds {seeds}."
        parts += [
            f"{title}\n{'~' * len(title)}",
            f"{_capitalized(measured.about)}. {measured.n_components} topics. {told}",
            _summary(measured),
            *_shown_figures(corpus),
            _table(measured),
            f"All tables and figures: ``benchmarks/results/{corpus}/README.md``.",
        ]
    if len(parts) == 1:
        parts.append("No stored results are up to date.")
    return "\n\n".join(parts) + "\n"


def write_all(docs: Path = DOCS, stale: bool = False) -> None:
    """Write the table, and copy the figures that it shows."""
    text = restructured(stale)
    (docs / "paper_claims.inc").write_text(text, encoding="utf-8")
    static = docs / "_static"
    for old in static.glob("paper_*.png"):
        old.unlink()
    for corpus in CORPORA:
        if read(corpus, stale) is not None:
            for name in _figures(corpus):
                source = RESULTS / corpus / f"{name}.png"
                shutil.copyfile(source, static / f"paper_{corpus}_{name}.png")


def _run(_: argparse.Namespace) -> None:
    write_all()
    print(f"Wrote {DOCS / 'paper_claims.inc'}")


def add_parser(commands) -> None:
    """Add the command ``claims``."""
    parser = commands.add_parser(
        "claims", help="which claims of the paper hold in stored results"
    )
    parser.set_defaults(run=_run)

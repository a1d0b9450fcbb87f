"""The table and the sentence of `benchmarks.sampling`, from its stored result."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.leaderboard.tables import STALE, is_current
from benchmarks.provenance import ROOT
from benchmarks.readme import fill_table
from benchmarks.sampling import RESULT

SENTENCE = ROOT / "docs" / "sampling_figures.inc"
TITLES = {"gimp-help": "GIMP manual", "multi30k": "Multi30k"}
OURS = "PolylingualLDA, n_jobs=1"


class Row(NamedTuple):
    """A sampler on a corpus: medians over turns.

    Parameters
    ----------
    name : str
        Of the sampler.
    nanoseconds : float
        Of one token in one sweep after the first.
    ratio : float
        Of these to those of the first sampler with the same tokens, turn by turn.
    fit : float
        Seconds of a whole fit.
    held_out, averaged : float
        Log-likelihood per word, after the last sweep and, if the sampler has it, of the
        average over sweeps.
    """

    name: str
    nanoseconds: float
    ratio: float
    fit: float
    held_out: float
    averaged: float | None


def per_token(turns: Iterable[Mapping], tokens: int, sweeps: int) -> list[float]:
    """Return the nanoseconds of a token in a sweep after the first, of each turn."""
    seconds = [turn["seconds"] for turn in turns]
    return [(last - one) / tokens / (sweeps - 1) * 1e9 for one, last in seconds]


def rows_of(samplers: Mapping[str, Sequence], tokens: int, sweeps: int) -> list[Row]:
    """Return what is shown of samplers of the same tokens, the first of them ours."""
    times = {name: per_token(turns, tokens, sweeps) for name, turns in samplers.items()}
    first = next(iter(times.values()))
    return [
        Row(
            name,
            median(times[name]),
            median(a / b for a, b in zip(times[name], first, strict=True)),
            median(turn["seconds"][1] for turn in turns),
            median(turn["held out"] for turn in turns),
            median(turn["held out, averaged"] for turn in turns)
            if "held out, averaged" in turns[0]
            else None,
        )
        for name, turns in samplers.items()
    ]


def shown_rows(result: Mapping[str, Any]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows by corpus and languages."""
    return {
        (corpus, languages): rows_of(
            found["samplers"], found["tokens"], result["sweeps"]
        )
        for corpus, about in result["corpora"].items()
        for languages, found in about["languages"].items()
    }


def markdown(result: Mapping[str, Any]) -> str:
    """Return the table in Markdown."""
    held_out = f"held-out, {result['sweeps']} sweeps"
    lines = [
        f"| | ns per token and sweep | ratio | fit, s | {held_out} | averaged |",
        "|---" * 6 + "|",
    ]
    for (corpus, languages), rows in shown_rows(result).items():
        about = result["corpora"][corpus]
        found = about["languages"][languages]
        lines.append(
            f"| **{TITLES[corpus]}, {languages}**: {about['tuples']:,} tuples, "
            f"{found['tokens']:,} tokens, {about['n_topics']} topics | | | "
            f"| {found['unigram']:.3f} | |"
        )
        for row in rows:
            # Two threads end sooner, but take no less of the processors.
            times = (f"{row.nanoseconds:.0f}", f"{row.ratio:.2f}", f"{row.fit:.1f}")
            shown = ("", "", "") if row.name.endswith("n_jobs=2") else times
            averaged = "" if row.averaged is None else f"{row.averaged:.3f}"
            cells = [_called(row.name, about), *shown, f"{row.held_out:.3f}", averaged]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _called(name: str, about: Mapping[str, Any]) -> str:
    """Return a name, with the version of another package."""
    for found in about["languages"].values():
        for turn in found["samplers"].get(name, []):
            if "version" in turn:
                package, model = name.split(" ")
                return f"{package} {turn['version']}, `{model}`"
    return f"`{name.replace(', ', '`, `')}`"


def restructured(result: Mapping[str, Any]) -> str:
    """Return the sentences of the docs: ratios, and how alike the quality is."""
    rows = {
        (corpus, " and " in languages, row.name): row
        for (corpus, languages), found in shown_rows(result).items()
        for row in found
    }

    def tell(several: bool, name: str) -> str:
        values = [
            f"{rows[corpus, several, name].ratio:.2f} ({title})"
            for corpus, title in TITLES.items()
        ]
        return " and ".join(values)

    apart = max(
        abs(row.held_out - rows[corpus, several, OURS].held_out)
        for (corpus, several, _), row in rows.items()
    )
    text = (
        "With two languages, topica's ``PolylingualLDA`` takes "
        f"{tell(True, 'topica PolylingualLDA')} times as long as ours per token and "
        "sweep. With English alone, tomotopy takes "
        f"{tell(False, 'tomotopy LDAModel')} times as long as ours, and topica's "
        f"``LDA`` {tell(False, 'topica LDA')} times. After {result['sweeps']} sweeps "
        "with the same fixed priors, the log-likelihood per held-out word of each "
        f"differs from ours by at most {apart:.3f}."
    )
    return textwrap.fill(text, 88, break_on_hyphens=False) + "\n"


def table(stale: bool = False) -> str:
    """Return the table; a stale result is not shown unless it is wanted."""
    if not stale and not is_current(RESULT):
        return f"| {STALE} |\n|---|"
    return markdown(json.loads(RESULT.read_text(encoding="utf-8")))


def sentence(stale: bool = False) -> str:
    """Return what the docs include; a stale result is left out unless it is wanted."""
    text = ".. Made by python -m benchmarks.sampling --show\n\n"
    if stale or is_current(RESULT):
        return text + restructured(json.loads(RESULT.read_text(encoding="utf-8")))
    return f"{text}{STALE}\n"


def write_pages() -> None:
    """Write the table of `benchmarks/README.md`, and the sentence of the docs."""
    fill_table(ROOT / "benchmarks" / "README.md", "### Sampling", table())
    SENTENCE.write_text(sentence(), encoding="utf-8")

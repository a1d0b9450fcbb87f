"""Results of the leaderboard on disk: storing, reading, and checking them.

A file holds one system on one corpus with one seed. Only what tables need is read here,
so that a change of a model does not matter to them.
"""

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.provenance import RESULTS, record
from sklearn_m3l.utils._files import replace_file

FOLDER = RESULTS / "leaderboard"
FORMAT = 1
_TOLERANCE = 1e-4
# Words of two languages are stored, enough to match topics over seeds.
N_WORDS, N_LANGUAGES = 10, 2
_TEXTS = ("corpus", "system", "title", "configuration", "python")
# What values can be, by the first word of a measure; others are finite.
_RANGES = {
    **dict.fromkeys(["MRR", "UAP", "TU", "TQ", "Accuracy", "Macro-F1"], (0.0, 1.0)),
    **dict.fromkeys(["NPMI", "NPMI-window", "Cross-NPMI", "IEC", "IEPS"], (-1.0, 1.0)),
    "JSD": (0.0, math.log(2) + 1e-6),
    "JSD-gap": (-math.log(2), math.log(2)),
    **dict.fromkeys(["Fit", "Transform", "Peak", "Installed"], (0.0, math.inf)),
    "Topics": (1.0 - 1e-6, math.inf),
    "Gain": (-math.inf, math.inf),
}


def result_file(corpus: str, system: str, seed: int) -> Path:
    """Return where a result is stored."""
    return FOLDER / corpus / f"{system}_seed{seed}.json"


def store(
    about: dict[str, Any],
    words: dict[str, list[list[str]]],
    measured: dict[str, dict[str, float]],
    cannot: dict[str, str],
) -> Path:
    """Store what was measured of a delivery, and what it rests on."""
    values = dict(measured["values"])
    costs = {
        "Fit s": about["seconds"].get("fit"),
        "Transform s": about["seconds"].get("transform"),
        "Peak MiB": about.get("peak_mib"),
        "Installed MiB": about.get("installed_mib"),
    }
    values |= {name: value for name, value in costs.items() if value is not None}
    if "all" in cannot:
        values = {}
    names = ("corpus", "system", "title", "configuration", "seed", "n_topics")
    content = {
        "format": FORMAT,
        **{name: about[name] for name in (*names, "python", "packages")},
        "values": {name: _rounded(value) for name, value in values.items()},
        "chance": {n: _rounded(value) for n, value in measured["chance"].items()},
        "cannot": cannot,
        "words": {
            view: [topic[:N_WORDS] for topic in words[view]]
            for view in list(words)[:N_LANGUAGES]
        },
    }
    path = result_file(about["corpus"], about["system"], about["seed"])
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    # A topic is a line.
    text = re.sub(r"\[\s+(\"[^\[\]]*?\")\s+\]", _on_one_line, text)
    replace_file(path, text + "\n")
    record(path, also=about.get("sources", []))
    return path


def _on_one_line(match: re.Match) -> str:
    return f"[{' '.join(match[1].split())}]"


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def read_results(corpus: str) -> dict[str, dict[int, dict]]:
    """Return all results of a corpus by system and seed."""
    found: dict[str, dict[int, dict]] = {}
    for path in sorted((FOLDER / corpus).glob("*_seed*.json")):
        if ".run" not in path.suffixes:
            result = json.loads(path.read_text(encoding="utf-8"))
            found.setdefault(result["system"], {})[result["seed"]] = result
    return found


def problems(path: Path) -> Iterable[str]:
    """Find what is wrong with a result that somebody adds.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    str
        One problem each.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        yield f"it cannot be read: {error}"
        return
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        yield f"it is not a result of format {FORMAT}"
        return
    broken = [name for name in _TEXTS if not isinstance(result.get(name), str)]
    broken += [n for n in ("seed", "n_topics") if type(result.get(n)) is not int]
    kinds = ("values", "chance", "cannot", "words", "packages")
    broken += [name for name in kinds if not isinstance(result.get(name), dict)]
    for name in broken:
        yield f"{name!r} is missing or of a wrong type"
    if broken:
        return
    expected = result_file(result["corpus"], result["system"], result["seed"])
    if path.parts[-2:] != expected.parts[-2:]:
        yield f"it must be called {'/'.join(expected.parts[-2:])}"
    if not path.with_suffix(".run.json").exists():
        yield "the .run.json beside it is missing: store results by `score`"
    yield from _problems_of_values(result)
    yield from _problems_of_words(result)
    if result["corpus"] == "gimp-help":
        yield from _problems_of_coherence(result)


def _problems_of_coherence(result: dict) -> Iterable[str]:
    """Measure the stored words anew: this corpus is bundled."""
    from sklearn_m3l.datasets import load_gimp_help
    from sklearn_m3l.metrics import npmi_coherence

    X = load_gimp_help("train").data
    for view, topics in result["words"].items():
        if view not in X.view_names or not X[view].is_text:
            yield f"'words' of {view!r}, but {result['corpus']} has no such text"
            continue
        given = result["values"].get(f"NPMI {view}")
        try:
            found = npmi_coherence(topics, X[view].counts, X[view].vocabulary)
        except ValueError as error:
            yield f"'words' of {view!r}: {error}"
            continue
        if given is None or abs(found - given) > _TOLERANCE:
            yield f"'NPMI {view}' is {given}, but the words have {found:.5g}"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _problems_of_values(result: dict) -> Iterable[str]:
    if not result["values"] and "all" not in result["cannot"]:
        yield "it has no values, and 'cannot' does not say why: give 'all' a reason"
    for name, value in result["values"].items():
        kind = name.split()[0]
        if kind not in _RANGES:
            yield f"{name!r} is not one of the measures"
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{name!r} is {value!r}, not a number"
        elif not _RANGES[kind][0] <= value <= _RANGES[kind][1]:
            yield f"{name!r} is {value}, out of its range"
        elif kind == "Topics" and value > result["n_topics"] + 1e-3:
            yield f"{name!r} is {value}, more than there are topics"
        if "all" in result["cannot"] or kind in result["cannot"]:
            yield f"{name!r} has a value and a reason to be missing"


def _problems_of_words(result: dict) -> Iterable[str]:
    for view, topics in result["words"].items():
        if not isinstance(topics, list) or len(topics) != result["n_topics"]:
            yield f"'words' of {view!r} must hold {result['n_topics']} topics"
        elif any(len(set(topic)) != N_WORDS for topic in topics):
            yield f"'words' of {view!r} must hold {N_WORDS} different words per topic"

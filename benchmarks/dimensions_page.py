"""The table of `benchmarks.dimensions`, from stored results."""

import json
from statistics import median

from benchmarks.dimensions import RESULT
from benchmarks.leaderboard import results
from benchmarks.leaderboard.tables import (
    DOCS,
    QUALITY,
    STALE,
    is_current,
    list_table,
    name_of,
    value_of,
)

PAGE = DOCS / "dimensions_table.inc"
HEAD = [
    "corpus",
    "topics",
    "embeddings (width)",
    "components",
    "M3L-Contrast",
]
_MRR = QUALITY[0]


def restructured(stale: bool = False) -> str:
    """Return what the docs include; stale results are left out unless wanted."""
    text = ".. Made by python -m benchmarks.dimensions --show\n\n"
    if not (stale or is_current(RESULT)):
        return f"{text}{STALE}\n"
    rows = []
    for name, found in json.loads(RESULT.read_text(encoding="utf-8")).items():
        rows.append(
            [
                name_of(name),
                str(found["topics"]),
                f"{found['MRR of all']:.3f} ({found['dimensions']})",
                f"{found['MRR of components']:.3f}",
                _ours(name, stale),
            ]
        )
    return text + list_table(HEAD, rows) + "\n"


def _ours(corpus: str, stale: bool) -> str:
    """Return the median MRR of our model over seeds."""
    found = results.read_results(corpus).get("m3l", {})
    values = [
        value_of(result, _MRR)
        for seed, result in found.items()
        if stale or is_current(results.result_file(corpus, "m3l", seed))
    ]
    return f"{median(values):.3f}" if values else "–"


def write_page() -> None:
    """Write the table that the docs include."""
    PAGE.write_text(restructured(), encoding="utf-8")

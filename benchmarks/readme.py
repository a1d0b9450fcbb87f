"""Fill the README's table of figures from stored results.

    python -m benchmarks.readme

Each cell is the median over the seeds of a result of `search_defaults`. Where there are
fewer than three, the row names them.
"""

import json
import re
from pathlib import Path
from statistics import median

from benchmarks.provenance import RESULTS, ROOT

N_SEEDS = 3
SETTINGS = {
    "M3L-Contrast, defaults": "defaults",
    "PolylingualLDA, defaults": "PolylingualLDA",
    "k-means of the embeddings, words by c-TF-IDF": "k-means and c-TF-IDF",
}
CORPORA = {
    "GIMP manual, 50 topics": "gimp-help_test_1794_rows_100_epochs",
    "Multi30k, 100 topics": "multi30k_test_20000_rows_100_epochs",
}
COLUMNS = {
    "MRR en-de": 3,
    "UAP en-image": 3,
    "UAP de-image": 3,
    "doc en": 3,
    "doc de": 3,
    "cross en-de": 3,
    "topics": 1,
    "gain": 3,
}
TITLES = {"doc en": "NPMI en", "doc de": "NPMI de", "cross en-de": "Cross-NPMI"}


def table() -> str:
    """Return the table in Markdown."""
    header = [TITLES.get(column, column) for column in COLUMNS]
    lines = [f"| | {' | '.join(header)} |", "|---" * (len(header) + 1) + "|"]
    for corpus, name in CORPORA.items():
        path = RESULTS / "defaults" / f"{name}.json"
        results = json.loads(path.read_text(encoding="utf-8"))
        for title, setting in SETTINGS.items():
            by_seed = results[setting]
            runs = by_seed.values()
            seeds = "" if len(runs) >= N_SEEDS else f", seed {' and '.join(by_seed)}"
            cells = []
            for column, digits in COLUMNS.items():
                values = [run[column] for run in runs if column in run]
                cells.append(f"{median(values):.{digits}f}" if values else "")
            lines.append(f"| {title}, {corpus}{seeds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def fill_table(path: Path, heading: str, filled: str) -> None:
    """Replace the first table below a heading of a page in Markdown."""
    before, heading, after = path.read_text(encoding="utf-8").partition(heading)
    rows = re.compile(r"(^\|.*\|\n)+", re.MULTILINE)
    after = rows.sub(lambda _: filled + "\n", after, count=1)
    path.write_text(before + heading + after, encoding="utf-8")


def main() -> None:
    """Write the table."""
    fill_table(ROOT / "README.md", "## Measured", table())


if __name__ == "__main__":
    main()

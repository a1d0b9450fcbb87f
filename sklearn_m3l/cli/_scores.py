"""Print scores and their meanings."""

import math
import shutil
import textwrap
from collections.abc import Iterable, Mapping

from sklearn_m3l.metrics import Score
from sklearn_m3l.metrics._alignment import MEASURES
from sklearn_m3l.utils._text import format_table

LIKELIHOOD = "Likelihood"
_MEASURES = {
    **MEASURES,
    LIKELIHOOD: "mean log-likelihood per word of the texts; closer to 0 is better, "
    "among models of the same words",
}


def terminal_width() -> int:
    """Return the width of the terminal, but at least what text needs."""
    return max(shutil.get_terminal_size().columns, 20)


def print_scores(scores: Mapping[str, Score]) -> None:
    """Print scores with those of chance, numbers of rows, and meanings."""
    rows = [("", "Score", "Chance", "Rows")]
    for name, (value, chance, n_rows) in scores.items():
        rows.append(
            (
                name,
                "–" if math.isnan(value) else f"{value:.3f}",
                "" if chance is None else f"{chance:.3f}",
                "" if n_rows is None else f"{n_rows:,}",
            )
        )
    print(format_table(rows, terminal_width()) + "\n")
    print_meanings(scores)


def print_meanings(names: Iterable[str]) -> None:
    """Print the meanings of the measures of some scores."""
    for measure in dict.fromkeys(name.split()[0] for name in names):
        meaning = f"{measure}: {_MEASURES[measure]}."
        print(textwrap.fill(meaning, terminal_width(), subsequent_indent="  "))

"""The table and the figure of `benchmarks.growth`, from its stored result."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

from benchmarks.growth import N_UPPER, RESULT, TOPICS, WORDS, slope
from benchmarks.leaderboard.tables import STALE, is_current, list_table
from benchmarks.provenance import ROOT

DOCS = ROOT / "docs"
PAGE, FIGURE = DOCS / "growth_slopes.inc", DOCS / "_static" / "growth.png"
VARIABLES = {"n": "tuples (n)", "K": "topics (K)", "V": "words per language (V)"}
# A larger slope is worse than linear; what is below it may be noise.
LINEAR = 1.1
# Operations are told apart by marker and dashes, not by color alone.
STYLES = (
    ("C0", "o", "-"),
    ("C0", "s", "--"),
    ("C1", "D", "-"),
    ("C1", "^", "--"),
    ("C2", "v", "-."),
    ("C4", "P", "-"),
    ("C3", "X", "-."),
)


def is_worse(found: Mapping) -> bool:
    """Return whether the slope along a variable is worse than linear."""
    return found["slope"] > LINEAR


def steepest(results: Mapping[str, Mapping]) -> str:
    """Return the largest slope between the two largest sizes of what is not worse."""
    ends = {
        f"{operation} with {name}": slope(found["sizes"][-2:], found["seconds"][-2:])
        for operation, along in results.items()
        for name, found in along.items()
        if not is_worse(found)
    }
    name = max(ends, key=lambda name: ends[name])
    return f"{ends[name]:.2f}, of {name}"


def restructured(results: Mapping[str, Mapping]) -> str:
    """Return the table of slopes, and what it shows, for the docs."""
    cells, worse = [], []
    for operation, along in results.items():
        rows = along["n"]["sizes"]
        row = [operation, f"{rows[0]:,} to {rows[-1]:,}"]
        for name in VARIABLES:
            if name not in along:
                row.append("–")
                continue
            shown = f"{along[name]['slope']:.2f}"
            row.append(f"**{shown}**" if is_worse(along[name]) else shown)
            if is_worse(along[name]):
                worse.append(f"{operation} with {name} ({shown})")
        cells.append(row)
    table = list_table(["operation", "tuples", *VARIABLES], cells)
    text = (
        "Slopes of processor time in log-log: 0 is constant, 1 linear, 2 quadratic. "
        f"Each is that of the {N_UPPER} largest sizes. Topics grow from {TOPICS[0]} to "
        f"{TOPICS[-1]:,}, words per language from {WORDS[0]:,} to {WORDS[-1]:,} with "
        "as many tokens; what does not vary is at its smallest. A dash means that the "
        f"operation does not depend on it. Bold is worse than linear, above {LINEAR}: "
        f"{'; '.join(worse) or 'nothing'}. For the rest, the slope between the two "
        f"largest sizes alone is at most {steepest(results)}."
    )
    return f"""{table}

{textwrap.fill(text, 88)}

.. image:: /_static/{FIGURE.name}
   :alt: Processor seconds of each operation by tuples, topics, and words, in log-log.
"""


def write_text(stale: bool = False) -> str:
    """Return what the docs include; a stale result is left out unless it is wanted."""
    text = ".. Made by python -m benchmarks.growth --show\n\n"
    if RESULT.exists() and (stale or is_current(RESULT)):
        return text + restructured(json.loads(RESULT.read_text(encoding="utf-8")))
    return f"{text}{STALE}\n"


def draw(results: Mapping[str, Mapping], path: Path) -> None:
    """Draw seconds by size in log-log: one panel per variable."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, all_axes = plt.subplots(
        1, len(VARIABLES), figsize=(9.0, 4.6), sharey=True, layout="constrained"
    )
    for axes, (name, title) in zip(all_axes, VARIABLES.items(), strict=True):
        sizes, seconds = [], []
        for (operation, along), style in zip(results.items(), STYLES, strict=False):
            if name not in along:
                continue
            color, marker, dashes = style
            sizes += along[name]["sizes"]
            seconds += along[name]["seconds"]
            axes.loglog(
                along[name]["sizes"],
                along[name]["seconds"],
                color=color,
                marker=marker,
                linestyle=dashes,
                linewidth=1.2,
                markersize=5,
                label=operation,
            )
        _draw_reference(axes, min(sizes), max(sizes), min(seconds))
        _label_sizes(axes, sizes)
        axes.set_xlabel(title, fontsize=9)
    all_axes[0].set_ylabel("processor seconds", fontsize=9)
    all_axes[0].yaxis.set_major_formatter("{x:g}")
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False
    )
    path.parent.mkdir(exist_ok=True)
    # Without a date or a version, equal figures are equal files.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_reference(axes, smallest, largest, start):
    """Draw a line of slope 1 below the others."""
    gray = {"color": "0.35", "linestyle": (0, (4, 4)), "linewidth": 1.0}
    low = start / 2
    axes.plot([smallest, largest], [low, low * largest / smallest], zorder=1, **gray)
    middle = (smallest * largest) ** 0.5
    axes.annotate(
        "slope 1",
        (middle, low * middle / smallest),
        xytext=(5, -5),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="0.35",
    )


def _label_sizes(axes, sizes):
    """Label every other size, where sizes double, and all where they quadruple."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    distinct = sorted(set(sizes))
    axes.xaxis.set_major_locator(FixedLocator(distinct[:: 1 + (len(distinct) > 4)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.tick_params(labelsize=8)
    axes.grid(color="0.9", linewidth=0.6)


def _short(size, _=None):
    return f"{size:,}" if size % 1000 else f"{size // 1000}k"


def write_page() -> None:
    """Write the table, and the figure if the result is up to date."""
    PAGE.write_text(write_text(), encoding="utf-8")
    if RESULT.exists() and is_current(RESULT):
        draw(json.loads(RESULT.read_text(encoding="utf-8")), FIGURE)
    print(PAGE.read_text(encoding="utf-8"))

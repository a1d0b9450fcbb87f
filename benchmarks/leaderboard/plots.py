"""The three figures of the page, from stored results."""

import textwrap
from pathlib import Path

import numpy as np

from benchmarks.leaderboard import results
from benchmarks.leaderboard.tables import (
    OURS,
    is_current,
    name_of,
    read_rows,
    stored_corpora,
)

_WIDTH, _ROW_HEIGHT, _LEGEND_HEIGHT, _DPI = 9.0, 3.4, 0.8, 110
_MAX_COLUMNS = 3
_OURS = "tab:blue"
_SHORT = {
    "m3l": "M3L-Contrast",
    "m3l-paper": "M3L, paper",
    "zero-shot": "ZeroShot",
    "distilled": "Distilled",
    "polylingual-lda": "PLTM",
    "k-means": "k-means",
    "embeddings": "embeddings",
    "embeddings-standardized": "embeddings,\nstandardized",
    "lda": "LDA",
}


def write_figures(folder: Path, stale: bool = False) -> None:
    """Write the figures as PNG files."""
    import matplotlib

    matplotlib.use("Agg")
    _scatter(
        folder / "benchmark_quality.png",
        ("MRR", "finds counterparts (MRR)"),
        ("Cross-NPMI", "words agree across languages (NPMI)"),
        stale=stale,
    )
    _scatter(
        folder / "benchmark_cost.png",
        ("fit s", "processor seconds of training"),
        ("MRR", "finds counterparts (MRR)"),
        log=True,
        stale=stale,
    )
    _languages(folder / "benchmark_languages.png", stale)


def _scatter(path, x, y, log=False, stale=False):
    """Draw two columns of the tables against each other, one panel per corpus."""
    from matplotlib import pyplot as plt

    panels = {}
    for corpus in stored_corpora():
        rows = [
            row
            for row in read_rows(corpus, stale)
            if x[0] in row.values
            and y[0] in row.values
            and not (log and row.system.startswith("embeddings"))
        ]
        if rows and not corpus.endswith("-hidden"):
            panels[corpus] = rows
    if not panels:
        return
    n_columns = min(len(panels), _MAX_COLUMNS)
    n_rows = -(-len(panels) // n_columns)
    size = (_WIDTH, n_rows * _ROW_HEIGHT + _LEGEND_HEIGHT)
    figure, grid = plt.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, layout="constrained"
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(y[1], fontsize=8)
    styles: dict[str, dict] = {}
    for axes, (corpus, rows) in zip(grid.flat, panels.items(), strict=False):
        _draw(axes, rows, x[0], y[0], styles)
        if log:
            axes.set_xscale("log")
        axes.set_title("\n".join(textwrap.wrap(name_of(corpus), 34)), fontsize=9)
        axes.set_xlabel(x[1], fontsize=8)
        axes.tick_params(labelsize=7)
    marks = [plt.Line2D([], [], label=name, **style) for name, style in styles.items()]
    figure.legend(handles=marks, loc="outside lower center", ncols=6, fontsize=7)
    _save(figure, path)


def _draw(axes, rows, x, y, styles):
    """Draw a point for each system; those of one package look alike."""
    for row in rows:
        name = _SHORT.get(row.system) or row.title.split()[0].strip(",")
        if name not in styles:
            mark = {"color": f"C{1 + len(styles) % 9}", "marker": "o"}
            if row.system in OURS:
                mark = {"color": _OURS, "marker": "osD^vP"[OURS.index(row.system)]}
            styles[name] = {**mark, "linestyle": "none", "markersize": 5}
        axes.plot(row.values[x], row.values[y], **styles[name])


def _languages(path, stale):
    """Draw the MRR of all pairs of languages of our default model, for the most."""
    from matplotlib import pyplot as plt

    found = {}
    for corpus in stored_corpora():
        for seed, result in results.read_results(corpus).get("m3l", {}).items():
            file = results.result_file(corpus, "m3l", seed)
            values = {
                tuple(name.split()[1].split("-")): value
                for name, value in result["values"].items()
                if name.startswith("MRR ")
            }
            current = stale or is_current(file)
            if current and len(values) > len(found.get("values", {})):
                found = {"corpus": corpus, "values": values}
    if len(found.get("values", {})) < 3:
        return
    languages = list(dict.fromkeys(n for pair in found["values"] for n in pair))
    grid = np.full((len(languages), len(languages)), np.nan)
    for (one, other), value in found["values"].items():
        i, j = languages.index(one), languages.index(other)
        grid[i, j] = grid[j, i] = value
    figure, axes = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
    image = axes.imshow(grid, vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(len(languages)), languages, fontsize=8)
    axes.set_yticks(range(len(languages)), languages, fontsize=8)
    for (i, j), value in np.ndenumerate(grid):
        if np.isfinite(value):
            color = "white" if value < 0.6 else "black"
            centered = {"ha": "center", "va": "center", "fontsize": 6, "color": color}
            axes.text(j, i, f"{value:.2f}".removeprefix("0"), **centered)
    title = f"{name_of(found['corpus'])}: MRR of each pair of languages"
    axes.set_title(title, fontsize=9)
    figure.colorbar(image, ax=axes, shrink=0.8)
    _save(figure, path)


def _save(figure, path):
    from matplotlib import pyplot as plt

    path.parent.mkdir(exist_ok=True)
    # Without a date or a version, equal figures are equal files.
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    plt.close(figure)

"""Figures 2 to 6 as PNG."""

from pathlib import Path

import pandas as pd

from benchmarks.reproduce.cells import Line
from benchmarks.reproduce.store import Store
from sklearn_m3l.display import AblationDisplay, TopicSpaceDisplay

_VIEW_LABELS = {"en": "English", "de": "German", "image": "Pictures"}
_PARAMETERS = {"n_components": "Topics", "batch_size": "Batch size"}
# What is drawn in each figure; the first is what the paper draws.
PANELS = {
    "Figure 3": ("MRR en-de", "JSD en-de", "NPMI en", "NPMI de"),
    "Figure 4": ("UAP en-image", "UAP de-image", "JSD en-image", "JSD de-image"),
    "Figure 5": ("MRR en-de", "JSD en-de", "NPMI en", "NPMI de"),
    "Figure 6": ("UAP en-image", "UAP de-image", "JSD en-image", "JSD de-image")
    + ("NPMI en", "NPMI de"),
}


def draw_topic_spaces(maps: dict[str, dict], path: Path) -> None:
    """Draw Figure 2: maps of the topic space side by side, by model."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(maps), figsize=(7 * len(maps), 7.5), layout="constrained", squeeze=False
    )
    for ax, (model, content) in zip(axes[0], maps.items(), strict=True):
        TopicSpaceDisplay(
            pd.DataFrame(content["points"]),
            words=content["words"],
            view_labels=_VIEW_LABELS,
        ).plot(ax=ax)
        ax.set_aspect("equal", adjustable="datalim")  # panels of one size
        ax.set_title(model)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def draw_ablation(
    figure_name: str, lines: list[Line], store: Store, path: Path
) -> None:
    """Draw one of Figures 3 to 6, one panel per measure."""
    import matplotlib.pyplot as plt

    columns = PANELS[figure_name]
    parameter = (
        "n_components" if figure_name in ("Figure 3", "Figure 4") else "batch_size"
    )
    figure, axes = plt.subplots(
        len(columns) // 2, 2, figsize=(10, 2 * len(columns)), layout="constrained"
    )
    for ax, column in zip(axes.flat, columns, strict=True):
        scores = pd.DataFrame(
            {
                "line": line.model,
                "value": value,
                "split": cell.seed,
                # A model that has no such value keeps its color in all panels.
                "score": store[cell]["values"].get(column, float("nan")),
            }
            for line in lines
            for value, cells in line.points.items()
            for cell in cells
        )
        AblationDisplay(
            scores, param_name=_PARAMETERS[parameter], score_name=column
        ).plot(ax=ax)
        ax.get_legend().remove()  # one for all of them will do
    handles = axes.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=100)
    plt.close(figure)

"""What is measured: a cell is one model in one setting with one seed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from benchmarks.compare import CONTESTANTS
from benchmarks.configurations import PAPER
from sklearn_m3l.models import M3LContrastTopicModel


class Model(NamedTuple):
    """A row of the tables.

    Parameters
    ----------
    contestant : str
        How it is fitted: one of those of `benchmarks.compare`.
    configuration : dict
        Parameters other than the defaults.
    paper : str
        What the paper calls it.
    """

    contestant: str
    configuration: dict[str, Any]
    paper: str


# By the first word of what is fitted: the settings of the paper, and its name for it.
_SYSTEMS = {
    "PolylingualLDA": ("PolylingualLDA", "PLTM"),
    "ZeroShot": ("ZeroShotTopicModel", "ZeroshotTM"),
    "Distilled": ("DistilledTopicModel", "ZeroshotTM-KD"),
    "M3L": ("M3LContrastTopicModel", "M3L-Contrast"),
}


def _list_models() -> dict[str, Model]:
    """Return each contestant with the settings of the paper and with its defaults."""
    models = {}
    for contestant in CONTESTANTS:
        estimator, name = _SYSTEMS[contestant.split()[0]]
        models[f"{contestant}, paper"] = Model(contestant, PAPER[estimator], name)
        models[f"{contestant}, defaults"] = Model(contestant, {}, name)
    return models


MODELS = _list_models()


def _both(*contestants: str) -> list[str]:
    return [
        f"{name}, {settings}"
        for name in contestants
        for settings in ("paper", "defaults")
    ]


TABLE_1 = _both(
    "PolylingualLDA",
    "ZeroShot en",
    "ZeroShot de",
    "Distilled en-de",
    "Distilled de-en",
    "M3L en+de",
)
TABLE_2 = _both(
    "ZeroShot en",
    "ZeroShot de",
    "Distilled en-image",
    "Distilled de-image",
    "M3L en+de+image",
)
# The models of Figure 2, and those of the lines of the others.
_MAPPED = [
    f"{name}, defaults" for name in ("ZeroShot en", "M3L en+de", "M3L en+de+image")
]
_TEXT_LINES = [
    *(f"{n}, defaults" for n in ("PolylingualLDA", "ZeroShot en", "Distilled en-de")),
    *TABLE_1[-2:],
]
_PICTURE_LINES = [
    *(f"{name}, defaults" for name in ("Distilled en-image", "Distilled de-image")),
    *TABLE_2[-2:],
]


@dataclass(frozen=True)
class Cell:
    """One fit. Whatever is None is as the model or the corpus has it."""

    model: str
    n_components: int
    seed: int
    batch_size: int | None = None
    max_iter: int | None = None
    texts: str | None = None
    pictures: str | None = None
    mapped: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the model."""
        given = {
            "n_components": self.n_components,
            "random_state": self.seed,
            "batch_size": self.batch_size,
            "max_iter": self.max_iter,
        }
        given = {name: value for name, value in given.items() if value is not None}
        return {**MODELS[self.model].configuration, **given}

    @property
    def key(self) -> str:
        """Return digits that change whenever what is to be measured does."""
        content = json.dumps([asdict(self), self.parameters], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Parameters
    ----------
    n_components : int
        Topics of the tables.
    seeds : tuple of int
        Seeds that medians are taken over.
    max_iter : int, optional
        Epochs of the neural models; by default their own.
    topic_numbers, batch_sizes : tuple of int
        The ablations.
    """

    n_components: int
    seeds: tuple[int, ...] = (0, 1, 2)
    max_iter: int | None = None
    topic_numbers: tuple[int, ...] = (25, 50, 100)
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128)

    def cells(self, model: str, **changes: Any) -> list[Cell]:
        """Return the cells of a model, one a seed."""
        if changes.get("batch_size") == _own_batch_size(model):
            del changes["batch_size"]  # the same fit as without
        first = Cell(model, self.n_components, self.seeds[0], max_iter=self.max_iter)
        changed = replace(first, **changes)
        mapped = changed == first and model in _MAPPED
        return [
            replace(changed, seed=seed, mapped=mapped and seed == self.seeds[0])
            for seed in self.seeds
        ]


def _own_batch_size(model: str) -> int:
    default = M3LContrastTopicModel().batch_size
    return MODELS[model].configuration.get("batch_size", default)


class Line(NamedTuple):
    """A line of a figure: for each value of the parameter the cells of all seeds."""

    model: str
    points: dict[int, list[Cell]]


def ablation_lines(figure: str, scale: Scale) -> list[Line]:
    """Return the lines of Figures 3 to 6."""
    name, values, models = {
        "Figure 3": ("n_components", scale.topic_numbers, _TEXT_LINES),
        "Figure 4": ("n_components", scale.topic_numbers, _PICTURE_LINES),
        "Figure 5": ("batch_size", scale.batch_sizes, TABLE_1[-2:]),
        "Figure 6": ("batch_size", scale.batch_sizes, TABLE_2[-2:]),
    }[figure]
    return [
        Line(model, {value: scale.cells(model, **{name: value}) for value in values})
        for model in models
    ]


def mapped_models(has_pictures: bool) -> list[str]:
    """Return the models of Figure 2."""
    return [_MAPPED[0], _MAPPED[2 if has_pictures else 1]]


def encoder_cells(
    scale: Scale, combinations: Sequence[tuple[str | None, str | None]]
) -> list[list[Cell]]:
    """Return the cells of Table 4, for each pair of encoders."""
    model = TABLE_2[-1] if combinations[0][1] is not None else TABLE_1[-1]
    return [
        scale.cells(
            model,
            # The encoders of the first are those of all other tables.
            texts=None if texts == combinations[0][0] else texts,
            pictures=None if pictures == combinations[0][1] else pictures,
        )
        for texts, pictures in combinations
    ]


def plan(
    scale: Scale, combinations: Sequence[tuple[str | None, str | None]]
) -> dict[str, list[Cell]]:
    """Return the cells that each part needs, for a corpus with these encoders."""
    has_pictures = combinations[0][1] is not None

    def of_models(models):
        known = [model for model in models if has_pictures or not reads_pictures(model)]
        return [cell for model in known for cell in scale.cells(model)]

    parts = {
        "Table 1": of_models(TABLE_1),
        "Table 2": of_models(TABLE_2),
        "Table 3": [
            c for c in of_models([*TABLE_1, *TABLE_2]) if c.seed == scale.seeds[0]
        ],
        "Table 4": sum(encoder_cells(scale, combinations), []),
        "Figure 2": [c for c in of_models(mapped_models(has_pictures)) if c.mapped],
    }
    for figure in ("Figure 3", "Figure 4", "Figure 5", "Figure 6"):
        parts[figure] = [
            cell
            for line in ablation_lines(figure, scale)
            if has_pictures or not reads_pictures(line.model)
            for cells in line.points.values()
            for cell in cells
        ]
    return parts


def reads_pictures(model: str) -> bool:
    """Tell whether a model learns from pictures."""
    return "image" in MODELS[model].contestant

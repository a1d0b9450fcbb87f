"""What the paper claims, as orderings of what it measures."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.reproduce import paper
from benchmarks.reproduce.corpora import LSA
from benchmarks.reproduce.windows import WINDOW


class Item(NamedTuple):
    """What is compared: a system, or a value of a parameter.

    Parameters
    ----------
    contestants : tuple of str
        What was fitted; of several, the mean is taken.
    changes : mapping
        Fields of the cells that differ from those of Tables 1 and 2.
    printed : mapping of str to float
        What the paper prints, by column.
    """

    contestants: tuple[str, ...] = ()
    changes: Mapping[str, Any] = {}
    printed: Mapping[str, float] = {}


class Comparison(NamedTuple):
    """Groups of items in one column, the best group first.

    Each item must be better than all items of the groups that follow.
    """

    title: str
    column: str
    groups: list[dict[str, Item]]


class Claim(NamedTuple):
    """What the paper says, and where. It holds if all comparisons do."""

    says: str
    where: str
    comparisons: list[Comparison]


_MRR, _JSD = {"MRR": "MRR en-de"}, {"JSD": "JSD en-de"}
_UAP = {"UAP en": "UAP en-image", "UAP de": "UAP de-image"}
_PICTURE_JSD = {"JSD en": "JSD en-image", "JSD de": "JSD de-image"}
_NPMI = {"NPMI en": f"NPMI en, {WINDOW}", "NPMI de": f"NPMI de, {WINDOW}"}

# What is fitted without and with pictures.
_TEXTS = {
    "PLTM": ("PolylingualLDA",),
    "ZeroshotTM": ("ZeroShot en", "ZeroShot de"),
    "ZeroshotTM-KD": ("Distilled en-de", "Distilled de-en"),
    "M3L-Contrast": ("M3L en+de",),
}
_PICTURES = {
    "ZeroshotTM": ("ZeroShot en", "ZeroShot de"),
    "ZeroshotTM-KD": ("Distilled en-image", "Distilled de-image"),
    "M3L-Contrast": ("M3L en+de+image",),
}
TABLE_1 = {name: Item(c, {}, paper.TABLE_1[name]) for name, c in _TEXTS.items()}
TABLE_2 = {name: Item(c, {}, paper.TABLE_2[name]) for name, c in _PICTURES.items()}


def order_by(
    titles: Mapping[str, str], items: Mapping[str, Item], order: str
) -> list[Comparison]:
    """Return an ordering such as "one > another, a third" in each of some columns."""
    groups = [
        {name: items[name] for name in group.split(", ")}
        for group in order.split(" > ")
    ]
    return [Comparison(title, column, groups) for title, column in titles.items()]


def _at_all_topics(
    titles: Mapping[str, str], fitted: Mapping[str, tuple[str, ...]], order: str
) -> list[Comparison]:
    """Return an ordering of systems at each number of topics of Figures 3 and 4."""
    return [
        comparison._replace(title=f"{comparison.title} at {n} topics")
        for n in (25, 50, 100)
        for comparison in order_by(
            titles,
            {name: Item(c, {"n_components": n}) for name, c in fitted.items()},
            order,
        )
    ]


def _of_values(
    titles: Mapping[str, str], contestant: str, parameter: str, order: str
) -> list[Comparison]:
    """Return an ordering of labels that begin with a value, such as "100 topics"."""
    labels = order.replace(" > ", ", ").split(", ")
    items = {
        label: Item((contestant,), {parameter: int(label.split()[0])})
        for label in labels
    }
    return order_by(titles, items, order)


# The lines of Figure 3 have one direction alone.
_ONE_DIRECTION = {name: fitted[:1] for name, fitted in _TEXTS.items()}
_TOPICS = "100 topics > 50 topics > 25 topics"
_BATCHES_OF_32 = "32 rows > 16 rows, 64 rows, 128 rows"
_ENCODERS = {
    "multilingual": Item(
        _PICTURES["M3L-Contrast"], {}, paper.TABLE_4["multilingual SBERT, CLIP"]
    ),
    "monolingual": Item(
        _PICTURES["M3L-Contrast"],
        {"texts": LSA},
        paper.TABLE_4["monolingual SBERTs, CLIP"],
    ),
}
# Nothing is fitted for what takes CLIP.
_WITH_CLIP = {
    "SBERT and CLIP": Item(printed=paper.TABLE_4["multilingual SBERT, CLIP"]),
    "SBERT and ResNet": Item(printed=paper.TABLE_4["multilingual SBERT, ResNet"]),
    "ZeroshotTM": Item(printed=paper.TABLE_2["ZeroshotTM"]),
    "ZeroshotTM-KD": Item(printed=paper.TABLE_2["ZeroshotTM-KD"]),
}
_TWO_SPACES = {
    "ZeroshotTM": TABLE_1["ZeroshotTM"],
    "M3L-Contrast": Item(_PICTURES["M3L-Contrast"], {}, paper.TABLE_4["CLIP, CLIP"]),
}

CLAIMS = [
    Claim(
        "ZeroshotTM finds the most counterparts",
        "Table 1, Section 5.1",
        order_by(_MRR, TABLE_1, "ZeroshotTM > PLTM, ZeroshotTM-KD, M3L-Contrast"),
    ),
    Claim(
        "M3L-Contrast finds more counterparts than PLTM",
        "Table 1, Section 5.1",
        order_by(_MRR, TABLE_1, "M3L-Contrast > PLTM"),
    ),
    Claim(
        "M3L-Contrast finds more counterparts than ZeroshotTM-KD",
        "Table 1",
        order_by(_MRR, TABLE_1, "M3L-Contrast > ZeroshotTM-KD"),
    ),
    Claim(
        "ZeroshotTM-KD finds more counterparts than PLTM",
        "Table 1",
        order_by(_MRR, TABLE_1, "ZeroshotTM-KD > PLTM"),
    ),
    Claim(
        "counterparts have the most similar topics with ZeroshotTM",
        "Table 1, Section 5.1",
        order_by(_JSD, TABLE_1, "ZeroshotTM > PLTM, ZeroshotTM-KD, M3L-Contrast"),
    ),
    Claim(
        "counterparts have more similar topics with M3L-Contrast than with PLTM and "
        "ZeroshotTM-KD",
        "Table 1",
        order_by(_JSD, TABLE_1, "M3L-Contrast > PLTM, ZeroshotTM-KD"),
    ),
    Claim(
        "M3L-Contrast, trained on texts, has the most coherent topics",
        "Table 1, Section 5.1",
        order_by(_NPMI, TABLE_1, "M3L-Contrast > PLTM, ZeroshotTM, ZeroshotTM-KD"),
    ),
    Claim(
        "PLTM has the least coherent topics",
        "Table 1",
        order_by(_NPMI, TABLE_1, "ZeroshotTM, ZeroshotTM-KD, M3L-Contrast > PLTM"),
    ),
    Claim(
        "M3L-Contrast finds the most pictures",
        "Table 2, Section 5.2",
        order_by(_UAP, TABLE_2, "M3L-Contrast > ZeroshotTM, ZeroshotTM-KD"),
    ),
    Claim(
        "ZeroshotTM finds the fewest pictures",
        "Table 2, Section 5.2",
        order_by(_UAP, TABLE_2, "ZeroshotTM-KD, M3L-Contrast > ZeroshotTM"),
    ),
    Claim(
        "texts and pictures have the most similar topics with M3L-Contrast",
        "Table 2, Section 5.2",
        order_by(_PICTURE_JSD, TABLE_2, "M3L-Contrast > ZeroshotTM, ZeroshotTM-KD"),
    ),
    Claim(
        "M3L-Contrast, trained with pictures, has the most coherent topics",
        "Table 2",
        order_by(_NPMI, TABLE_2, "M3L-Contrast > ZeroshotTM, ZeroshotTM-KD"),
    ),
    Claim(
        "a multilingual text encoder finds more counterparts than monolingual ones",
        "Table 4, Section 6.3",
        order_by(_MRR, _ENCODERS, "multilingual > monolingual"),
    ),
    Claim(
        "CLIP's pictures are found more often than ResNet's",
        "Table 4, Section 6.3",
        order_by(_UAP, _WITH_CLIP, "SBERT and CLIP > SBERT and ResNet"),
    ),
    Claim(
        "M3L-Contrast with unaligned embeddings finds more pictures than ZeroshotTM "
        "and ZeroshotTM-KD with aligned ones",
        "Tables 2 and 4, Section 6.3",
        order_by(
            _UAP,
            _WITH_CLIP,
            "SBERT and CLIP, SBERT and ResNet > ZeroshotTM, ZeroshotTM-KD",
        ),
    ),
    Claim(
        "counterparts have more similar topics with ZeroshotTM than with M3L-Contrast "
        "of pictures",
        "Figure 2, Section 5.4",
        order_by(_JSD, _TWO_SPACES, "ZeroshotTM > M3L-Contrast"),
    ),
    Claim(
        "ZeroshotTM finds the most counterparts at all numbers of topics",
        "Figure 3, Section 6.1",
        _at_all_topics(
            _MRR, _ONE_DIRECTION, "ZeroshotTM > PLTM, ZeroshotTM-KD, M3L-Contrast"
        ),
    ),
    Claim(
        "M3L-Contrast finds more than PLTM and ZeroshotTM-KD at all numbers of topics",
        "Figure 3, Section 6.1",
        _at_all_topics(_MRR, _ONE_DIRECTION, "M3L-Contrast > PLTM, ZeroshotTM-KD"),
    ),
    Claim(
        "with more topics, M3L-Contrast finds more counterparts",
        "Figure 3, Section 6.1",
        _of_values(_MRR, "M3L en+de", "n_components", _TOPICS),
    ),
    Claim(
        "M3L-Contrast finds the most pictures at all numbers of topics",
        "Figure 4, Section 6.1",
        _at_all_topics(_UAP, _PICTURES, "M3L-Contrast > ZeroshotTM, ZeroshotTM-KD"),
    ),
    Claim(
        "with more topics, M3L-Contrast finds more pictures",
        "Figure 4, Section 6.1",
        _of_values(_UAP, "M3L en+de+image", "n_components", _TOPICS),
    ),
    Claim(
        "M3L-Contrast finds the most counterparts with batches of 32",
        "Figure 5, Section 6.2",
        _of_values(_MRR, "M3L en+de", "batch_size", _BATCHES_OF_32),
    ),
    Claim(
        "M3L-Contrast finds the most pictures of English texts with batches of 32",
        "Figure 6, Section 6.2",
        _of_values(
            {"UAP en": _UAP["UAP en"]},
            "M3L en+de+image",
            "batch_size",
            _BATCHES_OF_32,
        ),
    ),
    Claim(
        "M3L-Contrast finds the most pictures of German texts with batches of 64",
        "Figure 6, Section 6.2",
        _of_values(
            {"UAP de": _UAP["UAP de"]},
            "M3L en+de+image",
            "batch_size",
            "64 rows > 16 rows, 32 rows, 128 rows",
        ),
    ),
]

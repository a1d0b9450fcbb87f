"""The figures that the paper prints, as data.

E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with Pretrained
Embeddings", COLING 2022, pages 4037-4048. All with 100 topics.
"""

CITATION = (
    "E. Zosa and L. Pivovarova, *Multilingual and Multimodal Topic Modelling with "
    "Pretrained Embeddings*, COLING 2022"
)

SETUP = (
    "20,000 training and 1,000 test articles of Wikipedia in English and German with "
    "3,278 test pictures, CLIP for texts and pictures (so that all views are aligned), "
    "100 topics, 100 epochs"
)

_COHERENCE = ("NPMI en, window 10", "NPMI de, window 10")
_PICTURES = ("UAP en-image", "JSD en-image", "UAP de-image", "JSD de-image")


def _rows(columns, rows):
    return {
        name: dict(zip(columns, values, strict=True)) for name, values in rows.items()
    }


TABLE_1 = _rows(
    [*_COHERENCE, "MRR en-de", "JSD en-de"],
    {
        "PLTM": (0.064, 0.044, 0.333, 0.067),
        "ZeroshotTM": (0.113, 0.096, 0.997, 0.012),
        "ZeroshotTM-KD": (0.109, 0.092, 0.390, 0.081),
        "M3L-Contrast": (0.119, 0.097, 0.684, 0.036),
    },
)

TABLE_2 = _rows(
    [*_COHERENCE, *_PICTURES],
    {
        "ZeroshotTM": (0.113, 0.096, 0.034, 0.445, 0.039, 0.435),
        "ZeroshotTM-KD": (0.109, 0.092, 0.082, 0.128, 0.093, 0.146),
        "M3L-Contrast": (0.122, 0.097, 0.125, 0.130, 0.102, 0.147),
    },
)

# By text encoder and picture encoder.
TABLE_4 = _rows(
    ["MRR en-de", "JSD en-de", *_PICTURES],
    {
        "CLIP, CLIP": (0.613, 0.035, 0.125, 0.130, 0.102, 0.147),
        "multilingual SBERT, CLIP": (0.716, 0.029, 0.119, 0.137, 0.114, 0.147),
        "monolingual SBERTs, CLIP": (0.407, 0.052, 0.118, 0.129, 0.102, 0.141),
        "multilingual SBERT, ResNet": (0.659, 0.028, 0.053, 0.160, 0.047, 0.167),
        "monolingual SBERTs, ResNet": (0.347, 0.050, 0.053, 0.145, 0.052, 0.157),
    },
)

# An article: (model, topic of the English text, of the German text, of the picture).
TABLE_3 = {
    "Capsicum pubescens": [
        (
            "ZeroshotTM",
            "21: plant, leaves, flowers, tall",
            "31: bird, south, america, species",
            "67: university, library, museum, research",
        ),
        (
            "ZeroshotTM-KD (EN teacher)",
            "44: plant, leaves, flowers, plants, genus",
            "-",
            "44: plant, leaves, flowers, plants, genus",
        ),
        (
            "M3L-Contrast",
            "65: plant, plants, leaves, flowers",
            "65: beschreibung, pflanzen, selten, stehen",
            "65: plant, plants, leaves, flowers",
        ),
    ],
    "Microexpression": [
        (
            "ZeroshotTM",
            "13: include, cause, may, cases, occur",
            "13: include, cause, may, cases, occur",
            "9: bishop, catholic, pope, church, roman",
        ),
        (
            "ZeroshotTM-KD (EN teacher)",
            "32: blood, symptoms, disease, cell, bone",
            "-",
            "69: album, released, song, single, group",
        ),
        (
            "M3L-Contrast",
            "84: theory, term, example, social, defined",
            "84: begriff, definition, beispiel, theorie, zahl",
            "5: film, award, series, actress, born",
        ),
    ],
}

# What it says of the figures, which it prints without numbers.
FIGURES = {
    "Figure 2": "In ZeroshotTM's space articles of both languages coincide and "
    "pictures are isolated; in M3L-Contrast's, articles and pictures group by theme "
    "and no view is isolated.",
    "Figure 3": "ZeroshotTM is best at all numbers of topics, M3L-Contrast second; "
    "more topics are better.",
    "Figure 4": "M3L-Contrast is best at all numbers of topics, ZeroshotTM worst; "
    "more topics are better.",
    "Figure 5": "Batches of 32 are best.",
    "Figure 6": "Batches of 32 are best from English to pictures, of 64 from German.",
}

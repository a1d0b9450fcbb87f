"""Tables that the tests of the encoders share."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

TOPICS = {
    "en": ["brush paint ink stroke", "layer mask opacity blend", "path curve node"],
    "de": ["Pinsel malen Tinte Strich", "Ebene Maske Deckkraft", "Pfad Kurve Knoten"],
}


def picture(seed, size=(12, 9)):
    """Return a picture of noise around a color of its own, as PNG bytes."""
    rng = np.random.default_rng(seed)
    color = rng.integers(40, 216, 3)
    noise = rng.integers(-30, 30, (*size[::-1], 3))
    pixels = Image.fromarray((color + noise).astype(np.uint8))
    file = io.BytesIO()
    pixels.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def table():
    """Return 40 rows of English, German and pictures; some cells are missing."""
    rng = np.random.default_rng(0)
    columns = {}
    topics = rng.integers(3, size=40)
    for name, words in TOPICS.items():
        columns[name] = [
            " ".join(rng.choice(words[topic].split(), 6)) + f" {'xyz'[row % 3] * 3}"
            for row, topic in enumerate(topics)
        ]
    columns["image"] = [picture(row) for row in range(40)]
    columns["en"][3] = None
    columns["de"][5] = "  "
    for row in (0, 7, 8):
        columns["image"][row] = None
    return pd.DataFrame(columns, index=[f"page-{row}" for row in range(40)])

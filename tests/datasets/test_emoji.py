"""The bundled emoji: what is in them, and that no concept is in two parts."""

import hashlib
import io
import re
from importlib import resources
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import make_multiview_encoder

FOLDER = resources.files("sklearn_m3l.datasets") / "data" / "emoji"
LANGUAGES = ["en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko", "tr"]
# subset: rows, concepts
SIZES = {
    "train": (1160, 920),
    "validation": (198, 144),
    "test": (556, 408),
    "all": (1914, 1472),
}


def plain(emoji):
    """Return emoji without the signs that ask for colors."""
    return emoji.replace("\ufe0f", "")


@pytest.fixture(scope="module")
def frames():
    return {subset: load_emoji(subset).frame for subset in SIZES}


@pytest.mark.parametrize("subset", SIZES)
def test_sizes(frames, subset):
    frame = frames[subset]
    assert (len(frame), frame["concept"].nunique()) == SIZES[subset]
    labels = ["image", "emoji", "name", "concept", "category", "subcategory"]
    assert list(frame) == [*LANGUAGES, *labels]
    assert frame.index.is_unique
    assert frame["emoji"].is_unique


def test_description_states_the_sizes():
    description = load_emoji("all").DESCR
    for row, sizes in zip(
        ["Rows", "Concepts"], zip(*SIZES.values(), strict=True), strict=True
    ):
        stated = r" +".join(f"{size:,}" for size in sizes)
        assert re.search(rf"^{row} +{stated}$", description, re.MULTILINE)
    documented = " ".join(load_emoji.__doc__.split())
    train, validation, test, everything = SIZES.values()
    assert (
        f"{everything[0]:,} ({train[0]:,} train, {validation[0]:,} validation, "
        f"{test[0]:,} test)"
    ) in documented
    assert f"Concepts {everything[1]:,}" in documented


def test_categories(frames):
    frame = frames["all"]
    documented = " ".join(load_emoji.__doc__.split())
    stated = (frame["category"].nunique(), frame["subcategory"].nunique())
    assert "Categories {}, with {} subcategories".format(*stated) in documented
    assert set(frames["train"]["category"]) == set(frame["category"])
    assert set(frames["test"]["category"]) == set(frame["category"])


def test_parts_are_those_of_the_documented_rule(frames):
    for subset, digits in (("train", "012345"), ("validation", "6"), ("test", "789")):
        for concept in frames[subset]["concept"].unique():
            digest = int(hashlib.sha256(concept.encode()).hexdigest(), 16)
            assert str(digest % 10) in digits
    parts = pd.concat([frames[subset] for subset in ("train", "validation", "test")])
    pd.testing.assert_frame_equal(parts.loc[frames["all"].index], frames["all"])


def test_no_concept_is_in_two_parts(frames):
    for one, other in combinations(["train", "validation", "test"], 2):
        assert not set(frames[one]["concept"]) & set(frames[other]["concept"])
        for view in [*LANGUAGES, "image"]:
            assert not set(frames[one][view].dropna()) & set(frames[other][view])


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_parts_have_nearly_the_same_words(frames, language):
    words = [
        [
            set(text.casefold().replace(",", " ").split())
            for text in frames[subset][language].dropna()
        ]
        for subset in ("train", "validation", "test")
    ]
    for parts in combinations(words, 2):
        for one in parts[0]:
            for other in parts[1]:
                assert len(one & other) < 0.8 * len(one | other)


def test_variants_are_one_concept(frames):
    frame = frames["all"]
    concept = frame.set_index(frame["emoji"].map(plain))["concept"]
    for variants in (
        "🏃 🏃‍♀️ 🏃‍♂️ 🏃‍➡️",
        "👨‍🚒 👩‍🚒 🧑‍🚒",
        "👪 👨‍👩‍👦 👩‍👩‍👧‍👧",
        "🕐 🕧",
        "1️⃣ 9️⃣",
    ):
        found = concept[plain(variants).split()]
        assert found.nunique() == 1
    others = "🏃 🧑‍🚒 👪 🕐 1️⃣ 🇩🇪 🇫🇷"
    assert concept[plain(others).split()].is_unique


def test_concepts_are_named_by_their_first_emoji(frames):
    frame = frames["all"]
    first = frame.groupby("concept", sort=False).head(1)
    assert list(first.index) == list(first["concept"])


def test_texts(frames):
    frame = frames["all"]
    assert frame["en"]["1F338"] == (
        "cherry blossom, blossom, cherry, flower, plant, spring, springtime"
    )
    assert frame["ja"]["1F338"].startswith("桜, ")
    # Each language is in its own script.
    scripts = {
        "ja": r"[\u3040-\u30ff\u4e00-\u9fff]",
        "zh": r"[\u4e00-\u9fff]",
        "ar": r"[\u0600-\u06ff]",
        "ru": r"[\u0400-\u04ff]",
        "th": r"[\u0e00-\u0e7f]",
        "hi": r"[\u0900-\u097f]",
        "ko": r"[\uac00-\ud7af]",
    }
    for language, letters in scripts.items():
        assert frame[language].dropna().str.contains(letters).mean() > 0.99
    for language in LANGUAGES:
        assert frame[language].isna().sum() == (language == "hi")
        assert frame[language].nunique() >= len(frame) - 1
    for name, text in zip(frame["name"], frame["en"], strict=True):
        assert text == name or text.startswith(f"{name}, ")


def test_index_and_emoji_agree(frames):
    for code, emoji in frames["all"]["emoji"].items():
        letters = "".join(chr(int(part, 16)) for part in code.split("-"))
        assert plain(letters) == plain(emoji)


def test_pictures_are_small_and_not_blank(frames):
    for png in frames["all"]["image"]:
        with Image.open(io.BytesIO(png)) as picture:
            assert picture.format == "PNG"
            assert picture.size == (72, 72)
            assert len(picture.convert("RGB").getcolors()) > 1
            # On white, whatever shows it.
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.slow
def test_frame_can_be_encoded(frames):
    encoder = make_multiview_encoder(
        ["en", "ar", "hi"], ["image"], groups="concept", random_state=0
    )
    X = encoder.fit_transform(frames["validation"])
    assert X.view_names == ("en", "ar", "hi", "image")
    np.testing.assert_array_equal(X.groups, frames["validation"]["concept"])
    assert list(X.index) == list(frames["validation"].index)
    assert all(present.all() for present in X.present.values())


def test_default_is_the_training_part(frames):
    pd.testing.assert_frame_equal(load_emoji().frame, frames["train"])


@pytest.mark.parametrize("subset", ["val", "Train", None, 3])
def test_unknown_subset_is_refused(subset):
    with pytest.raises(ValueError, match="subset must be one of .*'validation'"):
        load_emoji(subset)


def test_licenses_travel_with_the_data():
    unicode_license = (FOLDER / "LICENSE-CLDR").read_text(encoding="utf-8")
    assert unicode_license.startswith("UNICODE LICENSE V3")
    assert "Copyright © 2004-2026 Unicode, Inc." in unicode_license
    share_alike = (FOLDER / "LICENSE-OpenMoji").read_text(encoding="utf-8")
    assert share_alike.startswith("Attribution-ShareAlike 4.0 International")
    description = load_emoji("test").DESCR
    for word in ("Unicode-3.0", "CC-BY-SA-4.0", "https://openmoji.org", "reduced"):
        assert word in description


def test_data_is_small():
    names = sorted(file.name for file in FOLDER.iterdir())
    assert names == [
        "DESCR.rst",
        "LICENSE-CLDR",
        "LICENSE-OpenMoji",
        "emoji.jsonl.gz",
        "pictures.zip",
    ]
    assert sum(len((FOLDER / name).read_bytes()) for name in names) < 6e6

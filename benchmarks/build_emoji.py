"""Make the data files of `sklearn_m3l.datasets.load_emoji`.

Run from the root of the repository, with Pillow and the version of the package
`resvg-py` that is named below::

    python -m benchmarks.build_emoji --folder FOLDER

The npm packages that are named below are downloaded into FOLDER. The same versions give
the same bytes. DESCR.rst, which lies beside the files that are made here, is written by
hand.
"""

import argparse
import gzip
import io
import json
import re
import sys
import zipfile
from collections import defaultdict
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

from benchmarks.packages import fetch_npm, open_drawing, subset_of

OUTPUT = Path(__file__).parents[1] / "sklearn_m3l/datasets/data/emoji"
VERSIONS = {
    "cldr-annotations-full": "48.2.0",
    "cldr-annotations-derived-full": "48.2.0",
    "openmoji": "17.0.0",
}
RESVG_VERSION = "0.5.0"
LANGUAGES = ["en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko", "tr"]
SIDE, N_COLORS = 72, 64
# Emoji whose words in one language overlap by this share (Jaccard) are one concept.
# English has the most keywords, so that the same share says more.
SAME_WORDS = {code: 0.6 if code == "en" else 0.8 for code in LANGUAGES}
# What variants of one emoji differ in: signs of gender and direction, people by age.
VARIANT = re.compile("\u200d[\u2640\u2642\u27a1]")
ADULT = re.compile("[\U0001f468\U0001f469]")
CHILD = re.compile("[\U0001f466\U0001f467]")
# Symbols that differ in a number only.
SERIES = {
    "clock": re.compile("[\U0001f550-\U0001f567]"),
    "keycap": re.compile("[0-9#*]\u20e3|\U0001f51f"),
}


def read_emoji(openmoji):
    """Return the emoji of Unicode without skin tones, as OpenMoji lists them."""
    listed = json.loads((openmoji / "data/openmoji.json").read_text(encoding="utf-8"))
    return [
        {
            "hexcode": item["hexcode"],
            "emoji": item["emoji"],
            "category": item["group"],
            "subcategory": item["subgroups"],
        }
        for item in listed
        if not item["skintone"]
        and not item["group"].startswith("extras-")  # without names in CLDR
        and item["group"] != "component"  # colors of skin and hair
    ]


def read_annotations(folders, language):
    """Return the name and the keywords of each character in a language."""
    found = {}
    for kind, folder in folders.items():
        path = folder / kind / language / "annotations.json"
        stored = json.loads(path.read_text(encoding="utf-8"))[kind]["annotations"]
        for character, entry in stored.items():
            (name,) = entry["tts"]
            words = [word for word in entry.get("default", ()) if word != name]
            found[plain(character)] = [name, *words]
    return found


def plain(character):
    """Return a character without variation selectors, which sources set or omit."""
    return character.replace("\ufe0f", "")


def variant_of(character):
    """Return what variants of one emoji have in common."""
    for name, members in SERIES.items():
        if members.fullmatch(plain(character)):
            return name
    neutral = VARIANT.sub("", plain(character))
    return CHILD.sub("\U0001f9d2", ADULT.sub("\U0001f9d1", neutral))


def find_concepts(emoji, pictures):
    """Return the first emoji of each concept, for each emoji.

    Two emoji are one concept if they are variants of each other, if their pictures are
    equal, if their words in a language nearly agree, or if a third emoji is one concept
    with both.
    """
    parent = list(range(len(emoji)))

    def root(number):
        while parent[number] != number:
            number = parent[number]
        return number

    def unite(numbers):
        first, *others = sorted({root(number) for number in numbers})
        for other in others:
            parent[other] = first

    alike = defaultdict(list)
    for number, (item, picture) in enumerate(zip(emoji, pictures, strict=True)):
        alike[variant_of(item["emoji"])].append(number)
        alike[picture].append(number)
    for numbers in alike.values():
        unite(numbers)
    for language, share in SAME_WORDS.items():
        words = [words_of(item["texts"].get(language, ())) for item in emoji]
        for a, b in combinations(range(len(emoji)), 2):
            n_shared = len(words[a] & words[b])
            if n_shared and n_shared >= share * len(words[a] | words[b]):
                unite([a, b])
    return [emoji[root(number)]["hexcode"] for number in range(len(emoji))]


def words_of(texts):
    return set(" ".join(texts).casefold().replace(",", " ").split())


def write_records(emoji):
    path = OUTPUT / "emoji.jsonl.gz"
    # No name and no time in the header: the bytes depend on the emoji alone.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as file,
    ):
        for item in emoji:
            file.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")


def draw(path):
    """Return a drawing on white in few colors, as a PNG file."""
    file = io.BytesIO()
    picture = open_drawing(path, SIDE, SIDE).quantize(N_COLORS, dither=0)
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def write_pictures(emoji, pictures):
    with zipfile.ZipFile(OUTPUT / "pictures.zip", "w") as archive:
        for item, picture in zip(emoji, pictures, strict=True):
            # A ZipInfo without a date says 1980, whenever this runs.
            archive.writestr(zipfile.ZipInfo(f"{item['hexcode']}.png"), picture)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    if version("resvg-py") != RESVG_VERSION:
        sys.exit(f"install resvg-py=={RESVG_VERSION}: others draw other pixels")
    packages = {name: fetch_npm(name, VERSIONS[name], folder) for name in VERSIONS}
    annotations = {
        "annotations": packages["cldr-annotations-full"],
        "annotationsDerived": packages["cldr-annotations-derived-full"],
    }
    emoji = read_emoji(packages["openmoji"])
    texts = {code: read_annotations(annotations, code) for code in LANGUAGES}
    for item in emoji:
        known = plain(item["emoji"])
        item["texts"] = {
            code: texts[code][known] for code in LANGUAGES if known in texts[code]
        }
    drawings = packages["openmoji"] / "color/svg"
    pictures = [draw(drawings / f"{item['hexcode']}.svg") for item in emoji]
    for item, concept in zip(emoji, find_concepts(emoji, pictures), strict=True):
        item["concept"], item["subset"] = concept, subset_of(concept)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    write_records(emoji)
    write_pictures(emoji, pictures)
    for name, source in (
        ("LICENSE-CLDR", packages["cldr-annotations-full"] / "LICENSE"),
        ("LICENSE-OpenMoji", packages["openmoji"] / "LICENSE.txt"),
    ):
        (OUTPUT / name).write_bytes(source.read_bytes())


if __name__ == "__main__":
    main()

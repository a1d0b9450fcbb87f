"""Make the data files of `sklearn_m3l.datasets.load_gimp_help`.

Run from the root of the repository, with Pillow and the version of the package
`stop-words` that is named below::

    python benchmarks/build_gimp_help.py --source FOLDER

FOLDER holds the manual as plain text, and what pretrained encoders make of it:

- ``pages.jsonl.gz``: one page per line, with ``id``, ``en``, ``de`` and ``images``,
- ``text_embeddings.en.npy``, ``text_embeddings.de.npy``: one row per page,
- ``image_paths.json``, ``image_features.npy``: the pictures and a row for each,
- ``thumbnails.zip``: their thumbnails, named PATH.jpg.

The same source gives the same bytes. LICENSE and DESCR.rst, which lie beside the
files that are made here, are written by hand.
"""

import argparse
import gzip
import io
import json
import re
import sys
import zipfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import sparse
from stop_words import get_stop_words

OUTPUT = Path(__file__).parents[1] / "sklearn_m3l/datasets/data/gimp_help"
STOP_WORDS_VERSION = "2025.11.4"
SEED = 0
TEST_SHARE = 0.2
N_WORDS = 2000
WORD = re.compile(r"[^\W\d_]{2,}")
# Large parts of the German manual are still English.
STOP_LISTS = {"en": ["en"], "de": ["de", "en"]}


def read_pages(source):
    with gzip.open(source / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_pictures(source):
    """Return features and thumbnails by path, without pictures that are blank."""
    paths = json.loads((source / "image_paths.json").read_text(encoding="utf-8"))
    features = np.load(source / "image_features.npy", allow_pickle=False)
    with zipfile.ZipFile(source / "thumbnails.zip") as archive:
        thumbnails = {path: archive.read(f"{path}.jpg") for path in paths}
    shown = [path for path in paths if not is_blank(thumbnails[path])]
    by_path = dict(zip(paths, features, strict=True))
    return {path: by_path[path] for path in shown}, thumbnails


def is_blank(jpeg):
    """Tell whether a thumbnail is nothing but white."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        return picture.convert("L").getextrema() == (255, 255)


def split(n_pages):
    """Return which pages are held out."""
    # The stream of RandomState is frozen, that of default_rng may change.
    order = np.random.RandomState(SEED).permutation(n_pages)
    held_out = np.zeros(n_pages, dtype=bool)
    held_out[order[: round(TEST_SHARE * n_pages)]] = True
    return held_out


def pictures_of_pages(pages, held_out, features):
    """Return the pictures that each page keeps.

    Two pictures with the same features are one picture under two names. A page
    keeps a picture once, and a held-out page none that a training page shows.
    """
    look = {path: row.tobytes() for path, row in features.items()}
    kept = []
    for page in pages:
        first = {look[p]: p for p in reversed(page["images"]) if p in look}
        kept.append([path for path in page["images"] if path in first.values()])
    trained = {
        look[path]
        for paths, test in zip(kept, held_out, strict=True)
        if not test
        for path in paths
    }
    return [
        [path for path in paths if not (test and look[path] in trained)]
        for paths, test in zip(kept, held_out, strict=True)
    ]


def count_words(pages, held_out, language):
    """Return the vocabulary of the training pages and the counts of all pages."""
    stop = {
        word
        for name in STOP_LISTS[language]
        for entry in get_stop_words(name)
        for word in WORD.findall(entry.lower())
    }
    bags = [Counter(WORD.findall(page[language].lower())) for page in pages]
    total = Counter()
    for bag, test in zip(bags, held_out, strict=True):
        if not test:
            total.update(bag)
    known = [(word, n) for word, n in total.items() if word not in stop]
    frequent = sorted(known, key=lambda item: (-item[1], item[0]))[:N_WORDS]
    vocabulary = sorted(word for word, _ in frequent)
    counts = sparse.csr_array(
        np.array([[bag[word] for word in vocabulary] for bag in bags], dtype=np.uint16)
    )
    return vocabulary, counts


def write_pages(pages, held_out, pictures):
    path = OUTPUT / "pages.jsonl.gz"
    # No name and no time in the header: the bytes depend on the pages alone.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as file,
    ):
        for page, test, paths in zip(pages, held_out, pictures, strict=True):
            record = {
                "id": page["id"],
                "subset": "test" if test else "train",
                "en": page["en"],
                "de": page["de"],
                "images": paths,
            }
            file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def write_thumbnails(paths, thumbnails):
    with zipfile.ZipFile(OUTPUT / "thumbnails.zip", "w") as archive:
        for path in paths:
            # A ZipInfo without a date says 1980, whenever this runs.
            archive.writestr(zipfile.ZipInfo(f"{path}.jpg"), thumbnails[path])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, metavar="FOLDER")
    source = parser.parse_args().source
    if version("stop-words") != STOP_WORDS_VERSION:
        sys.exit(f"install stop-words=={STOP_WORDS_VERSION}: other lists differ")

    pages = read_pages(source)
    features, thumbnails = read_pictures(source)
    held_out = split(len(pages))
    pictures = pictures_of_pages(pages, held_out, features)
    used = sorted({path for paths in pictures for path in paths})

    OUTPUT.mkdir(parents=True, exist_ok=True)
    write_pages(pages, held_out, pictures)
    write_thumbnails(used, thumbnails)
    np.savez_compressed(
        OUTPUT / "embeddings.npz",
        en=np.load(source / "text_embeddings.en.npy", allow_pickle=False),
        de=np.load(source / "text_embeddings.de.npy", allow_pickle=False),
        image=np.array([features[path] for path in used]),
        image_paths=np.array(used),
    )
    for language in STOP_LISTS:
        vocabulary, counts = count_words(pages, held_out, language)
        np.savez_compressed(
            OUTPUT / f"counts_{language}.npz",
            data=counts.data,
            indices=counts.indices.astype(np.uint16),
            indptr=counts.indptr.astype(np.int32),
            vocabulary=np.array(vocabulary),
        )


if __name__ == "__main__":
    main()

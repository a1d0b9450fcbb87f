"""The GIMP manual in seven languages with pictures and many gaps.

    python -m benchmarks.seven_languages --folder FOLDER

On Debian or Ubuntu: the packages ``gimp-help-LANGUAGE`` are fetched into FOLDER by
``apt-get download`` and unpacked there, not installed. A row is a page: its paragraphs
in each language, without those that are still English, and its first picture. A
language with fewer than 30 words on a page is absent there. A quarter of the pages is
held out. Texts and pictures are encoded with the defaults.
Prints the cross-lingual NPMI of each pair of languages and the mean MRR over all pairs
of the defaults, of PolylingualLDA, of the product decoder from a random start, and of
the defaults with a scale of 1, and stores them as JSON.
"""

import argparse
import json
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.packages import fetch_debian, translated
from benchmarks.provenance import record
from benchmarks.search_defaults import PAPER_START
from sklearn_m3l import M3LContrastTopicModel, PolylingualLDA
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import evaluate_alignment

# ISO 639-1 code: what Debian calls the package, and the folder in it.
LANGUAGES = {
    "en": ("en", "en"),
    "de": ("de", "de"),
    "fr": ("fr", "fr"),
    "ja": ("ja", "ja"),
    "zh": ("zh-cn", "zh_CN"),
    "ru": ("ru", "ru"),
    "fi": ("fi", "fi"),
}
MANUAL = Path("usr/share/gimp/2.0/help")
XHTML = "{http://www.w3.org/1999/xhtml}"
# Pictures of the page's frame, not of what it is about.
FRAME = {"prev", "next", "up", "home", "note", "tip", "warning", "caution", "important"}
N_TOPICS, LEAST_WORDS = 30, 30
OUTPUT = Path(__file__).parent / "results" / "defaults" / "seven_languages.json"


def fetch(folder):
    """Download and unpack what is not there yet; return the folder of each language."""
    return {
        language: fetch_debian(f"gimp-help-{package}", folder) / MANUAL / subfolder
        for language, (package, subfolder) in LANGUAGES.items()
    }


def read_page(path):
    """Return the paragraphs of a page, and the paths of its pictures."""
    # The entities of XHTML are those of HTML, which the parser does not know.
    source = path.read_text(encoding="utf-8").replace("&nbsp;", " ")
    body = ElementTree.fromstring(source).find(f"{XHTML}body")
    paragraphs = [
        " ".join("".join(element.itertext()).split())
        for tag in ("p", "dt", "h1", "h2", "h3", "h4")
        for element in body.iter(f"{XHTML}{tag}")
    ]
    pictures = [element.get("src") for element in body.iter(f"{XHTML}img")]
    shown = [picture for picture in pictures if Path(picture).stem not in FRAME]
    return [text for text in paragraphs if text], shown


def n_words(language, text):
    """Return the number of words, or of pairs of characters without blanks."""
    if language in ("ja", "zh"):
        return len(re.findall(r"[^\W\d_a-zA-Z]", text)) // 2
    return len(re.findall(r"[^\W\d_]{2,}", text))


def read_table(folders):
    """Return a DataFrame of pages, with None where a page lacks a view."""
    rows = {}
    for path in sorted(folders["en"].glob("*.html")):
        english, pictures = read_page(path)
        row = {"en": " ".join(english), "image": None}
        for language, folder in folders.items():
            own = folder / path.name
            if language != "en" and own.exists():
                row[language] = " ".join(translated(read_page(own)[0], english))
        for language in LANGUAGES:
            if n_words(language, row.get(language) or "") < LEAST_WORDS:
                row[language] = None
        if pictures and (path.parent / pictures[0]).exists():
            row["image"] = (path.parent / pictures[0]).read_bytes()
        if any(row[language] for language in LANGUAGES):
            rows[path.stem] = row
    return pd.DataFrame.from_dict(rows, orient="index")[[*LANGUAGES, "image"]]


def main():
    """Build the corpus, fit both models, and measure them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    table = read_table(fetch(arguments.folder))
    present = table.notna().sum().to_dict()
    print(f"{len(table)} pages; present: {present}")
    train, test = train_test_split(table, test_size=0.25, random_state=0)
    encoder = make_multiview_encoder(LANGUAGES, ["image"])
    X_train, X_test = encoder.fit_transform(train), encoder.transform(test)
    texts = list(LANGUAGES)
    given = {"n_components": N_TOPICS, "random_state": arguments.seed}
    models = {
        "M3LContrastTopicModel": M3LContrastTopicModel(**given),
        "PolylingualLDA": PolylingualLDA(**given),
        "product, random": M3LContrastTopicModel(**given, **PAPER_START),
        "scale=1": M3LContrastTopicModel(**given, scale=1.0),
    }
    results = {"pages": present}
    for name, model in models.items():
        reads = texts if isinstance(model, PolylingualLDA) else [*texts, "image"]
        model.fit(X_train[np.any(list(X_train[texts].present.values()), axis=0)][reads])
        scores = evaluate_alignment(
            model,
            X_test[reads],
            X_train=X_train[reads],
            pairs=[*combinations(texts, 2)],
        )
        values = {key: float(score.value) for key, score in scores.items()}
        ranks = [value for key, value in values.items() if key.startswith("MRR")]
        results[name] = {"MRR": float(np.mean(ranks)), **values}
        print(f"{name}: mean MRR {results[name]['MRR']:.3f}", flush=True)
    for pair in combinations(texts, 2):
        key = f"Cross-NPMI {'-'.join(pair)}"
        print(key, *(f"{name} {results[name][key]:.3f}" for name in models))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    record(OUTPUT)


if __name__ == "__main__":
    main()

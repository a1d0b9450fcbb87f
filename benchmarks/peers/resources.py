"""What some rivals need beside a corpus: vectors of words, and a dictionary.

Both are written into the folder of an exported corpus.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.packages import fetch_debian

# The languages of Debian's trans-de-en, the German first in each line.
LANGUAGES = ("en", "de")
_NOTES = re.compile(r"\{.*?\}|\[.*?\]|\(.*?\)|<.*?>|/.*?/")


def write_word_embeddings(data: Path) -> None:
    """Encode the words of all vocabularies by the model that encoded the texts.

    Parameters
    ----------
    data : Path
        What `python -m benchmarks.leaderboard export` has written. The environment
        variable M3L_E5 names the folder of the model. If another one encoded the texts,
        nothing is written.
    """
    from benchmarks.leaderboard.corpora import E5
    from sklearn_m3l.embedding import SentenceTransformerEncoder

    about = json.loads((data / "corpus.json").read_text(encoding="utf-8"))
    paths = {view: data / f"{view}.word_embedding.npy" for view in about["texts"]}
    missing = {view: path for view, path in paths.items() if not path.exists()}
    if not missing or any(about["encoders"][view] != E5 for view in paths):
        return
    if "M3L_E5" not in os.environ:
        raise SystemExit("set M3L_E5 to the folder of multilingual-e5-small")
    encoder = SentenceTransformerEncoder(
        os.environ["M3L_E5"],
        prompt="passage: ",
        cache_dir=os.environ.get("M3L_VECTORS"),
    )
    for view, path in missing.items():
        words = json.loads((data / f"{view}.vocabulary.json").read_text("utf-8"))
        vectors = encoder.fit_transform(np.asarray(words, dtype=object))
        np.save(path, np.asarray(vectors, dtype=np.float32))


def write_dictionary(data: Path, packages: Path) -> None:
    """Write the pairs of words of two vocabularies that translate each other.

    Parameters
    ----------
    data : Path
        What `python -m benchmarks.leaderboard export` has written. If the corpus lacks
        one of the languages of the dictionary, nothing is written.
    packages : Path
        Where Debian's package is unpacked.
    """
    path = data / "dictionary.json"
    about = json.loads((data / "corpus.json").read_text(encoding="utf-8"))
    if path.exists() or not set(LANGUAGES) <= set(about["texts"]):
        return
    lines = fetch_debian("trans-de-en", packages) / "usr/share/trans/de-en"
    english, german = (
        set(json.loads((data / f"{v}.vocabulary.json").read_text(encoding="utf-8")))
        for v in LANGUAGES
    )
    with lines.open(encoding="utf-8") as file:
        pairs = {(en, de) for de, en in read_pairs(file) if en in english}
    pairs = sorted((en, de) for en, de in pairs if de in german)
    content = {"languages": LANGUAGES, "pairs": pairs}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read_pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Iterate over the pairs of single words in lines of the dictionary.

    A line is ``Bild {n}; Abbildung {n} | Bilder {pl} :: picture; photo | pictures``:
    synonyms between semicolons, and forms that belong together between bars.
    """
    for line in lines:
        sides = line.split(" :: ")
        if line.startswith("#") or len(sides) != 2:
            continue
        for forms in zip(*(side.split("|") for side in sides), strict=False):
            yield from product(*(_single_words(form) for form in forms))


def _single_words(form: str) -> list[str]:
    phrases = (
        _NOTES.sub(" ", part).strip().removeprefix("to ").split()
        for part in form.split(";")
    )
    return [words[0].lower() for words in phrases if len(words) == 1]

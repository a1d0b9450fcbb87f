"""Build a corpus from GNOME's user documentation: pages in 15 languages, with pictures.

    python -m benchmarks.build_gnome_help --folder FOLDER

On Debian or Ubuntu: the package ``gnome-user-docs`` is downloaded into FOLDER and
unpacked there, not installed. Writes ``train.csv``, ``validation.csv`` and ``test.csv``
to ``FOLDER/corpus``, with the pictures in ``pictures`` and the license beside them. A
row is a page: its paragraphs in each language without those that are still English,
and its first picture. A language with less than half of a page's paragraphs is absent
there. By default the languages are English and the 14 that are translated best.
Drawings need the package ``resvg-py``.

The command line reads the tables:

    python -m sklearn_m3l fit FOLDER/corpus/train.csv --text en --text ru --text ko \
        --image image -o gnome
"""

import argparse
from pathlib import Path

from benchmarks.packages import (
    fetch_debian,
    open_drawing,
    read_mallard,
    subset_of,
    to_table,
    translated,
    write_tables,
)

# ISO 639-1 code: the folder in the package.
BEST = {
    code: code
    for code in ["ca", "cs", "de", "es", "fr", "hr", "hu", "ko", "pl", "ru", "sr"]
}
BEST |= {"pt": "pt_BR", "sv": "sv", "uk": "uk"}
LANGUAGES = BEST | {code: code for code in ["el", "fi", "gl", "id", "it", "ja", "nl"]}
LANGUAGES |= {"zh": "zh_CN"}
GUIDES = ["gnome-help", "system-admin-guide"]
WIDTH, HEIGHT = 400, 300


def read_pages(root, languages):
    """Return a row for each page, and the drawing of each picture."""
    rows, drawings = [], {}
    for path in sorted(p for g in GUIDES for p in (root / "C" / g).glob("*.page")):
        guide = path.parent.name
        english, pictures = read_mallard(path)
        pictures.sort(key=lambda name: name.endswith("-symbolic.svg"))  # icons last
        row = {"page": f"{guide}/{path.stem}", "guide": guide, "title": english[0]}
        row["subset"] = subset_of(row["page"])
        row["en"] = "\n".join(english)
        for language in languages:
            own = root / LANGUAGES[language] / guide / path.name
            paragraphs = (
                translated(read_mallard(own)[0], english) if own.exists() else []
            )
            enough = len(paragraphs) >= len(english) / 2
            row[language] = "\n".join(paragraphs) if enough else None
        row["image"] = None
        if pictures and (path.parent / pictures[0]).exists():
            row["image"] = f"pictures/{guide}-{Path(pictures[0]).stem}.png"
            drawings[row["image"]] = path.parent / pictures[0]
        rows.append(row)
    return rows, drawings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument(
        "--languages", nargs="+", choices=sorted(LANGUAGES), default=[*BEST]
    )
    arguments = parser.parse_args()
    package = fetch_debian("gnome-user-docs", arguments.folder)
    rows, drawings = read_pages(package / "usr/share/help", arguments.languages)
    corpus = arguments.folder / "corpus"
    (corpus / "pictures").mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        open_drawing(drawing, WIDTH, HEIGHT).save(corpus / name)
    license_file = package / "usr/share/doc/gnome-user-docs/copyright"
    write_tables(to_table(rows), corpus, license_file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

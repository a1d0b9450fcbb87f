"""Build a corpus from the stamps of Tux Paint: pictures with captions in 66 languages.

    python -m benchmarks.build_tuxpaint --folder FOLDER

On Debian or Ubuntu: the package ``tuxpaint-stamps-default`` (161 MB) is downloaded into
FOLDER and unpacked there, not installed. Writes ``train.csv``, ``validation.csv`` and
``test.csv`` to ``FOLDER/corpus``, with the pictures in ``pictures`` and the license
beside them. A row is a stamp: its caption in each language, its picture on white, and
its folders as labels. Drawings need the package ``resvg-py``.

The command line reads the tables:

    python -m sklearn_m3l fit FOLDER/corpus/train.csv --text en --text ja --text ru \
        --image image -o stamps
"""

import argparse
from pathlib import Path

from benchmarks.packages import (
    fetch_debian,
    open_drawing,
    subset_of,
    to_table,
    write_tables,
)

# Regional variants that stand for the language.
REGIONS = {"pt_BR": "pt_br", "zh_CN": "zh", "zh_TW": "zh_tw"}
SIDE = 160
# The text that the notice of the package refers to.
GPL = Path("/usr/share/common-licenses/GPL-2")


def read_captions(path):
    """Return the caption in each language, with lower-case codes."""
    english, *others = path.read_text(encoding="utf-8").splitlines()
    captions = {"en": english.strip()}
    for line in others:
        locale, equals, caption = line.partition(".utf8=")
        if equals and caption.strip():
            captions[REGIONS.get(locale, locale.lower())] = caption.strip()
    return captions


def read_stamps(root):
    """Return a row for each stamp that has a caption, and the path of each drawing."""
    rows, drawings = [], {}
    for path in sorted(root.rglob("*.txt")):
        found = [path.with_suffix(end) for end in (".svg", ".png")]
        stored = [drawing for drawing in found if drawing.exists()]
        if not stored or not path.read_text(encoding="utf-8").strip():
            continue
        name = path.relative_to(root).with_suffix("").as_posix()
        folder, _, subfolder = name.rpartition("/")[0].partition("/")
        image = f"pictures/{name.replace('/', '-')}.png"
        drawings[image] = stored[0]
        captions = read_captions(path)
        labels = {"folder": folder, "subfolder": subfolder or None}
        # Stamps with one caption stay together.
        labels |= {"stamp": name, "subset": subset_of(captions["en"])}
        rows.append({**labels, "image": image, **captions})
    return rows, drawings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    package = fetch_debian("tuxpaint-stamps-default", folder)
    rows, drawings = read_stamps(package / "usr/share/tuxpaint/stamps")
    corpus = folder / "corpus"
    (corpus / "pictures").mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        open_drawing(drawing, SIDE, SIDE).save(corpus / name)
    notice = package / "usr/share/doc/tuxpaint-stamps-default/copyright"
    text = notice.read_text(encoding="utf-8") + GPL.read_text(encoding="utf-8")
    write_tables(to_table(rows), corpus, text)


if __name__ == "__main__":
    main()

"""Tests of what the scripts that build corpora from packages share."""

import pandas as pd
import pytest
from PIL import Image

from benchmarks import build_emoji, build_gnome_help, build_tuxpaint
from benchmarks.packages import (
    open_drawing,
    read_mallard,
    subset_of,
    to_table,
    translated,
    write_tables,
)

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<page xmlns="http://projectmallard.org/1.0/" id="battery">
 <info><desc>{desc}</desc><credit><name>A Person</name></credit></info>
 <title>{title}</title>
 <p>Charge <em>it</em>
    often.</p>
 <section><title>Heat</title><p> </p>
  <media type="image" src="figures/heat.png"/><media type="video" src="v.ogv"/>
 </section>
</page>"""


def test_pages_of_mallard(tmp_path):
    path = tmp_path / "battery.page"
    path.write_text(PAGE.format(desc="In short", title="Battery"), "utf-8")
    paragraphs, pictures = read_mallard(path)
    assert paragraphs == ["Battery", "In short", "Charge it often.", "Heat"]
    assert pictures == ["figures/heat.png"]


def test_what_is_still_english_is_no_translation():
    assert translated(["Akku", "Heat", "Heat"], ["Battery", "Heat"]) == ["Akku"]


def test_parts_are_of_the_sizes_that_are_documented():
    parts = pd.Series([subset_of(str(key)) for key in range(5000)])
    shares = parts.value_counts(normalize=True)
    for part, share in (("train", 0.6), ("validation", 0.1), ("test", 0.3)):
        assert shares[part] == pytest.approx(share, abs=0.03)
    assert subset_of("1F338") == subset_of("1F338")


def test_drawings_fit_and_are_on_white(tmp_path):
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    picture = open_drawing(tmp_path / "clear.png", 20, 20)
    assert (picture.size, picture.mode) == ((20, 10), "RGB")
    assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_tables_have_empty_cells_and_a_license(tmp_path, capsys):
    rows = [{"subset": "train", "en": "a, b"}, {"subset": "test", "de": "c"}]
    write_tables(to_table(rows), tmp_path / "corpus", "Free.")
    assert (tmp_path / "corpus/train.csv").read_text("utf-8") == 'en,de\n"a, b",\n'
    assert (tmp_path / "corpus/test.csv").read_text("utf-8") == "en,de\n,c\n"
    assert (tmp_path / "corpus/LICENSE").read_text("utf-8") == "Free."


def test_gnome_pages(tmp_path):
    texts = {"C": ("In short", "Battery"), "fi": ("Lyhyesti", "Akku")}
    texts["de"] = ("Kurz", "Battery")  # half of the paragraphs are English
    for folder, (desc, title) in texts.items():
        path = tmp_path / folder / "gnome-help" / "battery.page"
        path.parent.mkdir(parents=True)
        path.write_text(PAGE.format(desc=desc, title=title), "utf-8")
    figure = tmp_path / "C/gnome-help/figures/heat.png"
    figure.parent.mkdir()
    figure.write_bytes(b"")
    (row,), drawings = build_gnome_help.read_pages(tmp_path, ["fi", "de", "ru"])
    assert row["page"] == "gnome-help/battery" and row["title"] == "Battery"
    assert row["fi"] == "Akku\nLyhyesti"
    assert row["de"] is None and row["ru"] is None
    assert drawings == {row["image"]: figure}


def test_stamps_of_tux_paint(tmp_path):
    folder = tmp_path / "animals" / "birds"
    folder.mkdir(parents=True)
    captions = "A lark.\nde.utf8=Eine Lerche.\nzh_CN.utf8=一只云雀。\nfr.utf8=\n"
    (folder / "lark.txt").write_text(captions, "utf-8")
    (folder / "lark.png").write_bytes(b"")
    (folder / "sound.txt").write_text("A sound.", "utf-8")  # has no picture
    (row,), drawings = build_tuxpaint.read_stamps(tmp_path)
    assert (row["folder"], row["subfolder"]) == ("animals", "birds")
    assert (row["en"], row["de"], row["zh"]) == (
        "A lark.",
        "Eine Lerche.",
        "一只云雀。",
    )
    assert "fr" not in row and row["subset"] == subset_of("A lark.")
    assert drawings == {"pictures/animals-birds-lark.png": folder / "lark.png"}


def test_concepts_of_emoji():
    texts = {
        "🏃": ["person running", "race"],
        "🏃\u200d♀\ufe0f": ["woman running", "race", "marathon"],
        "🌸": ["cherry blossom", "flower"],
        "🌺": ["hibiscus", "flower"],
        "🚚": ["delivery truck", "lorry", "vehicle"],
        "🚛": ["articulated lorry", "truck", "delivery", "vehicle"],
        "🇳🇴": ["flag: Norway"],
        "🇸🇯": ["flag: Svalbard"],
    }
    emoji = [
        {
            "emoji": character,
            "hexcode": f"{ord(character[0]):X}",
            "texts": {"en": names},
        }
        for character, names in texts.items()
    ]
    pictures = ["a", "b", "c", "d", "e", "f", "g", "g"]
    found = build_emoji.find_concepts(emoji, pictures)
    assert [found.index(concept) for concept in found] == [0, 0, 2, 3, 4, 4, 6, 6]

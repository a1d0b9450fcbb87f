import bz2
import csv
import gzip
import io
import tracemalloc
import warnings

import pandas as pd
import pytest

from sklearn_m3l.datasets import read_m3l_csv, read_wit

# Titles and URLs as the authors published them, with texts cut short.
M3L = """\
de_title,en_title,de_text,en_text,image_url
hauspferd,horse,"Das Hauspferd (Equus caballus) ist ein Nutztier.

Merkmale",The horse is one of two subspecies.,https://upload.wikimedia.org/rock.jpg
"fred (fußballspieler, 1979)","fred (footballer, born 1979)",,"Known as ""Fred"".",https://upload.wikimedia.org/Fred.jpg
cœur de pirate,cœur de pirate,WEITERLEITUNG Cœur de Pirate,Béatrice Martin,https://upload.wikimedia.org/C%C5%93ur.jpg
"""
WIT_HEADER = [
    "language",
    "page_url",
    "image_url",
    "page_title",
    "section_title",
    "hierarchical_section_title",
    "caption_reference_description",
    "caption_attribution_description",
    "caption_alt_text_description",
    "mime_type",
    "original_height",
    "original_width",
    "is_main_image",
    "attribution_passes_lang_id",
    "page_changed_recently",
    "context_page_description",
    "context_section_description",
]
READERS = {"m3l": (read_m3l_csv, "tuples.csv"), "wit": (read_wit, "wit.tsv")}


def wit_row(language, title, image, caption="", context="Half Dome is a dome."):
    row = [language, f"https://{language}.wikipedia.org/wiki/{title}", image, title]
    row += ["", title, caption, "", "", "image/jpeg", "600", "800", "true", "true"]
    return [*row, "true", context, context]


def as_tsv(*rows, header=WIT_HEADER):
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue()


PAGES = [
    wit_row("en", "Half Dome", "a.jpg", caption='Half "Dome" from\nGlacier Point'),
    wit_row("de", "Half Dome", "a.jpg"),
    wit_row("en", "Yosemite", "b.jpg"),
    wit_row("en", "Half Dome", "c.jpg"),
]
WIT = as_tsv(*PAGES)


@pytest.fixture
def write(tmp_path):
    def write(content, name):
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        pack = {".bz2": bz2.compress, ".gz": gzip.compress}.get(path.suffix)
        path.write_bytes(pack(raw) if pack else raw)
        return path

    return write


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
def test_m3l_csv(write, suffix):
    frame = read_m3l_csv(write(M3L, f"train.csv{suffix}"))
    assert list(frame) == ["de_title", "en_title", "de", "en", "image"]
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["de"][0].endswith("Nutztier.\n\nMerkmale")
    assert frame["en_title"][1] == "fred (footballer, born 1979)"
    assert frame["en"][1] == 'Known as "Fred".'
    assert frame["de"].isna().tolist() == [False, True, False]
    assert frame["image"][2] == "https://upload.wikimedia.org/C%C5%93ur.jpg"


def test_m3l_csv_is_read_as_pandas_does(write):
    path = write(M3L, "train.csv")
    frame = read_m3l_csv(path)
    expected = pd.read_csv(path, keep_default_na=False)
    assert frame.fillna("").values.tolist() == expected.values.tolist()


def test_m3l_csv_of_titles_alone(write):
    content = "de_title,en_title,image_url\nargon,argon,https://a.org/Glovebox.jpg\n"
    frame = read_m3l_csv(write(content, "titles.csv"))
    assert frame.loc[0].to_dict() == {
        "de_title": "argon",
        "en_title": "argon",
        "image": "https://a.org/Glovebox.jpg",
    }


def test_article_longer_than_the_limit_of_csv(write):
    text = "wort " * 100_000
    row = f"pferd,horse,{text},x,u.jpg\n"
    frame = read_m3l_csv(write(M3L + row, "train.csv"))
    assert frame["de"][3] == text


@pytest.mark.slow
def test_row_of_many_long_fields_takes_no_memory(write):
    field = '"' + ("a" * 2**20 + "\n") * 6 + '",'
    path = write(M3L + 50 * field + "\n", "train.csv.gz")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="line 22: a row longer than 16,777,216"):
            read_m3l_csv(path)
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()
    with pytest.warns(UserWarning, match="skipped 2 damaged: .* a row longer than"):
        assert len(read_m3l_csv(path, on_error="skip")) == 3


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("de_title,en_title,de_text,en_text,url", "header has 'url'"),
        ("de_title,de_text", "lacks image_url or any title"),
        ("de_text,image_url", "lacks image_url or any title"),
        ("de_title,de_title,image_url", "repeats .'de_title'"),
        ("hauspferd,horse,Das Hauspferd,The horse,u.jpg", "header has 'hauspferd'"),
        ("", "no header"),
        ("de_title,image_text,image_url", "repeats \\['image'\\]"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_m3l_csv_with_another_header(write, header, what, on_error):
    path = write(header, "train.csv")
    with pytest.raises(ValueError, match=rf"train\.csv, line 1: .*{what}"):
        read_m3l_csv(path, on_error=on_error, chunksize=2)


def test_wit(write):
    frame = read_wit(write(WIT, "wit.tsv.gz"), "en")
    assert list(frame) == ["en_title", "image"]
    assert frame["en_title"].tolist() == ["Half Dome", "Yosemite", "Half Dome"]
    assert frame["image"].tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert frame.index.tolist() == [0, 1, 2]


def test_wit_of_several_languages_and_shards(write):
    first = write(as_tsv(*PAGES[:2]), "wit_v1.train.all-00000-of-00010.tsv.gz")
    second = write(as_tsv(*PAGES[2:]), "wit_v1.train.all-00001-of-00010.tsv.bz2")
    frame = read_wit([first, str(second)], ["de", "en"])
    assert list(frame) == ["de_title", "en_title", "image"]
    assert frame["image"].tolist() == ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]
    assert frame["de_title"].isna().tolist() == [True, False, True, True]
    assert frame["en_title"].isna().tolist() == [False, True, False, False]


def test_wit_columns(write):
    kept = ["caption_reference_description", "original_width"]
    frame = read_wit(write(WIT, "wit.tsv"), "en", columns=kept)
    assert list(frame) == ["en_title", "image", *kept]
    assert frame[kept[0]][0] == 'Half "Dome" from\nGlacier Point'
    assert frame[kept[0]].isna().tolist() == [False, True, True]
    assert frame[kept[1]].tolist() == ["800"] * 3


@pytest.mark.parametrize(
    ("arguments", "error", "what"),
    [
        ({"columns": ["caption"]}, ValueError, r"columns \['caption'\]"),
        ({"columns": "mime_type"}, TypeError, "columns"),
        ({"language": []}, ValueError, "language"),
        ({"language": ["en", "en"]}, ValueError, "language"),
        ({"language": ["en", "eng"]}, ValueError, r"is in language \['eng'\]"),
        ({"paths": []}, ValueError, "paths"),
    ],
)
def test_wit_arguments(write, arguments, error, what):
    with pytest.raises(error, match=what):
        read_wit(**({"paths": write(WIT, "wit.tsv")} | arguments))


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (WIT_HEADER[1:], r"lacks the columns \['language'\]"),
        ([*WIT_HEADER, "b64_bytes"], "not the 17 columns"),
        (WIT_HEADER[::-1], "not the 17 columns"),
        ([*WIT_HEADER, "language"], "not the 17 columns"),
        (PAGES[0], "lacks the columns"),
    ],
)
def test_wit_with_another_header(write, header, what):
    good = write(WIT, "good.tsv")
    bad = write(as_tsv(header=header), "bad.tsv")
    with pytest.raises(ValueError, match=rf"bad\.tsv, line 1: .*{what}"):
        read_wit([good, bad], chunksize=1)


# The lines to append, the line named (counted from the first of them), what is said.
M3L_GOOD = "esel,donkey,Der Esel,The donkey,e.jpg\n"
WIT_GOOD = "\t".join(wit_row("en", "Donkey", "e.jpg")) + "\n"
DAMAGED = {
    "m3l": {
        "few fields": ("a,b,c\n" + M3L_GOOD, 1, "3 columns instead of 5"),
        "many fields": (M3L_GOOD + "a,b,c,d,e,f\n", 2, "6 columns instead of 5"),
        "duplicate": (M3L_GOOD * 2, 2, "the same row is already in line 7"),
        "not UTF-8": (
            b"a,b,pf\xe4nd,d,e\n" + M3L_GOOD.encode(),
            1,
            "not UTF-8: byte 0xe4",
        ),
        "not UTF-8 in the second line": (
            b'a,b,"x\npf\xe4nd",d,e\n' + M3L_GOOD.encode(),
            2,
            "not UTF-8: byte 0xe4",
        ),
        "open quote": (M3L_GOOD + 'a,b,"c,d,e\nx', 2, "cell that is never closed"),
        "blank line": ("\n" + M3L_GOOD, 1, "a blank line instead of 5 columns"),
        "text after a quote": (
            'a,b,"c" d,e,f\n' + M3L_GOOD,
            1,
            "text after the closing quote",
        ),
    },
    "wit": {
        "few fields": ("en\ta\tb\n" + WIT_GOOD, 1, "3 columns instead of 17"),
        "many fields": (WIT_GOOD + WIT_GOOD[:-1] + "\tx\n", 2, "18 columns"),
        "no title": (
            "\t".join(wit_row("en", "", "e.jpg")) + "\n" + WIT_GOOD,
            1,
            "page_title or the image_url is empty",
        ),
        "not UTF-8": (
            WIT_GOOD.encode() + WIT_GOOD.encode().replace(b"Donkey", b"\xff"),
            2,
            "not UTF-8: byte 0xff",
        ),
        "open quote": (WIT_GOOD + 'en\t"b\tc\n', 2, "cell that is never closed"),
    },
}


@pytest.mark.parametrize(
    ("kind", "damage"), [(kind, name) for kind in DAMAGED for name in DAMAGED[kind]]
)
def test_damage_is_named_or_skipped(write, kind, damage):
    reader, name = READERS[kind]
    more, line, what = DAMAGED[kind][damage]
    content = {"m3l": M3L, "wit": WIT}[kind].encode()
    line += content.count(b"\n")
    path = write(content + (more if isinstance(more, bytes) else more.encode()), name)
    with pytest.raises(ValueError, match=rf"{name}, line {line}: .*{what}"):
        reader(path)
    with pytest.warns(
        UserWarning, match=rf"skipped 1 damaged: .*line {line}: .*{what}"
    ):
        frame = reader(path, on_error="skip")
    assert len(frame) == 4
    assert frame["image"].tolist()[-1] == "e.jpg"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("name", ["tuples.csv", "tuples.CSV.GZ", "tuples"])
def test_compression_is_told_by_content(tmp_path, pack, name):
    if name.endswith("GZ"):
        pack = gzip.compress
    (tmp_path / name).write_bytes(pack(M3L.encode()))
    (tmp_path / "plain.csv").write_text(M3L, encoding="utf-8")
    expected = read_m3l_csv(tmp_path / "plain.csv")
    pd.testing.assert_frame_equal(read_m3l_csv(tmp_path / name), expected)


@pytest.mark.parametrize("kind", READERS)
def test_harmless_differences(write, kind):
    reader, name = READERS[kind]
    content = {"m3l": M3L, "wit": WIT}[kind]
    expected = reader(write(content, name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        blank = content + "\n\r\n"
        for same in ("\ufeff" + content, blank, content[:-1]):
            found = reader(write(same, name), on_error="skip")
            pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("kind", READERS)
def test_chunks_are_the_whole(write, kind):
    reader, name = READERS[kind]
    path = write({"m3l": M3L, "wit": WIT}[kind], name)
    whole = reader(path)
    for chunksize in (1, 2, 3, 10):
        chunks = list(reader(path, chunksize=chunksize))
        assert max(map(len, chunks)) <= chunksize
        joined = pd.concat(chunks)
        assert joined.index.tolist() == whole.index.tolist()
        assert joined.fillna("").values.tolist() == whole.fillna("").values.tolist()


def test_damage_is_told_too_where_chunks_are_left_unread(write):
    path = write(M3L + "a,b\n" + M3L_GOOD * 2, "tuples.csv")
    chunks = read_m3l_csv(path, chunksize=4, on_error="skip")
    assert len(next(chunks)) == 4
    with pytest.warns(UserWarning, match="skipped 1 .*2 columns instead of 5"):
        chunks.close()


def test_header_alone(write):
    frame = read_m3l_csv(write(M3L.split("\n")[0], "tuples.csv"))
    assert frame.shape == (0, 5)
    assert list(read_m3l_csv(write(M3L.split("\n")[0], "a.csv"), chunksize=2)) == []


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_truncated_compression(write, suffix):
    rows = [wit_row("en", f"Page {i}", f"{i}.jpg") for i in range(15_000)]
    path = write(as_tsv(*rows), f"wit.tsv{suffix}")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=rf"wit\.tsv\{suffix}, line \d+: .*cut off"):
        read_wit(path)
    with pytest.warns(UserWarning, match="compressed file is damaged or cut off"):
        frame = read_wit(path, on_error="skip")
    assert 0 < len(frame) < 15_000
    whole = [row[2] for row in rows]
    assert frame["image"].tolist() == whole[: len(frame)]


def test_progress_bar_covers_all_files(write, capsys):
    paths = [write(WIT, f"{i}.tsv.gz") for i in range(3)]
    read_wit(paths, verbose=True)
    assert "Reading: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("bad", [{"chunksize": 0}, {"on_error": "warn"}])
def test_options_are_checked(write, kind, bad):
    reader, name = READERS[kind]
    with pytest.raises(ValueError, match=next(iter(bad))):
        reader(write(M3L, name), **bad)

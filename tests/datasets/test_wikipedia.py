import bz2
import gzip
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from sklearn_m3l.datasets import read_wikipedia_comparable

HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<wikipediaComparable name="nl-ro">
   <header>
      <wikipediaSource language="nl" name="nlwiki-20140804-corpus.xml"/>
      <wikipediaSource language="ro" name="rowiki-20140729-corpus.xml"/>
   </header>
"""
FLOWERS = """\
   <articlePair id="1">
      <article lang="nl" name="Les Fleurs du mal">
         <categories name="Dichtbundel|Franse literatuur"/>
         <content>
            <p>Les Fleurs du mal is een bundel van <link target="Dichter">de
               dichter</link> Baudelaire &amp; anderen.</p>
            <h>Inhoud</h>
            <table><cell>1857</cell><cell>eerste druk</cell></table>
            <p>Er is <math>x^2</math> meer.</p>
         </content>
      </article>
      <article lang="ro" name="Florile răului">
         <categories name="Cărți apărute în 1857"/>
         <content>
            <p>Florile răului este o culegere de poezii.</p>
         </content>
      </article>
   </articlePair>
"""
PAIR = """\
   <articlePair id="{0}">
      <article lang="nl" name="Boek {0}"><categories name=""/>
         <content><p>Tekst {0}</p></content>
      </article>
      <article lang="ro" name="Carte {0}"><categories name=""/>
         <content/>
      </article>
   </articlePair>
"""
TAIL = "</wikipediaComparable>\n"
WHOLE = HEAD + FLOWERS + PAIR.format(2) + PAIR.format(3) + TAIL


@pytest.fixture
def write(tmp_path):
    def write(content, name="wikicomp.xml"):
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        pack = {"bz2": bz2.compress, "gz": gzip.compress}.get(path.suffix[1:])
        path.write_bytes(pack(raw) if pack else raw)
        return path

    return write


@pytest.mark.parametrize("name", ["w.xml", "w.xml.bz2", "w.xml.gz"])
def test_published_format(write, name):
    frame = read_wikipedia_comparable(write(WHOLE, name))
    assert list(frame.columns) == ["nl_title", "ro_title", "nl", "ro"]
    assert frame.index.name == "id"
    assert frame.index.tolist() == [1, 2, 3]
    assert frame["ro_title"].tolist() == ["Florile răului", "Carte 2", "Carte 3"]
    assert frame["nl"][1] == (
        "Les Fleurs du mal is een bundel van de dichter Baudelaire & anderen.\n"
        "Inhoud\nEr is meer."
    )
    assert frame["ro"][1] == "Florile răului este o culegere de poezii."
    assert frame["ro"].isna().tolist() == [False, True, True]


def test_bz2_of_several_streams(write):
    """Parallel packers write one stream after another."""
    packed = b"".join(bz2.compress(part.encode()) for part in (HEAD, FLOWERS, TAIL))
    path = write("", "w.xml.bz2")
    path.write_bytes(packed)
    assert read_wikipedia_comparable(path)["nl_title"].tolist() == ["Les Fleurs du mal"]


def test_left_out_elements(write):
    path = write(WHOLE)
    everything = read_wikipedia_comparable(path, left_out=())
    assert everything["nl"][1].split("\n")[2:] == [
        "1857",
        "eerste druk",
        "Er is x^2 meer.",
    ]
    texts = read_wikipedia_comparable(path, left_out=["p", "table"])["nl"]
    assert texts[1] == "Inhoud"
    assert pd.isna(texts[2])


def test_the_same_without_line_breaks_and_header(write):
    expected = read_wikipedia_comparable(write(WHOLE))
    one_line = " ".join(WHOLE.split())
    bare = one_line[: one_line.index("<header>")] + one_line[one_line.index("<art") :]
    for content in (one_line, bare, WHOLE.replace("\n", "\r\n"), "\ufeff" + WHOLE):
        found = read_wikipedia_comparable(write(content))
        pd.testing.assert_frame_equal(found, expected)


def test_languages_are_chosen_and_ordered(write):
    path = write(WHOLE)
    frame = read_wikipedia_comparable(path, ["ro", "nl"])
    assert list(frame.columns) == ["ro_title", "nl_title", "ro", "nl"]
    assert frame["ro_title"][1] == "Florile răului"
    assert list(read_wikipedia_comparable(path, ["ro"])) == ["ro_title", "ro"]


@pytest.mark.parametrize("languages", [["en"], ["nl", "nl"], []])
def test_languages_that_are_refused(write, languages):
    with pytest.raises(ValueError, match=r"w\.xml.*languages must .*'nl', 'ro'"):
        read_wikipedia_comparable(write(WHOLE, "w.xml"), languages)


def test_a_language_is_no_sequence(write):
    with pytest.raises(TypeError, match="languages"):
        read_wikipedia_comparable(write(WHOLE), "nl")


@pytest.mark.parametrize("chunksize", [1, 2, 3, 100])
def test_chunks(write, chunksize):
    path = write(WHOLE, "w.xml.bz2")
    whole = read_wikipedia_comparable(path)
    chunks = list(read_wikipedia_comparable(path, chunksize=chunksize))
    assert [len(chunk) for chunk in chunks[:-1]] == [chunksize] * (len(chunks) - 1)
    assert pd.concat(chunks)["nl"].tolist() == whole["nl"].tolist()
    assert pd.concat(chunks).index.equals(whole.index)


def test_blocks_may_end_anywhere(write):
    """A file of many compressed members is read member by member."""
    expected = read_wikipedia_comparable(write(WHOLE))
    content = WHOLE.encode()
    path = write("", "w.xml.gz")
    for size in (1, 7, 64):
        pieces = [content[i : i + size] for i in range(0, len(content), size)]
        path.write_bytes(b"".join(map(gzip.compress, pieces)))
        pd.testing.assert_frame_equal(read_wikipedia_comparable(path), expected)


def test_corpus_without_pairs(write):
    frame = read_wikipedia_comparable(write(HEAD + TAIL))
    assert frame.shape == (0, 4)


# The content, the line that is named, what is said, the pairs that are left.
DAMAGED = {
    "cut in a pair": (WHOLE[:-200], 33, "without its end", [1, 2]),
    "cut between pairs": (HEAD + FLOWERS, 25, "cut off", [1]),
    "cut after the header": (HEAD, 7, "cut off", []),
    "cut in the root's end": (WHOLE[:-5], 41, "cut off", [1, 2, 3]),
    "pair not closed": (
        HEAD + PAIR.format(5)[:60] + PAIR.format(6) + TAIL,
        7,
        "without its end",
        [6],
    ),
    "pair not opened": (
        HEAD + PAIR.format(4) + PAIR.format(5)[24:] + PAIR.format(6) + TAIL,
        14,
        "text between",
        [4, 6],
    ),
    "tag not closed": (
        HEAD + FLOWERS.replace("</h>", "") + PAIR.format(2) + TAIL,
        16,
        "mismatched tag",
        [2],
    ),
    "entity": (
        HEAD + FLOWERS + PAIR.format(2).replace("Tekst", "&nbsp;") + TAIL,
        27,
        "undefined entity",
        [1],
    ),
    "not UTF-8": (
        HEAD.encode()
        + FLOWERS.encode().replace("ă".encode(), b"\xe3", 1)
        + PAIR.format(2).encode()
        + TAIL.encode(),
        18,
        "not UTF-8: byte 0xe3",
        [2],
    ),
    "repeated pair": (
        HEAD + PAIR.format(2) + PAIR.format(2) + PAIR.format(3) + TAIL,
        15,
        "article pair 2 is already in line 7",
        [2, 3],
    ),
    "pair without number": (
        HEAD + PAIR.format("x") + PAIR.format(1) + TAIL,
        7,
        "is not a number: 'x'",
        [1],
    ),
    "third language": (
        HEAD + PAIR.format(1).replace('"ro"', '"en"') + PAIR.format(2) + TAIL,
        7,
        r"pair 1 has articles in \['nl', 'en'\], not \['nl', 'ro'\]",
        [2],
    ),
    "one article": (
        HEAD + FLOWERS[: FLOWERS.index('<article lang="ro"')] + "</articlePair>" + TAIL,
        7,
        r"pair 1 has articles in \['nl'\]",
        [],
    ),
    "no name": (
        HEAD + PAIR.format(1).replace("Carte 1", "") + PAIR.format(2) + TAIL,
        7,
        "pair 1 has an article without a name",
        [2],
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_named_or_skipped(write, damage):
    content, line, what, left = DAMAGED[damage]
    path = write(content)
    with pytest.raises(ValueError, match=rf"wikicomp\.xml, line {line}: .*{what}"):
        read_wikipedia_comparable(path)
    with pytest.warns(
        UserWarning, match=rf"skipped 1 damaged: .*line {line}: .*{what}"
    ):
        frame = read_wikipedia_comparable(path, on_error="skip")
    assert frame.index.tolist() == left


def test_all_that_is_skipped_is_counted(write):
    pairs = [PAIR.format(i).replace("</h>" if i % 2 else "</p>", "") for i in range(20)]
    with pytest.warns(UserWarning, match="skipped 10 .*line 9: .*and 5 more") as told:
        frame = read_wikipedia_comparable(
            write(HEAD + "".join(pairs) + TAIL), on_error="skip"
        )
    assert len(told) == 1
    assert frame.index.tolist() == list(range(1, 20, 2))


def test_nothing_is_told_of_a_whole_file(write, recwarn):
    assert len(read_wikipedia_comparable(write(WHOLE), on_error="skip")) == 3
    assert not recwarn


@pytest.mark.parametrize("name", ["w.xml.bz2", "w.xml.gz"])
def test_truncated_compression(write, name):
    content = HEAD + "".join(map(PAIR.format, range(3000))) + TAIL
    path = write(content, name)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"w\.xml\.\w+, line \d+: .*cut off"):
        read_wikipedia_comparable(path)
    if path.suffix == ".gz":  # a block of bzip2 is longer than all of this
        with pytest.warns(UserWarning, match="compressed file is damaged or cut off"):
            frame = read_wikipedia_comparable(path, on_error="skip")
        assert 0 < len(frame) < 3001
        assert frame.index.tolist() == list(range(len(frame)))


def test_damaged_compression(write):
    path = write(WHOLE, "w.xml.gz")
    path.write_bytes(b"<html>" + path.read_bytes())
    with pytest.raises(ValueError, match="line 1: .*Not a gzipped file"):
        read_wikipedia_comparable(path)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "it is not XML"),
        ("de\ten\n", "it is not XML"),
        ('<wikipedia lang="de"><article name="A"/></wikipedia>', "root is <wikipedia>"),
        (HEAD.replace('language="ro"', ""), "languages instead of two"),
        (HEAD.replace("</header>", "") + FLOWERS + TAIL, "mismatched tag"),
        (HEAD.encode("utf-16") + FLOWERS.encode("utf-16"), "not UTF-8"),
    ],
)
def test_other_files_are_refused(write, content, what, on_error):
    with pytest.raises(ValueError, match=rf"w\.xml, line \d: .*{what}"):
        read_wikipedia_comparable(write(content, "w.xml"), on_error=on_error)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_billion_laughs_is_refused(write, on_error):
    entities = "".join(
        f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha"}">' for i in range(10)
    )
    bomb = HEAD.replace(
        "<wikipediaComparable", f"<!DOCTYPE w [{entities}]><wikipediaComparable", 1
    )
    content = bomb + PAIR.format(1).replace("Tekst", "&a9;") + TAIL
    with pytest.raises(ValueError, match="refused as unsafe"):
        read_wikipedia_comparable(write(content), on_error=on_error)
    # nor does one that is hidden in a pair come to be parsed
    hidden = PAIR.format(1).replace("<article ", f"<!DOCTYPE w [{entities}]><article ")
    path = write(HEAD + hidden + TAIL)
    with pytest.raises(ValueError, match="line 8: article pair is not XML"):
        read_wikipedia_comparable(path)


def test_external_entities_are_refused(write):
    declared = '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
    content = declared + HEAD.split("\n", 1)[1] + PAIR.format("&a;") + TAIL
    with pytest.raises(ValueError, match="refused as unsafe"):
        read_wikipedia_comparable(write(content))


def test_deep_nesting_is_harmless(write):
    deep = "<p>" * 100_000 + "x" + "</p>" * 100_000
    frame = read_wikipedia_comparable(
        write(HEAD + PAIR.format(1).replace("Tekst 1", deep) + TAIL)
    )
    assert frame["nl"].tolist() == ["x"]


def test_an_endless_pair_is_given_up(write):
    path = write(HEAD + PAIR.format(1) + PAIR.format(2).replace("Tekst", "x" * 2**25))
    with pytest.raises(ValueError, match="line 15: article pair without its end"):
        read_wikipedia_comparable(path)
    with pytest.warns(UserWarning, match="skipped 1"):
        frame = read_wikipedia_comparable(path, on_error="skip")
    assert frame.index.tolist() == [1]


def test_progress_bar(write, capsys):
    path = write(WHOLE)
    read_wikipedia_comparable(path)
    assert capsys.readouterr().err == ""
    read_wikipedia_comparable(path, verbose=True)
    bar = capsys.readouterr().err
    assert "Reading: 100%" in bar


@pytest.mark.parametrize(
    "bad", [{"chunksize": 0}, {"on_error": "ignore"}, {"chunksize": -3}]
)
def test_options_are_checked_at_once(write, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        read_wikipedia_comparable(write(WHOLE), **bad)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_wikipedia_comparable(tmp_path / "none.xml", chunksize=2)


@pytest.mark.slow
def test_memory_is_bounded(tmp_path):
    """Reading 60 MB in chunks takes little more memory than reading 6 MB."""
    path = tmp_path / "large.xml"
    text = "<p>" + "woord " * 10_000 + "</p>"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for i in range(1000):
            file.write(PAIR.format(i).replace("<p>", text + "<p>"))
        file.write(TAIL)
    assert path.stat().st_size > 60e6
    code = textwrap.dedent(
        """
        import resource, sys
        from sklearn_m3l.datasets import read_wikipedia_comparable
        peak = []
        n_pairs = 0
        for chunk in read_wikipedia_comparable(sys.argv[1], chunksize=10):
            n_pairs += len(chunk)
            peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        print(n_pairs, peak[9], peak[-1])
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    n_pairs, early, late = map(int, run.stdout.split())
    assert n_pairs == 1000
    assert late - early < 8_000  # KiB

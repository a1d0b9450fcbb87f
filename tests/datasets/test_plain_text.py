import gzip
import json

import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_m3l.datasets import read_mallet, read_octis

# As MALLET's polylingual demonstration: a line an article, some without a text.
MALLET = {
    "en": (
        "pope_francis\ten\tPope Francis is the pope of the Catholic Church.\n"
        "ides_of_march\ten\tThe Ides of March, a day in the Roman calendar.\n"
        "zoo\ten\tA zoo is a facility.\n"
    ),
    "fr": (
        "pope_francis\tfr\t\n"
        "ides_of_march\tfr\tLes ides de mars, un jour du calendrier romain.\n"
        "zoo\tfr\tUn zoo, ou parc zoologique.\n"
    ),
    "de": (
        "papst_franziskus de Franziskus ist der Papst der katholischen Kirche.\n"
        "iden_des_märz de\n"
        "zoo de  Ein Zoo hält Tiere in großen Gehegen. \n"
    ),
}
OCTIS = (
    "broadband ahead join internet\ttrain\ttech\n"
    "share sale owner\ttrain\tbusiness\n"
    "\tval\ttech\n"
    "band sale\ttest\tbusiness\n"
)


@pytest.fixture
def lists(tmp_path):
    """Return a function that writes MALLET's lists, with changes by language."""

    def write(**changes):
        paths = {}
        for language, text in (MALLET | changes).items():
            raw = text if isinstance(text, bytes) else text.encode()
            paths[language] = tmp_path / f"{language}.txt"
            paths[language].write_bytes(raw)
        return paths

    return write


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes an OCTIS folder from its files."""

    def write(corpus, **files):
        raw = corpus if isinstance(corpus, bytes) else corpus.encode()
        (tmp_path / "corpus.tsv").write_bytes(raw)
        for name, text in files.items():
            suffix = "json" if name == "metadata" else "txt"
            (tmp_path / f"{name}.{suffix}").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_mallet(lists):
    frame = read_mallet(lists())
    assert list(frame) == [
        *("en_name", "en_label", "en", "fr_name", "fr_label", "fr"),
        *("de_name", "de_label", "de"),
    ]
    assert frame["de_name"].tolist() == ["papst_franziskus", "iden_des_märz", "zoo"]
    assert frame["fr_label"].tolist() == ["fr"] * 3
    assert frame["en"][1] == "The Ides of March, a day in the Roman calendar."
    assert frame["de"][2] == "Ein Zoo hält Tiere in großen Gehegen."
    missing = frame[["en", "fr", "de"]].isna().values.tolist()
    assert missing == [[False, True, False], [False, False, True], [False] * 3]


def test_mallet_of_compressed_files_with_other_line_ends(lists, tmp_path):
    paths = lists(de=MALLET["de"].replace("\n", "\r\n"))
    expected = read_mallet(lists())
    paths["fr"] = str(tmp_path / "fr.txt.gz")
    (tmp_path / "fr.txt.gz").write_bytes(gzip.compress(MALLET["fr"][:-1].encode()))
    pd.testing.assert_frame_equal(read_mallet(paths), expected)


def test_mallet_splits_lines_as_import_file(lists):
    # Commas part fields as well; a no-break space does not.
    frame = read_mallet({"en": lists(en="a,b , X,The text\nc\xa0d Y e\n")["en"]})
    assert frame["en_name"].tolist() == ["a,b", "c\xa0d"]
    assert frame["en_label"].tolist() == ["X,The", "Y"]
    assert frame["en"].tolist() == ["text", "e"]


def test_mallet_in_chunks(lists):
    paths = lists()
    chunks = list(read_mallet(paths, chunksize=2))
    assert [len(chunk) for chunk in chunks] == [2, 1]
    joined = pd.concat(chunks).fillna("")
    assert joined.equals(read_mallet(paths).fillna(""))


EN = MALLET["en"].splitlines(keepends=True)
MALLET_DAMAGE = {
    "no label": ([EN[0], "ides_of_march\n", EN[2]], 2, "no name and label", [0, 2]),
    "blank line": ([EN[0], EN[1], "\n"], 3, "no name and label", [0, 1]),
    "not UTF-8": (
        [EN[0], EN[1].replace("Ides", "\xcfdes").encode("latin1"), EN[2]],
        2,
        "not UTF-8: byte 0xcf",
        [0, 2],
    ),
    "repeated name": ([EN[0], EN[0], EN[2]], 2, "'pope_francis' .* line 1", [0, 2]),
    "one line less": (EN[:2], 3, "ends before .*fr.txt, .*de.txt", [0, 1]),
}


@pytest.mark.parametrize("damage", MALLET_DAMAGE)
def test_mallet_damage_is_named_or_skipped(lists, damage):
    lines, number, what, left = MALLET_DAMAGE[damage]
    raw = b"".join(x if isinstance(x, bytes) else x.encode() for x in lines)
    paths = lists(en=raw)
    with pytest.raises(ValueError, match=rf"en\.txt, line {number}: .*{what}"):
        read_mallet(paths)
    with pytest.warns(UserWarning, match=rf"skipped 1 .*line {number}: .*{what}"):
        frame = read_mallet(paths, on_error="skip")
    # the lines that are left stay beside those of their number
    assert frame["en"].tolist() == read_mallet(lists())["en"][left].tolist()
    expected = [
        ["papst_franziskus", "iden_des_märz", "zoo"][i] for i in left if i < len(lines)
    ]
    assert frame["de_name"].tolist() == expected


def test_one_language_ends_early(lists):
    paths = lists(de=MALLET["de"].split("\n")[0])
    with pytest.raises(ValueError, match=r"de\.txt, line 2: .*ends before .*en\.txt"):
        read_mallet(paths)


@pytest.mark.parametrize("paths", [{}, ["en.txt"], "en.txt"])
def test_mallet_paths_are_a_mapping(paths):
    with pytest.raises(ValueError, match="paths must map"):
        read_mallet(paths)


@pytest.mark.parametrize("bad", [{"chunksize": 0}, {"on_error": "warn"}])
def test_options_are_checked(lists, folder, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        read_mallet(lists(), **bad)
    with pytest.raises(ValueError, match=next(iter(bad))):
        read_octis(folder(OCTIS), **bad)


def test_octis(folder):
    path = folder(
        OCTIS,
        vocabulary="broadband\nsale\nband\n",
        metadata=json.dumps({"last-training-doc": 2, "info": {"name": "BBC"}}),
        indexes="17\n3\n12\n5\n",
    )
    frame, info = read_octis(path, view="en", return_info=True)
    assert list(frame) == ["en", "split", "label"]
    assert frame.index.tolist() == ["17", "3", "12", "5"]
    assert frame["split"].tolist() == ["train", "train", "val", "test"]
    assert frame["label"].tolist() == ["tech", "business", "tech", "business"]
    assert frame["en"].isna().tolist() == [False, False, True, False]
    assert info.metadata["info"] == {"name": "BBC"}
    assert info.vocabulary == ["broadband", "sale", "band"]
    counts = CountVectorizer(vocabulary=info.vocabulary).transform(frame["en"].dropna())
    assert counts.toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("width", [1, 2])
def test_octis_with_fewer_columns(folder, width):
    rows = ["a b\ttrain\tx", "c\ttest\ty"]
    corpus = "\n".join("\t".join(row.split("\t")[:width]) for row in rows)
    frame, info = read_octis(folder(corpus), return_info=True)
    assert list(frame) == ["text", "split"][:width]
    assert frame["text"].tolist() == ["a b", "c"]
    assert frame.index.tolist() == [0, 1]
    assert info == {"vocabulary": None, "metadata": None}


@pytest.mark.parametrize(("end", "n_rows"), [("", 4), ("\n", 4), ("\n\n", 5)])
def test_blank_lines_of_one_column_are_empty_documents(folder, end, n_rows):
    labels = ["17", "3", "12", "5", "6"][:n_rows]
    frame = read_octis(folder(f"\na b\n\nc{end}", indexes="\n".join(labels)))
    assert frame["text"].isna().tolist() == [True, False, True, False, True][:n_rows]
    assert frame.index.tolist() == labels


def test_octis_is_read_as_pandas_does(folder):
    saved = pd.DataFrame([['a "b" c', "train", "x"], ["d\te", "test", "y"]])
    path = folder(saved.to_csv(sep="\t", index=False, header=False))
    frame = read_octis(path)
    assert frame.values.tolist() == saved.values.tolist()


def test_octis_in_chunks(folder):
    path = folder(OCTIS, indexes="17\n3\n12\n5\n")
    chunks = list(read_octis(path, chunksize=3))
    assert [len(chunk) for chunk in chunks] == [3, 1]
    assert pd.concat(chunks).fillna("").equals(read_octis(path).fillna(""))


OCTIS_DAMAGE = {
    "few fields": ("a b\ttrain\n", "2 columns instead of 3"),
    "many fields": ("a b\ttrain\tx\ty\n", "4 columns instead of 3"),
    "blank line": ("\n", "a blank line instead of 3 columns"),
    "another split": ("a b\tdev\tx\n", "unknown split 'dev'"),
    "not UTF-8": (b"a \xe4\ttrain\tx\n", "not UTF-8: byte 0xe4"),
}


@pytest.mark.parametrize("damage", OCTIS_DAMAGE)
def test_octis_damage_is_named_or_skipped(folder, damage):
    row, what = OCTIS_DAMAGE[damage]
    first, *others = OCTIS.encode().splitlines(keepends=True)
    raw = row if isinstance(row, bytes) else row.encode()
    path = folder(b"".join([first, raw, *others]), indexes="17\n0\n3\n12\n5\n")
    with pytest.raises(ValueError, match=rf"corpus\.tsv, line 2: .*{what}"):
        read_octis(path)
    with pytest.warns(UserWarning, match=rf"skipped 1 .*line 2: .*{what}"):
        frame = read_octis(path, on_error="skip")
    assert frame.index.tolist() == ["17", "3", "12", "5"]
    assert frame["label"].tolist() == ["tech", "business", "tech", "business"]


def test_octis_with_a_header(folder):
    path = folder("document\tpartition\tlabel\n" + OCTIS)
    with pytest.raises(ValueError, match="line 1: unknown split 'partition'"):
        read_octis(path)


@pytest.mark.parametrize("indexes", ["17\n3\n12\n", "17\n3\n12\n5\n6\n"])
def test_octis_indexes_that_do_not_fit(folder, indexes):
    path = folder(OCTIS, indexes=indexes)
    n_labels = indexes.count("\n")
    with pytest.raises(ValueError, match=rf"line 4: .*indexes\.txt has .*{n_labels}"):
        read_octis(path)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"vocabulary": "a\nb\na\n"}, r"vocabulary\.txt, line 3: 'a' .* line 1"),
        ({"vocabulary": "a\n\nb\n"}, r"vocabulary\.txt, line 2: empty"),
        ({"indexes": "1\n1\n2\n3\n"}, r"indexes\.txt, line 2: '1' .* line 1"),
        ({"metadata": '{"info": '}, r"metadata\.json is not JSON"),
        ({"metadata": "[]"}, r"metadata\.json is not a JSON object"),
        ({"metadata": "[" * 10**5}, r"metadata\.json is not JSON: .*recursion"),
        ({"metadata": "{}" + " " * 2**24}, r"metadata\.json is longer than 16,777,216"),
        ({"metadata": "{\0}\0"}, r"metadata\.json is not JSON"),
    ],
)
def test_octis_side_files_that_are_damaged(folder, files, what):
    with pytest.raises(ValueError, match=what):
        read_octis(folder(OCTIS, **files), on_error="skip", return_info=True)


@pytest.mark.parametrize("corpus", ["", "a\tb\tc\td\n"])
def test_what_is_no_octis_corpus(folder, corpus):
    with pytest.raises(ValueError, match=r"corpus\.tsv, line 1: \d columns, not"):
        read_octis(folder(corpus), on_error="skip")


def test_octis_view_name(folder):
    with pytest.raises(ValueError, match="view must be"):
        read_octis(folder(OCTIS), view="label")


def test_octis_folder_without_corpus(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"corpus\.tsv"):
        read_octis(tmp_path)

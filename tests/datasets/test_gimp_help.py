import gzip
import io
import json
import pickle
import re
import zipfile
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_m3l import MultiView
from sklearn_m3l.datasets import load_gimp_help

FOLDER = resources.files("sklearn_m3l.datasets") / "data" / "gimp_help"
# subset: pages, rows, rows with a picture, pictures, pages without a picture
SIZES = {
    "train": (529, 1794, 1645, 1489, 149),
    "test": (132, 394, 354, 352, 40),
    "all": (661, 2188, 1999, 1841, 189),
}


@pytest.fixture(scope="module")
def corpora():
    return {subset: load_gimp_help(subset) for subset in SIZES}


def vectors_of(view):
    return {row.tobytes() for row in view.embedding[view.present]}


@pytest.mark.parametrize("subset", SIZES)
def test_sizes(corpora, subset):
    corpus = corpora[subset]
    n_pages, n_rows, n_with, n_pictures, n_without = SIZES[subset]
    assert isinstance(corpus.data, MultiView)
    assert corpus.data.shape == (n_rows, 3) and len(corpus.frame) == n_rows
    assert corpus.data.view_names == ("en", "de", "image")
    assert list(corpus.frame) == ["en", "de", "image", "page"]
    assert len(np.unique(corpus.data.groups)) == n_pages
    assert corpus.data.present["image"].sum() == n_with
    assert corpus.frame["image"].nunique() == len(corpus.thumbnails) == n_pictures
    assert n_rows - n_with == n_without
    assert len(set(corpus.data.index)) == n_rows
    for language in ("en", "de"):
        view = corpus.data[language]
        assert view.present.all()
        assert view.counts.shape == (n_rows, 2000) == (n_rows, len(view.vocabulary))
        assert view.embedding.shape == (n_rows, 384)
        norms = np.linalg.norm(view.embedding, axis=1)
        np.testing.assert_allclose(norms, 1, atol=0.01)
        assert view.counts.sum(axis=1).min() > 0
    assert corpus.data["image"].embedding.shape == (n_rows, 1280)


def test_description_states_the_sizes(corpora):
    rows = ["Pages", "Rows", "Rows with a picture", "Different pictures"]
    rows.append("Pages without a picture")
    for corpus in corpora.values():
        for row, sizes in zip(rows, zip(*SIZES.values(), strict=True), strict=True):
            stated = r" +".join(f"{size:,}" for size in sizes)
            assert re.search(rf"^{row} +{stated}$", corpus.DESCR, re.MULTILINE)


def test_no_page_and_no_picture_is_in_both_parts(corpora):
    train, test = corpora["train"], corpora["test"]
    assert not set(train.data.groups) & set(test.data.groups)
    assert not set(train.frame["en"]) & set(test.frame["en"])
    assert not set(train.thumbnails) & set(test.thumbnails)
    # Nor under another name.
    assert not vectors_of(train.data["image"]) & vectors_of(test.data["image"])


def test_all_is_the_union(corpora):
    both = MultiView.concat([corpora["train"].data, corpora["test"].data])
    place = {label: row for row, label in enumerate(both.index)}
    everything = corpora["all"]
    assert everything.data == both[[place[label] for label in everything.data.index]]
    pd.testing.assert_frame_equal(
        everything.frame,
        pd.concat([corpora["train"].frame, corpora["test"].frame]).loc[
            everything.frame.index
        ],
    )
    assert dict(everything.thumbnails) == {
        **corpora["train"].thumbnails,
        **corpora["test"].thumbnails,
    }


def test_groups_are_pages(corpora):
    for corpus in corpora.values():
        np.testing.assert_array_equal(
            [label.split("#")[0] for label in corpus.data.index], corpus.data.groups
        )
        np.testing.assert_array_equal(corpus.frame["page"], corpus.data.groups)
        text = corpus.frame.groupby("page")[["en", "de"]].nunique()
        assert (text == 1).all(axis=None)


def test_rows_of_a_page_share_their_texts(corpora):
    corpus = corpora["train"]
    rows = np.flatnonzero(corpus.data.groups == "gimp-file-open")
    assert len(rows) == 3
    for language in ("en", "de"):
        view = corpus.data[language]
        assert len(np.unique(view.embedding[rows], axis=0)) == 1
        assert len(np.unique(view.counts[rows].toarray(), axis=0)) == 1


def test_no_page_shows_a_picture_twice(corpora):
    corpus = corpora["all"]
    view = corpus.data["image"]
    shown = [row.tobytes() for row in view.embedding[view.present]]
    pages = corpus.data.groups[view.present]
    assert len(set(zip(pages, shown, strict=True))) == len(shown)


def test_embeddings_are_those_of_the_stored_page_and_picture(corpora):
    with (FOLDER / "embeddings.npz").open("rb") as file, np.load(file) as arrays:
        stored = dict(arrays)
    with gzip.open(str(FOLDER / "pages.jsonl.gz"), "rt", encoding="utf-8") as lines:
        place = {json.loads(line)["id"]: number for number, line in enumerate(lines)}
    for corpus in corpora.values():
        pages = [place[page] for page in corpus.data.groups]
        for language in ("en", "de"):
            np.testing.assert_array_equal(
                corpus.data[language].embedding, stored[language][pages]
            )
        order = np.argsort(stored["image_paths"])
        shown = corpus.frame["image"].dropna().to_numpy(dtype=str)
        at = order[np.searchsorted(stored["image_paths"], shown, sorter=order)]
        view = corpus.data["image"]
        np.testing.assert_array_equal(view.embedding[view.present], stored["image"][at])


def test_embeddings_pair_the_languages(corpora):
    data = corpora["test"].data
    _, first = np.unique(data.groups, return_index=True)
    en, de = (data[name].embedding[first] for name in ("en", "de"))
    hits = (en - en.mean(0)) @ (de - de.mean(0)).T
    assert np.mean(hits.argmax(axis=1) == np.arange(len(first))) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("subset", ["train", "test"])
def test_counts_recount_the_raw_text(corpora, subset, language):
    corpus = corpora[subset]
    view = corpus.data[language]
    vectorizer = CountVectorizer(
        vocabulary=view.vocabulary, token_pattern=r"[^\W\d_]{2,}"
    )
    recounted = vectorizer.transform(corpus.frame[language])
    assert (recounted != view.counts).nnz == 0


@pytest.mark.parametrize("language", ["en", "de"])
def test_vocabulary_is_the_frequent_words_of_the_training_pages(corpora, language):
    corpus = corpora["train"]
    pages = corpus.frame[language].drop_duplicates()
    assert len(pages) == 529
    vectorizer = CountVectorizer(token_pattern=r"[^\W\d_]{2,}")
    totals = np.asarray(vectorizer.fit_transform(pages).sum(axis=0)).ravel()
    totals = dict(zip(vectorizer.get_feature_names_out(), totals, strict=True))
    known = corpus.data[language].vocabulary
    rarest = min(totals[word] for word in known)
    left_out = {word for word, n in totals.items() if n > rarest} - set(known)
    # What is frequent and left out is stop words, English ones in both languages.
    assert left_out >= {"the", "of", "you"}
    if language == "de":
        assert left_out >= {"die", "und", "werden", "kann", "können"}
    stop_words = pytest.importorskip("stop_words")
    entries = " ".join(stop_words.get_stop_words("en"))
    if language == "de":
        entries += " ".join(["", *stop_words.get_stop_words("de")])
    assert left_out <= set(vectorizer.build_analyzer()(entries))


def test_a_row_lacks_the_image_where_the_frame_does(corpora):
    for corpus in corpora.values():
        present = corpus.data.present["image"]
        np.testing.assert_array_equal(present, corpus.frame["image"].notna())
        np.testing.assert_array_equal(present, ["#" in i for i in corpus.data.index])
        assert not corpus.data["image"].embedding[~present].any()
        assert list(corpus.frame.index) == list(corpus.data.index)


def test_thumbnails_are_small_jpegs(corpora):
    image = pytest.importorskip("PIL.Image")
    for corpus in corpora.values():
        assert set(corpus.thumbnails) == set(corpus.frame["image"].dropna())
    for path, jpeg in corpora["all"].thumbnails.items():
        assert isinstance(jpeg, bytes)
        with image.open(io.BytesIO(jpeg)) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert max(picture.size) <= 96, path


def test_thumbnails_are_a_mapping(corpora):
    thumbnails = pickle.loads(pickle.dumps(corpora["test"])).thumbnails
    path = next(iter(thumbnails))
    assert path in thumbnails
    assert thumbnails[path] == corpora["all"].thumbnails[path]
    assert "nothing.png" not in thumbnails
    with pytest.raises(KeyError, match="nothing.png"):
        thumbnails["nothing.png"]
    with pytest.raises(KeyError):  # a picture of the training part
        thumbnails[next(iter(corpora["train"].thumbnails))]
    assert repr(thumbnails) == "<thumbnails of 352 pictures>"


def test_default_is_the_training_part(corpora):
    assert load_gimp_help().data == corpora["train"].data


@pytest.mark.parametrize("subset", ["validation", "Train", None, 3])
def test_unknown_subset_is_refused(subset):
    with pytest.raises(ValueError, match="subset must be one of .*'train', 'test'"):
        load_gimp_help(subset)


def test_license_travels_with_the_data(corpora):
    notice = (FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "with no Invariant Sections, no" in notice
    assert "Copyright (C) 2002-2023 The GIMP Documentation Team" in notice
    assert "GNU Free Documentation License\n                  Version 1.2" in notice
    assert "10. FUTURE REVISIONS OF THIS LICENSE" in notice
    description = corpora["all"].DESCR
    for word in ("GFDL-1.2-or-later", "no invariant sections", "https://docs.gimp.org"):
        assert word in description


def test_data_is_small_and_holds_no_pickle():
    names = sorted(file.name for file in FOLDER.iterdir())
    assert names == [
        "DESCR.rst",
        "LICENSE",
        "counts_de.npz",
        "counts_en.npz",
        "embeddings.npz",
        "pages.jsonl.gz",
        "thumbnails.zip",
    ]
    assert sum(len((FOLDER / name).read_bytes()) for name in names) < 11e6
    for name in names:
        if not name.endswith(".npz"):
            continue
        with (FOLDER / name).open("rb") as file, zipfile.ZipFile(file) as members:
            for member in members.namelist():
                array = np.lib.format.read_array(
                    members.open(member), allow_pickle=False
                )
                assert array.dtype.kind in "fiuU"

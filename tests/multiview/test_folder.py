"""Tests of MultiViews that are stored in folders, and read block by block."""

import json
import os
import pickle
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_m3l import MultiView, PolylingualLDA, View
from sklearn_m3l.utils._storage import digest

ROWS = 40


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    present = rng.random(ROWS) < 0.7
    vectors = rng.normal(size=(ROWS, 3)).astype(np.float16)
    vectors[~present] = np.nan  # absent rows may hold anything
    counts = sparse.random_array((ROWS, 6), density=0.4, rng=rng)
    return MultiView(
        {
            "en": View(
                embedding=rng.normal(size=(ROWS, 4)),
                counts=(counts * 9).astype(np.int64),
                vocabulary=[f"wörd {n}" for n in range(6)],
            ),
            "de:x/y": View(counts=counts),
            "image": View(embedding=vectors, present=present),
        },
        index=[f"row {n}" for n in range(ROWS)],
        groups=np.arange(ROWS) // 2,
    )


@pytest.fixture(scope="module")
def stored(X, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "corpus"
    X.save(folder)
    return folder


@pytest.fixture
def folder(stored, tmp_path):
    return Path(shutil.copytree(stored, tmp_path / "corpus"))


@pytest.fixture(scope="module")
def parts(X, tmp_path_factory):
    folders = [tmp_path_factory.mktemp("parts") / name for name in "abc"]
    for rows, path in zip(
        (slice(0, 25), slice(25, 25), slice(25, None)), folders, strict=True
    ):
        X[rows].save(path)
    return folders


def change_manifest(folder, change):
    path = folder / "manifest.json"
    stored = json.loads(path.read_text())
    change(stored["content"]["manifest"])
    stored["content"]["checksum"] = digest(stored["content"]["manifest"])
    path.write_text(json.dumps(stored))


def change_array(folder, name, change):
    array = np.load(folder / name, mmap_mode="r+")
    change(array)
    array.flush()


@pytest.mark.parametrize("verify", [False, True])
def test_a_folder_holds_all_of_it(X, folder, verify):
    opened = MultiView.open(folder, verify=verify)
    assert opened == X
    assert opened["en"].counts.dtype == np.int64
    assert opened["image"].embedding.dtype == np.float16
    assert "on disk" in repr(opened)
    assert pickle.loads(pickle.dumps(opened)) == X


def test_parts_open_as_one(X, parts):
    opened = MultiView.open(parts)
    assert opened == X
    assert opened == MultiView.concat([X[:25], X[25:]])
    assert MultiView.concat([X[:25], MultiView.open(parts[1:])]) == X


def test_selections_are_lazy_and_right(X, parts):
    opened = MultiView.open(parts)
    order = np.random.default_rng(0).permutation(ROWS)
    for rows in (slice(3, 30), slice(None, None, -3), order, X["image"].present):
        assert opened[rows] == X[rows]
        assert opened[rows][::-2] == X[rows][::-2]
    counts = opened[order]["en"].counts
    assert counts.nnz == X["en"].counts.nnz
    assert counts._cells is None
    np.testing.assert_array_equal(counts.sum(axis=1), X["en"].counts[order].sum(axis=1))
    assert type(counts * 2) is type(counts.T.tocsr()) is sparse.csr_array
    assert opened[order][["image"]].shape == (ROWS, 1)
    with pytest.raises(ValueError, match="read-only"):
        opened["en"].counts.data[0] = 3


def test_a_selection_is_stored_anew(X, parts, tmp_path):
    MultiView.open(parts)[::3].save(tmp_path / "third")
    assert MultiView.open(tmp_path / "third", verify=True) == X[::3]


def test_models_learn_the_same_from_a_folder(X, folder):
    model = PolylingualLDA(3, max_iter=3, random_state=0)
    texts = ["en", "de:x/y"]
    expected = model.fit_transform(X[texts])
    opened = MultiView.open(folder)[texts]
    np.testing.assert_array_equal(model.fit_transform(opened), expected)


@pytest.mark.parametrize(
    "index", [np.arange(3), [1.5, 2.5, 3.5], pd.date_range("2020", periods=3)]
)
def test_labels_keep_their_type(index, tmp_path):
    X = MultiView.from_arrays({"en": np.eye(3)}, index=index)
    X.save(tmp_path / "x")
    opened = MultiView.open(tmp_path / "x")
    assert opened.index.dtype == X.index.dtype
    assert opened == X


@pytest.mark.parametrize(
    "index", [["a", 1, None], pd.MultiIndex.from_arrays([[1, 2, 3]] * 2)]
)
def test_labels_that_would_be_pickled_are_refused(index, tmp_path):
    X = MultiView.from_arrays({"en": np.eye(3)}, index=index)
    with pytest.raises(TypeError, match=r"row labels of type .* cannot be stored"):
        X.save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(X, folder):
    with pytest.raises(FileExistsError, match="exists already; remove it"):
        X.save(folder)
    assert MultiView.open(folder, verify=True) == X


def test_an_unwritable_folder(X, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="nothing was stored in .*file/corpus"):
        X.save(tmp_path / "file" / "corpus")


def test_a_full_disk_leaves_nothing(X, tmp_path):
    resource = pytest.importorskip("resource", reason="files have no limit here")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limit[1]))
    try:
        with pytest.raises(OSError, match="too large: nothing was stored in .*corpus"):
            X.save(tmp_path / "corpus")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_or_file(folder):
    with pytest.raises(FileNotFoundError, match="there is no folder .*elsewhere"):
        MultiView.open(folder / "elsewhere")
    with pytest.raises(ValueError, match=r"has no manifest.json: it is not a stored"):
        MultiView.open(folder.parent)
    (folder / "0.indices.npy").unlink()
    with pytest.raises(ValueError, match=r"corpus/0.indices.npy is missing"):
        MultiView.open(folder)


def test_a_file_that_was_cut_off(folder):
    os.truncate(folder / "0.embedding.npy", 300)
    with pytest.raises(
        ValueError, match=r"0.embedding.npy is damaged: it has 300 bytes"
    ):
        MultiView.open(folder)


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (
            "0.indices.npy",
            lambda a: a.__setitem__(0, 2**30),
            "columns beyond its words",
        ),
        ("0.indices.npy", lambda a: a.__setitem__(3, -1), "columns beyond its words"),
        ("1.data.npy", lambda a: a.__setitem__(0, np.nan), "NaN or infinity"),
        ("1.data.npy", lambda a: a.__setitem__(0, -1), "negative numbers"),
        ("0.embedding.npy", lambda a: a.__setitem__((0, 2), np.inf), "NaN or infinity"),
    ],
)
def test_damaged_rows_are_refused_before_they_are_used(folder, name, change, what):
    change_array(folder, name, change)
    opened = MultiView.open(folder)
    for view in opened.views.values():
        view.read(slice(10, 20))  # other rows are fine
        if view.counts is not None:
            view.counts[10:20].sum()

    def use(X):
        for view in X.views.values():
            view.read(slice(None))
            if view.counts is not None:
                view.counts.sum(axis=0)

    for X in (opened, opened[::-1]):
        with pytest.raises(ValueError, match=f"corpus, view .* {what}.* is damaged"):
            use(X)
    with pytest.raises(ValueError, match=f"{name} is damaged: it has another checksum"):
        MultiView.open(folder, verify=True)


def test_columns_that_are_not_in_order(folder):
    indptr = np.load(folder / "0.indptr.npy")
    row = np.flatnonzero(np.diff(indptr) > 1)[0]
    first = indptr[row]

    def swap(indices):
        indices[first : first + 2] = indices[first : first + 2][::-1].copy()

    change_array(folder, "0.indices.npy", swap)
    with pytest.raises(ValueError, match="columns that are not in order"):
        MultiView.open(folder)["en"].counts.sum()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("0.indptr.npy", lambda a: a.__setitem__(1, 10**6), "pointers that are not in"),
        ("2.present.npy", lambda a: a.view(np.uint8).__setitem__(0, 7), "values other"),
    ],
)
def test_damage_that_opening_finds(folder, name, change, message):
    change_array(folder, name, change)
    with pytest.raises(ValueError, match=f"{name} is damaged: it has {message}"):
        MultiView.open(folder)


def test_files_of_another_shape_or_with_objects(folder):
    path = folder / "0.embedding.npy"
    size = path.stat().st_size
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with path.open("ab") as file:
        file.write(bytes(size - path.stat().st_size))
    with pytest.raises(
        ValueError, match=r"0.embedding.npy is damaged: it has no array"
    ):
        MultiView.open(folder)
    np.save(path, np.zeros((2 * ROWS, 2)))
    with pytest.raises(ValueError, match="another shape or type than its manifest"):
        MultiView.open(folder)


def test_forged_manifests(folder):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"n_rows": 40', '"n_rows": 41'))
    with pytest.raises(ValueError, match="does not match its checksum"):
        MultiView.open(folder)
    for change in (
        lambda manifest: manifest.pop("views"),
        lambda manifest: manifest.update(n_rows="many"),
        lambda manifest: manifest["views"][0].update(n_words=[3]),
        lambda manifest: manifest["files"].pop("index.npy"),
        lambda manifest: manifest.update(files=[]),
    ):
        (folder / "manifest.json").write_text(text)
        change_manifest(folder, change)
        with pytest.raises(ValueError, match=r"malformed|damaged"):
            MultiView.open(folder)
    (folder / "manifest.json").write_text(
        text.replace('"format_version": 1', '"format_version": 9')
    )
    with pytest.raises(ValueError, match="format version 9"):
        MultiView.open(folder)


def test_parts_that_differ_are_named(X, parts, tmp_path):
    words = View(X["en"].embedding, X["en"].counts, [f"v{n}" for n in range(6)])
    for number, (other, message) in enumerate(
        [
            (X[["en"]], "in views: .*'en',.* instead of"),
            (MultiView(X.views), "in article ids: False instead of True"),
            (MultiView({**X.views, "en": words}, groups=X.groups), "the words of 'en'"),
            (
                MultiView({**X.views, "en": View(np.ones((ROWS, 9)))}, groups=X.groups),
                "in counts of 'en': False",
            ),
        ]
    ):
        other.save(tmp_path / f"other{number}")
        with pytest.raises(
            ValueError, match=f"other{number} differs from .* {message}"
        ):
            MultiView.open([parts[0], tmp_path / f"other{number}"])
    with pytest.raises(ValueError, match="a is given twice"):
        MultiView.open([parts[0], parts[1], parts[0]])
    with pytest.raises(ValueError, match="at least one"):
        MultiView.open([])
    with pytest.raises(FileNotFoundError, match="no folder .*gone"):
        MultiView.open([parts[0], tmp_path / "gone"])

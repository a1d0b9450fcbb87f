"""The reader of bags of words in the layout of InfoCTM."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import read_infoctm

FILES = {
    "vocab_cn": "海\n船\n",
    "vocab_en": "oak\nsea\nship\n",
    "train_labels_cn.txt": "1\n2\n",
    "train_labels_en.txt": "1\n1\n3\n",
    "train_texts_cn.txt": "海 海 船\n船\n",
    "train_texts_en.txt": "oak sea\nsea\nship ship\n",
    "train_bow_matrix_cn.npz": [[2, 1], [0, 1]],
    "train_bow_matrix_en.npz": [[1, 1, 0], [0, 1, 0], [0, 0, 2]],
    "test_bow_matrix_cn.npz": [[0, 3]],
    "test_bow_matrix_en.npz": [[0, 3, 1]],
}


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a folder, with changes; None leaves a file out."""

    def write(**changes):
        changes = {name.replace("__", "."): what for name, what in changes.items()}
        for name, content in (FILES | changes).items():
            if isinstance(content, str):
                (tmp_path / name).write_text(content, encoding="utf-8")
            elif isinstance(content, bytes):
                (tmp_path / name).write_bytes(content)
            elif content is not None:
                sparse.save_npz(tmp_path / name, sparse.csr_matrix(content))
        return tmp_path

    return write


def test_every_document_is_a_row_with_one_language(folder):
    corpus = read_infoctm(folder())
    assert corpus.data.view_names == ("cn", "en")
    assert_array_equal(corpus.data["cn"].present, [1, 1, 0, 0, 0])
    assert_array_equal(corpus.data["en"].present, [0, 0, 1, 1, 1])
    assert_array_equal(
        corpus.data["en"].counts[2:].toarray(), FILES["train_bow_matrix_en.npz"]
    )
    assert corpus.data["cn"].vocabulary.tolist() == ["海", "船"]
    assert_array_equal(corpus.target, [1, 2, 1, 1, 3])
    assert corpus.target.dtype.kind == "i"
    assert corpus.frame["language"].tolist() == ["cn"] * 2 + ["en"] * 3
    assert corpus.frame["en"].dropna().tolist() == ["oak sea", "sea", "ship ship"]
    assert corpus.data.index.tolist() == list(range(5))


def test_test_documents_without_labels_and_texts(folder):
    corpus = read_infoctm(folder(), "test", languages=["en"])
    assert corpus.data.shape == (1, 1)
    assert corpus.target is None
    assert corpus.frame["en"].isna().all()


def test_other_names_of_the_same_files(folder):
    expected = read_infoctm(folder()).data
    path = folder()
    for name in ("cn", "en"):
        (path / f"train_bow_matrix_{name}.npz").rename(path / f"train_bow_{name}.npz")
        (path / f"vocab_{name}").rename(path / f"vocab_{name}.txt")
    assert read_infoctm(path).data == expected


def test_labels_can_be_names(folder):
    path = folder(train_labels_en__txt="news\nnews\nsports\n")
    assert read_infoctm(path).target.tolist() == ["1", "2", "news", "news", "sports"]


def test_embeddings_go_with_the_documents(folder):
    vectors = {"cn": np.eye(2, 4), "en": np.eye(3, 4)}
    data = read_infoctm(folder(), embeddings=vectors).data
    for name, own in vectors.items():
        assert_array_equal(data[name].embedding[data[name].present], own)


def test_a_model_takes_it(folder):
    data = read_infoctm(folder()).data
    with pytest.warns(UserWarning, match="no row has two of the texts cn, en"):
        model = PolylingualLDA(2, max_iter=2, random_state=0).fit(data)
    assert model.transform(read_infoctm(folder(), "test").data).shape == (2, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_en": "oak\nsea\noak\n"}, "vocab_en, line 3: 'oak' is already in li"),
        ({"vocab_en": "oak\n\nship\n"}, "vocab_en, line 2: empty"),
        ({"vocab_en": "oak\nsea\n"}, "en.npz has 3 columns, but .*vocab_en has 2 wo"),
        ({"vocab_en": b"oak\nse\xff\nship\n"}, "vocab_en, line 2: not UTF-8"),
        ({"train_labels_en__txt": "1\n1\n"}, "labels_en.txt has 2 lines for 3 docume"),
        ({"train_texts_cn__txt": "海\n" * 3}, "texts_cn.txt has 3 lines for 2 docum"),
        ({"train_bow_matrix_cn__npz": b"PK"}, "cn.npz is not a sparse matrix of SciP"),
        ({"train_bow_matrix_cn__npz": [[1, -1]]}, "cn.npz has negative counts"),
        ({"train_bow_matrix_cn__npz": [[1, np.nan]]}, "not finite numbers"),
        ({"train_bow_matrix_cn__npz": None}, "has no train_bow_matrix_cn.npz or tra"),
        (
            {"train_labels_cn__txt": None},
            "have labels, but 'cn' has none",
        ),
    ],
)
def test_damage_is_named(folder, change, message):
    with pytest.raises(ValueError, match=message):
        read_infoctm(folder(**change))


def test_a_matrix_with_indices_outside(folder):
    path = folder()
    file = path / "train_bow_matrix_en.npz"
    parts = dict(np.load(file))
    parts["indices"] = parts["indices"] + 2
    np.savez(file, **parts)
    with pytest.raises(ValueError, match="not a sparse matrix of SciPy: .*indices"):
        read_infoctm(path)


def test_a_pickle_is_never_loaded(folder):
    path = folder()
    np.savez(path / "train_bow_matrix_en.npz", format=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="not a sparse matrix of SciPy"):
        read_infoctm(path)


def test_wrong_arguments(folder, tmp_path):
    path = folder()
    with pytest.raises(ValueError, match="subset must be one of"):
        read_infoctm(path, "validation")
    with pytest.raises(ValueError, match="has no vocab_fr or vocab_fr.txt"):
        read_infoctm(path, languages=["fr"])
    with pytest.raises(ValueError, match="embeddings has 'fr', but the languages are"):
        read_infoctm(path, embeddings={"fr": np.eye(2)})
    with pytest.raises(ValueError, match="embeddings of 'en' have 2 rows, but .* 3 tr"):
        read_infoctm(path, embeddings={"en": np.eye(2)})
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no vocabulary, such as vocab_en"):
        read_infoctm(tmp_path / "empty")

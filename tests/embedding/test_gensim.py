"""Word vectors of every format, and Doc2Vec that repeats."""

import gzip
import hashlib
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    KeyedVectorsEncoder,
    LsaEncoder,
    WordVectorizer,
)

VECTORS = {"brush": [1, 0, 0], "layer": [0, 1, 0], "Berlin": [0, 0, 1]}
TEXTS = ["Brush brush layer", "berlin Berlin", "nothing known", None, "brush Berlin"]


@pytest.fixture(scope="module")
def keyed_vectors():
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(3)
    vectors.add_vectors(list(VECTORS), np.array([*VECTORS.values()], dtype=np.float32))
    return vectors


@pytest.fixture(scope="module")
def folder(keyed_vectors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    keyed_vectors.save(str(folder / "native.kv"))
    keyed_vectors.save_word2vec_format(str(folder / "text.vec"))
    keyed_vectors.save_word2vec_format(str(folder / "binary.bin"), binary=True)
    for name in ("text.vec", "binary.bin"):
        data = gzip.compress((folder / name).read_bytes())
        (folder / f"{name}.gz").write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "name", ["native.kv", "text.vec", "binary.bin", "text.vec.gz", "binary.bin.gz"]
)
def test_means_of_vectors_of_every_format(folder, name):
    encoder = KeyedVectorsEncoder(folder / name, weights="uniform")
    vectors = encoder.fit_transform(TEXTS)
    assert vectors.dtype == np.float32
    expected = [[2 / 3, 1 / 3, 0], [0, 0, 1], [0, 0, 0], [np.nan] * 3, [0.5, 0, 0.5]]
    np.testing.assert_allclose(vectors[[0, 2, 3, 4]], np.array(expected)[[0, 2, 3, 4]])
    np.testing.assert_allclose(vectors[1], expected[1])  # "berlin" alone is unknown


def test_rare_words_weigh_more(folder):
    texts = ["brush layer", "brush", "brush"]
    vectors = KeyedVectorsEncoder(folder / "text.vec").fit(texts).transform(texts[:1])
    idf = np.log(3 / 3) + 1, np.log(3 / 2) + 1  # of the two distinct texts
    np.testing.assert_allclose(vectors[0, :2], np.array(idf) / sum(idf), rtol=1e-6)


def test_words_as_they_stand(folder):
    encoder = KeyedVectorsEncoder(folder / "text.vec", lowercase=False)
    vectors = encoder.fit_transform(["Brush Berlin", "brush BERLIN"])
    np.testing.assert_allclose(vectors, [[0, 0, 1], [1, 0, 0]])


@pytest.mark.slow
def test_fasttext_knows_words_that_it_never_saw(tmp_path):
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    sentences = [["brush", "paint", "ink"], ["layer", "mask", "opacity"]] * 20
    model = FastText(sentences, vector_size=8, min_count=1, seed=0, workers=1)
    save_facebook_model(model, str(tmp_path / "model.bin"))
    encoder = KeyedVectorsEncoder(tmp_path / "model.bin", weights="uniform")
    vectors = encoder.fit_transform(["brush", "brushes"])
    np.testing.assert_allclose(vectors[0], model.wv["brush"], atol=1e-6)
    np.testing.assert_allclose(vectors[1], model.wv["brushes"], atol=1e-6)
    assert vectors[1].any()


def test_a_whole_model_of_gensim_has_its_word_vectors(tmp_path):
    from gensim.models import Word2Vec

    model = Word2Vec([["brush", "ink"]] * 5, vector_size=4, min_count=1, workers=1)
    model.save(str(tmp_path / "model"))
    vectors = KeyedVectorsEncoder(tmp_path / "model").fit_transform(["brush"])
    np.testing.assert_allclose(vectors[0], model.wv["brush"], atol=1e-6)


def test_clones_and_pickles_hold_no_vectors(folder, tmp_path):
    path = tmp_path / "text.vec"
    path.write_bytes((folder / "text.vec").read_bytes())
    encoder = KeyedVectorsEncoder(path)
    vectors = encoder.fit_transform(TEXTS)
    path.rename(tmp_path / "elsewhere")
    clone(encoder)
    again = pickle.loads(pickle.dumps(encoder))
    with pytest.raises(FileNotFoundError, match=r"text\.vec"):
        again.transform(TEXTS)
    (tmp_path / "elsewhere").rename(path)
    np.testing.assert_array_equal(again.transform(TEXTS), vectors)


def test_a_missing_file():
    with pytest.raises(FileNotFoundError, match="absent"):
        KeyedVectorsEncoder("absent.vec").fit(["a text"])


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_format_of_glove(compress, tmp_path):
    lines = [f"{word} {' '.join(map(str, row))}\n" for word, row in VECTORS.items()]
    path = tmp_path / f"glove.txt{'.gz' if compress is gzip.compress else ''}"
    path.write_bytes(compress("".join(lines).encode()))
    vectors = KeyedVectorsEncoder(path, weights="uniform").fit_transform(TEXTS)
    np.testing.assert_allclose(vectors[0], [2 / 3, 1 / 3, 0])
    assert vectors.shape == (5, 3)


def test_words_with_spaces_and_words_that_are_there_twice(tmp_path):
    (tmp_path / "a.txt").write_text("a 1 0\n. . a 5 5\na 3 3\n", newline="\r\n")
    vectors = _load_vectors(tmp_path / "a.txt")
    assert vectors.get_vector("a").tolist() == [1, 0]
    assert vectors.get_vector(". . a").tolist() == [5, 5]


def _load_vectors(path):
    return KeyedVectorsEncoder(path)._vectors()


def test_words_in_other_encodings(tmp_path):
    text = "2 2\nstraße 1 0\nüber 0 1\n"
    (tmp_path / "latin.vec").write_bytes(text.encode("latin-1"))
    encoder = KeyedVectorsEncoder(tmp_path / "latin.vec", weights="uniform")
    with pytest.raises(ValueError, match=r"latin.vec: a word is not utf-8; set encod"):
        encoder.fit(["über"])
    encoder.set_params(encoding="latin-1")
    np.testing.assert_array_equal(encoder.fit_transform(["über"]), [[0, 1]])
    for wrong in ("unknown", "rot13", "base64", "a\0"):
        with pytest.raises(ValueError, match="encoding=.* is not an encoding of text"):
            encoder.set_params(encoding=wrong).fit(["über"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.vec", b"2 3\nbrush 1 0 0\nlayer 1\n"),
        ("a.vec", b"3 3\nbrush 1 0 0\n"),
        ("a.txt", b"brush 1 0 x\n"),
        ("a.txt", b"brush 1 0 0\nlayer 1 0\n"),
        ("a.txt", b"brush 1 nan 0\n"),
        ("a.vec", b"2 0\nbrush\nlayer\n"),
        ("a.txt", b""),
        ("a.bin", b"2 3\nbrush \0\0"),
        ("a.vec.gz", gzip.compress(b"1 3\nbrush 1 0 0\n", mtime=0)[:-12]),
        ("a.bin", (793712314).to_bytes(4, "little") + b"cut"),
    ],
)
def test_damaged_files_are_named(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"cannot read the word vectors .*{name}: "):
        KeyedVectorsEncoder(tmp_path / name).fit(["brush"])


def test_another_file_of_equal_size_and_time(tmp_path):
    path = tmp_path / "a.vec"
    path.write_text("1 2\nbrush 1 0\n")
    encoder = KeyedVectorsEncoder(path).fit(["brush"])
    encoder.transform(["brush"])
    before = path.stat()
    path.write_text("1 2\nbrush 0 1\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    np.testing.assert_array_equal(encoder.transform(["brush"]), [[0, 1]])


@pytest.fixture(scope="module")
def pages():
    frame = load_gimp_help("test").frame.drop_duplicates(["en"])
    return frame["en"].str.slice(0, 1500).tolist()[:60]


@pytest.mark.slow
def test_doc2vec_finds_what_lsa_finds(pages):
    halves = [page[: len(page) // 2] for page in pages]
    rest = [page[len(page) // 2 :] for page in pages]
    ranks = {}
    for name, encoder in {
        "doc2vec": Doc2VecEncoder(30, max_iter=40, random_state=0),
        "lsa": LsaEncoder(30, random_state=0),
    }.items():
        encoder.fit(pages)
        first, second = encoder.transform(halves), encoder.transform(rest)
        center = encoder.transform(pages).mean(axis=0)
        first, second = first - center, second - center
        first /= np.linalg.norm(first, axis=1, keepdims=True)
        second /= np.linalg.norm(second, axis=1, keepdims=True)
        ranks[name] = ((first @ second.T).argmax(axis=1) == np.arange(60)).mean()
    assert ranks["doc2vec"] > 0.3  # chance: 0.017
    assert ranks["lsa"] > 0.3


def test_doc2vec_encodes_each_text_by_itself(pages):
    encoder = Doc2VecEncoder(10, max_iter=3, random_state=0).fit(pages)
    vectors = encoder.transform(pages[:5])
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(encoder.transform(pages[4:2:-1]), vectors[4:2:-1])
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(pages[:5]), vectors)
    assert not encoder.transform(["qqq zzz"]).any()
    assert encoder.n_iter_ == 3
    assert len(encoder.get_feature_names_out()) == 10


def test_doc2vec_infers_what_gensim_infers(pages, monkeypatch):
    from gensim.models import doc2vec

    encoder = Doc2VecEncoder(10, random_state=0).fit(pages)
    vectors, model = encoder.transform(pages), encoder.model_

    def infer(page):
        model.random = np.random.RandomState(model.seed)
        words = [word for word in split(page) if word in model.wv.key_to_index]
        return model.infer_vector(words, epochs=encoder.n_iter_)

    split = WordVectorizer().build_analyzer()
    theirs = np.array([infer(page) for page in pages])
    differences = np.linalg.norm(vectors - theirs, axis=1)
    assert (differences < 0.1 * np.linalg.norm(theirs, axis=1)).all()
    # gensim starts from the hash of the text.
    start = lambda size, **_: np.zeros(size, dtype=np.float32)  # noqa: E731
    monkeypatch.setattr(doc2vec, "pseudorandom_weak_vector", start)
    theirs = np.array([infer(page) for page in pages])
    np.testing.assert_allclose(vectors, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_doc2vec_repeats_in_another_process(pages):
    code = (
        "import sys, json, hashlib; from sklearn_m3l.embedding import Doc2VecEncoder;"
        "from sklearn_m3l.datasets import load_gimp_help;"
        "frame = load_gimp_help('test').frame.drop_duplicates(['en']);"
        "pages = frame['en'].str.slice(0, 1500).tolist()[:60];"
        "encoder = Doc2VecEncoder(10, max_iter=3, random_state=0);"
        "vectors = encoder.fit_transform(pages);"
        "print(hashlib.sha256(vectors.tobytes()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    encoder = Doc2VecEncoder(10, max_iter=3, random_state=0)
    here = hashlib.sha256(encoder.fit_transform(pages).tobytes()).hexdigest()
    assert there == here
    other = Doc2VecEncoder(10, max_iter=3, random_state=1).fit_transform(pages)
    assert hashlib.sha256(other.tobytes()).hexdigest() != here


def test_doc2vec_leaves_the_global_generator_alone(pages):
    state = np.random.get_state()[1].copy()
    Doc2VecEncoder(5, max_iter=2, random_state=0).fit_transform(pages[:10])
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_doc2vec_of_words_that_are_all_rare():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="no word occurs min_count=2 times in 2"):
            Doc2VecEncoder().fit(["one two", "three four"])

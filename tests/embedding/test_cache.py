"""The store of vectors: what it tells apart, and several processes at once."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from sklearn_m3l.embedding._cache import VectorCache

WRITER = """
import sys
import numpy as np
from sklearn_m3l.embedding._cache import VectorCache

folder, number = sys.argv[1], int(sys.argv[2])
cache = VectorCache(folder, "settings")
for text in range(20):
    keys = [cache.key(f"common {text}"), cache.key(f"own {number} {text}")]
    cache.put(keys, np.full((2, 3), text, dtype=np.float32))
    assert len(cache.get(keys)) == 2
"""


def test_vectors_are_found_by_content_and_settings(tmp_path):
    cache = VectorCache(tmp_path / "new", "a")
    keys = [cache.key(text) for text in ("x", "y")]
    assert cache.get(keys) == {}
    vectors = np.array([[1, 2], [3, 4]], dtype=np.float32)
    cache.put(keys, vectors)
    found = VectorCache(tmp_path / "new", "a").get([*keys, None, cache.key("z")])
    assert set(found) == set(keys)
    np.testing.assert_array_equal([found[key] for key in keys], vectors)
    other = VectorCache(tmp_path / "new", "b")
    assert other.get([other.key("x")]) == {}


def test_what_has_no_key_or_no_vector_is_not_stored(tmp_path):
    cache = VectorCache(tmp_path, "a")
    keys = [None, cache.key("x"), cache.key("y")]
    cache.put(keys, np.array([[1, 1], [np.nan, np.nan], [2, 2]]))
    assert list(cache.get(keys)) == [keys[2]]


def test_keys_tell_cells_apart(tmp_path):
    cache = VectorCache(tmp_path, "a")
    path = tmp_path / "picture"
    path.write_bytes(b"abc")
    assert cache.key(path) == cache.key(b"abc") != cache.key(b"abd")
    assert cache.key(tmp_path / "absent") is None
    arrays = [np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((2, 3), np.float32)]
    images = [
        Image.new("RGB", (2, 3)),
        Image.new("RGB", (3, 2)),
        Image.new("L", (6, 3)),
        Image.new("RGB", (2, 3), (0, 0, 1)),
        Image.new("RGB", (2, 3), (8, 8, 8)).quantize(),
        Image.new("RGB", (2, 3), (9, 9, 9)).quantize(),
    ]
    keys = [cache.key(cell) for cell in (*arrays, *images, "", "\ud800")]
    assert len(set(keys)) == len(keys)


def test_pictures_that_look_different_have_keys_of_their_own(tmp_path):
    """Orientation and transparency are not among the pixels."""
    cache = VectorCache(tmp_path, "a")
    image = Image.new("RGB", (4, 2), (9, 9, 9))
    turned, clear = image.copy(), image.copy()
    turned.getexif()[0x0112] = 6
    clear.info["transparency"] = (9, 9, 9)
    assert len({cache.key(cell) for cell in (image, turned, clear)}) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_what_cannot_be_read_has_no_key(tmp_path):
    cache = VectorCache(tmp_path, "a")
    os.mkfifo(tmp_path / "pipe")  # to which nobody writes
    Image.effect_noise((64, 64), 50).save(tmp_path / "cut.png")
    os.truncate(tmp_path / "cut.png", 2000)
    with Image.open(tmp_path / "cut.png") as cut:
        assert cache.key(cut) is None
    assert cache.key(tmp_path / "pipe") is None
    assert cache.key(tmp_path) is None


def test_more_vectors_than_a_statement_takes(tmp_path):
    cache = VectorCache(tmp_path, "a")
    keys = [cache.key(str(number)) for number in range(1203)]
    cache.put(keys, np.arange(1203, dtype=np.float32)[:, np.newaxis])
    found = cache.get(keys)
    assert [found[key][0] for key in keys] == list(range(1203))


@pytest.mark.slow
def test_several_processes_make_and_fill_one_store(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)])
        for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0] * 3
    cache = VectorCache(tmp_path, "settings")
    names = [f"common {text}" for text in range(20)]
    names += [f"own {number} {text}" for number in range(3) for text in range(20)]
    assert len(cache.get([cache.key(name) for name in names])) == 80


def test_no_flipped_bit_gives_another_vector(tmp_path):
    cache = VectorCache(tmp_path, "a")
    keys = [cache.key(str(number)) for number in range(30)]
    vectors = np.random.default_rng(0).normal(size=(30, 16)).astype(np.float32)
    cache.put(keys, vectors)
    path = tmp_path / "vectors.sqlite"
    data, n_noticed = path.read_bytes(), 0
    for place in range(0, len(data), 41):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with warnings.catch_warnings(record=True) as told, contextlib.suppress(OSError):
            warnings.simplefilter("always")
            found = cache.get(keys)
            for key, vector in found.items():
                np.testing.assert_array_equal(vector, vectors[keys.index(key)])
        n_noticed += len(told)
    assert n_noticed > 20


def test_a_vector_under_the_key_of_another_is_damaged(tmp_path):
    cache = VectorCache(tmp_path, "a")
    keys = [cache.key(text) for text in ("x", "y", "z")]
    cache.put(keys, np.arange(6, dtype=np.float32).reshape(3, 2))
    path = tmp_path / "vectors.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE key = ?) "
            "WHERE key = ?",
            keys[:2],
        )
        connection.execute("UPDATE vectors SET vector = 7 WHERE key = ?", keys[2:])
    with pytest.warns(UserWarning, match="2 vectors in the cache .* are damaged"):
        assert list(cache.get(keys)) == keys[:1]
    cache.put(keys, np.arange(6, dtype=np.float32).reshape(3, 2))
    assert len(cache.get(keys)) == 3


@pytest.mark.parametrize(
    "change",
    [
        "CREATE VIEW vectors AS WITH RECURSIVE n(key, vector) AS "
        "(SELECT 1, 1 UNION ALL SELECT key + 1, 1 FROM n) SELECT * FROM n",
        "CREATE TABLE vectors (key BLOB, vector BLOB)",
        "CREATE TABLE other (key BLOB)",
    ],
)
def test_other_databases_are_refused(change, tmp_path):
    path = tmp_path / "vectors.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    with pytest.raises(OSError, match="sqlite: file has other content than vectors"):
        VectorCache(tmp_path, "a").get([b"key"])


def test_a_file_that_is_no_cache(tmp_path):
    (tmp_path / "vectors.sqlite").write_text("something else entirely " * 100)
    with pytest.raises(
        OSError, match="cannot use the cache of vectors, .*sqlite: file"
    ):
        VectorCache(tmp_path, "a").get([b"key"])

"""A store of vectors on disk that several processes can use at once."""

import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_m3l.embedding._pictures import MAX_BYTES, open_picture
from sklearn_m3l.utils._files import read_file

# Seconds to wait while another process writes.
_PATIENCE = 60.0
# Values in one statement; SQLite takes at least 999.
_VALUES = 500

_CHECKSUM_BYTES = 16

_SCHEMA = "vectors (key BLOB PRIMARY KEY, vector BLOB)"


class VectorCache:
    """Vectors by the content that they encode and the settings of the encoder.

    Each vector is stored with a checksum. Damaged vectors count as absent.

    Parameters
    ----------
    folder : str or path
        Holds the database, ``vectors.sqlite``, and is created if needed. It must be on
        a local disk: several processes may share it, but not several machines.
    settings : str
        Everything that a vector depends on besides the content.
    """

    def __init__(self, folder: str | PathLike, settings: str):
        self._path = Path(folder) / "vectors.sqlite"
        self._settings = blake2b(settings.encode()).digest()

    def key(self, cell: Any) -> bytes | None:
        """Return the key of a text or picture; None if its file is unreadable."""
        content = _content(cell)
        if content is None:
            return None
        return blake2b(self._settings + content, digest_size=20).digest()

    def get(self, keys: Iterable[bytes | None]) -> dict[bytes | None, np.ndarray]:
        """Return the stored vectors by key; warn if some are damaged."""
        known = [key for key in keys if key is not None]
        found: dict[bytes | None, np.ndarray] = {}
        n_damaged = 0
        with self._connection() as connection:
            for start in range(0, len(known), _VALUES):
                part = known[start : start + _VALUES]
                marks = ", ".join("?" * len(part))
                rows = connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part
                )
                for key, sealed in rows:
                    vector = _unseal(key, sealed)
                    if vector is None:
                        n_damaged += 1
                    else:
                        found[key] = np.frombuffer(vector, dtype="<f4")
        if n_damaged:
            warnings.warn(
                f"{n_damaged} vectors in the cache {self._path} are damaged and are "
                "encoded again",
                UserWarning,
                stacklevel=2,
            )
        return found

    def put(self, keys: Iterable[bytes | None], vectors: np.ndarray) -> None:
        """Store all vectors or none, except those without a key and those of NaN."""
        rows = [
            (key, _seal(key, np.asarray(vector, dtype="<f4").tobytes()))
            for key, vector in zip(keys, vectors, strict=True)
            if key is not None and not np.isnan(vector).any()
        ]
        with self._connection() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # One per call: a connection must not cross a fork, a thread or a pickle.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as connection:
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                _check_schema(connection)
                yield connection
        except sqlite3.Error as error:
            raise OSError(
                f"cannot use the cache of vectors, {self._path}: {error}"
            ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Allow processes to read while one writes."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait for its turn when the mode of a new database changes.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _check_schema(connection: sqlite3.Connection) -> None:
    """Create the table; refuse views and triggers, whose queries may never end."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {_SCHEMA}")
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOTNULL")
    if found.fetchall() != [(f"CREATE TABLE {_SCHEMA}",)]:
        raise sqlite3.DatabaseError("file has other content than vectors")


def _seal(key: bytes, vector: bytes) -> bytes:
    """Return a vector with a checksum of itself and of its key."""
    return blake2b(key + vector, digest_size=_CHECKSUM_BYTES).digest() + vector


def _unseal(key: Any, sealed: Any) -> bytes | None:
    """Return the vector that was passed to `_seal`, or None if it is damaged."""
    if not (isinstance(key, bytes) and isinstance(sealed, bytes)):
        return None
    vector = sealed[_CHECKSUM_BYTES:]
    return vector if sealed == _seal(key, vector) else None


def _content(cell: Any) -> bytes | None:
    """Return bytes that identify the content of a text, path, array or PIL image."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "surrogatepass")
    if isinstance(cell, bytes):
        return cell
    try:
        if isinstance(cell, Path):
            return read_file(cell, MAX_BYTES)
        if isinstance(cell, np.ndarray):
            return f"{cell.dtype.str} {cell.shape} ".encode() + cell.tobytes()
        # A picture depends on more than pixels: on palette, orientation, and
        # transparency.
        picture = open_picture(cell)
    except (OSError, ValueError):
        return None
    return f"{picture.size} ".encode() + picture.tobytes()

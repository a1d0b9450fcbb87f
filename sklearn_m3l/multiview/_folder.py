"""Folders of arrays that store a MultiView.

A folder contains ``.npy`` files and ``manifest.json``, which names the views and has
the size, type, shape and checksum of every file. A folder of parts contains such
folders, and a manifest that names them.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_m3l.multiview._checks import check_names, check_vocabulary
from sklearn_m3l.multiview._multiview import MultiView
from sklearn_m3l.multiview._stored import (
    CountFile,
    StoredCounts,
    StoredRows,
    VectorFile,
)
from sklearn_m3l.multiview._view import View, same_array
from sklearn_m3l.utils._files import new_folder, read_file, replace_file
from sklearn_m3l.utils._storage import StorageError, digest, from_json, to_json

MANIFEST = "manifest.json"
_KIND, _KIND_OF_PARTS = "multiview", "parts of a multiview"

# Rows to write at once, and bytes to read at once.
_ROWS = 2**14
_BYTES = 2**22
_MAX_MANIFEST = 2**28


def save_folder(X: MultiView, folder: Path) -> None:
    """Store rows in a folder that does not exist yet; see `MultiView.save`."""
    try:
        with new_folder(folder) as part:
            _write_manifest(part, _KIND, _write(X, part))
    except OSError as error:
        if error.errno is None:  # our own
            raise
        what = f"{error.strerror}: nothing was stored in {folder}"
        raise OSError(error.errno, what) from error


def save_manifest_of_parts(folder: Path, names: Sequence[str]) -> None:
    """Mark a folder as complete, and list its parts."""
    _write_manifest(folder, _KIND_OF_PARTS, {"parts": list(names)})


def _write_manifest(folder: Path, kind: str, content: dict) -> None:
    text = to_json(kind, {"checksum": digest(content), "manifest": content})
    replace_file(folder / MANIFEST, text)


def _write(X: MultiView, folder: Path) -> dict[str, Any]:
    """Write the arrays of a MultiView; return their entries in the manifest."""
    files: dict[str, dict] = {}

    def write(name: str, array: np.ndarray) -> None:
        with _Writer(folder / name, array.dtype, array.shape) as writer:
            for start in range(0, max(len(array), 1), _ROWS):
                writer.add(np.asarray(array[start : start + _ROWS]))
        files[name] = writer.entry

    write("index.npy", _labels(X.index))
    if X.groups is not None:
        write("groups.npy", X.groups)
    for number, view in enumerate(X.views.values()):
        write(f"{number}.present.npy", view.present)
        if view.embedding is not None:
            write(f"{number}.embedding.npy", view.embedding)
        if view.vocabulary is not None:
            write(f"{number}.vocabulary.npy", view.vocabulary)
        if view.counts is not None:
            files |= _write_counts(view.counts, folder, number)
    views = [
        {"name": name, "n_words": view.counts.shape[1] if view.is_text else None}
        for name, view in X.views.items()
    ]
    return {"n_rows": len(X), "views": views, "files": files}


def _labels(index: np.ndarray) -> np.ndarray:
    """Return row labels that are not objects, which NumPy would pickle."""
    if index.dtype != object:
        return index
    kinds = {type(label) for label in index}
    if kinds <= {str}:
        labels = index.astype(str) if len(index) else np.empty(0, dtype="U1")
        if not same_array(labels.astype(object), index):
            raise ValueError("a row label ends with a null character")
        return labels
    names = " and ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(
        f"row labels of type {names} cannot be stored; build the MultiView with an "
        "index of strings, or of numbers"
    )


def _write_counts(counts, folder: Path, number: int) -> dict[str, dict]:
    """Write a CSR array in chunks of rows; return its entries in the manifest."""
    lengths = np.diff(counts.indptr)
    n_cells = int(lengths.sum(dtype=np.int64))
    index_type = np.dtype(np.int32 if n_cells < 2**31 else np.int64)
    parts = {
        "indptr": (index_type, len(lengths) + 1),
        "indices": (index_type, n_cells),
        "data": (counts.dtype, n_cells),
    }
    with ExitStack() as stack:
        writers = {
            f"{number}.{name}.npy": stack.enter_context(
                _Writer(folder / f"{number}.{name}.npy", dtype, (size,))
            )
            for name, (dtype, size) in parts.items()
        }
        pointers, indices, data = writers.values()
        pointers.add(np.zeros(1, index_type))
        done = 0
        for start in range(0, len(lengths), _ROWS):
            block = counts[start : start + _ROWS]
            pointers.add((done + block.indptr[1:].astype(np.int64)).astype(index_type))
            indices.add(block.indices.astype(index_type, copy=False))
            data.add(block.data)
            done += len(block.data)
    return {name: writer.entry for name, writer in writers.items()}


class _Writer:
    """Write an array piece by piece, and compute its checksum."""

    def __init__(self, path: Path, dtype: np.dtype, shape: tuple[int, ...]):
        self._file = path.open("xb")
        self._hasher = hashlib.sha256()
        descr = np.lib.format.dtype_to_descr(dtype)
        self.entry: dict[str, Any] = {"dtype": descr, "shape": shape}
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self, header)

    def write(self, content: bytes | memoryview) -> None:
        self._hasher.update(content)
        self._file.write(content)

    def add(self, piece: np.ndarray) -> None:
        if piece.size:
            array = np.ascontiguousarray(piece)
            self.write(array.reshape(-1).view(np.uint8).data)

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind, *_) -> None:
        try:
            if kind is None:
                self._file.flush()  # fails here if the disk is full
                self.entry["bytes"] = self._file.tell()
                self.entry["sha256"] = self._hasher.hexdigest()
        finally:
            self._file.close()


def open_folders(folder: Any, verify: bool) -> MultiView:
    """Open one folder or several; see `MultiView.open`."""
    if isinstance(folder, (str, os.PathLike)):
        folders = _folders_in(Path(folder))
    else:
        folders = [Path(part) for part in folder]
        if not folders:
            raise ValueError("open needs at least one folder")
    first: dict[Path, Path] = {}
    for path in folders:
        if first.setdefault(path.resolve(), path) is not path:
            raise ValueError(f"{path} is given twice")
    parts = [_open(path, verify) for path in folders]
    for path, part in zip(folders, parts, strict=True):
        _check_same_views(path, part, folders[0], parts[0])
    return parts[0] if len(parts) == 1 else MultiView.concat(parts)


def _folders_in(folder: Path) -> list[Path]:
    """Return the parts of a folder, or the folder itself if it has none."""
    kind, content = _read_manifest(folder)
    if kind == _KIND:
        return [folder]
    names: Any = content.get("parts")
    listed = isinstance(names, list) and all(type(n) is str for n in names)
    if not listed or not names or any(Path(name).name != name for name in names):
        raise StorageError(f"{folder / MANIFEST} names no parts")
    return [folder / name for name in names]


def _read_manifest(folder: Path) -> tuple[str, dict]:
    """Return the kind and the manifest of a folder."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not path.exists():
        raise StorageError(
            f"{folder} has no {MANIFEST}: it is not a stored MultiView, or not all of "
            "its parts are written yet"
        )
    text = read_file(path, _MAX_MANIFEST).decode(errors="replace")
    for kind in (_KIND, _KIND_OF_PARTS):
        try:
            content = from_json(kind, text)
        except StorageError as error:
            why = error
            continue
        known = isinstance(content, dict) and isinstance(content.get("manifest"), dict)
        if not known or digest(content["manifest"]) != content.get("checksum"):
            raise StorageError(f"{path} is damaged: it does not match its checksum")
        return kind, content["manifest"]
    raise StorageError(f"{path}: {why}")


def _open(folder: Path, verify: bool) -> MultiView:
    """Open a folder that `save_folder` wrote."""
    kind, manifest = _read_manifest(folder)
    if kind != _KIND:
        raise StorageError(f"{folder} has parts itself; open it on its own")
    try:
        X = _open_arrays(_Reader(folder, manifest, verify), manifest)
    except (AttributeError, KeyError, TypeError, OverflowError) as error:
        raise StorageError(f"{folder / MANIFEST} is malformed: {error!r}") from error
    if verify:
        for view in X.views.values():
            for rows, _ in view.chunks():
                if view.counts is not None:
                    _ = view.counts[rows].indices
    return X


def _open_arrays(reader: "_Reader", manifest: dict) -> MultiView:
    n_rows = manifest["n_rows"]
    index = reader.array("index.npy", (n_rows,), "biufUSMm")
    groups = reader.array("groups.npy", (n_rows,), "biufU", optional=True)
    views: dict[str, View] = {}
    for number, entry in enumerate(manifest["views"]):
        check_names("the manifest", [entry["name"]])
        view = _open_view(reader, number, entry["name"], entry["n_words"], n_rows)
        views[entry["name"]] = view
    return MultiView._of_checked(views, index, groups)


def _open_view(reader: "_Reader", number: int, name: str, n_words, n_rows) -> View:
    embedding = counts = words = None
    present = reader.array(f"{number}.present.npy", (n_rows,), "b")
    if present.size and present.view(np.uint8).max() > 1:
        raise reader.damaged(
            f"{number}.present.npy", "values other than true and false"
        )
    where = f"{reader.folder}, view {name!r}"
    vectors = reader.array(
        f"{number}.embedding.npy", (n_rows, None), "biuf", optional=True
    )
    if vectors is not None:
        embedding = StoredRows([VectorFile(vectors, present, where)])
    if n_words is not None:
        indptr = np.array(reader.array(f"{number}.indptr.npy", (n_rows + 1,), "i"))
        shape = (int(indptr[-1]),)
        if indptr[0] != 0 or (np.diff(indptr) < 0).any():
            raise reader.damaged(
                f"{number}.indptr.npy", "pointers that are not in order"
            )
        indices = reader.array(f"{number}.indices.npy", shape, "i")
        data = reader.array(f"{number}.data.npy", shape, "iuf")
        counts = StoredCounts.of([CountFile(data, indices, indptr, where)], n_words)
        vocabulary = f"{number}.vocabulary.npy"
        words = reader.array(vocabulary, (n_words,), "U", optional=True)
        words = check_vocabulary(name, words, counts)
    return View._of_checked(embedding, counts, words, present)


class _Reader:
    """Map the files of a folder, and check them against its manifest."""

    def __init__(self, folder: Path, manifest: dict, verify: bool):
        self.folder = folder
        self._files = manifest["files"]
        self._verify = verify

    def damaged(self, name: str, what: str) -> StorageError:
        """Return the error for a file that `save_folder` cannot have written."""
        return StorageError(f"{self.folder / name} is damaged: it has {what}")

    def array(self, name: str, shape: tuple, kinds: str, optional: bool = False) -> Any:
        """Return an array on disk, of a shape in which None is any length."""
        if optional and name not in self._files:
            return None
        entry, path = self._files[name], self.folder / name
        if not path.is_file():
            raise StorageError(f"{path} is missing")
        size = path.stat().st_size
        if size != entry["bytes"]:
            raise self.damaged(name, f"{size:,} bytes instead of {entry['bytes']:,}")
        if self._verify and _checksum(path) != entry["sha256"]:
            raise self.damaged(name, "another checksum than when it was stored")
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise self.damaged(name, f"no array of NumPy ({error})") from error
        found = np.lib.format.dtype_to_descr(array.dtype), list(array.shape)
        if found != (entry["dtype"], entry["shape"]) or not array.flags.c_contiguous:
            raise self.damaged(name, "another shape or type than its manifest says")
        fits = len(shape) == array.ndim and all(
            wanted in (None, length)
            for wanted, length in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in kinds:
            raise self.damaged(name, f"shape {array.shape} and type {array.dtype}")
        return array


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _schema(X: MultiView) -> Iterator[tuple[str, Any]]:
    """Iterate over the properties in which parts must agree, and their names."""
    yield "views", X.view_names
    yield "article ids", X.groups is not None
    for name, view in X.views.items():
        embedding, counts = view.embedding, view.counts
        yield f"an embedding of {name!r}", embedding is not None
        yield f"counts of {name!r}", counts is not None
        if embedding is not None:
            yield f"width of {name!r}", embedding.shape[1]
            yield f"type of the embedding of {name!r}", str(embedding.dtype)
        if counts is not None:
            yield f"number of words of {name!r}", counts.shape[1]
            yield f"type of the counts of {name!r}", str(counts.dtype)


def _check_same_views(path: Path, part: MultiView, first_path: Path, first) -> None:
    """Refuse parts whose views differ."""
    for (what, found), (_, expected) in zip(
        _schema(part), _schema(first), strict=False
    ):
        if found != expected:
            raise ValueError(
                f"{path} differs from {first_path} in {what}: {found} instead of "
                f"{expected}"
            )
    for name, view in part.views.items():
        if not same_array(view.vocabulary, first[name].vocabulary):
            raise ValueError(
                f"{path} differs from {first_path} in the words of {name!r}"
            )

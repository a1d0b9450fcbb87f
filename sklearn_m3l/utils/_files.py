"""Read and write files as a whole or not at all."""

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_writable(path: Path) -> None:
    """Check early whether `replace_file` can write a file.

    Raises
    ------
    OSError
        If it cannot; the message says why.
    """
    path = path.resolve()
    if path.is_dir():
        raise IsADirectoryError("it is a folder")
    if path.exists():
        if not path.is_file():
            raise OSError("it is not a regular file")
        if not os.access(path, os.W_OK):
            raise PermissionError("it is write-protected")
    part = _part(path)
    try:
        part.touch()
    finally:  # also if Ctrl-C is pressed right now
        part.unlink(missing_ok=True)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write bytes, or text in UTF-8, to a temporary file, then move it into place."""
    if isinstance(content, str):
        content = content.encode()
    path = path.resolve()  # write to the target of a link
    part = _part(path)
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, which is moved into place once it is complete.

    Raises
    ------
    FileExistsError
        If the path exists already.
    """
    path = path.absolute()
    if path.exists():
        raise FileExistsError(f"{path} exists already; remove it, or name another")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    try:
        part.mkdir()
        yield part
        try:
            os.rename(part, path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"{path} has been written in the meantime") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_file(path: Path, max_bytes: int | None = None) -> bytes:
    """Read a regular file at once, so that it cannot change while it is checked.

    Raises
    ------
    OSError
        If the file does not exist, is a folder, pipe or device, or has more than
        `max_bytes` bytes.
    """
    # A pipe without a writer would block.
    flags = getattr(os, "O_NONBLOCK", 0)
    with open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags)) as f:
        found = os.fstat(f.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is not a regular file")
        if max_bytes is not None and found.st_size > max_bytes:
            raise OSError(f"{path} has more than {max_bytes:,} bytes")
        # Reading allocates all that it is asked for; the file may grow in the meantime.
        return f.read(-1 if max_bytes is None else found.st_size)


def file_state(path: Path) -> tuple[int, ...]:
    """Return values that change when a file does; size and time alone can be forged."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def files_below(folder: Path) -> list[Path]:
    """Return all files in a folder and its subfolders, sorted; follow links."""
    found: list[Path] = []
    seen: set[str] = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(top)
        if here in seen:  # a link to a parent folder
            folders.clear()
            continue
        seen.add(here)
        found.extend(Path(top, name) for name in names)
    return sorted(found)


def _part(path: Path) -> Path:
    """Return the path for an incomplete file, unique to this call."""
    return path.with_name(f".{uuid.uuid4().hex}.part")

"""Files that are there as a whole or not at all."""

import os
import threading
from pathlib import Path


def check_writable(path: Path) -> None:
    """Find out early whether `replace_file` can write a file.

    Raises
    ------
    OSError
        Where it cannot, with the reason.
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
    part.touch()
    part.unlink()


def replace_file(path: Path, content: str | bytes) -> None:
    """Write bytes, or a text in UTF-8, beside a file, then put them in its place."""
    if isinstance(content, str):
        content = content.encode()
    path = path.resolve()  # a link stays a link
    part = _part(path)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    """Return where a file is written before it is complete, by this thread alone."""
    return path.with_name(f".{os.getpid()}-{threading.get_ident()}.part")

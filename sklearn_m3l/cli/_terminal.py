"""Standard output and error that never stop a command."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from sklearn_m3l.utils._text import printable

# Control characters of progress bars: a carriage return, and one line up.
_OF_BARS = re.compile(r"(\r|\x1b\[A)")


class _Forgiving:
    """A stream that accepts any text, even if it is closed or nothing reads it.

    Letters that its encoding lacks are escaped. Once a pipe is closed, such as by
    ``| head``, or a disk is full, all later text is dropped, and the work continues.

    Attributes
    ----------
    error : OSError or None
        The reason for lost text, unless a reader closed the pipe.
    """

    def __init__(self, stream: Any, has_bars: bool):
        self.error: OSError | None = None
        self._stream = stream
        self._has_bars = has_bars

    def write(self, text: str) -> int:
        parts = _OF_BARS.split(text) if self._has_bars else [text]
        # Every second part is a separator.
        parts[::2] = map(printable, parts[::2])
        shown = "".join(parts)
        shown = shown.encode(self.encoding, "backslashreplace").decode(self.encoding)
        self._try("write", shown)
        return len(text)

    def flush(self) -> None:
        self._try("flush")

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    def _try(self, method: str, *arguments: str) -> None:
        if self._stream is None:
            return
        try:
            getattr(self._stream, method)(*arguments)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.error = error
            # Python flushes the stream again at exit, which must not fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream = None


def raise_write_error(stream: Any) -> None:
    """Raise the error that kept a stream in `forgiving_streams` from being written."""
    error = getattr(stream, "error", None)
    if error is not None:
        raise error


@contextlib.contextmanager
def forgiving_streams() -> Iterator[None]:
    """Make printing work whatever the state of standard output and error."""
    if sys.stdout is None or sys.stderr is None:
        _open_closed_descriptors()
    with (
        contextlib.redirect_stdout(_Forgiving(sys.stdout, has_bars=False)),
        contextlib.redirect_stderr(_Forgiving(sys.stderr, has_bars=True)),
    ):
        yield


def _open_closed_descriptors() -> None:
    """Keep later files from becoming standard output or error."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)

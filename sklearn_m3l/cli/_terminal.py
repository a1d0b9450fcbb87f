"""Standard output and error that never stop a command."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

# All control characters but tabs and line feeds: a terminal would obey them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Return a text in which control characters are escaped."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class _Forgiving:
    """A stream that takes any text, whether or not it is open or read from.

    Letters that its encoding lacks are escaped. Once a pipe is closed, such as by
    ``| head``, all further text is dropped.
    """

    def __init__(self, stream: Any, escapes_controls: bool):
        self._stream = stream
        self._escapes_controls = escapes_controls

    def write(self, text: str) -> int:
        shown = printable(text) if self._escapes_controls else text
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
        except BrokenPipeError:
            # Python flushes the stream once more at exit, which must not fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream = None


@contextlib.contextmanager
def forgiving_streams() -> Iterator[None]:
    """Let text be printed whatever standard output and error are."""
    if sys.stdout is None or sys.stderr is None:
        _open_closed_descriptors()
    with (
        contextlib.redirect_stdout(_Forgiving(sys.stdout, escapes_controls=True)),
        # Progress bars control the terminal.
        contextlib.redirect_stderr(_Forgiving(sys.stderr, escapes_controls=False)),
    ):
        yield


def _open_closed_descriptors() -> None:
    """Keep files that are opened later from becoming standard output or error."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)

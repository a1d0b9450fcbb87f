"""Signals that end a command: it cleans up first, and its exit code shows them."""

import signal
import threading
from types import FrameType
from typing import Any, NoReturn

# Ctrl-C, `kill`, and a closed terminal. Windows lacks the last.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class EndingSignals:
    """Turn signals into KeyboardInterrupt in a block, as Python does with Ctrl-C.

    Without a handler, SIGTERM would end the process at once, and leave child processes
    and incomplete files behind.

    Attributes
    ----------
    exit_code : int or None
        128 plus the number of the signal, as in shells; None if there was no signal.
        Not only KeyboardInterrupt may be due to a signal: compiled modules raise other
        exceptions if their import is interrupted.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "EndingSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, n) for n in _NAMES if hasattr(signal, n)):
                handler = signal.getsignal(number)
                # Keep ignoring a signal that is ignored, as under nohup.
                if handler in (signal.SIG_DFL, signal.default_int_handler):
                    self._before[number] = handler
                    signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        self.exit_code = 128 + number
        raise KeyboardInterrupt

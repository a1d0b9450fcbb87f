"""Signals that end a command: it cleans up first, and says so by its exit code."""

import signal
import threading
from types import FrameType
from typing import Any, NoReturn

# Ctrl-C, `kill`, and a terminal that is closed. Windows lacks the last.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class EndingSignals:
    """Turns signals into KeyboardInterrupt in a block, as Python does with Ctrl-C.

    Without a handler, SIGTERM would end the process at once, and leave behind processes
    that it started and files that are half written.

    Attributes
    ----------
    exit_code : int or None
        128 plus the number of the signal, as in shells; None if there was no signal. An
        exception may be due to a signal even if it is not a KeyboardInterrupt: compiled
        modules that are interrupted while they are imported raise others.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "EndingSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, n) for n in _NAMES if hasattr(signal, n)):
                handler = signal.getsignal(number)
                # A signal that is ignored, as under nohup, stays so.
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

"""Threads that share the work, and work that Ctrl-C does not cut short."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


def run_threads(function: Callable[[int], Any], n_threads: int) -> list:
    """Return the results for each number below `n_threads`, a thread for each."""
    if n_threads == 1:
        return [function(0)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, range(n_threads)))


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Let Ctrl-C take effect only at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        # Python interrupts the main thread alone.
        yield
        return
    caught = threading.Event()
    handler = signal.signal(signal.SIGINT, lambda *_: caught.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught.is_set():
            signal.raise_signal(signal.SIGINT)

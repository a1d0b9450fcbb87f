"""Threads that share the work, and work that Ctrl-C does not cut short."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any


def run_threads(function: Callable[[int], Any], n_threads: int) -> list:
    """Return the results for each number below `n_threads`, a thread for each."""
    if n_threads == 1:
        return [function(0)]
    return list(_pool(os.getpid(), n_threads).map(function, range(n_threads)))


@cache
def _pool(process: int, n_threads: int) -> ThreadPoolExecutor:
    """Return the threads of a process, which are started once."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="gibbs")


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

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
    return ThreadPoolExecutor(n_threads, thread_name_prefix="sklearn_m3l")


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Let Ctrl-C take effect only at the end of the block."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is None:
        # Python interrupts only the main thread, and a handler that is not Python's own
        # cannot be put back.
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

"""Threads, and results that do not depend on their number."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from joblib import effective_n_jobs, parallel_config
from threadpoolctl import OpenBLASController, ThreadpoolController


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` means, in any process.

    If joblib would start processes, such as in a child of multiprocessing, it may
    return 1. Threads are possible there, and their number can change the result.
    """
    with parallel_config(backend="threading"):
        return effective_n_jobs(n_jobs)


def run_threads(function: Callable[[int], Any], n_threads: int) -> list:
    """Return the results for each number below `n_threads`, one thread per number."""
    if n_threads == 1:
        return [function(0)]
    return list(_pool(os.getpid(), n_threads).map(function, range(n_threads)))


def run_blocks(
    function: Callable[[Any], Any], blocks: Iterable[Any], n_threads: int
) -> None:
    """Call a function for each block of the work, in several threads.

    Ctrl-C takes effect when the started blocks are done.
    """
    pending = deque(blocks)

    def work(_: int) -> None:
        while pending:
            try:
                block = pending.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                function(block)
            except BaseException:
                pending.clear()
                raise

    try:
        run_threads(work, n_threads)
    finally:
        pending.clear()


@cache
def _pool(process: int, n_threads: int) -> ThreadPoolExecutor:
    """Return the thread pool of a process, which is started once."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="sklearn_m3l")


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> ThreadpoolController:
    """Return the loaded libraries that use threads; they come with Python modules.

    Finding them takes milliseconds: as long as a small model needs for some rows.
    """
    return ThreadpoolController()


class _SharedLimit:
    """A limit of one thread for BLAS, shared by the threads of a process.

    BLAS has one number of threads per process. If each of two overlapping blocks set
    and restored it, the second would restore the limit of the first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_users == 0:
                blas = _libraries(len(sys.modules)).select(user_api="blas")
                with _control_of_blas():
                    self._limit = blas.limit(limits=1)
            self._n_users += 1

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                with _control_of_blas():
                    self._limit.restore_original_limits()


@contextmanager
def _control_of_blas() -> Iterator[None]:
    """Let this thread set the threads of BLAS, and then any other thread.

    Newer versions of threadpoolctl ignore all threads but the first one to set a limit,
    until it is done.
    """
    release = getattr(OpenBLASController, "clear_controlling_thread", None)
    if release is None:
        yield
        return
    release(force=True)
    try:
        yield
    finally:
        release(force=True)


_blas_limit = _SharedLimit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread in the block, for the same bits everywhere.

    With several threads, the order of additions would change the bits. Blocks in
    different threads may overlap.
    """
    # OpenMP has a number of threads for each thread that calls it.
    openmp = _libraries(len(sys.modules)).select(user_api="openmp")
    with _blas_limit, openmp.limit(limits=1):
        yield


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Defer Ctrl-C until the end of the block."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is None:
        # Python interrupts only the main thread, and only its own handlers can be
        # restored.
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


def _after_fork_in_child() -> None:
    """Keep a forked process from waiting for threads that only its parent has.

    PyTorch's threads do not survive a fork, and the first operation that is split among
    them would wait forever. PyTorch also gives its own workers one thread.
    """
    global _blas_limit
    _blas_limit = _SharedLimit()  # another thread may have held its lock
    set_num_threads = getattr(sys.modules.get("torch"), "set_num_threads", None)
    if set_num_threads is not None:
        set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

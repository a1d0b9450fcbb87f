"""The threads that training may take."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sklearn_m3l.network import _ops


class _TrainingThreads:
    """Keep PyTorch from splitting operations among threads: they are too small.

    Operations of `_ops` are split into the same parts for any number of threads, so
    that results have the same bits.

    PyTorch keeps a number of threads per thread, but a new thread starts with the
    number that was set last, in any thread. If trainings overlap in threads, each must
    restore the number from before the first of them.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget all trainings, such as those of a parent process after a fork."""
        self._lock = threading.Lock()
        self._here = threading.local()
        self._n_users = 0
        self._before = 1

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Give PyTorch one thread in the block, and `_ops` all of them."""
        if getattr(self._here, "trains", False):  # a callback that trains
            yield
            return
        with self._lock:
            before = torch.get_num_threads()
            if self._n_users == 0:
                self._before = before
            elif before == 1:  # which is set while another thread trains
                before = self._before
            self._n_users += 1
            self._here.trains = True
            torch.set_num_threads(1)
            _ops.n_threads = self._before
        try:
            yield
        finally:
            with self._lock:
                self._n_users -= 1
                self._here.trains = False
                torch.set_num_threads(before)
                if self._n_users == 0:
                    _ops.n_threads = 1


training_threads = _TrainingThreads()

if hasattr(os, "register_at_fork"):
    # Nothing trains yet in a forked process, where PyTorch has one thread
    # (`utils._threads`).
    os.register_at_fork(after_in_child=training_threads.forget)

"""How training uses the cores of a processor."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from threadpoolctl import threadpool_limits


class Task:
    """A call that another thread makes, or this one if none has begun in time.

    Parameters
    ----------
    pool : ThreadPoolExecutor or None
        The other threads; None for none.
    function, *arguments
        What is called.
    """

    def __init__(
        self, pool: ThreadPoolExecutor | None, function: Callable, *arguments: Any
    ):
        self._call = partial(function, *arguments)
        self._future = None if pool is None else pool.submit(self._call)

    def result(self) -> Any:
        """Return what the function returns."""
        if self._future is None or self._future.cancel():
            return self._call()
        return self._future.result()


@contextmanager
def side_by_side(n_tasks: int) -> Iterator[Callable[..., Task]]:
    """Give a function that makes tasks, for as many threads as PyTorch may take.

    An operation takes one thread while the context lasts: the parts of a training step
    are too small to be shared out, but there are several of them. Results are the same
    bits with any number of threads.

    Parameters
    ----------
    n_tasks : int
        Number of tasks at a time, of which the calling thread is to run one.
    """
    n_threads = torch.get_num_threads()
    n_helpers = min(n_threads, n_tasks) - 1
    try:
        torch.set_num_threads(1)
        with threadpool_limits(1, user_api="blas"):
            if n_helpers < 1:
                yield partial(Task, None)
            else:
                with ThreadPoolExecutor(n_helpers, "m3l") as pool:
                    yield partial(Task, pool)
    finally:
        torch.set_num_threads(n_threads)

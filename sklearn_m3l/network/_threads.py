"""How training uses the cores of a processor."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

# Rows of a batch up to which a second thread an operation gains nothing: threads then
# wait for each other longer than they work.
_SMALL_BATCH = 128


@contextmanager
def side_by_side(
    n_tasks: int, batch_size: int, device: torch.device
) -> Iterator[Callable]:
    """Give a `map` that may run the tasks of a training step in several threads.

    Small batches on a processor take one thread an operation while the context lasts,
    and the threads that PyTorch would take run tasks beside the calling thread. The
    results are the same bits with any number of threads.

    Parameters
    ----------
    n_tasks : int
        Number of tasks, of which the calling thread is to run one.
    batch_size : int
        Rows of a batch.
    device : torch.device
        Where the network is trained.
    """
    if device.type != "cpu" or batch_size > _SMALL_BATCH:
        yield map
        return
    n_threads = torch.get_num_threads()
    n_helpers = min(n_threads, n_tasks) - 1
    try:
        torch.set_num_threads(1)
        if n_helpers < 1:
            yield map
        else:
            with ThreadPoolExecutor(n_helpers, "m3l", torch.set_num_threads, (1,)) as p:
                yield p.map
    finally:
        torch.set_num_threads(n_threads)

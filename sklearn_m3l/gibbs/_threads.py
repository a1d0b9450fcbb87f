"""Threads: parts of the work side by side, and work that Ctrl-C does not cut."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def run_threads(function: Callable[[int], None], n_threads: int) -> None:
    """Call the function with each number below `n_threads`, a thread for each."""
    if n_threads == 1:
        function(0)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(function, range(n_threads)):
            pass


def run_whole(function: Callable[[], None]) -> None:
    """Call the function so that KeyboardInterrupt is raised only when it is done."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()

"""Advice for users whose GPU is too small."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def advise_on_memory(advice: str) -> Iterator[None]:
    """Add advice to the error that a GPU is out of memory.

    Parameters
    ----------
    advice : str
        Which parameters to change, such as "lower batch_size=32".

    Raises
    ------
    torch.OutOfMemoryError
        If the GPU is out of memory, with the advice.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        message = f"the GPU is out of memory; {advice}, or set device='cpu'"
        raise type(error)(f"{message} ({error})") from error

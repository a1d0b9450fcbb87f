"""Branches of a recorded step, which a GPU computes in parallel."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

T = TypeVar("T")


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Return the results of independent tasks.

    When a step is recorded for a GPU, each task is a separate branch, because its
    kernels are too small to fill the GPU.
    """
    if not (torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()):
        return [task() for task in tasks]
    main, results = torch.cuda.current_stream(), []
    streams = [torch.cuda.Stream() for _ in tasks]
    for stream, task in zip(streams, tasks, strict=True):
        stream.wait_stream(main)
        with torch.cuda.stream(stream):
            results.append(task())
    for stream in streams:
        main.wait_stream(stream)
    return results

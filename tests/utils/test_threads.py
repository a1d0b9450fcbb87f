"""Tests of work that is shared by threads, and of how many there are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_m3l.network import _ops, training_threads
from sklearn_m3l.utils._threads import one_thread, run_blocks


def blas_threads():
    return {each["num_threads"] for each in threadpool_info() if is_blas(each)}


def is_blas(library):
    # One that is built on OpenMP, such as that of Faiss, has a number for each thread.
    return library["user_api"] == "blas" and library["threading_layer"] != "openmp"


@pytest.fixture
def overlapping():
    """Return a function that runs two overlapping blocks, the first ends first.

    It returns what `number` says in the second block once the first has ended.
    """

    def run(block, number):
        first_runs, second_runs, first_ended = (threading.Event() for _ in range(3))

        def first():
            with block():
                first_runs.set()
                assert second_runs.wait(60)
            first_ended.set()

        def second():
            assert first_runs.wait(60)
            with block():
                second_runs.set()
                assert first_ended.wait(60)
                found = number()
            return found, number()

        with ThreadPoolExecutor(2) as threads:
            ends = threads.submit(first), threads.submit(second)
            ends[0].result()
            return ends[1].result()

    return run


def test_overlapping_blocks_put_blas_back(overlapping):
    with threadpool_limits(3, user_api="blas"):
        assert overlapping(one_thread, blas_threads) == ({1}, {3})
        assert blas_threads() == {3}


def test_a_block_that_fails_puts_blas_back():
    with threadpool_limits(3, user_api="blas"):
        with pytest.raises(KeyboardInterrupt), one_thread():
            raise KeyboardInterrupt
        assert blas_threads() == {3}


def test_overlapping_trainings_put_pytorch_back(overlapping):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        found = overlapping(training_threads.limit, torch.get_num_threads)
        assert found == (1, 3)
        with ThreadPoolExecutor(1) as thread:  # a new one
            assert thread.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 3 and _ops.n_threads == 1
    finally:
        torch.set_num_threads(before)


def test_a_training_within_another_keeps_one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with training_threads.limit():
            with training_threads.limit():
                assert _ops.n_threads == 2
            assert torch.get_num_threads() == 1 and _ops.n_threads == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_each_block_is_done_once(n_threads):
    done = []
    run_blocks(done.append, range(100), n_threads)
    assert sorted(done) == list(range(100))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_ends_the_blocks(n_threads):
    done = []

    def work(block):
        if block == 3:
            raise KeyboardInterrupt
        done.append(block)

    with pytest.raises(KeyboardInterrupt):
        run_blocks(work, range(100_000), n_threads)
    assert len(done) < 100_000

"""The benchmark of GPUs runs, as far as that can be told without one."""

import sys

import pytest
import torch

from benchmarks import gpu


def test_it_says_that_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu"])
    with pytest.raises(SystemExit, match="finds no GPU here"):
        gpu.main()


def test_what_it_measures(capsys):
    X = gpu.make_tuples(64)
    assert X.view_names == gpu.VIEWS
    found = gpu.run(X, "cpu", 1, n_draws=0)
    assert found["topics"].shape == (64, 100)
    assert found["ms per step"] > 0

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
    assert X.view_names == gpu.VIEWS and X.present["de"].all()
    assert 0 < gpu.make_tuples(64, share=0.5).present["de"].sum() < 64
    assert len(gpu.repeat(X[["en", "de"]], 3)) == 192
    found = gpu.run(X, "cpu", 1)
    assert found["steps"] == 2 and found["ms_per_step"] > 0
    assert gpu.differences(found.pop("model"), X) == 0
    gpu.show({"CPU": found}, {"cpu": 1234.0})
    table = capsys.readouterr().out
    assert "| CPU | CPU, " in table and "1,234 texts" in table

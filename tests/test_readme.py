"""The code of the README runs, block after block.

`.ci/wheel` runs its scripts and commands in full, in an environment that has nothing
but the package and its requirements.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_m3l.datasets import load_gimp_help

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def own_arrays():
    """Return what the block on own data calls its arrays."""
    corpus = load_gimp_help("train").data[:200]
    arrays = {"article_ids": corpus.groups, "has_picture": corpus["image"].present}
    for view, name in {"en": "english", "de": "german", "image": "picture"}.items():
        arrays[f"{name}_vectors"] = np.asarray(corpus[view].embedding)
        arrays[f"{name}_counts"] = corpus[view].counts
        arrays[f"{name}_words"] = corpus[view].vocabulary
    return arrays


@pytest.mark.slow
def test_all_blocks_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    names = {"__name__": "readme", **own_arrays()}
    run = [block for block in BLOCKS if "distributed" not in block]
    assert len(run) >= len(BLOCKS) - 1
    for block in run:
        quick = re.sub(r"TopicModel\((?!max_iter)", "TopicModel(max_iter=2, ", block)
        exec(compile(quick, "README.md", "exec"), names)
    assert "MRR en-de" in capsys.readouterr().out
    assert (tmp_path / "topics.safetensors").exists()
    assert names["search"].best_params_["n_components"] in {25, 50, 100}


def test_one_line_installs_everything():
    lines = set(re.findall(r"pip install (.*)", README))
    assert "-c constraints.txt -e ." in lines

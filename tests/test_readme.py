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
    (script,) = [block for block in BLOCKS if "make_multiview_encoder" in block]
    printed = {}
    for block in run:
        n_epochs = 10 if block is script else 2
        few = f"TopicModel(max_iter={n_epochs}, init_max_iter=20, "
        quick = re.sub(r"TopicModel\((?!max_iter)", few, block)
        exec(compile(quick, "README.md", "exec"), names)
        printed[block] = capsys.readouterr().out
    assert (tmp_path / "topics.safetensors").exists()
    assert names["search"].best_params_["n_components"] in {25, 50, 100}
    # Topics of raw texts and pictures.
    topics, score, picture = re.split(r"(MRR en-de: .*)\n", printed[script])
    assert topics.splitlines()[0].split() == ["en", "de"]
    assert len(topics.splitlines()) == 2 + 50
    assert float(score.split()[-1]) > 0.75
    assert len(set(re.findall(r"\d+", picture))) == 3


def test_one_line_installs_everything():
    lines = set(re.findall(r"pip install (.*)", README))
    assert "-c constraints.txt -e ." in lines

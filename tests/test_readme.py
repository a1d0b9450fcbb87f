"""The example of the README runs.

`.ci/wheel` runs its scripts and commands in full, in an environment that has nothing
but the package and its requirements.
"""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_example_runs(capsys):
    (block,) = BLOCKS
    names = {"__name__": "readme"}
    quick = block.replace("Model(", "Model(max_iter=2, init_max_iter=20, ")
    exec(compile(quick, "README.md", "exec"), names)
    topics, words = re.split(r"\n(?= +topic +de\n)", capsys.readouterr().out)
    assert topics.splitlines()[0].split() == ["en", "de"]
    assert names["theta"].shape == (len(names["pictures"]), 50)
    assert len(words.splitlines()) > 1


def test_one_line_installs_everything():
    lines = set(re.findall(r"pip install (.*)", README))
    assert "-c constraints.txt -e ." in lines

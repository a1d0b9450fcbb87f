"""The script that the README gives to newcomers, as it stands there."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
MODEL = "M3LContrastTopicModel(random_state=0)"


def script():
    """Return the one code block of the README that reads raw texts."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "load_gimp_help" in block]
    return block


def test_topics_of_raw_texts_and_pictures():
    assert script().count(MODEL) == 1
    fewer_epochs = script().replace(MODEL, MODEL.replace("(", "(max_iter=40, "))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(fewer_epochs, README, "exec"), {"__name__": "newcomer"})
    topics, score, picture = re.split(r"(MRR en-de: .*)\n", printed.getvalue())
    assert topics.splitlines()[0].split() == ["en", "de"]
    assert len(topics.splitlines()) == 2 + 50
    assert float(score.split()[-1]) > 0.75
    assert len(set(re.findall(r"\d+", picture))) == 3

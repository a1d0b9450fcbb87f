"""The session in the user guide prints what the guide says."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from sklearn_m3l.cli import main

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide" / "command_line.rst"
# What is added to commands whose output the guide does not show.
FEWER = {
    "fit": ["--max-iter", "1", "--set", "init_max_iter=5"],
    "report": ["--max-rows", "60"],
}
pytestmark = pytest.mark.slow


def session():
    """Yield each command of the session with the output that the guide shows."""
    text = GUIDE.read_text(encoding="utf-8")
    part = re.search(r"\nA session\n-+\n(.*?)\n[A-Z][a-z ]+\n---", text, re.DOTALL)
    for block in re.findall(r"console\n\n((?: {3}.*\n|\n)+)", part.group(1)):
        lines = re.sub(r"^ {3}", "", block, flags=re.MULTILINE)
        for shown in re.split(r"^\$ ", lines.replace("\\\n", ""), flags=re.MULTILINE)[
            1:
        ]:
            command, _, output = shown.partition("\n")
            yield shlex.split(command), output.strip("\n")


def test_every_output_of_the_session(tmp_path, monkeypatch, capsys):
    pytest.importorskip("fugashi")  # finds words of Japanese
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "88")
    same = doctest.OutputChecker().check_output
    commands = []
    for (python, dash, module, *argv), output in session():
        assert (python, dash, module) == ("python", "-m", "sklearn_m3l")
        commands.append(argv[0])
        if not output:  # of a model that takes longer
            argv += FEWER.get(argv[0], [])
        assert main(argv) == 0
        printed = capsys.readouterr().out
        if output:
            assert same(f"{output}\n", printed, doctest.ELLIPSIS), printed
    told = {"example", "fit", "topics", "describe", "transform", "evaluate", "report"}
    assert set(commands) == told
    assert (tmp_path / "report.html").exists()

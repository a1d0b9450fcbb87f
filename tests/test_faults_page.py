"""The table of faults names tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(
    r"``(tests/\S+\.py)::(\w+)``", (ROOT / "docs/faults.rst").read_text()
)


def test_the_table_is_read():
    assert len(NAMED) > 20


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_is_there(path, name):
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")

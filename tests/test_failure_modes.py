"""The page on failure modes names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(
    r"``(tests/\S+\.py)::(\w+)``", (ROOT / "docs/failure_modes.rst").read_text()
)


def test_the_table_is_read():
    assert len(NAMED) > 20


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_named_test_exists(path, name):
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")

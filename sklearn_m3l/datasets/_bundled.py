"""Read the files of the bundled corpora."""

import gzip
import json
from importlib.resources.abc import Traversable


def read_json_lines(file: Traversable) -> list[dict]:
    """Return the objects of a compressed file with one object per line."""
    with file.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

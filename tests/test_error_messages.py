"""Error messages are in one style: lower case, and no period at the end."""

import ast
import re
from pathlib import Path

import pytest

import sklearn_m3l

ROOT = Path(sklearn_m3l.__file__).parent
# Names that begin with a capital and have none later, so that they look like a word.
NAMES = {"Python", "Pillow", "Unicode"}


def text_of(node):
    """Return the text of a string as written, with {} for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                part.value if isinstance(part, ast.Constant) else "{}" for part in parts
            )
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (text_of(left) or "{}") + (text_of(right) or "{}")
    return None


def messages(code):
    """Yield line and text of each message that the code raises or warns with."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            call = node.exc
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
            call = node
        else:
            continue
        if call.args and (text := text_of(call.args[0])):
            yield node.lineno, text


def fault(text):
    """Return what is wrong with a message, or None."""
    word = re.match(r"[A-Z][a-z]+\b|A\b|", text)[0]
    if word and word not in NAMES:
        return "begins with a capital"
    if text.endswith(".") and not text.endswith("..."):
        return "ends with a period"
    return None


def test_messages_are_in_one_style():
    n_messages, found = 0, []
    for path in sorted(ROOT.rglob("*.py")):
        for line, text in messages(path.read_text(encoding="utf-8")):
            n_messages += 1
            if fault(text):
                where = f"{path.relative_to(ROOT).as_posix()}:{line}"
                found.append(f"{where}: {text!r} {fault(text)}")
    assert not found, "\n".join(found)
    assert n_messages > 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X has no view 'fr'", None),
        ("MultiView takes a mapping of views", None),
        ("{} rows have no view; drop them", None),
        ("n_jobs must be positive", None),
        ("rows 1, 2, ...", None),
        ("The counts are negative", "begins with a capital"),
        ("A view has no rows", "begins with a capital"),
        ("the counts are negative.", "ends with a period"),
        ("unknown view {}.", "ends with a period"),
    ],
)
def test_style(text, expected):
    assert fault(text) == expected


def test_messages_are_found():
    code = 'if x:\n    raise ValueError(f"no {x}" + " here")\nwarnings.warn("w", W)\n'
    assert list(messages(code)) == [(2, "no {} here"), (3, "w")]

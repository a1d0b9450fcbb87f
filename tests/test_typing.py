"""What type checkers and editors see of the package, which imports names lazily."""

import ast
import os
from pathlib import Path

import pytest

import sklearn_m3l

STUB = Path(sklearn_m3l.__file__).with_suffix(".pyi")


def test_the_stub_has_the_public_names():
    names = set()
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            # Only a name that is imported as itself is public.
            assert all(alias.asname == alias.name for alias in node.names)
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
    assert names == set(sklearn_m3l.__all__)


CODE = """
import sklearn_m3l
from sklearn_m3l import M3LContrastTopicModel, MultiView, View, load_model

X = MultiView({"en": View(embedding=[[1.0]])}, groups=["a"])
reveal_type(X)
reveal_type(X.groups)
reveal_type(X["en"])
reveal_type(M3LContrastTopicModel(2))
reveal_type(sklearn_m3l.PolylingualLDA(2).views_)
load_model(1.5)
sklearn_m3l.Nonsense
"""


# Packages that take long to read, and whose types the code does not show.
CONFIGURATION = """
[mypy]
ignore_missing_imports = true
follow_imports = silent
[mypy-bokeh.*,jinja2.*,joblib.*,matplotlib.*,networkx.*,pandas.*,PIL.*,torch.*]
follow_imports = skip
"""


@pytest.mark.slow
def test_mypy_knows_the_public_names(tmp_path):
    api = pytest.importorskip("mypy.api")
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "mypy.ini").write_text(CONFIGURATION)
    options = [f"--config-file={tmp_path / 'mypy.ini'}", f"--cache-dir={os.devnull}"]
    output, errors, _ = api.run([*options, str(tmp_path / "code.py")])
    assert not errors
    found = [line.split(":", 2)[2].strip() for line in output.splitlines()[:-1]]
    expected = [
        'note: Revealed type is "sklearn_m3l.multiview._multiview.MultiView"',
        'note: Revealed type is "numpy.ndarray',
        'note: Revealed type is "sklearn_m3l.multiview._view.View"',
        'note: Revealed type is "sklearn_m3l.models._m3l_contrast.M3LContrast',
        'note: Revealed type is "list[str]"',
        'error: Argument 1 to "load_model" has incompatible type "float"',
        'error: Module has no attribute "Nonsense"',
    ]
    assert len(found) == len(expected), output
    for line, beginning in zip(found, expected, strict=True):
        assert line.replace("builtins.", "").startswith(beginning), output

"""Configuration of the documentation; `make docs` builds it."""

import re
import sys
from pathlib import Path

import matplotlib

import sklearn_m3l

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
matplotlib.use("agg")

project = "sklearn-m3l"
author = "The sklearn-m3l developers"
project_copyright = author
version = release = sklearn_m3l.__version__

extensions = [
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery"]
templates_path = ["_templates"]
# Single backticks in docstrings name objects, parameters or values.
default_role = "py:obj"

autosummary_generate = True
autodoc_preserve_defaults = True  # dtype=int, as in the source
autodoc_typehints = "none"  # docstrings give types and shapes
maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the templates list them
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "min_reported_time": 0,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn-m3l"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {
    "index": [],
    "install": [],
    "changelog": [],
    "contributing": [],
}


def _unlink(app, what, name, obj, options, lines):
    """Take the labels of scikit-learn's pages out of methods that it defines."""
    if getattr(obj, "__module__", "").startswith("sklearn."):
        text = re.sub(r":ref:`([^`<]+?)\s*<[^`>]+>`", r"\1", "\n".join(lines))
        text = re.sub(r":ref:`sphx_glr_[^`]+`", "scikit-learn's gallery", text)
        lines[:] = text.split("\n")


def setup(app):
    """Connect what this configuration adds to Sphinx."""
    app.connect("autodoc-process-docstring", _unlink)

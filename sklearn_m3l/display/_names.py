"""Names of the rows of each view."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sklearn_m3l.multiview import MultiView

# Largest number of letters in the beginning of a text, and in any name.
_BEGINNING, _LONGEST = 60, 200


def check_of_rows(
    X: MultiView, given: Mapping[str, Any] | None, what: str
) -> Mapping[str, Any]:
    """Return the given values of rows by view; refuse those that do not fit."""
    given = {} if given is None else given
    for view, cells in given.items():
        if view not in X:
            raise ValueError(
                f"{what} has the unknown view {view!r}; the views are "
                f"{', '.join(X.view_names)}"
            )
        if len(cells) != len(X):
            raise ValueError(
                f"{what}[{view!r}] has {len(cells)} {what} for {len(X)} rows"
            )
    return given


def names_by_view(
    X: MultiView, names: Mapping[str, Any] | None
) -> dict[str, np.ndarray]:
    """Return a name for each row of each view, by default the row label."""
    names = check_of_rows(X, names, "names")
    return {
        view: np.asarray(names.get(view, X.index), dtype=object)
        for view in X.view_names
    }


def name_rows(
    X: MultiView,
    names: Mapping[str, Any] | None,
    texts: Mapping[str, list],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return by view the keys of the rows, and their names as strings.

    Given names are both. Otherwise a text is its own key, and its beginning is its
    name; for other views, the row label is both.
    """
    names = {} if names is None else names
    keys = names_by_view(X, names)
    called = {}
    for view in X.view_names:
        if view in names or view not in texts:
            shown = [str(name)[:_LONGEST] for name in keys[view]]
        else:
            pairs = zip(texts[view], keys[view], strict=True)
            keys[view] = np.array([text or label for text, label in pairs], object)
            shown = [beginning(str(key)) for key in keys[view]]
        called[view] = np.array(shown, dtype=object)
    return keys, called


def topic_label(topic: int, name: str | None) -> str:
    """Return the label of a topic with its number."""
    return f"Topic {topic}" if name is None else f"Topic {topic}: {name}"


def beginning(text: str) -> str:
    """Return the first letters of a text, with single spaces, as the page does."""
    # Process only as much of a long text as may be needed after merging spaces.
    start = " ".join(text[: 10 * _BEGINNING].split())
    return start if len(start) <= _BEGINNING else f"{start[: _BEGINNING - 2]} …"

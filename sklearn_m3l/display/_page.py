"""One HTML page that shows all topics of a model, in a file that needs no other."""

import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from sklearn_m3l._evaluation import MEASURES
from sklearn_m3l._files import replace_file
from sklearn_m3l.display._cards import topic_cards
from sklearn_m3l.display._map import topic_map
from sklearn_m3l.display._names import names_by_view
from sklearn_m3l.display._templates import fill_page
from sklearn_m3l.display._topic_space import topic_space
from sklearn_m3l.multiview import MultiView

_LINK = re.compile(r"https://[\w./-]*[\w/]")
# Words of a topic in each language.
_N_WORDS = 10


def write_topic_page(
    path: str | os.PathLike,
    model: Any,
    X: MultiView,
    *,
    title: str = "Topics",
    intro: str = "",
    note: str = "",
    names: Mapping[str, Any] | None = None,
    view_labels: Mapping[str, str] | None = None,
    thumbnails: Mapping[str, bytes] | None = None,
    scores: Mapping[str, Any] | None = None,
    random_state: Any = None,
) -> None:
    """Write one HTML page with all topics, their pictures and the topic space.

    The file holds everything that it shows, loads nothing and runs no script. It
    replaces an older one at once, when it is complete.

    Parameters
    ----------
    path : str or path-like
        The file to write.
    model : estimator
        A fitted topic model.
    X : MultiView of shape (n_rows, n_views)
        Rows to show: all are on the map, the foremost beside each topic. The time
        grows with the square of the number of rows.
    title, intro, note : str, optional
        Plain text: the heading, what stands below it, and what stands at the end. In
        the note, https addresses become links.
    names : mapping of str to array-like of shape (n_rows,), optional
        What the rows show in a view, such as the page of a text or the file of a
        picture. What has one name is shown once. By default the row labels.
    view_labels : mapping of str to str, optional
        What to call the views; by default their names.
    thumbnails : mapping of str to bytes, optional
        JPEG files of the pictures, by their name in `names`.
    scores : mapping of str to Score, optional
        As `evaluate_alignment` returns them.
    random_state : int, RandomState instance or None, default=None
        Seed of the map.

    Raises
    ------
    ValueError
        If `names` does not fit `X`, or fewer than 2 points are there to show.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import write_topic_page
    >>> corpus = load_gimp_help("test")
    >>> X, frame = corpus.data[:20], corpus.frame[:20]
    >>> model = M3LContrastTopicModel(2, max_iter=1, random_state=0).fit(X)
    >>> with TemporaryDirectory() as folder:
    ...     write_topic_page(
    ...         f"{folder}/topics.html",
    ...         model,
    ...         X,
    ...         title="Two topics",
    ...         names={"image": frame["image"]},
    ...         thumbnails=corpus.thumbnails,
    ...     )
    ...     page = Path(f"{folder}/topics.html").read_text(encoding="utf-8")
    >>> page[:15], "<h1>Two topics</h1>" in page
    ('<!DOCTYPE html>', True)
    """
    named = names_by_view(X, names)
    labels = {view: view for view in X.view_names} | dict(view_labels or {})
    points = topic_space(model, X, names=names, random_state=random_state)
    words = {view: model.top_words(view, _N_WORDS) for view in model.vocabularies_}
    page = fill_page(
        "topic_page.html",
        len(labels),
        title=escape(title),
        intro=escape(intro),
        note=_LINK.sub(r'<a href="\g<0>">\g<0></a>', escape(note)),
        scores=_score_table(scores) if scores else "",
        map=topic_map(points, labels, next(iter(words.values()))),
        topics=topic_cards(model, X, words, labels, named, thumbnails or {}),
    )
    replace_file(Path(path), page)


def _score_table(scores: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{score.value:.3f}</td>'
        f"<td>{'–' if score.chance is None else format(score.chance, '.3f')}</td></tr>"
        for name, score in scores.items()
    )
    measures = dict.fromkeys(name.split()[0] for name in scores)
    meanings = "\n".join(
        f"<dt>{escape(measure)}</dt><dd>{escape(MEASURES[measure])}</dd>"
        for measure in measures
    )
    return f"""<h2 id="scores">How good the model is</h2>
<div class="scores">
<table>
<caption>Scores, beside those of chance</caption>
<thead><tr><th scope="col">Measure</th><th scope="col">Score</th>
<th scope="col">Chance</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<dl>
{meanings}
</dl>
</div>"""

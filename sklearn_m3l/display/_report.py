"""The report: all topics of a model and typical documents, on one page."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.display._names import check_of_rows
from sklearn_m3l.display._report_contents import Contents, collect
from sklearn_m3l.display._report_findings import find
from sklearn_m3l.display._report_page import report_page
from sklearn_m3l.metrics import evaluate_alignment
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._files import replace_file
from sklearn_m3l.utils._random import private_generator

# Number of rows to measure retrieval on: its time grows with the square.
_N_SCORED = 1000


class TopicReport:
    """One HTML page with all topics, to read, search, and share.

    It shows every topic with its words in all languages, its prevalence, its nearest
    topics, and typical documents and pictures; a map of the topic space; for each
    document the topics of its views side by side; and a table of metrics. The page is
    self-contained and loads nothing, so it works offline from a file. It supports light
    and dark mode, the keyboard, and screen readers. Topics and metrics can be read even
    without scripts.

    It is recommended to use `from_estimator` to create a report.

    Parameters
    ----------
    html : str
        The page.

    Attributes
    ----------
    html : str
        The page.

    See Also
    --------
    TopicSpaceDisplay : The map alone, as a figure.
    TopicWordsDisplay : The words alone, as a figure.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.display import TopicReport
    >>> corpus = load_gimp_help("test")
    >>> X, frame = corpus.data[:20], corpus.frame[:20]
    >>> model = M3LContrastTopicModel(2, max_iter=1, random_state=0).fit(X)
    >>> report = TopicReport.from_estimator(
    ...     model,
    ...     X,
    ...     names={"image": frame["image"]},
    ...     texts=frame[["en", "de"]],
    ...     thumbnails=corpus.thumbnails,
    ...     title="Two topics",
    ...     random_state=0,
    ... )
    >>> "<h1>Two topics</h1>" in report.html
    True
    >>> report.save("report.html")  # doctest: +SKIP
    """

    def __init__(self, html: str):
        self.html = html

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        names: Mapping[str, Any] | None = None,
        texts: Mapping[str, Any] | None = None,
        view_labels: Mapping[str, str] | None = None,
        thumbnails: Mapping[str, bytes] | None = None,
        titles: Any = None,
        links: Any = None,
        values: Mapping[str, Any] | Sequence[str] | None = None,
        bins: Mapping[str, Any] | None = None,
        scores: Mapping[str, Any] | None = None,
        title: str = "Topics",
        intro: str = "",
        note: str = "",
        ranking: str = "probability",
        ranking_weight: float | None = None,
        random_state: Any = None,
    ) -> "TopicReport":
        """Infer topics of all rows, and build the report.

        Parameters
        ----------
        estimator : estimator
            A fitted topic model, or a pipeline that ends with one.
        X : MultiView or DataFrame of shape (n_rows, n_views)
            Documents to show, in the form that the estimator takes, with the views that
            the model infers topics from (``views_``). All of them are on the map: t-SNE
            lays out at most 3,000 points, and the others are placed among these (see
            :func:`~sklearn_m3l.display.topic_space`).
        names : mapping of str to array-like of shape (n_rows,), default=None
            Names of the rows in a view, such as the page of a text or the file of a
            picture. Rows with the same name are shown once. By default the beginning of
            the text, if it is known, and otherwise the row label.
        texts : mapping of str to array-like of shape (n_rows,), default=None
            The texts of the rows in a view. By default the columns of texts, if `X` is
            a DataFrame. Long texts are truncated, so that all texts take at most 8 MB,
            which compression more than halves.
        view_labels : mapping of str to str, default=None
            Labels of the views; by default their names.
        thumbnails : mapping of str to bytes, default=None
            JPEG files of the pictures, by their name in `names`. The report keeps those
            that illustrate topics, and 1 MB of others.
        titles : array-like of str of shape (n_rows,), default=None
            Titles of the rows. By default, or if one is missing, the name of the row in
            its first view.
        links : array-like of str of shape (n_rows,), default=None
            Web addresses of the rows, which must begin with ``http://`` or
            ``https://``; some may be missing.
        values : mapping of str to array-like of shape (n_rows,) or list of str, \
default=None
            Dates, categories or numbers of the rows, by label, for which the report
            shows the prevalence of topics; or names of columns of the table `X`.
        bins : mapping of str to (int, sequence of float or str), default=None
            How `values` become levels, by their name; see
            :func:`~sklearn_m3l.inspection.prevalence_by`.
        scores : mapping of str to Score or float, default=None
            Scores for the table of metrics, such as those of
            :func:`~sklearn_m3l.metrics.evaluate_alignment` for held-out documents; an
            empty mapping omits the table. By default the rows of `X` are measured, or a
            random 1,000 of them if there are more.
        title, intro, note : str
            Plain text: the heading, the text below it, and the text at the end. In the
            note, web addresses become links.
        ranking : {"probability", "relevance", "frex"}, default="probability"
            The order of the words of the topics; see `top_words` of the models.
        ranking_weight : float in [0, 1], default=None
            Weight of probability in the order.
        random_state : int, RandomState instance or None, default=None
            Seed of the map, and of the choice of the rows to measure.

        Returns
        -------
        TopicReport
            The report.

        Raises
        ------
        TypeError
            If `estimator` does not end with a topic model, or with one that was fitted
            on a plain array.
        ValueError
            If `names`, `texts`, `titles`, `links` or `values` do not fit `X`, a link is
            not a web address, or there are fewer than 2 points.

        Warns
        -----
        UserWarning
            If rows have none of the `values`, or a level has a single article.
        """
        model, views = reach_topic_model(estimator, X)
        if not isinstance(views, MultiView):
            raise TypeError(
                "a report shows the views of a MultiView, or of a DataFrame that a "
                f"pipeline makes one of, not {type(views).__name__}"
            )
        if texts is None and isinstance(X, pd.DataFrame):
            texts = _text_columns(X, views)
        grouped, cut = _check_values(X, views, values, bins)
        rng = private_generator(random_state)
        shown = views[model.usable_views(views)]
        contents = collect(
            model,
            shown,
            names=_of_views(shown, check_of_rows(views, names, "names")),
            texts=_of_views(shown, check_of_rows(views, texts, "texts")),
            view_labels=view_labels,
            thumbnails=thumbnails,
            titles=_of_rows(views, titles, "titles"),
            links=_check_links(_of_rows(views, links, "links"), views),
            ranking=ranking,
            ranking_weight=ranking_weight,
            random_state=rng,
        )
        scored, articles = "", _articles(shown, contents)
        if scores is None:
            scores, scored = _measure(model, shown, articles, rng)
        findings = find(model, contents, articles, grouped, cut, rng)
        page = report_page(
            contents,
            findings,
            title=title,
            intro=intro,
            note=note,
            scores=scores,
            scored=scored,
        )
        return cls(page)

    def save(self, path: str | os.PathLike) -> None:
        """Write the report; an existing file is replaced only once it is complete.

        Parameters
        ----------
        path : str or path-like
            The file to write.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        replace_file(Path(path), self.html)

    def _repr_html_(self) -> str:
        """Show the report in a notebook, in a separate frame."""
        return (
            '<iframe title="Report of topics" sandbox="allow-scripts" '
            'style="width: 100%; height: 50rem; border: 1px solid gray" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )


def _of_views(X: MultiView, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given values of the views to show."""
    return {view: of_rows for view, of_rows in given.items() if view in X}


def _of_rows(X: MultiView, given: Any, what: str) -> list[str | None] | None:
    """Return a text for each row, None if it is missing."""
    if given is None:
        return None
    cells = list(given)
    if len(cells) != len(X):
        raise ValueError(f"{what} has {len(cells)} {what} for {len(X)} rows")
    shown = [None if pd.isna(cell) else str(cell).strip() for cell in cells]
    return [cell or None for cell in shown]


def _check_links(
    links: list[str | None] | None, X: MultiView
) -> list[str | None] | None:
    """Refuse addresses that would run code or read files."""
    if links is None:
        return None
    for label, link in zip(X.index, links, strict=True):
        if link is not None and not link.startswith(("http://", "https://")):
            raise ValueError(
                f"row {label!r} has the link {link!r}; links begin with http:// or "
                "https://"
            )
    return links


def _check_values(
    X: Any, views: MultiView, values: Any, bins: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values to group rows by, and their bins, by name."""
    if isinstance(values, str):
        raise TypeError(f"values is a list of columns, such as [{values!r}]")
    grouped = values if isinstance(values, Mapping) else {}
    if values is not None and not isinstance(values, Mapping):
        columns = getattr(X, "columns", ())
        for name in values:
            if name not in columns:
                raise ValueError(
                    f"values names the column {name!r}, which X lacks; pass a mapping "
                    "from names to values"
                )
        grouped = {name: X[name] for name in values}
    for name, given in grouped.items():
        if len(given) != len(views):
            raise ValueError(
                f"values[{name!r}] has {len(given)} values for {len(views)} rows"
            )
    unknown = {*(bins or {})} - {*grouped}
    if unknown:
        shown = ", ".join(sorted(unknown))
        raise ValueError(f"bins has {shown}, which values lacks")
    return dict(grouped), dict(bins or {})


def _text_columns(df: pd.DataFrame, X: MultiView) -> dict[str, Any]:
    """Return the columns of a table that are texts."""
    return {
        name: df[name]
        for name, view in X.views.items()
        if view.is_text and name in df.columns
    }


def _articles(X: MultiView, contents: Contents) -> np.ndarray:
    """Return the article of each row; without ids, rows with the same text are one."""
    if X.groups is not None:
        return X.groups
    lead = next((n for n, view in X.views.items() if view.is_text), X.view_names[0])
    points = contents.point_of[lead]
    # Each row without the text is a separate article.
    return np.where(points >= 0, points, -1 - np.arange(len(points)))


def _measure(model, X: MultiView, articles, rng) -> tuple[dict[str, Any], str]:
    """Measure the rows and the words, and describe what was measured."""
    rows = np.flatnonzero(np.sum(list(X.present.values()), axis=0) > 1)
    picked = len(rows) > _N_SCORED
    if picked:
        rows = np.sort(rng.choice(rows, _N_SCORED, replace=False))
    # Coherence needs the training documents, which are not available here.
    metrics = ("mrr", "uap", "jsd", "diversity") if len(rows) > 1 else ("diversity",)
    sample = MultiView(X.views, index=X.index, groups=articles)[rows]
    scored = "the words of the topics."
    if len(rows) > 1:
        scored = (
            f"{len(rows):,} documents of this report that have several views"
            f"{', picked at random' if picked else ''}, and on {scored}"
        )
    return evaluate_alignment(model, sample, metrics=metrics), f"Measured on {scored}"

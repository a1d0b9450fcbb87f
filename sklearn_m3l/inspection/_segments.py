"""Topics within long documents, by sentence, paragraph, or window of words."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_m3l.inspection._inputs import table_of, topic_names
from sklearn_m3l.metrics._topics import infer_topics, reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._segments import (
    Span,
    paragraph_spans,
    sentence_spans,
    window_spans,
    word_spans,
)
from sklearn_m3l.utils._sklearn import Interval, StrOptions, validate_params

_SPANS = {"sentence": sentence_spans, "paragraph": paragraph_spans}
_WINDOW = 100


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "by": [StrOptions({"sentence", "paragraph", "window"}), callable],
        "max_words": [Interval(Integral, 1, None, closed="left"), None],
        "views": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def segment_topics(
    estimator: Any,
    X: pd.DataFrame,
    *,
    by: str | Callable[[str], Sequence[str]] = "paragraph",
    max_words: int | None = None,
    views: Sequence[str] | None = None,
) -> Bunch:
    """Infer the topics of segments of long texts, and average them by document.

    Text encoders read the first 128 to 512 tokens of a text and ignore the rest. Here
    each segment is encoded separately, so that the whole text counts, and you see where
    in a document a topic occurs. If the encoder has ``min_tokens=1``, segments without
    known words get no topics and do not count.

    Parameters
    ----------
    estimator : estimator
        A fitted pipeline that takes a table of texts and ends with a topic model, or a
        search over one.
    X : DataFrame of shape (n_rows, n_columns)
        Texts by column; cells can be missing.
    by : {"sentence", "paragraph", "window"} or callable, default="paragraph"
        The unit of segments. Empty lines separate paragraphs. A sentence ends at a mark
        such as a period before a space, even after an abbreviation. A window is
        `max_words` words. For other rules, such as those of a language, pass a function
        from a text to its segments.
    max_words : int, default=None
        Largest number of words in a segment; longer ones are split. Spaces separate
        words; in a script without spaces, each letter is a word. By default 100 for
        windows, and no limit for others.
    views : sequence of str, default=None
        Columns of texts; by default all from which the model infers topics.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With the attributes

        segments : DataFrame
            One row per segment, in the order of `X`, with the columns "row" and
            "label", the position of the row in `X` and its label; "view"; "segment",
            its number within the text, from 0; "start" and "end", the positions of its
            letters in the text; "n_words"; "text"; and "topic", "topic_name" and
            "proportion" of its largest topic, missing if it has no topics.
        proportions : ndarray of shape (n_segments, n_components)
            Topics of the segments.
        document_proportions : ndarray of shape (n_rows, n_components)
            Topics of the rows: the mean over the segments of a text, weighted by their
            words, and over the views of a row. NaN in rows without a text.

    Raises
    ------
    TypeError
        If `X` is not a table of texts, or `by` does not return strings.
    ValueError
        If the model does not infer topics from a text view, or a segment is not in its
        text.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.embedding import make_multiview_encoder
    >>> from sklearn_m3l.inspection import segment_topics
    >>> df = load_gimp_help("test").frame[["en", "de"]][:20]
    >>> pipeline = make_pipeline(
    ...     make_multiview_encoder(["en", "de"], min_tokens=1),
    ...     PolylingualLDA(3, max_iter=5, random_state=0),
    ... ).fit(df)
    >>> found = segment_topics(pipeline, df, by="window", max_words=20, views=["en"])
    >>> found.proportions.shape[0] == len(found.segments) > 20
    True
    >>> found.document_proportions.shape
    (20, 3)
    """
    model, _ = reach_topic_model(estimator, None)
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"segments need texts in a DataFrame, not a {type(X).__name__}; pass a "
            "pipeline that encodes texts, and its table"
        )
    if by == "window" and max_words is None:
        max_words = _WINDOW
    tables, thetas = [], []
    for view in _check_views(model, X, views):
        table = _cut(X, view, by, max_words)
        if not len(table):
            continue
        texts = pd.DataFrame({view: table["text"]})
        _, encoded = reach_topic_model(estimator, texts)
        if not isinstance(encoded, MultiView):
            raise TypeError(
                "the estimator takes no texts; pass a pipeline that encodes them"
            )
        tables.append(table)
        thetas.append(infer_topics(model, encoded))
    if not tables:
        raise ValueError("X has no text in any row")
    segments, theta = pd.concat(tables, ignore_index=True), np.concatenate(thetas)
    order = np.argsort(segments["row"].to_numpy(), kind="stable")
    segments, theta = segments.iloc[order].reset_index(drop=True), theta[order]
    documents = _average(segments, theta, len(X))
    known = np.flatnonzero(~np.isnan(theta[:, 0]))
    largest = theta[known].argmax(axis=1)
    topics = pd.Series(pd.NA, index=segments.index, dtype="Int64")
    topics.iloc[known] = largest
    names = np.full(len(segments), None, dtype=object)
    names[known] = np.array(topic_names(model), dtype=object)[largest]
    segments["topic"], segments["topic_name"] = topics, names
    segments["proportion"] = theta.max(axis=1)
    return Bunch(segments=segments, proportions=theta, document_proportions=documents)


def _check_views(model: Any, X: pd.DataFrame, views: Sequence[str] | None) -> list[str]:
    """Return the columns of texts to split."""
    known = [name for name in model.views_ if name in model.vocabularies_]
    if isinstance(views, str):
        raise TypeError(f"views is a list of names, such as [{views!r}]")
    if views is None:
        views = [name for name in known if name in X.columns]
        if not views:
            raise ValueError(
                f"X has none of the texts that the model infers topics from: "
                f"{', '.join(known)}"
            )
    for name in views:
        if name not in known:
            raise ValueError(
                f"the model infers no topics from texts of {name!r}; choose among "
                f"{', '.join(known)}"
            )
        if name not in X.columns:
            raise ValueError(
                f"X has no column {name!r}; it has {', '.join(map(str, X.columns))}"
            )
    return list(views)


def _cut(X: pd.DataFrame, view: str, by: Any, max_words: int | None) -> pd.DataFrame:
    """Return the segments of a column, one per row."""
    rows: list[tuple] = []
    for row, (label, text) in enumerate(X[view].items()):
        if not isinstance(text, str):
            if not pd.isna(text):
                raise TypeError(
                    f"column {view!r} has {text!r} in row {label!r}; it must be a text"
                )
            continue
        for number, (begin, end) in enumerate(_spans(text, by, max_words)):
            part = text[begin:end]
            n_words = len(word_spans(part))
            rows.append((row, label, view, number, begin, end, n_words, part))
    names = ["row", "label", "view", "segment", "start", "end", "n_words", "text"]
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return table_of(dict(zip(names, map(list, columns), strict=True)))


def _spans(text: str, by: Any, max_words: int | None) -> list[Span]:
    """Return the start and end of each segment of a text."""
    if by == "window":
        return window_spans(text, max_words or _WINDOW)
    spans = _found(text, by(text)) if callable(by) else _SPANS[by](text)
    if max_words is None:
        return spans
    return [
        (begin + a, begin + b)
        for begin, end in spans
        for a, b in window_spans(text[begin:end], max_words)
    ]


def _found(text: str, parts: Any) -> list[Span]:
    """Return the positions of successive parts in a text."""
    spans, start = [], 0
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"by must return strings, not {part!r}")
        if not part.strip():
            continue
        begin = text.find(part, start)
        if begin < 0:
            raise ValueError(
                f"by returned {part[:40]!r}, which is not in the rest of the text "
                f"{text[start : start + 40]!r}; segments must be parts of it, in order"
            )
        start = begin + len(part)
        spans.append((begin, start))
    return spans


def _average(segments: pd.DataFrame, theta: np.ndarray, n_rows: int) -> np.ndarray:
    """Return the mean topics of rows, over the words of a view and then over views."""
    total, n_views = np.zeros((n_rows, theta.shape[1])), np.zeros((n_rows, 1))
    known = ~np.isnan(theta[:, 0])
    for view in segments["view"].unique():
        own = known & (segments["view"] == view).to_numpy()
        rows = segments["row"].to_numpy()[own]
        weights = segments["n_words"].to_numpy(float)[own, np.newaxis]
        sums, sizes = np.zeros_like(total), np.zeros((n_rows, 1))
        np.add.at(sums, rows, weights * theta[own])
        np.add.at(sizes, rows, weights)
        has = sizes[:, 0] > 0
        total[has] += sums[has] / sizes[has]
        n_views[has] += 1
    with np.errstate(invalid="ignore"):
        return (total / n_views).astype(theta.dtype)

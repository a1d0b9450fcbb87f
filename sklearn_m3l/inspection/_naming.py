"""Suggest names of topics, from their words or from a language model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._fitted import is_printable

# Words in a name, and words that a function gets.
_N_WORDS, _N_GIVEN = 3, 10

Namer = Callable[[dict[str, list[str]], dict[str, list[str]]], str]


def suggest_topic_names(
    estimator: Any,
    X: Any = None,
    *,
    view: str | None = None,
    n_words: int | None = None,
    ranking: str = "relevance",
    ranking_weight: float | None = None,
    namer: Namer | None = None,
    texts: Mapping[str, Sequence[str]] | None = None,
    n_documents: int = 3,
) -> list[str]:
    """Return a name for each topic, for `set_topic_names` of the models.

    Without `namer`, a name consists of the top words of the topic in one language, in a
    ranking that prefers distinctive words. More words are added if topics would have
    the same name.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, or a pipeline that ends with one.
    X : MultiView or DataFrame of shape (n_rows, n_views), default=None
        Rows from which `namer` gets typical documents.
    view : str, default=None
        The text view whose words form names; by default the first view in which the
        topic has words.
    n_words : int, default=None
        Number of words in a name, by default 3; or of words per language for `namer`,
        by default 10.
    ranking : {"probability", "relevance", "frex"}, default="relevance"
        The order of the words; see `top_words` of the models.
    ranking_weight : float in [0, 1], default=None
        Weight of probability in the order.
    namer : callable, default=None
        Called once per topic as ``namer(words, documents)``, and returns its name.
        `words` maps each language to a list of words, and `documents` to a list of
        texts, both in order of relevance to the topic; a list may be empty. To use a
        language model, build a prompt from both, and return its answer.
    texts : mapping of str to sequence of str, default=None
        The texts of the rows of `X` by view. By default the columns of text views,
        if `X` is a DataFrame.
    n_documents : int, default=3
        Rows per topic whose texts `namer` gets.

    Returns
    -------
    list of str
        A name for each topic. Names from `namer` may repeat, but `set_topic_names`
        refuses duplicates, so edit them first.

    Raises
    ------
    TypeError
        If `estimator` does not end with a topic model, or `namer` is not a function or
        returns something other than a string.
    ValueError
        If `view` has no words, `texts` do not fit `X`, or `namer` returns a blank name.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import suggest_topic_names
    >>> corpus = load_gimp_help("test")
    >>> X = corpus.data[:60]
    >>> model = PolylingualLDA(3, max_iter=20, random_state=0).fit(X)
    >>> names = suggest_topic_names(model, view="en", n_words=2)
    >>> model.set_topic_names(names).topic_names_ == names
    True

    A function gets the words and the texts of typical documents:

    >>> def shortest_word(words, documents):
    ...     return min(words["de"] + documents["en"], key=len)
    >>> names = suggest_topic_names(
    ...     model, X, namer=shortest_word, texts=corpus.frame[["en", "de"]][:60]
    ... )
    >>> len(names)
    3
    """
    model, views = reach_topic_model(estimator, X)
    check_is_fitted(model)
    n_given = (
        n_words if n_words is not None else _N_WORDS if namer is None else _N_GIVEN
    )
    order = {"ranking": ranking, "ranking_weight": ranking_weight}
    if namer is None:
        if X is not None or texts is not None:
            raise ValueError("X and texts are for a namer; pass one, or leave them out")
        return _names_of_words(model, view, n_given, order)
    if not callable(namer):
        raise TypeError(f"namer must be a function, not {namer!r}")
    words = model.known_words(n_given, **order)
    if view is not None:
        raise ValueError("a namer gets the words of all languages; leave view out")
    documents = _typical_documents(model, X, views, texts, n_documents)
    names = []
    for topic, own in enumerate(documents):
        name = namer({name: known[topic] for name, known in words.items()}, own)
        if not isinstance(name, str):
            raise TypeError(
                f"namer must return a string; for topic {topic} it returned {name!r}"
            )
        name = name.strip()
        if not is_printable(name):
            raise ValueError(
                f"namer returned {name!r} for topic {topic}; a name must not be blank "
                "or have control characters, such as line feeds"
            )
        names.append(name)
    return names


def _names_of_words(
    model: Any, view: str | None, n_words: int, order: dict[str, Any]
) -> list[str]:
    """Return the top words of each topic, with more words to make names distinct."""
    model.top_words(next(iter(model.vocabularies_)) if view is None else view, n_words)
    sizes = {name: len(words) for name, words in model.vocabularies_.items()}
    most = sizes[view] if view is not None else max(sizes.values())
    known = model.known_words(most, **order)
    if view is not None:
        known = {view: model.top_words(view, most, **order)}
    by_topic = zip(*known.values(), strict=True)
    words: list[list[str]] = [next(filter(None, own), []) for own in by_topic]
    n_shown = [n_words] * len(words)
    while True:
        names = [
            ", ".join(own[:n]) or f"topic {topic}"
            for topic, (own, n) in enumerate(zip(words, n_shown, strict=True))
        ]
        again = pd.Series(names).duplicated(keep=False).to_numpy()
        longer = [topic for topic in np.flatnonzero(again) if n_shown[topic] < most]
        if not longer:
            break
        for topic in longer:
            n_shown[topic] += 1
    # Topics with the same order of all words differ only by their numbers.
    return [
        f"{name} ({topic})" if repeated else name
        for topic, (name, repeated) in enumerate(zip(names, again, strict=True))
    ]


def _typical_documents(
    model: Any,
    X: Any,
    views: Any,
    texts: Mapping[str, Sequence[str]] | None,
    n_documents: int,
) -> list[dict[str, list[str]]]:
    """Return the texts of typical rows of each topic, by view."""
    n_topics = len(model.topic_names_)
    if X is None:
        if texts is not None:
            raise ValueError("texts are those of the rows of X; pass X, too")
        return [{name: [] for name in model.vocabularies_} for _ in range(n_topics)]
    if not isinstance(views, MultiView):
        raise TypeError(
            "typical documents are rows of a MultiView, or of a DataFrame that a "
            f"pipeline makes one of, not of a {type(views).__name__}"
        )
    if texts is None:
        if not isinstance(X, pd.DataFrame):
            raise ValueError("X has no texts; pass them as texts, by view")
        texts = {n: X[n] for n in X.columns if n in views and views[n].is_text}
    cells = {}
    for name, given in texts.items():
        if name not in views:
            raise ValueError(
                f"texts has the unknown view {name!r}; the views are "
                f"{', '.join(views.view_names)}"
            )
        if len(given) != len(views):
            raise ValueError(
                f"texts[{name!r}] has {len(given)} texts for {len(views)} rows"
            )
        cells[name] = [cell if isinstance(cell, str) else "" for cell in given]
    told = np.array([any(row) for row in zip(*cells.values(), strict=True)], bool)
    rows = np.flatnonzero(told)
    if not len(rows):
        raise ValueError("texts has no text in any row")
    usable = views[model.usable_views(views)][rows]
    top = rows[model.top_rows(usable, n=n_documents)]
    return [
        {name: [own[row] for row in typical if own[row]] for name, own in cells.items()}
        for typical in top
    ]

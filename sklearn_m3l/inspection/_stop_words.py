"""Words that are frequent in nearly all topics, and so describe none."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.inspection._inputs import table_of
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.utils._sklearn import Interval, validate_params


@validate_params(
    {
        "estimator": "no_validation",
        "n_words": [Interval(Integral, 1, None, closed="left")],
        "min_share": [Interval(Real, 0, 1, closed="right")],
    },
    prefer_skip_nested_validation=True,
)
def suggest_stop_words(
    estimator: Any, *, n_words: int = 50, min_share: float = 0.8
) -> pd.DataFrame:
    """List the words that are frequent in nearly every topic.

    They say little about any topic. Read the list, pass the words to remove to
    ``extra_stop_words`` of :func:`~sklearn_m3l.embedding.make_multiview_encoder`, and
    fit again; or let the model handle them (``background_share`` of `PolylingualLDA`).

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    n_words : int, default=50
        A word is frequent in a topic if it is among this many most probable words.
    min_share : float in (0, 1], default=0.8
        Smallest share of the topics in which a word must be frequent. Topics without
        words in a language (see ``known_words`` of the models) do not count.

    Returns
    -------
    DataFrame
        One row per word, the most widespread first within each view, with the columns

        - "view": the text view;
        - "word": the word;
        - "share": share of the topics that it is frequent in;
        - "probability": its probability in all texts, by the topics.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If a parameter is invalid, or a view has at most `n_words` words, so that all
        would be frequent everywhere.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.inspection import suggest_stop_words
    >>> X = [[9, 9, 0, 0, 7], [0, 0, 9, 9, 7], [9, 9, 0, 0, 7], [0, 0, 9, 9, 7]]
    >>> model = PolylingualLDA(2, doc_topic_prior=0.1, random_state=0).fit(X)
    >>> suggest_stop_words(model, n_words=3)["word"].tolist()
    ['x4']
    """
    model, _ = reach_topic_model(estimator, None)
    check_is_fitted(model)
    tables = []
    for view, by_topic in model.known_words(n_words).items():
        vocabulary = model.vocabularies_[view]
        if len(vocabulary) <= n_words:
            raise ValueError(
                f"view {view!r} has {len(vocabulary)} words, so all are among the "
                f"n_words={n_words} top words of every topic; lower n_words"
            )
        known = [words for words in by_topic if words]
        times = pd.Series([w for words in known for w in words], dtype=object)
        share = times.value_counts() / max(len(known), 1)
        wide = share[share >= min_share]
        tokens = np.asarray(model.topic_tokens_[view], float)
        tokens = tokens / tokens.sum() if tokens.any() else np.ones_like(tokens)
        column = {word: n for n, word in enumerate(vocabulary.tolist())}
        columns = [column[word] for word in wide.index]
        table = table_of(
            {
                "view": view,
                "word": np.array(wide.index, dtype=object),
                "share": wide.to_numpy(float),
                "probability": tokens @ np.asarray(model.topic_word_[view])[:, columns],
            }
        )
        order = ["share", "probability"]
        tables.append(table.sort_values(order, ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)

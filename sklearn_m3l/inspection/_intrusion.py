"""Intrusion tests: sheets of questions for people, and their keys."""

import io
import os
from collections.abc import Iterable
from html import escape
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from sklearn_m3l.inspection._inputs import article_ids
from sklearn_m3l.metrics._articles import first_of_each
from sklearn_m3l.metrics._topics import infer_topics, reach_topic_model
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._files import replace_file
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._sklearn import Interval, validate_params

_POSITIVE = [Interval(Integral, 1, None, closed="left")]
# Letters of a text that a sheet shows.
_N_LETTERS = 700
CHOICE, PROPORTION = "choice_", "proportion_"
_TASKS = {
    "word": "All words of a line but one belong together. Mark the one that does not.",
    "topic": "All groups of words but one describe the text. Mark the one that does "
    "not.",
}
_STYLE = """
body { font: 12pt/1.5 serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; }
section { break-inside: avoid; border-top: 1px solid #bbb; padding: .5rem 0; }
h2 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0; white-space: pre-line; }
ol { list-style: none; margin: 0; padding: 0; }
.word ol { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
li::before { content: "\\2610\\a0" counter(list-item) "\\a0"; }
"""


@validate_params(
    {
        "estimator": "no_validation",
        "view": [str, None],
        "topics": "no_validation",
        "n_words": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def word_intrusion(
    estimator: Any,
    view: str | None = None,
    *,
    topics: Iterable[int] | None = None,
    n_words: int = 5,
    random_state: Any = None,
) -> pd.DataFrame:
    """Make a word intrusion test: people find the word that does not belong.

    Each question shows the top words of a topic and one intruder, in random order. The
    intruder is a top word of another topic that is unlikely in this one.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    view : str, default=None
        The text view that the words come from. It can be omitted if there is only one.
    topics : iterable of int, default=None
        Numbers of the topics; by default all that have words in that view (see
        ``known_words`` of the models).
    n_words : int, default=5
        Words of the topic per question.
    random_state : int, RandomState instance or None, default=None
        Seed of the intruders and of the order.

    Returns
    -------
    DataFrame of shape (n_questions, n_words + 5)
        One row per question, in random order, with the columns "question" (from 1),
        "topic", "view", "choice_1" and so on, and "intruder", the number of the choice
        that does not belong.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If the model has no words in `view`, a topic does not exist or has no words in
        that view, or there are too few topics or words for an intruder.

    See Also
    --------
    topic_intrusion : The same with topics of documents.
    write_intrusion : Write the questions, and the key to a separate file.
    score_intrusion : Score the answers.

    References
    ----------
    .. [1] J. Chang, J. Boyd-Graber, S. Gerrish, C. Wang and D. Blei, "Reading Tea
       Leaves: How Humans Interpret Topic Models", NeurIPS 2009, Section 3.1.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import word_intrusion
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = PolylingualLDA(4, max_iter=5, random_state=0).fit(X)
    >>> sheet = word_intrusion(model, "de", random_state=0)
    >>> sheet.shape
    (4, 10)
    """
    model, _ = reach_topic_model(estimator, None)
    model.top_words(view, 1)  # refuses a view without words
    view = next(iter(model.vocabularies_)) if view is None else view
    known, vocabulary = model.known_words(n_words)[view], model.vocabularies_[view]
    phi = np.asarray(model.topic_word_[view])
    if len(phi) < 2 or len(vocabulary) < 2 * n_words:
        raise ValueError(
            f"an intruder needs at least 2 topics and {2 * n_words} words; the model "
            f"has {len(phi)} topics and {len(vocabulary)} words in view {view!r}"
        )
    rng = private_generator(random_state)
    column = {word: place for place, word in enumerate(vocabulary)}
    rows = []
    for topic in rng.permutation(_check_topics(topics, known, view)):
        others = dict.fromkeys(
            word
            for other, words in enumerate(known)
            for word in words
            if other != topic and word not in known[topic]
        )
        if not others:
            raise ValueError(
                f"topic {topic} has the same {n_words} top words as all other topics "
                f"in view {view!r}, so no word can be an intruder; lower n_words, or "
                "leave the topic out"
            )
        # From the less likely half: a likely word of this topic would not stand out.
        likely = sorted(others, key=lambda word: phi[topic, column[word]])
        pool = likely[: max(1, len(likely) // 2)]
        choices = [*known[topic], pool[rng.randint(len(pool))]]
        order = rng.permutation(n_words + 1)
        rows.append(
            {
                "topic": int(topic),
                "view": view,
                **{f"{CHOICE}{n}": choices[k] for n, k in enumerate(order, start=1)},
                "intruder": int(np.flatnonzero(order == n_words)[0]) + 1,
            }
        )
    sheet = pd.DataFrame(rows, dtype=object).astype({"topic": int, "intruder": int})
    sheet.insert(0, "question", np.arange(1, len(sheet) + 1))
    return sheet


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "texts": ["array-like"],
        "view": [str, None],
        "n_rows": _POSITIVE,
        "n_topics": _POSITIVE,
        "n_words": _POSITIVE,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def topic_intrusion(
    estimator: Any,
    X: Any,
    texts: Any,
    view: str | None = None,
    *,
    n_rows: int = 20,
    n_topics: int = 3,
    n_words: int = 8,
    random_state: Any = None,
) -> pd.DataFrame:
    """Make a topic intrusion test: people find the topic that a text is not about.

    Each question shows a text, the top words of its largest topics and those of one
    intruder, in random order. The intruder is one of the smaller half of the text's
    topics.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features)
        Rows to choose from, in the form that the estimator takes. Topics are inferred
        from all of their views.
    texts : array-like of str of shape (n_rows,)
        The texts of the rows, whose first 700 letters are shown; rows without a text
        are not chosen.
    view : str, default=None
        The text view that the words come from. It can be omitted if there is only one.
    n_rows : int, default=20
        Number of questions. Rows are chosen at random, at most one per article.
    n_topics : int, default=3
        Topics of the text per question.
    n_words : int, default=8
        Words per topic.
    random_state : int, RandomState instance or None, default=None
        Seed of the rows, of the intruders and of the order.

    Returns
    -------
    DataFrame of shape (n_rows, 2 * n_topics + 7)
        One row per question, with the columns "question" (from 1), "row" (position in
        `X`), "view", "text", "choice_1" and so on, "proportion_1" and so on (of the
        topics in the row), and "intruder", the number of the choice that does not
        belong.

    Raises
    ------
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If `texts` and `X` differ in length, there are fewer articles with a text than
        `n_rows`, the model has no words in `view`, or it has too few topics.

    See Also
    --------
    word_intrusion : The same with words of topics.
    write_intrusion : Write the questions, and the key to a separate file.
    score_intrusion : Score the answers.

    References
    ----------
    .. [1] J. Chang, J. Boyd-Graber, S. Gerrish, C. Wang and D. Blei, "Reading Tea
       Leaves: How Humans Interpret Topic Models", NeurIPS 2009, Section 3.2.

    Examples
    --------
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import topic_intrusion
    >>> corpus = load_gimp_help("test")
    >>> X = corpus.data[["en", "de"]]
    >>> model = PolylingualLDA(8, max_iter=5, random_state=0).fit(X)
    >>> sheet = topic_intrusion(
    ...     model, X, corpus.frame["en"], "en", n_rows=5, random_state=0
    ... )
    >>> sheet.shape
    (5, 13)
    """
    model, data = reach_topic_model(estimator, X)
    model.top_words(view, 1)  # refuses a view without words
    view = next(iter(model.vocabularies_)) if view is None else view
    known = model.known_words(n_words)[view]
    theta = infer_topics(model, data)
    shown = [text if isinstance(text, str) and text.strip() else None for text in texts]
    if len(shown) != len(theta):
        raise ValueError(f"texts has {len(shown)} texts for {len(theta)} rows")
    spoken = np.flatnonzero([bool(words) for words in known])
    if len(spoken) < n_topics + 2:
        raise ValueError(
            f"questions of {n_topics} topics need at least {n_topics + 2} topics with "
            f"words in view {view!r}; the model has {len(spoken)}"
        )
    rng = private_generator(random_state)
    has_text = np.array([text is not None for text in shown])
    rows = _choose_rows(data, has_text & ~np.isnan(theta[:, 0]), n_rows, rng)
    questions = []
    for number, row in enumerate(rows, start=1):
        order = spoken[np.argsort(-theta[row, spoken], kind="stable")]
        least = order[max(n_topics, len(order) // 2) :]
        choices = np.append(order[:n_topics], least[rng.randint(len(least))])
        place = rng.permutation(n_topics + 1)
        asked = list(enumerate(choices[place], start=1))
        questions.append(
            {
                "question": number,
                "row": int(row),
                "view": view,
                "text": _beginning(shown[row] or ""),
                **{f"{CHOICE}{n}": ", ".join(known[topic]) for n, topic in asked},
                **{f"{PROPORTION}{n}": float(theta[row, topic]) for n, topic in asked},
                "intruder": int(np.flatnonzero(place == n_topics)[0]) + 1,
            }
        )
    kinds: dict[str, type] = dict.fromkeys(["question", "row", "intruder"], int)
    kinds |= {f"{PROPORTION}{n}": float for n in range(1, n_topics + 2)}
    return pd.DataFrame(questions, dtype=object).astype(kinds)


def _choose_rows(
    data: Any, usable: np.ndarray, n_rows: int, rng: np.random.RandomState
) -> np.ndarray:
    """Return random rows to ask about, at most one per article."""
    groups = data.groups if isinstance(data, MultiView) else None
    rows = rng.permutation(np.flatnonzero(usable))
    rows = first_of_each(article_ids(groups, len(usable)), rows)
    if len(rows) < n_rows:
        raise ValueError(
            f"{len(rows)} articles have a text and topics, fewer than n_rows={n_rows}"
        )
    return rows[:n_rows]


def write_intrusion(sheet: pd.DataFrame, path: str | os.PathLike) -> Path:
    """Write the questions of an intrusion test, and the key to a file next to it.

    Existing files are replaced.

    Parameters
    ----------
    sheet : DataFrame
        As returned by `word_intrusion` or `topic_intrusion`.
    path : str or path-like
        The file for the questions: ``.csv``, with an empty column "answer" to fill in,
        or ``.html``, a page to print.

    Returns
    -------
    Path
        The key for `score_intrusion`, a CSV file whose name ends with ``.key.csv``.

    Raises
    ------
    ValueError
        If the path has another ending, or `sheet` is not such a table.
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> from sklearn_m3l.inspection import word_intrusion, write_intrusion
    >>> from sklearn_m3l import PolylingualLDA
    >>> counts = [[3, 2, 0, 0], [0, 0, 4, 1], [2, 3, 0, 0], [0, 0, 5, 3]]
    >>> model = PolylingualLDA(2, max_iter=20, random_state=0).fit(counts)
    >>> sheet = word_intrusion(model, n_words=2, random_state=0)
    >>> write_intrusion(sheet, "words.html")  # doctest: +SKIP
    PosixPath('words.key.csv')
    """
    path = Path(path)
    choices = choices_of(sheet)
    if path.suffix.lower() == ".csv":
        hidden = ["topic", "row", "intruder", *numbered(sheet, PROPORTION)]
        questions = sheet.drop(columns=[name for name in hidden if name in sheet])
        content = questions.assign(answer="").to_csv(index=False)
    elif path.suffix.lower() == ".html":
        content = _page(sheet, choices)
    else:
        raise ValueError(f"path must end with .csv or .html, not {path.name!r}")
    key = path.with_suffix(".key.csv")
    kept = [name for name in sheet if name != "text"]
    replace_file(path, content)
    replace_file(key, sheet[kept].to_csv(index=False))
    return key


def _check_topics(
    topics: Iterable[int] | None, known: list[list[str]], view: str
) -> list[int]:
    """Return the topics to ask about; refuse those without words."""
    if topics is None:
        chosen = [topic for topic, words in enumerate(known) if words]
    else:
        chosen = list(topics)
    if not chosen:
        raise ValueError(f"there is no topic with words in view {view!r} to ask about")
    for topic in chosen:
        check_scalar(topic, "topics", Integral, min_val=0, max_val=len(known) - 1)
        if not known[topic]:
            raise ValueError(
                f"topic {topic} has hardly any words in view {view!r}; leave it out"
            )
    return chosen


def numbered(sheet: pd.DataFrame, prefix: str) -> list[str]:
    return [name for name in map(str, sheet) if name.startswith(prefix)]


def choices_of(sheet: pd.DataFrame) -> list[str]:
    """Return the columns of choices; refuse a table that is not a sheet."""
    choices = numbered(sheet, CHOICE)
    subject = {"topic", "row"} & {*sheet}
    if not choices or not subject or not {"question", "intruder"} <= {*sheet}:
        raise ValueError(
            "this is not an intrusion test, which has the columns question, topic or "
            f"row, choice_1 and so on, and intruder; it has "
            f"{', '.join(map(str, sheet.columns))}"
        )
    return choices


def _beginning(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _N_LETTERS else f"{text[:_N_LETTERS].rstrip()} …"


def _page(sheet: pd.DataFrame, choices: list[str]) -> str:
    """Return the questions, without the key, as a page to print."""
    kind = "topic" if "text" in sheet else "word"
    page = io.StringIO()
    page.write(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{kind.title()} intrusion</title>\n<style>{_STYLE}</style>\n</head>\n"
        f'<body class="{kind}">\n<h1>{kind.title()} intrusion</h1>\n'
        f"<p>{_TASKS[kind]}</p>\n"
    )
    for row in sheet.to_dict("records"):
        page.write(f"<section>\n<h2>Question {row['question']}</h2>\n")
        if kind == "topic":
            page.write(f'<p dir="auto">{escape(row["text"])}</p>\n')
        page.write('<ol dir="auto">\n')
        for name in choices:
            page.write(f'<li dir="auto">{escape(str(row[name]))}</li>\n')
        page.write("</ol>\n</section>\n")
    page.write("</body>\n</html>\n")
    return page.getvalue()

"""Scores of the answers to an intrusion test."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.inspection._intrusion import PROPORTION, choices_of, numbered


def score_intrusion(answers: Any, key: Any) -> pd.DataFrame:
    """Score the answers to an intrusion test.

    Parameters
    ----------
    answers : DataFrame, str or path-like
        The columns "question" and "answer" (the number of a choice), one row per
        question and person, or a CSV file of them. Empty answers do not count.
    key : DataFrame, str or path-like
        The sheet, or the key that `write_intrusion` wrote.

    Returns
    -------
    DataFrame of shape (n_questions, 5 or 6)
        One row per question, with the columns

        - "question", and the "topic" or "row" that it is about;
        - "n_answers": number of answers;
        - "precision": share of the answers that found the intruder (model precision
          [1]_); NaN without an answer. 1 is best;
        - "chance": the precision of random answers;
        - "log_odds", only for topic intrusion: mean log ratio of the proportion of the
          intruder to that of the chosen topic (topic log odds [1]_); 0 is best.

    Raises
    ------
    ValueError
        If a column is missing, a question is unknown, or an answer is not the number of
        a choice.

    References
    ----------
    .. [1] J. Chang, J. Boyd-Graber, S. Gerrish, C. Wang and D. Blei, "Reading Tea
       Leaves: How Humans Interpret Topic Models", NeurIPS 2009, Equations 1 and 2.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_m3l.inspection import score_intrusion
    >>> key = pd.DataFrame(
    ...     {
    ...         "question": [1, 2],
    ...         "topic": [7, 3],
    ...         "choice_1": ["rain", "vote"],
    ...         "choice_2": ["wind", "goal"],
    ...         "choice_3": ["vote", "match"],
    ...         "intruder": [3, 1],
    ...     }
    ... )
    >>> answers = pd.DataFrame({"question": [1, 1, 2, 2], "answer": [3, 3, 1, 2]})
    >>> score_intrusion(answers, key).round(2)
       question  topic  n_answers  precision  chance
    0         1      7          2        1.0    0.33
    1         2      3          2        0.5    0.33
    """
    sheet, given = _read(key, "key"), _read(answers, "answers")
    choices = choices_of(sheet)
    for name in ("question", "answer"):
        if name not in given:
            raise ValueError(
                f"answers has no column {name!r}; it has "
                f"{', '.join(map(str, given.columns))}"
            )
    given = given[given["answer"].notna() & (given["answer"].astype(str) != "")]
    place = pd.Index(sheet["question"]).get_indexer(given["question"])
    if (place < 0).any():
        unknown = given["question"].iloc[np.flatnonzero(place < 0)[0]]
        raise ValueError(f"answers has the question {unknown}, which the key lacks")
    number = pd.to_numeric(given["answer"], errors="coerce").to_numpy(float)
    broken = ~np.isin(number, np.arange(1, len(choices) + 1))
    if broken.any():
        first = np.flatnonzero(broken)[0]
        raise ValueError(
            f"question {given['question'].iloc[first]} has the answer "
            f"{str(given['answer'].iloc[first])!r}; answers are numbers from 1 to "
            f"{len(choices)}"
        )
    n_answers = np.bincount(place, minlength=len(sheet))
    hits = number == sheet["intruder"].to_numpy()[place]
    subject = "topic" if "topic" in sheet else "row"
    scores = {
        "question": sheet["question"],
        subject: sheet[subject],
        "n_answers": n_answers,
        "precision": _means(hits, place, n_answers),
        "chance": 1 / len(choices),
    }
    proportions = numbered(sheet, PROPORTION)
    if proportions:
        theta = sheet[proportions].to_numpy(float).clip(1e-12)
        rows = np.arange(len(theta))
        of_intruder = theta[rows, sheet["intruder"].to_numpy(int) - 1]
        of_answer = theta[place, number.astype(int) - 1]
        odds = np.log(of_intruder[place]) - np.log(of_answer)
        scores["log_odds"] = _means(odds, place, n_answers)
    return pd.DataFrame(scores)


def _read(table: Any, name: str) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    try:
        return pd.read_csv(table, keep_default_na=False, na_values={"answer": [""]})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        raise ValueError(f"{name} is not a CSV file: {error}") from error


def _means(values: np.ndarray, place: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    sums = np.bincount(place, weights=values, minlength=len(sizes))
    return np.divide(sums, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)

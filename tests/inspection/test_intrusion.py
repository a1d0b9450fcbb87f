"""Sheets of intruders, their files, and the scores of answers."""

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.inspection import (
    score_intrusion,
    topic_intrusion,
    word_intrusion,
    write_intrusion,
)


@pytest.fixture(scope="module")
def five():
    """Return a model of five clear topics, rows about two each, and their texts."""
    rng = np.random.default_rng(0)
    theta = np.zeros((60, 5))
    for row in range(60):
        theta[row, [row % 5, (row + 1) % 5]] = 0.8, 0.2
    phi = np.kron(np.eye(5), np.ones(6)) + 0.01
    counts = rng.multinomial(50, theta @ (phi / phi.sum(axis=1, keepdims=True)))
    words = {"ar": [f"كلمة{n // 6}-{n % 6}" for n in range(30)]}
    groups = np.arange(60) // 2
    X = MultiView.from_arrays(counts={"ar": counts}, vocabularies=words, groups=groups)
    texts = [f"<b>{row % 5}</b>" if row % 10 else None for row in range(60)]
    return PolylingualLDA(5, max_iter=60, random_state=0).fit(X), X, texts


def test_the_intruder_is_of_another_topic(five):
    model, _, _ = five
    sheet = word_intrusion(model, n_words=4, random_state=0)
    assert sorted(sheet["topic"]) == [0, 1, 2, 3, 4]
    assert sheet["question"].tolist() == [1, 2, 3, 4, 5]
    for _, row in sheet.iterrows():
        words = [row[f"choice_{n}"] for n in range(1, 6)]
        intruder = words.pop(row["intruder"] - 1)
        assert sorted(words) == sorted(model.top_words("ar", 4)[row["topic"]])
        assert len({word.split("-")[0] for word in words}) == 1
        assert intruder.split("-")[0] != words[0].split("-")[0]
    assert sheet["intruder"].nunique() > 1
    again = word_intrusion(model, n_words=4, random_state=0)
    pd.testing.assert_frame_equal(sheet, again)


def test_the_intruding_topic_has_a_small_proportion(five):
    model, X, texts = five
    sheet = topic_intrusion(
        model, X, texts, n_rows=20, n_topics=2, n_words=4, random_state=0
    )
    theta = model.transform(X)
    assert len(sheet) == 20 and sheet["row"].mod(10).all()
    assert (sheet["row"] // 2).is_unique  # one row per article
    for _, row in sheet.iterrows():
        shares = [row[f"proportion_{n}"] for n in range(1, 4)]
        assert np.argmin(shares) == row["intruder"] - 1
        assert max(shares) == pytest.approx(theta[row["row"]].max())
        assert row["text"] == texts[row["row"]]


def test_perfect_and_blind_answers(five):
    model, X, texts = five
    sheets = [
        word_intrusion(model, n_words=4, random_state=0),
        topic_intrusion(
            model, X, texts, n_rows=20, n_topics=2, n_words=4, random_state=0
        ),
    ]
    for sheet in sheets:
        right = sheet[["question"]].assign(answer=sheet["intruder"])
        scores = score_intrusion(right, sheet)
        assert (scores["precision"] == 1).all()
        blind = pd.concat([sheet[["question"]].assign(answer=n) for n in (1, 2, 3)])
        scores = score_intrusion(blind, sheet)
        assert (scores["n_answers"] == 3).all()
        assert (scores["precision"] <= 1 / 3).all()
        assert scores["chance"][0] == pytest.approx(1 / (5 if "topic" in sheet else 3))
    assert (scores["log_odds"] < 0).all()
    assert (score_intrusion(right, sheet)["log_odds"] == 0).all()


@pytest.mark.parametrize("suffix", ["csv", "html"])
def test_files_hide_the_key(five, tmp_path, suffix):
    model, X, texts = five
    sheet = topic_intrusion(
        model, X, texts, n_rows=5, n_topics=2, n_words=4, random_state=0
    )
    path = tmp_path / f"sheet.{suffix}"
    key = write_intrusion(sheet, path)
    assert key == tmp_path / "sheet.key.csv"
    text = path.read_text("utf-8")
    assert "intruder" not in text and "proportion" not in text
    assert sheet["choice_1"][0] in text
    if suffix == "html":
        assert "&lt;b&gt;" in text and "<b>" not in text
        assert 'dir="auto"' in text
        return
    filled = pd.read_csv(path, keep_default_na=False)
    assert (filled["answer"] == "").all()
    assert score_intrusion(path, key)["precision"].isna().all()
    filled["answer"] = sheet["intruder"]
    filled.loc[0, "answer"] = None
    filled.to_csv(path, index=False)
    scores = score_intrusion(path, key)
    assert scores["n_answers"].tolist() == [0, 1, 1, 1, 1]
    assert scores["precision"].sum() == 4


def test_bad_answers(five, tmp_path):
    sheet = word_intrusion(five[0], n_words=4, random_state=0)
    for answers, message in [
        ({"question": [9], "answer": [1]}, "the question 9, which the key lacks"),
        (
            {"question": [1], "answer": [6]},
            "has the answer '6'; .* from 1 to 5",
        ),
        ({"question": [1], "answer": ["b"]}, "has the answer 'b'"),
        ({"question": [1]}, "answers has no column 'answer'; it has question"),
    ]:
        with pytest.raises(ValueError, match=message):
            score_intrusion(pd.DataFrame(answers), sheet)
    with pytest.raises(ValueError, match="this is not an intrusion test"):
        score_intrusion(pd.DataFrame(), pd.DataFrame({"question": [1]}))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match="key is not a CSV file"):
        score_intrusion(pd.DataFrame(), tmp_path / "empty.csv")
    with pytest.raises(ValueError, match="must end with .csv or .html"):
        write_intrusion(sheet, tmp_path / "sheet.pdf")


def test_bad_questions(five):
    model, X, texts = five
    with pytest.raises(ValueError, match="topics == 7"):
        word_intrusion(model, topics=[7])
    with pytest.raises(ValueError, match="view='fr' has no words"):
        word_intrusion(model, "fr")
    with pytest.raises(ValueError, match="at least 2 topics and 60 words"):
        word_intrusion(model, n_words=30)
    with pytest.raises(ValueError, match="texts has 2 texts for 60 rows"):
        topic_intrusion(model, X, texts[:2])
    with pytest.raises(ValueError, match="fewer than n_rows=100"):
        topic_intrusion(model, X, texts, n_rows=100)
    with pytest.raises(ValueError, match="at least 6 topics .* the model has 5"):
        topic_intrusion(model, X, texts, n_topics=4)

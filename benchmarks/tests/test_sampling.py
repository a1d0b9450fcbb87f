"""Tests of how samplers are compared, without the other packages."""

import json
import sys

import numpy as np
import pytest

from benchmarks import sampling, sampling_page
from benchmarks.leaderboard.tables import is_current
from benchmarks.peers import samplers
from benchmarks.peers.environments import ENVIRONMENTS, REQUIREMENTS
from sklearn_m3l import MultiView

# Two topics, each with words of its own; the last word occurs in no training row.
TOPICS = np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 0.5, 0.5, 0]])


def draw(n_rows, rng):
    counts = [rng.multinomial(8, TOPICS[row % 2]) for row in range(n_rows)]
    views = {view: np.array(counts, np.float32) for view in sampling.LANGUAGES}
    vocabularies = {view: [f"{view}{word}" for word in "vwxyz"] for view in views}
    return MultiView.from_arrays(counts=views, vocabularies=vocabularies)


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    return sampling.known_words(draw(20, rng), draw(10, rng))


def test_held_out_words_of_one_topic_have_their_frequency(parts):
    train, test = parts
    assert train["de"].vocabulary.tolist() == test["de"].vocabulary.tolist()
    assert train["de"].vocabulary.tolist() == ["dev", "dew", "dex", "dey"]
    alike = {view: np.full((1, 4), 0.25) for view in sampling.LANGUAGES}
    value = sampling.held_out(test, alike, np.ones(1))
    assert value == pytest.approx(np.log(0.25))
    alone = sampling.held_out(test, {"en": alike["en"]}, np.ones(1))
    assert alone == pytest.approx(np.log(0.25))


def test_held_out_words_are_likelier_with_their_topics(parts):
    train, test = parts
    topics = TOPICS[:, :4] + 1e-3
    topic_word = {"en": topics / topics.sum(axis=1, keepdims=True)}
    found = sampling.held_out(test, topic_word, np.full(2, 0.1))
    other = sampling.held_out(test, sampling.unigram(train[["en"]]), np.ones(1))
    assert found > other + 0.3
    assert found == sampling.held_out(test, topic_word, np.full(2, 0.1))


def test_our_sampler_is_timed_and_scored(parts, monkeypatch):
    train, test = parts
    monkeypatch.setattr(sampling, "SWEEPS", 3)
    given = []

    def score(topic_word):
        given.append(topic_word)
        return float(len(given))

    found = sampling.time_ours(train, score, n_topics=2, n_jobs=1, seed=0)
    assert all(second >= 0 for second in found["seconds"])
    assert (found["held out"], found["held out, averaged"]) == (1, 2)
    for topic_word in given:
        for own in topic_word.values():
            np.testing.assert_allclose(own.sum(axis=1), 1)


def test_another_sampler_gets_the_words_and_returns_them_in_our_order(
    parts, tmp_path, monkeypatch
):
    train, _ = parts
    documents = {view: sampling.documents_of(train, view) for view in train.views}
    assert {len(document) for own in documents.values() for document in own} == {8}
    assert documents["en"][0] == sorted(documents["en"][0])
    calls = []

    def fit(job, sweeps):
        calls.append((job["seed"], sweeps))
        words = list(reversed(job["vocabularies"]["en"]))
        return lambda: {"en": (np.array([[0.1, 0.2, 0.3, 0.4]]), words)}

    job = {
        "sampler": "some",
        "documents": documents,
        "vocabularies": {view: train[view].vocabulary.tolist() for view in train.views},
        "sweeps": 7,
        "seed": 3,
    }
    job_file, result = tmp_path / "job.json", tmp_path / "result.npz"
    job_file.write_text(json.dumps(job))
    monkeypatch.setattr(samplers, "SAMPLERS", {"some": ("numpy", fit)})
    monkeypatch.setattr(sys, "argv", ["samplers", str(job_file), str(result)])
    samplers.main()
    assert calls == [(3, 1), (3, 7)]
    with np.load(result) as found:
        np.testing.assert_allclose(found["en"], [[0.4, 0.3, 0.2, 0.1]])
        assert str(found["version"]) == np.__version__
        assert found["seconds"].shape == (2,)
    job["vocabularies"]["en"][0] = "unknown"
    job_file.write_text(json.dumps(job))
    monkeypatch.setitem(
        samplers.SAMPLERS,
        "some",
        ("numpy", lambda *_: lambda: {"en": (np.ones((1, 1)), ["env"])}),
    )
    with pytest.raises(ValueError, match="some has not learned the words of en"):
        samplers.main()


def test_samplers_have_environments():
    named = {n for _, others in sampling.SAMPLERS_BY_LANGUAGES.values() for n in others}
    assert named == set(samplers.SAMPLERS)
    for package, _ in samplers.SAMPLERS.values():
        lines = (REQUIREMENTS / f"{ENVIRONMENTS[package]}.txt").read_text().split()
        assert any(line.startswith(f"{package}==") for line in lines)
        assert all("==" in line for line in lines)


def turns(seconds, held_out, **more):
    """Return turns of 11 sweeps over 1,000 tokens, of nanoseconds per token."""
    return [
        {"seconds": [1.0, 1.0 + 1e-5 * own], "held out": held_out, **more}
        for own in seconds
    ]


@pytest.fixture
def made_up():
    ours = turns([10, 20, 90], -5.0, **{"held out, averaged": -4.5})
    languages = {
        "en and de": {
            "tokens": 1000,
            "unigram": -7.0,
            "samplers": {
                "PolylingualLDA, n_jobs=1": ours,
                "PolylingualLDA, n_jobs=2": ours,
                "topica PolylingualLDA": turns([30, 60, 90], -5.5, version="1.2"),
            },
        },
        "en": {
            "tokens": 1000,
            "unigram": -6.0,
            "samplers": {
                "PolylingualLDA, n_jobs=1": ours,
                "tomotopy LDAModel": turns([5, 10, 45], -5.25, version="3.4"),
                "topica LDA": turns([10, 20, 90], -5.125, version="1.2"),
            },
        },
    }
    corpus = {"tuples": 2000, "n_topics": 50, "languages": languages}
    corpora = dict.fromkeys(sampling_page.TITLES, corpus)
    return {"sweeps": 11, "corpora": corpora}


def test_the_table_has_medians_and_ratios_of_turns(made_up):
    lines = sampling_page.markdown(made_up).splitlines()
    assert len(lines) == 2 + 2 * (2 + 3 + 3)
    assert {line.count("|") for line in lines} == {7}
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[2][0].endswith("en and de**: 2,000 tuples, 1,000 tokens, 50 topics")
    assert cells[2][1:] == ["", "", "", "-7.000", ""]
    first = ["`PolylingualLDA`, `n_jobs=1`", "20", "1.00", "1.0", "-5.000", "-4.500"]
    assert cells[3] == first
    assert cells[4][1:] == ["", "", "", "-5.000", "-4.500"]
    # The median of 3, 3, and 1, not the ratio of medians.
    assert cells[5] == [
        "topica 1.2, `PolylingualLDA`",
        "60",
        "3.00",
        "1.0",
        "-5.500",
    ] + [""]
    assert cells[8][:3] == ["tomotopy 3.4, `LDAModel`", "10", "0.50"]


def test_the_sentence_has_the_ratios(made_up):
    words = " ".join(sampling_page.restructured(made_up).split())
    for ratio in ("3.00 (GIMP manual)", "0.50 (GIMP manual)", "1.00 (Multi30k)"):
        assert ratio in words
    assert words.endswith("differs from ours by at most 0.500.")


def test_a_stale_result_is_not_shown(made_up, tmp_path, monkeypatch):
    result = tmp_path / "sampling.json"
    result.write_text(json.dumps(made_up))
    monkeypatch.setattr(sampling_page, "RESULT", result)
    is_current.cache_clear()
    assert "tomotopy" not in sampling_page.table() + sampling_page.sentence()
    assert sampling_page.markdown(made_up) == sampling_page.table(stale=True)
    assert sampling_page.restructured(made_up) in sampling_page.sentence(stale=True)

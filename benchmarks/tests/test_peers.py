"""Tests of the adapters of other packages, none of which is needed."""

import json
import sys
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse

from benchmarks.leaderboard import results
from benchmarks.leaderboard.corpora import Corpus as ExportedCorpus
from benchmarks.leaderboard.exchange import read_corpus, read_delivery, write_corpus
from benchmarks.peers import __main__ as command
from benchmarks.peers import delivery, resources
from benchmarks.peers.delivery import Cannot, Corpus, Fitted, System
from benchmarks.peers.environments import ADAPTERS, REQUIREMENTS
from sklearn_m3l import MultiView

N_ROWS, N_WORDS, N_TOPICS = 8, 12, 2


@pytest.fixture
def folder(tmp_path):
    """Return an exported corpus, in which a German text and some pictures lack."""
    rng = np.random.default_rng(0)
    counts = {v: rng.integers(0, 3, (N_ROWS, N_WORDS)) for v in ("en", "de")}
    present = {"de": np.arange(N_ROWS) != 3, "image": np.arange(N_ROWS) % 2 == 0}
    counts["de"][3] = 0
    vocabularies = {v: [f"{v}{n}" for n in range(N_WORDS)] for v in counts}
    X = MultiView.from_arrays(
        {v: rng.normal(size=(N_ROWS, 4)).astype("f4") for v in ("en", "de", "image")},
        {v: sparse.csr_array(own.astype("f4")) for v, own in counts.items()},
        vocabularies,
        present,
        groups=np.arange(N_ROWS) // 2,
    )
    tokens = {
        view: [np.repeat(vocabularies[view], row).tolist() for row in own]
        for view, own in counts.items()
    }
    tokens["de"][3] = None
    rows = {"train": tokens, "test": tokens}
    corpus = ExportedCorpus(
        "tiny",
        N_TOPICS,
        X,
        X,
        X,
        rows,
        rows,
        {part: [None] * N_ROWS for part in rows},
        {"en": "a", "de": "a", "image": "b"},
        ("en", "de"),
    )
    write_corpus(corpus, tmp_path / "data")
    return tmp_path / "data"


def fit(corpus, seed, iterations):
    """Give each row the topic of the sign of its first number."""
    words = {
        v: delivery.top_words(np.eye(2, N_WORDS), corpus.vocabulary(v))
        for v in corpus.texts
    }

    def infer_of(view):
        def infer(part, rows):
            first = corpus.embeddings(part, view, rows)[:, 0]
            return np.column_stack([first > 0, first <= 0])

        return infer

    return Fitted(
        N_TOPICS,
        words,
        {view: infer_of(view) for view in corpus.texts},
        log_p=lambda view, theta: np.full((len(theta), N_WORDS), -np.log(N_WORDS)),
        cannot=delivery.reasons(corpus.pictures, "a reason"),
    )


def refuse(*_):
    raise Cannot("it needs a moon")


SYSTEMS = {
    "some": System("Some", "defaults", fit, iterations=7),
    "other": System("Other", "defaults", refuse),
}


def run(monkeypatch, folder, target, *options):
    argv = ["benchmarks/peers/delivery.py", str(folder), str(target), *options]
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(delivery, "installed_mib", lambda: 1.5)  # reads a long list
    delivery.main(SYSTEMS, ["numpy"])
    return json.loads((target / "delivery.json").read_text("utf-8"))


def test_a_delivery_is_what_the_leaderboard_reads(folder, tmp_path, monkeypatch):
    target = tmp_path / "delivery"
    about = run(monkeypatch, folder, target, "--system", "some", "--seed", "3")
    read = read_delivery(target, read_corpus(folder))
    assert about["configuration"] == "defaults"
    assert (read.about["seed"], read.about["n_topics"]) == (3, N_TOPICS)
    assert read.about["seconds"].keys() == {"fit", "transform"}
    assert read.words["de"][1][0] == "de1"
    assert np.isnan(read.test["de"][3]).all()
    np.testing.assert_allclose(read.test["en"].sum(axis=1), 1)
    counts = read_corpus(folder).test["de"].counts
    expected = -np.log(N_WORDS) * np.asarray(counts.sum(axis=1))
    expected[3] = np.nan
    np.testing.assert_allclose(read.log_likelihood["en", "de"], expected)
    assert np.isnan(read.log_likelihood["de", "en"][3])
    assert read.cannot == {"view:image": "a reason"}


def test_a_system_that_cannot_says_why(folder, tmp_path, monkeypatch):
    target = tmp_path / "delivery"
    run(monkeypatch, folder, target, "--system", "other")
    read = read_delivery(target, read_corpus(folder))
    assert read.cannot == {"all": "it needs a moon"}
    assert not read.words
    assert not read.test


@pytest.mark.parametrize(
    ("options", "system", "configuration"),
    [
        (["--iterations", "5"], "some", "defaults; 5 epochs"),
        (
            ["--iterations", "5", "--equal-time"],
            "some-equal-time",
            "at equal time: 5 epochs",
        ),
    ],
)
def test_fewer_iterations_are_named(
    folder, tmp_path, monkeypatch, options, system, configuration
):
    about = run(monkeypatch, folder, tmp_path / "d", "--system", "some", *options)
    assert (about["system"], about["configuration"]) == (system, configuration)


def test_equal_time_scales_iterations(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    for name, seconds in ((command.OURS, 5.0), ("some", 20.0), ("slow", 1e6)):
        path = tmp_path / "tiny" / f"{name}_seed0.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"values": {"Fit s": seconds}}))
    monkeypatch.setattr(
        results, "result_file", lambda c, s, n: tmp_path / c / f"{s}_seed{n}.json"
    )
    assert command.equal_time("tiny", "some", 0, 100) == 25
    assert command.equal_time("tiny", "slow", 0, 100) == 1
    with pytest.raises(SystemExit, match="run missing on tiny with seed 0 first"):
        command.equal_time("tiny", "missing", 0, 100)


def test_articles_and_texts_of_all_languages(folder):
    corpus = Corpus(folder)
    assert corpus.articles().tolist() == [0, 2, 4, 6]
    assert Corpus(folder, n_first=2).articles("de").tolist() == [0, 2]
    documents, vectors = corpus.all_texts()
    assert len(documents) == len(vectors) == 8
    assert corpus.tokens("train", "de", np.array([3])) == [[]]
    with pytest.raises(Cannot, match="not aligned"):
        corpus.need_aligned(["en", "image"])
    with pytest.raises(Cannot, match="needs vectors of words"):
        corpus.word_embeddings("en")
    with pytest.raises(Cannot, match="needs a dictionary"):
        corpus.dictionary()


def test_shares_and_columns():
    np.testing.assert_allclose(
        delivery.shares(np.array([[0.0, 0.0], [3.0, 1.0], [-1.0, 2.0]])),
        [[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]],
    )
    moved = delivery.columns_of(np.array([[0.25, 0.75]]), ["b", "a"], ["a", "b", "c"])
    np.testing.assert_allclose(moved, [[0.75, 0.25, 0.0]], atol=1e-9)
    assert (moved > 0).all()


def test_dictionary_of_single_words(folder, tmp_path, monkeypatch):
    lines = [
        "# a comment :: here",
        "Bild {n}; Abbildung {n} [photo.] | Bilder {pl} :: picture; photo | pictures",
        "auswählen; aussuchen {vt} (aus) :: to choose; to pick out <something>",
        "ohne Gegenstück",
    ]
    pairs = set(resources.read_pairs(lines))
    assert pairs == {
        ("bild", "picture"),
        ("bild", "photo"),
        ("abbildung", "picture"),
        ("abbildung", "photo"),
        ("bilder", "pictures"),
        ("auswählen", "choose"),
        ("aussuchen", "choose"),
    }
    file = tmp_path / "package" / "usr" / "share" / "trans" / "de-en"
    file.parent.mkdir(parents=True)
    file.write_text("De1 {n} :: en2; en99\nde5 :: to en3\n", encoding="utf-8")
    monkeypatch.setattr(
        resources, "fetch_debian", lambda name, folder: tmp_path / "package"
    )
    resources.write_dictionary(folder, tmp_path)
    languages, pairs = Corpus(folder).dictionary()
    assert languages == ["en", "de"]
    assert pairs == [("en2", "de1"), ("en3", "de5")]


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_are_known_without_their_package(name):
    adapter = import_module(f"benchmarks.peers.{name}")
    assert adapter.SYSTEMS
    assert all(system.startswith(name) for system in adapter.SYSTEMS)
    lines = (REQUIREMENTS / f"{ADAPTERS[name]}.txt").read_text().splitlines()
    assert all("==" in line for line in lines)
    assert not any(line.startswith("torchvision") for line in lines)


def test_words_match_from_where_no_term_holds_most_of_them():
    from benchmarks.peers.turftopic import least_threshold

    # A chain of three of 200 words, whose neighbors have a cosine of 0.945.
    angles = np.arccos(0.945) * np.arange(3)
    vectors = np.eye(200, 199)
    vectors[197:] = 0
    vectors[197:, 197:] = np.column_stack([np.cos(angles), np.sin(angles)])
    assert least_threshold(vectors) == 0.95


def test_another_number_of_topics_is_named(folder, tmp_path):
    path = tmp_path / "delivery.json"
    for n_topics, configuration in ((N_TOPICS, "defaults"), (5, "defaults; 5 topics")):
        path.write_text(json.dumps({"n_topics": n_topics, "configuration": "defaults"}))
        command._tell_topics(path, folder)
        assert json.loads(path.read_text())["configuration"] == configuration

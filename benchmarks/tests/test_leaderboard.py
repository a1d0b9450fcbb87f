"""Tests of the leaderboard: its corpora, what is measured, and what is stored."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmarks.leaderboard import results, tables
from benchmarks.leaderboard.__main__ import main
from benchmarks.leaderboard.corpora import Corpus, hide_pairing
from benchmarks.leaderboard.exchange import (
    Delivery,
    read_corpus,
    read_delivery,
    write_corpus,
)
from benchmarks.leaderboard.measures import measure
from benchmarks.leaderboard.plots import write_figures
from benchmarks.leaderboard.sentences import sentences
from benchmarks.leaderboard.systems import SYSTEMS, deliver
from benchmarks.provenance import run_file
from sklearn_m3l import MultiView
from sklearn_m3l.datasets import load_gimp_help

N_TOPICS, N_TRAIN, N_TEST, N_WORDS = 3, 24, 9, 30
ABOUT = {
    "corpus": "tiny",
    "system": "some-system",
    "title": "Some system",
    "configuration": "defaults",
    "seed": 0,
    "n_topics": N_TOPICS,
    "seconds": {"fit": 1.5, "transform": 0.5},
    "packages": {"numpy": np.__version__},
    "python": "3",
}


def make_part(n_rows, seed):
    """Return rows of two languages and a picture, whose words say their topic."""
    rng = np.random.default_rng(seed)
    topics = np.arange(n_rows) % N_TOPICS
    names = ("en", "de")
    numbers = topics[:, np.newaxis] * 10 + rng.integers(10, size=(n_rows, 8))
    counts, tokens = {}, {}
    for name in names:
        dense = np.stack([np.bincount(row, minlength=N_WORDS) for row in numbers])
        counts[name] = sparse.csr_array(dense.astype(np.float32))
        tokens[name] = [[f"{name}{number}" for number in row] for row in numbers]
    width = {"en": 6, "de": 6, "image": 4}
    X = MultiView.from_arrays(
        {
            name: (np.eye(size)[topics] + rng.normal(0, 0.1, (n_rows, size))).astype(
                np.float32
            )
            for name, size in width.items()
        },
        counts,
        {name: [f"{name}{number}" for number in range(N_WORDS)] for name in names},
        {"image": np.arange(n_rows) % 4 > 0},
    )
    return X, tokens, [f"label {topic}" for topic in topics]


@pytest.fixture(scope="module")
def corpus():
    parts = {"train": make_part(N_TRAIN, 0), "test": make_part(N_TEST, 1)}
    tokens = {part: own for part, (_, own, _) in parts.items()}
    texts = {
        part: {name: [" ".join(words) for words in rows] for name, rows in own.items()}
        for part, own in tokens.items()
    }
    train = parts["train"][0]
    return Corpus(
        "tiny",
        N_TOPICS,
        train,
        parts["test"][0],
        train,
        texts,
        tokens,
        {part: labels for part, (_, _, labels) in parts.items()},
        {"en": "a", "de": "a", "image": "b"},
        ("en", "de"),
    )


def topics_of(X, name, theta):
    theta = np.array(theta, dtype=float)
    theta[~np.asarray(X[name].present)] = np.nan
    return theta


def delivery_of(corpus, make):
    """Return a delivery whose topics are those that a function gives a row."""
    parts = [
        {
            name: topics_of(X, name, [make(row, len(X)) for row in range(len(X))])
            for name in X.view_names
        }
        for X in (corpus.train, corpus.test)
    ]
    words = {
        name: [[f"{name}{10 * topic + i}" for i in range(10)] for topic in range(3)]
        for name in ("en", "de")
    }
    return Delivery(dict(ABOUT), words, *parts)


def with_german(X, **changes):
    """Return rows whose German view has other parts."""
    views = {**X.views, "de": replace(X["de"], **changes)}
    return MultiView(views, index=X.index, groups=X.groups)


def test_one_topic_for_all_scores_what_chance_does(corpus):
    same = delivery_of(corpus, lambda row, n: [0.2, 0.3, 0.5])
    found = measure(same, corpus)
    values, chance = found["values"], found["chance"]
    assert values["MRR en-de"] == pytest.approx(chance["MRR en-de"])
    assert values["UAP en-image"] <= chance["UAP en-image"]
    assert values["JSD en-de"] == values["JSD-gap en-de"] == 0
    assert values["Accuracy en-de"] == pytest.approx(1 / 3)
    assert values["IEC image"] < 0.5
    assert "TU en" not in values  # needs 15 words


def test_topics_of_their_own_find_each_other(corpus):
    def make(row, n_rows):
        first = 0.2 + 0.6 * row / n_rows
        return np.array([first, 0.9 - first, 0.1])

    values = measure(delivery_of(corpus, make), corpus)["values"]
    assert values["MRR en-de"] == values["UAP de-image"] == 1
    assert values["JSD-gap en-de"] > 0
    assert values["NPMI en"] == pytest.approx(values["NPMI de"])


def test_a_language_whose_texts_have_one_label_is_left_out(corpus):
    train = with_german(corpus.train, present=np.arange(N_TRAIN) % N_TOPICS == 0)
    gaps = replace(corpus, train=train, reference=train)
    delivery = delivery_of(gaps, lambda row, n: np.eye(3)[row % 3])
    values = measure(delivery, gaps)["values"]
    assert values["Accuracy en"] == 1
    assert not {"Accuracy de", "Accuracy en-de", "Macro-F1 de-en"} & set(values)
    one_label = replace(gaps, labels={**gaps.labels, "train": ["same"] * N_TRAIN})
    values = measure(delivery, one_label)["values"]
    assert not [name for name in values if name.startswith(("Accuracy", "Macro"))]


def test_a_mixture_gains_what_its_words_tell(corpus):
    delivery = delivery_of(corpus, lambda row, n: np.eye(3)[row % 3])
    phi = np.kron(np.eye(3), np.full((1, 10), 0.1)) * 0.97 + 0.001
    delivery.topic_word = {"de": phi, "en": np.full((3, 30), 1 / 30)}
    values = measure(delivery, corpus)["values"]
    assert values["Gain en-de"] == pytest.approx(np.log(3), abs=0.2)
    assert values["Gain de-en"] == pytest.approx(0, abs=0.2)
    assert "Gain de" not in values  # it may have read those words
    delivery.about["reads_words"] = False
    assert measure(delivery, corpus)["values"]["Gain de"] > 0.9


def test_a_corpus_is_what_was_written(corpus, tmp_path):
    for given in (corpus, hide_pairing(corpus)):
        folder = tmp_path / given.name
        write_corpus(given, folder)
        read = read_corpus(folder)
        for name in ("name", "n_topics", "texts", "tokens", "labels", "aligned"):
            assert getattr(read, name) == getattr(given, name)
        for part in ("train", "test", "reference"):
            one, other = getattr(read, part), getattr(given, part)
            assert one.view_names == other.view_names
            for view in one.view_names:
                present = other[view].present
                np.testing.assert_array_equal(one[view].present, present)
                np.testing.assert_array_equal(
                    one[view].embedding[present], other[view].embedding[present]
                )
        assert read.pictures == given.pictures


def test_hidden_pairs_leave_a_row_one_text(corpus):
    hidden = hide_pairing(corpus)
    assert len(hidden.train) == 2 * N_TRAIN
    assert sum(hidden.train.present.values()).tolist() == [1] * (2 * N_TRAIN)
    for view in ("en", "de"):
        rows = np.flatnonzero(hidden.train[view].present)
        words = [hidden.tokens["train"][view][row] for row in rows]
        assert words != corpus.tokens["train"][view]
        assert sorted(words) == sorted(corpus.tokens["train"][view])
        labels = [hidden.labels["train"][row] for row in rows]
        assert [f"label {int(w[0][2:]) // 10}" for w in words] == labels


def write_delivery(folder, about=None, arrays=None):
    folder.mkdir(exist_ok=True)
    content = {"format": 1, **ABOUT, **(about or {})}
    (folder / "delivery.json").write_text(json.dumps(content))
    if arrays is not None:
        np.savez(folder / "arrays.npz", **arrays)


UNIFORM = {"test.en": np.full((N_TEST, N_TOPICS), 1 / 3)}
FAULTS = {
    "a corpus": ({"corpus": "other"}, None, "'corpus' is 'other'"),
    "a type": ({"seed": "0"}, None, "'seed' is '0'"),
    "a name": ({"system": "A system"}, None, "lower-case"),
    "a source": ({"sources": ["../x.py"]}, None, "not in this repository"),
    "a word": (
        {"words": {"en": [["en0", "sea"]] * N_TOPICS}},
        None,
        "'sea', which is not in the vocabulary",
    ),
    "too few words": ({"words": {"en": [["en0"]] * N_TOPICS}}, None, "fewer than 10"),
    "topics": ({"words": {"en": [["en0"]]}}, None, "words of 1 topics, not of 3"),
    "a shape": ({}, {"test.en": np.ones((2, 3))}, r"test.en has shape \(2, 3\)"),
    "a sum": ({}, {"test.en": np.ones((N_TEST, 3))}, "do not sum to 1"),
    "a view": ({}, {"test.fi": UNIFORM["test.en"]}, "no view 'fi'"),
    "an array": ({}, {"theta": np.ones(3)}, "not part of the format"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_delivery_is_refused(fault, corpus, tmp_path):
    about, arrays, message = FAULTS[fault]
    write_delivery(tmp_path, about, arrays)
    with pytest.raises(ValueError, match=message):
        read_delivery(tmp_path, corpus)


def test_a_delivery_is_scored_stored_and_valid(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    write_corpus(corpus, tmp_path / "data")
    write_delivery(tmp_path / "one", {"sources": ["benchmarks/gpu.py"]}, UNIFORM)
    write_delivery(
        tmp_path / "two", {"system": "none", "cannot": {"all": "needs pictures"}}
    )
    deliveries = [str(tmp_path / name) for name in ("one", "two")]
    data = ["--data", str(tmp_path / "data")]
    main(["score", "tiny", *deliveries, *data])
    paths = capsys.readouterr().out.split()
    main(["validate", *paths])
    assert "2 results" in capsys.readouterr().out
    stored = results.read_results("tiny")
    sources = json.loads(run_file(Path(paths[0])).read_text())["sources"]
    assert {"benchmarks/gpu.py", "benchmarks/leaderboard/measures.py"} <= sources.keys()
    values = stored["some-system"][0]["values"]
    assert values["Topics en"] == pytest.approx(3, abs=1e-3)
    assert values["Fit s"] == 1.5
    assert stored["none"][0]["values"] == {}
    faulty = stored["some-system"][0] | {"title": 3}
    faulty["values"] = {"MRR en-de": 1.5, "MMR en": 0.5}
    (tmp_path / "results" / "tiny" / "other.json").write_text(json.dumps(faulty))
    faulty["title"] = "it has one"
    (tmp_path / "results" / "tiny" / "another.json").write_text(json.dumps(faulty))
    others = [
        str(tmp_path / "results/tiny" / f"{n}.json") for n in ("other", "another")
    ]
    with pytest.raises(SystemExit):
        main(["validate", *others])
    found = capsys.readouterr().out
    for problem in (
        "'title' is missing",
        "must be called tiny/some-system_seed0.json",
        ".run.json beside it",
        "'MRR en-de' is 1.5, out of its range",
        "'MMR en' is not one of the measures",
    ):
        assert problem in found


def result_of(system, seed, values, cannot=None, first="w"):
    words = [[f"{first}{10 * topic + i}" for i in range(10)] for topic in range(2)]
    return {
        "format": 1,
        "corpus": "gimp-help",
        "system": system,
        "title": system.upper(),
        "configuration": "defaults",
        "seed": seed,
        "n_topics": 2,
        "python": "3",
        "packages": {},
        "values": values,
        "chance": {"MRR en-de": 0.1, "UAP en-image": 0.1},
        "cannot": cannot or {},
        "words": {"en": words[:: 1 if seed else -1]},
    }


def test_words_of_a_bundled_corpus_are_measured_anew(tmp_path):
    words = np.asarray(load_gimp_help("test").data["en"].vocabulary)
    result = result_of("rival", 0, {"NPMI en": 0.9})
    (tmp_path / "gimp-help").mkdir()
    path = tmp_path / "gimp-help" / "rival_seed0.json"
    for given, problem in (
        (words[:20].reshape(2, 10).tolist(), "'NPMI en' is 0.9, but the words have"),
        (
            result["words"]["en"],
            "'en': 20 topic words are not in vocabulary",
        ),
    ):
        path.write_text(json.dumps(result | {"words": {"en": given}}))
        assert [text for text in results.problems(path) if problem in text]


@pytest.fixture
def stored(tmp_path, monkeypatch):
    folder = tmp_path / "leaderboard"
    monkeypatch.setattr(results, "FOLDER", folder)
    values = {"MRR en-de": 0.5, "Cross-NPMI en-de": 0.2, "Topics en": 4.0, "Fit s": 9}
    values |= {"Accuracy en": 0.9, "Accuracy en-de": 0.7, "Peak MiB": 100}
    all_ = [
        result_of("m3l", 0, values | {"UAP en-image": 0.3, "UAP de-image": 0.1}),
        result_of("m3l", 1, values | {"MRR en-de": 0.7, "UAP en-image": 0.4}),
        result_of("rival", 0, values | {"MRR en-de": 0.8, "Fit s": 1.0}),
        result_of("lda", 0, {}, {"all": "it is not for this"}),
    ]
    (folder / "gimp-help").mkdir(parents=True)
    for result in all_:
        path = results.result_file("gimp-help", result["system"], result["seed"])
        path.write_text(json.dumps(result))


def test_a_table_has_medians_and_says_why_values_are_missing(stored):
    rows = tables.read_rows("gimp-help", stale=True)
    assert [row.system for row in rows] == ["rival", "m3l", "lda"]
    assert tables.read_rows("gimp-help") == []  # no sources are known
    header, cells, notes = tables.table(rows, tables.QUALITY, "*{}*".format)
    by_row = [dict(zip(header, line, strict=True)) for line in cells]
    assert by_row[1][""] == "M3L, defaults"
    assert by_row[1]["seeds"] == "0, 1"
    assert [row["MRR"] for row in by_row[:2]] == ["*0.800*", "0.600"]
    assert f"{by_row[2]['MRR'][-1]}: it is not for this" in notes
    assert by_row[1]["UAP"] == "*0.300*"  # the median of 0.2 and 0.4
    assert by_row[1]["stability"] == "*1.00*"  # the same topics in another order
    letter = by_row[0]["UAP"][-1]
    assert f"{letter}: it takes no pictures" in notes
    assert "TU" not in header  # nobody has it
    assert "| RIVAL, defaults | 0 | **0.800** |" in tables.markdown(stale=True)


def test_sentences_say_where_we_are_not_first(stored):
    text = sentences(stale=True)
    place = "we are not first, but number 2 of 2 (0.600); first is RIVAL (0.800)"
    assert place in text
    assert "it takes 9 s of one core and 100 MiB, RIVAL 1.0 s" in text
    assert sentences().count("\n- ") == 0


def test_no_other_system_is_best_where_ours_was_not_run(stored):
    for seed in (0, 1):
        results.result_file("gimp-help", "m3l", seed).unlink()
    assert "RIVAL" not in sentences(stale=True)


def test_figures_are_drawn_from_results(stored, tmp_path):
    write_figures(tmp_path / "figures", stale=True)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "benchmark_quality.png",
        "benchmark_cost.png",
    }


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_our_systems_deliver_what_the_format_says(system, corpus):
    delivery = deliver(system, replace(corpus), 0)
    values = measure(delivery, corpus)["values"]
    assert values["Accuracy en"] > 0.6
    assert ("MRR en-de" in values) == (system != "lda")
    missing = {name.split()[0] for name in ("NPMI", "Gain") if f"{name} en" in values}
    assert not missing & set(delivery.cannot)


@pytest.mark.parametrize("system", ["m3l", "polylingual-lda"])
def test_what_cannot_be_mined_is_said(system, corpus):
    noise = np.random.default_rng(0).normal(size=(N_TRAIN, 6))
    train = with_german(corpus.train, embedding=noise)
    delivery = deliver(system, hide_pairing(replace(corpus, train=train)), 0)
    assert "none can be mined" in delivery.cannot["all"]


def test_clusters_need_an_article_per_topic(corpus):
    train = with_german(corpus.train, present=np.arange(N_TRAIN) < N_TOPICS - 1)
    delivery = deliver("k-means", replace(corpus, train=train), 0)
    assert delivery.cannot == {"all": "2 articles have a text in each language"}

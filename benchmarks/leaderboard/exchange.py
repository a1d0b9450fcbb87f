"""Folders by which a process of another package gets a corpus, and delivers topics.

`benchmarks/README.md` describes both. Only numpy, scipy, and json are needed to read
and write them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.leaderboard.corpora import SPLITS, Corpus, first_rows
from benchmarks.provenance import ROOT
from sklearn_m3l import MultiView

FORMAT = 1
_MOST_WORDS, _LEAST_WORDS = 25, 10
_TOLERANCE = 1e-3


def write_corpus(corpus: Corpus, folder: Path) -> None:
    """Write a corpus into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"train": corpus.train, "test": corpus.test}
    about = {
        "format": FORMAT,
        "corpus": corpus.name,
        "n_topics": corpus.n_topics,
        "texts": corpus.languages,
        "pictures": corpus.pictures,
        "encoders": corpus.encoders,
        "aligned": list(corpus.aligned),
        "paired": corpus.paired,
        "n_rows": {part: len(X) for part, X in parts.items()},
    }
    _write_json(folder / "corpus.json", about)
    for part, X in parts.items():
        groups = np.arange(len(X)) if X.groups is None else X.groups
        _write_json(folder / f"{part}.groups.json", [str(group) for group in groups])
        _write_json(folder / f"{part}.labels.json", corpus.labels[part])
        np.save(folder / f"{part}.first.npy", first_rows(X))
        for name, view in X.views.items():
            embedding = np.asarray(view.read(slice(None)), dtype=np.float32)
            present = np.asarray(view.present)
            # Rows without the view may hold anything.
            embedding = np.where(present[:, np.newaxis], embedding, 0)
            np.save(folder / f"{part}.{name}.embedding.npy", embedding)
            np.save(folder / f"{part}.{name}.present.npy", present)
    for name in corpus.languages:
        vocabulary = np.asarray(corpus.train[name].vocabulary).tolist()
        _write_json(folder / f"{name}.vocabulary.json", vocabulary)
        for part, X in parts.items():
            _write_json(folder / f"{part}.{name}.texts.json", corpus.texts[part][name])
            _write_json(
                folder / f"{part}.{name}.tokens.json", corpus.tokens[part][name]
            )
            counts = sparse.csr_matrix(X[name].counts, dtype=np.float32)
            sparse.save_npz(folder / f"{part}.{name}.counts.npz", counts)
    if not corpus.paired:
        corpus.reference.save(folder / "reference")


def read_corpus(folder: Path) -> Corpus:
    """Read what `write_corpus` has written."""
    about = _read_json(folder / "corpus.json")
    languages, views = about["texts"], [*about["texts"], *about["pictures"]]
    parts = {}
    for part in SPLITS:
        groups = _read_json(folder / f"{part}.groups.json")
        own = [v for v in views if (folder / f"{part}.{v}.present.npy").exists()]
        parts[part] = MultiView.from_arrays(
            {v: np.load(folder / f"{part}.{v}.embedding.npy") for v in own},
            {v: sparse.load_npz(folder / f"{part}.{v}.counts.npz") for v in languages},
            {v: _read_json(folder / f"{v}.vocabulary.json") for v in languages},
            {v: np.load(folder / f"{part}.{v}.present.npy") for v in own},
            groups=groups if len(set(groups)) < len(groups) else None,
        )
    rows = {
        what: {
            part: {v: _read_json(folder / f"{part}.{v}.{what}.json") for v in languages}
            for part in SPLITS
        }
        for what in ("texts", "tokens")
    }
    reference = parts["train"]
    if not about["paired"]:
        reference = MultiView.open(folder / "reference")
    return Corpus(
        about["corpus"],
        about["n_topics"],
        parts["train"],
        parts["test"],
        reference,
        labels={part: _read_json(folder / f"{part}.labels.json") for part in SPLITS},
        encoders=about["encoders"],
        aligned=tuple(about["aligned"]),
        paired=about["paired"],
        **rows,
    )


@dataclass
class Delivery:
    """What a system delivers of a corpus, to be judged.

    Parameters
    ----------
    about : dict
        What is stored of the run: see `REQUIRED`.
    words : dict of str to list of lists of str
        Top words of each topic by language, the best first.
    train, test : dict of str to ndarray of shape (n_rows, n_topics)
        Topic proportions by view, inferred from that view alone; NaN where it is
        absent.
    topic_word : dict of str to ndarray of shape (n_topics, n_words)
        Word distributions of a mixture.
    log_likelihood : dict of (str, str) to ndarray of shape (n_test_rows,)
        Of the words of a text, its topics being inferred from a view: by both names.
    cannot : dict of str to str
        Why a measure or a view ("view:image") is missing.
    are_vectors : bool
        Whether `train` and `test` are vectors to be compared by their cosine.
    """

    about: dict[str, Any]
    words: dict[str, list[list[str]]] = field(default_factory=dict)
    train: dict[str, np.ndarray] = field(default_factory=dict)
    test: dict[str, np.ndarray] = field(default_factory=dict)
    topic_word: dict[str, np.ndarray] = field(default_factory=dict)
    log_likelihood: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)
    are_vectors: bool = False


# What a delivery says of itself, and of what type that is.
REQUIRED: dict[str, Any] = {
    "corpus": str,
    "system": str,
    "title": str,
    "configuration": str,
    "seed": int,
    "n_topics": int,
    "seconds": dict,
    "packages": dict,
    "python": str,
}
OPTIONAL: dict[str, Any] = {
    "peak_mib": (int, float, type(None)),
    "installed_mib": (int, float, type(None)),
    "reads_words": bool,
    "sources": list,
}


def read_delivery(folder: Path, corpus: Corpus) -> Delivery:
    """Read and check what a process has delivered.

    Raises
    ------
    ValueError
        If something is missing, or is not what the format says.
    """
    given = _read_json(folder / "delivery.json")
    about = check_about(given, corpus.name)
    if given.get("format") != FORMAT:
        raise ValueError(f"format must be {FORMAT}, not {given.get('format')!r}")
    words = check_words(given.get("words", {}), corpus, about["n_topics"])
    delivery = Delivery(about, words, cannot=dict(given.get("cannot", {})))
    path = folder / "arrays.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays:
                _add_array(delivery, corpus, name, arrays[name])
    return delivery


def check_about(given: Mapping[str, Any], corpus: str) -> dict[str, Any]:
    """Return what is stored of a run; refuse what is missing or of a wrong type."""
    about = {}
    for name, kind in {**REQUIRED, **OPTIONAL}.items():
        if name not in given:
            if name in REQUIRED:
                raise ValueError(f"{name!r} is missing")
            continue
        if not isinstance(given[name], kind) or (
            isinstance(given[name], bool) and kind is not bool
        ):
            raise ValueError(f"{name!r} is {given[name]!r}, which is of a wrong type")
        about[name] = given[name]
    if about["corpus"] != corpus:
        raise ValueError(f"'corpus' is {about['corpus']!r}, not {corpus!r}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", about["system"]):
        raise ValueError(
            f"'system' is {about['system']!r}; use lower-case letters, digits, and '-'"
        )
    for name in about.get("sources", []):
        path = (ROOT / name).resolve()
        if not path.is_relative_to(ROOT) or not path.is_file():
            raise ValueError(f"'sources' has {name!r}, which is not in this repository")
    return about


def check_words(
    given: Mapping[str, Any], corpus: Corpus, n_topics: int
) -> dict[str, list[list[str]]]:
    """Return top words, as many in each topic of a language."""
    words = {}
    for view, topics in given.items():
        if view not in corpus.languages:
            raise ValueError(f"words of {view!r}, but {corpus.name} has no such text")
        if len(topics) != n_topics:
            raise ValueError(
                f"{view!r} has words of {len(topics)} topics, not of {n_topics}"
            )
        vocabulary = set(np.asarray(corpus.train[view].vocabulary).tolist())
        for number, topic in enumerate(topics):
            unknown = [word for word in topic if word not in vocabulary]
            if unknown:
                raise ValueError(
                    f"topic {number} of {view!r} has {unknown[0]!r}, which is not in "
                    f"the vocabulary"
                )
            if len(set(topic)) < len(topic):
                raise ValueError(f"topic {number} of {view!r} repeats a word")
        n_words = min(_MOST_WORDS, *map(len, topics))
        if n_words < _LEAST_WORDS:
            raise ValueError(
                f"a topic of {view!r} has {n_words} words, fewer than {_LEAST_WORDS}"
            )
        words[view] = [list(topic[:n_words]) for topic in topics]
    return words


def _add_array(
    delivery: Delivery, corpus: Corpus, name: str, array: np.ndarray
) -> None:
    """Check an array, and put it where it belongs."""
    what, _, rest = name.partition(".")
    parts = {"train": corpus.train, "test": corpus.test}
    n_topics = delivery.about["n_topics"]
    array = np.asarray(array, dtype=np.float64)
    if what in parts:
        X = parts[what]
        _check_shape(name, array, (len(X), n_topics))
        if rest not in X.view_names:
            raise ValueError(f"{name}: {corpus.name} has no view {rest!r}")
        present = np.asarray(X[rest].present)
        _check_distributions(name, array[present])
        array[present] /= array[present].sum(axis=1, keepdims=True)
        array[~present] = np.nan
        getattr(delivery, what)[rest] = array
    elif what == "topic_word" and rest in corpus.languages:
        _check_shape(name, array, (n_topics, corpus.train[rest].counts.shape[1]))
        _check_distributions(name, array)
        delivery.topic_word[rest] = array
    elif what == "log_likelihood":
        source, _, target = rest.partition(".")
        if source not in corpus.test.view_names or target not in corpus.languages:
            raise ValueError(f"{name}: {corpus.name} has no such views")
        _check_shape(name, array, (len(corpus.test),))
        delivery.log_likelihood[source, target] = array
    else:
        raise ValueError(f"an array {name!r} is not part of the format")


def _check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, not {shape}")


def _check_distributions(name: str, rows: np.ndarray) -> None:
    if not np.isfinite(rows).all() or (rows < 0).any():
        raise ValueError(f"{name} has a number that is negative or not finite")
    if (np.abs(rows.sum(axis=1) - 1) > _TOLERANCE).any():
        raise ValueError(f"{name} has rows that do not sum to 1")


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))

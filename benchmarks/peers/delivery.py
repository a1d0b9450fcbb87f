"""How a rival's own Python reads an exported corpus and delivers topics.

Adapters are run as ``python -m benchmarks.peers.NAME DATA DELIVERY --system SYSTEM`` by
the Python of an environment that has the rival, but not sklearn-m3l. They import only
this module, numpy, and the rival, which is imported where it is used: what can be run
is known without it. `benchmarks/README.md` describes both folders.
"""

import argparse
import importlib
import json
import platform
import re
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 1
N_WORDS = 25
_WARM_UP_ROWS = 64
_TINY = 1e-12

# Why a view or a measure is missing.
NO_WORDS_OF_PICTURES = "it learns from words, and pictures have none"
NOT_ALIGNED = "its embeddings are not in the space of the texts"
NEEDS_CLIP = (
    "it needs pictures in the space of the texts, as CLIP encodes them, and no "
    "weights of CLIP are at hand"
)
NOT_A_MIXTURE = "it has no word probabilities of a document"


class Cannot(Exception):
    """Says why a system cannot learn from a corpus."""


@dataclass(frozen=True)
class Corpus:
    """An exported corpus, read as it is needed.

    Parameters
    ----------
    folder : Path
        Where it is.
    first : int, optional
        Take the first articles of the training part alone.
    """

    folder: Path
    n_first: int | None = None

    @cached_property
    def about(self) -> dict[str, Any]:
        """Return what the corpus says of itself."""
        return self._json("corpus.json")

    @property
    def texts(self) -> list[str]:
        """Return the names of the views that are texts."""
        return self.about["texts"]

    @property
    def pictures(self) -> list[str]:
        """Return the names of the views that are pictures."""
        return self.about["pictures"]

    @property
    def n_topics(self) -> int:
        """Return how many topics every system is asked for."""
        return self.about["n_topics"]

    def vocabulary(self, view: str) -> list[str]:
        """Return the words of a language."""
        return self._json(f"{view}.vocabulary.json")

    def present(self, part: str, view: str) -> np.ndarray | None:
        """Return the rows that have a view, None if no row of the part has it."""
        path = self.folder / f"{part}.{view}.present.npy"
        return np.flatnonzero(np.load(path)) if path.exists() else None

    def articles(self, view: str | None = None) -> np.ndarray:
        """Return the first training row of each article, if it has a view."""
        rows = np.load(self.folder / "train.first.npy")[: self.n_first]
        if view is None:
            return rows
        return np.intersect1d(rows, self.present("train", view))

    def embeddings(self, part: str, view: str, rows: np.ndarray) -> np.ndarray:
        """Return the vectors of rows."""
        return np.load(self.folder / f"{part}.{view}.embedding.npy")[rows]

    def counts(self, part: str, view: str, rows: np.ndarray) -> Any:
        """Return the word counts of rows, as a CSR matrix of scipy."""
        from scipy import sparse  # not all rivals bring it

        counts = sparse.load_npz(self.folder / f"{part}.{view}.counts.npz")
        return sparse.csr_matrix(counts)[rows]

    def tokens(self, part: str, view: str, rows: np.ndarray) -> list[list[str]]:
        """Return the words of rows in their order, none where there is no text."""
        tokens = self._json(f"{part}.{view}.tokens.json")
        return [tokens[row] or [] for row in rows]

    def documents(self, part: str, view: str, rows: np.ndarray) -> list[str]:
        """Return the words of rows, blanks between them."""
        return [" ".join(tokens) for tokens in self.tokens(part, view, rows)]

    def all_texts(self) -> tuple[list[str], np.ndarray]:
        """Return the training texts of all languages in a row, and their vectors."""
        self.need_aligned(self.texts)
        rows = {view: self.articles(view) for view in self.texts}
        documents = [d for v, r in rows.items() for d in self.documents("train", v, r)]
        vectors = [self.embeddings("train", v, r) for v, r in rows.items()]
        return documents, np.vstack(vectors)

    def word_embeddings(self, view: str) -> np.ndarray:
        """Return the vectors of the words of a language."""
        path = self.folder / f"{view}.word_embedding.npy"
        if not path.exists():
            raise Cannot("it needs vectors of words, in the space of the texts")
        return np.load(path)

    def dictionary(self) -> tuple[list[str], list[tuple[str, str]]]:
        """Return two languages, and pairs of words that translate each other."""
        path = self.folder / "dictionary.json"
        if not path.exists():
            raise Cannot("it needs a dictionary of two of the languages")
        found = self._json("dictionary.json")
        return found["languages"], [tuple(pair) for pair in found["pairs"]]

    def need_aligned(self, views: Sequence[str]) -> None:
        """Raise an exception unless the vectors of views are in one space."""
        if not set(views) <= set(self.about["aligned"]):
            raise Cannot("the embeddings of the languages are not aligned")

    def _json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


@dataclass
class Fitted:
    """What a system has learned.

    Parameters
    ----------
    n_topics : int
        How many topics it has found.
    words : dict of str to list of lists of str
        Top words of each topic, by language.
    infer : dict of str to callable
        For each view that it takes, from a part and rows to topic proportions.
    topic_word : dict of str to ndarray, optional
        Word distributions of a mixture.
    log_p : callable, optional
        Of other decoders: from a language and topics to log-probabilities of words.
    reads_words : bool
        Whether topics of a text are inferred from its words.
    cannot : dict of str to str
        Why a measure or a view is missing.
    """

    n_topics: int
    words: dict[str, list[list[str]]]
    infer: dict[str, Callable[[str, np.ndarray], np.ndarray]]
    topic_word: dict[str, np.ndarray] = field(default_factory=dict)
    log_p: Callable[[str, np.ndarray], np.ndarray] | None = None
    reads_words: bool = False
    cannot: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class System:
    """A row of the leaderboard.

    Parameters
    ----------
    title, configuration : str
        What it is called, and its settings in a phrase.
    fit : callable
        Takes a corpus, a seed, and a number of iterations.
    iterations : int, optional
        How many its authors recommend; None if it stops by itself.
    unit : str
        What an iteration is called.
    warm_up : bool
        Whether code is compiled at first use, which does not count.
    """

    title: str
    configuration: str
    fit: Callable[[Corpus, int, int | None], Fitted]
    iterations: int | None = None
    unit: str = "epochs"
    warm_up: bool = False


def top_words(weights: np.ndarray, vocabulary: Sequence[str]) -> list[list[str]]:
    """Return the words of most weight in each topic, of equal ones the first."""
    order = np.argsort(-np.asarray(weights), axis=1, kind="stable")[:, :N_WORDS]
    return np.asarray(vocabulary, dtype=object)[order].tolist()


def shares(weights: np.ndarray) -> np.ndarray:
    """Return weights divided by their sum; a row of zeros has all topics alike."""
    weights = np.maximum(np.asarray(weights, dtype=np.float64), 0)
    weights[weights.sum(axis=1) <= 0] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def columns_of(
    found: np.ndarray, known: Sequence[str], vocabulary: Sequence[str]
) -> np.ndarray:
    """Return word distributions with the columns of another list of words."""
    place = {word: number for number, word in enumerate(known)}
    moved = np.full((len(found), len(vocabulary)), _TINY)
    for column, word in enumerate(vocabulary):
        if word in place:
            moved[:, column] = np.maximum(found[:, place[word]], _TINY)
    return moved / moved.sum(axis=1, keepdims=True)


def reasons(views: Sequence[str], reason: str) -> dict[str, str]:
    """Return the same reason for several views."""
    return {f"view:{view}": reason for view in views}


def main(
    systems: Mapping[str, System], packages: Sequence[str], modules: Sequence[str] = ()
) -> None:
    """Run an adapter's command line.

    Parameters
    ----------
    systems : mapping of str to System
        What can be run.
    packages : sequence of str
        Distributions whose versions are stored.
    modules : sequence of str
        What is imported before the clock starts.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("delivery", type=Path)
    parser.add_argument("--system", choices=systems, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--equal-time", action="store_true")
    arguments = parser.parse_args()
    corpus, system = Corpus(arguments.data), systems[arguments.system]
    iterations = arguments.iterations or system.iterations
    configuration = system.configuration
    if arguments.iterations:
        configuration += f"; {iterations} {system.unit}"
    about = {
        "format": FORMAT,
        "corpus": corpus.about["corpus"],
        "system": arguments.system,
        "title": system.title,
        "configuration": configuration,
        "seed": arguments.seed,
        "n_topics": corpus.n_topics,
        "seconds": {},
        "packages": {package: version(package) for package in packages},
        "python": platform.python_version(),
        "sources": [
            "benchmarks/peers/delivery.py",
            f"benchmarks/peers/{Path(sys.argv[0]).name}",
        ],
    }
    if arguments.equal_time:
        about["system"] += "-equal-time"
        about["configuration"] = f"at equal time: {iterations} {system.unit}"
    for module in modules:
        importlib.import_module(module)
    arguments.delivery.mkdir(parents=True, exist_ok=True)
    try:
        about, arrays = deliver(corpus, system, arguments.seed, iterations, about)
        np.savez(arguments.delivery / "arrays.npz", **arrays)
    except Cannot as reason:
        about["cannot"] = {"all": str(reason)}
    text = json.dumps(about, ensure_ascii=False, indent=1)
    (arguments.delivery / "delivery.json").write_text(text + "\n", encoding="utf-8")


def deliver(
    corpus: Corpus, system: System, seed: int, iterations: int | None, about: dict
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train a system, and return what it delivers: the JSON and the arrays."""
    if system.warm_up:
        system.fit(replace(corpus, n_first=_WARM_UP_ROWS), seed, 1)
    start = time.process_time()
    fitted = system.fit(corpus, seed, iterations)
    trained = time.process_time()
    arrays = dict(_infer(corpus, fitted, "test"))
    inferred = time.process_time()
    peak = peak_mib()
    if fitted.log_p is not None:
        arrays |= dict(_log_likelihoods(corpus, fitted, arrays))
    arrays |= dict(_infer(corpus, fitted, "train"))
    arrays |= {f"topic_word.{v}": p for v, p in fitted.topic_word.items()}
    return {
        **about,
        "n_topics": fitted.n_topics,
        "seconds": {"fit": trained - start, "transform": inferred - trained},
        "peak_mib": peak,
        "installed_mib": installed_mib(),
        "reads_words": fitted.reads_words,
        "words": fitted.words,
        "cannot": fitted.cannot,
    }, arrays


def _infer(
    corpus: Corpus, fitted: Fitted, part: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Iterate over the topics that each view alone gives, NaN where it is absent."""
    for view, infer in fitted.infer.items():
        rows = corpus.present(part, view)
        if rows is None or not len(rows):
            continue
        theta = np.full((corpus.about["n_rows"][part], fitted.n_topics), np.nan)
        theta[rows] = shares(infer(part, rows))
        yield f"{part}.{view}", theta


def _log_likelihoods(
    corpus: Corpus, fitted: Fitted, topics: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    """Iterate over those of the words of test rows, by source of topics and text."""
    for name, theta in topics.items():
        source = name.partition(".")[2]
        for target in fitted.words:
            given = np.flatnonzero(~np.isnan(theta[:, 0]))
            rows = np.intersect1d(given, corpus.present("test", target))
            cells = corpus.counts("test", target, rows).tocoo()
            log_p = fitted.log_p(target, theta[rows])[cells.row, cells.col]
            found = np.full(len(theta), np.nan)
            found[rows] = np.bincount(cells.row, cells.data * log_p, len(rows))
            yield f"log_likelihood.{source}.{target}", found


def peak_mib() -> float | None:
    """Return the most memory of this process, None where that is not known."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else None


def installed_mib() -> float:
    """Return the size of the installed packages, without bytecode and pip."""
    root = Path(sysconfig.get_path("purelib"))
    ours = ("pip", "setuptools")
    files = (
        path
        for path in root.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and not path.relative_to(root).parts[0].startswith(ours)
    )
    return sum(path.stat().st_size for path in files) / 2**20

"""The corpora, with all encoders at hand, and what a cell is measured on."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from textwrap import shorten

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import Bunch

from benchmarks.compare import Corpus as Parts
from benchmarks.corpora import TOKEN_PATTERN, load_multi30k
from benchmarks.reproduce.windows import make_windows
from sklearn_m3l.datasets import (
    load_gimp_help,
    read_m3l_csv,
    read_mallet,
    read_wikipedia_comparable,
)
from sklearn_m3l.embedding import (
    ImageStatisticsEncoder,
    LsaEncoder,
    make_multiview_encoder,
)
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._words import split_words

LANGUAGES = ("en", "de")
LSA = "LSA of each language"
STATISTICS = "image statistics"

# Tuples drawn of a corpus that is not split, as in the paper, and those read at once.
_N_TRAIN, _N_TEST, _CHUNK = 20_000, 1_000, 10_000


@dataclass(frozen=True)
class Corpus:
    """A corpus in English, German and perhaps pictures.

    Parameters
    ----------
    name, about : str
        What results are filed under, and what it is.
    n_components : int
        Topics of the tables.
    train, test : Bunch
        With a MultiView ``data`` that has article ids, raw texts by language
        ``texts``, names of the articles ``titles`` and, where there are pictures, their
        paths ``paths``.
    texts, pictures : str
        The encoders that the embeddings in ``data`` are of; no pictures are None.
    split : callable
        From a text in lower case to its words, as they were counted.
    files : mapping of str to bytes, optional
        The pictures by path, for other encoders.
    """

    name: str
    about: str
    n_components: int
    train: Bunch
    test: Bunch
    texts: str
    split: Callable[[str], list[str]]
    pictures: str | None = None
    files: Mapping[str, bytes] | None = None

    @cached_property
    def windows(self) -> dict[str, sparse.csr_array]:
        """Return the windows of the training texts of each language."""
        return {
            name: make_windows(
                self.train.texts[name], self.train.data[name].vocabulary, self.split
            )
            for name in LANGUAGES
        }

    @property
    def combinations(self) -> list[tuple[str, str | None]]:
        """Return the text and picture encoders at hand, those of `data` first."""
        texts = dict.fromkeys([self.texts, LSA])
        pictures = [self.pictures]
        if self.files is not None and find_spec("skimage") and find_spec("PIL"):
            pictures.append(STATISTICS)
        return list(product(texts, pictures))


@dataclass(frozen=True)
class Material:
    """What a cell is measured on, in any process."""

    parts: Parts
    train: Bunch
    test: Bunch
    windows: dict[str, sparse.csr_array]
    examples: np.ndarray
    aligned: bool


def make_material(corpus: Corpus, texts: str | None, pictures: str | None) -> Material:
    """Return a corpus with other encoders, or with its own where they are None."""
    train, test = (Bunch(data=part.data) for part in (corpus.train, corpus.test))
    replaced: list[dict[str, np.ndarray]] = [{}, {}]
    if texts == LSA:
        for language in LANGUAGES:
            vectors = _lsa(corpus, language)
            for part, made in zip(replaced, vectors, strict=True):
                part[language] = made
    if pictures == STATISTICS:
        for part, bunch in zip(replaced, (corpus.train, corpus.test), strict=True):
            part["image"] = _statistics(corpus, bunch.paths)
    for bunch, embeddings in zip((train, test), replaced, strict=True):
        bunch.data = _with_embeddings(bunch.data, embeddings)
    return Material(
        make_parts(train),
        train,
        test,
        corpus.windows,
        example_rows(corpus),
        aligned=(texts or corpus.texts) != LSA,
    )


def make_parts(train: Bunch) -> Parts:
    """Return the rows that the models are trained on."""
    _, pages = np.unique(train.data.groups, return_index=True)
    pictures = train.data
    if "image" in train.data:
        pictures = train.data[train.data["image"].present]
    texts = train.data[np.sort(pages)][list(LANGUAGES)]
    return Parts(texts, pictures, train.data)


def example_rows(corpus: Corpus, n: int = 3) -> np.ndarray:
    """Return test rows that have all views, of different articles, evenly spaced."""
    complete = np.all(list(corpus.test.data.present.values()), axis=0)
    rows = np.flatnonzero(complete)
    _, firsts = np.unique(corpus.test.data.groups[rows], return_index=True)
    places = np.linspace(0, len(firsts) - 1, n + 2)[1:-1].astype(int)
    return rows[np.sort(firsts)[np.unique(places)]]


def _with_embeddings(X: MultiView, embeddings: dict[str, np.ndarray]) -> MultiView:
    texts = {name: view for name, view in X.views.items() if view.is_text}
    return MultiView.from_arrays(
        {name: embeddings.get(name, view.embedding) for name, view in X.views.items()},
        {name: view.counts for name, view in texts.items()},
        {name: view.vocabulary for name, view in texts.items()},
        X.present,
        X.index,
        X.groups,
    )


def _lsa(corpus: Corpus, language: str) -> list[np.ndarray]:
    train, test = corpus.train.texts[language], corpus.test.texts[language]
    encoder = LsaEncoder(random_state=0).fit(list(dict.fromkeys(train)))
    return [encoder.transform(texts) for texts in (train, test)]


def _statistics(corpus: Corpus, paths: list[str | None]) -> np.ndarray:
    """Return the statistics of the picture of each row, zeros where there is none."""
    distinct = list(dict.fromkeys(path for path in paths if path))
    vectors = ImageStatisticsEncoder().fit_transform(
        [corpus.files[p] for p in distinct]
    )
    place = {path: number for number, path in enumerate(distinct)}
    rows = [place.get(path, len(distinct)) for path in paths]
    return np.vstack([vectors, np.zeros_like(vectors[:1])])[rows]


def load_corpus(name: str, data: Path | None = None) -> Corpus:
    """Load a corpus by name, from a folder where it is not bundled."""
    if name == "gimp-help":
        return _load_gimp_help()
    if data is None:
        raise SystemExit(f"--corpus {name} needs --data FOLDER")
    return _FOLDERS[name](data)


def _load_gimp_help() -> Corpus:
    parts = []
    for subset in ("train", "test"):
        bunch = load_gimp_help(subset)
        parts.append(
            Bunch(
                data=bunch.data,
                texts={name: bunch.frame[name].tolist() for name in LANGUAGES},
                titles=bunch.data.groups.tolist(),
                paths=[path or None for path in bunch.frame["image"].fillna("")],
            )
        )
    return Corpus(
        "gimp-help",
        "the GIMP manual: 529 training and 132 test pages in English and German "
        "(partly still English), with 1,645 and 354 pictures",
        50,
        *parts,
        texts="multilingual-e5-small",
        split=re.compile(r"[^\W\d_]{2,}").findall,
        pictures="EfficientNet-Lite0",
        files=load_gimp_help("all").thumbnails,
    )


def _load_multi30k(folder: Path) -> Corpus:
    bunch = load_multi30k(folder, ["train", "test_2016"])
    parts = [
        _plain_part(bunch[split], bunch.texts[split])
        for split in ("train", "test_2016")
    ]
    return Corpus(
        "multi30k",
        "Multi30K, task 2: five English and five German descriptions of each of "
        f"{len(parts[0].data):,} training and {len(parts[1].data):,} test pictures "
        "(test_2016); the pictures themselves are not there",
        100,
        *parts,
        texts="multilingual-e5-small",
        split=re.compile(TOKEN_PATTERN).findall,
    )


def _load_csv(folder: Path) -> Corpus:
    """Read train.csv and test.csv as the paper's authors write them, texts only."""
    paths = [folder / f"{subset}.csv" for subset in ("train", "test")]
    return _load_texts(folder, *(_complete(read_m3l_csv(path)) for path in paths))


def _load_wikipedia(folder: Path) -> Corpus:
    """Read the one file of the Wikipedia Comparable Corpora, texts only."""
    paths = [path for path in sorted(folder.iterdir()) if ".xml" in path.suffixes]
    if len(paths) != 1:
        raise SystemExit(f"{folder} must hold one .xml file, has {len(paths)}")
    chunks = read_wikipedia_comparable(paths[0], LANGUAGES, chunksize=_CHUNK)
    return _load_texts(folder, *_hold_out(chunks))


def _load_mallet(folder: Path) -> Corpus:
    """Read en.txt and de.txt, the instance lists of MALLET."""
    paths = {name: folder / f"{name}.txt" for name in LANGUAGES}
    return _load_texts(folder, *_hold_out(read_mallet(paths, chunksize=_CHUNK)))


def _hold_out(frames: Iterable[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw as many tuples as the paper has, or all there are, and split them."""
    random = np.random.default_rng(0)
    drawn = pd.DataFrame()
    for frame in frames:
        frame = frame.assign(draw=random.random(len(frame)))
        # Together: what is there twice must not be on both sides.
        frame = _complete(pd.concat([drawn, frame]))
        drawn = frame.nsmallest(_N_TRAIN + _N_TEST, "draw")
    n_test = min(_N_TEST, len(drawn) // 5)
    return drawn[n_test:], drawn[:n_test]


def _complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that lack a language or are there twice, and say so."""
    complete = frame.dropna(subset=list(LANGUAGES)).drop_duplicates(list(LANGUAGES))
    if len(complete) < len(frame):
        left_out = len(frame) - len(complete)
        print(f"left out {left_out:,} rows that lack a language or are there twice")
    return complete


def _load_texts(folder: Path, *frames: pd.DataFrame) -> Corpus:
    """Return a corpus of training and test texts, encoded by LSA."""
    encoder = make_multiview_encoder(
        LANGUAGES, text_encoder=LsaEncoder(random_state=0)
    ).fit(frames[0])
    parts = [
        _plain_part(
            encoder.transform(frame[list(LANGUAGES)]),
            {name: frame[name].tolist() for name in LANGUAGES},
        )
        for frame in frames
    ]
    sizes = " and ".join(f"{len(frame):,}" for frame in frames)
    about = f"{folder.resolve().name}: {sizes} articles in English and German"
    name = folder.resolve().name
    return Corpus(name, about, 100, *parts, texts=LSA, split=split_words)


def _plain_part(X: MultiView, texts: dict[str, list[str]]) -> Bunch:
    titles = [shorten(text, 70, placeholder=" ...") for text in texts["en"]]
    X = MultiView(X.views, index=X.index, groups=np.arange(len(X)))
    return Bunch(data=X, texts=texts, titles=titles)


# Readers of corpora that are not bundled, by what the command calls them.
_FOLDERS = {
    "multi30k": _load_multi30k,
    "m3l-csv": _load_csv,
    "wikipedia-comparable": _load_wikipedia,
    "mallet": _load_mallet,
}
CORPORA = ("gimp-help", *_FOLDERS)

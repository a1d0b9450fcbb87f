"""The corpora of the leaderboard: what systems learn from, and what they are judged on.

Those that are not bundled, and the text encoder, are folders that environment
variables name: see `FOLDERS`.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.corpora import TOKEN_PATTERN, load_multi30k
from benchmarks.reproduce.windows import make_windows
from sklearn_m3l import MultiView
from sklearn_m3l.datasets import load_emoji, load_gimp_help
from sklearn_m3l.embedding import (
    LsaEncoder,
    SentenceTransformerEncoder,
    make_multiview_encoder,
)

FOLDERS = {
    "M3L_MULTI30K": "Multi30k, task 2, with embeddings",
    "M3L_GNOME": "what `build_gnome_help` wrote, with `corpus` in it",
    "M3L_E5": "the model multilingual-e5-small",
    "M3L_VECTORS": "vectors of texts that were encoded before (optional)",
}
E5, LSA, STATISTICS = "multilingual-e5-small", "LSA of each language", "statistics"
SPLITS = ("train", "test")
# Below this many known words in a text, windows of 10 words are whole texts.
_LEAST_WINDOWED = 10

Rows = dict[str, list]  # for each view what each row has, None where it is absent


@dataclass(frozen=True)
class Corpus:
    """Training and test rows of several views.

    Parameters
    ----------
    name : str
        What results are filed under.
    n_topics : int
        How many topics every system is asked for.
    train, test : MultiView
        What systems learn from, and what they are judged on.
    reference : MultiView
        The training rows with their pairing, in which words are counted.
    texts, tokens : dict of str to dict of str to list
        For each split and language the texts, and lists of the words in them that are
        counted, in order; None where there is no text.
    labels : dict of str to list of str or None
        For each split a label per row, to be predicted from topics.
    encoders : dict of str to str
        What made the embeddings of each view.
    aligned : tuple of str
        The views whose embeddings are in one space.
    paired : bool
        Whether it is known which texts belong together.
    """

    name: str
    n_topics: int
    train: MultiView
    test: MultiView
    reference: MultiView
    texts: dict[str, Rows]
    tokens: dict[str, Rows]
    labels: dict[str, list]
    encoders: dict[str, str]
    aligned: tuple[str, ...]
    paired: bool = True

    @property
    def languages(self) -> list[str]:
        """Return the views that are texts."""
        return [name for name in self.test.view_names if self.test[name].is_text]

    @property
    def pictures(self) -> list[str]:
        """Return the views that are pictures."""
        return [name for name in self.test.view_names if not self.test[name].is_text]

    @cached_property
    def windows(self) -> dict[str, sparse.csr_array]:
        """Return the windows of the training texts of each language, if they are long.

        A language whose texts are hardly longer than a window is left out.
        """
        found = {}
        for name in self.languages:
            tokens = [words for words in self.tokens["train"][name] if words]
            if np.median([len(words) for words in tokens]) >= _LEAST_WINDOWED:
                texts = [" ".join(words) for words in tokens]
                vocabulary = np.asarray(self.train[name].vocabulary)
                found[name] = make_windows(texts, vocabulary, str.split)
        return found

    def take(self, rows: np.ndarray) -> "Corpus":
        """Return the corpus with some training rows alone."""
        X = self.train[rows]
        kept = {
            what: given | {"train": {n: [c[r] for r in rows] for n, c in train.items()}}
            for what, given, train in (
                ("texts", self.texts, self.texts["train"]),
                ("tokens", self.tokens, self.tokens["train"]),
            )
        }
        labels = self.labels | {"train": [self.labels["train"][r] for r in rows]}
        reference = X if self.paired else self.reference
        return replace(self, train=X, reference=reference, labels=labels, **kept)


def first_rows(X: MultiView) -> np.ndarray:
    """Return the position of the first row of each article."""
    if X.groups is None:
        return np.arange(len(X))
    return np.sort(np.unique(X.groups, return_index=True)[1])


def load_corpus(name: str, n_rows: int | None = None) -> Corpus:
    """Load a corpus by the name that results are filed under.

    Parameters
    ----------
    name : str
        One of `CORPORA`, perhaps with "-hidden": then it is not known which texts
        belong together.
    n_rows : int, optional
        Learn from the first training rows alone.

    Raises
    ------
    SystemExit
        If there is no such corpus, or it is not known where it is.
    """
    known = name.removesuffix("-hidden")
    stem, _, size = known.partition("_")
    if size:
        n_rows = int(size.removesuffix("_rows"))
    if stem not in CORPORA:
        raise SystemExit(f"no corpus {name!r}; there are {', '.join(CORPORA)}")
    corpus = CORPORA[stem]()
    if n_rows is not None and n_rows < len(corpus.train):
        corpus = corpus.take(np.arange(n_rows))
        corpus = replace(corpus, name=f"{corpus.name}_{n_rows}_rows")
    return hide_pairing(corpus) if name.endswith("-hidden") else corpus


def hide_pairing(corpus: Corpus, seed: int = 0) -> Corpus:
    """Shuffle the training texts of each language on their own; leave out pictures."""
    random_state = np.random.RandomState(seed)
    firsts = first_rows(corpus.train)
    parts, origins = [], {}
    for name in corpus.languages:
        own = firsts[corpus.train[name].present[firsts]]
        origins[name] = random_state.permutation(own)
        parts.append(MultiView(corpus.train[origins[name]][[name]].views))

    def shuffled(rows: Rows) -> Rows:
        return {
            name: [
                rows[name][row] if name == view else None
                for view, own in origins.items()
                for row in own
            ]
            for name in corpus.languages
        }

    labels = [corpus.labels["train"][row] for own in origins.values() for row in own]
    return replace(
        corpus,
        name=f"{corpus.name}-hidden",
        train=MultiView.concat(parts),
        test=corpus.test[corpus.languages],
        reference=corpus.train[corpus.languages],
        texts={**corpus.texts, "train": shuffled(corpus.texts["train"])},
        tokens={**corpus.tokens, "train": shuffled(corpus.tokens["train"])},
        labels={**corpus.labels, "train": labels},
        paired=False,
    )


def _folder(variable: str) -> Path:
    if variable not in os.environ:
        raise SystemExit(f"set {variable} to a folder: {FOLDERS[variable]}")
    return Path(os.environ[variable])


def _make(
    name: str,
    n_topics: int,
    parts: dict[str, MultiView],
    texts: dict[str, Rows],
    split: Callable[[str, str], list[str]],
    labels: dict[str, list],
    encoders: dict[str, str],
) -> Corpus:
    """Return a corpus, with the words of its vocabularies as tokens."""
    tokens: dict[str, Rows] = {}
    for part, by_view in texts.items():
        tokens[part] = {}
        for view, documents in by_view.items():
            known = set(np.asarray(parts["train"][view].vocabulary).tolist())
            tokens[part][view] = [
                None if text is None else [w for w in split(view, text) if w in known]
                for text in documents
            ]
    aligned = tuple(view for view, encoder in encoders.items() if encoder == E5)
    train = parts["train"]
    return Corpus(
        name,
        n_topics,
        train,
        parts["test"],
        train,
        texts,
        tokens,
        labels,
        encoders,
        aligned if len(aligned) > 1 else (),
    )


def load_manual() -> Corpus:
    """Return the GIMP manual. A label is the folder of the pictures of a page."""
    bunches = {part: load_gimp_help(part) for part in SPLITS}
    words = re.compile(r"[^\W\d_]{2,}")
    return _make(
        "gimp-help",
        50,
        {part: bunch.data for part, bunch in bunches.items()},
        {
            part: {view: bunch.frame[view].tolist() for view in ("en", "de")}
            for part, bunch in bunches.items()
        },
        lambda _, text: words.findall(text.lower()),
        {part: _folders_of(bunch.frame) for part, bunch in bunches.items()},
        {"en": E5, "de": E5, "image": "EfficientNet-Lite0"},
    )


def _folders_of(frame: pd.DataFrame) -> list[str | None]:
    """Return for each row the folder of most pictures of its page."""
    found: dict[str, Counter] = {}
    for page, path in zip(frame["page"], frame["image"], strict=True):
        counter = found.setdefault(page, Counter())
        if isinstance(path, str):
            counter[Path(path).parts[1]] += 1
    return [
        found[page].most_common(1)[0][0] if found[page] else None
        for page in frame["page"]
    ]


def load_descriptions() -> Corpus:
    """Return Multi30k: five descriptions of a picture in each of two languages."""
    bunch = load_multi30k(_folder("M3L_MULTI30K"), ["train", "test_2016"])
    splits = dict(zip(SPLITS, ("train", "test_2016"), strict=True))
    words = re.compile(TOKEN_PATTERN)
    return _make(
        "multi30k",
        100,
        {part: bunch[split] for part, split in splits.items()},
        {part: bunch.texts[split] for part, split in splits.items()},
        lambda _, text: words.findall(text.lower()),
        {part: [None] * len(bunch[split]) for part, split in splits.items()},
        {"en": E5, "de": E5},
    )


def load_names_of_emoji(encoder: str = E5) -> Corpus:
    """Return the bundled emoji in 12 languages. A label is a Unicode category."""
    frames = {part: load_emoji(part).frame for part in SPLITS}
    views = frames["train"].columns
    languages = list(views[: views.get_loc("image")])
    name = "emoji" if encoder == E5 else "emoji-lsa"
    return _encode(name, 50, frames, languages, "concept", "category", encoder)


def load_documentation(encoder: str = E5) -> Corpus:
    """Return GNOME's documentation in 15 languages. A label is one of two guides."""
    folder = _folder("M3L_GNOME") / "corpus"
    frames = {}
    for part in SPLITS:
        frame = pd.read_csv(folder / f"{part}.csv", index_col="page", dtype=object)
        frame = frame.astype(object).where(frame.notna(), None)
        frame["image"] = [
            None if path is None else (folder / path).read_bytes()
            for path in frame["image"]
        ]
        frames[part] = frame
    languages = [n for n in frames["train"] if n not in ("guide", "title", "image")]
    name = "gnome" if encoder == E5 else "gnome-lsa"
    return _encode(name, 30, frames, languages, None, "guide", encoder)


def _encode(
    name: str,
    n_topics: int,
    frames: dict[str, pd.DataFrame],
    languages: list[str],
    groups: str | None,
    label: str,
    encoder: str,
) -> Corpus:
    """Return a corpus of tables."""
    text_encoder = LsaEncoder(random_state=0)
    if encoder == E5:
        text_encoder = SentenceTransformerEncoder(
            str(_folder("M3L_E5")),
            prompt="passage: ",
            cache_dir=os.environ.get("M3L_VECTORS"),
        )
    columns = make_multiview_encoder(
        languages, ["image"], text_encoder=text_encoder, groups=groups, random_state=0
    )
    frames = {
        part: frame[[*languages, "image", *([groups] if groups else []), label]]
        for part, frame in frames.items()
    }
    taken = {part: frame.drop(columns=label) for part, frame in frames.items()}
    train = columns.fit_transform(taken["train"])
    parts = {"train": train, "test": columns.transform(taken["test"])}
    analyzers = {
        view: columns.named_views_[view].vectorizer_.build_analyzer()
        for view in languages
    }
    return _make(
        name,
        n_topics,
        parts,
        {
            part: {view: _cells(frame[view]) for view in languages}
            for part, frame in frames.items()
        },
        lambda view, text: analyzers[view](text),
        {part: frame[label].tolist() for part, frame in frames.items()},
        {**dict.fromkeys(languages, encoder), "image": STATISTICS},
    )


def _cells(column: Iterable) -> list[str | None]:
    return [cell if isinstance(cell, str) else None for cell in column]


CORPORA: dict[str, Callable[[], Corpus]] = {
    "gimp-help": load_manual,
    "multi30k": load_descriptions,
    "emoji": load_names_of_emoji,
    "emoji-lsa": lambda: load_names_of_emoji(LSA),
    "gnome": load_documentation,
    "gnome-lsa": lambda: load_documentation(LSA),
}

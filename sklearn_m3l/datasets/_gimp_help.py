"""The bundled corpus of the GIMP manual in English, German and pictures."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import Bunch

from sklearn_m3l.datasets._bundled import read_json_lines
from sklearn_m3l.multiview import MultiView, View

_FILES = resources.files("sklearn_m3l.datasets") / "data" / "gimp_help"
_LANGUAGES = ("en", "de")
_SUBSETS = ("train", "test", "all")


class _Thumbnails(Mapping):
    """Pictures as JPEG bytes by path, read at first use."""

    def __init__(self, paths: Sequence[str]):
        self._paths = dict.fromkeys(paths)

    @cached_property
    def _jpegs(self) -> dict[str, bytes]:
        archive = io.BytesIO((_FILES / "thumbnails.zip").read_bytes())
        with zipfile.ZipFile(archive) as files:
            return {path: files.read(f"{path}.jpg") for path in self._paths}

    def __getitem__(self, path: str) -> bytes:
        return self._jpegs[path]

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return f"<thumbnails of {len(self)} pictures>"


def load_gimp_help(subset: str = "train") -> Bunch:
    """Load the GIMP manual: 661 pages in English, German and pictures.

    Each row is a page with one of its pictures: a page with five pictures is five rows,
    and a page without pictures is one row that lacks the view "image". The training and
    test rows share no page and no picture. Texts and pictures come with embeddings from
    pretrained encoders, so you can fit models without a download.

    ================   ==================================
    Pages              661 (529 train, 132 test)
    Rows               2,188 (1,794 train, 394 test)
    Rows with image    1,999 (1,645 train, 354 test)
    Views              "en", "de", "image"
    Words              2,000 in each language
    ================   ==================================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which rows to load. All of them have counts of the most frequent words in the
        training pages.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        With these attributes:

        data : MultiView of shape (n_rows, 3)
            The views "en" and "de" have float32 embeddings of width 384 and
            word counts, the view "image" has float32 embeddings of width 1280.
            Row labels are "page" or "page#picture", and ``data.groups`` holds the
            page of each row.
        frame : DataFrame of shape (n_rows, 4)
            The raw texts "en" and "de", the path of the picture, "image", which may be
            missing, and the "page". The index has the row labels.
        thumbnails : mapping of str to bytes
            A JPEG of at most 96 x 96 pixels for each path in ``frame["image"]``.
        DESCR : str
            Source, license, and preparation of the corpus.

    Raises
    ------
    ValueError
        If `subset` is not one of the three.

    Notes
    -----
    The corpus is under the GNU Free Documentation License, not under the license
    of this package: see ``DESCR``.

    Examples
    --------
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> corpus = load_gimp_help(subset="test")
    >>> corpus.data
    MultiView of 394 rows (132 articles) and 3 views
      en     394 present  embedding 384 x float32  counts of 2,000 words, ... cells
      de     394 present  embedding 384 x float32  counts of 2,000 words, ... cells
      image  354 present  embedding 1,280 x float32
    >>> str(corpus.data.groups[0])
    'apcs02s02'
    """
    if subset not in _SUBSETS:
        raise ValueError(f"subset must be one of {_SUBSETS}, not {subset!r}")
    pages = read_json_lines(_FILES / "pages.jsonl.gz")
    articles, pictures = _rows(pages, subset)
    texts = {name: [pages[number][name] for number in articles] for name in _LANGUAGES}
    names = [pages[number]["id"] for number in articles]
    labels = [_label(*row) for row in zip(names, pictures, strict=True)]
    return Bunch(
        data=_multiview(articles, pictures, labels, names),
        frame=pd.DataFrame({**texts, "image": pictures, "page": names}, index=labels),
        thumbnails=_Thumbnails(sorted({path for path in pictures if path})),
        DESCR=(_FILES / "DESCR.rst").read_text(encoding="utf-8"),
    )


def _read_arrays(name: str) -> dict[str, np.ndarray]:
    with (
        (_FILES / name).open("rb") as raw,
        np.load(raw, allow_pickle=False) as arrays,
    ):
        return dict(arrays)


def _rows(pages: list[dict], subset: str) -> tuple[np.ndarray, list[str | None]]:
    """Return the page number and the picture of each row."""
    rows = [
        (number, path)
        for number, page in enumerate(pages)
        if subset in ("all", page["subset"])
        for path in page["images"] or [None]
    ]
    return np.array([number for number, _ in rows]), [path for _, path in rows]


def _label(page: str, picture: str | None) -> str:
    return page if picture is None else f"{page}#{picture.removeprefix('images/')}"


def _multiview(articles, pictures, labels, groups) -> MultiView:
    """Return rows with the vectors and counts of their pages and pictures."""
    stored = _read_arrays("embeddings.npz")
    views = {}
    for name in _LANGUAGES:
        parts = _read_arrays(f"counts_{name}.npz")
        by_page = sparse.csr_array(
            (
                parts["data"].astype(np.int32),
                parts["indices"].astype(np.int32),
                parts["indptr"],
            ),
            shape=(len(parts["indptr"]) - 1, len(parts["vocabulary"])),
        )
        embedding = stored[name][articles].astype(np.float32)
        views[name] = View(embedding, by_page[articles], parts["vocabulary"])

    place = {path: i for i, path in enumerate(stored["image_paths"].tolist())}
    has_picture = np.array([path is not None for path in pictures])
    vectors = np.zeros((len(pictures), stored["image"].shape[1]), dtype=np.float32)
    shown = [place[path] for path in pictures if path is not None]
    vectors[has_picture] = stored["image"][shown]
    views["image"] = View(vectors, present=has_picture)
    return MultiView(views, index=labels, groups=groups)

"""Reader of the bags of words that InfoCTM and its successors publish."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import Bunch

from sklearn_m3l.datasets.readers._streams import PathLike, reading
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._sparse import checked_csr

_SUBSETS = ("train", "test")


def read_infoctm(
    folder: PathLike,
    subset: str = "train",
    *,
    languages: Iterable[str] | None = None,
    embeddings: Mapping[str, Any] | None = None,
) -> Bunch:
    r"""Read EC News, Amazon Review or Rakuten Amazon: unpaired bags of words.

    Papers on cross-lingual topic models since InfoCTM [1]_ use these corpora. Each is
    published as a folder with these files for each language, such as "en":

    - ``vocab_en``: the words, one per line
    - ``train_bow_matrix_en.npz`` or ``train_bow_en.npz``: their counts, a sparse matrix
      of SciPy with one row per document; the same for "test"
    - ``train_labels_en.txt``: the label of each document, one per line; optional
    - ``train_texts_en.txt``: the documents, as words separated by spaces, one per line;
      optional

    Documents have no known counterparts: each is a row with one language.

    Parameters
    ----------
    folder : str or path-like
        The folder.
    subset : {"train", "test"}, default="train"
        Which documents to read.
    languages : iterable of str, default=None
        Languages to read, by the suffix of their files; by default all that have a
        vocabulary, sorted.
    embeddings : mapping of str to array-like, default=None
        Embeddings of the documents of each language, (n_documents, width), in the order
        of their files, such as those that a multilingual encoder makes from ``frame``.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        With these attributes:

        data : MultiView of shape (n_rows, n_languages)
            The documents, those of the first language first: word counts with their
            vocabulary, and embeddings if given.
        target : ndarray of shape (n_rows,) or None
            The label of each row, as int if all are whole numbers, otherwise as str;
            None if the folder has no labels.
        frame : DataFrame of shape (n_rows, n_languages + 1)
            The text of each row in the column of its language, and the column
            "language". Other columns are missing, as are all texts if the folder has
            none.

    Raises
    ------
    ValueError
        If `subset` is unknown, a language has no files, a word is repeated or empty, a
        matrix is damaged or does not fit the vocabulary, or files differ in their
        number of documents. The message names the file, and the line if there is one.

    See Also
    --------
    mine_tuples : Finds likely counterparts of the documents.
    sklearn_m3l.metrics.evaluate_classification : Predicts the labels from topics.
    sklearn_m3l.metrics.cnpmi : The coherence that papers on these corpora report.

    References
    ----------
    .. [1] X. Wu et al., "InfoCTM: A Mutual Information Maximization Perspective of
       Cross-Lingual Topic Modeling", AAAI 2023. https://github.com/BobXWu/InfoCTM

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from scipy import sparse
    >>> from sklearn_m3l.datasets import read_infoctm
    >>> folder = tempfile.TemporaryDirectory()
    >>> for language, words in {"en": "sea\noak\n", "cn": "海\n橡树\n"}.items():
    ...     stem = Path(folder.name, "train_bow_matrix_" + language)
    ...     sparse.save_npz(stem, sparse.csr_array([[2, 0], [0, 1]]))
    ...     _ = Path(folder.name, "vocab_" + language).write_text(words, "utf-8")
    >>> read_infoctm(folder.name).data
    MultiView of 4 rows and 2 views
      cn  2 present  counts of 2 words, 2 cells
      en  2 present  counts of 2 words, 2 cells
    >>> folder.cleanup()
    """
    if subset not in _SUBSETS:
        raise ValueError(f"subset must be one of {_SUBSETS}, not {subset!r}")
    folder = Path(folder)
    names = _find_languages(folder) if languages is None else list(languages)
    embeddings = {} if embeddings is None else dict(embeddings)
    unknown = [name for name in embeddings if name not in names]
    if unknown:
        raise ValueError(
            f"embeddings has {unknown[0]!r}, but the languages are {', '.join(names)}"
        )
    parts, frames, labels = [], [], []
    for name in names:
        counts, vocabulary = _read_counts(folder, subset, name)
        n_rows = counts.shape[0]
        of_language = [
            _read_lines(folder / f"{subset}_{kind}_{name}.txt", n_rows)
            for kind in ("texts", "labels")
        ]
        if name in embeddings and len(embeddings[name]) != n_rows:
            raise ValueError(
                f"embeddings of {name!r} have {len(embeddings[name])} rows, but "
                f"{folder} has {n_rows} {subset} documents"
            )
        part = MultiView.from_arrays(
            {name: embeddings[name]} if name in embeddings else None,
            {name: counts},
            {name: vocabulary},
        )
        parts.append(part)
        texts = pd.Series(of_language[0], range(n_rows), dtype=object)
        frames.append(pd.DataFrame({name: texts, "language": name}))
        labels.append(of_language[1])
    data = MultiView.concat(parts)
    frame = pd.concat(frames, ignore_index=True)[[*names, "language"]]
    return Bunch(
        data=MultiView(data.views), target=_join_labels(labels, names), frame=frame
    )


def _find_languages(folder: Path) -> list[str]:
    """Return the suffixes of the vocabularies in a folder."""
    found = [p.name.removesuffix(".txt") for p in folder.glob("vocab_*")]
    names = sorted({name.removeprefix("vocab_") for name in found})
    if not names:
        raise ValueError(f"{folder} has no vocabulary, such as vocab_en")
    return names


def _choose(folder: Path, *names: str) -> Path:
    """Return the first of some files that exists."""
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise ValueError(f"{folder} has no {' or '.join(names)}")


def _read_counts(folder: Path, subset: str, name: str) -> tuple[Any, list[str]]:
    """Return the word counts of the documents of a language, and its words."""
    file = _choose(folder, f"vocab_{name}", f"vocab_{name}.txt")
    words: list[str] = []
    with reading([file]) as (source,):
        for number, line in source.lines():
            word = (line or "").strip()
            if not word:
                raise source.fail(number, "empty")
            source.is_new(number, word, repr(word))
            words.append(word)
    matrix = _choose(
        folder, f"{subset}_bow_matrix_{name}.npz", f"{subset}_bow_{name}.npz"
    )
    try:
        counts = checked_csr(sparse.load_npz(matrix), "it")
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{matrix} is not a sparse matrix of SciPy: {error}") from None
    if counts.shape[1] != len(words):
        raise ValueError(
            f"{matrix} has {counts.shape[1]} columns, but {file} has {len(words)} words"
        )
    if counts.dtype.kind not in "buif" or not np.isfinite(counts.data).all():
        raise ValueError(f"{matrix} has values that are not finite numbers")
    if (counts.data < 0).any():
        raise ValueError(f"{matrix} has negative counts")
    return counts, words


def _read_lines(file: Path, n_rows: int) -> list[str] | None:
    """Return the lines of a file, one per document; None if there is no file."""
    if not file.exists():
        return None
    with reading([file]) as (source,):
        lines = [line or "" for _, line in source.lines()]
    if len(lines) != n_rows:
        raise ValueError(
            f"{file} has {len(lines)} lines for {n_rows} documents; give one line per "
            "document"
        )
    return lines


def _join_labels(labels: list[list[str] | None], names: list[str]):
    """Return the labels of all languages, or None."""
    given = [part for part in labels if part is not None]
    if not given:
        return None
    if len(given) < len(labels):
        raise ValueError(
            f"some languages have labels, but {names[labels.index(None)]!r} has none"
        )
    joined = np.array([label.strip() for part in given for label in part])
    try:
        return joined.astype(int)
    except ValueError:
        return joined

"""Rows that are tuples of views: the data structure that every model takes."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from sklearn_m3l.multiview._checks import (
    check_groups,
    check_index,
    check_known,
    check_mapping,
    check_views,
    selected_rows,
    selected_views,
)
from sklearn_m3l.multiview._concat import concat_groups, concat_index, concat_view
from sklearn_m3l.multiview._view import View, frozen, is_on_disk, same_array
from sklearn_m3l.utils._text import printable


class MultiView:
    """Rows that are tuples: one thing in several views, such as languages and pictures.

    An immutable container that scikit-learn can split: pass it as `X` to
    `train_test_split`, `KFold`, `cross_validate` and `GridSearchCV`, without a wrapper.

    ``X[rows]`` (a slice, positions or a boolean mask) selects rows,
    ``X[["en", "image"]]`` selects views, and ``X["en"]`` is one `View`, as in a pandas
    DataFrame whose columns are the views. ``"en" in X`` tests for a view.

    Parameters
    ----------
    views : mapping of str to View
        The views by name, each with one row per tuple. They are checked once, here:
        floating point embeddings and CSR counts are not copied, so do not change them
        in place afterwards. The MultiView itself never writes to them.
    index : array-like of shape (n_rows,), default=None
        Row labels; by default the positions.
    groups : array-like of str or of numbers of shape (n_rows,), default=None
        The article of each row, if several rows belong to one article: they are never
        each other's negatives, count once in the metrics, and stay together in a
        `GroupKFold` with ``groups=X.groups``. By default every row is a separate
        article.

    Attributes
    ----------
    shape : tuple (n_rows, n_views)
        The features of a MultiView are its views.
    view_names : tuple of str
        Names of the views.
    views : mapping of str to View
        The views by name.
    present : dict of str to ndarray of bool of shape (n_rows,)
        Which rows have each view.
    index : ndarray of shape (n_rows,)
        Labels of the rows.
    groups : ndarray of shape (n_rows,) or None
        Article ids of the rows.

    Raises
    ------
    ValueError
        If views differ in length, a view has neither embedding nor counts, an embedding
        has NaN or infinity in a row that is present, counts are negative, a vocabulary
        does not fit its counts, or a row has no article id. The message names the view
        or the rows.
    TypeError
        If an array does not contain numbers, a name is not a string, or article ids are
        of several types.

    See Also
    --------
    MultiView.from_arrays : Takes one mapping per kind of array.
    sklearn_m3l.embedding.MultiViewEncoder : Turns a table into a MultiView.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import MultiView, View
    >>> X = MultiView(
    ...     {
    ...         "en": View(
    ...             embedding=np.eye(3),
    ...             counts=[[2, 0], [1, 1], [0, 4]],
    ...             vocabulary=["brush", "layer"],
    ...         ),
    ...         "image": View(embedding=np.ones((3, 2)), present=[True, False, True]),
    ...     },
    ...     groups=["tools", "tools", "layers"],
    ... )
    >>> X
    MultiView of 3 rows (2 articles) and 2 views
      en     3 present  embedding 3 x float64  counts of 2 words, 4 cells
      image  2 present  embedding 2 x float64
    >>> X[1:][["image"]].shape
    (2, 1)
    >>> X[1:].groups.tolist()
    ['tools', 'layers']

    The same rows with other article ids, or with none:

    >>> MultiView(X.views, index=X.index).groups is None
    True
    """

    __slots__ = ("_groups", "_index", "_views")
    _groups: np.ndarray | None
    _index: np.ndarray
    _views: Mapping[str, View]

    # Arrays and DataFrames must not iterate over a MultiView.
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]  # equal by content

    def __init__(
        self, views: Mapping[str, View], *, index: Any = None, groups: Any = None
    ):
        checked = check_views(views)
        n_rows = len(next(iter(checked.values())))
        labels = check_index(index, n_rows)
        self._set(checked, labels, check_groups(groups, n_rows, labels))

    def _set(self, views, index, groups) -> None:
        object.__setattr__(self, "_views", MappingProxyType(views))
        object.__setattr__(self, "_index", frozen(index))
        object.__setattr__(self, "_groups", None if groups is None else frozen(groups))

    @classmethod
    def _of_checked(cls, views: dict[str, View], index, groups) -> "MultiView":
        """Return a MultiView of checked parts."""
        self = object.__new__(cls)
        self._set(views, index, groups)
        return self

    @classmethod
    def from_arrays(
        cls,
        embeddings: Mapping[str, Any] | None = None,
        counts: Mapping[str, Any] | None = None,
        vocabularies: Mapping[str, Any] | None = None,
        present: Mapping[str, Any] | None = None,
        index: Any = None,
        groups: Any = None,
    ) -> "MultiView":
        """Build a MultiView from mappings of view name to array.

        Parameters
        ----------
        embeddings : mapping of str to array-like of shape (n_rows, width)
            Floating point vectors; views may differ in width. Memmaps are scanned once
            and stay on disk.
        counts : mapping of str to {array-like, sparse} of shape (n_rows, n_words)
            Non-negative word counts of the text views.
        vocabularies : mapping of str to array-like of str of shape (n_words,)
            The word of each column of `counts`.
        present : mapping of str to array-like of bool of shape (n_rows,)
            Which rows have the view; all rows for a view that is not named.
        index : array-like of shape (n_rows,), optional
            Row labels; by default the positions.
        groups : array-like of shape (n_rows,), optional
            Article ids, see `MultiView`.

        Returns
        -------
        MultiView
            The views in the order in which they are first named.

        Raises
        ------
        ValueError
            As in `MultiView`, and if `vocabularies` or `present` names a view that has
            no array.
        TypeError
            As in `MultiView`, and if an argument is not a mapping.

        Examples
        --------
        >>> from sklearn_m3l import MultiView
        >>> X = MultiView.from_arrays(
        ...     embeddings={"en": [[1.0, 0.0], [0.0, 1.0]], "image": [[0.5], [0.1]]},
        ...     present={"image": [True, False]},
        ... )
        >>> X.view_names
        ('en', 'image')
        """
        embeddings = check_mapping("embeddings", embeddings)
        counts = check_mapping("counts", counts)
        vocabularies = check_mapping("vocabularies", vocabularies)
        present = check_mapping("present", present)
        names = list(dict.fromkeys([*embeddings, *counts]))
        if not names:
            raise ValueError("a MultiView needs an embedding or counts of some view")
        check_known("vocabularies", vocabularies, counts, "no counts")
        check_known("present", present, names, "neither embedding nor counts")
        arrays = (embeddings, counts, vocabularies, present)
        views = {name: View(*(given.get(name) for given in arrays)) for name in names}
        return cls(views, index=index, groups=groups)

    @classmethod
    def concat(cls, parts: Sequence["MultiView"]) -> "MultiView":
        """Concatenate the rows of several MultiViews.

        A view that a part lacks is absent in the rows of that part. Embeddings are read
        into memory, unless all parts come from `open`.

        Parameters
        ----------
        parts : sequence of MultiView
            At least one. Views with the same name must agree in width and vocabulary,
            and either all parts or no part must have article ids.

        Returns
        -------
        MultiView
            The rows of all parts in order, with their labels and article ids. The same
            id in two parts is the same article.

        Raises
        ------
        ValueError
            If parts do not agree.
        TypeError
            If `parts` is not a sequence of MultiView objects, or article ids are of
            several types.
        """
        parts = [] if isinstance(parts, MultiView) else list(parts)
        if not parts or not all(isinstance(part, MultiView) for part in parts):
            raise TypeError("concat takes a non-empty sequence of MultiView objects")
        names = list(dict.fromkeys(name for part in parts for name in part.view_names))
        lengths = [len(part) for part in parts]
        views = {
            name: concat_view(name, [part.views.get(name) for part in parts], lengths)
            for name in names
        }
        index = concat_index([part.index for part in parts])
        groups = concat_groups([part.groups for part in parts])
        return cls._of_checked(views, index, groups)

    def save(self, folder: str | PathLike) -> None:
        """Store the rows in a new folder, for tables that are larger than memory.

        Parameters
        ----------
        folder : str or path
            It must not exist yet, and appears once it is complete: an interrupted call
            leaves nothing.

        Raises
        ------
        FileExistsError
            If the folder exists.
        OSError
            If it cannot be written, such as on a full disk.
        TypeError
            If row labels are neither strings nor numbers.

        See Also
        --------
        MultiView.open : Reads it.

        Notes
        -----
        The folder contains ``.npy`` files, which NumPy can read, and a JSON manifest of
        their shapes and checksums. Embeddings keep their type: float16 takes half the
        space of float32.

        Examples
        --------
        >>> import tempfile
        >>> from sklearn_m3l import MultiView
        >>> X = MultiView.from_arrays({"en": [[1.0, 0.0], [0.0, 1.0]]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     X.save(f"{folder}/corpus")
        ...     MultiView.open(f"{folder}/corpus") == X
        True
        """
        from sklearn_m3l.multiview._folder import save_folder

        save_folder(self, Path(folder))

    @classmethod
    def open(
        cls,
        folder: str | PathLike | Sequence[str | PathLike],
        *,
        verify: bool = False,
    ) -> "MultiView":
        """Open rows that `save` stored, without reading them into memory.

        Parameters
        ----------
        folder : str, path, or sequence of them
            A folder that `save` or `sklearn_m3l.distributed.encode` wrote, or several
            folders, whose rows are concatenated.
        verify : bool, default=False
            Whether to compare every file with its checksum, which reads all of them. By
            default, only the manifests and the sizes and shapes of files are checked
            now, and rows when they are read.

        Returns
        -------
        MultiView
            Its embeddings and counts stay on disk. Do not change the folders while it
            is in use.

        Raises
        ------
        ValueError
            If a file is missing or damaged, or parts differ in their views, widths or
            vocabularies. The message names the file or the folder.
        FileNotFoundError
            If there is no such folder.

        See Also
        --------
        MultiView.save : Writes a folder.
        """
        from sklearn_m3l.multiview._folder import open_folders

        return open_folders(folder, verify)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and number of views."""
        return len(self._index), len(self._views)

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of the views."""
        return tuple(self._views)

    @property
    def views(self) -> Mapping[str, View]:
        """The views by name."""
        return self._views

    @property
    def present(self) -> dict[str, np.ndarray]:
        """Which rows have each view."""
        return {name: view.present for name, view in self._views.items()}

    @property
    def index(self) -> np.ndarray:
        """Labels of the rows."""
        return self._index

    @property
    def groups(self) -> np.ndarray | None:
        """Article ids of the rows; None if every row is a separate article."""
        return self._groups

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator["MultiView"]:
        return (self[row] for row in range(len(self)))

    def __contains__(self, name) -> bool:
        return name in self._views

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "a MultiView is not an array; use one of a view, such as X['en'].embedding"
        )

    def __deepcopy__(self, memo) -> "MultiView":
        return self

    @overload
    def __getitem__(self, key: str) -> View: ...

    @overload
    def __getitem__(self, key: Any) -> "MultiView": ...

    def __getitem__(self, key):
        if isinstance(key, str):
            self._check_views([key])
            return self._views[key]
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn's `_safe_indexing` sends (rows, ...)
        if isinstance(key, tuple):
            raise TypeError(
                "a MultiView takes rows, X[rows], or views, X[['en', 'de']]; to select "
                "both, write X[rows][['en', 'de']]"
            )
        names = selected_views(key)
        if names is not None:
            self._check_views(names)
            chosen = {name: self._views[name] for name in names}
            return self._of_checked(chosen, self._index, self._groups)
        rows = selected_rows(key, len(self))
        views = {name: view._take(rows) for name, view in self._views.items()}
        groups = None if self._groups is None else self._groups[rows]
        return self._of_checked(views, self._index[rows], groups)

    def _check_views(self, names) -> None:
        for position, name in enumerate(names):
            if name not in self._views:
                raise ValueError(
                    f"unknown view {name!r}; the views are {', '.join(self._views)}"
                )
            if name in names[:position]:
                raise ValueError(f"view {name!r} is selected twice")

    def __eq__(self, other) -> bool:
        if not isinstance(other, MultiView):
            return NotImplemented
        return (
            set(self._views) == set(other._views)
            and same_array(self._index, other._index)
            and same_array(self._groups, other._groups)
            and all(view._equals(other._views[n]) for n, view in self._views.items())
        )

    def __reduce__(self):
        return MultiView._of_checked, (dict(self._views), self._index, self._groups)

    def __setattr__(self, name, value):
        raise AttributeError("a MultiView is immutable; build a new one instead")

    def __repr__(self) -> str:
        n_rows, n_views = self.shape
        articles = ""
        if self._groups is not None:
            n_articles = len(np.unique(self._groups))
            articles = f" ({n_articles:,} article{'s' * (n_articles != 1)})"
        lines = [
            f"MultiView of {n_rows:,} row{'s' * (n_rows != 1)}{articles} "
            f"and {n_views} view{'s' * (n_views != 1)}"
        ]
        width = max(map(len, self._views))
        for name, view in self._views.items():
            line = f"  {name:<{width}}  {view.present.sum():,} present"
            if view.embedding is not None:
                disk = ", on disk" if is_on_disk(view.embedding) else ""
                line += f"  embedding {view.width:,} x {view.embedding.dtype}{disk}"
            if view.counts is not None:
                words, cells = view.counts.shape[1], view.counts.nnz
                line += f"  counts of {words:,} words, {cells:,} cells"
            lines.append(line)
        return printable("\n".join(lines))

"""Encodes the columns of a table as a MultiView."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.base import TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from sklearn_m3l.embedding._columns import column_names, to_table
from sklearn_m3l.embedding._views import ImageView, TextView
from sklearn_m3l.multiview import MultiView, View
from sklearn_m3l.multiview._checks import check_groups, check_index
from sklearn_m3l.utils._fitted import (
    Fitted,
    Integer,
    Names,
    NotStored,
    Pairs,
    is_printable,
    require,
)
from sklearn_m3l.utils._references import ReferringMixin, check_reference
from sklearn_m3l.utils._sklearn import (
    BaseComposition,
    Interval,
    fit_context,
    parallel_block,
)
from sklearn_m3l.utils._text import printable


class MultiViewEncoder(
    ReferringMixin,
    TransformerMixin,
    BaseComposition,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]  # scikit-learn is untyped
):
    """Encode the columns of a table, one view each, as a MultiView.

    Use it as the first step of a `Pipeline` whose last step is a topic model: ``fit``
    and ``transform`` take a pandas or polars DataFrame. If a cell is empty (None, NaN,
    NA, a blank text, or an unreadable picture if the encoder allows it), its row lacks
    the view; no row is dropped. ``transform`` takes any of the columns:
    ``pipeline.transform(df[["image"]])`` infers topics from pictures alone. All other
    columns are ignored.

    Parameters
    ----------
    views : list of (str, TextView or ImageView) tuples
        The name of the column, and how it is encoded. The parameters of a view are
        parameters here, such as ``en__vectorizer__max_features``.
    groups : str, default=None
        The column or the index with the article ids, if several rows belong to one
        article; it becomes ``X.groups`` of the MultiView. `fit` needs it, `transform`
        takes tables without it. By default every row is a separate article.
    memmap_dir : str or path, default=None
        Folder for embeddings that are too large for memory. They are encoded in chunks
        into a new ``.npy`` file each, which you must remove yourself. By default all
        stay in memory.
    max_nbytes : int, default=100_000_000
        Embeddings larger than this go to `memmap_dir`.
    verbose : int, default=0
        Whether to show a progress bar for each view.

    Attributes
    ----------
    views_ : list of (str, TextView or ImageView) tuples
        The fitted clones.
    named_views_ : :class:`~sklearn.utils.Bunch`
        The same by name.
    n_features_in_ : int
        Number of views.
    feature_names_in_ : ndarray of str of shape (n_views,)
        Names of the views.

    See Also
    --------
    make_multiview_encoder : Builds the usual one from column names alone.
    MultiView : Takes your own embeddings and counts.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_m3l.embedding import LsaEncoder, MultiViewEncoder, TextView
    >>> df = pd.DataFrame({
    ...     "en": ["A brush paints", "A layer has a mask", "The layer"],
    ...     "de": ["Ein Pinsel malt", None, "Die Ebene"],
    ... })
    >>> encoder = MultiViewEncoder([
    ...     ("en", TextView(encoder=LsaEncoder(n_components=2, random_state=0))),
    ...     ("de", TextView(encoder=LsaEncoder(n_components=2, random_state=0))),
    ... ])
    >>> encoder.fit_transform(df)
    MultiView of 3 rows and 2 views
      en  3 present  embedding 2 x float32  counts of 4 words, 5 cells
      de  2 present  embedding 2 x float32  counts of 3 words, 3 cells

    With a column of article ids:

    >>> df["page"] = ["tools", "layers", "layers"]
    >>> encoder.set_params(groups="page").fit_transform(df).groups.tolist()
    ['tools', 'layers', 'layers']
    """

    _parameter_constraints: dict = {
        "views": [list],
        "groups": [str, None],
        "memmap_dir": [str, os.PathLike, None],
        "max_nbytes": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
    }

    _fitted_state: dict = {
        "views_": Pairs(Fitted(TextView, ImageView)),
        "feature_names_in_": Names(),
        "n_features_in_": Integer(1),
        "_references": NotStored(),
    }
    _path_parameters: tuple[str, ...] = ("memmap_dir",)

    def __init__(
        self,
        views,
        *,
        groups=None,
        memmap_dir=None,
        max_nbytes=100_000_000,
        verbose=0,
    ):
        self.views = views
        self.groups = groups
        self.memmap_dir = memmap_dir
        self.max_nbytes = max_nbytes
        self.verbose = verbose

    def get_params(self, deep=True):
        """Return the parameters, with those of the views if `deep`.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the views and their parameters.

        Returns
        -------
        dict
            Parameters by name.
        """
        return self._get_params("views", deep=deep)

    def set_params(self, **params):
        """Set parameters of the encoder, of its views and of their parts.

        Parameters
        ----------
        **params : dict
            Such as ``en=TextView()`` or ``en__vectorizer__max_features=500``.

        Returns
        -------
        self : object
            The encoder itself.
        """
        self._set_params("views", **params)
        return self

    def set_output(self, *, transform=None):
        """Do nothing: a MultiView is the only output.

        This lets ``pipeline.set_output(transform="pandas")`` reach the topic model.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self : object
            The encoder itself.
        """
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Learn how to encode each column.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Has a column for every view, and the column `groups` if that is given.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If a column is missing or empty, or `groups` names a view.
        TypeError
            If `X` is not a DataFrame, or a column holds something other than texts or
            pictures.
        """
        self._check_views()
        X = to_table(X)
        columns = column_names(X)
        missing = [name for name, _ in self.views if name not in columns]
        if self.groups is not None and not self._has_groups(X, columns):
            missing.append(self.groups)
        if missing:
            raise ValueError(
                f"the table has no column {', '.join(map(repr, missing))}; its columns "
                f"are {', '.join(map(repr, columns))}"
            )
        if self.groups is not None:
            self._read_groups(X)  # report bad ids before the encoders take their time
        self.views_ = []
        for name, view in self.views:
            with _named_errors(f"view {name!r}"):
                self.views_.append((name, clone(view).fit(X[name])))
        self.feature_names_in_ = np.array([n for n, _ in self.views_], dtype=object)
        self.n_features_in_ = len(self.views_)
        return self

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Has a column for at least one of the views.

        Returns
        -------
        MultiView of shape (n_rows, n_views)
            The views that the table has columns for, labeled by its index, with the
            article ids if the table has them.

        Raises
        ------
        ValueError
            If no column is a view, or a row has no article id.
        TypeError
            If `X` is not a DataFrame, or a column holds something other than texts or
            pictures.
        """
        check_is_fitted(self)
        X = to_table(X)
        columns = column_names(X)
        known = [(name, view) for name, view in self.views_ if name in columns]
        if not known:
            raise ValueError(
                f"no column is a view: the columns are "
                f"{', '.join(map(repr, columns))}, the views "
                f"{', '.join(map(repr, self.feature_names_in_))}"
            )
        groups = self._read_groups(X) if self._has_groups(X, columns) else None
        views: dict[str, View] = {}
        for name, view in known:
            with _named_errors(f"view {name!r}"), self._storage(name) as allocate:
                views[name] = self._encode(name, view, X[name], allocate)
        return MultiView(views, index=getattr(X, "index", None), groups=groups)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the views, which are the features of a MultiView.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str of shape (n_views,)
            In the order of `views`.
        """
        check_is_fitted(self)
        return self.feature_names_in_.copy()

    @property
    def named_views_(self):
        """The fitted views by name."""
        return Bunch(**dict(self.views_))

    def _check_fitted_state(self, state: dict) -> None:
        """Raise ValueError if stored attributes contradict each other."""
        names = [name for name, _ in state["views_"]]
        same = state["feature_names_in_"].tolist() == names
        require(same, "feature_names_in_ are not the names of the views")
        fits = state["n_features_in_"] == len(names)
        require(fits, "n_features_in_ is not the number of views")

    def _check_storable(self) -> None:
        self._check_views()
        for name, _ in self.views:
            require(
                is_printable(name),
                f"a model file cannot hold the view {name!r}; rename the column, "
                "without control characters",
            )

    def _check_views(self) -> None:
        """Raise an error unless views are named TextViews or ImageViews."""
        for item in self.views:
            if not (isinstance(item, tuple) and len(item) == 2):
                raise TypeError(
                    f"views holds {item!r}; give pairs such as ('en', TextView())"
                )
            name, view = item
            if not isinstance(name, str):
                raise TypeError(f"a view is named by a string, not by {name!r}")
            if not isinstance(view, (TextView, ImageView)):
                raise TypeError(
                    f"view {name!r} is a {type(view).__name__}; give a TextView or an "
                    "ImageView with your transformer as its encoder"
                )
        if not self.views:
            raise ValueError("views is empty; give pairs such as ('en', TextView())")
        self._validate_names([name for name, _ in self.views])
        if self.groups in dict(self.views):
            raise ValueError(
                f"groups={self.groups!r} is a view; name the column of article ids, or "
                "leave groups out"
            )

    def _has_groups(self, X, columns) -> bool:
        """Return whether a table has article ids, in a column or in its index."""
        if self.groups is None:
            return False
        names = getattr(getattr(X, "index", None), "names", ())
        return self.groups in columns or list(names) == [self.groups]

    def _read_groups(self, X) -> np.ndarray | None:
        """Return the article ids of a table."""
        of_column = self.groups in X.columns
        with _named_errors(f"{'column' if of_column else 'index'} {self.groups!r}"):
            labels = check_index(getattr(X, "index", None), len(X))
            ids = X[self.groups] if of_column else X.index
            return check_groups(ids, len(X), labels)

    def _encode(self, name, view, column, allocate) -> View:
        with tqdm(desc=f"encode {printable(name)}", disable=not self.verbose) as bar:
            return view.encode(column, allocate, bar)

    def _sk_visual_block_(self):
        """Show the views side by side in scikit-learn's diagrams."""
        names, views = zip(*getattr(self, "views_", self.views), strict=True)
        return parallel_block(views, names)

    @contextmanager
    def _storage(self, name: str) -> Iterator[Callable[[tuple[int, int]], np.ndarray]]:
        """Yield an allocator of the array of a view; remove its file on failure."""
        files: list[Path] = []

        def allocate(shape: tuple[int, int]) -> np.ndarray:
            nbytes = 4 * shape[0] * shape[1]
            if self.memmap_dir is None or nbytes <= self.max_nbytes:
                return np.zeros(shape, dtype=np.float32)
            check_reference(self, "memmap_dir")
            Path(self.memmap_dir).mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(".npy", f"{_slug(name)}-", self.memmap_dir)
            os.close(handle)
            files.append(Path(path))
            return np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=shape)

        try:
            yield allocate
        except BaseException:
            for path in files:
                path.unlink(missing_ok=True)
            raise

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


@contextmanager
def _named_errors(name: str) -> Iterator[None]:
    """Put the name of a view or column before the message of an error."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error


def _slug(name: str) -> str:
    """Return a name that any file system accepts."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)[:40]

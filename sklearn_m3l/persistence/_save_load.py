"""The two functions that store and load a model."""

import os
from pathlib import Path
from typing import Any

from sklearn_m3l.persistence._checks import ModelFileError
from sklearn_m3l.persistence._reader import Reader
from sklearn_m3l.persistence._writer import Writer
from sklearn_m3l.utils._files import read_file, replace_file
from sklearn_m3l.utils._storage import StorageError, pack, unpack


def save_model(model: Any, path: str | os.PathLike) -> None:
    """Store a model in a file without code.

    The file is a safetensors file [1]_: arrays, and a JSON description with a checksum,
    a format version and package versions. It is written to a temporary file and then
    moved into place, so that a crash does not damage an older file.

    Parameters
    ----------
    model : estimator
        A topic model, a `MultiViewEncoder` or one of its parts, or a
        :class:`~sklearn.pipeline.Pipeline` of these, fitted or not.
    path : str or path
        The file to write, such as ``"topics.safetensors"``.

    Raises
    ------
    TypeError
        If the model has a part that is not from this package, such as your own
        transformer, function or callback. The message names it.
    ValueError
        If a part refers to a file or folder that is not below the folder of `path`, or
        has invalid parameters.
    OSError
        If the file cannot be written.

    See Also
    --------
    load_model : Load the model.

    Notes
    -----
    The file keeps everything that `transform`, `score`, `top_words` and `partial_fit`
    need; results are bit-identical. For a neural model this includes the loss of each
    epoch, but not the optimizer: with `warm_start`, training continues with fresh
    moments of Adam. A `SentenceTransformerEncoder` is stored as the name or folder of
    its model, without weights. Paths are stored relative to the folder of the file, so
    that you can move the file along with the files that it refers to. Attributes that
    the class of an estimator does not set, such as your own notes, are not stored.

    References
    ----------
    .. [1] https://huggingface.co/docs/safetensors

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn_m3l import PolylingualLDA, load_model, save_model
    >>> X = np.repeat([[3, 3, 0, 0], [0, 0, 3, 3]], 20, axis=0)
    >>> model = PolylingualLDA(2, max_iter=20, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "topics.safetensors")
    ...     save_model(model, path)
    ...     loaded = load_model(path)
    >>> loaded
    PolylingualLDA(max_iter=20, n_components=2, random_state=0)
    >>> np.array_equal(loaded.transform(X), model.transform(X))
    True
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    replace_file(path, _dump(model, path))


def check_savable(model: Any, path: str | os.PathLike) -> None:
    """Raise the errors of `save_model` without writing a file.

    An unfitted model that passes can be saved after `fit`.

    Parameters
    ----------
    model : estimator
        As in `save_model`.
    path : str or path
        The file that would be written.
    """
    _dump(model, Path(path))


def _dump(model: Any, path: Path) -> bytes:
    """Return the content of a model file."""
    writer = Writer(path.resolve().parent)
    description = writer.encode(model, "the model")
    if not isinstance(description, dict) or "estimator" not in description:
        raise TypeError(f"a {type(model).__name__} is not a model of this package")
    return pack("model", description, writer.arrays)


def load_model(path: str | os.PathLike) -> Any:
    """Load a model that `save_model` stored.

    No code in the file runs, so files from untrusted sources are safe to load: only
    classes of this package are allowed, sizes are checked before memory is allocated,
    and memory is proportional to the size of the file. The file can refer only to files
    below its own folder and to models on the Hugging Face Hub: paths, including links,
    are resolved on loading and again on first use. Note that a pretrained encoder is
    downloaded by its name on first use.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    estimator
        The stored estimator, with its parameters and fitted attributes. A network is on
        its `device`; if that is not available, on the CPU, with a warning.

    Raises
    ------
    ModelFileError
        If the file is damaged, forged, not a model file, or written by a newer version
        of this package; a subclass of ValueError. The message says what is wrong.
    OSError
        If the file does not exist, is not a regular file, or cannot be read.

    See Also
    --------
    save_model : Store a model.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> from sklearn_m3l import M3LContrastTopicModel, load_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "topics.safetensors")
    ...     save_model(M3LContrastTopicModel(25), path)
    ...     load_model(path)
    M3LContrastTopicModel(n_components=25)
    """
    path = Path(path)
    data = read_file(path)
    try:
        description, arrays = unpack("model", data)
        if not isinstance(description, dict) or "estimator" not in description:
            raise StorageError("its description is not of a model")
        reader = Reader(arrays, path.resolve().parent)
        model = reader.decode(description, "the model")
        reader.finish()
    except StorageError as error:
        raise ModelFileError(f"cannot load {path}: {error}") from error
    return model

"""The two functions that store a model and bring it back."""

import os
from pathlib import Path
from typing import Any

from sklearn_m3l.persistence._checks import ModelFileError
from sklearn_m3l.persistence._container import read_container, write_container
from sklearn_m3l.persistence._reader import Reader
from sklearn_m3l.persistence._writer import Writer


def save_model(model: Any, path: str | os.PathLike) -> None:
    """Store a model in a file that holds no code.

    The file is a safetensors file [1]_: arrays, and a description in JSON with a format
    version, the versions of the packages, and a checksum. It is written beside its
    place and then moved there, so that a crash leaves an older file whole.

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
        Where the model has a part that is not of this package, such as a transformer,
        function or callback of your own. The message names it.
    ValueError
        Where a part refers to a file or folder that is not below the working folder.
    OSError
        Where the file cannot be written.

    See Also
    --------
    load_model : Brings it back.

    Notes
    -----
    All is kept that `transform`, `score`, `top_words` and `partial_fit` need, so they
    give the same bits. Of a neural model the losses of each epoch are kept, and the
    optimizer is not: with `warm_start`, training goes on with fresh moments of Adam. A
    `SentenceTransformerEncoder` is kept as the name or folder of its model, without
    weights.

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
    writer = Writer()
    description = writer.write(model, "the model")
    if not isinstance(description, dict) or "estimator" not in description:
        raise TypeError(f"a {type(model).__name__} is no model")
    write_container(Path(path), description, writer.arrays)


def load_model(path: str | os.PathLike) -> Any:
    """Load a model that `save_model` stored.

    No code in the file is run, so a file of a stranger does no harm when it is loaded:
    classes are those of this package, sizes are checked before memory is taken, and the
    memory is in proportion to the size of the file. Mind that a pretrained encoder is
    downloaded by its name when it is first used.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    estimator
        With the parameters and fitted attributes of the one that was stored. A network
        is on its `device`, or on the CPU, with a warning, where there is no such
        device.

    Raises
    ------
    ModelFileError
        A ValueError, where the file is damaged, forged, no model file, or written by a
        newer version of this package. The message says what is wrong.
    OSError
        Where there is no such file, or it cannot be read.

    See Also
    --------
    save_model : Stores a model.

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
    try:
        description, arrays = read_container(path)
        reader = Reader(arrays)
        if not isinstance(description, dict) or "estimator" not in description:
            raise ModelFileError("its description is not of a model")
        model = reader.read(description, "the model")
        reader.finish()
    except ModelFileError as error:
        raise ModelFileError(f"cannot load {path}: {error}") from error
    except RecursionError as error:
        raise ModelFileError(f"cannot load {path}: it is nested too deeply") from error
    return model

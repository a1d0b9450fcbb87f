"""Pretrained embeddings of texts and pictures, by sentence-transformers."""

import copy
import json
import os
import threading
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import sklearn_m3l.utils._threads  # noqa: F401, for forked processes
from sklearn_m3l.embedding._cache import VectorCache
from sklearn_m3l.embedding._column_encoder import ColumnEncoder, batches
from sklearn_m3l.embedding._model_folders import check_model_folder, model_identity
from sklearn_m3l.embedding._pictures import open_pictures
from sklearn_m3l.utils._fitted import MAX_WIDTH, Integer, NotStored
from sklearn_m3l.utils._references import ReferringMixin, check_reference
from sklearn_m3l.utils._sklearn import Interval, StrOptions
from sklearn_m3l.utils._words import normalize_text

# Batches between two writes to the cache: an interrupt loses at most this much.
_BATCHES_A_BLOCK = 16

# Encoders share models, but each sets its own settings, so only one runs at a time.
_LOCK = threading.RLock()


class SentenceTransformerEncoder(ReferringMixin, ColumnEncoder):
    """Embed the texts or pictures of a column with a sentence-transformers model.

    The model is loaded at first use and shared by all encoders of a process that name
    it: `clone` and `pickle` neither load nor copy it. Equal cells are encoded once, and
    with `cache_dir` they are never encoded again.

    Code that comes with a model never runs: weights must be in safetensors files, and
    models that need classes from outside sentence-transformers are refused.

    Parameters
    ----------
    model : str or path, default="paraphrase-multilingual-MiniLM-L12-v2"
        Name of a model on the Hugging Face Hub, or its folder. Use one multilingual
        model for all languages, so that their embeddings are aligned. For pictures, use
        a CLIP model such as "clip-ViT-B-32".
    modality : {"text", "image"}, default="text"
        The kind of cells in the column.
    prompt : str or None, default=None
        Put before each text, such as "passage: " for the models of the E5 family.
    max_seq_length : int or None, default=128
        Texts are truncated after this many tokens, or after as many as the model allows
        if these are fewer; None for as many as the model allows.
    normalize : bool, default=False
        Whether to scale vectors to length 1.
    batch_size : int, default=32
        Texts or pictures per batch.
    device : str, default="auto"
        Such as "cpu" or "cuda:1"; by default a GPU if there is one.
    cache_dir : str or path, default=None
        Folder in which to keep one vector per text or picture, by content, model and
        settings: other fits, folds and processes reuse them, and an interrupted
        encoding resumes where it stopped. It must be on a local disk. A model folder is
        identified by the content of its files, a model on the Hub by its name. Vectors
        that are damaged on disk are encoded again, with a warning.
    on_error : {"raise", "missing"}, default="raise"
        Whether a picture that cannot be read is an error, or a row of NaN with a
        warning.
    store_weights_in_pickle : bool, default=False
        Whether a pickle holds the model, for a machine that cannot load it by name.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    n_features_out_ : int
        Length of the vectors.

    See Also
    --------
    StaticEncoder : Comes with the package, and is faster.
    ImageStatisticsEncoder : Needs no pretrained model.

    Examples
    --------
    >>> from sklearn_m3l.embedding import SentenceTransformerEncoder, TextView
    >>> encoder = SentenceTransformerEncoder(
    ...     "intfloat/multilingual-e5-small", prompt="passage: ", cache_dir="vectors"
    ... )
    >>> view = TextView(encoder, language="de")
    """

    _parameter_constraints: dict = {
        "model": [str, os.PathLike],
        "modality": [StrOptions({"text", "image"})],
        "prompt": [str, None],
        "max_seq_length": [Interval(Integral, 1, None, closed="left"), None],
        "normalize": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "cache_dir": [str, os.PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "store_weights_in_pickle": ["boolean"],
        "verbose": ["verbose"],
    }

    _fitted_state: dict = {
        "n_features_out_": Integer(1, MAX_WIDTH),
        "_weights": NotStored(),
        "_references": NotStored(),
    }
    _path_parameters: tuple[str, ...] = ("model", "cache_dir")
    _hub_parameters: tuple[str, ...] = ("model",)

    def __init__(
        self,
        model="paraphrase-multilingual-MiniLM-L12-v2",
        *,
        modality="text",
        prompt=None,
        max_seq_length=128,
        normalize=False,
        batch_size=32,
        device="auto",
        cache_dir=None,
        on_error="raise",
        store_weights_in_pickle=False,
        verbose=0,
    ):
        self.model = model
        self.modality = modality
        self.prompt = prompt
        self.max_seq_length = max_seq_length
        self.normalize = normalize
        self.batch_size = batch_size
        self.device = device
        self.cache_dir = cache_dir
        self.on_error = on_error
        self.store_weights_in_pickle = store_weights_in_pickle
        self.verbose = verbose

    def _encodes_pictures(self):
        return self.modality == "image"

    def _learn(self, cells):
        self.__dict__.pop("_weights", None)
        probe = np.zeros((32, 32)) if self._encodes_pictures() else "a"
        self.n_features_out_ = self._encode([probe]).shape[1]

    @property
    def _n_features_out(self):
        return self.n_features_out_

    def _encode(self, cells):
        for name in self._path_parameters:
            check_reference(self, name)
        if not self._encodes_pictures():
            cells = [normalize_text(cell) for cell in cells]
        cache = (
            VectorCache(self.cache_dir, self._settings()) if self.cache_dir else None
        )
        keys = [None if cache is None else cache.key(cell) for cell in cells]
        known = {} if cache is None else cache.get(keys)
        vectors: list[Any] = [known.get(key) for key in keys]
        todo = [row for row, vector in enumerate(vectors) if vector is None]
        # Pictures are opened batch by batch, as they may be large.
        size = self.batch_size * (1 if self._encodes_pictures() else _BATCHES_A_BLOCK)
        with tqdm(
            total=len(cells),
            initial=len(cells) - len(todo),
            desc=f"encode {self.modality}s",
            disable=not self.verbose,
            leave=None,  # removed inside another bar
        ) as bar:
            for block in batches(todo, size):
                rows = todo[block]
                encoded = self._run([cells[row] for row in rows])
                for row, vector in zip(rows, encoded, strict=True):
                    vectors[row] = vector
                if cache is not None:
                    cache.put([keys[row] for row in rows], encoded)
                bar.update(len(rows))
        return np.stack(vectors)

    def _run(self, cells) -> np.ndarray:
        """Run the model on some cells."""
        if self._encodes_pictures():
            cells = list(open_pictures(cells, self.on_error))
        shown = [row for row, cell in enumerate(cells) if cell is not None]
        if not shown:
            return np.full((len(cells), self.n_features_out_), np.nan, np.float32)
        with _LOCK:
            model, longest = self._model()
            wanted = (self.max_seq_length, longest)
            if not self._encodes_pictures():
                model.max_seq_length = min(filter(None, wanted), default=None)
            encoded = model.encode(
                [cells[row] for row in shown],
                prompt=None if self._encodes_pictures() else self.prompt,
                batch_size=self.batch_size,
                normalize_embeddings=self.normalize,
                show_progress_bar=False,
            )
        vectors = np.full((len(cells), encoded.shape[1]), np.nan, dtype=np.float32)
        vectors[shown] = encoded
        return vectors

    def _model(self) -> tuple[Any, int | None]:
        """Return the loaded model and how many tokens it allows."""
        weights = self.__dict__.get("_weights")
        if weights is not None:
            model, longest = weights
            return (model if self.device == "auto" else model.to(self.device)), longest
        return _load(os.fspath(self.model), model_identity(self.model), self.device)

    def _settings(self) -> str:
        """Return everything that a vector depends on besides the cell."""
        settings = {
            "model": model_identity(self.model),
            "modality": self.modality,
            "normalize": bool(self.normalize),
        }
        if not self._encodes_pictures():
            settings |= {"prompt": self.prompt, "max_seq_length": self.max_seq_length}
        return json.dumps(settings, sort_keys=True)

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_weights", None)
        if self.store_weights_in_pickle and hasattr(self, "n_features_out_"):
            model, longest = self._model()
            state["_weights"] = copy.deepcopy(model).to("cpu"), longest
        return state


@lru_cache(maxsize=2)
def _load(model: str, identity: str, device: str) -> tuple[Any, int | None]:
    """Load a model; the last two stay in memory."""
    from sentence_transformers import SentenceTransformer

    if Path(model).is_dir():
        check_model_folder(Path(model))
    loaded = SentenceTransformer(
        model,
        device=None if device == "auto" else device,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
    return loaded, loaded.max_seq_length

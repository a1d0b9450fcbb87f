"""The topic models of a model file, and the fitted attributes of each."""

import re
import warnings
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_m3l.persistence._checks import (
    MAX_LENGTH,
    Fields,
    ModelFileError,
    is_floats,
    is_integer,
)
from sklearn_m3l.persistence._part import Part

_MODULE = "sklearn_m3l.models"
_MAX_SEED = 2**31 - 1
_MAX_PRIOR = 1e100  # what samplers add up stays finite
_MAX_COUNT = 2**53

# Devices that a file may name. Others are left to people.
_DEVICES = re.compile(r"auto|(cpu|cuda|mps|xpu)(:\d{1,2})?")

_INPUT = (
    "_fitted_on_array",
    "n_features_in_",
    "feature_names_in_",
    "view_widths_",
    "_embedded",
    "vocabularies_",
)


def _restore_input(model, fields: Fields) -> None:
    """Restore what every topic model knows of its input."""
    model._fitted_on_array = fields.boolean("_fitted_on_array")
    model.n_features_in_ = fields.integer("n_features_in_", 1, MAX_LENGTH)
    widths = fields.mapping("view_widths_")
    for name, width in widths.items():
        fields.require(is_integer(width) and width >= 0, f"width of {name!r} is none")
    if "feature_names_in_" in fields:
        names = fields.names("feature_names_in_")
        n_names = len(names) == model.n_features_in_
        fields.require(n_names, "feature_names_in_ has another length")
        model.feature_names_in_ = names
    embedded = fields.mapping("_embedded")
    given = list(embedded) == list(widths)
    given = given and all(isinstance(value, bool) for value in embedded.values())
    fields.require(given, "it is not known which views are embedded")
    vocabularies = fields.mapping("vocabularies_")
    for name, words in vocabularies.items():
        given = isinstance(words, np.ndarray) and words.dtype.kind == "U"
        given = given and words.ndim == 1 and name in widths
        fields.require(given, f"the vocabulary of {name!r} is none")
    model.view_widths_, model._embedded = widths, embedded
    model.vocabularies_ = vocabularies


def _describe_neural(model) -> dict[str, Any]:
    from sklearn_m3l.network._state import net_state

    return {"net_": net_state(model.net_)}


def _restore_neural(model, fields: Fields) -> None:
    from sklearn_m3l.network._state import restore_net

    _restore_input(model, fields)
    model._seed = fields.integer("_seed", 0, _MAX_SEED)
    state = fields.mapping("net_")
    missing = [name for name in _NET if name not in state]
    fields.require(not missing, f"net_ has no {', '.join(missing)}")
    unknown = [name for name in state if name not in _NET + _NET_OPTIONAL]
    fields.require(not unknown, "net_ has unknown attributes")
    device = _device(model.device)
    try:
        model.net_ = restore_net(
            state, device=device, max_iter=model.max_iter, verbose=model.verbose
        )
    except ValueError as error:
        raise ModelFileError(f"{fields.where}: {error}") from error
    module = model.net_.module_
    for name, standardize in zip(module.encoded, module.standardize, strict=True):
        fits = model.view_widths_.get(name) == len(standardize.mean)
        fields.require(fits, f"view {name!r} has another width than its network")
    for name, decoder in zip(module.decoded, module.decoders, strict=True):
        n_words = len(model.vocabularies_.get(name, ()))
        fits = n_words == decoder.beta.shape[1]
        fields.require(fits, f"view {name!r} has other words than its network")


_NET = (
    "network",
    "loss",
    "batch_size",
    "learning_rate",
    "n_iter_no_change",
    "frozen",
    "parameters",
    "train_loss",
)
_NET_OPTIONAL = ("betas", "valid_loss")


def _device(name: str):
    """Return where a stored net runs: the CPU if its device is not here."""
    from sklearn_m3l.network import resolve_device

    try:
        if not _DEVICES.fullmatch(name):
            raise ValueError(f"device={name!r} is none that a model file may name")
        return resolve_device(name)
    except ValueError as error:
        warnings.warn(f"{error}; the CPU is used instead", UserWarning, stacklevel=2)
        return resolve_device("cpu")


def _restore_contrast(model, fields: Fields) -> None:
    _restore_neural(model, fields)
    module = model.net_.module_
    encoded = module.encoded == list(model.view_widths_)
    fields.require(encoded, "its views are not those of its network")
    decoded = module.decoded == list(model.vocabularies_)
    fields.require(decoded, "its texts are not those of its network")


def _restore_zero_shot(model, fields: Fields) -> None:
    model.view_ = fields.text("view_")
    _restore_neural(model, fields)
    module, own = model.net_.module_, model.view_
    fields.require([own] == list(model.vocabularies_), "view_ has no vocabulary")
    fields.require([own] == module.decoded, "view_ is not the text of its network")
    fields.require(own in module.encoded, "view_ is not encoded by its network")


def _describe_distilled(model) -> dict[str, Any]:
    frozen = isinstance(model.teacher, FrozenEstimator)
    same = frozen and model.teacher.estimator is model.teacher_
    # Stored as a parameter already.
    return _describe_neural(model) | {"teacher_": None if same else model.teacher_}


def _restore_distilled(model, fields: Fields) -> None:
    from sklearn_m3l.models import ZeroShotTopicModel

    teacher = fields.take("teacher_")
    if teacher is None and isinstance(model.teacher, FrozenEstimator):
        teacher = model.teacher.estimator
    given = isinstance(teacher, ZeroShotTopicModel) and hasattr(teacher, "net_")
    fields.require(given, "teacher_ is no fitted ZeroShotTopicModel")
    model.teacher_ = teacher
    own = model.view_ = fields.text("view_")
    _restore_neural(model, fields)
    module, vocabularies = model.net_.module_, model.vocabularies_
    fields.require(module.encoded == [own], "view_ is not encoded by its network")
    taught = teacher.view_
    text = own if own in vocabularies else taught
    fields.require(module.decoded == [text], "view_ is not the text of its network")
    expected = list(dict.fromkeys([taught, text]))
    fields.require(list(vocabularies) == expected, "its texts are not the teacher's")
    n_words = len(vocabularies[taught]) == len(teacher.vocabularies_[taught])
    fields.require(n_words, "its teacher has other words")
    n_topics = model._n_features_out == teacher._n_features_out
    fields.require(n_topics, "its teacher has another number of topics")


def _describe_polylingual(model) -> dict[str, Any]:
    # The parameter itself where that is a generator.
    same = model._random_state is model.random_state
    return {"_random_state": None if same else model._random_state}


def _restore_polylingual(model, fields: Fields) -> None:
    _restore_input(model, fields)
    random_state = fields.take("_random_state")
    random_state = model.random_state if random_state is None else random_state
    given = isinstance(random_state, np.random.RandomState)
    fields.require(given, "_random_state is no generator")
    model._random_state = random_state
    model._seed = fields.integer("_seed", 0, _MAX_SEED)
    model._fold_in_seed = fields.integer("_fold_in_seed", 0, _MAX_SEED)
    prior = fields.array("doc_topic_prior_", (None,))
    fits = 1 <= len(prior) <= 32767 and prior.dtype == np.float64
    fits = fits and bool(((prior > 0) & (prior < _MAX_PRIOR)).all())
    fields.require(fits, "doc_topic_prior_ is not above zero, or out of bounds")
    model.doc_topic_prior_ = prior
    model.topic_word_counts_ = _counts(model, fields, "topic_word_counts_")
    model.mean_topic_word_counts_ = _counts(model, fields, "mean_topic_word_counts_")
    with np.errstate(all="ignore"):
        topic_words = model.topic_word_
    for name, topic_word in topic_words.items():
        fits = (topic_word > 0).all()  # samplers rely on it
        fields.require(fits, f"the topics of {name!r} are no distributions")
    model.log_likelihood_ = fields.numbers("log_likelihood_")
    model._clusters = _clusters(model, fields)


def _clusters(model, fields: Fields) -> dict[str, dict[str, np.ndarray]]:
    """Return the clusters of each view's embeddings, the same number in all."""
    clusters = fields.mapping("_clusters")
    n_clusters = None
    for name, own in clusters.items():
        fits = isinstance(own, dict) and list(own) == ["mean", "scale", "centers"]
        fits = fits and name in model.vocabularies_ and model._embedded[name]
        fields.require(fits, f"the clusters of {name!r} have other fields")
        width = model.view_widths_[name]
        fits = all(is_floats(own[key], (width,)) for key in ("mean", "scale"))
        fits = fits and is_floats(own["centers"], (None, width))
        fits = fits and all(np.isfinite(array).all() for array in own.values())
        fits = fits and bool((own["scale"] > 0).all())
        fields.require(fits, f"the clusters of {name!r} are not finite or do not fit")
        n_clusters = len(own["centers"]) if n_clusters is None else n_clusters
        fits = 2 <= n_clusters <= len(model.doc_topic_prior_)
        fits = fits and len(own["centers"]) == n_clusters
        fields.require(fits, f"the number of clusters of {name!r} does not fit")
    return clusters


def _counts(model, fields: Fields, field: str) -> dict[str, np.ndarray]:
    """Return a matrix of the words of each text."""
    counts = fields.mapping(field)
    same = list(counts) == list(model.vocabularies_)
    fields.require(same and counts, "its texts have no counts, or no vocabulary")
    for name, matrix in counts.items():
        shape = (len(model.doc_topic_prior_), len(model.vocabularies_[name]))
        fits = is_floats(matrix, shape) and matrix.dtype == np.float64
        fits = fits and matrix.size and (matrix >= 0).all()
        fits = fits and matrix.max() < _MAX_COUNT
        fields.require(fits, f"the counts of {name!r} are no counts of its words")
    return counts


MODELS = (
    Part(
        _MODULE,
        "M3LContrastTopicModel",
        paths=("checkpoint",),
        fitted="net_",
        attributes=(*_INPUT, "_seed"),
        describe=_describe_neural,
        restore_fields=_restore_contrast,
    ),
    Part(
        _MODULE,
        "ZeroShotTopicModel",
        paths=("checkpoint",),
        fitted="net_",
        attributes=(*_INPUT, "_seed", "view_"),
        describe=_describe_neural,
        restore_fields=_restore_zero_shot,
    ),
    Part(
        _MODULE,
        "DistilledTopicModel",
        paths=("checkpoint",),
        fitted="net_",
        attributes=(*_INPUT, "_seed", "view_", "teacher_"),
        describe=_describe_distilled,
        restore_fields=_restore_distilled,
    ),
    Part(
        _MODULE,
        "PolylingualLDA",
        paths=("checkpoint",),
        fitted="topic_word_counts_",
        attributes=(
            *_INPUT,
            "_random_state",
            "_seed",
            "_fold_in_seed",
            "doc_topic_prior_",
            "topic_word_counts_",
            "mean_topic_word_counts_",
            "log_likelihood_",
            "_clusters",
        ),
        describe=_describe_polylingual,
        restore_fields=_restore_polylingual,
    ),
)

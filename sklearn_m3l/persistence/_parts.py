"""The classes that a model file may hold, and the fitted attributes of each."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.persistence._checks import (
    Fields,
    ModelFileError,
    is_floats,
    is_integer,
)

_MAX_SEED = 2**31 - 1
_MAX_LENGTH = 2**53

# Devices that a file may name. Others are left to people.
_DEVICES = re.compile(r"auto|(cpu|cuda|mps|xpu)(:\d{1,2})?")


@dataclass(frozen=True)
class Part:
    """What a model file holds of one class.

    Parameters
    ----------
    module, name : str
        Where the class is.
    fitted : str, optional
        An attribute that only a fitted one has; by default nothing is fitted.
    attributes : tuple of str
        The fitted attributes that are kept.
    left_out : tuple of str
        Those that are made anew, or not needed.
    paths : tuple of str
        Parameters that name files, folders or pretrained models.
    describe : callable, optional
        From a fitted estimator to further attributes that are kept.
    restore_fields : callable, optional
        Sets the fitted attributes of an estimator from `Fields`.
    check_more : callable, optional
        Raises TypeError or ValueError where the parameters are of no use.
    """

    module: str
    name: str
    fitted: str | None = None
    attributes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    describe: Callable[[Any], dict[str, Any]] | None = None
    restore_fields: Callable[[Any, Fields], None] | None = None
    check_more: Callable[[Any], None] | None = None

    def load(self) -> Any:
        """Import the class."""
        return getattr(import_module(self.module), self.name)

    def check(self, estimator: Any) -> None:
        """Refuse parameters that no estimator of the class can have."""
        if hasattr(type(estimator), "_parameter_constraints"):
            estimator._validate_params()
        if self.check_more is not None:
            self.check_more(estimator)

    def state(self, estimator: Any, where: str) -> dict[str, Any] | None:
        """Return the fitted attributes, None of an estimator that is not fitted."""
        given = vars(estimator)
        known = {*estimator._get_param_names(), *self.attributes, *self.left_out}
        unknown = set(given) - known - {"_sklearn_output_config", self.fitted}
        if unknown:
            raise TypeError(
                f"{where} ({self.name}) has attributes that a model file cannot hold: "
                f"{', '.join(sorted(unknown))}; remove them, or store it with skops "
                "(https://skops.readthedocs.io)"
            )
        if self.fitted is None or self.fitted not in given:
            return None
        kept = {name: given[name] for name in self.attributes if name in given}
        return kept | (self.describe(estimator) if self.describe else {})

    def restore(self, estimator: Any, values: Any, where: str) -> None:
        """Set the fitted attributes."""
        fields = Fields(values, where)
        fields.require(self.restore_fields, "it cannot be fitted")
        if self.restore_fields is not None:
            self.restore_fields(estimator, fields)
        fields.finish()


# Topic models

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
    model.n_features_in_ = fields.integer("n_features_in_", 1, _MAX_LENGTH)
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
    unknown = [name for name in state if name not in (*_NET, "valid_loss")]
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
    fits = 1 <= len(prior) <= 32767 and prior.dtype == np.float64 and (prior > 0).all()
    fields.require(fits, "doc_topic_prior_ is not above zero")
    counts = fields.mapping("topic_word_counts_")
    same = list(counts) == list(model.vocabularies_)
    fields.require(same and counts, "its texts have no counts, or no vocabulary")
    for name, matrix in counts.items():
        shape = (len(prior), len(model.vocabularies_[name]))
        fits = is_floats(matrix, shape) and matrix.dtype == np.float64
        fits = fits and matrix.size and (matrix >= 0).all()
        fields.require(fits, f"the counts of {name!r} are no counts of its words")
    model.doc_topic_prior_, model.topic_word_counts_ = prior, counts
    with np.errstate(all="ignore"):
        topic_words = model.topic_word_
    for name, topic_word in topic_words.items():
        fits = (topic_word > 0).all()  # samplers rely on it
        fields.require(fits, f"the topics of {name!r} are no distributions")
    model.log_likelihood_ = fields.numbers("log_likelihood_")


# Steps before them


def _restore_encoder(encoder, fields: Fields) -> None:
    from sklearn_m3l.embedding import ImageView, TextView

    views = fields.take("views_")
    fields.require(isinstance(views, list), "views_ is no list")
    for pair in views:
        named = isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)
        view = pair[1] if named else None
        given = isinstance(view, (TextView, ImageView))
        fields.require(given, "views_ holds something else than named views")
        _require_fitted(view, fields, "views_")
    encoder.views_ = views
    names = fields.names("feature_names_in_")
    given = len(names) > 0 and names.tolist() == [name for name, _ in views]
    fields.require(given, "feature_names_in_ are not the names of its views")
    fields.require(len(set(names)) == len(names), "it has a view twice")
    encoder.feature_names_in_ = names
    encoder.n_features_in_ = fields.integer("n_features_in_", len(names), len(names))


def _restore_view(view, fields: Fields) -> None:
    view.encoder_ = fields.estimator("encoder_", BaseEstimator)
    _require_fitted(view.encoder_, fields, "encoder_")
    view.n_features_out_ = fields.integer("n_features_out_", 1, _MAX_LENGTH)
    width = getattr(view.encoder_, "_n_features_out", view.n_features_out_)
    fits = width == view.n_features_out_
    fields.require(fits, "n_features_out_ is not the width of its encoder")


def _restore_text_view(view, fields: Fields) -> None:
    _restore_view(view, fields)
    view.vectorizer_ = fields.estimator("vectorizer_", BaseEstimator)
    _require_fitted(view.vectorizer_, fields, "vectorizer_")


def _require_fitted(estimator, fields: Fields, name: str) -> None:
    fields.require(hasattr(estimator, "transform"), f"{name} cannot transform")
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise ModelFileError(f"{fields.where}: {name} is not fitted") from error


def _describe_vectorizer(vectorizer) -> dict[str, Any]:
    words = vectorizer.vocabulary_
    return {"vocabulary_": sorted(words, key=words.__getitem__)}


def _restore_vectorizer(vectorizer, fields: Fields) -> None:
    words = fields.texts("vocabulary_")
    fields.require(words, "vocabulary_ is empty")
    vectorizer.vocabulary_ = {word: column for column, word in enumerate(words)}
    vectorizer.fixed_vocabulary_ = fields.boolean("fixed_vocabulary_")
    # scikit-learn remembers which stop words it has examined by their address.
    vectorizer._stop_words_id = id(vectorizer.stop_words)


def _restore_tfidf(tfidf, fields: Fields) -> None:
    tfidf.idf_ = fields.array("idf_", (None,))
    n_words = len(tfidf.idf_)
    tfidf.n_features_in_ = fields.integer("n_features_in_", n_words, n_words)


def _restore_lsa(lsa, fields: Fields) -> None:
    from sklearn.feature_extraction.text import TfidfTransformer

    from sklearn_m3l.embedding import WordVectorizer

    lsa.vectorizer_ = fields.estimator("vectorizer_", WordVectorizer)
    lsa.tfidf_ = fields.estimator("tfidf_", TfidfTransformer)
    for name in ("vectorizer_", "tfidf_"):
        _require_fitted(getattr(lsa, name), fields, name)
    n_words = len(lsa.vectorizer_.vocabulary_)
    lsa.components_ = fields.array("components_", (None, n_words))
    fields.require(len(lsa.components_), "it has no components")
    fits = len(lsa.tfidf_.idf_) == n_words
    fields.require(fits, "its vectorizer_ and tfidf_ have other words")


def _restore_sentence_transformer(encoder, fields: Fields) -> None:
    encoder.n_features_out_ = fields.integer("n_features_out_", 1, _MAX_LENGTH)


# scikit-learn's own


def _check_pipeline(pipeline) -> None:
    if pipeline.memory is not None:
        raise TypeError(
            "the memory of a Pipeline is a folder of pickles, which a model file "
            "cannot refer to; set memory=None"
        )
    for step in pipeline.steps:
        given = isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str)
        if not given or not _is_step(step[1]):
            raise TypeError("the steps of a Pipeline are pairs of name and estimator")
    names = [name for name, _ in pipeline.steps]
    if not names or len(set(names)) < len(names):
        raise ValueError("the steps of a Pipeline have distinct names")


def _is_step(step) -> bool:
    no_step = step is None or (isinstance(step, str) and step == "passthrough")
    return no_step or isinstance(step, BaseEstimator)


def _check_frozen(frozen) -> None:
    if not isinstance(frozen.estimator, BaseEstimator):
        raise TypeError("a FrozenEstimator is made of an estimator")


_MODELS = "sklearn_m3l.models"
_STEPS = "sklearn_m3l.embedding"

PARTS = {
    part.name: part
    for part in (
        Part(
            _MODELS,
            "M3LContrastTopicModel",
            fitted="net_",
            attributes=(*_INPUT, "_seed"),
            describe=_describe_neural,
            restore_fields=_restore_contrast,
        ),
        Part(
            _MODELS,
            "ZeroShotTopicModel",
            fitted="net_",
            attributes=(*_INPUT, "_seed", "view_"),
            describe=_describe_neural,
            restore_fields=_restore_zero_shot,
        ),
        Part(
            _MODELS,
            "DistilledTopicModel",
            fitted="net_",
            attributes=(*_INPUT, "_seed", "view_", "teacher_"),
            describe=_describe_distilled,
            restore_fields=_restore_distilled,
        ),
        Part(
            _MODELS,
            "PolylingualLDA",
            fitted="topic_word_counts_",
            attributes=(
                *_INPUT,
                "_random_state",
                "_seed",
                "_fold_in_seed",
                "doc_topic_prior_",
                "topic_word_counts_",
                "log_likelihood_",
            ),
            describe=_describe_polylingual,
            restore_fields=_restore_polylingual,
        ),
        Part(
            _STEPS,
            "MultiViewEncoder",
            fitted="views_",
            attributes=("views_", "feature_names_in_", "n_features_in_"),
            paths=("memmap_dir",),
            restore_fields=_restore_encoder,
            check_more=lambda encoder: encoder._check_views(),
        ),
        Part(
            _STEPS,
            "TextView",
            fitted="encoder_",
            attributes=("encoder_", "vectorizer_", "n_features_out_"),
            restore_fields=_restore_text_view,
        ),
        Part(
            _STEPS,
            "ImageView",
            fitted="encoder_",
            attributes=("encoder_", "n_features_out_"),
            restore_fields=_restore_view,
        ),
        Part(
            _STEPS,
            "LsaEncoder",
            fitted="components_",
            attributes=("vectorizer_", "tfidf_", "components_"),
            restore_fields=_restore_lsa,
        ),
        Part(
            _STEPS,
            "SentenceTransformerEncoder",
            fitted="n_features_out_",
            attributes=("n_features_out_",),
            left_out=("_weights",),
            paths=("model", "cache_dir"),
            restore_fields=_restore_sentence_transformer,
        ),
        Part(_STEPS, "ImageStatisticsEncoder"),
        Part(
            _STEPS,
            "WordVectorizer",
            fitted="vocabulary_",
            attributes=("fixed_vocabulary_",),
            left_out=("vocabulary_", "_stop_words_id"),
            describe=_describe_vectorizer,
            restore_fields=_restore_vectorizer,
        ),
        Part(
            "sklearn.feature_extraction.text",
            "TfidfTransformer",
            fitted="idf_",
            attributes=("idf_", "n_features_in_"),
            restore_fields=_restore_tfidf,
        ),
        Part("sklearn.pipeline", "Pipeline", check_more=_check_pipeline),
        Part("sklearn.frozen", "FrozenEstimator", check_more=_check_frozen),
    )
}

"""The steps before topic models in a model file, and the fitted attributes of each."""

import os
from pathlib import PurePath
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.persistence._checks import MAX_LENGTH, Fields, ModelFileError
from sklearn_m3l.persistence._part import Part

_MODULE = "sklearn_m3l.embedding"


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
    view.n_features_out_ = fields.integer("n_features_out_", 1, MAX_LENGTH)
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
    encoder.n_features_out_ = fields.integer("n_features_out_", 1, MAX_LENGTH)


def _check_vectors(encoder) -> None:
    from sklearn_m3l.embedding._gensim import WORD2VEC_SUFFIXES

    suffixes = PurePath(encoder.vectors).suffixes
    if not WORD2VEC_SUFFIXES & set(suffixes):
        raise TypeError(
            f"the word vectors {os.fspath(encoder.vectors)!r} may be a pickle, which a "
            "model file cannot refer to; store them by gensim's save_word2vec_format, "
            f"in a file named {', '.join(sorted(WORD2VEC_SUFFIXES))}"
        )


def _restore_keyed_vectors(encoder, fields: Fields) -> None:
    idf = fields.mapping("idf_")
    given = all(isinstance(weight, float) for weight in idf.values())
    fields.require(given, "idf_ holds something else than numbers")
    encoder.idf_ = idf
    encoder._n_documents = fields.integer("_n_documents", 1, MAX_LENGTH)
    encoder.n_features_out_ = fields.integer("n_features_out_", 1, MAX_LENGTH)


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


STEPS = (
    Part(
        _MODULE,
        "MultiViewEncoder",
        fitted="views_",
        attributes=("views_", "feature_names_in_", "n_features_in_"),
        paths=("memmap_dir",),
        restore_fields=_restore_encoder,
        check_more=lambda encoder: encoder._check_views(),
    ),
    Part(
        _MODULE,
        "TextView",
        fitted="encoder_",
        attributes=("encoder_", "vectorizer_", "n_features_out_"),
        restore_fields=_restore_text_view,
    ),
    Part(
        _MODULE,
        "ImageView",
        fitted="encoder_",
        attributes=("encoder_", "n_features_out_"),
        restore_fields=_restore_view,
    ),
    Part(
        _MODULE,
        "LsaEncoder",
        fitted="components_",
        attributes=("vectorizer_", "tfidf_", "components_"),
        restore_fields=_restore_lsa,
    ),
    Part(
        _MODULE,
        "SentenceTransformerEncoder",
        fitted="n_features_out_",
        attributes=("n_features_out_",),
        left_out=("_weights",),
        paths=("model", "cache_dir"),
        restore_fields=_restore_sentence_transformer,
    ),
    Part(
        _MODULE,
        "KeyedVectorsEncoder",
        fitted="n_features_out_",
        attributes=("idf_", "_n_documents", "n_features_out_"),
        paths=("vectors",),
        restore_fields=_restore_keyed_vectors,
        check_more=_check_vectors,
    ),
    Part(_MODULE, "ImageStatisticsEncoder"),
    Part(
        _MODULE,
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

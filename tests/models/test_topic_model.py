"""What a fitted model is asked: topics, words, labels, rows and its score."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.base import clone

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA

VIEWS = ("en", "de", "image")


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


@pytest.fixture(scope="module")
def embedded(quick, X):
    """Return a model that reads embeddings alone."""
    return quick(use_words=False).fit(X)


@pytest.fixture
def by_view(fitted, X):
    """Return the topics of each view alone; NaN where it is absent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: fitted.transform(X[[name]]) for name in VIEWS}


def test_transform_is_the_mean_over_present_views(fitted, X, by_view):
    topics = fitted.transform(X)
    assert topics.dtype == np.float32 and topics.shape == (60, 3)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    assert (topics >= 0).all()
    for row in range(60):
        present = [by_view[name][row] for name in VIEWS if X.present[name][row]]
        assert len(present) == sum(X.present[name][row] for name in VIEWS)
        assert_allclose(topics[row], np.mean(present, axis=0), rtol=1e-5)


def test_transform_of_one_view(embedded, X):
    module = embedded.net_.module_.eval()
    for number, name in enumerate(VIEWS):
        view, norm = X[name], module.inference[module.network_of[number]].norm
        vectors = view.embedding[view.present].astype(float)
        vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
        network = module.inference[module.network_of[number]].double()
        bias = module.bias.detach().numpy()
        x = torch.nn.functional.softplus(network.layers[0](torch.tensor(vectors)))
        mean = network.head(x).detach().numpy()
        mean = (mean - norm.mean.numpy()) / np.sqrt(norm.variance.numpy() + 1e-5)
        network.float()
        assert_allclose(
            embedded.transform(X[[name]][view.present]),
            softmax(module.scale * mean[:, :3] + bias, axis=1),
            atol=1e-5,
        )


def test_views_in_any_order(fitted, X):
    for names in (["image", "de", "en"], ["de", "image"], ["image", "de"]):
        backwards = fitted.transform(X[names[::-1]])
        assert_allclose(fitted.transform(X[names]), backwards, rtol=1e-5)


def test_rows_one_by_one(fitted, X):
    topics = fitted.transform(X)
    parts = [
        fitted.transform(X[rows]) for rows in (slice(1), slice(1, 8), slice(8, 60))
    ]
    assert_allclose(np.vstack(parts), topics, atol=1e-6)
    assert fitted.transform(X[:0]).shape == (0, 3)


def test_rows_without_any_view(fitted, X, by_view):
    with pytest.warns(UserWarning) as record:
        topics = fitted.transform(X[["image"]])
    assert [str(warning.message) for warning in record] == [
        "12 of 60 rows have none of the views image; their topics are NaN"
    ]
    assert record[0].filename == __file__  # it points at the caller
    assert_array_equal(np.isnan(topics).all(axis=1), ~X.present["image"])
    assert_array_equal(topics, by_view["image"])
    with pytest.warns(
        UserWarning, match="1 of 2 rows have none of the views en, image"
    ):
        fitted.transform(without_anything(X)[["en", "image"]])


def without_anything(X):
    """Return two rows, the second of which has no view."""
    return MultiView.from_arrays(
        {name: X[name].embedding[[6, 8]] for name in ("en", "image")},
        {"en": X["en"].counts[[6, 8]]},
        {"en": X["en"].vocabulary},
        {name: [True, False] for name in ("en", "image")},
    )


def test_score(embedded, X):
    module, topics = embedded.net_.module_, embedded.transform(X)
    likelihood = n_tokens = 0.0
    for name in ("en", "de"):
        decoder = module.decoder_of(name)
        share = expit(decoder.background_logit.item())
        words = X[name].counts[X.present[name]].sum(axis=0) + 0.5
        p = (1 - share) * topics @ embedded.topic_word_[name]
        log_p = np.log(p + share * words / words.sum())
        counts = X[name].counts.toarray()[X.present[name]]
        likelihood += (counts * log_p[X.present[name]]).sum()
        n_tokens += counts.sum()
    assert_allclose(embedded.score(X), likelihood / n_tokens, rtol=1e-5)
    assert embedded.score(X, np.arange(60)) == embedded.score(X)


def test_score_goes_by_tokens(embedded, X):
    heads, tails = X[:20], X[20:]
    tokens = [
        part["en"].counts.sum() + part["de"].counts.sum() for part in (heads, tails)
    ]
    scores = [embedded.score(heads), embedded.score(tails)]
    expected = np.average(scores, weights=tokens)
    assert_allclose(embedded.score(X), expected, rtol=1e-6)
    doubled = MultiView.from_arrays(
        {name: X[name].embedding for name in VIEWS},
        {name: 2.5 * X[name].counts for name in ("en", "de")},
        present=X.present,
    )
    assert_allclose(embedded.score(doubled), embedded.score(X), rtol=1e-6)


def test_absent_rows_may_hold_anything(fitted, quick, X):
    counts = {name: X[name].counts.toarray() for name in ("en", "de")}
    for name in counts:
        counts[name][~X.present[name]] = 50
    other = MultiView.from_arrays(
        {name: X[name].embedding for name in VIEWS}, counts, present=X.present
    )
    assert fitted.score(other) == fitted.score(X)
    assert_array_equal(fitted.transform(other), fitted.transform(X))
    again = quick().fit(other)
    assert_array_equal(again.components_, fitted.components_)
    assert_array_equal(again.transform(other), fitted.transform(X))


def test_score_in_parts(fitted, X):
    """Of thousands of rows, some are decoded at once."""
    many = MultiView.concat([X] * 80)
    assert_allclose(fitted.score(many), fitted.score(X), rtol=1e-6)


def test_score_of_rows_that_lack_a_text(fitted, X):
    # Texts are predicted from the views that are there; pictures have no words.
    only_english = X[["en", "image"]]
    present = only_english.present["en"]
    assert_allclose(
        fitted.score(only_english), fitted.score(only_english[present]), rtol=1e-6
    )


def test_words(fitted, X):
    assert fitted.components_.shape == (3, 12 + 15)
    assert list(fitted.topic_word_) == ["en", "de"]
    betas = np.split(fitted.components_, [12], axis=1)
    for name, beta in zip(("en", "de"), betas, strict=True):
        topic_word = fitted.topic_word_[name]
        assert_allclose(topic_word, softmax(beta, axis=1), rtol=1e-5)
        assert_allclose(topic_word.sum(axis=1), 1, rtol=1e-5)
        for words, weights in zip(fitted.top_words(name, 4), beta, strict=True):
            best = sorted(range(len(weights)), key=lambda word: -weights[word])[:4]
            assert words == [f"{name}-{word}" for word in best]
        assert {len(words) for words in fitted.top_words(name, 99)} == {beta.shape[1]}
    assert {len(words) for words in fitted.top_words("en")} == {10}


def test_topics_frame(fitted, capsys):
    frame = fitted.topics_frame(n_words=3)
    assert list(frame.columns) == ["en", "de"]
    assert frame.index.tolist() == [0, 1, 2] and frame.index.name == "topic"
    for name in ("en", "de"):
        assert frame[name].str.split(", ").tolist() == fitted.top_words(name, 3)
    fitted.print_topics(n_words=2)
    output = capsys.readouterr().out
    for name in ("en", "de"):
        for words in fitted.top_words(name, 2):
            assert ", ".join(words) in output
        assert ", ".join(fitted.top_words(name, 3)[0]) not in output


def test_escapes_of_words_are_not_printed(capsys):
    words = ["a\x1b]52;c;YQ==\x07", "b\x9b2J"]
    X = MultiView.from_arrays(counts={"en": np.eye(2)}, vocabularies={"en": words})
    PolylingualLDA(2, max_iter=1, random_state=0).fit(X).print_topics()
    output = capsys.readouterr().out
    assert r"a\x1b]52;c;YQ==\x07" in output and r"b\x9b2J" in output
    assert "\x1b" not in output and "\x9b" not in output


@pytest.mark.parametrize("view", [None, "en", "de"])
def test_describe(fitted, X, view):
    topics = fitted.transform(X)
    frame = fitted.describe(X, view, n_words=2)
    names = ["en", "de"] if view is None else [view]
    assert list(frame.columns) == ["topic", *names]
    assert frame.index.tolist() == X.index.tolist()
    assert_array_equal(frame["topic"], topics.argmax(axis=1))
    for name in names:
        words = [", ".join(words) for words in fitted.top_words(name, 2)]
        assert frame[name].tolist() == [words[topic] for topic in topics.argmax(axis=1)]


def test_describe_pictures(fitted, X, by_view):
    frame = fitted.describe(X[["image"]], "de")
    present = X.present["image"]
    assert_array_equal(frame["topic"].isna(), ~present)
    assert_array_equal(frame["de"].isna(), ~present)
    dominant = by_view["image"][present].argmax(axis=1)
    assert_array_equal(frame["topic"][present], dominant)


@pytest.mark.parametrize("view", [None, "en", "image"])
def test_top_rows(fitted, X, by_view, view):
    topics = fitted.transform(X) if view is None else by_view[view]
    rows = fitted.top_rows(X, view, n=5)
    assert rows.shape == (3, 5)
    for topic, best in enumerate(rows):
        expected = np.sort(topics[:, topic][~np.isnan(topics[:, topic])])[::-1][:5]
        assert_array_equal(topics[best, topic], expected)
    assert fitted.top_rows(X).shape == (3, 10)
    n_present = 60 if view is None else X.present[view].sum()
    assert fitted.top_rows(X, view, n=1000).shape == (3, n_present)


def test_one_text_needs_no_name(quick, X):
    model = quick().fit(X[["en", "image"]])
    assert model.top_words() == model.top_words("en")


def test_words_without_a_vocabulary(quick, X):
    plain = MultiView.from_arrays(
        {"en": X["en"].embedding[10:]}, {"en": X["en"].counts[10:]}
    )
    words = quick().fit(plain).top_words("en", 12)
    assert {*words[0]} == {f"w{column}" for column in range(12)}


def test_feature_names(fitted, X):
    assert fitted.n_features_in_ == 3
    assert_array_equal(fitted.feature_names_in_, np.array(VIEWS, dtype=object))
    names = [f"m3lcontrasttopicmodel{topic}" for topic in range(3)]
    assert_array_equal(fitted.get_feature_names_out(), names)
    assert_array_equal(fitted.get_feature_names_out(VIEWS), names)


def test_pandas_output_keeps_row_labels(fitted, X):
    topics = fitted.transform(X)
    frame = fitted.set_output(transform="pandas").transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.tolist() == X.index.tolist()
    assert list(frame.columns) == list(fitted.get_feature_names_out())
    assert_array_equal(frame, topics)
    rows = [9, 3, 3]
    assert fitted.transform(X[rows]).index.tolist() == X.index[rows].tolist()
    frame = clone(fitted).set_output(transform="pandas").fit_transform(X)
    assert frame.index.tolist() == X.index.tolist()


def test_polars_output(fitted, X):
    topics = fitted.transform(X)
    frame = fitted.set_output(transform="polars").transform(X)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == list(fitted.get_feature_names_out())
    assert_array_equal(frame, topics)


@pytest.mark.parametrize(
    ("container", "kind"),
    [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("default", np.ndarray)],
)
def test_global_output(fitted, X, container, kind):
    with config_context(transform_output=container):
        assert isinstance(fitted.transform(X), kind)
        # The user's setting does not affect what the model does inside.
        assert np.isfinite(fitted.score(X))
        assert fitted.top_rows(X).shape == (3, 10)
        assert isinstance(fitted.describe(X), pd.DataFrame)
    with config_context(transform_output="pandas"):
        fitted.set_output(transform="default")
        assert isinstance(fitted.transform(X), np.ndarray)


class TestTable:
    """A 2-D array of counts is the single-view case."""

    @pytest.fixture
    def table(self, X):
        counts = X["en"].counts.toarray()[10:]
        return pd.DataFrame(
            counts,
            columns=[f"word {column}" for column in range(12)],
            index=pd.Index(X.index[10:], name="page"),
        )

    def test_names_and_labels(self, quick, table):
        model = quick().fit(table)
        assert {*model.top_words(n_words=12)[0]} == {*table.columns}
        assert_array_equal(model.feature_names_in_, table.columns)
        assert model.n_features_in_ == 12
        topics = model.set_output(transform="pandas").transform(table)
        pd.testing.assert_index_equal(topics.index, table.index)
        assert model.describe(table).index.tolist() == table.index.tolist()
        assert model.top_rows(table, n=2).shape == (3, 2)
        assert model.components_.shape == (3, 12)

    def test_same_as_a_multiview_of_counts(self, quick, table):
        model = quick().fit(table)
        X = MultiView.from_arrays(counts={"en": table.to_numpy()})
        same = quick().fit(X)
        assert_allclose(model.transform(table), same.transform(X), atol=1e-6)
        assert_allclose(model.score(table), same.score(X), rtol=1e-6)


def test_parameters_survive_a_round_trip(fitted):
    copy = clone(fitted)
    assert not hasattr(copy, "net_")
    assert copy.get_params() == fitted.get_params()
    changed = {name: fitted.get_params()[name] for name in fitted.get_params()}
    changed |= {"n_components": 9, "similarity": "dot", "temperature": 0.5}
    assert M3LContrastTopicModel(**changed).get_params() == changed
    assert copy.set_params(**changed).get_params() == changed
    assert "n_components=9" in repr(copy)


def test_fit_leaves_parameters_as_they_are(quick, X):
    sizes, networks = [8, 4], {"en": "text", "de": "text"}
    model = quick(hidden_layer_sizes=sizes, inference_networks=networks, callbacks=[])
    before = model.get_params()
    model.fit(X)
    assert model.get_params() == before
    assert model.hidden_layer_sizes is sizes and sizes == [8, 4]
    assert networks == {"en": "text", "de": "text"}

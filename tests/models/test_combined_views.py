"""Topics of texts that are inferred from their words as well as their embeddings."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.frozen import FrozenEstimator

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.persistence import load_model, save_model


def widths(model):
    """Return how long the vectors are that the network of a model encodes."""
    return model.net_.get_params_for("module")["widths"]


def changed(X, **changes):
    """Return tuples with other parts."""
    parts = {
        "embeddings": {name: view.embedding for name, view in X.views.items()},
        "counts": {n: v.counts.toarray() for n, v in X.views.items() if v.is_text},
        "vocabularies": {n: v.vocabulary for n, v in X.views.items() if v.is_text},
        "present": X.present,
        "index": X.index,
    }
    return MultiView.from_arrays(**parts | changes)


def without_words(X):
    """Return the same tuples with counts of 0."""
    views = X.views.items()
    zeros = {n: 0 * v.counts.toarray() for n, v in views if v.is_text}
    return changed(X, counts=zeros)


@pytest.fixture(scope="module")
def noisy(plant):
    """Return tuples whose embeddings say nothing, and the topics of their words."""
    X, theta = plant(("en", "de"))
    rng = np.random.default_rng(1)
    noise = {name: rng.normal(size=(len(X), 16)) for name in X.view_names}
    return changed(X, embeddings=noise), theta


def test_the_network_reads_votes_after_the_embedding(fitted, small_multiview):
    for name, view in small_multiview.views.items():
        read = fitted._encoded_view(fitted.net_, name, view).read(view.present)
        vectors = view.embedding[view.present]
        if name in fitted.topic_word_:
            words = fitted.topic_word_[name]
            counts = view.counts[view.present].toarray()
            share = words / words.sum(axis=0)
            votes = [
                sum(n * share[:, word] for word, n in enumerate(row)) + 10 / 3
                for row in counts
            ]
            votes /= np.sum(votes, axis=1, keepdims=True)
            vectors = np.hstack([vectors, np.sqrt(votes)])
        assert_allclose(read, vectors, rtol=1e-5)
        assert widths(fitted)[name] == vectors.shape[1] > 0


def test_words_tell_topics_that_embeddings_do_not(noisy, quick):
    X, theta = noisy
    found = {}
    for use_words in (True, False):
        model = quick(4, max_iter=60, init_max_iter=50, use_words=use_words).fit(
            X[:150]
        )
        inferred = model.transform(X[150:][["en"]])
        table = np.abs(np.corrcoef(inferred.T, theta[150:].T)[:4, 4:])
        found[use_words] = table.max(axis=0).mean()
    assert found[True] > 0.85 and found[False] < 0.5, found


def test_texts_without_known_words(fitted, small_multiview):
    X = small_multiview[small_multiview["en"].present][["en"]]
    topics, silent = fitted.transform(X), fitted.transform(without_words(X))
    assert not np.allclose(topics, silent, atol=1e-3)
    # A text without counts is one of which no word is known.
    embedding = MultiView.from_arrays({"en": X["en"].embedding})
    assert_array_equal(fitted.transform(embedding), silent)


def test_embeddings_alone(quick, small_multiview):
    for parameters in ({"use_words": False}, {"init": "random"}):
        model = quick(**parameters).fit(small_multiview)
        assert widths(model) == model.view_widths_
        silent = model.transform(without_words(small_multiview))
        assert_array_equal(model.transform(small_multiview), silent)


def test_views_that_share_a_network(quick, small_multiview, tmp_path):
    # A text without counts, and one whose counts are new in `transform`.
    X = small_multiview[["en", "de"]]
    counts = {"counts": {"en": X["en"].counts.toarray()}}
    counts["vocabularies"] = {"en": X["en"].vocabulary}
    model = quick(inference_networks="shared").fit(changed(X, **counts))
    assert widths(model) == {"en": 11, "de": 11}
    topics = model.transform(changed(X, **counts))
    assert_array_equal(model.transform(X), topics)
    # Counts that stand for an embedding, and are as many.
    vectors = {name: X[name].embedding for name in ("en",)}
    both = {"en": X["en"].counts, "de": X["de"].counts[:, [0, 1, 2, 3, 4, 0, 1, 2]]}
    mixed = MultiView.from_arrays(vectors, both, present=X.present)
    model = quick(inference_networks="shared").fit(mixed)
    assert widths(model) == {"en": 11, "de": 11}
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert_array_equal(loaded.transform(mixed), model.transform(mixed))
    own = quick(inference_networks="per_view").fit(changed(X, **counts))
    assert widths(own) == {"en": 11, "de": 8}


def test_counts_on_disk(quick, small_multiview, tmp_path):
    X = small_multiview[np.all(list(small_multiview.present.values()), axis=0)]
    X.save(tmp_path / "X")
    stored = MultiView.open(tmp_path / "X")
    model, other = quick().fit(X), quick().fit(stored)
    assert_array_equal(model.transform(X), other.transform(stored))
    rows = np.random.default_rng(0).permutation(len(X))
    assert_allclose(model.transform(stored[rows]), model.transform(X)[rows], rtol=1e-5)


def test_float16_embeddings_stay_small(quick, small_multiview):
    views = small_multiview[["en", "de"]].views.items()
    half = {name: np.nan_to_num(v.embedding).astype(np.float16) for name, v in views}
    X = changed(small_multiview[["en", "de"]], embeddings=half)
    assert np.isfinite(quick().fit(X).transform(X)).all()


def test_integer_embeddings_on_disk(quick, small_multiview, tmp_path):
    # Quantized embeddings; what the words say is not rounded with them.
    whole = small_multiview["en"]
    rounded = np.rint(10 * np.nan_to_num(whole.embedding)).astype(np.int8)
    stored = np.memmap(tmp_path / "en", np.int8, "w+", shape=rounded.shape)
    stored[:] = rounded
    parts = {"counts": {"en": whole.counts}, "present": {"en": whole.present}}
    kinds = {"memory": rounded.astype(np.float32), "disk": stored}
    inputs = [MultiView.from_arrays({"en": e}, **parts) for e in kinds.values()]
    X, on_disk = (part[whole.present] for part in inputs)
    model = quick().fit(on_disk)
    assert_array_equal(model.transform(on_disk), model.transform(X))
    assert_array_equal(model.transform(X), quick().fit(X).transform(X))


def test_all_words_are_read_in_validation(small_multiview):
    seen = set()

    class Recording(M3LContrastTopicModel):
        def _encoded_view(self, net, name, view, *, is_training=False):
            seen.add((len(view), is_training))
            return super()._encoded_view(net, name, view, is_training=is_training)

    Recording(
        2,
        max_iter=1,
        init_max_iter=2,
        hidden_layer_sizes=(4,),
        early_stopping=True,
        validation_fraction=0.25,
        random_state=0,
    ).fit(small_multiview)
    assert {(45, True), (15, False)} <= seen and (15, True) not in seen


def test_some_rows_are_trained_without_their_words(plant, quick):
    X, _ = plant(n_rows=400)
    model = quick(4).fit(X)
    hidden = {}

    def votes(X, name, **training):
        view = model._encoded_view(model.net_, name, X[name], **training)
        return view.read(slice(None))[:, -4:], view

    for name in ("en", "de"):
        # They have the mean of all, as a text without known words has.
        all_votes, _ = votes(X, name)
        silent, _ = votes(without_words(X), name)
        assert_allclose(silent, np.tile(all_votes.mean(axis=0), (400, 1)), rtol=1e-5)
        assert not np.all(all_votes == silent, axis=1).any()
        seen, view = votes(X, name, is_training=True)
        hidden[name] = np.all(seen == silent, axis=1)
        assert 0.05 < hidden[name].mean() < 0.2
        rows = np.arange(400)[::-1]  # in whichever order they are read
        assert_array_equal(view.read(rows)[:, -4:], seen[rows])
    assert not np.array_equal(hidden["en"], hidden["de"])


def test_words_that_are_predicted_are_not_read():
    # Embeddings and words are noise, so that more topics must not look better.
    rng = np.random.default_rng(0)
    vectors = {name: rng.normal(size=(200, 8)) for name in ("en", "de")}
    counts = {name: rng.poisson(0.5, size=(200, 30)) for name in ("en", "de")}
    X = MultiView.from_arrays(vectors, counts)
    scores = [
        M3LContrastTopicModel(k, max_iter=20, hidden_layer_sizes=(16,), random_state=0)
        .fit(X[:150])
        .score(X[150:])
        for k in (1, 20)
    ]
    assert scores[0] > scores[1]


def test_frozen_topics(quick, small_multiview):
    lda = PolylingualLDA(3, max_iter=20, random_state=0).fit(small_multiview)
    model = quick(init=FrozenEstimator(lda)).fit(small_multiview)
    assert widths(model) == {"en": 11, "de": 11, "image": 5}


def test_nothing_to_sample_topics_from(quick, small_multiview):
    # One row alone has words: training learns the topics, and no word votes.
    counts = {n: np.zeros((60, 5)) for n in ("en", "de")}
    counts["en"][0, 0] = 3
    X = changed(small_multiview, counts=counts, vocabularies={})
    model = quick().fit(X)
    views = X[["en", "de"]]
    topics = model.transform(views)
    assert_array_equal(topics, model.transform(without_words(views)))
    before = widths(model)
    model.partial_fit(X)
    assert widths(model) == before


def test_stored_models(fitted, small_multiview, tmp_path):
    save_model(fitted, tmp_path / "model")
    for copy in (load_model(tmp_path / "model"), pickle.loads(pickle.dumps(fitted))):
        assert_array_equal(
            copy.transform(small_multiview), fitted.transform(small_multiview)
        )
        assert copy.score(small_multiview) == fitted.score(small_multiview)


@pytest.mark.parametrize("use_words", [True, False])
def test_training_that_continues_reads_the_same(quick, small_multiview, use_words):
    model = quick(use_words=use_words).fit(small_multiview[:40])
    before = widths(model)
    model.partial_fit(small_multiview[40:])
    assert widths(model) == before
    rows = small_multiview.present["image"]
    pictures = small_multiview[rows][["en", "image"]]
    model.partial_fit(pictures)  # some of the views alone
    assert widths(model) == before
    topics = model.transform(small_multiview)
    model.set_params(use_words=not use_words)
    with pytest.raises(ValueError, match=f"use_words is {not use_words}, but training"):
        model.partial_fit(small_multiview)
    assert_array_equal(model.transform(small_multiview), topics)

"""Seeds, warm starts, early stopping, articles and storage of the neural models."""

import copy
import pickle
import random
from dataclasses import replace

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_m3l import MultiView


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


class Watch(Callback):
    """Note the batches, and the weights after every epoch."""

    def initialize(self):
        self.batches, self.weights = [], []
        return self

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.batches.append((training, batch))

    def on_epoch_end(self, net, **kwargs):
        self.weights.append(copy.deepcopy(net.module_.state_dict()))


def numbered(n_rows):
    """Return rows whose first English number is their position."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n_rows, 4))
    vectors[:, 0] = np.arange(n_rows)
    return MultiView.from_arrays(
        {"en": vectors, "de": rng.normal(size=(n_rows, 3))},
        {"en": rng.poisson(1, size=(n_rows, 9))},
    )


def rows_seen(watch, training):
    """Return the positions of the rows of `numbered` in training or validation."""
    return {
        int(row)
        for was_training, batch in watch.batches
        for row in batch.vectors["en"][:, 0]
        if was_training == training
    }


@pytest.mark.parametrize("parameters", [{}, {"n_draws": 3}, {"early_stopping": True}])
def test_same_seed_same_bits(quick, X, parameters):
    models = [quick(**parameters, random_state=seed).fit(X) for seed in (0, 0, 1)]
    topics = [model.transform(X) for model in models]
    assert_array_equal(topics[0], topics[1])
    assert_array_equal(models[0].components_, models[1].components_)
    assert models[0].loss_curve_ == models[1].loss_curve_
    assert abs(topics[0] - topics[2]).max() > 0.01
    assert_array_equal(models[0].fit(X).transform(X), topics[0])


def test_random_state_instance(quick, X):
    first = quick(random_state=np.random.RandomState(5)).fit_transform(X)
    again = quick(random_state=np.random.RandomState(5)).fit_transform(X)
    assert_array_equal(first, again)
    shared = np.random.RandomState(5)
    assert_array_equal(quick(random_state=shared).fit_transform(X), first)
    assert abs(quick(random_state=shared).fit_transform(X) - first).max() > 0.01


def test_no_random_state(quick, X):
    first, second = (quick(random_state=None).fit_transform(X) for _ in range(2))
    assert abs(first - second).max() > 0.01


def test_global_generators_are_left_alone(quick, X, generator_states):
    topics = quick(n_draws=2).fit(X).transform(X)
    np.random.seed(3)  # whatever their state is
    torch.manual_seed(3)
    random.seed(3)
    before = generator_states()
    model = quick(n_draws=2, early_stopping=True).fit(X)
    model.transform(X)
    model.score(X)
    model.describe(X)
    assert generator_states() == before
    assert_array_equal(quick(n_draws=2).fit(X).transform(X), topics)


@pytest.mark.slow
def test_average_over_samples(quick, X):
    model = quick(max_iter=5, n_draws=4000).fit(X)
    averages = [model.transform(X)]
    assert_array_equal(model.transform(X), averages[0])
    model._seed += 1
    averages.append(model.transform(X))
    # Both are near the expectation, of which softmax(mean) is another point.
    assert 0 < abs(averages[0] - averages[1]).max() < 0.03
    means = model.set_params(n_draws=0).transform(X)
    assert abs(means - averages[0]).max() > 0.03
    few = model.set_params(n_draws=1).transform(X)
    assert abs(few - averages[0]).max() > 0.05
    assert_allclose(few.sum(axis=1), 1, rtol=1e-5)


def test_samples_of_a_row_depend_on_no_other_row(quick, X):
    model = quick(n_draws=3).fit(X)
    topics = model.transform(X)
    rows = np.random.default_rng(0).permutation(len(X))[: len(X) // 2]
    assert_allclose(model.transform(X[rows]), topics[rows], atol=1e-6)
    # Noise that tuples do not share would make the views of each alike.
    english = X[X["en"].present][["en"]]
    shifted = model.transform(english[np.roll(np.arange(len(english)), 1)])
    assert_allclose(shifted, np.roll(model.transform(english), 1, axis=0), atol=1e-6)


def test_fit_starts_afresh(quick, X):
    model = quick().fit(X)
    losses, topics = model.loss_curve_, model.transform(X)
    model.fit(X)
    assert (model.loss_curve_, model.n_iter_) == (losses, 2)
    assert_array_equal(model.transform(X), topics)
    english = X[["en"]][8:]
    model.set_params(n_components=5).fit(english)
    assert model.transform(english).shape == (52, 5)
    with pytest.raises(ValueError, match="unknown view 'de'"):
        model.transform(X)


def test_warm_start_continues(quick, X):
    model = quick(
        warm_start=True, max_iter=10, learning_rate_init=0.01, contrast_warmup=0.0
    ).fit(X)
    losses = model.loss_curve_
    before = model.net_.module_.inference[0].head.bias.tolist()
    model.set_params(max_iter=1, learning_rate_init=1e-7).fit(X[::-1])
    assert model.n_iter_ == 11 and model.loss_curve_[:10] == losses
    assert model.loss_curve_[10] < losses[0]
    # The rate of the second fit holds.
    after = model.net_.module_.inference[0].head.bias.tolist()
    assert 0 < np.abs(np.subtract(after, before)).max() < 1e-5


def test_training_leaves_sampled_topics_as_they_are(quick, X):
    models = [quick(max_iter=max_iter).fit(X) for max_iter in (1, 5)]
    assert_array_equal(models[0].components_, models[1].components_)
    assert (models[0].transform(X) != models[1].transform(X)).any()
    models = [quick(max_iter=max_iter, init="random").fit(X) for max_iter in (1, 5)]
    assert (models[0].components_ != models[1].components_).any()


def test_warm_start_on_some_of_the_views(quick, X):
    model = quick(warm_start=True, init="random").fit(X)
    before = {name: beta.copy() for name, beta in model.topic_word_.items()}
    model.fit(X[["en", "image"]][8:])
    assert (model.topic_word_["de"] == before["de"]).all()
    assert (model.topic_word_["en"] != before["en"]).any()
    assert list(model.topic_word_) == ["en", "de"]
    assert model.transform(X).shape == (60, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X[["image"]][1:2], "at least 2 rows"),
        (lambda X: X[["image"]][[1, 2]], "needs the word counts"),
        (
            lambda X: MultiView.from_arrays({"fr": np.ones((4, 2))}),
            "unknown view 'fr'",
        ),
        (
            lambda X: MultiView.from_arrays({"en": np.ones((4, 2))}),
            "'en' has width 2",
        ),
        (
            lambda X: MultiView.from_arrays(
                {"en": np.ones((4, 8)), "image": np.ones((4, 5))},
                {"en": np.ones((4, 12)), "image": np.ones((4, 3))},
            ),
            "'image' had no word counts",
        ),
    ],
)
def test_warm_start_refuses_other_data(quick, X, change, message):
    model = quick(warm_start=True).fit(X)
    with pytest.raises(ValueError, match=message):
        model.fit(change(X))


def test_early_stopping_restores_the_best_weights(quick, X):
    watch = Watch()
    model = quick(
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=3,
        max_iter=200,
        learning_rate_init=0.05,
        callbacks=[watch],
    ).fit(X)
    losses = model.net_.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert model.n_iter_ == len(losses) == best + 4 < 200
    for name, weights in model.net_.module_.state_dict().items():
        assert torch.equal(weights, watch.weights[best][name])
    assert any(
        not torch.equal(weights, watch.weights[-1][name])
        for name, weights in model.net_.module_.state_dict().items()
    )


def test_validation_rows_are_not_trained_on(quick):
    X, watch = numbered(50), Watch()
    model = quick(
        early_stopping=True,
        validation_fraction=0.2,
        standardize=False,
        callbacks=[watch],
    ).fit(X)
    train, valid = rows_seen(watch, True), rows_seen(watch, False)
    assert train | valid == set(range(50)) and not train & valid
    assert len(valid) == 10
    assert sorted(valid) != list(range(40, 50))  # they are drawn
    assert all(
        (batch.generator is not None) == training for training, batch in watch.batches
    )
    assert model.n_iter_ == 2


def test_all_rows_are_trained_on_without_early_stopping(quick):
    watch = Watch()
    quick(callbacks=[watch]).fit(numbered(50))
    assert rows_seen(watch, True) == set(range(50))
    assert rows_seen(watch, False) == set()


@pytest.mark.parametrize("names", [False, True])
def test_early_stopping_keeps_articles_together(quick, with_groups, names):
    articles = np.random.default_rng(1).integers(0, 12, size=50)
    groups = [f"article {n}" for n in articles] if names else articles
    watch = Watch()
    model = quick(early_stopping=True, validation_fraction=0.3, callbacks=[watch])
    model.fit(with_groups(numbered(50), groups))
    train, valid = (rows_seen(watch, training) for training in (True, False))
    assert train | valid == set(range(50)) and valid
    assert not {*articles[list(train)]} & {*articles[list(valid)]}


def test_articles_are_no_negatives(quick, X, with_groups):
    # Rows that all have an article of their own are as rows without.
    none = quick(init="random").fit(X)
    pages = [f"page {row}" for row in range(60)]
    own = quick(init="random").fit(with_groups(X, pages))
    assert_array_equal(none.components_, own.components_)
    # In one article there is nothing to contrast with.
    one = quick(init="random").fit(with_groups(X, np.zeros(60)))
    without = quick(init="random", contrastive_weight=0.0).fit(X)
    assert_allclose(one.components_, without.components_, atol=1e-6)
    some = quick(init="random").fit(with_groups(X, np.arange(60) // 3))
    assert none.loss_curve_[0] > some.loss_curve_[0] > one.loss_curve_[0]


@pytest.mark.parametrize("max_iter", [1, 10])
@pytest.mark.parametrize("warmup", [0.0, 0.5, 1.0])
def test_the_contrast_warms_up(quick, X, max_iter, warmup):
    shares = []

    class Watch(Callback):
        def on_batch_begin(self, net, batch, training, **kwargs):
            criterion = net.criterion_.train()
            outputs = net.module_.eval()(replace(batch, generator=None))
            warm = criterion(outputs, batch).detach()
            full = criterion.eval()(outputs, batch).detach()
            shares.append(float(warm / full))

    # Nothing but the contrast has a weight here, and no network learns.
    weights = {"contrastive_weight": 1e9, "kl_weight": 0.0, "prior_weight": 0.0}
    quick(
        max_iter=max_iter, batch_size=60, contrast_warmup=warmup,
        learning_rate_init=1e-9, callbacks=[Watch()], **weights,
    ).fit(X)  # fmt: skip
    epochs = np.arange(1, max_iter + 1) / max_iter
    expected = np.minimum(epochs / warmup, 1) if warmup else np.ones(max_iter)
    assert_allclose(shares, expected, rtol=1e-3)


@pytest.mark.parametrize(("n_rows", "size"), [(20, 20), (100, 32), (400, 50)])
def test_automatic_batches(quick, n_rows, size):
    watch = Watch()
    quick(batch_size="auto", max_iter=1, callbacks=[watch]).fit(numbered(n_rows))
    assert max(batch.size for _, batch in watch.batches) == size


@pytest.mark.slow
def test_loss_weights_reach_the_loss(quick, X):
    def first_loss(**parameters):
        return quick(max_iter=1, batch_size=60, **parameters).fit(X).loss_curve_[0]

    plain = {"contrastive_weight": 0.0, "kl_weight": 0.0, "prior_weight": 0.0}
    base = first_loss(**plain)
    for name in plain:
        one, two = (first_loss(**plain | {name: weight}) for weight in (1.0, 2.0))
        assert one > base
        assert_allclose(two - base, 2 * (one - base), rtol=1e-3)
    contrast = {**plain, "contrastive_weight": 1.0}
    variants = [
        first_loss(**contrast | variant)
        for variant in (
            {},
            {"temperature": 0.5},
            {"similarity": "dot"},
            {"similarity": "cosine"},
            {"contrast_on": "sample"},
        )
    ]
    assert len(set(variants)) == len(variants)


@pytest.mark.parametrize(
    "parameters",
    [
        {"batch_size": 7},
        {"learning_rate_init": 0.5},
        {"hidden_layer_sizes": 4},
        {"activation": "tanh"},
        {"dropout": 0.6},
        {"input_dropout": 0.6},
        {"temperature": 0.5},
        {"max_iter": 3},
        {"standardize": False},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_every_parameter_makes_a_difference(quick, X, parameters):
    base = quick().fit(X).transform(X)
    assert abs(quick(**parameters).fit(X).transform(X) - base).max() > 1e-3


def test_hidden_layer_sizes(quick, X):
    def sizes(hidden_layer_sizes):
        model = quick(hidden_layer_sizes=hidden_layer_sizes).fit(X)
        network = model.net_.module_.inference[0]
        return [layer.out_features for layer in (*network.layers, network.head)]

    assert sizes(7) == sizes([7]) == sizes(np.array([7])) == [7, 6]
    assert sizes((9, 7)) == [9, 7, 6]
    assert sizes(()) == [6]


STORES = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "joblib": lambda model, path: joblib.load(joblib.dump(model, path / "m.joblib")[0]),
    "compressed": lambda model, path: joblib.load(
        joblib.dump(model, path / "m.joblib.gz", compress=3)[0]
    ),
    "deepcopy": lambda model, path: copy.deepcopy(model),
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_stored_models_are_the_same(quick, X, tmp_path, store, early_stopping):
    model = quick(
        n_draws=2, warm_start=True, early_stopping=early_stopping, callbacks=[Watch()]
    ).fit(X)
    stored = STORES[store](model, tmp_path)
    assert_array_equal(stored.transform(X), model.transform(X))
    assert stored.score(X) == model.score(X)
    assert stored.top_words("en") == model.top_words("en")
    assert stored.loss_curve_ == model.loss_curve_
    for one in (model, stored):
        one.set_params(n_draws=0).fit(X)  # continues where it was
    assert stored.n_iter_ == 4
    assert_array_equal(stored.transform(X), model.transform(X))


def test_a_stored_model_holds_no_training_data(quick):
    few, many = (
        len(pickle.dumps(quick(batch_size=2000).fit(numbered(n_rows))))
        for n_rows in (50, 2000)
    )
    assert abs(few - many) < 1000


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_embeddings_on_disk(quick, X, tmp_path, dtype):
    stored = {}
    for name, view in X.views.items():
        np.save(tmp_path / f"{name}.npy", view.embedding.astype(dtype))
        stored[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    texts = {name: X[name] for name in ("en", "de")}

    def build(embeddings):
        return MultiView.from_arrays(
            embeddings,
            {name: view.counts for name, view in texts.items()},
            {name: view.vocabulary for name, view in texts.items()},
            X.present,
        )

    on_disk = build(stored)
    assert "on disk" in repr(on_disk)
    in_memory = build({name: np.array(rows) for name, rows in stored.items()})
    for parameters in ({}, {"early_stopping": True}):
        models = [quick(**parameters).fit(data) for data in (on_disk, in_memory)]
        assert_array_equal(models[0].transform(on_disk), models[1].transform(in_memory))
    shuffled = np.random.default_rng(0).permutation(60)
    models = [quick().fit(data[shuffled]) for data in (on_disk, in_memory)]
    assert_array_equal(models[0].transform(on_disk), models[1].transform(in_memory))


def test_input_is_left_alone(quick, X):
    before = pickle.dumps(X)
    quick(early_stopping=True).fit(X, np.arange(60)).score(X, np.arange(60))
    assert pickle.dumps(X) == before


def test_one_topic(quick, X):
    model = quick(1, prior_weight=1.0).fit(X)
    assert_array_equal(model.transform(X), np.ones((60, 1)))
    assert np.isfinite(model.score(X))


def test_names_of_views_are_free(quick, X):
    views = {"pt.BR": X["en"], "Ü ber": X["de"], "type": X["image"]}
    renamed = MultiView.from_arrays(
        {name: view.embedding for name, view in views.items()},
        {name: view.counts for name, view in views.items() if view.is_text},
        {name: view.vocabulary for name, view in views.items() if view.is_text},
        {name: view.present for name, view in views.items()},
    )
    model = quick().fit(renamed)
    assert_array_equal(model.transform(renamed), quick().fit(X).transform(X))
    assert list(model.topics_frame().columns) == ["pt.BR", "Ü ber"]

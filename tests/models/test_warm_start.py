"""`warm_start`: changed parameters take effect, a changed architecture is an error."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback, LRScheduler

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    ZeroShotTopicModel,
    load_model,
    save_model,
)

FEW = {
    "n_components": 3,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


class Count(Callback):
    """Count batches and rows."""

    def initialize(self):
        self.sizes, self.validated = [], 0
        return self

    def on_batch_end(self, net, batch, training, **kwargs):
        if training:
            self.sizes.append(batch.size)
        else:
            self.validated += batch.size


@pytest.fixture(scope="module")
def stored(X):
    model = M3LContrastTopicModel(**FEW, max_iter=1, warm_start=True).fit(X)
    return pickle.dumps(model)


@pytest.fixture
def model(stored):
    """Return a model after one epoch, to continue with another one."""
    return pickle.loads(stored)


@pytest.fixture(scope="module")
def expected(stored, X):
    """Return the topics after three more epochs."""
    return continued(pickle.loads(stored), X, max_iter=3).transform(X)


def weights(model):
    return {n: w.clone() for n, w in model.net_.module_.state_dict().items()}


def moved(model, before):
    """Return how far weights are from what they were."""
    parameters = dict(model.net_.module_.named_parameters())
    with torch.no_grad():
        return max(float((parameters[n] - before[n]).abs().max()) for n in parameters)


def continued(model, X, **parameters):
    """Return a copy of a model that continues with other parameters."""
    copy = pickle.loads(pickle.dumps(model))
    return copy.set_params(**parameters).fit(X)


def test_goes_on_from_the_weights(model, X):
    before, losses = weights(model), model.loss_curve_
    model.fit(X)
    assert model.n_iter_ == 2 and model.loss_curve_[:1] == losses
    assert 0 < moved(model, before) < 0.02
    fresh = clone(model).set_params(max_iter=1, random_state=1).fit(X)
    assert moved(fresh, before) > 0.1


def test_learning_rate(model, X):
    before = weights(model)
    steps = [
        moved(continued(model, X, learning_rate_init=rate), before)
        for rate in (1e-30, 1e-4, 1e-2)
    ]
    assert steps[0] == 0
    assert 0 < steps[1] < 1e-3 < steps[2]


@pytest.mark.parametrize(
    "change",
    [
        {"beta_1": 0.1},
        {"beta_2": 0.1},
        {"batch_size": 7},
        {"contrastive_weight": 0.0},
        {"contrast_warmup": 1.0},
        {"temperature": 0.5},
        {"similarity": "cosine"},
        {"contrast_on": "sample"},
        {"contrast": "joint"},
        {"balance_views": False},
        {"kl_weight": 5.0},
        {"prior_weight": 5.0},
        {"dropout": 0.6},
        {"input_dropout": 0.0},
        {"activation": "tanh"},
        {"scale": 3.0},
        {"standardize": False},
        {"random_state": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_of_the_loss_and_the_network(model, X, expected, change):
    # Adam's first steps go by the sign of a gradient: look at a larger change.
    other = continued(model, X, max_iter=3, **change)
    assert np.abs(other.transform(X) - expected).max() > 1e-5


def test_changed_back_is_unchanged(model, X, expected):
    model.set_params(dropout=0.7, learning_rate_init=1.0, batch_size=5)
    model.set_params(dropout=0.2, learning_rate_init=5e-3, batch_size="auto")
    assert_array_equal(model.set_params(max_iter=3).fit(X).transform(X), expected)


def test_batch_size_and_callbacks(model, X):
    count = Count()
    continued(model, X, batch_size=60)
    model.set_params(batch_size=20, callbacks=[count]).fit(X)
    assert count.sizes == [20, 20, 20]
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1)
    model.set_params(callbacks=[scheduler], max_iter=3).fit(X)
    (group,) = model.net_.optimizer_.param_groups
    assert group["lr"] < 1e-4
    assert count.sizes == [20, 20, 20]
    model.set_params(callbacks=None).fit(X)
    (group,) = model.net_.optimizer_.param_groups
    assert group["lr"] == 5e-3


def test_max_iter(model, X):
    model.set_params(max_iter=4).fit(X)
    assert model.n_iter_ == 5
    model.set_params(max_iter=1).fit(X)
    assert model.n_iter_ == 6


def test_early_stopping(model, X):
    count = Count()
    model.set_params(
        early_stopping=True, validation_fraction=0.2, callbacks=[count]
    ).fit(X)
    assert count.validated == 12 and sum(count.sizes) == 48
    model.set_params(validation_fraction=0.5).fit(X)
    assert sum(model.callbacks[0].sizes) == 30
    model.set_params(n_iter_no_change=1, learning_rate_init=0.5, max_iter=500).fit(X)
    assert model.n_iter_ < 400
    before = model.n_iter_
    model.set_params(early_stopping=False, max_iter=3, learning_rate_init=1e-3).fit(X)
    assert model.n_iter_ == before + 3
    assert count.validated == 0 and sum(count.sizes) == 3 * 60


def test_n_draws_and_device(model, X):
    means = model.transform(X)
    model.set_params(n_draws=2)
    assert np.abs(model.transform(X) - means).max() > 1e-3
    model.set_params(device="cpu").fit(X)
    assert next(model.net_.module_.parameters()).device == torch.device("cpu")
    with pytest.raises(ValueError, match="device"):
        model.set_params(device="abacus").fit(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_components": 7}, "n_components is 7, but training continues .* with 3"),
        ({"hidden_layer_sizes": (9,)}, r"hidden_layer_sizes is \[9\], .* with \[8\]"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes is \[\]"),
        ({"bias": False}, "bias is False, but training continues a model with True"),
        ({"decoder": "product"}, "decoder is 'product', .* a model with 'mixture'"),
        (
            {"inference_networks": {"en": "text", "de": "text"}},
            "inference_networks changes whether views 'en' and 'de' share",
        ),
    ],
)
def test_architecture(model, X, change, message):
    before, known = weights(model), vars(model).copy()
    model.set_params(random_state=5)
    fresh = clone(model).set_params(inference_networks="per_view").fit(X)
    for one in (model, fresh):
        if one is model and "inference_networks" in change:
            continue
        with pytest.raises(ValueError, match=message):
            one.set_params(**change).fit(X)
    assert model.n_iter_ == 1 and moved(model, before) == 0
    # Nothing else has changed either, such as the seed of the draws.
    assert vars(model).keys() == known.keys() and model._seed == known["_seed"]
    again = fresh.set_params(warm_start=False).fit(X)
    assert again.n_iter_ == 1


def test_decoder(model, X):
    other = {"mixture": "product", "product": "mixture"}
    kinds = {"auto", model.net_.get_params_for("module").get("decoder")}
    (change,) = {other.get(kind) for kind in kinds} - {None}
    with pytest.raises(ValueError, match="decoder is"):
        model.set_params(decoder=change).fit(X)


def test_words(model, X):
    texts = {name: X[name] for name in ("en", "de")}
    words = {name: view.vocabulary for name, view in texts.items()}
    words["en"] = words["en"][::-1]
    other = MultiView.from_arrays(
        {name: view.embedding for name, view in X.views.items()},
        {name: view.counts for name, view in texts.items()},
        words,
        X.present,
    )
    with pytest.raises(ValueError, match="view 'en' has a different vocabulary"):
        model.fit(other)


def test_networks_that_were_found_are_kept(model, X):
    found = model.net_.get_params_for("module")["inference_networks"]
    model.fit(X[::-1])
    assert model.net_.get_params_for("module")["inference_networks"] == found
    model.fit(X[["en", "image"]][8:])
    assert model.transform(X).shape == (60, 3)


def test_from_a_file(model, X, tmp_path):
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    before = weights(loaded)
    loaded.set_params(learning_rate_init=1e-30).fit(X)
    assert moved(loaded, before) == 0 and loaded.n_iter_ == 2
    with pytest.raises(ValueError, match="n_components is 7"):
        loaded.set_params(n_components=7).fit(X)


def test_statistics_are_those_of_the_first_fit(model, X):
    before = weights(model)
    model.fit(X[:30])
    for name, buffer in model.net_.module_.named_buffers():
        if name.startswith("standardize"):
            assert torch.equal(buffer, before[name])


class TestOfOneView:
    @pytest.fixture
    def teacher(self):
        return ZeroShotTopicModel(**FEW, max_iter=1, view="en", warm_start=True)

    def test_zero_shot(self, teacher, X):
        teacher.fit(X)
        before = weights(teacher)
        teacher.set_params(learning_rate_init=1e-30).fit(X)
        assert moved(teacher, before) == 0 and teacher.n_iter_ == 2
        with pytest.raises(ValueError, match="view is 'de', .* continues .* with 'en'"):
            teacher.set_params(view="de").fit(X)
        assert teacher.set_params(warm_start=False).fit(X).view_ == "de"

    def test_a_student(self, teacher, X):
        student = DistilledTopicModel(
            **FEW, max_iter=1, teacher=teacher, view="image", warm_start=True
        ).fit(X)
        before = weights(student)
        student.set_params(learning_rate_init=1e-30).fit(X)
        assert moved(student, before) == 0 and student.n_iter_ == 2
        for change in ({"view": "de"}, {"teacher__dropout": 0.5}):
            with pytest.raises(ValueError, match="training continues a model"):
                clone_fitted(student).set_params(**change).fit(X)
        frozen = FrozenEstimator(clone(teacher).fit(X))
        with pytest.raises(ValueError, match="teacher is"):
            clone_fitted(student).set_params(teacher=frozen).fit(X)


def clone_fitted(model):
    return pickle.loads(pickle.dumps(model))

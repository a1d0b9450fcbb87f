"""DistilledTopicModel: a student learns another view from the topics of a text."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from published_loss import (
    FirstBatch,
    array_of,
    encode,
    laplace_prior,
    positions,
    published_loss,
    slope,
)
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    View,
    ZeroShotTopicModel,
)

FAST = {
    "max_iter": 2,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
# As published; the decoder has batch normalization.
PUBLISHED = {"decoder": "product", "init": "random", "bias": False}


@pytest.fixture(scope="module")
def X(small_multiview):
    return small_multiview


def make_teacher(n_components=3, view="en", **parameters):
    parameters = FAST | PUBLISHED | parameters
    return ZeroShotTopicModel(n_components, view=view, **parameters)


def make_student(view="image", teacher=None, n_components=3, **parameters):
    teacher = make_teacher() if teacher is None else teacher
    parameters = FAST | PUBLISHED | parameters
    return DistilledTopicModel(n_components, teacher=teacher, view=view, **parameters)


@pytest.fixture(scope="module")
def teacher(X):
    return make_teacher(max_iter=20, learning_rate_init=0.01).fit(X)


@pytest.fixture(scope="module")
def frozen(teacher):
    return FrozenEstimator(teacher)


@pytest.fixture(scope="module", params=["de", "image"])
def fitted(request, X, frozen):
    """Return the model of a student of a text, and that of a student of pictures."""
    return make_student(request.param, frozen).fit(X)


def posterior(teacher, view):
    """Compute the teacher's Gaussians of a view that all rows have."""
    module = teacher.net_.module_
    weights = {n: array_of(w) for n, w in module.named_parameters()}
    mean, scale = (
        array_of(getattr(module.standardize[0], n)) for n in ("mean", "scale")
    )
    norm = module.inference[0].norm
    statistics = array_of(norm.mean), array_of(norm.variance)
    return encode(weights, (view.embedding - mean) / scale, statistics)


@pytest.mark.parametrize("view", ["de", "image"])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_prior_is_the_posterior_of_the_teacher(X, teacher, frozen, view, dropout):
    X = X[X.present["en"] & X.present[view]]
    first = FirstBatch()
    model = make_student(
        view,
        frozen,
        batch_size=100,
        max_iter=1,
        dropout=dropout,
        standardize=False,
        callbacks=[first],
    ).fit(X)
    rows = positions(first.vectors, X[view].embedding)
    assert sorted(rows) == list(range(len(X)))
    mean, log_variance = posterior(teacher, X["en"])
    decoded, statistics = view, None
    if view == "image":  # decodes English as the teacher does
        norm = teacher.net_.module_.decoders[0].norm
        decoded, statistics = "en", (array_of(norm.mean), array_of(norm.variance))

    def loss(weights):
        return published_loss(
            weights,
            first,
            first.vectors,
            X[decoded].counts.toarray()[rows],
            (mean[rows], np.exp(np.maximum(log_variance[rows], -3))),
            statistics,
        )

    assert_allclose(len(X) * model.loss_curve_[0], loss(first.weights), rtol=1e-5)
    assert ("decoders.0.beta" in first.gradients) == (view == "de")
    rng = np.random.default_rng(0)
    direction = {n: rng.normal(size=w.shape) for n, w in first.weights.items()}
    if view == "image":
        direction["decoders.0.beta"][:] = 0
    along = sum((g * direction[n]).sum() for n, g in first.gradients.items())
    assert_allclose(along, slope(loss, first.weights, direction), rtol=1e-3)


def test_a_teacher_that_is_too_sure_does_not_hinder(X, teacher):
    X = X[X.present["en"] & X.present["de"]]
    sure = copy.deepcopy(teacher)
    norm = sure.net_.module_.inference[0].norm
    with torch.no_grad():  # log-variances far below 0
        norm.get_buffer("mean")[3:] += 20 * norm.get_buffer("variance")[3:].sqrt()
    mean, log_variance = posterior(sure, X["en"])
    assert log_variance.max() < -10
    student = make_student("de", FrozenEstimator(sure), max_iter=40)
    topics = student.set_params(learning_rate_init=0.01).fit(X).transform(X[["de"]])
    expected = sure.transform(X[["en"]])
    assert np.corrcoef(topics.ravel(), expected.ravel())[0, 1] > 0.3
    # A divergence from variances that small would be beyond 1e5.
    assert student.loss_curve_[-1] < 1000


def test_prior_of_rows_that_lack_the_text(X, teacher, frozen):
    X = X[X.present["de"]]
    english = np.arange(58) % 3 == 0
    rare = MultiView.from_arrays(
        {name: X[name].embedding for name in ("en", "de")},
        {name: X[name].counts for name in ("en", "de")},
        present={"en": english & X.present["en"]},
    )
    first = FirstBatch()
    parameters = {"batch_size": 100, "max_iter": 1, "standardize": False}
    model = make_student("de", frozen, **parameters, callbacks=[first]).fit(rare)
    rows = positions(first.vectors, X["de"].embedding)
    mean, log_variance = posterior(teacher, X["en"])
    present = rare.present["en"][:, None]
    standard_mean, standard_variance = laplace_prior(3)
    prior = (
        np.where(present, mean, standard_mean)[rows],
        np.where(present, np.exp(np.maximum(log_variance, -3)), standard_variance)[
            rows
        ],
    )
    counts = X["de"].counts.toarray()[rows]
    expected = published_loss(first.weights, first, first.vectors, counts, prior)
    assert_allclose(58 * model.loss_curve_[0], expected, rtol=1e-5)


@pytest.fixture(scope="module")
def taught(plant):
    """Return planted tuples, and a teacher of English and its students."""
    X, planted = plant(("en", "de", "fr", "image"))
    learning = {
        "max_iter": 60,
        "hidden_layer_sizes": (50,),
        "learning_rate_init": 5e-3,
    }
    teacher = make_teacher(4, **learning).fit(X[:150])
    # Long texts outweigh the prior: at 1 German topics may come in another order.
    students = {
        view: make_student(
            view, FrozenEstimator(teacher), 4, prior_weight=weight, **learning
        ).fit(X[:150])
        for view, weight in (("de", 100.0), ("image", 1.0))
    }
    return X[150:], planted[150:], teacher, students


@pytest.mark.parametrize("view", ["de", "image"])
def test_students_find_the_topics_of_the_teacher(taught, view):
    X, planted, teacher, students = taught
    numbers = [int(words[0].split("-")[1]) for words in teacher.top_words("en", 1)]
    assert sorted(numbers) == [0, 1, 2, 3]
    topics = students[view].transform(X[[view]])
    for topic, number in enumerate(numbers):
        assert np.corrcoef(topics[:, topic], planted[:, number])[0, 1] > 0.9
    assert_array_equal(
        topics.argmax(axis=1)[planted.max(axis=1) > 0.8],
        teacher.transform(X[["en"]]).argmax(axis=1)[planted.max(axis=1) > 0.8],
    )


def test_student_of_a_text_learns_its_words(taught):
    _, _, teacher, students = taught
    model = students["de"]
    assert list(model.topic_word_) == list(model.vocabularies_) == ["en", "de"]
    assert model.top_words("en") == teacher.top_words("en")
    for english, german in zip(
        model.top_words("en", 3), model.top_words("de", 3), strict=True
    ):
        number = english[0].split("-")[1]
        assert all(word.startswith(f"de-{number}-") for word in german)


def test_pictures_are_labeled_in_the_language_of_the_teacher(taught):
    X, planted, _, students = taught
    labels = students["image"].describe(X[["image"]], n_words=2)
    assert list(labels.columns) == ["topic", "en"]
    clear = planted.max(axis=1) > 0.8
    for words, topic in zip(
        labels["en"][clear], planted[clear].argmax(axis=1), strict=True
    ):
        assert all(word.startswith(f"en-{topic}-") for word in words.split(", "))
    with pytest.raises(ValueError, match="'de' has no words; choose one of en"):
        students["image"].describe(X[["image"]], "de")


def decoder(model, name="en"):
    module = model.net_.module_
    return module.decoders[module.decoded.index(name)].state_dict()


def assert_same_decoder(model, other):
    ours, theirs = decoder(model), decoder(other)
    assert set(ours) == {"beta", "norm.mean", "norm.variance"}
    for name in ours:
        assert torch.equal(ours[name], theirs[name])


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}], ids=str)
@pytest.mark.parametrize("freeze", [False, True])
def test_pictures_are_decoded_as_the_text(X, teacher, freeze, parameters):
    fast = {"learning_rate_init": 0.05, "max_iter": 5} | parameters
    given = FrozenEstimator(teacher) if freeze else make_teacher(**fast)
    model = make_student("image", given, warm_start=True, **fast).fit(X)
    assert_same_decoder(model, model.teacher_)
    for again in (model, pickle.loads(pickle.dumps(model))):
        losses = again.loss_curve_
        again.fit(X)
        assert again.loss_curve_ != losses
        assert_same_decoder(again, model.teacher_)
    assert_array_equal(model.components_, model.teacher_.components_)
    assert model.top_words() == model.teacher_.top_words()
    assert list(model.topic_word_) == ["en"]
    assert model.topics_frame().equals(model.teacher_.topics_frame())


def state(model):
    return {
        **{f"net {n}": w.clone() for n, w in model.net_.module_.state_dict().items()},
        "rest": copy.deepcopy({n: v for n, v in vars(model).items() if n != "net_"}),
        "history": list(model.net_.history),
    }


def assert_same_state(before, after):
    assert before.keys() == after.keys()
    for name, value in before.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, after[name])
    assert before["history"] == after["history"]
    assert pickle.dumps(before["rest"]) == pickle.dumps(after["rest"])


@pytest.mark.parametrize("view", ["de", "image"])
def test_frozen_teacher_is_used_and_left_alone(X, teacher, frozen, view):
    before, topics = state(teacher), teacher.transform(X[["en", "de"]])
    model = make_student(view, frozen, learning_rate_init=0.1, max_iter=5).fit(X)
    assert model.teacher_ is teacher
    assert model.teacher is frozen
    model.fit(X[::2])
    model.score(X[["en", view]])
    assert_same_state(before, state(teacher))
    assert_array_equal(teacher.transform(X[["en", "de"]]), topics)
    assert clone(model).fit(X).teacher_ is teacher


def test_teacher_is_cloned_and_fitted(X):
    given = make_teacher()
    model = make_student("image", given).fit(X)
    assert model.teacher is given and not hasattr(given, "net_")
    assert model.teacher_.get_params() == given.get_params()
    alone = make_teacher().fit(X)
    assert_array_equal(model.teacher_.components_, alone.components_)
    # A teacher that is fitted, but not frozen, is fitted anew.
    before = state(alone)
    model = make_student("image", alone.set_params(max_iter=1)).fit(X)
    assert model.teacher_ is not alone and model.teacher_.n_iter_ == 1
    assert_same_state(before | {"rest": 0}, state(alone) | {"rest": 0})


def test_no_teacher_is_a_plain_one(X):
    X = X[["en", "image"]][X.present["en"] & X.present["image"]][:10]
    model = DistilledTopicModel(2, max_iter=1, hidden_layer_sizes=3, random_state=0)
    model.fit(X)
    assert model.teacher is None
    assert (model.teacher_.view_, model.view_) == ("en", "image")
    seed = model.teacher_.random_state
    plain = ZeroShotTopicModel(2, random_state=seed)
    assert model.teacher_.get_params() == plain.get_params()


def test_teacher_has_as_many_topics_as_asked_for(X, frozen):
    model = make_student(teacher=make_teacher(7), n_components=2).fit(X)
    assert model.teacher_.components_.shape == (2, 12)
    assert model.teacher.n_components == 7
    with pytest.raises(ValueError, match="frozen teacher has 3 topics, but n_compon"):
        make_student(teacher=frozen, n_components=2).fit(X)


@pytest.mark.parametrize(
    ("teacher", "error", "message"),
    [
        (M3LContrastTopicModel(), TypeError, "not a M3LContrastTopicModel"),
        (DistilledTopicModel(), TypeError, "not a DistilledTopicModel"),
        (FrozenEstimator(M3LContrastTopicModel()), TypeError, "not a M3LContrast"),
        (FrozenEstimator(ZeroShotTopicModel()), NotFittedError, "is not fitted yet"),
        ("ZeroShotTopicModel", InvalidParameterError, "'teacher' parameter"),
        (ZeroShotTopicModel, TypeError, "an instance of scikit-learn estimator"),
        (LogisticRegression(), InvalidParameterError, "'teacher' parameter"),
    ],
    ids=str,
)
def test_teachers_that_cannot_teach(X, teacher, error, message):
    with pytest.raises(error, match=message):
        make_student(teacher=teacher).fit(X)


def without(X, view, what):
    """Rebuild a MultiView, some view of which lacks counts, or words their names."""
    texts = {name: X[name] for name in ("en", "de") if name in X}
    counts = {name: text.counts for name, text in texts.items()}
    words = {name: text.vocabulary for name, text in texts.items()}
    del words[view]
    if what == "counts":
        del counts[view]
    vectors = {name: X[name].embedding for name in X.view_names}
    return MultiView.from_arrays(vectors, counts, words, X.present)


def test_what_a_frozen_teacher_asks_of_the_data(X, frozen):
    with pytest.raises(ValueError, match=r"none of the texts .* \(en\)"):
        make_student(teacher=frozen).fit(X[["de", "image"]][[1, 2, 4]])
    english, words = X["en"], X["en"].vocabulary[::-1]
    other = MultiView.from_arrays(
        {"en": english.embedding, "image": X["image"].embedding},
        {"en": english.counts},
        {"en": words},
        {name: X.present[name] for name in ("en", "image")},
    )[8:]
    with pytest.raises(ValueError, match="'en' has a different vocabulary than in fit"):
        make_student(teacher=frozen).fit(other)
    # Pictures learn from the words of the text, a text from its own.
    vectors = without(X, "en", "counts")
    with pytest.raises(ValueError, match="view 'en' has no word counts"):
        make_student("image", frozen).fit(vectors)
    model = make_student("de", frozen).fit(vectors)
    assert_array_equal(model.components_, make_student("de", frozen).fit(X).components_)
    unnamed = make_student("image", frozen).fit(without(X, "en", "names"))
    assert unnamed.top_words("en") == frozen.estimator.top_words("en")


@pytest.mark.parametrize("view", [None, "en", "fr"])
def test_views_to_choose_from(X, frozen, view):
    message = f"view={view!r} is not a view for the student .* to one of: de, image"
    with pytest.raises(ValueError, match=message):
        make_student(view, frozen).fit(X)


def test_teacher_must_know_its_text(X):
    message = "for ZeroShotTopicModel to learn topics from; set view to one of: en, de"
    with pytest.raises(ValueError, match=message):
        make_student(teacher=make_teacher(view=None)).fit(X)


def test_the_only_other_view_needs_no_name(X, frozen):
    model = make_student(None, frozen).fit(X[["image", "en"]][[1, 2, 3, 4]])
    assert (model.view, model.view_) == (None, "image")


def test_each_view_is_inferred_by_the_one_who_learned_it(X, teacher, fitted):
    own = fitted.view_
    english = X[["en"]][X.present["en"]]
    assert_array_equal(fitted.transform(english), teacher.transform(english))
    both = X[["en", own]][X.present["en"] & X.present[own]]
    student = fitted.transform(both[[own]])
    expected = (student + teacher.transform(both[["en"]])) / 2
    assert_allclose(fitted.transform(both), expected, rtol=1e-5)
    assert abs(student - teacher.transform(both[["en"]])).max() > 0.01


def test_student_encodes_its_view_itself(X, fitted):
    view = X[fitted.view_]
    vectors = view.embedding[view.present].astype(float)
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    module = fitted.net_.module_
    weights = {n: array_of(w) for n, w in module.named_parameters()}
    norm = module.inference[0].norm
    statistics = array_of(norm.mean), array_of(norm.variance)
    expected = softmax(encode(weights, vectors, statistics)[0], axis=1)
    topics = fitted.transform(X[[fitted.view_]][view.present])
    assert_allclose(topics, expected, atol=1e-5)


def test_other_views_are_asked_of_the_teacher(X, teacher, frozen):
    model = make_student("image", frozen).fit(X)
    german = X[["de"]][X.present["de"]]
    assert_array_equal(model.transform(german), teacher.transform(german))
    assert model.transform(X).shape == (60, 3)  # of all three
    unaligned = MultiView.from_arrays({"audio": np.ones((4, 9))})
    with pytest.raises(ValueError, match="'audio' cannot be aligned with 'en'"):
        model.transform(unaligned)
    model = make_student("de", frozen).fit(X)
    with pytest.raises(ValueError, match="from en, de; X has only image"):
        model.transform(X[["image"]])
    with pytest.raises(ValueError, match="view 'de' has width 9, but Distilled"):
        model.transform(MultiView.from_arrays({"de": np.ones((4, 9))}))


def test_score(X, teacher, fitted):
    own = fitted.view_
    some = X[["en", own]]
    topics = fitted.transform(some)
    likelihood = n_tokens = 0.0
    for name in fitted.vocabularies_:
        present = X.present[name]
        counts = X[name].counts.toarray()[present]
        source = fitted if name == own else teacher
        log_p = source._decode(name, topics[present])
        likelihood += (counts * log_p).sum()
        n_tokens += counts.sum()
    assert_allclose(fitted.score(some), likelihood / n_tokens, rtol=1e-6)
    with pytest.raises(ValueError, match="score needs the word counts|has only image"):
        fitted.score(X[["image"]])


def test_components_are_in_the_order_of_the_words(X, frozen):
    for names in (["en", "de"], ["de", "en"]):
        model = make_student("de", frozen).fit(X[names])
        assert list(model.vocabularies_) == list(model.topic_word_) == ["en", "de"]
        assert list(model.topics_frame().columns) == ["en", "de"]
        betas = np.split(model.components_, [12], axis=1)
        for name, beta in zip(("en", "de"), betas, strict=True):
            assert_allclose(model.topic_word_[name], softmax(beta, axis=1), rtol=1e-5)


def test_nested_parameters(X):
    model = make_student()
    assert model.get_params()["teacher__max_iter"] == 2
    model.set_params(teacher__max_iter=1, teacher__dropout=0.5, dropout=0.1)
    model.fit(X)
    assert (model.teacher_.n_iter_, model.n_iter_) == (1, 2)
    assert (model.teacher_.dropout, model.teacher.dropout) == (0.5, 0.5)
    with pytest.raises(ValueError, match="Invalid parameter 'max_iters'"):
        model.set_params(teacher__max_iters=1)


def test_grid_search(X):
    X = X[["en", "image"]]
    search = GridSearchCV(
        make_student(),
        {"teacher__max_iter": [1, 3], "n_components": [2, 3]},
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(X)
    assert search.best_estimator_.teacher_.n_iter_ in (1, 3)
    for number, parameters in enumerate(search.cv_results_["params"]):
        for fold, (train, test) in enumerate(search.cv.split(X)):
            score = search.cv_results_[f"split{fold}_test_score"][number]
            model = make_student().set_params(**parameters).fit(X[train])
            assert score == model.score(X[test])


class Rows(Callback):
    """Note which rows are trained on and which are set aside, by their number."""

    def initialize(self):
        self.seen = {True: set(), False: set()}
        return self

    def on_batch_begin(self, net, batch, training, **kwargs):
        (vectors,) = batch.vectors.values()
        self.seen[training] |= {int(number) for number in vectors[:, 0]}


def test_articles_stay_together(with_groups):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2, 50, 4))
    vectors[:, :, 0] = np.arange(50)
    numbered = MultiView.from_arrays(
        {"en": vectors[0], "image": vectors[1]},
        {"en": rng.poisson(1, size=(50, 9))},
    )
    articles = rng.permutation(np.arange(50) // 5)
    stopping = {"early_stopping": True, "validation_fraction": 0.3}
    teacher = make_teacher(callbacks=[Rows()], standardize=False, **stopping)
    model = make_student(
        teacher=teacher, callbacks=[Rows()], standardize=False, **stopping
    ).fit(with_groups(numbered, articles))
    for one in (model, model.teacher_):
        train, valid = (one.callbacks[0].seen[training] for training in (True, False))
        assert train | valid == set(range(50)) and len(valid) == 15
        assert not {*articles[list(train)]} & {*articles[list(valid)]}


def test_seeds(X):
    def topics(student_seed, teacher_seed):
        model = make_student(
            teacher=make_teacher(random_state=teacher_seed), random_state=student_seed
        ).fit(X)
        return model.teacher_.components_, model.transform(X[["image"]][1:5])

    first = topics(0, None)
    for here, there in zip(first, topics(0, None), strict=True):
        assert_array_equal(here, there)
    assert abs(topics(1, None)[0] - first[0]).max() > 0.1  # the teacher's follows
    kept = topics(0, 5), topics(1, 5)
    assert_array_equal(kept[0][0], kept[1][0])
    assert abs(kept[0][1] - kept[1][1]).max() > 0.01


@pytest.mark.parametrize("view", ["de", "image"])
def test_rows_that_lack_a_view(X, view):
    model = make_student(view, batch_size=4).fit(X)
    assert np.isfinite(model.transform(X[["en", "de"]] if view == "de" else X)).all()
    some = X[[view]]
    with pytest.warns(UserWarning, match=f"rows have none of the views {view}"):
        topics = model.transform(some)
    assert_array_equal(np.isnan(topics[:, 0]), ~some.present[view])
    absent = MultiView.from_arrays(
        {name: X[name].embedding for name in ("en", view)},
        {"en": X["en"].counts},
        present={"en": X.present["en"], view: np.zeros(60, dtype=bool)},
    )[X.present["en"]]
    with pytest.raises(ValueError, match=f"view '{view}' is absent in every row"):
        make_student(view).fit(absent)


def test_text_and_pictures_that_are_never_paired(X):
    halves = np.arange(60) < 30
    apart = MultiView.from_arrays(
        {name: np.nan_to_num(X[name].embedding) for name in ("en", "image")},
        {"en": X["en"].counts},
        present={"en": halves, "image": ~halves},
    )
    with pytest.warns(
        UserWarning, match="no row has 'image' and the text that"
    ) as told:
        topics = make_student().fit_transform(apart)
    assert np.isfinite(topics).all()
    assert "mine_tuples" not in str(told[0].message)


def test_texts_that_are_never_paired(X):
    halves = np.arange(60) < 30
    apart = MultiView.from_arrays(
        {name: np.nan_to_num(X[name].embedding) for name in ("en", "de")},
        {name: X[name].counts for name in ("en", "de")},
        present={"en": halves, "de": ~halves},
    )
    message = r"no row has 'de' .* \(en\), .*mine_tuples"
    with pytest.warns(UserWarning, match=message) as told:
        make_student("de").fit(apart)
    assert told[0].filename == __file__


def test_warm_start(X, fitted):
    model = copy.deepcopy(fitted).set_params(warm_start=True)
    own, teacher = model.view_, model.teacher_
    before = [weights.clone() for weights in model.net_.module_.parameters()]
    model.fit(X[["en", own]])
    assert model.n_iter_ == 4 and model.teacher_ is teacher
    after = model.net_.module_.parameters()
    assert any(not torch.equal(*pair) for pair in zip(before, after, strict=True))
    with pytest.raises(ValueError, match="unknown view .en.; the views are"):
        model.fit(X[[own]][X.present[own]])
    with pytest.raises(ValueError, match=f"unknown view '{own}'"):
        model.fit(X[["en"]][X.present["en"]])
    learned = "de" if own == "de" else "en"
    with pytest.raises(ValueError, match=f"view '{learned}' has no word counts"):
        model.fit(without(X, learned, "counts"))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_counts_alone(X, container):
    # The student of the teacher's own text.
    counts = container(X["en"].counts.toarray()[8:])
    model = make_student(None, make_teacher(view=None)).fit(counts)
    assert model.view_ == model.teacher_.view_
    topics = model.transform(counts)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)
    assert model.components_.shape == (3, 12)
    assert np.isfinite(model.score(counts))
    teacher = make_teacher(view=None).fit(counts)
    same = make_student(None, FrozenEstimator(teacher)).fit(counts)
    assert_allclose(same.transform(counts), topics, atol=1e-6)


def test_columns_of_a_table_are_words(X):
    counts = pd.DataFrame(
        X["en"].counts.toarray()[8:], columns=[f"word {w}" for w in range(12)]
    )
    model = make_student(None, make_teacher(view=None)).fit(counts)
    assert {*model.top_words(n_words=12)[0]} == {*counts.columns}
    assert_array_equal(model.feature_names_in_, counts.columns)


def test_pandas_output_and_names(X, fitted):
    names = [f"distilledtopicmodel{topic}" for topic in range(3)]
    assert_array_equal(fitted.get_feature_names_out(), names)
    model = copy.deepcopy(fitted).set_output(transform="pandas")
    some = X[["en", fitted.view_]]
    frame = model.transform(some)
    assert list(frame.columns) == names
    assert frame.index.tolist() == X.index.tolist()
    assert_array_equal(frame, fitted.transform(some))


def test_output_settings_of_the_teacher_do_not_matter(X, teacher):
    given = copy.deepcopy(teacher).set_output(transform="pandas")
    model = make_student("image", FrozenEstimator(given)).fit(X)
    plain = make_student("image", FrozenEstimator(teacher)).fit(X)
    assert_array_equal(model.transform(X), plain.transform(X))


def test_copies(X, fitted):
    some = X[["en", fitted.view_]]
    fresh = clone(fitted)
    assert not hasattr(fresh, "net_") and not hasattr(fresh, "teacher_")
    assert fresh.teacher.estimator is fitted.teacher_
    assert_array_equal(fresh.fit(X).transform(some), fitted.transform(some))
    stored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(stored.transform(some), fitted.transform(some))
    assert stored.score(some) == fitted.score(some)
    assert stored.top_words("en") == fitted.top_words("en")


@pytest.fixture
def sampled(X):
    return PolylingualLDA(3, max_iter=20, random_state=0).fit(X)


class TestAPolylingualTeacher:
    def test_of_pictures(self, X, sampled):
        model = make_student("image", FrozenEstimator(sampled), decoder="mixture")
        model.fit(X)
        assert model.views_ == ["en", "de", "image"]
        for name, topic_word in model.topic_word_.items():
            assert_allclose(topic_word, sampled.topic_word_[name], rtol=1e-4)
        german = X[["de"]][X.present["de"]]
        assert_array_equal(model.transform(german), sampled.transform(german))
        pictures = model.transform(X[["image"]][X.present["image"]])
        assert_allclose(pictures.sum(axis=1), 1, rtol=1e-5)

    @pytest.mark.slow
    def test_the_student_learns_what_the_teacher_sees(self, plant):
        X, planted = plant()
        teacher = PolylingualLDA(4, doc_topic_prior=0.1, max_iter=100)
        model = make_student(
            "image", teacher, 4, hidden_layer_sizes=(50,), max_iter=40, bias=True
        ).fit(X[:150])
        held_out = X[150:]
        pictures, texts = (
            model.transform(held_out[views]).argmax(axis=1)
            for views in (["image"], ["en", "de"])
        )
        assert np.mean(pictures == texts) > 0.8

    def test_a_text_is_not_shown_to_the_teacher(self, X):
        model = make_student("de", PolylingualLDA(max_iter=5)).fit(X)
        assert list(model.teacher_.vocabularies_) == ["en"]
        assert list(model.vocabularies_) == ["en", "de"]

    def test_a_view_beside_both(self, X, sampled):
        extra = X["image"].embedding[:, :3]
        sound = View(embedding=extra, present=X.present["image"])
        views = {**X.views, "sound": sound}
        model = make_student("image", FrozenEstimator(sampled))
        model.fit(MultiView(views))
        assert "sound" not in model.views_

    def test_without_its_texts(self, X, sampled):
        model = make_student("image", FrozenEstimator(sampled))
        with pytest.raises(ValueError, match=r"none of the texts .* \(en, de\)"):
            model.fit(X[["image"]][X.present["image"]])

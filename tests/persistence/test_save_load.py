"""A model that is stored and loaded is the model that it was."""

import os
import re
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochTimer
from small_models import NAMES, NEURAL, TABLE, answers, fitted_models, make_tuples

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)
from sklearn_m3l.embedding import (
    ImageStatisticsEncoder,
    LsaEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
    make_multiview_encoder,
)

models = cache(fitted_models)


@pytest.fixture
def again(tmp_path):
    """Return a function that stores a model and loads it."""

    def store_and_load(model):
        save_model(model, tmp_path / "model.safetensors")
        return load_model(tmp_path / "model.safetensors")

    return store_and_load


def described(estimator):
    """Return parameters as a text without addresses in memory."""
    return re.sub(r" at 0x\w+", "", repr(estimator.get_params()))


@pytest.mark.parametrize("name", NAMES)
def test_fitted_models_answer_the_same_bits(name, again):
    model, X = models()[name]
    loaded = again(model)
    expected = answers(model, X)
    for answer, found in answers(loaded, X).items():
        assert_array_equal(found, expected[answer], err_msg=answer)


@pytest.mark.parametrize("name", NAMES)
def test_attributes_and_parameters_are_those_that_were_stored(name, again):
    model, X = models()[name]
    loaded = again(model)
    assert type(loaded) is type(model)
    assert set(vars(loaded)) == set(vars(model))
    assert repr(loaded) == repr(model)
    assert repr(loaded.get_params()) == repr(model.get_params())
    assert repr(clone(loaded)) == repr(clone(model))


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_model_is_stored_as_the_same_file(name, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    save_model(models()[name][0], first)
    save_model(load_model(first), second)
    assert first.read_bytes() == second.read_bytes()


# Edited topics cannot be fitted.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "edited"])
def test_a_loaded_model_learns_the_same_anew(name, again):
    model, X = models()[name]
    loaded, rows = again(model), slice(0, 10)
    train = X.iloc[rows] if name == "pipeline" else X[rows]
    expected = clone(model).fit(train)
    loaded.fit(train)
    for answer, found in answers(loaded, X).items():
        assert_array_equal(found, answers(expected, X)[answer], err_msg=answer)


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(3)])
def test_partial_fit_goes_on_with_the_same_bits(random_state, again):
    X = make_tuples()
    model = PolylingualLDA(2, max_iter=3, random_state=random_state).fit(X)
    loaded = again(model)
    shared = model._random_state is model.random_state
    assert (loaded._random_state is loaded.random_state) == shared
    loaded.partial_fit(X[:5])
    model.partial_fit(X[:5])
    assert_array_equal(loaded.components_, model.components_)
    assert loaded.log_likelihood_ == model.log_likelihood_


def test_warm_start_goes_on_from_the_network(again):
    X = make_tuples()
    model = M3LContrastTopicModel(
        **NEURAL, warm_start=True, early_stopping=True, beta_1=0.8, beta_2=0.95
    ).fit(X)
    loaded = again(model)
    assert loaded.loss_curve_ == model.loss_curve_
    for other in (model, loaded):
        other.set_params(learning_rate_init=1e-3).fit(X)
    assert loaded.n_iter_ == model.n_iter_ == 4
    assert loaded.loss_curve_ == model.loss_curve_
    assert_array_equal(loaded.components_, model.components_)


def test_the_decoder_of_a_student_of_pictures_stays_frozen(again):
    model, X = models()["student_of_pictures"]
    loaded = again(model)
    before = loaded.components_
    loaded.set_params(warm_start=True).fit(X)
    assert_array_equal(loaded.components_, before)
    assert loaded.teacher_ is loaded.teacher.estimator


@pytest.mark.parametrize(
    "estimator",
    [
        M3LContrastTopicModel(
            np.int64(3), temperature=np.float32(0.1), inference_networks={"en": 1}
        ),
        ZeroShotTopicModel(hidden_layer_sizes=np.array([4, 5]), view="en"),
        DistilledTopicModel(teacher=ZeroShotTopicModel(random_state=3)),
        PolylingualLDA(4, random_state=np.random.RandomState(3)),
        make_multiview_encoder(["en"], ["image"], random_state=0),
        TextView(LsaEncoder(), WordVectorizer(language=("de", "en")), language="de"),
        StaticEncoder(language=["tr", "en"]),
        WordVectorizer(max_df=0.5, stop_words=["a", "ü", "\ud800"], dtype=np.float32),
        ImageStatisticsEncoder(on_error="missing"),
        SentenceTransformerEncoder("owner/mini", prompt="passage: "),
        FrozenEstimator(LsaEncoder()),
        FrozenEstimator(StaticEncoder()),
        Pipeline([("nothing", "passthrough"), ("topics", PolylingualLDA(7))]),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_unfitted_estimators(estimator, again):
    loaded = again(estimator)
    assert described(loaded) == described(estimator)
    for name, value in estimator.get_params(deep=False).items():
        assert type(loaded.get_params()[name]) is type(value), name
    if hasattr(loaded, "transform") and "Image" not in repr(loaded):
        with pytest.raises((NotFittedError, AttributeError)):
            loaded.transform(["a"])


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        1e-310,
        float("inf"),
        2**63,
        (1, (2,), [], {}),
        {"a": {1: None, None: True, -2: "x", False: [0]}},
        np.arange(6.0).reshape(2, 3).T,
        np.float64(0.1),
        np.bool_(True),
        np.array(["ä", "", "long\0er"]),
        np.array(["ä", "\ud800"], dtype=object),
        np.array([1, 2], dtype=">i4"),
        np.array(7),
        np.array([], dtype=np.float32),
        np.array([], dtype=str),
    ],
    ids=repr,
)
def test_parameters_of_any_plain_kind(value, again):
    # What callers give is not looked at before `fit`.
    (loaded,) = again(TextView(language=[value])).language
    assert type(loaded) is type(value)
    assert repr(loaded) == repr(value) or value.dtype.byteorder == ">"
    if isinstance(value, np.ndarray):
        assert_array_equal(loaded, value)
        assert loaded.flags.fnc == value.flags.fnc


def test_set_output_is_kept(again):
    X = make_tuples()
    model = clone(models()["contrast"][0]).set_output(transform="pandas").fit(X)
    assert_array_equal(again(model).transform(X).index, X.index)
    assert again(clone(model)).fit(X).transform(X).columns[0].endswith("0")


def function(text):
    return text


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (StandardScaler(), "the model is a sklearn.preprocessing._data.StandardScaler"),
        (
            Pipeline([("scale", StandardScaler()), ("topics", PolylingualLDA())]),
            r"the model.steps\[0\]\[1\] is a .*StandardScaler",
        ),
        (TextView(TfidfVectorizer()), "the model.encoder is a .*TfidfVectorizer"),
        (WordVectorizer(tokenizer=function), "the model.tokenizer is a .*function"),
        (
            M3LContrastTopicModel(callbacks=[EpochTimer()]),
            r"the model.callbacks\[0\] is a .*EpochTimer",
        ),
        (TextView(language=[{1, 2}]), r"the model.language\[0\] is a builtins.set"),
        (TextView(language=[np.array([None])]), r".*language\[0\] is a numpy.ndarray"),
        (TextView(language=[np.longdouble(1)]), r".*language\[0\] is a numpy.longd"),
        (type("LsaEncoder", (LsaEncoder,), {})(), "the model is a .*LsaEncoder"),
    ],
)
def test_parts_of_others_are_named(model, part, tmp_path):
    with pytest.raises(TypeError, match=f"{part}.*skops"):
        save_model(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_a_file_cannot_hold(tmp_path):
    path = tmp_path / "model"
    with pytest.raises(TypeError, match="memory"):
        save_model(Pipeline([("topics", PolylingualLDA())], memory="cache"), path)
    with pytest.raises(TypeError, match="PCG64"):
        generator = np.random.RandomState(np.random.PCG64(0))
        save_model(PolylingualLDA(random_state=generator), path)
    with pytest.raises(TypeError, match="a dict is not a model"):
        save_model({"a": 1}, path)
    with pytest.raises(ValueError, match="n_components"):
        save_model(PolylingualLDA(-1), path)
    with pytest.raises(ValueError, match="too large a number"):
        save_model(PolylingualLDA(random_state=0, verbose=2**128), path)
    with pytest.raises(ValueError, match="empty array"):
        save_model(TextView(language=[np.empty((0, 3))]), path)
    with pytest.raises(TypeError, match="a key of the model.language"):
        save_model(TextView(language=[{(1, 2): 3}]), path)
    with pytest.raises(ValueError, match="dimensions"):
        save_model(TextView(language=[np.array([["a"]])]), path)
    nested: list = []
    nested.append(nested)
    with pytest.raises(ValueError, match="nested too deeply"):
        save_model(TextView(language=nested), path)
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_here_gives_the_cpu(tmp_path):
    model = clone(models()["contrast"][0]).fit(make_tuples())
    model.set_params(device="cuda:77")
    save_model(model, tmp_path / "model")
    with pytest.warns(UserWarning, match="cuda:77.*the CPU is used"):
        loaded = load_model(tmp_path / "model")
    X = make_tuples()
    assert_array_equal(loaded.transform(X), model.transform(X))
    assert loaded.device == "cuda:77"


@pytest.mark.slow
def test_another_process_gives_the_same_bits(tmp_path):
    for name, (model, _) in models().items():
        save_model(model, tmp_path / name)
    script = (
        "import sys, numpy as np\n"
        "from small_models import TABLE, answers\n"
        "from sklearn_m3l import load_model\n"
        "folder, name = sys.argv[1:]\n"
        "model = load_model(f'{folder}/{name}')\n"
        "np.savez(f'{folder}/answers', **answers(model, TABLE))\n"
    )
    path = os.pathsep.join(
        [os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")]
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", script, tmp_path, "pipeline"],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": path},
        check=True,
    )
    expected = answers(models()["pipeline"][0], TABLE)
    with np.load(tmp_path / "answers.npz") as there:
        for name, answer in expected.items():
            assert_array_equal(there[name], answer, err_msg=name)


@pytest.mark.slow
def test_loading_imports_no_torch_for_a_model_without_a_network(tmp_path):
    save_model(models()["polylingual"][0], tmp_path / "model")
    script = (
        "import sys; from sklearn_m3l import load_model; "
        f"load_model({str(tmp_path / 'model')!r}); "
        "assert not {'torch', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_no_warning_is_given(again):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model, _ in models().values():
            again(model)

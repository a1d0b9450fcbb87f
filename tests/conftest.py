"""Data that tests share."""

import json
import os
import random
import signal
import sys
import warnings

# scikit-learn checks array API input only where scipy was imported with this.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Arrays of tests gain nothing from threads, which are slow where others use the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from sklearn_m3l import MultiView

# Doctests are sought in every file, but modules of one name cannot all be imported.
collect_ignore_glob = ["*conftest.py"]


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Let Ctrl-C be tested where the tests run in the background, too."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(autouse=True)
def closed_figures():
    """Close what a test draws: pyplot keeps figures, and warns of many."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def generator_states():
    """Return a function that tells the states of all global generators."""
    import torch

    def states():
        kind, keys, *rest = np.random.get_state()
        return (
            [kind, keys.tolist(), *rest],
            torch.get_rng_state().tolist(),
            random.getstate(),
        )

    return states


@pytest.fixture(scope="session")
def make_multiview():
    """Return a function that builds 4 rows of text and picture, with changes."""

    def make(**changes):
        arrays = {
            "embeddings": {
                "en": np.arange(8.0).reshape(4, 2),
                "image": np.full((4, 3), -1, dtype=np.float32),
            },
            "counts": {"en": np.array([[2, 0, 1], [0, 0, 0], [0, 4, 0], [1, 1, 1]])},
            "vocabularies": {"en": ["brush", "layer", "path"]},
            "present": {"image": np.array([True, False, True, False])},
        }
        for argument, given in changes.items():
            merge = argument in arrays and isinstance(given, dict)
            arrays[argument] = arrays[argument] | given if merge else given
        return MultiView.from_arrays(**arrays)

    return make


@pytest.fixture(scope="session")
def with_groups():
    """Return a function that gives the rows of a MultiView other article ids."""

    def give(X, groups):
        return MultiView(X.views, index=X.index, groups=groups)

    return give


@pytest.fixture(scope="session")
def small_multiview():
    """Return 60 rows of English, German and a picture, about three topics.

    Rows 3 and 17 lack German, row 7 English, every fifth row its picture; the
    embeddings of rows that lack a view are NaN, so that a model that reads them
    shows it.
    """
    rng = np.random.default_rng(0)
    n_rows, n_topics = 60, 3
    theta = rng.dirichlet(np.full(n_topics, 0.2), n_rows)
    n_words, widths = {"en": 12, "de": 15}, {"en": 8, "de": 8, "image": 5}
    present = {name: np.ones(n_rows, dtype=bool) for name in widths}
    present["en"][7] = present["de"][[3, 17]] = present["image"][::5] = False

    embeddings, counts, vocabularies = {}, {}, {}
    for name, width in widths.items():
        directions = rng.normal(size=(n_topics, width))
        noise = 0.1 * rng.normal(size=(n_rows, width))
        embeddings[name] = (theta @ directions + noise).astype(np.float32)
        embeddings[name][~present[name]] = np.nan
    for name, n in n_words.items():
        topic_word = rng.dirichlet(np.full(n, 0.2), n_topics)
        counts[name] = rng.multinomial(20, theta @ topic_word)
        counts[name][~present[name]] = 0
        vocabularies[name] = [f"{name}-{word}" for word in range(n)]
    return MultiView.from_arrays(
        embeddings,
        counts,
        vocabularies,
        present,
        index=[f"page-{row:02}" for row in range(n_rows)],
    )


@pytest.fixture(scope="session")
def make_tuples():
    """Return a function that builds 12 tuples of two texts and a picture.

    Some rows lack some view. `absent_seed` draws what is stored in those rows, an
    embedding and counts alike; None stores NaN and no counts.
    """

    def make(absent_seed=None, present=None):
        rng = np.random.default_rng(0)
        masks = {name: np.ones(12, dtype=bool) for name in ("en", "de", "image")}
        masks["de"][[1, 8]] = masks["en"][5] = masks["image"][[0, 5, 7, 9]] = False
        masks |= present or {}
        n_words = {"en": 7, "de": 6}
        widths = {"en": 5, "de": 5, "image": 4}
        embeddings = {
            name: rng.normal(size=(12, width)).astype(np.float32)
            for name, width in widths.items()
        }
        counts = {name: rng.poisson(1.5, size=(12, n)) for name, n in n_words.items()}
        counts["en"][3] = 0  # a document without any known word
        for name, mask in masks.items():
            shape = embeddings[name][~mask].shape
            absent, absent_counts = np.full(shape, np.nan), 0
            if absent_seed is not None:
                other = np.random.default_rng(absent_seed)
                absent = 100 * other.normal(size=shape)
                absent_counts = other.poisson(5, size=(shape[0], 1))
            embeddings[name][~mask] = absent
            if name in counts:
                counts[name][~mask] = absent_counts
        return MultiView.from_arrays(embeddings, counts, present=masks)

    return make


@pytest.fixture
def tuples(make_tuples):
    return make_tuples()


@pytest.fixture(scope="session")
def make_dataset():
    """Return a function that builds a dataset; without a seed nothing is drawn."""

    def make(X, **changes):
        import torch

        from sklearn_m3l.training import TupleDataset

        arguments = {
            "encoded": X.view_names,
            "decoded": [name for name, view in X.views.items() if view.is_text],
            "seed": None,
            "device": torch.device("cpu"),
            **changes,
        }
        encoded = {name: X[name] for name in arguments.pop("encoded")}
        return TupleDataset(X, encoded, **arguments)

    return make


@pytest.fixture(scope="session")
def make_batch(make_dataset):
    """Return a function that makes one batch of some tuples, in their order.

    With a seed, dropout and samples are drawn.
    """

    def make(X, rows=range(12), seed=None, prior=None, **changes):
        import torch

        from sklearn_m3l.training._batches import TupleBatches

        rows = np.asarray(rows)
        for name in ("groups", "pair_weight"):
            if changes.get(name) is not None:
                changes[name] = changes[name][rows]
        dataset = make_dataset(
            X[rows],
            prior=None if prior is None else prior[:, rows],
            **changes,
        )
        (batch,) = TupleBatches(dataset, 1000)
        if seed is not None:
            batch.generator = torch.Generator().manual_seed(seed)
        return batch

    return make


@pytest.fixture(scope="session")
def clip_model(tmp_path_factory):
    """Save a CLIP model of random weights, and return its folder."""
    import torch

    os.environ["HF_HUB_OFFLINE"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("sentence_transformers")
        import transformers

    # Laid out as the published models are.
    top = tmp_path_factory.mktemp("clip")
    folder = top / "0_CLIPModel"
    folder.mkdir()
    kind = "sentence_transformers.models.CLIPModel"
    part = {"idx": 0, "name": "0", "path": folder.name, "type": kind}
    (top / "modules.json").write_text(json.dumps([part]))
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = ["<|startoftext|>", "<|endoftext|>", *tokens]
    (folder / "vocab.json").write_text(
        json.dumps({token: number for number, token in enumerate(vocabulary)})
    )
    (folder / "merges.txt").write_text("#version: 0.2\n")
    size = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={
            **size,
            "num_hidden_layers": 1,
            "vocab_size": len(vocabulary),
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config={
            **size,
            "num_hidden_layers": 1,
            "image_size": 32,
            "patch_size": 8,
        },
        projection_dim=24,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.CLIPModel(config)
    model.save_pretrained(folder)
    # From transformers 5 on, the one of the old name needs torchvision.
    before = "CLIPImageProcessor"
    pictures = getattr(transformers, f"{before}Pil", getattr(transformers, before))
    with warnings.catch_warnings():  # version 5.0 warns of its own call
        warnings.simplefilter("ignore", DeprecationWarning)
        tokenizer = transformers.CLIPTokenizer(
            str(folder / "vocab.json"), str(folder / "merges.txt")
        )
    processor = transformers.CLIPProcessor(
        pictures(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        tokenizer,
    )
    processor.save_pretrained(folder)
    return top

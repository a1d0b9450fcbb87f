"""Small fitted models of every kind, and what they answer.

    python tests/persistence/small_models.py FOLDER

stores them, with the answers, for tests of later versions.
"""

import argparse
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    save_model,
)
from sklearn_m3l.embedding import (
    ImageView,
    LsaEncoder,
    MultiViewEncoder,
    TextView,
    WordVectorizer,
)

NEURAL = {
    "n_components": 2,
    "max_iter": 2,
    "hidden_layer_sizes": (3,),
    "batch_size": 8,
    "device": "cpu",
    "random_state": 0,
}
TABLE = pd.DataFrame(
    {
        "en": ["A brush paints", "The layer, a mask", "Paint the layer", None] * 3,
        "de": ["Ein Pinsel malt", "Die Ebene", None, "Eine Maske für Ebenen"] * 3,
        "image": [None, *([np.zeros((8, 8)), np.full((8, 8), 0.5)] * 6)][:12],
    }
)


def make_tuples():
    """Return 16 rows of English, German and a picture; some rows lack a view."""
    rng = np.random.default_rng(0)
    present = {"de": np.arange(16) != 3, "image": np.arange(16) % 5 > 0}
    return MultiView.from_arrays(
        embeddings={
            "en": rng.normal(size=(16, 4)).astype(np.float32),
            "de": rng.normal(size=(16, 4)).astype(np.float32),
            "image": rng.normal(size=(16, 3)).astype(np.float32),
        },
        counts={"en": rng.poisson(1.0, (16, 5)), "de": rng.poisson(1.0, (16, 6))},
        vocabularies={
            "en": ["brush", "ink", "layer", "mask", "path"],
            "de": ["ebene", "maske", "pfad", "pinsel", "tinte", "über"],
        },
        present=present,
    )


NAMES = [
    "contrast",
    "zero_shot",
    "student_of_text",
    "student_of_pictures",
    "polylingual",
    "array",
    "edited",
    "pipeline",
]


def fitted_models():
    """Return copies of models by name, each with what it is asked about."""
    return pickle.loads(_fitted_models())


@cache
def _fitted_models():
    X = make_tuples()
    texts = X[["en", "de"]]
    zero_shot = ZeroShotTopicModel(**NEURAL, view="en").fit(texts)
    distilled = DistilledTopicModel(**NEURAL)
    models = {
        "contrast": (M3LContrastTopicModel(**NEURAL, n_draws=2).fit(X), X),
        "zero_shot": (zero_shot, texts),
        "student_of_text": (
            clone(distilled)
            .set_params(view="de", teacher=ZeroShotTopicModel(**NEURAL, view="en"))
            .fit(texts),
            texts,
        ),
        "student_of_pictures": (
            clone(distilled)
            .set_params(view="image", teacher=FrozenEstimator(zero_shot))
            .fit(X[["en", "image"]]),
            X[["en", "image"]],
        ),
        "polylingual": (
            PolylingualLDA(2, max_iter=4, optimize_interval=2, random_state=0).fit(X),
            X,
        ),
        "array": (
            M3LContrastTopicModel(**NEURAL).fit(X["en"].counts),
            X["en"].counts,
        ),
    }
    edited = models["polylingual"][0].reorder_topics([1, 0])
    models["edited"] = (edited.set_topic_names({0: "paint"}), X)
    models["pipeline"] = fitted_pipeline(), TABLE
    assert list(models) == NAMES
    return pickle.dumps(models)


def fitted_pipeline():
    """Return a pipeline of all default parts, fitted on a table."""
    text = TextView(LsaEncoder(n_components=2, random_state=0), WordVectorizer())
    views = [("en", text), ("de", text), ("image", ImageView())]
    steps = [
        ("encode", MultiViewEncoder(views)),
        ("topics", M3LContrastTopicModel(**NEURAL)),
    ]
    return Pipeline(steps).fit(TABLE)


def answers(model, X):
    """Return what a fitted model answers, as arrays by name."""
    if isinstance(model, Pipeline):
        X, encoded = model["encode"].transform(X), X
        theta = model.transform(encoded)
        return {"pipeline": np.asarray(theta)} | answers(model[-1], X)
    return {
        "transform": model.transform(X),
        "score": np.array(model.score(X)),
        "words": model.topics_frame(n_words=3).to_numpy().astype(str),
        "components": model.components_,
        "n_iter": np.array(model.n_iter_),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model, X) in fitted_models().items():
        save_model(model, folder / f"{name}.safetensors")
        np.savez_compressed(folder / f"{name}.npz", **answers(model, X))


if __name__ == "__main__":
    main()

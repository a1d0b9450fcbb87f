"""Retrieval and coherence of M3L-Contrast with its defaults, over several seeds.

Run as `python -m benchmarks.quality gimp-help` (50 topics, the bundled corpus) or
`python -m benchmarks.quality multi30k --data FOLDER` (100 topics, test_2016). Prints
every seed and the medians. With `--validation` it does not touch the test parts: so
defaults are chosen, such as by `--set hidden_layer_sizes=(300,) batch_size=32`.
"""

import argparse
import ast
import statistics
import time

from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils import Bunch

from benchmarks.configurations import AUTHORS_CODE, PAPER
from benchmarks.corpora import load_multi30k
from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.metrics import evaluate_alignment

CONFIGURATIONS = {
    "defaults": {},
    "paper": PAPER["M3LContrastTopicModel"],
    "authors-code": AUTHORS_CODE,
}


def load(corpus, data, validation):
    """Return training part, the part to judge on, and settings of a corpus."""
    if corpus == "gimp-help":
        settings = {"n_components": 50}
        if not validation:
            return load_gimp_help("train"), load_gimp_help("test"), settings
        pages = load_gimp_help("train")
        split = GroupShuffleSplit(1, test_size=0.25, random_state=0)
        rows = next(split.split(pages.data, groups=pages.data.groups))
        parts = [Bunch(data=pages.data[r]) for r in rows]
        return *parts, settings
    if data is None:
        raise SystemExit("multi30k needs --data FOLDER")
    names = ["train", "val" if validation else "test_2016"]
    splits = load_multi30k(data, names)
    parts = [Bunch(data=splits[n]) for n in names]
    return *parts, {"n_components": 100}


def setting(text):
    """Return name and value of a parameter."""
    name, value = text.split("=", 1)
    return name, ast.literal_eval(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=["gimp-help", "multi30k"])
    parser.add_argument("--data", help="folder of Multi30k")
    parser.add_argument("--configuration", choices=CONFIGURATIONS, default="defaults")
    parser.add_argument("--validation", action="store_true")
    parser.add_argument(
        "--set",
        type=setting,
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="parameters of the model other than the configuration's",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    train, test, settings = load(arguments.corpus, arguments.data, arguments.validation)
    configuration = CONFIGURATIONS[arguments.configuration]
    settings = {**configuration, **settings, **dict(arguments.set)}
    runs = []
    for seed in arguments.seeds:
        model = M3LContrastTopicModel(**settings, random_state=seed)
        start = time.perf_counter()
        model.fit(train.data)
        seconds = time.perf_counter() - start
        scores = evaluate_alignment(model, test.data, X_train=train.data)
        runs.append({name: score.value for name, score in scores.items()})
        shown = "  ".join(f"{name} {value:.3f}" for name, value in runs[-1].items())
        print(f"seed {seed} ({seconds:.0f} s): {shown}", flush=True)
    for name in runs[0]:
        values = [run[name] for run in runs]
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:<14} median {statistics.median(values):.3f}  ({spread})")


if __name__ == "__main__":
    main()

"""Retrieval and coherence of M3L-Contrast with its defaults, over several seeds.

Run as `python -m benchmarks.quality gimp-help` (50 topics, the bundled corpus) or
`python -m benchmarks.quality multi30k --data FOLDER` (100 topics, test_2016). Prints
every seed and the medians.
"""

import argparse
import statistics
import time

from sklearn.utils import Bunch

from benchmarks.configurations import AUTHORS_CODE, PAPER
from benchmarks.corpora import load_multi30k
from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l._evaluation import evaluate_alignment
from sklearn_m3l.datasets import load_gimp_help

CONFIGURATIONS = {"defaults": {}, "paper": PAPER, "authors-code": AUTHORS_CODE}


def load(corpus, data):
    """Return training part, test part and settings of a corpus."""
    if corpus == "gimp-help":
        return load_gimp_help("train"), load_gimp_help("test"), {"n_components": 50}
    if data is None:
        raise SystemExit("multi30k needs --data FOLDER")
    splits = load_multi30k(data, ["train", "test_2016"])
    train, test = (
        Bunch(data=splits[name], target=range(len(splits[name])))
        for name in ("train", "test_2016")
    )
    return train, test, {"n_components": 100}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=["gimp-help", "multi30k"])
    parser.add_argument("--data", help="folder of Multi30k")
    parser.add_argument("--configuration", choices=CONFIGURATIONS, default="defaults")
    parser.add_argument("--max-iter", type=int, help="epochs (default: the model's)")
    parser.add_argument("--batch-size", type=int, help="(default: the model's)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    train, test, settings = load(arguments.corpus, arguments.data)
    given = {"max_iter": arguments.max_iter, "batch_size": arguments.batch_size}
    given = {name: value for name, value in given.items() if value is not None}
    settings = {**CONFIGURATIONS[arguments.configuration], **settings, **given}
    runs = []
    for seed in arguments.seeds:
        model = M3LContrastTopicModel(**settings, random_state=seed)
        start = time.perf_counter()
        model.fit(train.data, train.target)
        seconds = time.perf_counter() - start
        scores = evaluate_alignment(model, train, test)
        runs.append({name: score.value for name, score in scores.items()})
        shown = "  ".join(f"{name} {value:.3f}" for name, value in runs[-1].items())
        print(f"seed {seed} ({seconds:.0f} s): {shown}", flush=True)
    for name in runs[0]:
        values = [run[name] for run in runs]
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:<14} median {statistics.median(values):.3f}  ({spread})")


if __name__ == "__main__":
    main()

"""Choose the number of topics and the batch size, through the whole pipeline.

A grid search on the bundled corpus, from raw texts and pictures to four scores: the
paper's ablations (its Figures 3 to 6) in one call. It prints a table and writes a
figure. With the default of 20 epochs, training does not converge. This favors small
batches, which take more steps; `--max-iter 100`, the default of the model, takes about
four times as long.

Run: ``python examples/grid_search.py``
"""

import argparse
import tempfile
import time

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import AblationDisplay
from sklearn_m3l.embedding import make_multiview_encoder
from sklearn_m3l.metrics import make_alignment_scorer

METRICS = {
    "mrr": "MRR, English to German",
    "uap": "UAP, texts to pictures",
    "jsd": "JSD between the views",
    "npmi": "NPMI of both languages",
}
GRID = {"model__n_components": [25, 50, 100], "model__batch_size": [16, 32, 64, 128]}


def load_table(subset):
    """Return a DataFrame of raw texts, pictures and the page of each row."""
    corpus = load_gimp_help(subset)
    frame = corpus.frame.astype(object)
    # The pictures are JPEG files in the column, as bytes; None if a row has no picture.
    frame["image"] = [corpus.thumbnails.get(path) for path in frame["image"]]
    return frame


def print_table(results):
    """Print mean and spread of each metric over the folds, the best MRR first."""
    table = pd.DataFrame(results).sort_values("rank_test_mrr")
    shown = pd.DataFrame(
        {"topics": table["param_model__n_components"]}
        | {"batch": table["param_model__batch_size"]}
        | {
            name.upper(): [
                f"{sign * mean:.3f} ± {std:.3f}"
                for mean, std in zip(
                    table[f"mean_test_{name}"], table[f"std_test_{name}"], strict=True
                )
            ]
            for name, sign in {"mrr": 1, "uap": 1, "jsd": -1, "npmi": 1}.items()
        }
    )
    print(shown.to_string(index=False))


def plot_figure(results, path):
    """Draw each metric against the number of topics, one line per batch size."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
    for ax, (name, label) in zip(axes.flat, METRICS.items(), strict=True):
        AblationDisplay.from_cv_results(
            results, "n_components", score_name=name, negate_score=name == "jsd", ax=ax
        )
        ax.set(xlabel="Topics", ylabel=label)
        ax.get_legend().remove()  # one legend for all
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path)


def main():
    """Run the search."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--max-iter", type=int, default=20, help="epochs (default: 20)")
    parser.add_argument("--n-jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument(
        "--output", default="grid_search.png", help="figure (default: grid_search.png)"
    )
    arguments = parser.parse_args()
    start = time.perf_counter()
    X = load_table("train")
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(
            [
                (
                    "encoder",
                    make_multiview_encoder(
                        ["en", "de"], ["image"], groups="page", random_state=0
                    ),
                ),
                (
                    "model",
                    M3LContrastTopicModel(max_iter=arguments.max_iter, random_state=0),
                ),
            ],
            memory=folder,  # encodes each fold once, not once per candidate
        )
        search = GridSearchCV(
            pipeline,
            GRID,
            scoring=make_alignment_scorer(METRICS),
            refit="mrr",
            cv=GroupKFold(3),  # no page is in two folds
            n_jobs=arguments.n_jobs,
            verbose=2,
        )
        search.fit(X, groups=X["page"])
        print_table(search.cv_results_)
        scores = search.scorer_(search.best_estimator_, load_table("test"))
    print(f"\nThe best, {search.best_params_}, on pages that the search has not seen:")
    for name, label in METRICS.items():
        print(f"  {label:<24} {-scores[name] if name == 'jsd' else scores[name]:.3f}")
    plot_figure(search.cv_results_, arguments.output)
    print(f"\nWrote {arguments.output} after {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()

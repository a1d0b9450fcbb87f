"""The command evaluate: measure a stored pipeline on a table."""

from pathlib import Path
from typing import Any

from sklearn_m3l.cli._models import encode, load_pipeline, read_views
from sklearn_m3l.cli._scores import LIKELIHOOD, print_scores
from sklearn_m3l.cli._tables import TableFile
from sklearn_m3l.metrics import Score, evaluate_alignment


def evaluate(
    model: Path, table: Path, *, groups: str | None = None, **options: Any
) -> None:
    """Print how well a stored pipeline aligns the views of a table.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    table : Path
        A CSV or TSV file.
    groups : str, optional
        Column of article ids.
    **options : dict
        See `TableFile`.
    """
    pipeline = load_pipeline(model)
    given = read_views(TableFile(table, **options), pipeline, groups)
    X = encode(pipeline, given, groups)
    topic_model = pipeline["topics"]
    scores = evaluate_alignment(topic_model, X)
    texts = [name for name in X.view_names if name in topic_model.vocabularies_]
    spoken = [name for name in texts if X[name].counts.sum()]
    if spoken:
        n_rows = int(sum(X[name].present.sum() for name in spoken))
        scores[LIKELIHOOD] = Score(topic_model.score(X), n_rows=n_rows)
    n_articles = len(X) if X.groups is None else len(set(X.groups))
    print(f"{len(X):,} rows of {n_articles:,} articles\n")
    print_scores(scores)

"""The commands edit and stop-words."""

from collections.abc import Sequence
from pathlib import Path

from sklearn.pipeline import Pipeline

from sklearn_m3l.cli._formats import print_frame
from sklearn_m3l.cli._models import load_pipeline
from sklearn_m3l.inspection import suggest_stop_words, suggest_topic_names
from sklearn_m3l.persistence import save_model


def edit(
    model: Path,
    output: Path,
    *,
    names: Sequence[tuple[int, str]] = (),
    suggest_names: str | None = None,
    groups: Sequence[list[int]] = (),
    drop: Sequence[int] = (),
    reduce: int | None = None,
    by_prevalence: bool = False,
) -> None:
    """Write a model with edited topics.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    output : Path
        The file to write.
    names : sequence of (int, str) tuples
        Names of topics.
    suggest_names : str, optional
        A column of texts whose words name the other topics of the result.
    groups : sequence of list of int
        Topics to merge.
    drop : sequence of int
        Topics to drop.
    reduce : int, optional
        Number of topics to keep after that.
    by_prevalence : bool
        Whether to put the most common topics first.
    """
    pipeline = load_pipeline(model)
    topics = pipeline["topics"]
    twice = {number for number, _ in names if [n for n, _ in names].count(number) > 1}
    if twice:
        raise ValueError(f"--name gives topic {min(twice)} several names")
    topics.set_topic_names(dict(names))
    merged = [topic for group in groups for topic in group]
    for topic in drop:
        if topic in merged:
            raise ValueError(f"topic {topic} cannot be both merged and dropped")
    if drop:
        n_topics = len(topics.topic_names_)
        for topic in merged:
            if topic >= n_topics:
                raise ValueError(
                    f"--merge has the unknown topic {topic}; topics are numbered from "
                    f"0 to {n_topics - 1}"
                )
        topics = topics.drop_topics(drop)
        # Later topics have moved up.
        groups = [[k - sum(d < k for d in drop) for k in group] for group in groups]
    if groups:
        topics = topics.merge_topics(groups)
    if reduce is not None:
        topics = topics.reduce_topics(reduce)
    if by_prevalence:
        topics = topics.reorder_topics("prevalence")
    if suggest_names is not None:
        suggested = suggest_topic_names(topics, view=suggest_names)
        known = zip(topics.topic_names_, suggested, strict=True)
        topics.set_topic_names([name or other for name, other in known])
    save_model(Pipeline([("encode", pipeline["encode"]), ("topics", topics)]), output)
    named = sum(name is not None for name in topics.topic_names_)
    print(f"Wrote {output}: {len(topics.topic_names_)} topics, {named} with a name")


def stop_words(
    model: Path, *, n_words: int = 50, min_share: float = 0.8, form: str = "table"
) -> None:
    """Print the words that are frequent in nearly every topic.

    Parameters
    ----------
    model : Path
        A file that fit wrote.
    n_words : int
        Number of top words of a topic that are frequent.
    min_share : float
        Smallest share of the topics in which a word must be frequent.
    form : {"table", "csv", "json", "markdown"}
        How to print them.
    """
    pipeline = load_pipeline(model)
    table = suggest_stop_words(pipeline, n_words=n_words, min_share=min_share)
    if not len(table) and form == "table":
        print("No word is frequent in so many topics")
        return
    print_frame(table.round(4), form, lambda row: f"{table['word'][row]}", n_key=2)

"""Embed partitioned tables into a folder, and infer their topics."""

import shutil
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from sklearn_m3l.distributed._client import find_client
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._folder import MANIFEST, save_manifest_of_parts
from sklearn_m3l.utils._files import read_file, replace_file
from sklearn_m3l.utils._storage import digest, dumps, loads

# Describes the input of the parts in a folder; calls that add parts must match it.
_PLAN = "plan"


def encode(
    ddf: Any,
    encoder: Any,
    folder: str | PathLike,
    *,
    sample_size: int = 100_000,
    random_state: int = 0,
    verbose: int = 0,
) -> MultiView:
    """Embed a partitioned table into a folder, one part per partition.

    The workers of the current Dask cluster encode the partitions, and each keeps a
    pretrained model in memory. Parts appear once they are complete: if workers or the
    whole cluster are lost, call it again with the same arguments, and finished parts
    are kept.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        Has a column for every view.
    encoder : MultiViewEncoder
        If it is not fitted, it is fitted here on a sample of the rows, from which
        vectorizers and LSA learn. Pretrained encoders learn nothing.
    folder : str or path
        A new folder that all workers can write to and this process can read.
    sample_size : int, default=100_000
        Largest number of rows to fit on. They are drawn from all partitions.
    random_state : int, default=0
        Seed of the sample.
    verbose : int, default=0
        Whether to show a progress bar of the partitions.

    Returns
    -------
    MultiView
        All rows, in the order of the partitions, on disk: the result of
        ``MultiView.open(folder)``.

    Raises
    ------
    ValueError
        If there is no Dask cluster, a worker lacks this package, the table has no rows,
        or the folder has parts of another table or encoder.
    OSError
        If the folder cannot be written.

    See Also
    --------
    transform : Infers the topics of a partitioned table.
    """
    client = find_client()
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lengths = [int(n) for n in ddf.map_partitions(len).compute()]
    if not sum(lengths):
        raise ValueError("the table has no rows")
    try:
        check_is_fitted(encoder)
    except NotFittedError:
        encoder.fit(_sample(ddf, lengths, sample_size, random_state))
    # One copy for each worker, not for each task.
    shared = client.scatter(encoder, broadcast=True)
    first = client.compute(ddf.to_delayed()[int(np.flatnonzero(lengths)[0])])
    probe = client.submit(_probe, first, shared).result()
    _check_plan(folder, [repr(encoder), list(ddf.columns), lengths, probe])
    names = {n: f"part-{n:06d}" for n, length in enumerate(lengths) if length}
    left = {
        n: folder / name for n, name in names.items() if not _is_part(folder / name)
    }
    tasks = _submit(client, ddf, shared, left)
    with tqdm(
        desc="Encoding",
        unit="partition",
        total=len(names),
        initial=len(names) - len(left),
        disable=not verbose,
    ) as bar:
        for _ in tasks:
            bar.update()
    for unfinished in folder.glob(".*.part"):  # from lost workers
        shutil.rmtree(unfinished, ignore_errors=True)
    save_manifest_of_parts(folder, list(names.values()))
    return MultiView.open(folder)


def _submit(client, ddf, shared, left: dict[int, Path]) -> Iterator[int]:
    """Encode partitions on the workers; iterate over the numbers of finished ones."""
    from distributed import as_completed

    if not left:
        return
    parts = ddf.to_delayed()
    futures = {
        client.submit(_encode_part, client.compute(parts[n]), shared, path): n
        for n, path in left.items()
    }
    for future in as_completed(list(futures)):
        future.result()  # raises an error of the worker
        yield futures[future]


def _encode_part(df: pd.DataFrame, encoder: Any, path: Path) -> None:
    """Write a part unless it exists: a task can run twice if a worker is lost."""
    if _is_part(path):
        return
    try:
        encoder.transform(df).save(path)
    except FileExistsError:
        if not _is_part(path):
            raise


def _probe(df: pd.DataFrame, encoder: Any) -> str:
    """Return a checksum of an encoder's output for the first row of a table."""
    X = encoder.transform(df.iloc[:1])
    return digest(
        [
            [
                name,
                view.vocabulary,
                view.counts,
                # Other processors round differently.
                np.round(view.read(slice(None)), 2) + 0,
            ]
            for name, view in X.views.items()
        ]
    )


def _is_part(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def _sample(ddf, lengths: list[int], size: int, seed: int) -> pd.DataFrame:
    """Return rows that are drawn from all partitions, in order."""
    n_rows = sum(lengths)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(n_rows)[:size])
    ends = np.cumsum(lengths)
    own = [
        rows[(rows >= end - length) & (rows < end)] - (end - length)
        for end, length in zip(ends, lengths, strict=True)
    ]
    import dask

    parts = [
        dask.delayed(_take)(part, chosen)
        for part, chosen in zip(ddf.to_delayed(), own, strict=True)
        if len(chosen)
    ]
    return pd.concat(dask.compute(*parts))


def _take(df: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    return df.iloc[rows]


def _check_plan(folder: Path, plan: list) -> None:
    """Refuse to add parts to those of another call."""
    path, own = folder / _PLAN, digest(plan)
    if not path.exists():
        if any(folder.iterdir()):
            raise ValueError(f"{folder} is not empty; name a new folder")
        replace_file(path, dumps(_PLAN, own))
    elif loads(_PLAN, read_file(path)) != own:
        raise ValueError(
            f"{folder} has parts of another table, encoder or sample; name a new "
            "folder, or remove it"
        )


def transform(ddf: Any, pipeline: Any) -> Any:
    """Infer the topics of a partitioned table, partition by partition.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        Has the columns that the pipeline needs.
    pipeline : Pipeline
        A fitted pipeline of a `MultiViewEncoder` and a topic model. Each worker gets
        one copy.

    Returns
    -------
    dask.dataframe.DataFrame of float32
        One column per topic, named as by ``get_feature_names_out``, with the index of
        the table; NaN in rows that have no view. Dask computes it lazily.

    Raises
    ------
    NotFittedError
        If the pipeline is not fitted.

    See Also
    --------
    encode : Embeds a partitioned table.
    """
    import dask

    check_is_fitted(pipeline)
    names = list(pipeline[-1].get_feature_names_out())
    empty = np.empty((0, len(names)), np.float32)
    meta = pd.DataFrame(empty, ddf._meta.index, names)
    shared = dask.delayed(pipeline, pure=False)
    return ddf.map_partitions(_transform_part, shared, names, meta=meta)


def _transform_part(df: pd.DataFrame, pipeline: Any, names: list[str]) -> pd.DataFrame:
    if df.empty:
        topics = np.empty((0, len(names)), np.float32)
    else:
        topics = np.asarray(pipeline.transform(df), np.float32)
    return pd.DataFrame(topics, df.index, names)

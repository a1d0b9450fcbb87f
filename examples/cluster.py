"""Topics of a table that no process holds: a Dask cluster on this machine.

Writes the bundled corpus as a partitioned Parquet table, embeds it on two worker
processes, trains from the folder that they wrote, infers topics partition by partition,
and ends with a report. On a real cluster, `Client` gets the address of its scheduler,
and the folder is one that all machines share.

Run: ``python examples/cluster.py``
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import dask.dataframe as dd
from distributed import Client
from sklearn.pipeline import make_pipeline

from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicReport
from sklearn_m3l.distributed import encode, transform
from sklearn_m3l.embedding import make_multiview_encoder


def main():
    """Run all steps; say how long each takes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--max-iter", type=int, default=50)
    parser.add_argument("--rows", type=int, help="rows to take; by default all")
    parser.add_argument("--output", type=Path, default="cluster.html")
    options = parser.parse_args()
    frame = load_gimp_help("train").frame[["en", "de", "page"]][: options.rows]
    with (
        TemporaryDirectory() as name,
        Client(n_workers=2, threads_per_worker=1, dashboard_address=":0"),
    ):
        folder = Path(name)
        dd.from_pandas(frame, npartitions=8).to_parquet(folder / "table")
        table = dd.read_parquet(folder / "table")

        start = time.perf_counter()
        encoder = make_multiview_encoder(["en", "de"], groups="page", random_state=0)
        X = encode(table, encoder, folder / "corpus", verbose=1)
        print(f"Encoded in {time.perf_counter() - start:.1f} s: {X}")

        start = time.perf_counter()
        model = M3LContrastTopicModel(
            20, max_iter=options.max_iter, init_max_iter=50, random_state=0
        ).fit(X)
        print(f"Trained in {time.perf_counter() - start:.1f} s")

        start = time.perf_counter()
        topics = transform(table, make_pipeline(encoder, model))
        topics.to_parquet(folder / "topics")
        shares = dd.read_parquet(folder / "topics").mean().compute()
        print(f"Inferred topics in {time.perf_counter() - start:.1f} s")
        print(f"The most common topic is {shares.idxmax()}, {shares.max():.1%} of all")

        report = TopicReport.from_estimator(model, X, titles=list(frame["page"]))
        report.save(options.output)
        print(f"Wrote {options.output}")


if __name__ == "__main__":  # worker processes import this file, too
    main()

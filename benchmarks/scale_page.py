"""The tables of large corpora and of a GPU in the user guide, from stored results.

What is larger than what was measured is in proportion to it, and says so.
"""

import json
from pathlib import Path

from benchmarks.leaderboard.tables import STALE, is_current, list_table
from benchmarks.provenance import RESULTS, ROOT

CLUSTER, MILLION = (RESULTS / "scale" / f"{n}.json" for n in ("cluster", "million"))
GPU = RESULTS / "gpu" / "nvidia_h200.json"
SIZES = [10**power for power in range(4, 9)]


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
        "tuples": f"10\\ :sup:`{len(str(n_rows)) - 1}`",
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


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 2 else f"{seconds:.1f} s"


def _size(gb: float) -> str:
    if gb < 1:
        return f"{gb * 1000:.0f} MB"
    return f"{gb:.1f} GB" if gb < 100 else f"{gb:.0f} GB"


def scale_text(stale: bool) -> str:
    """Return what the docs include on large corpora, `stale` if what is of a GPU is."""
    million = json.loads(MILLION.read_text(encoding="utf-8"))
    one, two = json.loads(CLUSTER.read_text(encoding="utf-8"))
    gpu = json.loads(GPU.read_text(encoding="utf-8"))
    rows = [cost(n_rows, million, one, gpu) for n_rows in SIZES]
    speed = one["encode_s"] / two["encode_s"]
    sampling = one["sweep_s"] / two["sweep_s"]
    changed = " The code has changed since the GPU was timed." if stale else ""
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
the CPU beside it takes.{changed}

Two Dask workers on the same two cores encoded {speed:.1f} times as fast as one, and
sampled {one["tokens"]:,} tokens {sampling:.1f} times as fast: {one["sweep_s"]:.2f} s
and {two["sweep_s"]:.2f} s per sweep of 50 topics.
"""
    return _table(rows) + text


def gpu_text(stale: bool) -> str:
    """Return what the docs include on a GPU, with a note if its result is stale.

    It is shown even then: not everybody who changes the code has such a GPU.
    """
    gpu = json.loads(GPU.read_text(encoding="utf-8"))
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
    return _table(rows) + text + (f"\n{STALE}\n" if stale else "")


def write_pages(docs: Path = ROOT / "docs") -> None:
    """Write what the docs include."""
    stale = not is_current(GPU)
    texts = {"scale_figures.inc": scale_text(stale), "gpu_figures.inc": gpu_text(stale)}
    for name, text in texts.items():
        (docs / name).write_text(text, encoding="utf-8")


def _table(rows: list[dict[str, str]]) -> str:
    return list_table([*rows[0]], [[*row.values()] for row in rows]) + "\n"

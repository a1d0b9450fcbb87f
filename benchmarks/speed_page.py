"""The table of `benchmarks.speed`, from its stored result."""

import json

from benchmarks.leaderboard.tables import STALE, is_current
from benchmarks.provenance import ROOT
from benchmarks.readme import fill_table
from benchmarks.speed import N_ROWS, N_TOKENS, RESULT


def table(stale: bool = False) -> str:
    """Return the table in Markdown; a stale result is not shown."""
    if not stale and not is_current(RESULT):
        return f"| {STALE} |\n|---|"
    found = json.loads(RESULT.read_text(encoding="utf-8"))
    training, sweep = found["training"], found["ns per token"]

    def epoch(settings: str) -> str:
        own = training[settings]
        return (
            f"{own['ours']:.1f} s; a plain PyTorch loop with the product decoder "
            f"{own['plain']:.1f} s (ratio of turns {own['ratio']:.2f})"
        )

    rows = {
        "an epoch of M3L-Contrast on Multi30k, defaults, one thread": epoch("defaults"),
        "the same, the paper's model, batches of 32": epoch("paper"),
        f"`transform` of {N_ROWS:,} rows of two views, one thread": (
            f"{training['transform']:.1f} s"
        ),
        "`PolylingualLDA`, a token and sweep, 100 topics": (
            f"{sweep['1']:.0f} ns; {sweep['2']:.0f} ns with `n_jobs=2`"
        ),
        f"`PolylingualLDA`, {N_TOKENS:,} tokens": (
            f"{found['GB of 5 million tokens']:.2f} GB at most"
        ),
        "`pairwise_jensen_shannon`, 1,000 x 3,278 rows of 100 topics, one thread": (
            f"{found['Jensen-Shannon ratio']:.1f} times as fast as scipy's `cdist`"
        ),
        f"`evaluate_alignment`, MRR and JSD of {N_ROWS:,} rows, 50 topics": (
            f"{found['MiB of evaluation']:.0f} MiB at most, besides the topics"
        ),
    }
    lines = [f"| {what} | {value} |" for what, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def write_page() -> None:
    """Write the table below its heading in `benchmarks/README.md`."""
    fill_table(ROOT / "benchmarks" / "README.md", "## Speed and memory", table())

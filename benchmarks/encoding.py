"""Encode many synthetic rows in chunks, into files, and report time and memory.

Run from the root of the repository: ``python -m benchmarks.encoding``, and with
``--in-memory`` to compare. The encoder stands for a pretrained one: it makes vectors of
a given width from the texts themselves, as fast as that can be, so that what is
measured is the way around it.

``python -m benchmarks.encoding --model FOLDER`` compares the speed of
`MultiViewEncoder` with that of sentence-transformers called directly, on sentences of
the GIMP manual; FOLDER holds any model of sentence-transformers.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_m3l import MultiView
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import (
    MultiViewEncoder,
    SentenceTransformerEncoder,
    TextView,
)

N_WORDS = 5000
WORDS_A_TEXT = 30
BATCH_SIZE = 32
MAX_SEQ_LENGTH = 128


class RandomEncoder(TransformerMixin, BaseEstimator):
    """A random vector for each text, which depends on the text alone."""

    def __init__(self, width=1024):
        self.width = width

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Return one vector per text."""
        rows = [np.random.Generator(np.random.SFC64(sum(map(ord, text)))) for text in X]
        return np.stack([row.random(self.width, dtype=np.float32) for row in rows])


def make_table(n_rows: int, seed: int = 0) -> pd.DataFrame:
    """Return random English and German texts; one row in ten lacks its German."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(word) for word in rng.choice(letters, (N_WORDS, 7))])
    columns = {}
    for name in ("en", "de"):
        picked = words[rng.zipf(1.3, (n_rows, WORDS_A_TEXT)) % N_WORDS]
        columns[name] = [" ".join(row) for row in picked]
    columns["de"] = np.where(rng.random(n_rows) < 0.1, None, columns["de"])
    return pd.DataFrame(columns)


class PeakMemory:
    """Watch the memory of this process that is its own, not a file's (Linux)."""

    def __enter__(self):
        self.before = self.peak = self._now()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._watcher.join()

    def _watch(self):
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, self._now())

    @staticmethod
    def _now():
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("RssAnon:")[2].split()[0]) / 1024


def encode(table: pd.DataFrame, width: int, folder: Path | None) -> MultiView:
    views = [(name, TextView(RandomEncoder(width), language="en")) for name in table]
    encoder = MultiViewEncoder(views, memmap_dir=folder, verbose=1)
    return encoder.fit(table).transform(table)


def compare_speed(folder: Path, n_texts: int, n_repeats: int) -> None:
    from sentence_transformers import SentenceTransformer

    pages = load_gimp_help("all").frame["en"].unique()
    sentences = [text for page in pages for text in page.split(". ") if text.strip()]
    texts = list(dict.fromkeys(sentences))[:n_texts]
    library = SentenceTransformer(str(folder))
    library.max_seq_length = MAX_SEQ_LENGTH
    view = TextView(
        SentenceTransformerEncoder(
            folder, batch_size=BATCH_SIZE, max_seq_length=MAX_SEQ_LENGTH
        )
    )
    df = pd.DataFrame({"en": texts})
    encoder = MultiViewEncoder([("en", view)]).fit(df)
    ways = {
        "sentence-transformers": lambda: library.encode(texts, batch_size=BATCH_SIZE),
        "MultiViewEncoder": lambda: encoder.transform(df)["en"].embedding,
    }
    # Turn by turn, as other work on the machine comes and goes.
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors = {}
    for _ in range(n_repeats):
        for name, run in ways.items():
            start = time.process_time()
            vectors[name] = run()
            seconds[name].append(time.process_time() - start)
    print(f"{len(texts):,} sentences, {n_repeats} times each")
    for name, times in seconds.items():
        print(f"{name}: median {np.median(times):.2f} s of processor time, {times}")
    direct, ours = (np.median(times) for times in seconds.values())
    difference = np.abs(np.subtract(*vectors.values())).max()
    print(f"{ours / direct - 1:+.1%}; vectors differ by at most {difference:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--in-memory", action="store_true", help="write no files")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="compare speed")
    parser.add_argument("--texts", type=int, default=2000, help="for --model")
    parser.add_argument("--repeats", type=int, default=3, help="for --model")
    arguments = parser.parse_args()
    if arguments.model is not None:
        compare_speed(arguments.model, arguments.texts, arguments.repeats)
        return

    table = make_table(arguments.rows)
    with tempfile.TemporaryDirectory() as folder, PeakMemory() as memory:
        target = None if arguments.in_memory else Path(folder)
        start = time.perf_counter()
        X = encode(table, arguments.width, target)
        seconds = time.perf_counter() - start
    size = sum(4 * len(X) * view.width for view in X.views.values()) / 2**20
    print(X)
    print(f"{seconds:.1f} s, {len(X) / seconds:,.0f} rows a second")
    print(f"embeddings of {size:,.0f} MiB")
    print(
        f"peak memory {memory.peak:,.0f} MiB, "
        f"{memory.peak - memory.before:,.0f} MiB above the table's"
    )


if __name__ == "__main__":
    main()

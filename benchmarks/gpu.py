"""A GPU beside the CPU: training, inference, memory, and whether they agree.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --epochs 100 --million --encode --store

trains M3L-Contrast at the paper's size (three views, the networks of its authors) on
planted topics and prints tables to paste, with the name of the GPU. On the GPU, steps
are replayed (CUDA graphs), and for comparison started one by one; `--compile` replays
what `torch.compile` made of the network. `--epochs` is for the replayed run: 100 take
the paper's 62,500 steps. `--million` trains on the tuples of `benchmarks.large` for an
epoch, and `--encode` embeds texts with a network of the size of all-MiniLM-L6-v2.
`--store` keeps the figures in benchmarks/results/gpu. Without a GPU, it says so.
"""

import argparse
import json
import statistics
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from scipy import sparse
from skorch.callbacks import Callback

from benchmarks import large
from benchmarks.configurations import PAPER
from benchmarks.provenance import record
from sklearn_m3l import M3LContrastTopicModel, MultiView, View

RESULTS = Path(__file__).parent / "results" / "gpu"
VIEWS = ("en", "de", "image")
WIDTH, N_WORDS, N_TOKENS = 512, 5000, 50


def make_tuples(n_rows: int, share: float = 1.0) -> MultiView:
    """Return tuples with planted topics, of which a share has each further view."""
    rng = np.random.default_rng(0)
    topics = rng.integers(50, size=n_rows)
    views = {}
    for name in VIEWS:
        directions = rng.normal(size=(50, WIDTH)).astype(np.float32)
        vectors = rng.standard_normal((n_rows, WIDTH), dtype=np.float32)
        vectors += directions[topics]
        present = np.full(n_rows, True)
        if name != VIEWS[0]:
            present = rng.random(n_rows) < share
        counts = None if name == "image" else make_counts(rng, topics, present)
        views[name] = View(vectors.astype(np.float16), counts, present=present)
    return MultiView(views)


def make_counts(rng, topics, present) -> sparse.csr_array:
    """Return word counts; every topic has a hundred words of its own."""
    words = topics[:, None] * 100 + rng.integers(100, size=(len(topics), N_TOKENS))
    rows, words = np.repeat(np.arange(len(topics)), N_TOKENS), words.ravel()
    kept = present[rows]
    ones = np.ones(kept.sum(), dtype=np.float32)
    return sparse.csr_array((ones, (rows[kept], words[kept])), (len(topics), N_WORDS))


def repeat(X: MultiView, n_times: int) -> MultiView:
    """Return the rows of tuples several times; to draw a million takes minutes."""
    views = {}
    for name, view in X.views.items():
        counts = sparse.vstack([view.counts[:]] * n_times, format="csr")
        views[name] = View(np.tile(view.embedding, (n_times, 1)), counts)
    return MultiView(views)


class Clock(Callback):
    """Takes the time of each epoch."""

    def __init__(self, replays=True):
        self.replays = replays

    def on_train_begin(self, net, **kwargs):
        """Forget earlier times."""
        self.times = []

    def on_epoch_begin(self, net, **kwargs):
        """Start the clock."""
        if not self.replays:
            net._recorder = None
        synchronize()
        self.start = time.perf_counter()

    def on_epoch_end(self, net, **kwargs):
        """Stop the clock."""
        synchronize()
        self.times.append(time.perf_counter() - self.start)


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def run(X: MultiView, device: str, epochs: int, replays=True, **changes) -> dict:
    """Train and infer on a device; return times and memory, and the model."""
    settings = PAPER["M3LContrastTopicModel"] | changes
    clock = Clock(replays)
    own = {"max_iter": epochs, "device": device, "random_state": 0}
    model = M3LContrastTopicModel(**settings | own | {"callbacks": [clock]})
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    model.fit(X)
    seconds = time.perf_counter() - start
    n_steps = -(-len(X) // model.net_.batch_size)
    start = time.perf_counter()
    model.set_params(n_draws=0).transform(X)
    inference = time.perf_counter() - start
    # The first epochs record, or compile.
    median = statistics.median(clock.times[min(2, epochs - 1) :])
    found = {"device": f"CPU, {torch.get_num_threads()} threads"}
    if device == "cuda":
        found["device"] = torch.cuda.get_device_name()
        found["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return found | {
        "rows": len(X),
        "steps": epochs * n_steps,
        "fit_s": seconds,
        "ms_per_step": 1000 * median / n_steps,
        "transform_s": inference,
        "loss": float(model.loss_curve_[-1]),
        "model": model,
    }


def differences(model: M3LContrastTopicModel, X: MultiView) -> float:
    """Return how far topics of a model differ on the CPU, where it then stays."""
    on_gpu = model.transform(X)
    model.net_.module_.cpu()
    model.net_.device = "cpu"
    return float(np.abs(model.transform(X) - on_gpu).max())


def run_all(options) -> dict[str, dict]:
    """Return the figures of each run by name; what fails is printed and left out."""
    X, gaps = (make_tuples(options.rows, share) for share in (1.0, 0.8))
    run(X[:2000], "cuda", 1)  # what is done once only
    defaults = without(M3LContrastTopicModel().get_params() | {"init": "random"})
    tasks = {
        "CPU": partial(run, X, "cpu", 2),
        "GPU, steps one by one": partial(run, X, "cuda", 2, replays=False),
        "GPU, steps replayed": partial(run, X, "cuda", options.epochs),
        "GPU, a fifth of the cells missing": partial(run, gaps, "cuda", 5),
        "CPU, the defaults from a random start": partial(run, X, "cpu", 3, **defaults),
        "GPU, the defaults from a random start": partial(run, X, "cuda", 6, **defaults),
    }
    if options.compile:
        tasks["GPU, compiled and replayed"] = partial(run_compiled, X)
    if options.million:
        tasks["GPU, a million tuples"] = partial(run_million, defaults)
    found = {}
    for name, task in tasks.items():
        try:
            found[name] = task()
        except RuntimeError as error:  # such as a GPU that is too small
            print(f"{name}: {error}", flush=True)
    model = found["GPU, steps replayed"]["model"]
    found["GPU, steps replayed"]["differs_by"] = differences(model, X[:2000])
    return found


def run_compiled(X: MultiView) -> dict:
    """Train a network that PyTorch has compiled."""
    from sklearn_m3l.network import TopicNetwork

    plain = TopicNetwork.forward
    TopicNetwork.forward = torch.compile(plain, dynamic=False)
    try:
        return run(X, "cuda", 4)
    finally:
        TopicNetwork.forward = plain


def run_million(settings: dict) -> dict:
    """Train on a million tuples of `benchmarks.large`."""
    with TemporaryDirectory() as folder:
        large.generate(Path(folder), 50_000)
        X = repeat(MultiView.open(sorted(Path(folder).iterdir())), 20)
    own = {"n_components": large.N_TOPICS, "batch_size": 256}
    return run(X, "cuda", 1, **settings | own)


def without(parameters: dict) -> dict:
    """Return parameters less those that a run sets itself."""
    own = ("max_iter", "device", "random_state", "callbacks")
    return {name: value for name, value in parameters.items() if name not in own}


def encode_texts(n_texts: int = 4096) -> dict[str, float]:
    """Return texts per second, by device, of a network of random weights.

    It has the size of all-MiniLM-L6-v2, and reads 256 tokens of each text.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    from sklearn_m3l.embedding import SentenceTransformerEncoder

    words = [f"word{n}" for n in range(30_000)]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, size=300)) for _ in range(n_texts)]
    found = {}
    with TemporaryDirectory() as folder:
        top = Path(folder)
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        (top / "vocab.txt").write_text("\n".join([*special, *words]))
        tokenizer = BertTokenizerFast(str(top / "vocab.txt"), model_max_length=256)
        config = BertConfig(
            vocab_size=len(words) + len(special),
            hidden_size=384,
            num_hidden_layers=6,
            intermediate_size=1536,
        )
        tokenizer.save_pretrained(top / "bert")
        BertModel(config).save_pretrained(top / "bert")
        bert = Transformer(str(top / "bert"))
        model = SentenceTransformer(modules=[bert, Pooling(384)], device="cpu")
        model.save(str(top / "model"))
        for device, some in (("cpu", texts[:256]), ("cuda", texts)):
            encoder = SentenceTransformerEncoder(str(top / "model"), device=device)
            encoder.fit(some[:8]).transform(some[:8])
            start = time.perf_counter()
            encoder.transform(some)
            found[device] = len(some) / (time.perf_counter() - start)
    return found


def show(found: dict[str, dict], encoding: dict[str, float]) -> None:
    """Print tables to paste."""
    names = {
        "ms_per_step": "ms per step",
        "steps": "steps",
        "fit_s": "fit, s",
        "transform_s": "transform, s",
        "peak_gb": "peak, GB",
        "loss": "loss",
        "differs_by": "topics on the CPU differ by",
    }
    print(f"| | device | tuples | {' | '.join(names.values())} |")
    print("|---" * (len(names) + 3) + "|")
    for name, own in found.items():
        cells = [own.get(key) for key in names]
        cells = ["" if cell is None else f"{cell:,.3g}" for cell in cells]
        print(f"| {name} | {own['device']} | {own['rows']:,} | {' | '.join(cells)} |")
    for device, speed in encoding.items():
        print(f"\n{speed:,.0f} texts of 256 tokens encoded per second on {device}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=6)
    for name in ("compile", "million", "encode", "store"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(
            "PyTorch finds no GPU here; run this where torch.cuda.is_available()"
        )
    found = run_all(options)
    for own in found.values():
        del own["model"]
    encoding = encode_texts() if options.encode else {}
    show(found, encoding)
    if options.store:
        name = torch.cuda.get_device_name().replace(" ", "_").lower()
        RESULTS.mkdir(exist_ok=True, parents=True)
        result = RESULTS / f"{name}.json"
        stored = {"gpu": torch.cuda.get_device_name(), "runs": found}
        text = json.dumps(stored | {"encode_per_s": encoding}, indent=1)
        result.write_text(text + "\n", encoding="utf-8")
        record(result)


if __name__ == "__main__":
    main()

"""Time an epoch of M3L-Contrast beside a plain PyTorch loop.

Run as `python -m benchmarks.training_speed --data FOLDER` with Multi30k in FOLDER. Both
train a network of the same size on the same 20,000 tuples in batches of the same size,
in turns of some batches, so that whatever else the machine does slows both. The loop is
what one writes first: plain modules, dense batches in memory, the product decoder,
`torch.optim.Adam`. It is measured with the defaults and with the paper's settings.
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional as F

from benchmarks.configurations import PAPER
from benchmarks.corpora import load_multi30k
from sklearn_m3l import M3LContrastTopicModel

# Batches in a turn.
TURN = 25


class PlainModel(nn.Module):
    """The bilingual network in its plainest form."""

    def __init__(self, width, hidden, n_components, n_words, model):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Dropout(model.input_dropout),
            nn.Linear(width, hidden),
            nn.Softplus(),
            nn.Dropout(model.dropout),
        )
        self.mean = nn.Linear(hidden, n_components)
        self.log_variance = nn.Linear(hidden, n_components)
        self.mean_norm = nn.BatchNorm1d(n_components, affine=False)
        self.log_variance_norm = nn.BatchNorm1d(n_components, affine=False)
        self.drop_theta = nn.Dropout(model.dropout)
        self.beta = nn.ParameterList(torch.empty(n_components, n) for n in n_words)
        for beta in self.beta:
            nn.init.xavier_uniform_(beta)
        self.norms = nn.ModuleList(nn.BatchNorm1d(n, affine=False) for n in n_words)

    def forward(self, view, x):
        """Return the Gaussian of a view and the log-probabilities of its words."""
        hidden = self.encoder(x)
        mean = self.mean_norm(self.mean(hidden))
        log_variance = self.log_variance_norm(self.log_variance(hidden))
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        theta = self.drop_theta(F.softmax(z, dim=1))
        log_p = F.log_softmax(self.norms[view](theta @ self.beta[view]), dim=1)
        return mean, log_variance, log_p


def plain_kl(a, b):
    """Return KL(a || b) of diagonal Gaussians."""
    (mean_a, log_a), (mean_b, log_b) = a, b
    ratio = (log_a - log_b).exp()
    distance = (mean_a - mean_b) ** 2 / log_b.exp()
    return 0.5 * (ratio + distance - 1 + log_b - log_a).sum()


class PlainLoop:
    """The loop that one writes first.

    Parameters
    ----------
    model : M3LContrastTopicModel
        Says how large the network is, and how it is trained.
    X : MultiView
        Two texts.
    """

    def __init__(self, model, X):
        self.settings = model.get_params()
        (hidden,) = model.hidden_layer_sizes
        self.embeddings, self.counts = [], []
        for view in X.views.values():
            vectors = torch.from_numpy(view.read(slice(None)))
            self.embeddings.append((vectors - vectors.mean(0)) / vectors.std(0))
            self.counts.append(torch.from_numpy(view.counts.toarray()))
        sizes = [counts.shape[1] for counts in self.counts]
        width = self.embeddings[0].shape[1]
        self.module = PlainModel(width, hidden, model.n_components, sizes, model)
        betas = model.beta_1, model.beta_2
        self.optimizer = torch.optim.Adam(
            self.module.parameters(), model.learning_rate_init, betas
        )
        self.n_rows = len(X)

    def run(self, n_batches):
        """Train on some batches."""
        size = self.settings["batch_size"]
        for _ in range(n_batches):
            self.step(torch.randint(self.n_rows, (size,)))

    def step(self, rows):
        """Train on one batch."""
        settings = self.settings
        self.optimizer.zero_grad()
        loss, gaussians = 0.0, []
        for view in range(2):
            mean, log_variance, log_p = self.module(view, self.embeddings[view][rows])
            gaussians.append((mean, log_variance))
            loss = loss - (self.counts[view][rows] * log_p).sum()
        a, b = gaussians
        loss = loss + settings["kl_weight"] * (plain_kl(a, b) + plain_kl(b, a))
        if settings["prior_weight"]:
            variance = torch.tensor(1 - 1 / mean.shape[1])
            prior = torch.zeros_like(mean), variance.log().expand_as(mean)
            for gaussian in gaussians:
                loss = loss + settings["prior_weight"] * plain_kl(gaussian, prior)
        theta = F.softmax(torch.cat([a[0], b[0]]), dim=1)
        theta = F.normalize(theta, dim=1)
        logits = theta @ theta.T / settings["temperature"]
        logits = logits - torch.diag(torch.full((len(theta),), torch.inf))
        partner = torch.arange(len(theta)).roll(len(rows))
        contrast = F.cross_entropy(logits, partner, reduction="sum") / 2
        loss = loss + settings["contrastive_weight"] * contrast
        loss.backward()
        self.optimizer.step()


class TakeTurns(Callback):
    """Let the plain loop run as many batches after some of ours, with all threads."""

    def __init__(self, loop, n_threads):
        self.loop = loop
        self.n_threads = n_threads

    def initialize(self):
        """Start counting."""
        self.n_batches_, self.ours_, self.theirs_ = 0, [], []
        return self

    def on_epoch_begin(self, net, **kwargs):
        """Start the clock."""
        self.start_ = time.perf_counter()

    def on_batch_begin(self, net, **kwargs):
        """Time a turn of each."""
        self.n_batches_ += 1
        if self.n_batches_ % TURN:
            return
        now = time.perf_counter()
        self.ours_.append(now - self.start_)
        n_threads = torch.get_num_threads()
        torch.set_num_threads(self.n_threads)
        self.loop.run(TURN)
        torch.set_num_threads(n_threads)
        self.start_ = time.perf_counter()
        self.theirs_.append(self.start_ - now)


def compare(name, model, X, n_threads):
    """Train a model and the plain loop; return the seconds of an epoch of each."""
    model.set_params(callbacks=[TakeTurns(PlainLoop(model, X), n_threads)])
    model.fit(X)
    (turns,) = [c for _, c in model.net_.callbacks_ if isinstance(c, TakeTurns)]
    # The first turns warm caches and allocators up.
    ours, theirs = np.array(turns.ours_[3:]), np.array(turns.theirs_[3:])
    n_turns = len(X) / model.batch_size / TURN
    seconds = {
        "ours": n_turns * float(np.median(ours)),
        "plain": n_turns * float(np.median(theirs)),
        "ratio": float(statistics.median(ours / theirs)),
    }
    print(
        f"{name}, batches of {model.batch_size}, {n_threads} threads: "
        f"{seconds['ours']:.2f} s per epoch, the plain loop {seconds['plain']:.2f} s, "
        f"ratio {seconds['ratio']:.2f} "
        f"(medians of {len(ours)} turns of {TURN} batches)"
    )
    return seconds


def measure(folder, n_epochs, n_threads):
    """Return the seconds of an epoch with both settings, and of `transform`."""
    X = load_multi30k(folder, ["train"]).train
    given = {"max_iter": n_epochs, "random_state": 0}
    paper = PAPER["M3LContrastTopicModel"] | given
    model = M3LContrastTopicModel(100, batch_size=256, **given)  # that of "auto"
    result = {
        "paper": compare("paper", M3LContrastTopicModel(**paper), X, n_threads),
        "defaults": compare("defaults", model, X, n_threads),
    }
    start = time.perf_counter()
    model.transform(X)
    seconds = time.perf_counter() - start
    print(f"transform of {len(X):,} rows of 2 views: {seconds:.2f} s")
    return result | {"transform": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Multi30k")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    measure(arguments.data, arguments.epochs, arguments.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory, dense counts of the plain loop included: {peak:.2f} GiB")


if __name__ == "__main__":
    main()

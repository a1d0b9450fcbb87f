"""Seconds an epoch of M3L-Contrast takes, beside an unadorned PyTorch loop.

Run as `python -m benchmarks.training_speed --data FOLDER` with Multi30k in FOLDER.
Both train the same network on the same 20,000 tuples in batches of 32, epoch by epoch
in turn; the loop is what one writes first: plain modules, dense batches in memory,
`torch.optim.Adam`.
"""

import argparse
import resource
import statistics
import time

import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional as F

from benchmarks.corpora import load_multi30k
from sklearn_m3l import M3LContrastTopicModel


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


def plain_epoch(model, optimizer, embeddings, counts, settings):
    """Train one epoch."""
    for rows in torch.randperm(len(embeddings[0])).split(settings["batch_size"]):
        optimizer.zero_grad()
        loss, gaussians = 0.0, []
        for view in range(2):
            mean, log_variance, log_p = model(view, embeddings[view][rows])
            gaussians.append((mean, log_variance))
            loss = loss - (counts[view][rows] * log_p).sum()
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
        optimizer.step()
    return loss.item()


class PlainLoopInBetween(Callback):
    """Run an epoch of the plain loop after each of ours, with all threads."""

    def __init__(self, run, n_threads):
        self.run = run
        self.n_threads = n_threads
        self.seconds_ = []

    def on_epoch_end(self, net, **kwargs):
        """Time one epoch."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.n_threads)
        start = time.perf_counter()
        self.run()
        self.seconds_.append(time.perf_counter() - start)
        torch.set_num_threads(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Multi30k")
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    X = load_multi30k(arguments.data, ["train"]).train

    model = M3LContrastTopicModel(
        100, batch_size=32, max_iter=arguments.epochs, random_state=0
    )
    settings = model.get_params()
    (hidden,) = model.hidden_layer_sizes
    plain = PlainModel(384, hidden, 100, [2000, 2000], model)
    betas = model.beta_1, model.beta_2
    optimizer = torch.optim.Adam(plain.parameters(), model.learning_rate_init, betas)
    embeddings, counts = [], []
    for view in X.views.values():
        vectors = torch.from_numpy(view.read(slice(None)))
        embeddings.append((vectors - vectors.mean(0)) / vectors.std(0))
        counts.append(torch.from_numpy(view.counts.toarray()))
    callback = PlainLoopInBetween(
        lambda: plain_epoch(plain, optimizer, embeddings, counts, settings),
        arguments.threads,
    )
    model.set_params(callbacks=[callback])
    model.fit(X)
    ((_, callback),) = [
        c for c in model.net_.callbacks_ if isinstance(c[1], PlainLoopInBetween)
    ]
    ours = [epoch["dur"] for epoch in model.net_.history]
    # The first epoch warms caches and allocators up.
    ours, theirs = ours[1:], callback.seconds_[1:]
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"threads                 {arguments.threads}")
    print(f"M3LContrastTopicModel   {statistics.median(ours):.2f} s an epoch (median)")
    print(
        f"plain PyTorch loop      {statistics.median(theirs):.2f} s an epoch (median)"
    )
    print(f"ratio, epoch by epoch   {ratio:.2f} (median of {len(ours)})")

    start = time.perf_counter()
    model.transform(X)
    print(
        f"transform of {len(X):,} rows of 2 views: {time.perf_counter() - start:.2f} s"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory, dense counts of the plain loop included: {peak:.2f} GiB")


if __name__ == "__main__":
    main()

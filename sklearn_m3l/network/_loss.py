"""The terms of the loss, each a sum over the rows of a batch, and their sum."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network._batches import Batch, Cells, cells_at, common_rows, take
from sklearn_m3l.network._module import Posterior, Reconstruction

SIMILARITIES = {
    "cosine": lambda theta: F.normalize(theta, dim=1),
    "dot": lambda theta: theta,
    # The product of two of these is the Bhattacharyya coefficient.
    "hellinger": lambda theta: theta.clamp_min(1e-12).sqrt(),
}


def reconstruction_loss(reconstruction: Reconstruction, cells: Cells) -> Tensor:
    """Return the negative log-likelihood of the counts of a text."""
    log_p, positions = reconstruction.log_probabilities, reconstruction.positions
    flat, values = cells_at(cells, positions, log_p.shape[1])
    return -values.dot(log_p.view(-1).index_select(0, flat))


def symmetric_gaussian_kl(a: Posterior, b: Posterior) -> Tensor:
    """Return KL(a || b) + KL(b || a); the log-determinants cancel."""
    variance_a, variance_b = a.log_variance.exp(), b.log_variance.exp()
    distance = (a.mean - b.mean).square()
    a_to_b = (variance_a + distance) / variance_b
    b_to_a = (variance_b + distance) / variance_a
    return 0.5 * (a_to_b + b_to_a - 2).sum()


def gaussian_kl(posterior: Posterior, mean, log_variance) -> Tensor:
    """Return KL(posterior || N(mean, exp(log_variance))), diagonal Gaussians."""
    ratio = posterior.log_variance - log_variance
    distance = (posterior.mean - mean).square() * (-log_variance).exp()
    return 0.5 * (ratio.exp() + distance - 1 - ratio).sum()


def info_nce(
    a: Tensor,
    b: Tensor,
    *,
    temperature: float,
    similarity: str,
    groups: Tensor | None = None,
) -> Tensor:
    """Return InfoNCE between two views of the same rows.

    A row's term is the mean of both directions; its negatives are the other rows
    of those two views, except those of its own article.

    Parameters
    ----------
    a, b : Tensor of shape (n_rows, n_components)
        Topic distributions.
    temperature : float
        Divides the similarities.
    similarity : str
        A key of `SIMILARITIES`.
    groups : Tensor of int64 of shape (n_rows,), optional
        Articles.
    """
    n_rows = len(a)
    topics = SIMILARITIES[similarity](torch.cat([a, b]))
    logits = topics @ (topics.T / temperature)
    # Own rows are no negatives, nor are those of the same article but the partner.
    if groups is None:
        logits = logits.fill_diagonal_(-torch.inf)
    else:
        same = groups[:, None] == groups
        same = same.repeat(2, 2)
        same.diagonal(n_rows).fill_(False)
        same.diagonal(-n_rows).fill_(False)
        logits = logits.masked_fill_(same, -torch.inf)
    log_p = F.log_softmax(logits, dim=1)
    partners = log_p.diagonal(n_rows).sum() + log_p.diagonal(-n_rows).sum()
    return -0.5 * partners


class TopicLoss(nn.Module):
    """The loss of the neural topic models (Eq. 1 of the paper, and a prior).

    Parameters
    ----------
    n_components : int
        Number of topics.
    kl_weight : float
        Weight of the divergences between the views of a tuple.
    prior_weight : float
        Weight of the divergence from the prior: each row's own where the batch has
        one, otherwise the Laplace approximation of a flat Dirichlet by a logistic
        normal, of mean 0 and variance 1 - 1 / n_components.
    contrastive_weight : float
        Weight of InfoNCE (s in the paper), added per row.
    temperature : float
        Temperature of InfoNCE (tau).
    similarity : {"cosine", "dot", "hellinger"}
        Similarity of topic distributions in InfoNCE.
    contrast_on : {"mean", "sample"}
        Whether InfoNCE compares softmax(mean) or the draws.
    """

    prior_log_variance: Tensor

    def __init__(
        self,
        n_components,
        kl_weight=0.0,
        prior_weight=1.0,
        contrastive_weight=0.0,
        temperature=0.07,
        similarity="cosine",
        contrast_on="mean",
    ):
        super().__init__()
        self.kl_weight = kl_weight
        self.prior_weight = prior_weight
        self.contrastive_weight = contrastive_weight
        self.temperature = temperature
        self.similarity = similarity
        self.contrast_on = contrast_on
        # A single topic has no variance to speak of; log 0 must not enter.
        variance = torch.tensor(max(1 - 1 / n_components, 1e-6))
        self.register_buffer("prior_log_variance", variance.log())

    def forward(self, outputs, batch: Batch) -> Tensor:
        """Return the loss of a batch: a scalar, summed over its rows."""
        posteriors, reconstructions = outputs
        terms = [
            reconstruction_loss(reconstruction, batch.cells[name])
            for name, reconstruction in reconstructions.items()
        ]
        if self.prior_weight:
            for name, posterior in posteriors.items():
                prior = self._prior(batch, name)
                terms.append(self.prior_weight * gaussian_kl(posterior, *prior))
        names = list(posteriors)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                terms += self._pair_terms(posteriors, a, b, batch)
        if not terms:  # such as rows that have nothing but a picture
            nothing = torch.zeros_like(self.prior_log_variance)
            return nothing.requires_grad_(torch.is_grad_enabled())
        return torch.stack(terms).sum()

    def _prior(self, batch, name):
        if batch.prior is None:
            return 0.0, self.prior_log_variance
        return tuple(take(part, batch.rows[name]) for part in batch.prior)

    def _pair_terms(self, posteriors, a, b, batch):
        """Return what pulls two views of the same tuples together."""
        among_a, among_b = common_rows(batch, a, b)
        pair = [
            Posterior(*(take(part, rows) for part in vars(posteriors[name]).values()))
            for name, rows in ((a, among_a), (b, among_b))
        ]
        if len(pair[0].mean) == 0:
            return []
        terms = []
        if self.kl_weight:
            terms.append(self.kl_weight * symmetric_gaussian_kl(*pair))
        if self.contrastive_weight:
            theta = [self._contrasted(posterior) for posterior in pair]
            groups = batch.groups
            if groups is not None:
                groups = take(take(groups, batch.rows[a]), among_a)
            contrast = info_nce(
                *theta,
                temperature=self.temperature,
                similarity=self.similarity,
                groups=groups,
            )
            terms.append(self.contrastive_weight * contrast)
        return terms

    def _contrasted(self, posterior):
        if self.contrast_on == "mean":
            return F.softmax(posterior.mean, dim=1)
        return posterior.sample

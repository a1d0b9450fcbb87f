"""The terms of the loss, each a sum over the rows of a batch, and their sum.

The expressions here define the terms. When gradients are needed on a CPU, the compiled
operations of `_ops` compute some of them instead.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network import _ops, _shards
from sklearn_m3l.network._batch import Batch, Cells
from sklearn_m3l.network._decoder import TINY, Decoder
from sklearn_m3l.network._module import Posterior, Text
from sklearn_m3l.network._streams import side_by_side

SIMILARITIES = {
    "cosine": lambda theta: F.normalize(theta, dim=1),
    "dot": lambda theta: theta,
    # The product of two of these is the Bhattacharyya coefficient.
    "hellinger": lambda theta: theta.clamp_min(1e-12).sqrt(),
}


def reconstruction_loss(
    theta: Tensor,
    cells: Cells,
    decoder: Decoder,
    n_rows: int | None = None,
    present: Tensor | None = None,
) -> Tensor:
    """Return the negative log-likelihood of the counts of a text.

    `n_rows` is the number of rows of all processes that share a batch; `present` marks
    the rows of topics that exist.
    """
    compiled = _ops.compiled(theta)
    if theta.is_cuda:  # few large operations are faster
        counts = _dense(cells, len(theta), len(decoder.beta))
        return -(counts * decoder(theta, n_rows, present)).sum()
    if decoder.norm is None:
        phi = decoder.phi()
        share, common = decoder.split()
        if compiled:
            inputs = theta, phi, share, common
            places = cells.rows, cells.words, cells.values
            return _ops.term("mixture", 4, *inputs, *places)
        # Compute only the words that a row has.
        p = share * (theta[cells.rows] * phi[cells.words]).sum(dim=1)
        return -cells.values.dot((p + common[cells.words] + TINY).log())
    if compiled and n_rows is None and present is None:
        return _ops.product_loss(theta, decoder.beta, cells, decoder.norm)
    log_p = decoder(theta, n_rows, present)
    return -cells.values.dot(log_p[cells.rows, cells.words])


def _dense(cells: Cells, n_rows: int, n_words: int) -> Tensor:
    """Return counts as a matrix, (n_rows, n_words)."""
    counts = cells.values.new_zeros(n_rows * n_words)
    # Added, not assigned: recorded steps also have cells of value 0.
    counts.scatter_add_(0, cells.rows * n_words + cells.words, cells.values)
    return counts.view(n_rows, n_words)


def gaussian_kl(mean, log_variance, prior_mean, prior_log_variance) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || the prior), diagonal Gaussians."""
    if _ops.compiled(mean):
        gaussians = mean, log_variance, prior_mean, prior_log_variance
        return _ops.term("gaussian_kl", 3, *gaussians)
    ratio = log_variance - prior_log_variance
    distance = (mean - prior_mean).square() * (-prior_log_variance).exp()
    return 0.5 * (ratio.exp() + distance - 1 - ratio).sum()


def pairwise_kl(mean: Tensor, log_variance: Tensor, table: Tensor) -> Tensor:
    """Return the sum of KL(a || b) over all ordered pairs of views of each row.

    The log-determinants of the two directions cancel. Once the means are centered, the
    rest is a product of sums over the views of a row. See `pairwise_contrast` for the
    table.
    """
    if _ops.compiled(mean):
        return _ops.term("pairwise_kl", 2, mean, log_variance, table)
    n_views: int | Tensor = len(table)
    count: int | Tensor = len(table)
    complete = len(mean) == table.numel()
    mean, log_variance = _by_view(mean, table), _by_view(log_variance, table)
    variance, precision = log_variance.exp(), (-log_variance).exp()
    if not complete:
        present = (table >= 0).unsqueeze(2)
        variance, precision = variance * present, precision * present
        n_views = present.sum(dim=0)
        count = torch.clamp_min(n_views, 1)
    square = (mean - mean.sum(dim=0) / count).square()
    if not complete:
        square = square * present
    spread = (variance + square).sum(dim=0) * precision.sum(dim=0)
    distance = n_views * (square * precision).sum(dim=0)
    return 0.5 * (spread + distance - n_views * n_views).sum()


def _by_view(x: Tensor, table: Tensor, absent: float = 0.0) -> Tensor:
    """Return the elements by view and row, (n_views, n_rows, ...)."""
    if len(x) == table.numel():
        return x.view(*table.shape, *x.shape[1:])
    # The last element stands for absent views. Gathering and then summing over views
    # gives the same bits in every run; a GPU that adds to rows does so in any order.
    return F.pad(x, (*[0, 0] * (x.ndim - 1), 0, 1), value=absent)[table]


def _with_absent(x: Tensor, present: Tensor | None) -> Tensor:
    """Return one more element if a batch is padded, as some views are then absent."""
    return x if present is None else F.pad(x, (0, 0, 0, 1))


def info_nce(
    a: Tensor,
    b: Tensor,
    *,
    temperature: float,
    groups: Tensor | None = None,
    weights: Tensor | None = None,
    present: Tensor | None = None,
) -> Tensor:
    """Return InfoNCE between two views of the same rows, as in the authors' code.

    A row's term is the mean of both directions; its negatives are the other rows
    of those two views that are `present`, except rows of its own article. See
    `pairwise_contrast`.
    """
    n_rows = len(a)
    vectors = torch.cat([a, b])
    logits = vectors @ (vectors.T / temperature)
    # Exclude all rows of the same article but the partner.
    if groups is None and present is None:
        logits = logits.fill_diagonal_(-torch.inf)
    else:
        if groups is None:
            groups = torch.arange(n_rows, device=a.device)
        left_out = (groups[:, None] == groups).repeat(2, 2)
        left_out.diagonal(n_rows).fill_(False)
        left_out.diagonal(-n_rows).fill_(False)
        if present is not None:
            left_out |= ~present.repeat(2)
        logits = logits.masked_fill_(left_out, -torch.inf)
    log_p = F.log_softmax(logits, dim=1)
    partners = log_p.diagonal(n_rows) + log_p.diagonal(-n_rows)
    if present is not None:
        partners = partners.where(present, 0)
    return -0.5 * (partners.sum() if weights is None else partners.dot(weights))


def pairwise_contrast(
    vectors: Tensor,
    table: Tensor,
    *,
    temperature: float,
    groups: Tensor | None,
    weights: Tensor,
) -> Tensor:
    """Return the sum of `info_nce` over all pairs of views.

    `vectors` are those of all views, and their products are similarities. `table`, of
    shape (n_views, n_rows), has the position of the vector of each view of each row, or
    -1. `groups` are the articles of the rows, `weights` multiply the terms of the rows.
    """
    if _ops.compiled(vectors):
        others = temperature, groups, weights
        return _ops.contrast("pairwise_contrast", vectors, table, *others)
    total = vectors.new_zeros(())
    complete = len(vectors) == table.numel()
    for a, b in combinations(zip(_by_view(vectors, table), table >= 0, strict=True), 2):
        total = total + info_nce(
            a[0],
            b[0],
            temperature=temperature,
            groups=groups,
            weights=weights,
            present=None if complete else a[1] & b[1],
        )
    return total


def joint_contrast(
    vectors: Tensor,
    table: Tensor,
    *,
    temperature: float,
    groups: Tensor | None,
    weights: Tensor,
) -> Tensor:
    """Return the contrast of Eq. 1 of the paper.

    It is summed over ordered pairs of a row's views. All of them have one denominator:
    the sum over any two views c, d and the rows j of the batch of
    exp(theta_i^c . theta_j^d / temperature), as printed, including those of the row
    itself. Other rows of its article are left out. See `pairwise_contrast`.
    """
    if _ops.compiled(vectors):
        return _ops.contrast(
            "joint_contrast", vectors, table, temperature, groups, weights
        )
    n_views, complete = len(table), len(vectors) == table.numel()
    views = _by_view(vectors, table)
    flat = views.flatten(0, 1)
    logits = flat @ flat.T / temperature
    if groups is not None:
        rows, groups = (
            x.repeat(n_views) for x in (torch.arange(len(groups)).to(groups), groups)
        )
        same = groups[:, None] == groups
        logits = logits.masked_fill(same & (rows[:, None] != rows), -torch.inf)
    if not complete:
        logits = logits.masked_fill(table.flatten() < 0, -torch.inf)
    denominators = logits.logsumexp(dim=1).view_as(table)
    # The products of all ordered pairs of different views.
    total = views.sum(dim=0).square().sum(dim=1)
    own = views.square().sum(dim=(0, 2))
    if complete:
        denominators = n_views * (n_views - 1) * denominators.logsumexp(dim=0)
        return (denominators - (total - own) / temperature).dot(weights)
    denominators = denominators.masked_fill(table < 0, -torch.inf).logsumexp(dim=0)
    present = (table >= 0).sum(dim=0)
    terms = present * (present - 1) * denominators - (total - own) / temperature
    return terms.where(present > 1, 0).dot(weights)


CONTRASTS = {"pairwise": pairwise_contrast, "joint": joint_contrast}


class TopicLoss(nn.Module):
    """The loss of the neural topic models (Eq. 1 of the paper, plus a prior).

    Parameters
    ----------
    n_components : int
        Number of topics.
    kl_weight : float
        Weight of the divergences between the views of a tuple.
    prior_weight : float
        Weight of the divergence from the prior: each row's own if the batch has one,
        otherwise the Laplace approximation of a flat Dirichlet by a logistic normal,
        with variance 1 - 1 / n_components, around the bias of the network.
    contrastive_weight : float
        Weight of the contrast (s in the paper), added per row.
    temperature : float
        Temperature of the contrast (tau).
    similarity : {"cosine", "dot", "hellinger"}
        Similarity of topic distributions in the contrast.
    contrast_on : {"mean", "sample"}
        Whether softmax(mean) or the draws are contrasted.
    contrast : {"pairwise", "joint"}
        See `pairwise_contrast` and `joint_contrast`.
    balance_views : bool
        Divide the contrast of a row by the number of its other views. If the batch has
        weights, the contrast is also multiplied by the row's weight.
    contrast_warmup : float
        Share of training over which the weight of the contrast rises from 0.

    """

    prior_log_variance: Tensor
    contrast_factor: Tensor

    def __init__(
        self,
        n_components,
        kl_weight=0.0,
        prior_weight=1.0,
        contrastive_weight=0.0,
        temperature=0.07,
        similarity="cosine",
        contrast_on="mean",
        contrast="pairwise",
        balance_views=True,
        contrast_warmup=0.0,
    ):
        super().__init__()
        self.kl_weight = kl_weight
        self.prior_weight = prior_weight
        self.contrastive_weight = contrastive_weight
        self.temperature = temperature
        self.similarity = similarity
        self.contrast_on = contrast_on
        self.contrast = contrast
        self.balance_views = balance_views
        self.contrast_warmup = contrast_warmup
        # With a single topic, the variance would be 0, and its logarithm infinite.
        variance = torch.tensor(max(1 - 1 / n_components, 1e-6))
        self.register_buffer("prior_log_variance", variance.log())
        # A tensor, because replayed steps must read its current value.
        factor = torch.tensor(float(contrastive_weight))
        self.register_buffer("contrast_factor", factor, persistent=False)

    def start_epoch(self, progress: float) -> None:
        """Set the contrast's weight in an epoch that ends at a share of training."""
        warm = progress >= self.contrast_warmup
        share = 1.0 if warm else progress / self.contrast_warmup
        self.contrast_factor.fill_(share * self.contrastive_weight)

    def forward(self, outputs: tuple[Posterior, dict[str, Text]], batch) -> Tensor:
        """Return the loss of a batch: a scalar, summed over its rows."""
        posterior, texts = outputs
        terms = side_by_side(self._terms(posterior, texts, batch))
        if not posterior.views or not terms:  # such as pictures without a prior
            nothing = torch.zeros_like(self.prior_log_variance)
            return nothing.requires_grad_(torch.is_grad_enabled())
        return sum(terms[1:], start=terms[0])

    def _terms(
        self, posterior: Posterior, texts: dict[str, Text], batch: Batch
    ) -> list[Callable[[], Tensor]]:
        """Return functions that compute the terms."""
        gaussian = posterior.mean, posterior.log_variance
        present = posterior.present

        def prior() -> Tensor:
            own, center = gaussian, self._prior(posterior, batch)
            if present is not None:  # absent views do not diverge
                here = present.unsqueeze(1)
                own = own[0].where(here, center[0]), own[1].where(here, center[1])
            return self.prior_weight * gaussian_kl(*own, *center)

        def divergence() -> Tensor:
            mean, log_variance = (_with_absent(x, present) for x in gaussian)
            return self.kl_weight * pairwise_kl(mean, log_variance, table)

        def contrast() -> Tensor:
            learns, fixed = self.contrast_factor, self.contrastive_weight
            factor = learns if self.training else fixed
            return factor * self._contrast(posterior, table, batch)

        terms: list[Callable[[], Tensor]] = []
        for own in texts.values():
            text = own.theta, own.cells, own.decoder, own.n_rows, own.present
            terms.append(partial(reconstruction_loss, *text))
        if self.prior_weight:
            terms.append(prior)
        if len(posterior.views) > 1:
            table = posterior.table(batch.size)
            terms += [divergence] * bool(self.kl_weight)
            terms += [contrast] * bool(self.contrastive_weight)
        return terms

    def _prior(self, posterior: Posterior, batch: Batch):
        if batch.prior is None:
            log_variance = self.prior_log_variance.expand_as(posterior.center)
            return posterior.center[None], log_variance[None].contiguous()
        return tuple(part[posterior.rows] for part in batch.prior)

    def _contrast(self, posterior: Posterior, table: Tensor, batch: Batch) -> Tensor:
        theta = posterior.sample
        if self.contrast_on == "mean":
            theta = F.softmax(posterior.mean, dim=1)
        vectors = SIMILARITIES[self.similarity](theta)
        if batch.whole is not None:
            table = posterior.table_of(batch.whole)
            vectors = _shards.gather(vectors, *batch.places(posterior.views))
            contrast = self._contrast_of(vectors, table, batch.whole)
            return _shards.count_once(contrast)
        return self._contrast_of(_with_absent(vectors, posterior.present), table, batch)

    def _contrast_of(self, vectors: Tensor, table: Tensor, batch: Batch) -> Tensor:
        weights = vectors.new_ones(table.shape[1])
        if batch.pair_weight is not None:
            weights *= batch.pair_weight
        if self.balance_views:
            weights /= ((table >= 0).sum(dim=0) - 1).clamp_min(1)
        return CONTRASTS[self.contrast](
            vectors,
            table,
            temperature=self.temperature,
            groups=batch.groups,
            weights=weights,
        )

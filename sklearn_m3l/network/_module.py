"""The network: encoders of all views and decoders of all texts, in one topic space."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_m3l.network._batch import (
    Batch,
    Cells,
    cells_at,
    common_rows,
    present_rows,
    take,
)
from sklearn_m3l.network._decoder import TINY, Decoder
from sklearn_m3l.network._encoder import InferenceNetwork
from sklearn_m3l.network._layers import Standardize
from sklearn_m3l.network._streams import side_by_side


@dataclass
class Posterior:
    """Gaussians over topics, one per view of each row, and draws from them.

    The rows of the first view come first, then those of the second, and so on.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (n_present, n_components)
        Parameters of the logistic normal posteriors.
    sample : Tensor of shape (n_present, n_components)
        Topic distributions: a draw in training, softmax(mean) in evaluation.
    decoded : Tensor of shape (n_present, n_components)
        The topics that words are predicted from: the sample after dropout.
    rows : Tensor of int64 of shape (n_present,)
        Position in the batch of the tuple that each belongs to.
    views : dict of str to slice
        Slices of the rows of each view.
    center : Tensor of shape (n_components,)
        Mean of the prior.
    present : Tensor of bool of shape (n_present,), or None
        Which of them exist, if a batch is padded.
    """

    mean: Tensor
    log_variance: Tensor
    sample: Tensor
    decoded: Tensor
    rows: Tensor
    views: dict[str, slice]
    center: Tensor
    present: Tensor | None = None

    def __getitem__(self, name: str) -> "Posterior":
        """Return the part of one view."""
        part = self.views[name]
        stacks = ("mean", "log_variance", "sample", "decoded", "rows")
        own: dict[str, Any] = {stack: getattr(self, stack)[part] for stack in stacks}
        return replace(self, **own, views={name: slice(part.stop - part.start)})

    def table(self, n_rows: int) -> Tensor:
        """Return where each view of each row is, (n_views, n_rows); -1 if absent."""
        table = _table([self.rows[part] for part in self.views.values()], n_rows)
        if self.present is None:
            return table
        return table.where(self.present.view_as(table), -1)

    def table_of(self, batch: Batch) -> Tensor:
        """Return the table of a whole batch, whose rows are ordered as these."""
        device = self.rows.device
        rows = [present_rows(batch, name, device) for name in self.views]
        return _table(rows, batch.size)


def _table(rows: Sequence[Tensor], n_rows: int) -> Tensor:
    """Return the position of each view of each row, given the rows of each view."""
    lengths = [len(own) for own in rows]
    places = torch.arange(sum(lengths), device=rows[0].device)
    if len(places) == len(rows) * n_rows:  # every row has every view
        return places.view(-1, n_rows)
    table = places.new_full((len(rows), n_rows), -1)
    for own, at, part in zip(table, rows, places.split(lengths), strict=True):
        own[at] = part
    return table


@dataclass
class Text:
    """Topics of some rows, and the counts that a decoder predicts from them."""

    theta: Tensor
    cells: Cells
    decoder: Decoder
    n_rows: int | None = None  # of all processes that share a batch
    present: Tensor | None = None  # rows that exist, if a batch is padded


class TopicNetwork(nn.Module):
    """One variational autoencoder per view, sharing a topic space.

    The topics of a row are softmax(scale * norm(mu) + bias).

    Parameters
    ----------
    widths : mapping of str to int
        Length of the vectors of each encoded view.
    inference_networks : mapping of str to hashable
        Views with equal values share an inference network; they must have the same
        width.
    n_words : mapping of str to int
        Vocabulary size of each decoded text.
    decoded_from : mapping of str to str
        The encoded view whose topics each text is reconstructed from.
    n_components : int
        Number of topics.
    hidden_layer_sizes, activation, input_dropout
        See `InferenceNetwork`.
    dropout : float
        Share of the last hidden layers that is dropped in training; with product
        decoders also of the decoded topics.
    seed : int
        Seed of the initial weights.
    decoder : {"mixture", "product"}
        See `Decoder`.
    scale : float
        Multiplies the batch-normalized means.
    bias : bool
        Whether a learned bias, the same for all views, is added to the means. It allows
        some topics to be more common than others.
    background : bool
        See `Decoder`.
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        widths: Mapping[str, int],
        inference_networks: Mapping[str, object],
        n_words: Mapping[str, int],
        decoded_from: Mapping[str, str],
        n_components: int,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        dropout: float,
        seed: int,
        input_dropout: float = 0.0,
        decoder: str = "product",
        scale: float = 1.0,
        bias: bool = False,
        background: bool = False,
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.n_components = n_components
        self.topic_dropout = dropout if decoder == "product" else 0.0
        self.scale = scale
        # Lists, not dicts: torch refuses some names (dots, "type") in a ModuleDict.
        self.encoded = list(widths)
        self.decoded = list(n_words)
        self.decoded_from = dict(decoded_from)
        groups = list(dict.fromkeys(inference_networks[name] for name in widths))
        self.network_of = [groups.index(inference_networks[name]) for name in widths]
        members = [self.encoded[self.network_of.index(g)] for g in range(len(groups))]
        self.standardize = nn.ModuleList(Standardize(w) for w in widths.values())
        self.inference = nn.ModuleList(
            InferenceNetwork(
                widths[member],
                n_components,
                hidden_layer_sizes,
                activation,
                dropout,
                input_dropout,
                generator,
            )
            for member in members
        )
        self.decoders = nn.ModuleList(
            Decoder(n_components, size, decoder, background, generator)
            for size in n_words.values()
        )
        self.bias = nn.Parameter(torch.zeros(n_components)) if bias else None

    def forward(self, batch: Batch) -> tuple[Posterior, dict[str, Text]]:
        """Encode every view of a batch; return posteriors, and the texts to predict."""
        posterior, texts = self.encode(batch), {}
        for name, cells in batch.cells.items():
            source = self.decoded_from[name]
            if source in posterior.views:
                among_source, among_text = common_rows(batch, source, name)
                theta = take(posterior.decoded[posterior.views[source]], among_source)
                own_cells = cells_at(cells, among_text)
                decoder, n_rows, present = self.decoder_of(name), None, None
                if batch.present:
                    present = batch.present[source] & batch.present[name]
                    values = own_cells.values * present[own_cells.rows]
                    own_cells = replace(own_cells, values=values)
                if batch.whole is not None:
                    common, _ = common_rows(batch.whole, source, name)
                    n_rows = batch.count(source) if common is None else len(common)
                texts[name] = Text(theta, own_cells, decoder, n_rows, present)
        return posterior, texts

    def encode(self, batch: Batch) -> Posterior:
        """Return the posteriors of the views that some row of the batch has."""
        tasks, rows, n_present = [], [], 0
        # A view: branches of a recording add to its gradient, not to the parameter's.
        bias = None if self.bias is None else self.bias.view_as(self.bias)
        views: dict[str, slice] = {}
        for group, network in enumerate(self.inference):
            vectors, names = [], []
            for name, of_view in batch.vectors.items():
                number = self.encoded.index(name)
                if self.network_of[number] == group and batch.count(name):
                    names.append(name)
                    vectors.append(self.standardize[number](of_view))
                    views[name] = slice(n_present, n_present + len(of_view))
                    n_present += len(of_view)
                    rows.append(present_rows(batch, name))
            if vectors:
                tasks.append(
                    partial(self._encode, network, vectors, batch, names, bias)
                )
        parts = side_by_side(tasks)
        if not parts:
            device = next(self.parameters()).device
            nothing = torch.zeros(0, self.n_components, device=device)
            parts = [(nothing, nothing, nothing, nothing)]
            rows = [torch.zeros(0, dtype=torch.int64, device=device)]
        mean, *others = (_concatenate(stack) for stack in zip(*parts, strict=True))
        log_variance, sample, decoded = others
        center = mean.new_zeros(mean.shape[1]) if bias is None else bias
        return Posterior(
            mean,
            log_variance,
            sample,
            decoded,
            _concatenate(rows),
            views,
            center,
            _presence(batch, views),
        )

    def _encode(
        self,
        network,
        vectors: list[Tensor],
        batch: Batch,
        names: list[str],
        bias: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """Return means, log-variances, topics, and the topics to decode."""
        stacked = _concatenate(vectors)
        draws, n_rows = None, len(stacked)
        if batch.whole is not None:
            places, n_rows = batch.places(names)
        if batch.generator is not None:
            draws = network.draw(n_rows, self.topic_dropout, batch.generator)
            if batch.whole is not None:
                draws = draws.at(places)
        shared = None if batch.whole is None else n_rows
        present = _presence(batch, names)
        return network(stacked, draws, self.scale, bias, shared, present)

    def set_statistics(self, name: str, mean, scale) -> None:
        """Set the mean and deviation that the vectors of a view are standardized by."""
        standardize = self.standardize[self.encoded.index(name)]
        standardize.get_buffer("mean").copy_(torch.as_tensor(mean))
        standardize.get_buffer("scale").copy_(torch.as_tensor(scale))

    def set_topics(self, name: str, topic_word, *, freeze: bool = False) -> None:
        """Set, or freeze, the topics of a text's decoder, (n_components, n_words)."""
        decoder = self.decoder_of(name)
        decoder.set_topics(topic_word)
        if freeze:
            decoder.freeze()

    def set_background(self, name: str, background) -> None:
        """Set the background's word probabilities of a text, (n_words,)."""
        own = self.decoder_of(name).background
        assert own is not None
        own.copy_(torch.as_tensor(background))

    def set_prevalence(self, prevalence) -> None:
        """Start the bias from the share of each topic, (n_components,)."""
        log_share = (
            torch.as_tensor(prevalence, dtype=torch.float32).clamp_min(TINY).log()
        )
        assert self.bias is not None
        with torch.no_grad():
            self.bias.copy_(log_share - log_share.mean())

    def is_standardized(self, name: str) -> bool:
        """Return whether the vectors of a view have a mean and scale of their own."""
        own = self.standardize[self.encoded.index(name)]
        mean, scale = own.get_buffer("mean"), own.get_buffer("scale")
        return bool(mean.any() or (scale != 1).any())

    def decode(self, name: str, theta: Tensor) -> Tensor:
        """Return log-probabilities of the words of a text, (n, n_words)."""
        return self.decoder_of(name)(theta)

    def decoder_of(self, name: str) -> Decoder:
        """Return the decoder of a text."""
        decoder = self.decoders[self.decoded.index(name)]
        assert isinstance(decoder, Decoder)
        return decoder


def _presence(batch: Batch, names: Iterable[str]) -> Tensor | None:
    """Return which rows of some views exist, if a batch is padded."""
    if not batch.present:
        return None
    return _concatenate([batch.present[name] for name in names])


def _concatenate(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(tensors)) if len(tensors) > 1 else tensors[0]

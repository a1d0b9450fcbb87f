"""Inference networks that map a view to topics, decoders that map topics to words."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network import _ops
from sklearn_m3l.network._batches import (
    Batch,
    Cells,
    cells_at,
    common_rows,
    present_rows,
    take,
)

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softplus": F.softplus,
    "relu": F.relu,
    "tanh": torch.tanh,
}

# Keeps the logarithm of a probability finite.
TINY = 1e-30


@dataclass
class Posterior:
    """Gaussians over topics, one for each view of each row, and draws from them.

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
        Where each view's rows are.
    center : Tensor of shape (n_components,)
        Mean of the prior.
    """

    mean: Tensor
    log_variance: Tensor
    sample: Tensor
    decoded: Tensor
    rows: Tensor
    views: dict[str, slice]
    center: Tensor

    def __getitem__(self, name: str) -> "Posterior":
        """Return the part of one view."""
        part = self.views[name]
        stacks = ("mean", "log_variance", "sample", "decoded", "rows")
        own: dict[str, Any] = {stack: getattr(self, stack)[part] for stack in stacks}
        return replace(self, **own, views={name: slice(part.stop - part.start)})

    def table(self, n_rows: int) -> Tensor:
        """Return where each view of each row is, (n_views, n_rows); -1 if absent."""
        places = torch.arange(self.rows.shape[0], device=self.rows.device)
        if places.shape[0] == len(self.views) * n_rows:  # every row has every view
            return places.view(-1, n_rows)
        table = self.rows.new_full((len(self.views), n_rows), -1)
        for own, part in zip(table, self.views.values(), strict=True):
            own[self.rows[part]] = places[part]
        return table


@dataclass
class Text:
    """Topics of some rows, and the counts that a decoder predicts from them."""

    theta: Tensor
    cells: Cells
    decoder: "Decoder"


@dataclass
class Mask:
    """What dropout keeps, times a factor: where random bits are at least the lowest."""

    bits: Tensor  # int16
    lowest: int
    factor: float

    def __call__(self, x: Tensor) -> Tensor:
        """Drop elements of a tensor."""
        if self.factor == 1:
            return x
        return x * (self.bits >= self.lowest) * self.factor


@dataclass
class Draws:
    """What is drawn to encode some rows."""

    vectors: Mask
    hidden: Mask | None  # for the last hidden layer, if there is one
    topics: Mask  # for the topics to decode
    noise: Tensor  # standard normal, (n_rows, n_components)


class _BatchNorm(nn.Module):
    """Batch normalization without affine parameters, defined for a single row too."""

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.frozen = False

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.variance, training=self.learns(x))

    def learns(self, x: Tensor) -> bool:
        """Tell whether the statistics are those of the batch."""
        # One row has no statistics of its own: it takes the running ones.
        return self.training and not self.frozen and x.shape[0] > 1


class _Standardize(nn.Module):
    """Subtract the mean of a view's vectors and divide by their deviation."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.scale


class InferenceNetwork(nn.Module):
    """From vectors to the means and log-variances of topics.

    Parameters
    ----------
    width : int
        Length of the vectors.
    n_components : int
        Number of topics.
    hidden_layer_sizes : sequence of int
        Widths of the hidden layers.
    activation : str
        A key of `ACTIVATIONS`.
    dropout : float
        Share of the last hidden layer that is dropped in training.
    input_dropout : float
        Share of the entries of the vectors that is dropped in training.
    generator : torch.Generator
        Draws the initial weights.
    """

    def __init__(
        self,
        width,
        n_components,
        hidden_layer_sizes,
        activation,
        dropout,
        input_dropout,
        generator,
    ):
        super().__init__()
        sizes = [width, *hidden_layer_sizes]
        self.layers = nn.ModuleList(
            _linear(n_in, n_out, generator)
            for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True)
        )
        # One product for both parameters, the means first.
        self.head = _linear(sizes[-1], 2 * n_components, generator)
        self.norm = _BatchNorm(2 * n_components)
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout

    def draw(
        self, n_rows: int, topic_dropout: float, generator: torch.Generator
    ) -> Draws:
        """Draw for some rows; `topic_dropout` is the share of topics to drop."""
        n_topics = self.head.out_features // 2
        width = [*self.layers, self.head][0].in_features
        sizes, shares = [width, n_topics], [self.input_dropout, topic_dropout]
        if self.layers:
            sizes.append(self.head.in_features)
            shares.append(self.dropout)
        shapes = [(n_rows, size) for size in sizes]
        vectors, topics, *hidden = draw_masks(shapes, shares, generator)
        noise = torch.empty(n_rows, n_topics, device=generator.device)
        noise.normal_(generator=generator)
        return Draws(vectors, hidden[0] if hidden else None, topics, noise)

    def forward(
        self, x: Tensor, draws: Draws | None, scale: float, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return means, log-variances, topics, and the topics to decode.

        The means are scaled and biased; without draws, topics are their softmax.
        """
        if draws is not None:
            x = draws.vectors(x)
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[self.activation](layer(x))
        if self.layers:
            last = self.layers[-1]
            if draws and self.activation == "softplus" and _ops.compiled(x):
                weights = last.weight, last.bias, self.head.weight, self.head.bias
                return _ops.encode(x, *weights, bias, (self.norm, scale, draws))
            x = ACTIVATIONS[self.activation](last(x))
            if draws is not None and draws.hidden is not None:
                x = draws.hidden(x)
        mean, log_variance = self.norm(self.head(x)).chunk(2, dim=1)
        mean = scale * mean + bias
        if draws is None:
            theta = F.softmax(mean, dim=1)
            return mean, log_variance, theta, theta
        noise = draws.noise * (0.5 * log_variance).exp()
        theta = F.softmax(mean + noise, dim=1)
        return mean, log_variance, theta, draws.topics(theta)


class Decoder(nn.Module):
    """From topic distributions to the log-probabilities of one language's words.

    Parameters
    ----------
    n_components, n_words : int
        Numbers of topics and words.
    kind : {"mixture", "product"}
        Whether a word's probability is the mean of its probabilities in the topics,
        weighted by their proportions, or a softmax of the weighted mean of its
        batch-normalized weights (ProdLDA's product of experts).
    background : bool
        Whether a mixture has one more component in every row: fixed word probabilities
        of a learned share.
    generator : torch.Generator
        Draws the initial weights.
    """

    background: Tensor | None
    background_logit: nn.Parameter | None
    # What `phi` keeps, and the weights that it is of.
    _kept: tuple[tuple[int, int], Tensor] | None = None

    def __init__(self, n_components, n_words, kind, background, generator):
        super().__init__()
        # As in `nn.Linear`: a row for each output.
        self.beta = nn.Parameter(torch.empty(n_words, n_components))
        if kind == "mixture":
            self.norm = None
            nn.init.normal_(self.beta, generator=generator)
        else:
            self.norm = _BatchNorm(n_words)
            nn.init.xavier_uniform_(self.beta, generator=generator)
        uniform = torch.full((n_words,), 1 / n_words) if background else None
        self.register_buffer("background", uniform)
        self.background_logit = nn.Parameter(torch.zeros(())) if background else None

    def forward(self, theta: Tensor) -> Tensor:
        """Return log-probabilities of the words, (n, n_words)."""
        if self.norm is None:
            share, common = self.split()
            p = share * (theta @ self.phi().t()) + common
            return (p + TINY).log()
        return F.log_softmax(self.norm(theta @ self.beta.t()), dim=1)

    def phi(self) -> Tensor:
        """Return the probabilities of words in the topics of a mixture, transposed.

        Those of a frozen decoder are kept until its weights change.
        """
        if not self.frozen:
            return F.softmax(self.beta, dim=0)
        state = self.beta.data_ptr(), self.beta._version
        if self._kept is None or self._kept[0] != state:
            with torch.inference_mode(False):  # training takes it, too
                self._kept = state, F.softmax(self.beta, dim=0)
        return self._kept[1]

    def __getstate__(self):
        return self.__dict__ | {"_kept": None}

    def split(self) -> tuple[Tensor, Tensor]:
        """Return the share of the topics, and what the background adds to each word."""
        if self.background is None or self.background_logit is None:
            return self.beta.new_ones(()), self.beta.new_zeros(len(self.beta))
        share = torch.sigmoid(self.background_logit)
        return 1 - share, share * self.background

    def set_topics(self, topic_word) -> None:
        """Start from topic-word probabilities of shape (n_components, n_words)."""
        probabilities = torch.as_tensor(topic_word, dtype=self.beta.dtype)
        with torch.no_grad():
            self.beta.copy_(probabilities.t().clamp_min(TINY).log())

    @property
    def frozen(self) -> bool:
        """Whether training leaves the decoder as it is."""
        return not self.beta.requires_grad

    def freeze(self) -> None:
        """Keep topics and statistics as they are, in training too."""
        self.beta.requires_grad_(False)
        if self.norm is not None:
            self.norm.frozen = True


class TopicNetwork(nn.Module):
    """One variational autoencoder per view, sharing a topic space.

    The topics of a row are softmax(scale * norm(mu) + bias), in training with a scale
    of 1.

    Parameters
    ----------
    widths : mapping of str to int
        Length of the vectors of each encoded view.
    inference_networks : mapping of str to hashable
        Views of one value share an inference network; they must agree in width.
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
        decoders also of the topics that are decoded.
    seed : int
        Seed of the initial weights.
    decoder : {"mixture", "product"}
        See `Decoder`.
    scale : float
        Multiplies the batch-normalized means in evaluation.
    bias : bool
        Whether a learned bias, the same for all views, is added to the means. It lets
        some topics be more common than others.
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
        self.standardize = nn.ModuleList(_Standardize(w) for w in widths.values())
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
        """Encode every view of a batch; return what its texts are predicted from."""
        posterior, texts = self.encode(batch), {}
        for name, cells in batch.cells.items():
            source = self.decoded_from[name]
            if source in posterior.views:
                among_source, among_text = common_rows(batch, source, name)
                theta = take(posterior.decoded[posterior.views[source]], among_source)
                own_cells = cells_at(cells, among_text)
                texts[name] = Text(theta, own_cells, self.decoder_of(name))
        return posterior, texts

    def encode(self, batch: Batch) -> Posterior:
        """Return the posteriors of the views that some row of the batch has."""
        parts, rows, n_present = [], [], 0
        views: dict[str, slice] = {}
        for group, network in enumerate(self.inference):
            vectors = []
            for name, of_view in batch.vectors.items():
                number = self.encoded.index(name)
                if self.network_of[number] == group and len(of_view):
                    vectors.append(self.standardize[number](of_view))
                    views[name] = slice(n_present, n_present + len(of_view))
                    n_present += len(of_view)
                    rows.append(present_rows(batch, name))
            if vectors:
                parts.append(self._encode(network, vectors, batch.generator))
        if not parts:
            device = next(self.parameters()).device
            nothing = torch.zeros(0, self.n_components, device=device)
            parts = [(nothing, nothing, nothing, nothing)]
            rows = [torch.zeros(0, dtype=torch.int64, device=device)]
        mean, *others = (_concatenate(stack) for stack in zip(*parts, strict=True))
        log_variance, sample, decoded = others
        center = mean.new_zeros(mean.shape[1]) if self.bias is None else self.bias
        return Posterior(
            mean, log_variance, sample, decoded, _concatenate(rows), views, center
        )

    def _encode(self, network, vectors: list[Tensor], generator) -> tuple[Tensor, ...]:
        """Return means, log-variances, topics, and the topics to decode."""
        stacked = _concatenate(vectors)
        draws = None
        if generator is not None:
            draws = network.draw(len(stacked), self.topic_dropout, generator)
        bias = stacked.new_zeros(self.n_components) if self.bias is None else self.bias
        # Views are aligned better by the softer topics that training compares.
        scale = self.scale if draws is None else 1.0
        return network(stacked, draws, scale, bias)

    def set_statistics(self, name: str, mean, scale) -> None:
        """Set the mean and deviation that the vectors of a view are standardized by."""
        standardize = self.standardize[self.encoded.index(name)]
        standardize.get_buffer("mean").copy_(torch.as_tensor(mean))
        standardize.get_buffer("scale").copy_(torch.as_tensor(scale))

    def set_topics(self, name: str, topic_word, *, freeze: bool = False) -> None:
        """Start a text's decoder from word probabilities, (n_components, n_words).

        Training leaves them as they are if they are to freeze.
        """
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
        """Tell whether the vectors of a view have a mean and scale of their own."""
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


def draw_masks(
    shapes: Sequence[tuple[int, int]],
    shares: Sequence[float],
    generator: torch.Generator,
) -> list[Mask]:
    """Draw masks of some shapes, which drop some shares."""
    sizes = [math.prod(shape) for shape in shapes]
    # Sixteen bits an element are exact enough.
    n_draws = -(-sum(sizes) // 4)
    draws = torch.empty(n_draws, dtype=torch.int64, device=generator.device)
    if generator.device.type == "cpu":
        # PyTorch draws their seed alone: all of them would take as long as a layer.
        from sklearn_m3l.network._kernels import random_bits

        seed = torch.empty((), dtype=torch.int64).random_(generator=generator)
        random_bits(seed.item(), draws.numpy())
    else:
        draws.random_(-(2**63), None, generator=generator)
    parts = draws.view(torch.int16)[: sum(sizes)].split(sizes)
    return [
        Mask(bits.view(shape), int(share * 2**16) - 2**15, 1 / (1 - share))
        for bits, shape, share in zip(parts, shapes, shares, strict=True)
    ]


def _concatenate(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(tensors)) if len(tensors) > 1 else tensors[0]


def _linear(n_in: int, n_out: int, generator) -> nn.Linear:
    """Return a linear layer in torch's usual initial state, privately drawn."""
    device = torch.get_default_device()  # "meta" where only shapes are asked for
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out, device=device)
    bound = n_in**-0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer

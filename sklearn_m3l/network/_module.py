"""Inference networks that map a view to topics, decoders that map topics to words."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network._batches import Batch, common_rows, take

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softplus": F.softplus,
    "relu": F.relu,
    "tanh": torch.tanh,
}


@dataclass
class Posterior:
    """The Gaussians of the rows that have a view, and what is drawn from them.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (n_present, n_components)
        Parameters of the logistic normal posteriors.
    sample : Tensor of shape (n_present, n_components)
        Topic distributions: a draw in training, softmax(mean) in evaluation.
    dropped : Tensor of shape (n_present, n_components)
        The same after dropout, as decoders take them.
    """

    mean: Tensor
    log_variance: Tensor
    sample: Tensor
    dropped: Tensor


@dataclass
class Reconstruction:
    """Predicted words of the rows that have a text.

    Parameters
    ----------
    log_probabilities : Tensor of shape (n_rows, n_words)
        Log-probabilities of the words.
    positions : Tensor of int64 of shape (n_rows,), or None
        Where these rows stand among the rows that have the text; None for all.
    """

    log_probabilities: Tensor
    positions: Tensor | None


@dataclass
class Mask:
    """What dropout keeps: the elements whose bits are at least the lowest.

    Parameters
    ----------
    bits : Tensor of int16
        Random bits of every element.
    lowest : int
        Lowest bits that are kept.
    factor : float
        Multiplies what is kept.
    """

    bits: Tensor
    lowest: int
    factor: float

    def __call__(self, x: Tensor) -> Tensor:
        """Drop elements of a tensor."""
        if self.factor == 1:
            return x
        return x * (self.bits >= self.lowest) * self.factor


@dataclass
class Draws:
    """What is drawn to encode some rows.

    Parameters
    ----------
    vectors : Mask of shape (n_rows, width)
        For the vectors.
    hidden : list of Mask of shape (n_units, n_rows)
        For the hidden layers, of which the last one alone drops anything. By units and
        rows, as compiled training has them.
    topics : Mask of shape (n_rows, n_components)
        For the topics to decode.
    noise : Tensor of shape (n_rows, n_components)
        Standard normal.
    """

    vectors: Mask
    hidden: list[Mask]
    topics: Mask
    noise: Tensor


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
        # One row has no statistics of its own: it takes the running ones.
        training = self.training and not self.frozen and x.shape[0] > 1
        return F.batch_norm(x, self.mean, self.variance, training=training)


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
    """From vectors to the means and log-variances of topic distributions.

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
        self.activation = ACTIVATIONS[activation]
        self.dropout = dropout
        self.input_dropout = input_dropout

    def draw(
        self, n_rows: int, topic_dropout: float, generator: torch.Generator
    ) -> Draws:
        """Draw for some rows; `topic_dropout` is the share of topics to drop."""
        n_topics = self.head.out_features // 2
        n_inputs = [layer.in_features for layer in (*self.layers, self.head)]
        shapes = [(n_rows, n_inputs[0]), (n_rows, n_topics)]
        shapes += [(n_units, n_rows) for n_units in n_inputs[1:]]
        shares = [self.input_dropout, topic_dropout, *[0.0] * len(self.layers)]
        if self.layers:
            shares[-1] = self.dropout
        vectors, topics, *hidden = draw_masks(shapes, shares, generator)
        noise = torch.empty(n_rows, n_topics, device=generator.device)
        noise.normal_(generator=generator)
        return Draws(vectors, hidden, topics, noise)

    def forward(self, x: Tensor, draws: Draws | None) -> tuple[Tensor, Tensor]:
        """Return means and log-variances, (n, n_components) each."""
        if draws is not None:
            x = draws.vectors(x)
        for number, layer in enumerate(self.layers):
            x = self.activation(layer(x))
            if draws is not None:
                x = draws.hidden[number](x.t()).t()
        mean, log_variance = self.norm(self.head(x)).chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """From topic distributions to the log-probabilities of one language's words.

    Parameters
    ----------
    n_components, n_words : int
        Shape of the topic-word matrix.
    generator : torch.Generator
        Draws the initial weights.
    """

    def __init__(self, n_components, n_words, generator):
        super().__init__()
        self.beta = nn.Parameter(torch.empty(n_components, n_words))
        nn.init.xavier_uniform_(self.beta, generator=generator)
        self.norm = _BatchNorm(n_words)

    def forward(self, theta: Tensor) -> Tensor:
        """Return log softmax(BN(theta @ beta)), (n, n_words)."""
        return F.log_softmax(self.norm(theta @ self.beta), dim=1)

    def freeze(self) -> None:
        """Keep weights and statistics as they are, in training too."""
        self.beta.requires_grad_(False)
        self.norm.frozen = True


class TopicNetwork(nn.Module):
    """A variational autoencoder a view, in one space of topics.

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
        Share of the last hidden layers, and of the topics that are decoded, that is
        dropped in training.
    seed : int
        Seed of the initial weights.
    """

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
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.n_components = n_components
        self.dropout = dropout
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
            Decoder(n_components, size, generator) for size in n_words.values()
        )

    def forward(
        self, batch: Batch
    ) -> tuple[dict[str, Posterior], dict[str, Reconstruction]]:
        """Encode every view of a batch, and decode the texts that it has cells of."""
        posteriors = self.encode(batch)
        reconstructions = {}
        for name in batch.cells:
            source = self.decoded_from[name]
            if source in posteriors:
                among_source, among_text = common_rows(batch, source, name)
                theta = take(posteriors[source].dropped, among_source)
                log_p = self.decode(name, theta)
                reconstructions[name] = Reconstruction(log_p, among_text)
        return posteriors, reconstructions

    def encode(self, batch: Batch) -> dict[str, Posterior]:
        """Return the posteriors of the views that some row of the batch has."""
        posteriors: dict[str, Posterior] = {}
        for group, network in enumerate(self.inference):
            assert isinstance(network, InferenceNetwork)
            names = [
                name
                for name, vectors in batch.vectors.items()
                if self.network_of[self.encoded.index(name)] == group and len(vectors)
            ]
            if not names:
                continue
            vectors = [
                self.standardize[self.encoded.index(name)](batch.vectors[name])
                for name in names
            ]
            stacked = torch.cat(vectors) if len(vectors) > 1 else vectors[0]
            draws = None
            if batch.generator is not None:
                draws = network.draw(len(stacked), self.dropout, batch.generator)
            mean, log_variance = network(stacked, draws)
            sample = mean
            if draws is not None:
                deviation = (0.5 * log_variance).exp()
                sample = torch.addcmul(mean, draws.noise, deviation)
            theta = F.softmax(sample, dim=1)
            dropped = theta if draws is None else draws.topics(theta)
            sizes = [len(part) for part in vectors]
            stacks = (mean, log_variance, theta, dropped)
            split = [stack.split(sizes) for stack in stacks]
            for name, *parts in zip(names, *split, strict=True):
                posteriors[name] = Posterior(*parts)
        return posteriors

    def set_statistics(self, name: str, mean, scale) -> None:
        """Set the mean and deviation that the vectors of a view are standardized by."""
        standardize = self.standardize[self.encoded.index(name)]
        standardize.get_buffer("mean").copy_(torch.as_tensor(mean))
        standardize.get_buffer("scale").copy_(torch.as_tensor(scale))

    def decode(self, name: str, theta: Tensor) -> Tensor:
        """Return log-probabilities of the words of a text, (n, n_words)."""
        return self.decoders[self.decoded.index(name)](theta)


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


def _linear(n_in: int, n_out: int, generator) -> nn.Linear:
    """Return a linear layer in torch's usual initial state, privately drawn."""
    device = torch.get_default_device()  # "meta" where only shapes are asked for
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out, device=device)
    bound = n_in**-0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer

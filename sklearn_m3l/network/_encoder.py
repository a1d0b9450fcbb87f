"""Inference networks, which map the vectors of a view to topics."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sklearn_m3l.network import _ops
from sklearn_m3l.network._draws import Draws, draw_masks
from sklearn_m3l.network._layers import BatchNorm

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softplus": F.softplus,
    "relu": F.relu,
    "tanh": torch.tanh,
}


class InferenceNetwork(nn.Module):
    """Maps vectors to the means and log-variances of topics.

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
        # One matrix product for means and log-variances, in this order.
        self.head = _linear(sizes[-1], 2 * n_components, generator)
        self.norm = BatchNorm(2 * n_components)
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
        device = self.head.weight.device
        vectors, topics, *hidden = draw_masks(shapes, shares, generator, device)
        noise = torch.empty(n_rows, n_topics, device=device)
        noise.normal_(generator=generator)
        return Draws(vectors, hidden[0] if hidden else None, topics, noise)

    def forward(
        self,
        x: Tensor,
        draws: Draws | None,
        scale: float,
        bias: Tensor | None,
        n_rows: int | None = None,
        present: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return means, log-variances, topics, and the topics to decode.

        The means are scaled and biased; without draws, topics are their softmax.
        `n_rows` is the number of rows of all processes that share a batch; `present`
        marks the rows that exist.
        """
        if draws is not None:
            x = draws.vectors(x)
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[self.activation](layer(x))
        if self.layers:
            last = self.layers[-1]
            alone = draws is not None and n_rows is None and present is None
            if alone and self.activation == "softplus" and _ops.compiled(x):
                weights = last.weight, last.bias, self.head.weight, self.head.bias
                shift = (
                    x.new_zeros(self.head.out_features // 2) if bias is None else bias
                )
                return _ops.encode(x, *weights, shift, (self.norm, scale, draws))
            x = ACTIVATIONS[self.activation](last(x))
            if draws is not None and draws.hidden is not None:
                x = draws.hidden(x)
        mean, log_variance = self.norm(self.head(x), n_rows, present).chunk(2, dim=1)
        if scale != 1:
            mean = scale * mean
        if bias is not None:
            mean = mean + bias
        if draws is None:
            theta = F.softmax(mean, dim=1)
            return mean, log_variance, theta, theta
        noise = draws.noise * (0.5 * log_variance).exp()
        theta = F.softmax(mean + noise, dim=1)
        return mean, log_variance, theta, draws.topics(theta)


def _linear(n_in: int, n_out: int, generator) -> nn.Linear:
    """Return a linear layer, initialized as in torch but with a private generator."""
    device = torch.get_default_device()  # "meta" if only shapes are needed
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out, device=device)
    bound = n_in**-0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer

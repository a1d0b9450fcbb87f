"""The loss of a batch and its gradients on a processor, in compiled code.

It is what automatic differentiation of `TopicLoss` of `TopicNetwork` gives, which takes
as long for some hundred small operations as for the products of matrices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sklearn_m3l.network import _kernels as kernels
from sklearn_m3l.network._batches import Batch, cells_at, common_rows
from sklearn_m3l.network._loss import SIMILARITIES, TopicLoss
from sklearn_m3l.network._module import ACTIVATIONS, Mask, TopicNetwork
from sklearn_m3l.network._threads import Task

_NO_GROUPS = np.empty(0, dtype=np.int64)


@dataclass
class _Topics:
    """Posteriors of the rows of a view, and the gradients of the loss for them.

    Parameters
    ----------
    values, gradients : ndarray of float32 of shape (4, n_rows, n_components)
        Means, log-variances, samples, and samples after dropout; see `Posterior`.
    """

    values: np.ndarray
    gradients: np.ndarray

    def __getitem__(self, rows: slice) -> "_Topics":
        return _Topics(self.values[:, rows], self.gradients[:, rows])


class _Linear:
    """An `nn.Linear`: its weights as arrays, and room for their gradients."""

    def __init__(self, layer):
        self.parameters = layer.weight, layer.bias
        self.weight, self.bias = map(_array, self.parameters)
        self.gradients = tuple(map(torch.empty_like, self.parameters))
        self.room = tuple(map(_array, self.gradients))

    def backward(self, x: np.ndarray, g_y: np.ndarray, part: slice) -> None:
        """Set the gradients of some outputs' weights, from those for the outputs.

        Rows of the batch are columns of `x` and `g_y`.
        """
        kernels.linear_backward(x, g_y, *(room[part] for room in self.room))
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            if parameter.requires_grad:
                parameter.grad = gradient

    def halves(self) -> list[slice]:
        """Return the outputs in two parts, for two threads."""
        middle = len(self.bias) // 2
        return [slice(middle), slice(middle, None)]


class _Encoder:
    """An `InferenceNetwork`, forward and backward."""

    def __init__(self, network, topic_dropout: float, views: list[str]):
        self.network, self.topic_dropout, self.views = network, topic_dropout, views
        self.layers = [_Linear(layer) for layer in network.layers]
        self.head = _Linear(network.head)
        self.norm = network.norm
        self.statistics = _array(network.norm.mean), _array(network.norm.variance)
        self.activation = list(ACTIVATIONS.values()).index(network.activation)

    def prepare(self, batch: Batch) -> None:
        """Make room for the views that some row of the batch has, and draw for them."""
        self.rows: dict[str, slice] = {}
        n_rows = 0
        for name in self.views:
            if len(batch.vectors.get(name, ())):
                start, n_rows = n_rows, n_rows + len(batch.vectors[name])
                self.rows[name] = slice(start, n_rows)
        if not self.rows:
            return
        draws = self.network.draw(n_rows, self.topic_dropout, batch.generator)
        self.kept, topics = _arrays(draws.vectors), _arrays(draws.topics)
        self.noise = draws.noise.numpy(), *topics
        self.vectors = np.empty(self.kept[0].shape, np.float32)
        # Units by rows, so that the units of a thread are adjacent.
        self.hidden = [
            (*np.empty((2, *mask.bits.shape), np.float32), _arrays(mask))
            for mask in draws.hidden
        ]
        self.output = np.empty((n_rows, len(self.head.bias)), np.float32)

    def encode(self, batch: Batch, standardize, task: Callable[..., Task]) -> None:
        """Pass all views through the layers."""
        bits, *kept = self.kept
        for name, rows in self.rows.items():
            x = self.vectors[rows]
            vectors = batch.vectors[name].numpy()
            kernels.standardize(vectors, *standardize[name], bits[rows], *kept, x)
        x = self.vectors.T
        for layer, passed in zip(self.layers, self.hidden, strict=True):
            half, other = layer.halves()
            begun = task(self._pass, x, layer, passed, other)
            self._pass(x, layer, passed, half)
            begun.result()
            x = passed[0]
        kernels.linear(x, self.head.weight, self.head.bias, self.output)

    def _pass(self, x, layer: _Linear, passed, units: slice) -> None:
        y, slope, (bits, *kept) = passed
        weights = layer.weight[units], layer.bias[units]
        into = y[units], slope[units]
        kernels.hidden(x, *weights, self.activation, bits[units], *kept, *into)

    def draw(self) -> dict[str, _Topics]:
        """Return the topics of the views."""
        n_rows, width = self.output.shape
        self.scale = np.empty(width, np.float32)
        values = np.empty((4, n_rows, width // 2), np.float32)
        self.fixed = self.norm.frozen or n_rows == 1
        kernels.draw(
            self.output, *self.statistics, self.fixed, self.scale, *self.noise, values
        )
        self.topics = _Topics(values, np.zeros_like(values))
        return {name: self.topics[rows] for name, rows in self.rows.items()}

    def backward(self, begin: Callable) -> None:
        """Set the gradients of the weights, from those for the topics."""
        gradient = np.empty_like(self.output)
        kernels.draw_backward(
            self.output, self.scale, self.fixed, *self.noise, self.topics.values,
            self.topics.gradients, gradient, np.empty((2, len(self.scale)), np.float32),
        )  # fmt: skip
        above, gradient = self.head, gradient.T
        parts = [slice(None)]
        for layer, (y, slope, _) in zip(
            reversed(self.layers), reversed(self.hidden), strict=True
        ):
            for part in parts:
                begin(above.backward, y, gradient[part], part)
            g_x = np.empty_like(slope)
            kernels.hidden_backward(gradient, above.weight, slope, g_x)
            gradient, above, parts = g_x, layer, layer.halves()
        for part in parts:
            begin(above.backward, self.vectors.T, gradient[part], part)


class _Decoder:
    """A `Decoder`, forward and backward at once."""

    def __init__(self, decoder):
        self.parameter, self.norm = decoder.beta, decoder.norm
        self.beta = _array(decoder.beta)
        self.statistics = _array(decoder.norm.mean), _array(decoder.norm.variance)
        self.gradient = torch.empty_like(decoder.beta)
        self.room = _array(self.gradient)

    def train(
        self, theta: np.ndarray, flat: Tensor, counts: Tensor, begin: Callable
    ) -> tuple[float, np.ndarray]:
        """Return the loss of a text, and the gradient for the topics."""
        n_words = self.beta.shape[1]
        logits, g_logits = np.empty((2, len(theta), n_words), np.float32)
        g_theta = np.empty_like(theta)
        loss = kernels.reconstruct(
            theta,
            self.beta,
            flat.numpy(),
            counts.numpy(),
            *self.statistics,
            self.norm.frozen or len(theta) == 1,
            *(logits, g_logits, g_theta),
            np.empty((3, n_words), np.float32),
        )
        if self.parameter.requires_grad:
            begin(self._backward, theta, g_logits)
        return loss, g_theta

    def _backward(self, theta: np.ndarray, g_logits: np.ndarray) -> None:
        kernels.beta_backward(theta, g_logits, self.room)
        self.parameter.grad = self.gradient


class CompiledStep:
    """Steps of training a network on a processor, as long as its weights stay in place.

    Parameters
    ----------
    module : TopicNetwork
        Its parameters are given their gradients.
    loss : TopicLoss
        What is to be lowered.
    task : callable
        Makes a `Task` of a function and its arguments.
    """

    def __init__(
        self, module: TopicNetwork, loss: TopicLoss, task: Callable[..., Task]
    ):
        self.loss, self.task = loss, task
        self.decoded_from = module.decoded_from
        views = list(zip(module.encoded, module.network_of, strict=True))
        self.encoders = [
            _Encoder(network, module.dropout, [n for n, g in views if g == group])
            for group, network in enumerate(module.inference)
        ]
        self.standardize = {
            name: (_array(part.mean), _array(part.scale))
            for name, part in zip(module.encoded, module.standardize, strict=True)
        }
        decoders = zip(module.decoded, module.decoders, strict=True)
        self.decoders = {name: _Decoder(decoder) for name, decoder in decoders}
        self.tasks: list[Task] = []

    def run(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, summed over its rows, and set the gradients."""
        topics = self._encode(batch)
        texts = [name for name in batch.cells if self.decoded_from[name] in topics]
        # Each text in a thread, and the first one here.
        others = [self.task(self._decode, batch, topics, name) for name in texts[1:]]
        decoded = [self._decode(batch, topics, name) for name in texts[:1]]
        total = self._priors(batch, topics)
        names = list(topics)
        for i, a in enumerate(names):
            total += sum(self._pair(batch, topics, a, b) for b in names[i + 1 :])
        decoded += [task.result() for task in others]
        for name, (loss, rows, gradient) in zip(texts, decoded, strict=True):
            total += loss
            topics[self.decoded_from[name]].gradients[3, rows] += gradient
        for encoder in self.encoders:
            if encoder.rows:
                encoder.backward(self._begin)
        # From the last one back: the first ones have been begun by another thread.
        while self.tasks:
            self.tasks.pop().result()
        return torch.scalar_tensor(total)

    def _begin(self, function: Callable, *arguments) -> None:
        self.tasks.append(self.task(function, *arguments))

    def _encode(self, batch: Batch) -> dict[str, _Topics]:
        """Return the topics of the views that some row of the batch has."""
        topics: dict[str, _Topics] = {}
        for encoder in self.encoders:
            encoder.prepare(batch)
            if encoder.rows:
                encoder.encode(batch, self.standardize, self.task)
                topics |= encoder.draw()
        return topics

    def _decode(self, batch: Batch, topics: dict[str, _Topics], name: str):
        """Return the loss of a text, and the gradient for some rows' topics."""
        source, decoder = self.decoded_from[name], self.decoders[name]
        among_source, among_text = common_rows(batch, source, name)
        cells = cells_at(batch.cells[name], among_text, decoder.beta.shape[1])
        rows = _positions(among_source)
        theta = topics[source].values[3][rows]
        loss, gradient = decoder.train(theta, *cells, self._begin)
        return loss, rows, gradient

    def _priors(self, batch: Batch, topics: dict[str, _Topics]) -> float:
        """Return what pulls topics to their priors."""
        weight, total = np.float32(self.loss.prior_weight), 0.0
        if not weight:
            return total
        if batch.prior is not None:
            for name, own in topics.items():
                rows = _positions(batch.rows[name])
                prior = (part.numpy()[rows] for part in batch.prior)
                total += kernels.prior_kl(own.values, *prior, weight, own.gradients)
            return total
        log_variance = self.loss.prior_log_variance.numpy()
        for encoder in self.encoders:
            if encoder.rows:
                own = encoder.topics
                common = np.zeros((2, 1, own.values.shape[2]), np.float32)
                common[1] = log_variance
                total += kernels.prior_kl(own.values, *common, weight, own.gradients)
        return total

    def _pair(
        self, batch: Batch, topics: dict[str, _Topics], name_a: str, name_b: str
    ) -> float:
        """Return what pulls two views of the same tuples together."""
        a, b = topics[name_a], topics[name_b]
        common_a, common_b = common_rows(batch, name_a, name_b)
        rows_a, rows_b = _positions(common_a), _positions(common_b)
        groups = _NO_GROUPS
        if batch.groups is not None:
            groups = batch.groups.numpy()[_positions(batch.rows[name_a])][rows_a]
        if common_a is None and common_b is None:
            return self._pull(a, b, groups)
        # The rows of a view that the other has, too, are copied, and added to.
        parts = [
            np.ascontiguousarray(own.values[:, rows])
            for own, rows in ((a, rows_a), (b, rows_b))
        ]
        if parts[0].shape[1] == 0:
            return 0.0
        part_a, part_b = (_Topics(values, np.zeros_like(values)) for values in parts)
        total = self._pull(part_a, part_b, groups)
        a.gradients[:, rows_a] += part_a.gradients
        b.gradients[:, rows_b] += part_b.gradients
        return total

    def _pull(self, a: _Topics, b: _Topics, groups: np.ndarray) -> float:
        loss, total = self.loss, 0.0
        if loss.kl_weight:
            weight = np.float32(loss.kl_weight)
            gradients = a.gradients, b.gradients
            total += kernels.symmetric_kl(a.values, b.values, weight, *gradients)
        if loss.contrastive_weight:
            total += kernels.info_nce(
                *(a.values, b.values),
                loss.contrast_on == "mean",
                list(SIMILARITIES).index(loss.similarity),
                np.float32(1 / loss.temperature),
                groups,
                np.float32(loss.contrastive_weight),
                *(a.gradients, b.gradients),
            )
        return total


def _arrays(mask: Mask) -> tuple[np.ndarray, np.int16, np.float32]:
    """Return a mask as kernels take it."""
    return mask.bits.numpy(), np.int16(mask.lowest), np.float32(mask.factor)


def _positions(rows: Tensor | None) -> np.ndarray | slice:
    """Return positions as an index of arrays; None stands for all."""
    return slice(None) if rows is None else rows.numpy()


def _array(tensor) -> np.ndarray:
    """Return the memory of a tensor as an array."""
    return tensor.detach().numpy()

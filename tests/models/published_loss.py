"""The loss of ZeroshotTM in plain numpy, as it was published, and what enters it.

Equations: A. Srivastava and C. Sutton (ICLR 2017), section 3; F. Bianchi et al. (EACL
2021) encode embeddings instead of words.
"""

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from skorch.callbacks import Callback


class FirstBatch(Callback):
    """Keep what the first batch was made of, and the gradients that it gave."""

    def on_batch_begin(self, net, batch, training, **kwargs):
        if hasattr(self, "vectors"):
            return
        (vectors,) = batch.vectors.values()
        module = net.module_
        self.weights = {
            name: array_of(weights) for name, weights in module.named_parameters()
        }
        device = batch.generator.device
        generator = torch.Generator(device).set_state(batch.generator.get_state())
        inference = module.inference[0]
        self.vectors = vectors.cpu().numpy().copy()
        draws = inference.draw(len(vectors), module.topic_dropout, generator)
        self.noise = draws.noise.cpu().numpy()
        self.input_mask, self.topic_mask = map(factors, (draws.vectors, draws.topics))
        self.hidden_mask = factors(draws.hidden)

    def on_grad_computed(self, net, **kwargs):
        if not hasattr(self, "gradients"):
            self.gradients = {
                name: array_of(weights.grad)
                for name, weights in net.module_.named_parameters()
                if weights.requires_grad
            }


def array_of(tensor):
    """Return a tensor of any device in double precision."""
    return tensor.detach().double().cpu().numpy()


def factors(mask):
    """Return what dropout multiplies by."""
    return mask(mask.bits.new_ones(mask.bits.shape, dtype=torch.float32)).cpu().numpy()


def batch_norm(x, statistics=None):
    """Normalize by the batch, or by the mean and variance that are given."""
    mean, variance = statistics or (x.mean(axis=0), x.var(axis=0))
    return (x - mean) / np.sqrt(variance + 1e-5)


def encode(weights, vectors, statistics=None, hidden_mask=1.0):
    """Return means and log-variances of topics in the softplus network."""
    layer = 0
    while f"inference.0.layers.{layer}.weight" in weights:
        vectors = vectors @ weights[f"inference.0.layers.{layer}.weight"].T
        vectors = np.log1p(
            np.exp(vectors + weights[f"inference.0.layers.{layer}.bias"])
        )
        layer += 1
    hidden = vectors * hidden_mask
    parameters = hidden @ weights["inference.0.head.weight"].T
    parameters = batch_norm(parameters + weights["inference.0.head.bias"], statistics)
    return np.split(parameters, 2, axis=1)


def laplace_prior(n_components):
    """Return mean and variance of the logistic normal that is near Dirichlet(1)."""
    alpha = np.ones(n_components)
    mean = np.log(alpha) - np.log(alpha).mean()
    variance = (1 - 2 / n_components) / alpha + (1 / alpha).sum() / n_components**2
    return mean, variance


def published_loss(weights, batch, vectors, counts, prior, word_statistics=None):
    """Return the negative evidence lower bound of a batch, summed over its rows.

    `batch` is a `FirstBatch`, of which the draws are taken; `prior` holds means and
    variances; `word_statistics` stand for those of the batch where words are decoded.
    """
    vectors = vectors * batch.input_mask
    mean, log_variance = encode(weights, vectors, hidden_mask=batch.hidden_mask)
    theta = softmax(mean + np.exp(log_variance / 2) * batch.noise, axis=1)
    logits = (theta * batch.topic_mask) @ weights["decoders.0.beta"].T
    log_p = log_softmax(batch_norm(logits, word_statistics), axis=1)
    prior_mean, prior_variance = prior
    divergence = 0.5 * (
        np.exp(log_variance) / prior_variance
        + (prior_mean - mean) ** 2 / prior_variance
        - 1
        + np.log(prior_variance)
        - log_variance
    )
    return divergence.sum() - (counts * log_p).sum()


def slope(loss, weights, direction, step=1e-5):
    """Return the derivative of a loss along a direction in the weights."""
    ahead, behind = (
        {name: weights[name] + sign * step * direction[name] for name in weights}
        for sign in (1, -1)
    )
    return (loss(ahead) - loss(behind)) / (2 * step)


def positions(vectors, embedding):
    """Return which row of an embedding each vector is."""
    return [int(np.flatnonzero((embedding == v).all(axis=1))[0]) for v in vectors]

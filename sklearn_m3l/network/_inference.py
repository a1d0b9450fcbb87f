"""Topics of vectors and words of topics, from a trained net."""

import hashlib
import os
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from sklearn_m3l.multiview import View
from sklearn_m3l.network._batch import Batch
from sklearn_m3l.network._decoder import TINY
from sklearn_m3l.network._shards import place

# Rows encoded at once, so that a memmap is read in bounded memory.
_ROWS = 4096


def resolve_device(device: str) -> torch.device:
    """Return a device by name; "auto" is a GPU if there is one.

    If several processes train together, each gets the GPU of its number on its machine.
    """
    if device == "auto":
        if not torch.cuda.is_available():
            return torch.device("cpu")
        number = f":{os.environ.get('LOCAL_RANK', 0)}" if place()[1] > 1 else ""
        return torch.device(f"cuda{number}")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={device!r} cannot be used: {error}") from error
    return torch.device(device)


@torch.inference_mode()
def infer_topics(
    net, view: View, name: str, *, encoder: str, n_draws: int, seed: int
) -> np.ndarray:
    """Return the topics of one view of every row.

    Parameters
    ----------
    net : TopicNet
        A trained net.
    view : View
        The view to encode.
    name : str
        The name of the view.
    encoder : str
        The view of `fit` whose inference network encodes it.
    n_draws : int
        0 for softmax(mean), otherwise the number of draws to average. They are
        independent for each row and view, but always the same for the same row.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_components)
        NaN in rows that lack the view.
    """
    theta = np.full((len(view), net.module_.n_components), np.nan, dtype=np.float32)
    for rows, vectors, posterior in _posteriors(net, view, encoder):
        topics = posterior.sample
        if n_draws:
            deviation = (0.5 * posterior.log_variance).exp()
            topics = torch.zeros_like(topics)
            keys = _row_keys(vectors, f"{seed} {name}")
            for noise in _normals(keys, topics.shape[1], n_draws):
                drawn = torch.from_numpy(noise).to(topics.device)
                topics += F.softmax(posterior.mean + drawn * deviation, dim=1)
            topics /= n_draws
        theta[rows] = topics.cpu().numpy()
    return theta


def _row_keys(vectors: np.ndarray, key: str) -> np.ndarray:
    """Return a number for each row that depends only on its values and the key."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "little"))
    first, *factors = rng.integers(2**64, size=1 + vectors.shape[1], dtype=np.uint64)
    bits = (vectors + np.float32(0)).view(np.uint32)  # -0 becomes 0
    product = np.einsum("ij,j->i", bits, factors, dtype=np.uint64, casting="unsafe")
    return first + product


def _normals(keys: np.ndarray, width: int, n_draws: int) -> Iterator[np.ndarray]:
    """Iterate over draws of standard normal numbers, (n_rows, width) each.

    Counters are hashed with each row's key (splitmix64) and give two uniform numbers,
    which the Box-Muller transform turns into two normal ones.
    """
    n_pairs = -(-width // 2)
    for draw in range(n_draws):
        counters = np.arange(draw * n_pairs, (draw + 1) * n_pairs, dtype=np.uint64)
        z = keys[:, np.newaxis] + (counters + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        first, second = (
            (part.astype(np.float32) + np.float32(0.5)) * np.float32(2**-32)
            for part in (z >> np.uint64(32), z & np.uint64(2**32 - 1))
        )
        radius = np.sqrt(-2 * np.log(first))
        angle = np.float32(2 * np.pi) * second
        pairs = radius * np.cos(angle), radius * np.sin(angle)
        yield np.concatenate(pairs, axis=1)[:, :width]


@torch.inference_mode()
def infer_gaussians(net, view: View, encoder: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the Gaussian of one view of every row.

    Parameters
    ----------
    net, view, encoder
        As in `infer_topics`.

    Returns
    -------
    mean, log_variance : ndarray of float32 of shape (n_rows, n_components)
        Those of the prior in rows that lack the view.
    """
    shape = (len(view), net.module_.n_components)
    mean = np.zeros(shape, dtype=np.float32)
    if net.module_.bias is not None:
        mean += net.module_.bias.cpu().numpy()
    log_variance = np.full(shape, float(net.criterion_.prior_log_variance), np.float32)
    for rows, _, posterior in _posteriors(net, view, encoder):
        mean[rows] = posterior.mean.cpu().numpy()
        log_variance[rows] = posterior.log_variance.cpu().numpy()
    return mean, log_variance


def _posteriors(net, view: View, encoder: str):
    """Iterate over positions, vectors and posteriors of the rows that have a view."""
    net.module_.eval()
    present = np.flatnonzero(view.present)
    for start in range(0, len(present), _ROWS):
        rows = present[start : start + _ROWS]
        vectors = view.read(rows)
        on_device = torch.from_numpy(vectors).to(net.device)
        batch = Batch(len(rows), {encoder: on_device}, {encoder: None})
        yield rows, vectors, net.module_.encode(batch)


@torch.inference_mode()
def word_topics(net, name: str) -> np.ndarray:
    """Return the share of each topic in each word of a text, (n_words, n_components).

    That is the probability of a topic given the word, if topics were equally common;
    zeros where training changes the topics.
    """
    decoder = net.module_.decoder_of(name)
    phi = decoder.phi() if decoder.frozen else torch.zeros_like(decoder.beta)
    return (phi / phi.sum(dim=1, keepdim=True).clamp_min(TINY)).cpu().numpy()


def mean_vector(net, name: str) -> np.ndarray | None:
    """Return the mean by which the vectors of a view are standardized, if they are."""
    if not net.module_.is_standardized(name):
        return None
    return net.module_.standardize[net.module_.encoded.index(name)].mean.cpu().numpy()


@torch.inference_mode()
def decode_words(net, name: str, theta: np.ndarray) -> np.ndarray:
    """Return log-probabilities of the words of a text, (n_rows, n_words)."""
    net.module_.eval()
    topics = torch.from_numpy(theta).to(net.device)
    return net.module_.decode(name, topics).cpu().numpy()

"""What a trained net is asked: topics of vectors, words of topics."""

import numpy as np
import torch
from torch.nn import functional as F

from sklearn_m3l.multiview import View
from sklearn_m3l.network._batches import Batch

# Rows encoded at once: few enough that a memmap is read in bounded memory.
_ROWS = 4096


def resolve_device(device: str) -> torch.device:
    """Return a device by name; "auto" is a GPU where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={device!r} cannot be used: {error}") from error
    return torch.device(device)


@torch.inference_mode()
def infer_topics(net, view: View, encoder: str, n_draws: int, seed: int):
    """Return the topics of one view of every row.

    Parameters
    ----------
    net : TopicNet
        A trained net.
    view : View
        What is encoded.
    encoder : str
        The view of the net whose network encodes it.
    n_draws : int
        0 for softmax(mean), otherwise the number of draws that are averaged.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_components)
        NaN in rows where the view is absent.
    """
    # All rows share these draws: a row's topics depend on no other row, and noise
    # makes no pair of views alike that it does not make of all.
    generator = torch.Generator(net.device).manual_seed(seed)
    shape = (n_draws, net.module_.n_components)
    noise = torch.empty(shape, device=net.device).normal_(generator=generator)
    theta = np.full((len(view), net.module_.n_components), np.nan, dtype=np.float32)
    for rows, posterior in _posteriors(net, view, encoder):
        topics = posterior.sample
        if n_draws:
            deviation = (0.5 * posterior.log_variance).exp()
            topics = torch.zeros_like(topics)
            for draw in noise:  # one by one, as all of them at once leave the cache
                topics += F.softmax(posterior.mean + draw * deviation, dim=1)
            topics /= n_draws
        theta[rows] = topics.cpu().numpy()
    return theta


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
        The prior's in rows where the view is absent.
    """
    shape = (len(view), net.module_.n_components)
    mean = np.zeros(shape, dtype=np.float32)
    if net.module_.bias is not None:
        mean += net.module_.bias.cpu().numpy()
    log_variance = np.full(shape, float(net.criterion_.prior_log_variance), np.float32)
    for rows, posterior in _posteriors(net, view, encoder):
        mean[rows] = posterior.mean.cpu().numpy()
        log_variance[rows] = posterior.log_variance.cpu().numpy()
    return mean, log_variance


def _posteriors(net, view: View, encoder: str):
    """Iterate over positions and posteriors of the rows that have a view."""
    net.module_.eval()
    present = np.flatnonzero(view.present)
    for start in range(0, len(present), _ROWS):
        rows = present[start : start + _ROWS]
        vectors = torch.from_numpy(view.read(rows)).to(net.device)
        batch = Batch(len(rows), {encoder: vectors}, {encoder: None})
        yield rows, net.module_.encode(batch)


@torch.inference_mode()
def decode_words(net, name: str, theta: np.ndarray) -> np.ndarray:
    """Return log-probabilities of the words of a text, (n_rows, n_words)."""
    net.module_.eval()
    topics = torch.from_numpy(theta).to(net.device)
    return net.module_.decode(name, topics).cpu().numpy()

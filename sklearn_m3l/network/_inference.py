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
def infer_topics(net, view: View, encoder: str, n_samples: int, seed: int):
    """Return the topics of one view of every row.

    Parameters
    ----------
    net : TopicNet
        A trained net.
    view : View
        What is encoded.
    encoder : str
        The view of the net whose network encodes it.
    n_samples : int
        0 for softmax(mean), otherwise the number of draws that are averaged.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_components)
        NaN in rows where the view is absent.
    """
    net.module_.eval()
    device = torch.device(net.device)
    generator = torch.Generator(device).manual_seed(seed)
    present = np.flatnonzero(view.present)
    theta = np.full((len(view), net.module_.n_components), np.nan, dtype=np.float32)
    for start in range(0, len(present), _ROWS):
        rows = present[start : start + _ROWS]
        vectors = torch.from_numpy(view.read(rows)).to(device)
        batch = Batch(len(rows), {encoder: vectors}, {encoder: None})
        posterior = net.module_.encode(batch)[encoder]
        topics = posterior.sample
        if n_samples:
            noise = torch.empty((n_samples, *topics.shape), device=device)
            noise.normal_(generator=generator)
            deviation = (0.5 * posterior.log_variance).exp()
            topics = F.softmax(posterior.mean + noise * deviation, dim=2).mean(dim=0)
        theta[rows] = topics.cpu().numpy()
    return theta


@torch.inference_mode()
def decode_words(net, name: str, theta: np.ndarray) -> np.ndarray:
    """Return log-probabilities of the words of a text, (n_rows, n_words)."""
    net.module_.eval()
    topics = torch.from_numpy(theta).to(net.device)
    return net.module_.decode(name, topics).cpu().numpy()

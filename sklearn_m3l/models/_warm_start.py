"""What a warm start keeps of the previous fit, what may change, and what may not."""

from collections.abc import Mapping
from typing import Any

# Arguments of the network that may change when training continues; all others are its
# architecture.
_FREE = ("dropout", "input_dropout", "activation", "scale", "seed")


def merge_networks(standing: Mapping[str, Any], new: Mapping[str, Any]) -> dict:
    """Return the arguments of a network that continues an existing one.

    Parameters
    ----------
    standing : mapping of str to object
        Arguments of the network of the previous fit.
    new : mapping of str to object
        Arguments from the parameters and data of this fit; there may be fewer views
        than in the existing network.

    Raises
    ------
    ValueError
        If the architecture differs.
    """
    merged = dict(standing)
    for name, value in new.items():
        if name in _FREE:
            merged[name] = value
        elif name == "inference_networks":
            _check_shared(standing[name], value)
        elif isinstance(value, Mapping):
            for view in value:
                if view in standing[name]:
                    check_same(f"{name} of {view!r}", standing[name][view], value[view])
        else:
            check_same(name, standing[name], value)
    return merged


def check_same(name: str, standing: Any, value: Any) -> None:
    """Raise ValueError if a part of the architecture has changed."""
    if value != standing:
        raise ValueError(
            f"{name} is {value!r}, but training continues a model with {standing!r}; "
            "set it back, or call fit without warm_start to start over"
        )


def _check_shared(standing: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise ValueError if views share a network in one fit but not in the other."""
    names = [name for name in new if name in standing]
    for a in names:
        for b in names:
            if (standing[a] == standing[b]) != (new[a] == new[b]):
                raise ValueError(
                    f"inference_networks changes whether views {a!r} and {b!r} share a "
                    "network, but training continues a model; set it back, or call fit "
                    "without warm_start to start over"
                )

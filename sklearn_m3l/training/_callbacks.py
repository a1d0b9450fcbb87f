"""Which skorch callbacks a topic network accepts."""

from collections.abc import Iterable
from typing import Any

from skorch.callbacks import Callback, InputShapeSetter, WandbLogger
from skorch.callbacks.scoring import ScoringBase

# Callbacks that cannot work, and why.
_REFUSED: list[tuple[type, str]] = [
    (
        ScoringBase,
        "scores predictions of labels, which a topic model does not make; the history "
        "has the losses (PassthroughScoring), and a callback of your own can record "
        "more in on_epoch_end",
    ),
    (
        InputShapeSetter,
        "sets the width of the input, which is that of the views anyway; leave it out",
    ),
]


def check_callbacks(callbacks: Iterable[Any], *, validates: bool) -> None:
    """Refuse callbacks that would otherwise fail only after training.

    Parameters
    ----------
    callbacks : iterable
        The user's callbacks.
    validates : bool
        Whether part of the rows is set aside for validation.

    Raises
    ------
    TypeError
        If one is not a skorch callback.
    ValueError
        If one cannot work, or needs a validation loss and there is none.
    """
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be skorch callbacks, got {callback!r}")
        name = type(callback).__name__
        for kind, reason in _REFUSED:
            if isinstance(callback, kind):
                raise ValueError(f"callbacks cannot have {name}, which {reason}")
        if validates:
            continue
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor.startswith("valid_"):
            raise ValueError(
                f"callbacks has {name} with monitor={monitor!r}, but no rows are set "
                "aside for validation; set early_stopping=True, or monitor "
                f"{monitor.replace('valid', 'train', 1)!r}"
            )
        if isinstance(callback, WandbLogger) and callback.save_model:
            raise ValueError(
                f"callbacks has {name}, which stores the model with the best "
                "validation loss, but no rows are set aside for validation; set "
                "early_stopping=True, or save_model=False in the callback"
            )

"""Folders with the state of training, from which it resumes after a crash."""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__
from sklearn_m3l.utils._files import read_file, replace_file
from sklearn_m3l.utils._storage import StorageError, digest, dumps, loads

# The state is stored after an epoch or sweep, but not more often than this.
_SECONDS = 30.0

# An incomplete file that nothing was written to for so long was left by a crash.
_ABANDONED_SECONDS = 3600.0

# Errors from reading a state of another shape.
_ERRORS = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def require_seed(random_state) -> None:
    """Refuse to store a run that could never be resumed."""
    if random_state is None:
        raise ValueError(
            "checkpoint needs a random_state, such as random_state=0; without a seed, "
            "another call of fit cannot resume this one"
        )


class Checkpoint:
    """The file with the state of one fit so far.

    Parameters
    ----------
    folder : str or path
        Each fit has a subfolder in it.
    name : str
        A `digest` of everything that the fit depends on.

    Raises
    ------
    OSError
        If the folder cannot be created.
    """

    def __init__(self, folder: str | os.PathLike, name: str):
        self.name = digest(__version__, name)[:32]
        self.folder = Path(folder) / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()
        self.path = self.folder / "state.safetensors"
        self._saved = time.monotonic()
        self._warned = False

    def load(self) -> Any:
        """Return the state that was stored last, or None if there is none.

        Raises
        ------
        ValueError
            If it is the state of another fit.
        """
        if not self.path.exists():
            return None
        try:
            content = loads("checkpoint", read_file(self.path))
        except (OSError, StorageError) as error:
            warnings.warn(
                f"the checkpoint {self.path} cannot be read ({error}); training starts "
                "from the beginning",
                UserWarning,
                stacklevel=2,
            )
            return None
        if not isinstance(content, dict) or content.get("name") != self.name:
            raise self._mismatch("it was stored by another fit")
        return content.get("state")

    @contextmanager
    def own_state(self) -> Iterator[None]:
        """Raise one clear ValueError if the state turns out to have another shape."""
        try:
            yield
        except _ERRORS as error:
            raise self._mismatch(error) from error

    def _mismatch(self, reason: Any) -> ValueError:
        return ValueError(
            f"the checkpoint {self.path} does not belong to this fit ({reason}); "
            "delete the file to train from the beginning"
        )

    def is_due(self) -> bool:
        """Return whether it is time to store the state again."""
        return time.monotonic() - self._saved >= _SECONDS

    def save(self, state: Any) -> None:
        """Store a state; warn once if that fails.

        Parameters
        ----------
        state : nested dicts and lists of arrays, numbers, strings and None
            The value for `load` to return.
        """
        try:
            content = dumps("checkpoint", {"name": self.name, "state": state})
            replace_file(self.path, content)
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    f"the checkpoint {self.path} cannot be written ({error}); training "
                    "continues, but could not resume from here after a crash",
                    UserWarning,
                    stacklevel=2,
                )
            self._warned = True
        self._saved = time.monotonic()

    def _remove_abandoned(self) -> None:
        """Remove files that a crash left; another process may be writing right now."""
        for part in self.folder.glob("*.part"):
            try:
                if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                    part.unlink()
            except OSError:  # its writer has just finished
                continue

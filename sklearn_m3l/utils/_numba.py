"""The decorators of all compiled functions."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


class _ForgivingCache(FunctionCache):
    """A cache that does no harm if it is damaged or cannot be written to."""

    def load_overload(self, sig, target_context):
        """Return the cached code, or None if it must be compiled again."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged pickle may raise anything
            with suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig, data):
        """Store compiled code; ignore a full disk or a missing folder."""
        with suppress(Exception):
            super().save_overload(sig, data)


def compiler(**options: Any) -> Callable[[Callable], Any]:
    """Return a decorator that compiles a function, and caches it if possible.

    Parameters
    ----------
    **options : dict
        Those of `numba.njit`.
    """
    decorate = njit(nogil=True, error_model="numpy", **options)

    def compiled(function: Callable) -> Any:
        dispatcher = decorate(function)
        if dispatcher is not function:  # the compiler is enabled
            # Like `cache=True`, but that raises if no folder can be written to.
            with suppress(RuntimeError):
                dispatcher._cache = _ForgivingCache(function)
        return dispatcher

    return compiled


# Without numba's reference counting (`_nrt`): around helpers that take arrays, it emits
# atomic operations that cost more than the sampling itself. Without it, a compiled
# function cannot allocate arrays, so it gets them as arguments.
kernel = compiler(_nrt=False)
inlined = compiler(_nrt=False, forceinline=True)

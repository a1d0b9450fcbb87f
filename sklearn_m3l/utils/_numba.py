"""The decorators of all compiled functions."""

from typing import Any

from numba import njit

# Without numba's reference counting (`_nrt`): around helpers that take arrays it emits
# atomic operations that cost more than the sampling itself. For the same reason a
# compiled function cannot allocate arrays: it is given all that it needs.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
}
kernel = njit(**_OPTIONS)
inlined = njit(forceinline=True, **_OPTIONS)

"""Random numbers inside the kernels: xoshiro128++ and a hash to seed it.

All arithmetic fits into signed 64-bit integers, so that the kernels give the same bits
with and without compilation.

References
----------
D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM
Transactions on Mathematical Software 47 (2021).
"""

import numpy as np

from sklearn_m3l.utils._numba import inlined, kernel

_MASK = 0xFFFFFFFF


def random_stream(*key: int) -> np.ndarray:
    """Return the state of a generator, shape (4,), for a key of non-negative ints."""
    return np.random.SeedSequence(key).generate_state(4).astype(np.int64)


@inlined
def uniform(state):
    """Return the next number of the stream, in [0, 1) with 32 random bits."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    total = (s0 + s3) & _MASK
    result = ((((total << 7) & _MASK) | (total >> 25)) + s0) & _MASK
    shifted = (s1 << 9) & _MASK
    s2 ^= s0
    s3 ^= s1
    state[0] = s0 ^ s3
    state[1] = s1 ^ s2
    state[2] = s2 ^ shifted
    state[3] = ((s3 << 11) & _MASK) | (s3 >> 21)
    return result * (1.0 / 4294967296.0)


@kernel
def mix(state, value):
    """Work an integer of 32 bits into every word of a stream's state."""
    x = int(value) & _MASK
    for i in range(4):
        # The rounds of a 32-bit integer hash; the multipliers are below 2**31, so
        # that no product overflows.
        x = (x + state[i] + 0x9E3779B9) & _MASK
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _MASK
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _MASK
        x ^= x >> 15
        state[i] = x

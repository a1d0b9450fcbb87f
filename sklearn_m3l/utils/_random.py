"""Private random generators: NumPy's global generator is never used."""

import numpy as np
from sklearn.utils import check_random_state


def private_generator(random_state) -> np.random.RandomState:
    """Return a generator; a new one without a seed for None.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        A RandomState is returned as it is.
    """
    if random_state is None:
        return np.random.RandomState()
    return check_random_state(random_state)

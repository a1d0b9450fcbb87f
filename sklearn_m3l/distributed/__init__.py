"""Tables and corpora that one process cannot hold, on a Dask cluster.

Needs ``sklearn-m3l[dask]``. Training on several processes needs nothing of this: see
the user guide.
"""

from sklearn_m3l.distributed._sampling import fit_polylingual_lda
from sklearn_m3l.distributed._tables import encode, transform

__all__ = ["encode", "fit_polylingual_lda", "transform"]

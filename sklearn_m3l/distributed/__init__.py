"""Tables and corpora that are too large for one process, on a Dask cluster.

Needs ``sklearn-m3l[dask]``. Training on several processes does not need this module;
see the user guide.
"""

from sklearn_m3l.distributed._sampling import fit_polylingual_lda
from sklearn_m3l.distributed._tables import encode, transform

__all__ = ["encode", "fit_polylingual_lda", "transform"]

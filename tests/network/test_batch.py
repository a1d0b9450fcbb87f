"""Rows of a batch that have several views."""

import numpy as np
import torch
from numpy.testing import assert_array_equal

from sklearn_m3l.network._batch import common_rows, take


def test_common_rows(tuples, make_batch):
    rows = np.array([0, 1, 2, 3, 4, 6, 8, 9])
    batch = make_batch(tuples, rows)
    assert batch.rows["en"] is None
    for a in batch.rows:
        for b in batch.rows:
            among_a, among_b = common_rows(batch, a, b)
            common = rows[tuples.present[a][rows] & tuples.present[b][rows]]
            for name, among in ((a, among_a), (b, among_b)):
                own = torch.from_numpy(rows[tuples.present[name][rows]])
                assert_array_equal(take(own, among), common)

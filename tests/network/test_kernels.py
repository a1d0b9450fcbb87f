"""What the compiled functions compute by themselves."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_m3l.network import _kernels as kernels
from sklearn_m3l.network._draws import draw_masks

# Without its compiler, NumPy warns of numbers that wrap around.
pytestmark = pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")


def test_exp():
    x = np.linspace(-86, 88, 5001, dtype=np.float32)
    found = [kernels.exp(value) for value in x]
    assert_allclose(found, np.exp(x.astype(float)), rtol=5e-6)
    near = np.linspace(-1, 1, 1001, dtype=np.float32)
    found = [kernels.exp(value) for value in near]
    assert_allclose(found, np.exp(near.astype(float)), rtol=3e-7)


@pytest.mark.parametrize(
    ("x", "expected"), [(-1e4, 0), (-200, 0), (100, np.inf), (np.nan, np.nan)]
)
def test_exp_of_extremes(x, expected):
    assert_array_equal(kernels.exp(np.float32(x)), np.float32(expected))


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_random_bits_are_those_of_splitmix64(seed):
    mask, state, expected = 2**64 - 1, seed, []
    for _ in range(50):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        expected.append(z ^ (z >> 31))
    out = np.empty(50, dtype=np.int64)
    kernels.random_bits(seed, out)
    assert_array_equal(out.view(np.uint64), np.array(expected, dtype=np.uint64))


def test_masks():
    generator = torch.Generator().manual_seed(0)
    shapes, shares = [(300, 401), (50, 7), (200, 333)], [0.25, 0.0, 0.5]
    masks = draw_masks(shapes, shares, generator, generator.device)
    for mask, shape, share in zip(masks, shapes, shares, strict=True):
        ones = torch.ones(shape)
        dropped = mask(ones)
        assert dropped.shape == shape
        values = {0.0, 1 / (1 - share)} if share else {1.0}
        assert set(np.unique(dropped)) == set(np.float32(sorted(values)))
        # Five standard deviations.
        error = 5 * math.sqrt(share * (1 - share) / ones.numel())
        assert abs((dropped == 0).float().mean() - share) <= error
    again = draw_masks(
        shapes, shares, torch.Generator().manual_seed(0), generator.device
    )
    more = draw_masks(shapes, shares, generator, generator.device)
    for mask, same, other in zip(masks, again, more, strict=True):
        assert_array_equal(mask.bits, same.bits)
        assert not (mask.bits == other.bits).all()
    # Neither rows nor columns go together.
    kept = (masks[2].bits >= masks[2].lowest).double().numpy()
    for part in (kept, kept.T):
        correlations = np.corrcoef(part) - np.eye(len(part))
        assert np.abs(correlations).max() < 6 / math.sqrt(part.shape[1])
